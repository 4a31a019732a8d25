package tlite

// #include "abi.h"
import "C"

import (
	"context"
	"fmt"
	"time"
)

// Engine works on many requests at once over one model. They share batches, so that many cost
// little more than one; what begins alike is computed once; and each answer is bit for bit the one
// that the request would get alone. It may be used by any number of goroutines.
//
// While there are requests a goroutine of the engine works on them, with the engine's threads;
// there is none while there are not.
type Engine struct {
	object[*C.tlite_engine]
	state *engineState
}

// EngineOptions are the options of an engine; the zero value has the defaults.
type EngineOptions struct {
	Context      int // tokens in the KV cache, of all requests together; 0: 16384
	MaxSequences int // requests that run at once, others wait; 0: 16
	MaxBatchRows int // tokens worked on at once; 0: 512
	Threads      int // 0: the host's number
	KVType       DataType
	// MaxDelay is the most that prompts may delay a token of another request; 0: 50 ms.
	MaxDelay time.Duration
	// WithoutPrefixCache forgets what was computed when a request has ended.
	WithoutPrefixCache bool
	// WithoutEmbeddings saves the room for hidden states; requests cannot ask for embeddings then.
	WithoutEmbeddings bool
}

// NewEngine allocates all memory for keys, values and activations. opts may be nil.
func (m *Model) NewEngine(opts *EngineOptions) (*Engine, error) {
	c, err := m.take()
	if err != nil {
		return nil, err
	}
	defer m.give()
	if opts == nil {
		opts = &EngineOptions{}
	}
	var r ranges
	var o C.tlite_engine_options
	C.tlite_engine_options_init(&o, C.sizeof_tlite_engine_options)
	r.or(&o.context, opts.Context, "context")
	r.or(&o.max_sequences, opts.MaxSequences, "max_sequences")
	r.or(&o.max_batch_rows, opts.MaxBatchRows, "max_batch_rows")
	r.or(&o.threads, opts.Threads, "threads")
	o.kv_type = opts.KVType.c()
	r.or(&o.max_delay_milliseconds, milliseconds(opts.MaxDelay), "max_delay_milliseconds")
	o.prefix_cache = flag(!opts.WithoutPrefixCache)
	o.embeddings = flag(!opts.WithoutEmbeddings)
	if r.err != nil {
		return nil, r.err
	}
	var engine *C.tlite_engine
	var e *C.tlite_error
	if err := failure(C.tlite_engine_create(c, &o, &engine, &e), &e); err != nil {
		return nil, err
	}
	model := m.life
	model.share()
	state := &engineState{model: model, requests: map[int64]*request{}}
	state.life = &life[*C.tlite_engine]{
		kind: "engine", shared: true, c: engine,
		free: func(c *C.tlite_engine) {
			C.tlite_engine_free(c)
			model.give()
		},
	}
	on := &Engine{state: state}
	return own(on, &on.object, state.life), nil
}

// milliseconds are rounded up, so that what is not none does not become it.
func milliseconds(d time.Duration) int {
	whole := d / time.Millisecond
	if d > whole*time.Millisecond {
		whole++
	}
	return int(whole)
}

// RequestOptions are the options of a request; the zero value has the defaults.
type RequestOptions struct {
	Context  int // the most tokens, prompt and answer; 0: the engine's
	Priority int // higher ones first
	// ParseSpecialInMessages is as in SessionOptions.
	ParseSpecialInMessages bool
	// Timeout ends the answer with FinishDeadline, which is no error; 0: none. A context that is
	// done ends it with an error.
	Timeout      time.Duration
	Sampling     *Sampling
	ToolsJSON    string // of messages, as in SessionOptions
	TemplateJSON string

	// PromptLogprobs asks for log probabilities of the prompt's own tokens, in the result: raw, by the
	// logits before each of them. nil: none; 0: of each token; k, to 64: and of the k likeliest.
	PromptLogprobs *int
	// PromptLogprobsStart is the position of the prompt from which on; 0: 1, the least. What lies before
	// it may come from the prefix cache.
	PromptLogprobsStart int

	// Pooling asks for the embedding of the prompt in place of an answer; Sampling must be nil then.
	Pooling Pooling
	// WithoutNormalizing leaves the embedding's length as it is; else it is 1.
	WithoutNormalizing bool
}

func (o *RequestOptions) fill(c *C.tlite_request_options, model *C.tlite_model, n int, p *pins) error {
	C.tlite_request_options_init(c, C.sizeof_tlite_request_options)
	var r ranges
	r.or(&c.context, o.Context, "context")
	r.or(&c.priority, o.Priority, "priority")
	c.parse_special_in_messages = flag(o.ParseSpecialInMessages)
	if o.Timeout != 0 {
		c.timeout_milliseconds = C.int64_t(milliseconds(o.Timeout))
	}
	c.tools_json = p.text(o.ToolsJSON)
	c.template_json = p.text(o.TemplateJSON)
	c.n = r.int32(n, "n")
	r.set(&c.prompt_logprobs, o.PromptLogprobs, "prompt_logprobs")
	r.or(&c.prompt_logprobs_start, o.PromptLogprobsStart, "prompt_logprobs_start")
	c.pooling = C.tlite_pooling(o.Pooling)
	c.normalize = flag(!o.WithoutNormalizing)
	sampling, err := o.Sampling.c(model, p)
	if err != nil {
		return err
	}
	if sampling != nil {
		p.Pin(sampling)
		c.sampling = sampling
	}
	return r.err
}

