package tlite_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"libtlite.org/tlite"
)

// modelPath is the demo model, or what TLITE_TEST_MODEL names.
func modelPath() string {
	if path := os.Getenv("TLITE_TEST_MODEL"); path != "" {
		return path
	}
	return filepath.Join("..", "..", "examples", "demo-model", "model")
}

var loadShared = sync.OnceValues(func() (*tlite.Model, error) {
	return tlite.Load(context.Background(), modelPath(), nil)
})

// sharedModel is one model for all tests, never closed.
func sharedModel(t testing.TB) *tlite.Model {
	t.Helper()
	model, err := loadShared()
	if err != nil {
		t.Fatalf("the demo model: %v", err)
	}
	return model
}

func newModel(t testing.TB) *tlite.Model {
	t.Helper()
	return must(tlite.Load(t.Context(), modelPath(), nil))(t)
}

func newSession(t testing.TB, opts *tlite.SessionOptions) *tlite.Session {
	t.Helper()
	session := must(sharedModel(t).NewSession(opts))(t)
	t.Cleanup(func() { session.Close() })
	return session
}

func newEngine(t testing.TB, opts *tlite.EngineOptions) *tlite.Engine {
	t.Helper()
	engine := must(sharedModel(t).NewEngine(opts))(t)
	t.Cleanup(func() { engine.Close() })
	return engine
}

// must is for calls that have to succeed: must(f())(t).
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wantError checks the code of an error and parts of its text.
func wantError(t testing.TB, err error, code tlite.Code, parts ...string) {
	t.Helper()
	if !errors.Is(err, code) {
		t.Fatalf("got %v, want %v", err, code)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
}

func wantEqual[T comparable](t testing.TB, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// greedy is the same answer every time, of so many tokens at most.
func greedy(tokens int) *tlite.Sampling {
	return &tlite.Sampling{Temperature: tlite.Ptr(0.0), MaxNewTokens: tlite.Ptr(tokens)}
}

// endless goes on for so many tokens whatever the model says.
func endless(tokens int) *tlite.Sampling {
	return &tlite.Sampling{Temperature: tlite.Ptr(0.0), MaxNewTokens: tlite.Ptr(tokens), IgnoreEOS: tlite.Ptr(true)}
}

const question = "Напиши стих про машинное обучение"

// cancelled is a context that is done.
func cancelled(t testing.TB) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}

// random ids of the demo model's vocabulary, without its special tokens.
func someTokens(count int) []int32 {
	ids := make([]int32, count)
	for i := range ids {
		ids[i] = int32(300 + i*7919%2000)
	}
	return ids
}

// group is a sync.WaitGroup with the Go of later releases.
type group struct{ sync.WaitGroup }

func (g *group) run(f func()) {
	g.Add(1)
	go func() {
		defer g.Done()
		f()
	}()
}

func contextAfter(t testing.TB, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// waitForGoroutines waits until there are no more than before.
func waitForGoroutines(t testing.TB, before int) {
	t.Helper()
	for range 5000 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
