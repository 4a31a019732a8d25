package tlite

// #include "abi.h"
import "C"

import (
	"context"
	"sync"
	"time"
)

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

// submit has the engine take n requests, and somebody work on them.
func (s *engineState) submit(n int, call func(id *C.int64_t) error) ([]*request, error) {
	s.mu.Lock()
	s.pending += n // from now on the goroutine at work stays
	s.mu.Unlock()
	var id C.int64_t
	err := call(&id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.pending -= n
		return nil, err
	}
	requests := make([]*request, n)
	for i := range requests {
		requests[i] = s.find(int64(id) + int64(i))
	}
	if !s.working {
		s.working = true
		go s.work()
	}
	return requests, nil
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

// slice is how long the engine works where nothing happens. No less than a frame: below that the
// library takes smaller steps, which cost some hundredths (docs/engine.md).
const slice = 20 * time.Millisecond

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
	var event *C.tlite_engine_event
	var e *C.tlite_error
	if err := failure(C.tlite_engine_advance(c, C.int64_t(slice), &event, &more, &e), &e); err != nil {
		return err
	}
	for event != nil {
		s.handOn(event)
		event = nil
		if err := failure(C.tlite_engine_poll(c, &event, &e), &e); err != nil {
			return err
		}
	}
	if more == 0 { // a request may be about to come
		return failure(C.tlite_engine_wait_for_work(c, C.int64_t(slice), &more, &e), &e)
	}
	return nil
}

// handOn gives what happened to who waits for it.
func (s *engineState) handOn(event *C.tlite_engine_event) {
	id := int64(event.request)
	happened := goEvent(event)
	C.tlite_engine_event_free(event)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell(s.find(id), happened)
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

func (r *request) endThinking() {
	if c, err := r.engine.life.take(); err == nil {
		C.tlite_engine_end_thinking(c, C.int64_t(r.id))
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
