package tlite_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"libtlite.org/tlite"
)

// long is whether tests take the time that numbers of thousands need.
func long() bool { return os.Getenv("TLITE_TEST_MODE") == "long" }

// resources are what must not grow.
type resources struct {
	objects, goroutines, threads, files int

	memory int // resident, KiB
}

// used waits until what the garbage collector frees is freed.
func used(t testing.TB) resources {
	t.Helper()
	objects := -1
	for same := 0; same < 5; same++ {
		runtime.GC()
		time.Sleep(5 * time.Millisecond) // cleanups run on goroutines
		if now := tlite.Alive(); now != objects {
			objects, same = now, 0
		}
	}
	debug.FreeOSMemory()
	memory := 0
	for _, line := range strings.Split(string(must(os.ReadFile("/proc/self/status"))(t)), "\n") {
		_, _ = fmt.Sscanf(line, "VmRSS: %d kB", &memory)
	}
	return resources{objects, runtime.NumGoroutine(), len(must(os.ReadDir("/proc/self/task"))(t)),
		len(must(os.ReadDir("/proc/self/fd"))(t)), memory}
}

// wantNoGrowth waits for what ends by itself. Memory counts where glibc gives it back, by
// MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=65536 and without a sanitizer, and even then not all of
// it: the first round of the same work has to have been before. Go keeps the threads that were in C at once, a few more or
// less each time; one a round would be more than a few.
func wantNoGrowth(t testing.TB, before resources) {
	t.Helper()
	var now resources
	for range 200 {
		now = used(t)
		memory := now.memory - before.memory
		if os.Getenv("MALLOC_ARENA_MAX") != "1" {
			memory = 0
		}
		if now.objects <= before.objects && now.goroutines <= before.goroutines && now.threads <= before.threads+16 && now.files <= before.files &&
			memory <= 16<<10 {
			t.Logf("before: %+v, now: %+v", before, now)
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("before: %+v, now: %+v", before, now)
}

// Models that are closed, and models that nobody closes.
func TestModelsLeaveNothing(t *testing.T) {
	rounds := 20
	if long() {
		rounds = 500
	}
	once := func(i int) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if i%5 == 4 { // a load that is cancelled, more or less in time
			time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, cancel)
		}
		model, err := tlite.Load(ctx, modelPath(), &tlite.LoadOptions{ReadIntoMemory: i%3 == 0})
		if err != nil {
			wantError(t, err, tlite.ErrCancelled)
			return
		}
		session := must(model.NewSession(&tlite.SessionOptions{Context: 256, Sampling: endless(3)}))(t)
		must(session.Complete(t.Context(), "a").Result())(t)
		must(session.Complete(t.Context(), "a").Next())(t) // a stream that is left
		if i%2 == 0 {
			model.Close()
			session.Close()
		}
		if i%8 == 0 { // by itself it would come late, and memory of many models fall to pieces
			runtime.GC()
		}
	}
	for i := range rounds {
		once(i)
	}
	before := used(t)
	for i := range rounds {
		once(i)
	}
	wantNoGrowth(t, before)
}

// Requests whose contexts are done at any time: before, while they wait, in prompts, in answers,
// as they end.
func TestRandomCancelsLeaveNothing(t *testing.T) {
	requests := 200
	if long() {
		requests = 5000
	}
	engine := newEngine(t, &tlite.EngineOptions{Context: 4096, MaxSequences: 4})
	round := func(seed uint64) {
		var all group
		for worker := range 8 {
			all.run(func() {
				random := rand.New(rand.NewPCG(seed, uint64(worker)))
				session, err := engine.NewSession(&tlite.SessionOptions{Context: 1024})
				if err != nil {
					t.Error(err)
					return
				}
				defer session.Close()
				for range requests / 8 {
					cancelAtRandom(t, random, engine, session)
				}
			})
		}
		all.Wait()
	}
	round(1)
	before := used(t)
	round(2)
	waitIdle(t, engine)
	wantNoGrowth(t, before)
	wantEqual(t, tlite.RequestsOf(engine), 0)
}

func cancelAtRandom(t *testing.T, random *rand.Rand, engine *tlite.Engine, session *tlite.Session) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(8000))*time.Microsecond)
	defer cancel()
	prompt := someTokens(1 + random.IntN(300))
	sampling := endless(1 + random.IntN(60))
	var stream *tlite.Stream
	if random.IntN(3) == 0 {
		if err := session.SetSampling(sampling); err != nil {
			t.Error(err)
		}
		stream = session.CompleteTokens(ctx, prompt)
	} else {
		var err error
		if stream, err = engine.SubmitTokens(ctx, prompt, &tlite.RequestOptions{Sampling: sampling, Priority: random.IntN(3)}); err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			return
		}
	}
	left := -1 // pieces until the loop is left
	if random.IntN(4) == 0 {
		left = random.IntN(20)
	}
	pieces := 0
	for _, err := range stream.Pieces() {
		if err != nil && !(errors.Is(err, tlite.ErrCancelled) && errors.Is(err, context.DeadlineExceeded)) {
			t.Error(err)
		}
		if pieces++; pieces == left {
			return
		}
	}
	answer, err := stream.Result()
	if err == nil && answer.FinishReason != tlite.FinishLength {
		t.Errorf("an answer without an error ended by %v", answer.FinishReason)
	}
}
