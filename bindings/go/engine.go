package tlite

// #include "abi.h"
import "C"

import (
	"context"
	"sync"
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
}

// SubmitMessages asks for an answer to a conversation. opts may be nil. The engine begins at once;
// it stops when ctx is done or the stream is closed, which it must be if it is not read to its end.
func (e *Engine) SubmitMessages(ctx context.Context, messages []Message, opts *RequestOptions) (*Stream, error) {
	if err := ready(); err != nil {
		return nil, err
	}
	list, err := newMessages(messages)
	if err != nil {
		return nil, err
	}
	defer C.tlite_messages_free(list)
	return e.submit(ctx, opts, func(c *C.tlite_engine, o *C.tlite_request_options, id *C.int64_t, e **C.tlite_error) C.tlite_status {
		return C.tlite_engine_submit_messages(c, list, o, id, e)
	})
}

// SubmitText is the same for raw completion of a text; special tokens in it are parsed.
func (e *Engine) SubmitText(ctx context.Context, text string, opts *RequestOptions) (*Stream, error) {
	return e.submit(ctx, opts, func(c *C.tlite_engine, o *C.tlite_request_options, id *C.int64_t, e **C.tlite_error) C.tlite_status {
		data, size := chars(text)
		return C.tlite_engine_submit_text(c, data, size, o, id, e)
	})
}

// SubmitTokens is the same for a prompt of ids.
func (e *Engine) SubmitTokens(ctx context.Context, ids []int32, opts *RequestOptions) (*Stream, error) {
	return e.submit(ctx, opts, func(c *C.tlite_engine, o *C.tlite_request_options, id *C.int64_t, e **C.tlite_error) C.tlite_status {
		data, count := ints(ids)
		return C.tlite_engine_submit_ids(c, data, count, o, id, e)
	})
}

type submitRequest func(*C.tlite_engine, *C.tlite_request_options, *C.int64_t, **C.tlite_error) C.tlite_status

func (e *Engine) submit(ctx context.Context, opts *RequestOptions, call submitRequest) (*Stream, error) {
	if err := stopped(ctx); err != nil {
		return nil, err
	}
	c, err := e.take()
	if err != nil {
		return nil, err
	}
	defer e.give()
	if opts == nil {
		opts = &RequestOptions{}
	}
	var pin pins
	defer pin.Unpin()
	var r ranges
	var o C.tlite_request_options
	C.tlite_request_options_init(&o, C.sizeof_tlite_request_options)
	r.or(&o.context, opts.Context, "context")
	r.or(&o.priority, opts.Priority, "priority")
	o.parse_special_in_messages = flag(opts.ParseSpecialInMessages)
	if opts.Timeout != 0 {
		o.timeout_milliseconds = C.int64_t(milliseconds(opts.Timeout))
	}
	o.tools_json = pin.text(opts.ToolsJSON)
	o.template_json = pin.text(opts.TemplateJSON)
	sampling, err := opts.Sampling.c(e.state.model.c, &pin)
	if err != nil {
		return nil, err
	}
	if sampling != nil {
		pin.Pin(sampling)
		o.sampling = sampling
	}
	if r.err != nil {
		return nil, r.err
	}
	request, err := e.state.submit(func(id *C.int64_t) error {
		var e *C.tlite_error
		return failure(call(c, &o, id, &e), &e)
	})
	if err != nil {
		return nil, err
	}
	request.unwatch = context.AfterFunc(ctx, request.cancel)
	return newStream(ctx, e, request, true), nil
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
	}, nil
}

// engineState is what the goroutine at work holds: not the Engine, so that one that nobody has any
// more is collected.
type engineState struct {
	life  *life[*C.tlite_engine]
	model *life[*C.tlite_model]

	mu       sync.Mutex
	requests map[int64]*request // until the engine has told their end and nobody waits for it
	pending  int                // submitted, or about to be, and not ended
	working  bool
}

// submit has the engine take a request, and somebody work on it.
func (s *engineState) submit(call func(id *C.int64_t) error) (*request, error) {
	s.mu.Lock()
	s.pending++ // from now on the goroutine at work stays
	s.mu.Unlock()
	var id C.int64_t
	err := call(&id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.pending--
		return nil, err
	}
	r := s.find(int64(id))
	if !s.working {
		s.working = true
		go s.work()
	}
	return r, nil
}

// find makes what is not there: an event may come before submit is back. With the lock held.
func (s *engineState) find(id int64) *request {
	r := s.requests[id]
	if r == nil {
		r = &request{engine: s, id: id, ready: make(chan struct{}, 1), closing: make(chan struct{})}
		s.requests[id] = r
	}
	return r
}

// slice is how long the engine works before events are handed on.
const slice = 2 * time.Millisecond

