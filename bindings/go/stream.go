package tlite

import (
	"context"
	"errors"
	"io"
	"iter"
	"runtime"
	"sync"
)

// Stream is an answer that comes piece by piece. It is for one goroutine at a time; Close may be
// called from any.
//
// A stream that is not read to its end must be closed, which Pieces, Text and Result do by
// themselves. When its context is done the answer ends within some milliseconds, in the middle of
// a prompt too, and the error is ErrCancelled and that of the context.
type Stream struct {
	state   *streamState
	owner   any // the Session or Engine, which lives as long as the stream
	cleanup runtime.Cleanup
}

// source is where a stream's pieces come from.
type source interface {
	// start is called once, before the others.
	start(ctx context.Context) error
	// interrupt makes next come back, now or later; from any goroutine, at any time.
	interrupt()
	// next waits for a piece; ok is false at the end, on an error and after an interrupt.
	next(ctx context.Context) (piece Piece, ok bool, err error)
	// finish ends the answer where it is and gives back what the source holds. It is called once.
	finish() (*Generation, error)
	setPriority(priority int) error
	// endThinking has no effect where nothing runs; from any goroutine, at any time.
	endThinking()
}

type streamState struct {
	ctx     context.Context
	source  source
	once    sync.Once
	closing chan struct{}

	mu      sync.Mutex
	started bool
	ended   bool
	err     error // io.EOF where the answer has ended by itself
	result  *Generation
}

func newStream(ctx context.Context, owner any, from source, started bool) *Stream {
	state := &streamState{ctx: ctx, source: from, closing: make(chan struct{}), started: started}
	s := &Stream{state: state, owner: owner}
	s.cleanup = runtime.AddCleanup(s, func(state *streamState) { go state.close() }, state)
	return s
}

var (
	errStreamClosed = newError(ErrBadState, "the stream is closed")
	errZeroStream   = newError(ErrBadState, "the stream is a zero value: it was not made by this package")
)

func (t *streamState) close() {
	t.once.Do(func() {
		close(t.closing)
		t.source.interrupt()
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(errStreamClosed)
}

// end is for the first that calls it, with the lock held.
func (t *streamState) end(err error) {
	if t.ended {
		return
	}
	t.ended = true
	t.err = err
	if !t.started {
		return
	}
	result, failed := t.source.finish()
	t.result = result
	if err == io.EOF && failed != nil {
		t.err = failed
	}
}

func (t *streamState) next() (Piece, error) {
	if !t.mu.TryLock() {
		return Piece{}, newError(ErrBadState, "the stream is in use by another goroutine")
	}
	defer t.mu.Unlock()
	if t.ended {
		return Piece{}, t.err
	}
	if !t.started {
		err := stopped(t.ctx)
		if err == nil {
			err = t.source.start(t.ctx)
		}
		if err != nil {
			t.ended, t.err = true, err
			return Piece{}, err
		}
		t.started = true
	}
	piece, ok, err := t.source.next(t.ctx)
	if ok {
		return piece, nil
	}
	select {
	case <-t.closing:
		err = errStreamClosed
	default:
	}
	if err == nil {
		err = io.EOF
	}
	t.end(err)
	return Piece{}, t.err
}

// Next is the next piece; at the end of the answer the error is io.EOF. The first call works
// through the prompt.
func (s *Stream) Next() (Piece, error) {
	if s.state == nil {
		return Piece{}, errZeroStream
	}
	defer runtime.KeepAlive(s)
	return s.state.next()
}

// Pieces are the pieces that are still to come:
//
//	for piece, err := range session.Reply(ctx).Pieces() {
//		if err != nil {
//			return err
//		}
//		fmt.Print(piece.Text)
//	}
//
// An error is the last pair. A loop that is left early, or by a panic, ends the answer there.
func (s *Stream) Pieces() iter.Seq2[Piece, error] {
	return func(yield func(Piece, error) bool) {
		defer s.Close()
		for {
			piece, err := s.Next()
			if err == io.EOF {
				return
			}
			if !yield(piece, err) || err != nil {
				return
			}
		}
	}
}

// Text is the same for the text alone, without what is empty.
func (s *Stream) Text() iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for piece, err := range s.Pieces() {
			if piece.Text == "" && err == nil {
				continue
			}
			if !yield(piece.Text, err) {
				return
			}
		}
	}
}

// Chan are the pieces that are still to come, read by a goroutine. The channel is closed at the
// end; then Result tells whether there was an error. Who does not read to the end must end the
// context or close the stream, or the goroutine waits for ever.
func (s *Stream) Chan() <-chan Piece {
	pieces := make(chan Piece)
	go func() {
		defer close(pieces)
		for {
			piece, err := s.Next()
			if err != nil {
				return
			}
			select {
			case pieces <- piece:
			case <-s.state.closing:
				return
			case <-s.state.ctx.Done():
				_, _ = s.Next() // ends the answer
				return
			}
		}
	}()
	return pieces
}

// Result reads the stream to its end, unless it has ended, and returns the whole answer. With an
// error it is what there is of it, or nil. Of a stream that was closed early it is what there was,
// and no error.
func (s *Stream) Result() (*Generation, error) {
	defer runtime.KeepAlive(s)
	for {
		_, err := s.Next()
		if err == nil {
			continue
		}
		t := s.state
		if t == nil {
			return nil, err
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		if !t.ended {
			return nil, err // another goroutine is reading it
		}
		if err == io.EOF || errors.Is(err, errStreamClosed) && t.result != nil {
			return t.result, nil
		}
		return t.result, err
	}
}

// Close ends the answer where it is: what there is of it stays. It may be called more than once
// and returns nil.
func (s *Stream) Close() error {
	if s.state != nil {
		s.state.close()
		s.cleanup.Stop()
	}
	return nil
}

// SetPriority changes the priority of an engine's request; ErrBadState for a session's answer.
func (s *Stream) SetPriority(priority int) error {
	if s.state == nil {
		return errZeroStream
	}
	defer runtime.KeepAlive(s)
	return s.state.source.setPriority(priority)
}

// EndThinking has the answer say </think> next, where it is thinking; elsewhere it has no effect. From any goroutine.
func (s *Stream) EndThinking() {
	if s.state != nil {
		s.state.source.endThinking()
		runtime.KeepAlive(s)
	}
}
