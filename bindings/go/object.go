package tlite

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// object is what every type over a C object begins with. It frees that once: at Close, or when the
// garbage collector finds that nobody has the object any more.
//
// A call borrows the C object and gives it back; Close meanwhile takes effect when the last call
// is back, so that nothing is freed under a call. As give has its receiver inside the Go object,
// "defer o.give()" keeps the object alive until the call is back, too.
type object[P any] struct {
	life    *life[P]
	cleanup runtime.Cleanup
}

// life is apart from the object, so that a cleanup and the goroutine of an engine can hold it.
type life[P any] struct {
	kind   string // for messages
	shared bool   // any number of goroutines may use it at once
	free   func(P)
	stop   func(P) // optional: ends the calls that run, when it is closed; must not block

	mu     sync.Mutex
	c      P
	users  int
	closed bool
}

// alive is how many C objects are not freed yet, for tests: memory tells little of it, as
// allocators keep some.
var alive atomic.Int64

// own fills in the object that is the beginning of owner.
func own[T, P any](owner *T, o *object[P], l *life[P]) *T {
	alive.Add(1)
	o.life = l
	o.cleanup = runtime.AddCleanup(owner, func(l *life[P]) { l.close() }, l)
	return owner
}

// take lends the C object for a call; give ends it.
func (o *object[P]) take() (P, error) {
	if o.life == nil {
		var none P
		return none, newError(ErrBadState, "the object is a zero value: it was not made by this package")
	}
	return o.life.take()
}

func (o *object[P]) give() { o.life.give() }

// Close frees what the object holds. Calls that run on other goroutines end first: a stream or an
// evaluation is stopped. It may be called more than once and from any goroutine, and returns nil.
func (o *object[P]) Close() error {
	if o.life != nil {
		o.life.close()
		o.cleanup.Stop()
	}
	return nil
}

func (l *life[P]) take() (P, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var none P
	if l.closed {
		return none, newError(ErrBadState, "the "+l.kind+" is closed")
	}
	if !l.shared && l.users > 0 {
		return none, newError(ErrBadState, "the "+l.kind+" is in use, by another goroutine or by a stream")
	}
	l.users++
	return l.c, nil
}

// share is another use of an object that is in use, to be ended by give.
func (l *life[P]) share() {
	l.mu.Lock()
	l.users++
	l.mu.Unlock()
}

// glance is for what any thread may do while the object is in use.
func (l *life[P]) glance(look func(P)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed || l.users > 0 {
		look(l.c)
	}
}

func (l *life[P]) give() {
	l.mu.Lock()
	l.users--
	last := l.closed && l.users == 0
	l.mu.Unlock()
	if last {
		l.end()
	}
}

func (l *life[P]) close() {
	l.mu.Lock()
	first := !l.closed
	l.closed = true
	idle := l.users == 0
	if first && !idle && l.stop != nil {
		l.stop(l.c) // under the lock: the last user cannot free it meanwhile
	}
	l.mu.Unlock()
	if first && idle {
		l.end()
	}
}

func (l *life[P]) end() {
	l.free(l.c)
	alive.Add(-1)
}

func (l *life[P]) isClosed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}
