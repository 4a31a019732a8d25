package tlite_test

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"libtlite.org/tlite"
)

// waitIdle waits until the engine has forgotten its requests.
func waitIdle(t testing.TB, engine *tlite.Engine) {
	t.Helper()
	for range 2000 {
		if status := must(engine.Status())(t); status.Running+status.Waiting == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("the engine is not done")
}

func TestEngineAnswersAsASession(t *testing.T) {
	engine := newEngine(t, nil)
	session := newSession(t, &tlite.SessionOptions{Sampling: greedy(60)})
	prompts := []string{"Привет!", question, "Столица Франции?", "Сколько будет 2+2?", "Расскажи о себе"}
	var all group
	answers := make([]*tlite.Generation, len(prompts))
	for i, prompt := range prompts {
		all.run(func() {
			stream, err := engine.SubmitMessages(t.Context(), []tlite.Message{tlite.User(prompt)}, &tlite.RequestOptions{Sampling: greedy(60)})
			if err != nil {
				t.Error(err)
				return
			}
			var text strings.Builder
			for part, err := range stream.Text() {
				if err != nil {
					t.Error(err)
				}
				text.WriteString(part)
			}
			answers[i], _ = stream.Result()
			if answers[i].Text != text.String() {
				t.Errorf("pieces make %q, the result is %q", &text, answers[i].Text)
			}
		})
	}
	all.Wait()
	for i, prompt := range prompts {
		check(t, session.SetMessages([]tlite.Message{tlite.User(prompt)}))
		alone := must(session.Reply(t.Context()).Result())(t)
		wantEqual(t, answers[i].Text, alone.Text)
		wantEqual(t, answers[i].FinishReason, alone.FinishReason)
	}
}

func TestEngineRequests(t *testing.T) {
	engine := newEngine(t, &tlite.EngineOptions{Context: 2048, MaxSequences: 2, MaxDelay: 10 * time.Millisecond})
	options := must(engine.Options())(t)
	wantEqual(t, options.MaxDelay, 10*time.Millisecond)
	wantEqual(t, options.MaxSequences, 2)
	tokenizer := must(sharedModel(t).Tokenizer())(t)
	ids := must(tokenizer.Encode("Привет", nil))(t)
	a := must(engine.SubmitTokens(t.Context(), ids, &tlite.RequestOptions{Sampling: endless(30), Priority: 1}))(t)
	b := must(engine.SubmitText(t.Context(), "Привет", &tlite.RequestOptions{Sampling: endless(30)}))(t)
	check(t, b.SetPriority(5))
	wantError(t, b.SetPriority(1<<40), tlite.ErrInvalidArgument, "priority")
	wantEqual(t, must(a.Result())(t).Text, must(b.Result())(t).Text)
	late := must(engine.SubmitText(t.Context(), "a", &tlite.RequestOptions{Sampling: endless(1000), Timeout: time.Millisecond}))(t)
	wantEqual(t, must(late.Result())(t).FinishReason, tlite.FinishDeadline)
	waitIdle(t, engine)
	session := must(engine.NewSession(&tlite.SessionOptions{Context: 256, Sampling: greedy(10)}))(t)
	defer session.Close()
	must(session.Complete(t.Context(), "a").Result())(t)
	wantError(t, session.Complete(t.Context(), "a").SetPriority(1), tlite.ErrBadState)
}

func TestEngineCancel(t *testing.T) {
	engine := newEngine(t, &tlite.EngineOptions{Context: 16384})
	request := &tlite.RequestOptions{Sampling: endless(7000)}
	ctx, cancel := context.WithCancel(t.Context())
	stream := must(engine.SubmitText(ctx, "a", request))(t)
	must(stream.Next())(t)
	cancel()
	_, err := stream.Next()
	wantError(t, err, tlite.ErrCancelled)
	answer, err := stream.Result()
	wantError(t, err, tlite.ErrCancelled)
	wantEqual(t, answer.FinishReason, tlite.FinishCancelled)

	// A request that nobody reads ends with its context, too, and what is dropped is collected.
	ctx, cancel = context.WithCancel(t.Context())
	unread := must(engine.SubmitText(ctx, "a", request))(t)
	cancel()
	waitIdle(t, engine)
	unread.Close()
	func() { must(must(engine.SubmitText(t.Context(), "a", request))(t).Next())(t) }()
	for range 2000 {
		runtime.GC()
		time.Sleep(time.Millisecond)
		if status := must(engine.Status())(t); status.Running+status.Waiting == 0 {
			return
		}
	}
	t.Error("a request that nobody has any more goes on")
}

func TestEngineCancelInAPrompt(t *testing.T) {
	engine := newEngine(t, &tlite.EngineOptions{Context: 8192 + 512})
	ctx, cancel := context.WithCancel(t.Context())
	stream := must(engine.SubmitTokens(ctx, someTokens(8192), nil))(t)
	time.AfterFunc(30*time.Millisecond, cancel)
	_, err := stream.Next()
	wantError(t, err, tlite.ErrCancelled)
	answer, _ := stream.Result()
	wantEqual(t, len(answer.Tokens), 0)
}

func TestEngineClose(t *testing.T) {
	before := runtime.NumGoroutine()
	engine := newEngine(t, nil)
	var streams []*tlite.Stream
	for range 20 {
		streams = append(streams, must(engine.SubmitText(t.Context(), "a", &tlite.RequestOptions{Sampling: endless(5000)}))(t))
	}
	must(streams[0].Next())(t)
	check(t, engine.Close())
	for _, stream := range streams {
		_, err := stream.Result()
		wantError(t, err, tlite.ErrBadState, "the engine is closed")
	}
	waitForGoroutines(t, before)
}

func TestBadRequests(t *testing.T) {
	engine := newEngine(t, &tlite.EngineOptions{Context: 256})
	submit := func(opts tlite.RequestOptions) error {
		_, err := engine.SubmitText(t.Context(), "a", &opts)
		return err
	}
	wantError(t, submit(tlite.RequestOptions{Context: -2}), tlite.ErrInvalidArgument, "context is -2")
	wantError(t, submit(tlite.RequestOptions{Timeout: -time.Second}), tlite.ErrInvalidArgument, "timeout_milliseconds")
	wantError(t, submit(tlite.RequestOptions{Priority: 1 << 40}), tlite.ErrInvalidArgument, "priority")
	wantError(t, submit(tlite.RequestOptions{Sampling: &tlite.Sampling{Temperature: tlite.Ptr(-1.0)}}), tlite.ErrInvalidArgument, "temperature is -1")
	_, err := engine.SubmitTokens(t.Context(), nil, nil)
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = engine.SubmitMessages(t.Context(), nil, nil)
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = engine.SubmitTokens(t.Context(), someTokens(1000), nil)
	wantError(t, err, tlite.ErrContextFull)
	_, err = engine.SubmitText(cancelled(t), "a", nil)
	wantError(t, err, tlite.ErrCancelled)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is not the context's", err)
	}
	_, err = sharedModel(t).NewEngine(&tlite.EngineOptions{MaxSequences: -1})
	wantError(t, err, tlite.ErrInvalidArgument, "max_sequences")
	waitIdle(t, engine)
}
