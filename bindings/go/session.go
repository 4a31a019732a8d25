package tlite

// #include "abi.h"
import "C"

import (
	"context"
	"runtime"
	"sync"
)

// Session is a conversation with a model. It is for one goroutine at a time: a call while another
// runs, or while a stream is open, is ErrBadState.
type Session struct {
	object[*C.tlite_session]
	model *life[*C.tlite_model]
}

// SessionOptions are the options of a session; the zero value has the defaults.
type SessionOptions struct {
	Context      int      // tokens, prompt and answers together; 0: 4096
	Threads      int      // 0: the host's number
	MaxBatchRows int      // 0: 512
	KVType       DataType // Auto, F32, F16, BF16 or Q8_0
	Overflow     OverflowPolicy
	// ParseSpecialInMessages takes <|im_start|> in a message for the token; else it is plain text.
	ParseSpecialInMessages bool
	ToolsJSON              string // tool definitions for the template, a JSON array
	TemplateJSON           string // further template variables, a JSON object
	Sampling               *Sampling
}

func (o *SessionOptions) fill(c *C.tlite_session_options, p *pins) error {
	C.tlite_session_options_init(c, C.sizeof_tlite_session_options)
	var r ranges
	r.or(&c.context, o.Context, "context")
	r.or(&c.threads, o.Threads, "threads")
	r.or(&c.max_batch_rows, o.MaxBatchRows, "max_batch_rows")
	c.kv_type = o.KVType.c()
	c.overflow = C.tlite_overflow_policy(o.Overflow)
	c.parse_special_in_messages = flag(o.ParseSpecialInMessages)
	c.tools_json = p.text(o.ToolsJSON)
	c.template_json = p.text(o.TemplateJSON)
	return r.err
}

// NewSession begins a conversation. opts may be nil.
func (m *Model) NewSession(opts *SessionOptions) (*Session, error) {
	c, err := m.take()
	if err != nil {
		return nil, err
	}
	defer m.give()
	return newSession(m.life, opts, func(o *C.tlite_session_options, out **C.tlite_session, e **C.tlite_error) C.tlite_status {
		return C.tlite_session_create(c, o, out, e)
	})
}

// NewSession begins a conversation on an engine that others use too: their answers are worked on
// together. Threads, KVType and MaxBatchRows are the engine's, and so is the most that Context can
// be. opts may be nil.
func (e *Engine) NewSession(opts *SessionOptions) (*Session, error) {
	c, err := e.take()
	if err != nil {
		return nil, err
	}
	defer e.give()
	return newSession(e.state.model, opts, func(o *C.tlite_session_options, out **C.tlite_session, e **C.tlite_error) C.tlite_status {
		return C.tlite_engine_create_session(c, o, out, e)
	})
}

