//go:build tlite_bench

package tlite_test

import (
	"context"
	"os"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"libtlite.org/tlite"
)

// What Go costs over C. Everything is taken in turns, as a machine is never the same twice:
//
//	TLITE_TEST_MODEL=MODEL go test -tags tlite_bench -run '^$' -bench . -benchtime 1x

func median[T int | time.Duration | float64](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}

// envInt is a number from the environment.
func envInt(name string, otherwise int) int {
	if value, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return value
	}
	return otherwise
}

// timed is what run answers and the processor's seconds that it took, of all threads: on a machine
// that others use too those tell more than the clock.
func timed(run func() float64) (answer, seconds float64) {
	now := func() float64 {
		var usage syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
		return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
	}
	start := now()
	answer = run()
	return answer, now() - start
}

// The tokens of one stream, by C and by Go in turn.
func BenchmarkStreamOverC(b *testing.B) {
	session := newSession(b, &tlite.SessionOptions{Context: 2048, Sampling: endless(envInt("TLITE_BENCH_TOKENS", 1900))})
	var inC, inGo []time.Duration
	bytes := 0
	for range b.N {
		stream := session.Complete(context.Background(), "a")
		must(stream.Next())(b)
		for {
			took, more := tlite.BenchNextInC(stream)
			if !more {
				break
			}
			inC = append(inC, took)
			start := time.Now()
			piece, err := stream.Next()
			if err != nil {
				break
			}
			bytes += len(piece.Text)
			inGo = append(inGo, time.Since(start))
		}
		stream.Close()
	}
	if bytes == 0 {
		b.Fatal("no text")
	}
	c, g := median(inC), median(inGo)
	b.ReportMetric(float64(c.Nanoseconds()), "ns/token-C")
	b.ReportMetric(float64(g.Nanoseconds()), "ns/token-Go")
	b.ReportMetric(float64((g - c).Nanoseconds()), "ns/token-over")
	b.ReportMetric(float64(inGo[len(inGo)/20]-inC[len(inC)/20]), "ns/token-over-p5")
}

// Sixteen requests on one engine: sixteen goroutines, and C that runs the engine and polls.
func BenchmarkEngineOverC(b *testing.B) {
	model := sharedModel(b)
	options := &tlite.EngineOptions{Context: 16384, MaxSequences: 16}
	sampling := endless(envInt("TLITE_BENCH_TOKENS", 400))
	prompts := make([][]int32, 16)
	for i := range prompts {
		prompts[i] = someTokens(32 + i)[i:]
	}
	want := 16 * *sampling.MaxNewTokens
	var ratios []float64
	var inC, inGo []float64
	runC := func() float64 {
		took, tokens := tlite.BenchEngineInC(model, options, sampling, prompts)
		if tokens != want {
			b.Fatalf("%d tokens in C, want %d", tokens, want)
		}
		return float64(tokens) / took.Seconds()
	}
	runGo := func() float64 {
		engine := must(model.NewEngine(options))(b)
		counts := make([]int, len(prompts))
		start := time.Now()
		var all group
		for i, prompt := range prompts {
			all.run(func() {
				stream, err := engine.SubmitTokens(context.Background(), prompt, &tlite.RequestOptions{Sampling: sampling})
				if err != nil {
					b.Error(err)
					return
				}
				for piece, err := range stream.Pieces() {
					if err != nil {
						b.Error(err)
						return
					}
					if piece.Token != tlite.NoToken {
						counts[i]++
					}
				}
			})
		}
		all.Wait()
		seconds := time.Since(start).Seconds()
		engine.Close()
		sum := 0
		for _, count := range counts {
			sum += count
		}
		if sum != want {
			b.Fatalf("%d tokens in Go, want %d", sum, want)
		}
		return float64(sum) / seconds
	}
	var cpu []float64
	for i := range max(b.N, envInt("TLITE_BENCH_TURNS", 11)) {
		var c, g, cpuC, cpuGo float64
		if i%2 == 0 {
			c, cpuC = timed(runC)
			g, cpuGo = timed(runGo)
		} else {
			g, cpuGo = timed(runGo)
			c, cpuC = timed(runC)
		}
		inC, inGo = append(inC, c), append(inGo, g)
		ratios, cpu = append(ratios, g/c), append(cpu, cpuC/cpuGo)
	}
	b.ReportMetric(median(inC), "tokens/s-C")
	b.ReportMetric(median(inGo), "tokens/s-Go")
	b.ReportMetric(100*median(ratios), "%-of-C")
	b.ReportMetric(100*median(cpu), "%-of-C-by-CPU-time")
}

// From a cancel in the middle of a prompt of 8192 tokens until the call is back.
func BenchmarkCancelInAPrompt(b *testing.B) {
	session := newSession(b, &tlite.SessionOptions{Context: 8192 + 16})
	var all []time.Duration
	for i := range max(b.N, 10) {
		ctx, cancel := context.WithCancel(context.Background())
		stream := session.CompleteTokens(ctx, someTokens(8192))
		var at time.Time
		timer := time.AfterFunc(time.Duration(100+37*i)*time.Millisecond, func() {
			at = time.Now()
			cancel()
		})
		_, err := stream.Next()
		if err == nil {
			timer.Stop()
			cancel()
			stream.Close()
			continue // a model that is through with the prompt by then
		}
		all = append(all, time.Since(at))
	}
	b.ReportMetric(float64(median(all).Microseconds()), "us-median")
	b.ReportMetric(float64(slices.Max(all).Microseconds()), "us-most")
}