// SubmitMessages asks for an answer to a conversation. opts may be nil. The engine begins at once;
// it stops when ctx is done or the stream is closed, which it must be if it is not read to its end.
func (e *Engine) SubmitMessages(ctx context.Context, messages []Message, opts *RequestOptions) (*Stream, error) {
	return first(e.SubmitMessagesN(ctx, messages, 1, opts))
}

// SubmitText is the same for raw completion of a text; special tokens in it are parsed.
func (e *Engine) SubmitText(ctx context.Context, text string, opts *RequestOptions) (*Stream, error) {
	return first(e.SubmitTextN(ctx, text, 1, opts))
}

// SubmitTokens is the same for a prompt of ids.
func (e *Engine) SubmitTokens(ctx context.Context, ids []int32, opts *RequestOptions) (*Stream, error) {
	return first(e.SubmitTokensN(ctx, ids, 1, opts))
}

// SubmitMessagesN asks for n answers to a conversation, 1 to 1024, whose prompt is computed once.
// Answer i has the seed Seed + i, or one of its own where there is none. All streams are to be read
// or closed.
func (e *Engine) SubmitMessagesN(ctx context.Context, messages []Message, n int, opts *RequestOptions) ([]*Stream, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	list, err := newMessages(messages)
	if err != nil {
		return nil, err
	}
	defer C.tlite_messages_free(list)
	return e.submit(ctx, n, opts, func(c *C.tlite_engine, o *C.tlite_request_options, id *C.int64_t, e **C.tlite_error) C.tlite_status {
		return C.tlite_engine_submit_messages(c, list, o, id, e)
	})
}

// SubmitTextN is the same for raw completion of a text; special tokens in it are parsed.
func (e *Engine) SubmitTextN(ctx context.Context, text string, n int, opts *RequestOptions) ([]*Stream, error) {
	return e.submit(ctx, n, opts, func(c *C.tlite_engine, o *C.tlite_request_options, id *C.int64_t, e **C.tlite_error) C.tlite_status {
		data, size := chars(text)
		return C.tlite_engine_submit_text(c, data, size, o, id, e)
	})
}

// SubmitTokensN is the same for a prompt of ids.
func (e *Engine) SubmitTokensN(ctx context.Context, ids []int32, n int, opts *RequestOptions) ([]*Stream, error) {
	return e.submit(ctx, n, opts, func(c *C.tlite_engine, o *C.tlite_request_options, id *C.int64_t, e **C.tlite_error) C.tlite_status {
		data, count := ints(ids)
		return C.tlite_engine_submit_ids(c, data, count, o, id, e)
	})
}

func first(streams []*Stream, err error) (*Stream, error) {
	if err != nil {
		return nil, err
	}
	return streams[0], nil
}

type submitRequest func(*C.tlite_engine, *C.tlite_request_options, *C.int64_t, **C.tlite_error) C.tlite_status

func (e *Engine) submit(ctx context.Context, n int, opts *RequestOptions, call submitRequest) ([]*Stream, error) {
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	c, err := e.take()
	if err != nil {
		return nil, err
	}
	defer e.give()
	if n < 1 {
		return nil, newError(ErrInvalidArgument, fmt.Sprintf("n is %d; it takes 1 or more", n))
	}
	if opts == nil {
		opts = &RequestOptions{}
	}
	var pin pins
	defer pin.Unpin()
	var o C.tlite_request_options
	if err := opts.fill(&o, e.state.model.c, n, &pin); err != nil {
		return nil, err
	}
	requests, err := e.state.submit(n, func(id *C.int64_t) error {
		var e *C.tlite_error
		return failure(call(c, &o, id, &e), &e)
	})
	if err != nil {
		return nil, err
	}
	streams := make([]*Stream, n)
	for i, request := range requests {
		request.unwatch = context.AfterFunc(ctx, request.cancel)
		streams[i] = newStream(ctx, e, request, true)
	}
	return streams, nil
}

// EngineStatus is how busy an engine is.
type EngineStatus struct {
	Waiting      int // requests
	Running      int
	CachedTokens int // room that the prefix cache takes, given up when it is needed
	FreeTokens   int
}

// Status tells how busy the engine is.
func (e *Engine) Status() (EngineStatus, error) {
	c, err := e.take()
	if err != nil {
		return EngineStatus{}, err
	}
	defer e.give()
	var status C.tlite_engine_status
	status.struct_size = C.sizeof_tlite_engine_status
	var failed *C.tlite_error
	if err := failure(C.tlite_engine_get_status(c, &status, &failed), &failed); err != nil {
		return EngineStatus{}, err
	}
	return EngineStatus{int(status.waiting), int(status.running), int(status.cached_tokens), int(status.free_tokens)}, nil
}

// Options are those of the engine as they were resolved.
func (e *Engine) Options() (EngineOptions, error) {
	c, err := e.take()
	if err != nil {
		return EngineOptions{}, err
	}
	defer e.give()
	var o C.tlite_engine_options
	C.tlite_engine_options_init(&o, C.sizeof_tlite_engine_options)
	var failed *C.tlite_error
	if err := failure(C.tlite_engine_get_options(c, &o, &failed), &failed); err != nil {
		return EngineOptions{}, err
	}
	return EngineOptions{
		Context:            int(o.context),
		MaxSequences:       int(o.max_sequences),
		MaxBatchRows:       int(o.max_batch_rows),
		Threads:            int(o.threads),
		KVType:             DataType(o.kv_type + 1),
		MaxDelay:           time.Duration(o.max_delay_milliseconds) * time.Millisecond,
		WithoutPrefixCache: o.prefix_cache == 0,
		WithoutEmbeddings:  o.embeddings == 0,
	}, nil
}