func newSession(model *life[*C.tlite_model], opts *SessionOptions,
	create func(*C.tlite_session_options, **C.tlite_session, **C.tlite_error) C.tlite_status) (*Session, error) {
	if opts == nil {
		opts = &SessionOptions{}
	}
	var pin pins
	defer pin.Unpin()
	var o C.tlite_session_options
	if err := opts.fill(&o, &pin); err != nil {
		return nil, err
	}
	var c *C.tlite_session
	var e *C.tlite_error
	if err := failure(create(&o, &c, &e), &e); err != nil {
		return nil, err
	}
	s := ownSession(c, model)
	if opts.Sampling != nil {
		if err := s.SetSampling(opts.Sampling); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// ownSession makes the Go object, which keeps the model for its default sampling.
func ownSession(c *C.tlite_session, model *life[*C.tlite_model]) *Session {
	model.share()
	s := &Session{model: model}
	return own(s, &s.object, &life[*C.tlite_session]{
		kind: "session", c: c,
		free: func(c *C.tlite_session) {
			C.tlite_session_free(c)
			model.give()
		},
		stop: func(c *C.tlite_session) { C.tlite_session_cancel(c) },
	})
}

// Options are those of the session as they were resolved, without Sampling.
func (s *Session) Options() (SessionOptions, error) {
	c, err := s.take()
	if err != nil {
		return SessionOptions{}, err
	}
	defer s.give()
	var o C.tlite_session_options
	C.tlite_session_options_init(&o, C.sizeof_tlite_session_options)
	var e *C.tlite_error
	if err := failure(C.tlite_session_get_options(c, &o, &e), &e); err != nil {
		return SessionOptions{}, err
	}
	return SessionOptions{
		Context:                int(o.context),
		Threads:                int(o.threads),
		MaxBatchRows:           int(o.max_batch_rows),
		KVType:                 DataType(o.kv_type + 1),
		Overflow:               OverflowPolicy(o.overflow),
		ParseSpecialInMessages: o.parse_special_in_messages != 0,
		ToolsJSON:              goText(o.tools_json),
		TemplateJSON:           goText(o.template_json),
	}, nil
}

// SetSampling changes how tokens are chosen. What is nil in sampling is the model's own, and so is
// all of it for nil.
func (s *Session) SetSampling(sampling *Sampling) error {
	c, err := s.take()
	if err != nil {
		return err
	}
	defer s.give()
	if sampling == nil {
		sampling = &Sampling{}
	}
	var pin pins
	defer pin.Unpin()
	params, err := sampling.c(s.model.c, &pin)
	if err != nil {
		return err
	}
	var e *C.tlite_error
	return failure(C.tlite_session_set_sampling(c, params, &e), &e)
}

// Sampling is how tokens are chosen, with every field set.
func (s *Session) Sampling() (Sampling, error) {
	c, err := s.take()
	if err != nil {
		return Sampling{}, err
	}
	defer s.give()
	return readSampling(func(params *C.tlite_sampling_params, e **C.tlite_error) C.tlite_status {
		return C.tlite_session_get_sampling(c, params, e)
	})
}

// AddSystem adds a system message.
func (s *Session) AddSystem(text string) error { return s.AddMessage(System(text)) }

// AddUser adds a user's message.
func (s *Session) AddUser(text string) error { return s.AddMessage(User(text)) }

// AddMessage adds any message.
func (s *Session) AddMessage(message Message) error {
	c, err := s.take()
	if err != nil {
		return err
	}
	defer s.give()
	var pin pins
	defer pin.Unpin()
	var m C.tlite_message
	message.fill(&m, &pin)
	var e *C.tlite_error
	return failure(C.tlite_session_add_message(c, &m, &e), &e)
}

// Messages are the conversation as it is now: a copy.
func (s *Session) Messages() ([]Message, error) {
	c, err := s.take()
	if err != nil {
		return nil, err
	}
	defer s.give()
	var list *C.tlite_messages
	var e *C.tlite_error
	if err := failure(C.tlite_session_get_messages(c, &list, &e), &e); err != nil {
		return nil, err
	}
	return takeMessages(list)
}

// SetMessages replaces the conversation.
func (s *Session) SetMessages(messages []Message) error {
	c, err := s.take()
	if err != nil {
		return err
	}
	defer s.give()
	list, err := newMessages(messages)
	if err != nil {
		return err
	}
	defer C.tlite_messages_free(list)
	var e *C.tlite_error
	return failure(C.tlite_session_set_messages(c, list, &e), &e)
}

// Rewind keeps the first count messages.
func (s *Session) Rewind(count int) error {
	c, err := s.take()
	if err != nil {
		return err
	}
	defer s.give()
	if count < 0 {
		return newError(ErrInvalidArgument, "count is negative")
	}
	var e *C.tlite_error
	return failure(C.tlite_session_rewind(c, C.size_t(count), &e), &e)
}

// Reset forgets all messages, the system message included.
func (s *Session) Reset() error {
	c, err := s.take()
	if err != nil {
		return err
	}
	defer s.give()
	var e *C.tlite_error
	return failure(C.tlite_session_reset(c, &e), &e)
}

// Fork is the same conversation once more, sharing the cache of what was said.
func (s *Session) Fork() (*Session, error) {
	c, err := s.take()
	if err != nil {
		return nil, err
	}
	defer s.give()
	var twin *C.tlite_session
	var e *C.tlite_error
	if err := failure(C.tlite_session_fork(c, &twin, &e), &e); err != nil {
		return nil, err
	}
	return ownSession(twin, s.model), nil
}

// CountPromptTokens are those that the conversation takes, as the next reply would see it.
func (s *Session) CountPromptTokens() (int, error) {
	c, err := s.take()
	if err != nil {
		return 0, err
	}
	defer s.give()
	var count C.int32_t
	var e *C.tlite_error
	if err := failure(C.tlite_session_count_prompt_tokens(c, &count, &e), &e); err != nil {
		return 0, err
	}
	return int(count), nil
}

// PrefillProgress is how much of a prompt is done, in tokens; 0 of 0 before the first. It may be
// called from any goroutine, while an answer is worked on.
func (s *Session) PrefillProgress() (done, total int) {
	if s.life == nil {
		return 0, 0
	}
	defer runtime.KeepAlive(s)
	s.life.glance(func(c *C.tlite_session) {
		var d, t C.int64_t
		C.tlite_session_get_prefill_progress(c, &d, &t)
		done, total = int(d), int(t)
	})
	return done, total
}

// Reply answers the conversation and adds the answer to it. It begins with the first piece that is
// asked for, as do the others:
//
//	answer, err := session.Reply(ctx).Result()
//
// An answer that is stopped stays as far as it came; one that is stopped in the prompt is empty,
// and no message is added.
func (s *Session) Reply(ctx context.Context) *Stream {
	return s.stream(ctx, func(c *C.tlite_session, out **C.tlite_stream, e **C.tlite_error) C.tlite_status {
		return C.tlite_session_stream(c, out, e)
	})
}

// Regenerate answers again: it drops the last message, the assistant's. ErrBadState where it is
// not.
func (s *Session) Regenerate(ctx context.Context) *Stream {
	return s.stream(ctx, func(c *C.tlite_session, out **C.tlite_stream, e **C.tlite_error) C.tlite_status {
		return C.tlite_session_stream_regenerate(c, out, e)
	})
}

// Continue goes on with an answer that was cut short.
func (s *Session) Continue(ctx context.Context) *Stream {
	return s.stream(ctx, func(c *C.tlite_session, out **C.tlite_stream, e **C.tlite_error) C.tlite_status {
		return C.tlite_session_stream_continue(c, out, e)
	})
}

// Complete is raw completion without template; special tokens in the prompt are parsed. It leaves
// the messages alone.
func (s *Session) Complete(ctx context.Context, prompt string) *Stream {
	return s.stream(ctx, func(c *C.tlite_session, out **C.tlite_stream, e **C.tlite_error) C.tlite_status {
		data, size := chars(prompt)
		return C.tlite_session_stream_complete(c, data, size, out, e)
	})
}

// CompleteTokens is Complete for a prompt of ids.
func (s *Session) CompleteTokens(ctx context.Context, ids []int32) *Stream {
	return s.stream(ctx, func(c *C.tlite_session, out **C.tlite_stream, e **C.tlite_error) C.tlite_status {
		data, count := ints(ids)
		return C.tlite_session_stream_complete_ids(c, data, count, out, e)
	})
}

type openStream func(*C.tlite_session, **C.tlite_stream, **C.tlite_error) C.tlite_status

func (s *Session) stream(ctx context.Context, open openStream) *Stream {
	return newStream(ctx, s, &sessionSource{session: s.life, open: open, streamOut: &streamOut{}}, false)
}

// sessionSource pulls pieces. From start to finish it has taken the session.
type sessionSource struct {
	session *life[*C.tlite_session] // nil of a zero value
	open    openStream
	unwatch func() bool
	*streamOut

	mu      sync.Mutex
	running *C.tlite_session // nil before start and from finish on
}

// streamOut is what C writes to, made once so that no call has to. It has no pointers of Go, as
// memory that C sees may not.
type streamOut struct {
	stream *C.tlite_stream
	piece  *C.tlite_piece
	err    *C.tlite_error
}

func (s *sessionSource) start(ctx context.Context) error {
	c, err := (&object[*C.tlite_session]{life: s.session}).take()
	if err != nil {
		return err
	}
	if err := failure(s.open(c, &s.stream, &s.err), &s.err); err != nil {
		s.session.give()
		return err
	}
	s.mu.Lock()
	s.running = c
	s.mu.Unlock()
	s.unwatch = context.AfterFunc(ctx, s.interrupt)
	return nil
}

// interrupt has the call that runs, or the next one, end the answer; from any goroutine. It may
// come too late, when the context is done as the answer ends: then there is nothing to cancel, and
// no session that may be gone already.
func (s *sessionSource) interrupt() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		C.tlite_session_cancel(s.running)
	}
}

