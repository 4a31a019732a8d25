package tlite

// #include "abi.h"
import "C"

import "unsafe"

// Sampling says how tokens are chosen. What is nil is as the model has it in its
// generation_config.json, so that the zero value is the model's own:
//
//	session.SetSampling(&tlite.Sampling{Temperature: tlite.Ptr(0.7), MaxNewTokens: tlite.Ptr(200)})
//
// Where a number has a value for "off" or "none" it is that of the C header; -1 is none for
// MaxNewTokens, Logprobs, DRYPenaltyLastN and the like. A list that is empty and not nil is empty.
// Where a field has the name of one of transformers' or llama.cpp's, it means the same. Model.
// DefaultSampling and SamplingPreset make values with every field set. The names in JSON are those
// of the C header.
type Sampling struct {
	// What is drawn from.
	Temperature   *float64 `json:"temperature,omitempty"`    // >= 0; 0 is greedy
	TopK          *int     `json:"top_k,omitempty"`          // keep the k largest and their ties; 0: all
	TopP          *float64 `json:"top_p,omitempty"`          // (0, 1]: the smallest set that reaches p
	MinP          *float64 `json:"min_p,omitempty"`          // [0, 1]: drop what is less likely than this times the likeliest
	TypicalP      *float64 `json:"typical_p,omitempty"`      // (0, 1]; 1: off
	EpsilonCutoff *float64 `json:"epsilon_cutoff,omitempty"` // [0, 1): drop what is less likely
	EtaCutoff     *float64 `json:"eta_cutoff,omitempty"`     // [0, 1): the same, less where much is likely

	// Penalties, and which tokens may come.
	RepetitionPenalty *float64 `json:"repetition_penalty,omitempty"`   // > 0, over prompt and output; 1: none
	PresencePenalty   *float64 `json:"presence_penalty,omitempty"`     // subtracted once per token that is in the output
	FrequencyPenalty  *float64 `json:"frequency_penalty,omitempty"`    // subtracted per occurrence in the output
	NoRepeatNgramSize *int     `json:"no_repeat_ngram_size,omitempty"` // no n tokens twice, prompt included; 0: off
	ForcedBOSTokenID  *int     `json:"forced_bos_token_id,omitempty"`  // behind a prompt of one token comes this

	// Lengths and ends.
	MaxNewTokens        *int     `json:"max_new_tokens,omitempty"`         // -1: until the context is full
	MinNewTokens        *int     `json:"min_new_tokens,omitempty"`         // no end of sequence and no stop id before this many
	MaxLength           *int     `json:"max_length,omitempty"`             // of prompt and answer, where MaxNewTokens is -1
	MinLength           *int     `json:"min_length,omitempty"`             // the same beside MinNewTokens
	LengthDecayStart    *int     `json:"length_decay_start,omitempty"`     // from this token of the answer on the end gets likelier
	LengthDecayFactor   *float64 `json:"length_decay_factor,omitempty"`    // > 0; the penalty grows as its power
	IgnoreEOS           *bool    `json:"ignore_eos,omitempty"`             // go on after an end-of-sequence token
	IncludeStopInOutput *bool    `json:"include_stop_in_output,omitempty"` // keep the stop string in the text
	Logprobs            *int     `json:"logprobs,omitempty"`               // -1: none; 0: of the chosen; n <= 64: and of n likeliest
	Seed                *uint64  `json:"seed,omitempty"`                   // nil: drawn from the operating system

	// Lists.
	LogitBias           map[int32]float64 `json:"logit_bias,omitempty"` // added; -infinity bans the token
	SequenceBias        []SequenceBias    `json:"sequence_bias,omitempty"`
	SuppressTokens      []int32           `json:"suppress_tokens,omitempty"`       // never chosen
	BeginSuppressTokens []int32           `json:"begin_suppress_tokens,omitempty"` // not as the first of the answer
	BadWords            [][]int32         `json:"bad_words,omitempty"`             // sequences that never become complete
	ForcedEOSTokenIDs   []int32           `json:"forced_eos_token_ids,omitempty"`  // one of these is the last that MaxNewTokens allows
	StopTokenIDs        []int32           `json:"stop_token_ids,omitempty"`        // beside the model's own end-of-sequence set
	Stop                []string          `json:"stop,omitempty"`                  // strings that end the answer, none empty
	AllowedTokenIDs     []int32           `json:"allowed_token_ids,omitempty"`     // nothing but these may come; empty: all
	DRYSequenceBreakers [][]int32         `json:"dry_sequence_breakers,omitempty"` // no repetition reaches over one of them

	// llama.cpp's samplers, with its names and meaning.
	TopNSigma        *float64 `json:"top_n_sigma,omitempty"`     // > 0: keep logits within n standard deviations of the largest
	XTCProbability   *float64 `json:"xtc_probability,omitempty"` // [0, 1]: how often, of the tokens that reach the threshold,
	XTCThreshold     *float64 `json:"xtc_threshold,omitempty"`   // all but the least likely go; above 0.5 never
	DRYMultiplier    *float64 `json:"dry_multiplier,omitempty"`  // > 0: what goes on with a repetition loses multiplier *
	DRYBase          *float64 `json:"dry_base,omitempty"`        // base^(its length - allowed length)
	DRYAllowedLength *int     `json:"dry_allowed_length,omitempty"`
	DRYPenaltyLastN  *int     `json:"dry_penalty_last_n,omitempty"` // tokens looked at; -1: all
	Mirostat         *int     `json:"mirostat,omitempty"`           // 1 or 2: the version, in place of all filters
	MirostatTau      *float64 `json:"mirostat_tau,omitempty"`       // the surprise aimed at, in bits
	MirostatEta      *float64 `json:"mirostat_eta,omitempty"`       // how fast it learns
	DynatempRange    *float64 `json:"dynatemp_range,omitempty"`     // > 0: temperatures from temperature - range to + range
	DynatempExponent *float64 `json:"dynatemp_exponent,omitempty"`
	AdaptiveTarget   *float64 `json:"adaptive_target,omitempty"` // [0, 1]: draw near this probability; -1: off
	AdaptiveDecay    *float64 `json:"adaptive_decay,omitempty"`  // [0, 0.99]

	// Tokens that may follow an open <think>, those of the prompt included; then </think> comes. -1: any number. A model
	// that has no such tokens takes nothing else.
	ThinkingBudget *int `json:"thinking_budget,omitempty"`
}

