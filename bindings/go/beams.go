package tlite

// #include "abi.h"
import "C"

import "context"

// BeamOptions are the options of BeamSearch; the zero value has the defaults.
type BeamOptions struct {
	BeamWidth     int // 1 to 256; 0: 4
	MaxNewTokens  int // of the answers; must be set
	Scoring       BeamScoring
	EarlyStopping BeamStopping // ScoringHuggingFace's
	LengthPenalty *float64     // above 0 favours long answers, as logprobs are negative; nil: 1
	IgnoreEOS     bool         // no token ends a beam
	NumReturn     int          // the best so many; 0: all
	// Temperature is ScoringVLLM's: above 0 each beam also goes on with a token drawn at it.
	Temperature float64
	Seed        *uint64 // of what is drawn
	Priority    int     // of its requests
	// Progress, optional, is told some times a second how many tokens the beams have, of MaxNewTokens.
	Progress func(done, total int64)
}

// Beam is an answer that a beam search found.
type Beam struct {
	Text         string  // without the ending token
	Tokens       []int32 // the ending one included
	FinishReason FinishReason
	Score        float64 // by the scoring
	Logprob      float64 // of all its tokens
}

// BeamSearch finds the likeliest whole answers to a prompt, the best first, by requests that share
// batches with others'. A context that is done ends it within milliseconds, in the prompt too, and
// the error is its own.
func (e *Engine) BeamSearch(ctx context.Context, ids []int32, opts BeamOptions) ([]Beam, error) {
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	c, err := e.take()
	if err != nil {
		return nil, err
	}
	defer e.give()
	var r ranges
	var o C.tlite_beam_options
	C.tlite_beam_options_init(&o, C.sizeof_tlite_beam_options)
	r.or(&o.beam_width, opts.BeamWidth, "beam_width")
	o.max_new_tokens = r.int32(opts.MaxNewTokens, "max_new_tokens")
	o.scoring = C.tlite_beam_scoring(opts.Scoring)
	o.early_stopping = C.tlite_beam_stopping(opts.EarlyStopping)
	setFloat(&o.length_penalty, opts.LengthPenalty)
	o.ignore_eos = flag(opts.IgnoreEOS)
	r.or(&o.num_return, opts.NumReturn, "num_return")
	o.temperature = C.float(opts.Temperature)
	if opts.Seed != nil {
		o.has_seed, o.seed = 1, C.uint64_t(*opts.Seed)
	}
	r.or(&o.priority, opts.Priority, "priority")
	if r.err != nil {
		return nil, r.err
	}
	var beams *C.tlite_beams
	err = work(ctx, opts.Progress, func(progress *C.tlite_progress) error {
		o.progress = progress
		var failed *C.tlite_error
		data, count := ints(ids)
		return failure(C.tlite_engine_beam_search(c, data, count, &o, &beams, &failed), &failed)
	})
	if err != nil {
		return nil, err
	}
	defer C.tlite_beams_free(beams)
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	return goBeams(beams)
}

func goBeams(beams *C.tlite_beams) ([]Beam, error) {
	list := make([]Beam, C.tlite_beams_count(beams))
	for i := range list {
		var c C.tlite_beam
		c.struct_size = C.sizeof_tlite_beam
		var failed *C.tlite_error
		if err := failure(C.tlite_beams_get(beams, C.size_t(i), &c, &failed), &failed); err != nil {
			return nil, err
		}
		list[i] = Beam{goText(c.text), goTokens(c.tokens, c.token_count), FinishReason(c.finish_reason),
			float64(c.score), float64(c.logprob)}
	}
	return list, nil
}