func (s *sessionSource) next(ctx context.Context) (Piece, bool, error) {
	if err := stopped(ctx); err != nil {
		return Piece{}, false, err
	}
	if status := C.tlite_stream_next(s.stream, &s.piece, &s.err); status != C.TLITE_OK {
		return Piece{}, false, failure(status, &s.err)
	}
	if s.piece != nil {
		return goPiece(s.piece), true, nil
	}
	if s.session.isClosed() {
		return Piece{}, false, newError(ErrBadState, "the session is closed")
	}
	if C.tlite_stream_finish_reason(s.stream) == C.TLITE_FINISH_CANCELLED {
		return Piece{}, false, stopped(ctx)
	}
	return Piece{}, false, nil
}

func (s *sessionSource) finish() (*Generation, error) {
	s.unwatch()
	s.mu.Lock()
	c := s.running
	s.running = nil
	s.mu.Unlock()
	defer s.session.give()
	defer C.tlite_session_clear_cancel(c) // one that came when the answer had ended
	defer C.tlite_stream_free(s.stream)
	C.tlite_session_cancel(c) // no effect on an answer that has ended
	for s.piece = nil; ; {
		if status := C.tlite_stream_next(s.stream, &s.piece, &s.err); status != C.TLITE_OK {
			return nil, failure(status, &s.err)
		}
		if s.piece == nil {
			break
		}
	}
	var result *C.tlite_generation
	if err := failure(C.tlite_stream_get_result(s.stream, &result, &s.err), &s.err); err != nil {
		return nil, err
	}
	defer C.tlite_generation_free(result)
	return goGeneration(result), nil
}

func (s *sessionSource) endThinking() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil {
		C.tlite_session_end_thinking(s.running)
	}
}

func (s *sessionSource) setPriority(int) error {
	return newError(ErrBadState, "the answer of a session has no priority")
}

func goPiece(c *C.tlite_piece) Piece {
	piece := Piece{Text: goText(c.text), Token: int32(c.token)}
	if c.logprob != nil {
		piece.Logprob = goLogprob(c.logprob)
		piece.TopLogprobs = goLogprobs(c.top_logprobs, c.top_logprob_count)
	}
	return piece
}