// SequenceBias is added to the last of Tokens where what came before ends with the others.
type SequenceBias struct {
	Tokens []int32 `json:"tokens"`
	Bias   float64 `json:"bias"`
}

// SamplingPreset is a named set, "greedy", "vllm", "huggingface" or "llama_cpp", with every field
// set.
func SamplingPreset(name string) (Sampling, error) {
	if err := ready(); err != nil {
		return Sampling{}, err
	}
	data, size := chars(name)
	return readSampling(func(params *C.tlite_sampling_params, e **C.tlite_error) C.tlite_status {
		return C.tlite_sampling_params_get_preset(data, size, params, e)
	})
}

// Validate is ErrInvalidArgument, and names field and value, for what the model does not take.
func (s *Sampling) Validate(m *Model) error {
	c, err := m.take()
	if err != nil {
		return err
	}
	defer m.give()
	var pin pins
	defer pin.Unpin()
	if s == nil {
		s = &Sampling{}
	}
	params, err := s.c(c, &pin)
	if err != nil {
		return err
	}
	var e *C.tlite_error
	return failure(C.tlite_sampling_params_validate(params, C.tlite_model_vocab_size(c), &e), &e)
}

// c is the structure for C, over the model's own; p holds its lists. NULL for nil: the model's.
func (s *Sampling) c(model *C.tlite_model, p *pins) (*C.tlite_sampling_params, error) {
	if s == nil {
		return nil, nil
	}
	params := new(C.tlite_sampling_params)
	C.tlite_sampling_params_init(params, C.sizeof_tlite_sampling_params)
	var e *C.tlite_error
	if err := failure(C.tlite_model_get_default_sampling(model, params, &e), &e); err != nil {
		return nil, err
	}
	return params, s.fill(params, p)
}

// readSampling makes a Sampling of what get fills in.
func readSampling(get func(*C.tlite_sampling_params, **C.tlite_error) C.tlite_status) (Sampling, error) {
	var params C.tlite_sampling_params
	C.tlite_sampling_params_init(&params, C.sizeof_tlite_sampling_params)
	var e *C.tlite_error
	if err := failure(get(&params, &e), &e); err != nil {
		return Sampling{}, err
	}
	var s Sampling
	s.read(&params)
	return s, nil
}

// TokenLogprob is how likely a token was.
type TokenLogprob struct {
	Token   int32
	Logprob float32 // natural logarithm
	Rank    int     // 1: the likeliest
	Bytes   []byte  // that the token stands for: not necessarily whole characters
}

func goLogprob(c *C.tlite_token_logprob) *TokenLogprob {
	if c == nil {
		return nil
	}
	return &TokenLogprob{int32(c.token), float32(c.logprob), int(c.rank), []byte(goText(c.bytes))}
}

func goLogprobs(c *C.tlite_token_logprob, count C.size_t) []TokenLogprob {
	if c == nil {
		return nil
	}
	list := make([]TokenLogprob, count)
	for i := range list {
		list[i] = *goLogprob(&unsafe.Slice(c, int(count))[i])
	}
	return list
}
