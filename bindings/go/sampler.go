package tlite

// #include "abi.h"
import "C"

import "unsafe"

// Sampler chooses the tokens of one sequence, the same that a session chooses with these
// parameters and this seed. It is for one goroutine at a time.
type Sampler struct {
	object[*C.tlite_sampler]
	seed uint64
}

// NewSampler makes a sampler; nil: the model's own parameters.
func (m *Model) NewSampler(sampling *Sampling) (*Sampler, error) {
	c, err := m.take()
	if err != nil {
		return nil, err
	}
	defer m.give()
	var pin pins
	defer pin.Unpin()
	params, err := sampling.c(c, &pin)
	if err != nil {
		return nil, err
	}
	var sampler *C.tlite_sampler
	var e *C.tlite_error
	if err := failure(C.tlite_sampler_create(c, params, &sampler, &e), &e); err != nil {
		return nil, err
	}
	s := &Sampler{seed: uint64(C.tlite_sampler_seed(sampler))}
	return own(s, &s.object, &life[*C.tlite_sampler]{
		kind: "sampler", c: sampler, free: func(c *C.tlite_sampler) { C.tlite_sampler_free(c) },
	}), nil
}

// Seed is that of the parameters, or what was drawn in its place.
func (s *Sampler) Seed() uint64 { return s.seed }

// ObservePrompt tells the tokens in front of the answer, all at once or in parts.
func (s *Sampler) ObservePrompt(ids []int32) error {
	c, err := s.take()
	if err != nil {
		return err
	}
	defer s.give()
	var e *C.tlite_error
	data, count := ints(ids)
	return failure(C.tlite_sampler_observe_prompt(c, data, count, &e), &e)
}

// SampledToken is a chosen token.
type SampledToken struct {
	Token       int32
	Logprob     *TokenLogprob  // nil where not asked for
	TopLogprobs []TokenLogprob // of the likeliest, where asked for
}

// Sample chooses the next token and remembers it. mask has the tokens that may come, 32 a word, the
// lowest bit of word 0 for token 0; nil: all. On an error the sampler is as before.
func (s *Sampler) Sample(logits []float32, mask []uint32) (SampledToken, error) {
	c, err := s.take()
	if err != nil {
		return SampledToken{}, err
	}
	defer s.give()
	var token *C.tlite_sampled_token
	var e *C.tlite_error
	status := C.tlite_sampler_sample(c, (*C.float)(unsafe.SliceData(logits)), C.size_t(len(logits)),
		(*C.uint32_t)(unsafe.SliceData(mask)), C.size_t(len(mask)), &token, &e)
	if err := failure(status, &e); err != nil {
		return SampledToken{}, err
	}
	return SampledToken{
		Token:       int32(token.token),
		Logprob:     goLogprob(token.logprob),
		TopLogprobs: goLogprobs(token.top_logprobs, token.top_logprob_count),
	}, nil
}

// Accept tells a next token that was chosen elsewhere.
func (s *Sampler) Accept(token int32) error {
	c, err := s.take()
	if err != nil {
		return err
	}
	defer s.give()
	var e *C.tlite_error
	return failure(C.tlite_sampler_accept(c, C.int32_t(token), &e), &e)
}

// EndThinking has the next token be </think>, where the tokens so far are in an open <think>; elsewhere it has no effect.
func (s *Sampler) EndThinking() error {
	c, err := s.take()
	if err != nil {
		return err
	}
	defer s.give()
	C.tlite_sampler_end_thinking(c)
	return nil
}

// Reset forgets the prompt and the answer; the same seed begins anew.
func (s *Sampler) Reset() error {
	c, err := s.take()
	if err != nil {
		return err
	}
	defer s.give()
	var e *C.tlite_error
	return failure(C.tlite_sampler_reset(c, &e), &e)
}

// StopMatcher finds stop strings in text that comes in pieces, and holds back what may become one.
// It is for one goroutine at a time.
type StopMatcher struct {
	object[*C.tlite_stop_matcher]
}

// NewStopMatcher looks for these strings, none of which may be empty; keep leaves what is found in
// the text.
func NewStopMatcher(stops []string, keep bool) (*StopMatcher, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	var pin pins
	defer pin.Unpin()
	texts, count := pin.cTexts(stops)
	var c *C.tlite_stop_matcher
	var e *C.tlite_error
	if err := failure(C.tlite_stop_matcher_create(texts, count, flag(keep), &c, &e), &e); err != nil {
		return nil, err
	}
	m := &StopMatcher{}
	return own(m, &m.object, &life[*C.tlite_stop_matcher]{
		kind: "stop matcher", c: c, free: func(c *C.tlite_stop_matcher) { C.tlite_stop_matcher_free(c) },
	}), nil
}

// Push is the text that no stop string can need any more, and the stop string that is complete now,
// or "". What follows it in text is lost, and the next Push begins anew.
func (m *StopMatcher) Push(text string) (out, found string, err error) {
	c, err := m.take()
	if err != nil {
		return "", "", err
	}
	defer m.give()
	var o, f C.tlite_text
	var e *C.tlite_error
	data, size := chars(text)
	if err := failure(C.tlite_stop_matcher_push(c, data, size, &o, &f, &e), &e); err != nil {
		return "", "", err
	}
	return goText(o), goText(f), nil
}

// Flush is what is held back, for a text that ends here; then the matcher is as new.
func (m *StopMatcher) Flush() (string, error) {
	c, err := m.take()
	if err != nil {
		return "", err
	}
	defer m.give()
	var text C.tlite_text
	var e *C.tlite_error
	if err := failure(C.tlite_stop_matcher_flush(c, &text, &e), &e); err != nil {
		return "", err
	}
	return goText(text), nil
}