// work works as long as there are requests.
func (s *engineState) work() {
	for {
		err := s.workOnce()
		s.mu.Lock()
		if err != nil {
			s.fail(err)
		}
		if err != nil || s.pending == 0 {
			s.working = false // the next submit is to begin anew
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
	}
}

func (s *engineState) workOnce() error {
	c, err := s.life.take()
	if err != nil {
		return err
	}
	defer s.life.give()
	var more C.int32_t
	var e *C.tlite_error
	if err := failure(C.tlite_engine_step(c, C.int64_t(slice), &more, &e), &e); err != nil {
		return err
	}
	if err := s.handOn(c); err != nil {
		return err
	}
	if more == 0 { // a request may be about to come
		return failure(C.tlite_engine_wait_for_work(c, C.int64_t(slice), &more, &e), &e)
	}
	return nil
}

// handOn gives what happened to those who wait for it.
func (s *engineState) handOn(c *C.tlite_engine) error {
	for {
		var event *C.tlite_engine_event
		var e *C.tlite_error
		if err := failure(C.tlite_engine_poll(c, &event, &e), &e); err != nil {
			return err
		}
		if event == nil {
			return nil
		}
		id := int64(event.request)
		happened := goEvent(event)
		C.tlite_engine_event_free(event)
		s.mu.Lock()
		s.tell(s.find(id), happened)
		s.mu.Unlock()
	}
}

// tell queues an event. With the lock held.
func (s *engineState) tell(r *request, happened event) {
	if happened.last && !happened.ours {
		r.over = true
		if r.left {
			delete(s.requests, r.id)
		}
	}
	if r.told {
		return
	}
	if happened.last {
		r.told = true
		s.pending--
	}
	r.queue = append(r.queue, happened)
	select {
	case r.ready <- struct{}{}:
	default:
	}
}

// fail ends all requests with an error: the engine is closed, or a step of it failed. With the
// lock held.
func (s *engineState) fail(err error) {
	for _, r := range s.requests {
		if !r.told {
			s.tell(r, event{last: true, ours: true, err: err})
			go r.cancel()
		}
	}
}

// event is what happened to a request.
type event struct {
	piece  Piece
	last   bool
	ours   bool // the engine will tell the end of the request later
	result *Generation
	err    error
}

func goEvent(c *C.tlite_engine_event) event {
	happened := event{piece: Piece{Text: goText(c.text), Token: int32(c.token)}}
	if c.logprob != nil {
		happened.piece.Logprob = goLogprob(c.logprob)
		happened.piece.TopLogprobs = goLogprobs(c.top_logprobs, c.top_logprob_count)
	}
	happened.last = c.finish_reason != C.TLITE_FINISH_NONE
	if c.result != nil {
		happened.result = goGeneration(c.result)
	}
	if c.finish_reason == C.TLITE_FINISH_FAILED {
		happened.err = newError(Code(c.status), goText(c.message))
	}
	return happened
}

// request is a source of a stream.
type request struct {
	engine  *engineState
	id      int64
	ready   chan struct{}
	closing chan struct{} // closed by interrupt
	unwatch func() bool

	// Of the engine's lock.
	queue []event
	told  bool // the last event is in the queue, or was
	over  bool // the engine has told the end
	left  bool // nobody waits for it any more

	// Of the stream's.
	end *event
}

func (r *request) start(context.Context) error { return nil }

// interrupt is called once.
func (r *request) interrupt() { close(r.closing) }

// cancel may be called when all is over: a number that the engine does not know is none.
func (r *request) cancel() {
	if c, err := r.engine.life.take(); err == nil {
		C.tlite_engine_cancel(c, C.int64_t(r.id))
		r.engine.life.give()
	}
}

func (r *request) setPriority(priority int) error {
	var ranges ranges
	value := ranges.int32(priority, "priority")
	if ranges.err != nil {
		return ranges.err
	}
	c, err := r.engine.life.take()
	if err != nil {
		return err
	}
	defer r.engine.life.give()
	C.tlite_engine_set_priority(c, C.int64_t(r.id), value)
	return nil
}

func (r *request) pop() (event, bool) {
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	if len(r.queue) == 0 {
		return event{}, false
	}
	happened := r.queue[0]
	r.queue = r.queue[1:]
	return happened, true
}

func (r *request) next(ctx context.Context) (Piece, bool, error) {
	if r.end != nil {
		return Piece{}, false, r.end.err
	}
	for {
		if err := stopped(ctx); err != nil {
			return Piece{}, false, err
		}
		if happened, ok := r.pop(); ok {
			if !happened.last {
				return happened.piece, true, nil
			}
			r.end = &happened
			if happened.piece.Text == "" && happened.piece.Token == NoToken || happened.err != nil {
				return Piece{}, false, happened.err
			}
			return happened.piece, true, nil
		}
		select {
		case <-r.ready:
		case <-ctx.Done():
		case <-r.closing:
			return Piece{}, false, nil
		}
	}
}

// finish waits for the last event, which comes with the next step after a cancel.
func (r *request) finish() (*Generation, error) {
	r.unwatch()
	if r.end == nil {
		r.cancel()
	}
	for r.end == nil {
		if happened, ok := r.pop(); !ok {
			<-r.ready
		} else if happened.last {
			r.end = &happened
		}
	}
	r.engine.mu.Lock()
	r.left = true
	if r.over {
		delete(r.engine.requests, r.id)
	}
	r.engine.mu.Unlock()
	return r.end.result, r.end.err
}
