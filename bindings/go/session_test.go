package tlite_test

import (
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"libtlite.org/tlite"
)

func TestReply(t *testing.T) {
	session := newSession(t, &tlite.SessionOptions{Sampling: greedy(200)})
	check(t, session.AddUser(question))
	var text strings.Builder
	stream := session.Reply(t.Context())
	for piece, err := range stream.Pieces() {
		check(t, err)
		text.WriteString(piece.Text)
	}
	answer := must(stream.Result())(t)
	wantEqual(t, answer.Text, text.String())
	wantEqual(t, answer.FinishReason, tlite.FinishEndOfText)
	if len(answer.Tokens) < 20 || answer.PromptTokens < 10 || !strings.Contains(answer.Text, "\n") {
		t.Errorf("no poem: %+v", answer)
	}
	messages := must(session.Messages())(t)
	if last := messages[len(messages)-1]; last.Role != tlite.RoleAssistant || last.Content != answer.Text {
		t.Errorf("the answer was not added: %+v", messages)
	}

	again := must(session.Regenerate(t.Context()).Result())(t)
	wantEqual(t, again.Text, answer.Text)
	if again.CachedTokens == 0 {
		t.Error("nothing was taken from the cache")
	}
	check(t, session.Rewind(len(messages)-1))
	check(t, session.SetSampling(greedy(5)))
	short := must(session.Reply(t.Context()).Result())(t)
	wantEqual(t, short.FinishReason, tlite.FinishLength)
	check(t, session.SetSampling(greedy(200)))
	rest := must(session.Continue(t.Context()).Result())(t)
	wantEqual(t, short.Text+rest.Text, answer.Text)
}

func TestStreamForms(t *testing.T) {
	session := newSession(t, &tlite.SessionOptions{Sampling: greedy(40)})
	read := map[string]func(*tlite.Stream) string{
		"Next": func(s *tlite.Stream) string {
			text := ""
			for {
				piece, err := s.Next()
				if err == io.EOF {
					return text
				}
				check(t, err)
				text += piece.Text
			}
		},
		"Text": func(s *tlite.Stream) string {
			text := ""
			for part, err := range s.Text() {
				check(t, err)
				text += part
			}
			return text
		},
		"Chan": func(s *tlite.Stream) string {
			text := ""
			for piece := range s.Chan() {
				text += piece.Text
			}
			must(s.Result())(t)
			return text
		},
		"Result": func(s *tlite.Stream) string { return must(s.Result())(t).Text },
	}
	want := must(session.Complete(t.Context(), question).Result())(t).Text
	if want == "" {
		t.Fatal("no text")
	}
	for name, form := range read {
		stream := session.Complete(t.Context(), question)
		wantEqual(t, form(stream), want)
		if _, err := stream.Next(); err != io.EOF {
			t.Errorf("%s: after the end comes %v", name, err)
		}
		check(t, stream.Close())
		if _, err := stream.Next(); err != io.EOF {
			t.Errorf("%s: after Close comes %v", name, err)
		}
	}
}

func TestLeavingALoopEndsTheAnswer(t *testing.T) {
	session := newSession(t, &tlite.SessionOptions{Sampling: endless(100)})
	check(t, session.AddUser(question))
	stream := session.Reply(t.Context())
	seen := 0
	for _, err := range stream.Pieces() {
		check(t, err)
		if seen++; seen == 5 {
			break
		}
	}
	answer := must(stream.Result())(t)
	wantEqual(t, answer.FinishReason, tlite.FinishCancelled)
	if len(answer.Tokens) < 5 || len(answer.Tokens) > 7 {
		t.Errorf("%d tokens after 5 pieces", len(answer.Tokens))
	}
	messages := must(session.Messages())(t)
	wantEqual(t, messages[len(messages)-1].Content, answer.Text)
	_, err := stream.Next()
	wantError(t, err, tlite.ErrBadState, "closed")
	// No cancel is left for the next one.
	wantEqual(t, must(session.Complete(t.Context(), "a").Result())(t).FinishReason, tlite.FinishLength)
}

func TestPanicInALoop(t *testing.T) {
	session := newSession(t, &tlite.SessionOptions{Sampling: endless(50)})
	func() {
		defer func() { wantEqual(t, recover(), any("out")) }()
		for range session.Complete(t.Context(), "a").Pieces() {
			panic("out")
		}
	}()
	wantEqual(t, must(session.Complete(t.Context(), "a").Result())(t).FinishReason, tlite.FinishLength)
	engine := newEngine(t, nil)
	func() {
		defer func() { wantEqual(t, recover(), any("out")) }()
		stream := must(engine.SubmitText(t.Context(), "a", &tlite.RequestOptions{Sampling: endless(50)}))(t)
		for range stream.Pieces() {
			panic("out")
		}
	}()
	waitIdle(t, engine)
}

func TestASessionIsForOneAtATime(t *testing.T) {
	session := newSession(t, &tlite.SessionOptions{Sampling: endless(20)})
	for _, err := range session.Complete(t.Context(), "a").Pieces() {
		check(t, err)
		wantError(t, session.AddUser("x"), tlite.ErrBadState, "in use")
		_, err = session.Complete(t.Context(), "b").Next()
		wantError(t, err, tlite.ErrBadState, "in use")
		break
	}
	check(t, session.AddUser("x"))
}

func TestCancelInAnAnswer(t *testing.T) {
	session := newSession(t, &tlite.SessionOptions{Sampling: endless(1000)})
	check(t, session.AddUser(question))
	cause := errors.New("the user has gone")
	ctx, cancel := context.WithCancelCause(t.Context())
	stream := session.Reply(ctx)
	must(stream.Next())(t)
	cancel(cause)
	_, err := stream.Next()
	wantError(t, err, tlite.ErrCancelled, "the user has gone")
	if !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("%v is not the context's", err)
	}
	answer, err := stream.Result()
	wantError(t, err, tlite.ErrCancelled)
	wantEqual(t, answer.FinishReason, tlite.FinishCancelled)
	wantEqual(t, len(must(session.Messages())(t)), 2)

	ctx, stop := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer stop()
	_, err = session.Complete(ctx, "a").Result()
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

// A prompt of thousands of tokens takes the demo model a second; positions beyond those that it
// was trained on make no difference.
func TestCancelInAPrompt(t *testing.T) {
	session := newSession(t, &tlite.SessionOptions{Context: 8192 + 16})
	ctx, cancel := context.WithCancel(t.Context())
	stream := session.CompleteTokens(ctx, someTokens(8192))
	var at time.Time
	timer := time.AfterFunc(30*time.Millisecond, func() {
		at = time.Now()
		cancel()
	})
	defer timer.Stop()
	_, err := stream.Next()
	took := time.Since(at)
	wantError(t, err, tlite.ErrCancelled)
	t.Logf("%v after the cancel", took)
	done, total := session.PrefillProgress()
	if done >= total && total != 0 {
		t.Errorf("the prompt was finished: %d of %d", done, total)
	}
	answer, _ := stream.Result()
	wantEqual(t, len(answer.Tokens), 0)
	wantEqual(t, answer.FinishReason, tlite.FinishCancelled)
}

func TestCloseStopsAnAnswer(t *testing.T) {
	model := sharedModel(t)
	session := must(model.NewSession(&tlite.SessionOptions{Context: 8192 + 16}))(t)
	stream := session.CompleteTokens(t.Context(), someTokens(8192))
	time.AfterFunc(20*time.Millisecond, func() { session.Close() })
	_, err := stream.Next()
	wantError(t, err, tlite.ErrBadState, "the session is closed")
	_, err = session.Messages()
	wantError(t, err, tlite.ErrBadState, "the session is closed")

	session = must(model.NewSession(&tlite.SessionOptions{Context: 8192 + 16}))(t)
	defer session.Close()
	stream = session.CompleteTokens(t.Context(), someTokens(8192))
	time.AfterFunc(20*time.Millisecond, func() { stream.Close() })
	_, err = stream.Next()
	wantError(t, err, tlite.ErrBadState, "the stream is closed")
	check(t, session.AddUser("x"))
}

func TestAStreamThatIsDropped(t *testing.T) {
	session := newSession(t, &tlite.SessionOptions{Sampling: endless(100)})
	func() { must(session.Complete(t.Context(), "a").Next())(t) }()
	for deadline := time.Now().Add(10 * time.Second); ; {
		runtime.GC()
		err := session.Reset()
		if err == nil {
			break
		}
		wantError(t, err, tlite.ErrBadState)
		if time.Now().After(deadline) {
			t.Fatal("the stream was not collected")
		}
		time.Sleep(time.Millisecond)
	}
}

// A session, and the model below it, that nobody else has, in a loop: collected too early, it would
// be closed under its stream.
func TestAStreamKeepsItsSession(t *testing.T) {
	stream := func() *tlite.Stream {
		model := newModel(t)
		return must(model.NewSession(&tlite.SessionOptions{Sampling: endless(200)}))(t).Complete(t.Context(), "a")
	}()
	count := 0
	for _, err := range stream.Pieces() {
		check(t, err)
		if count++; count%20 == 0 {
			runtime.GC()
			time.Sleep(time.Millisecond) // cleanups run on a goroutine
		}
	}
	wantEqual(t, must(stream.Result())(t).FinishReason, tlite.FinishLength)
}

func TestConversation(t *testing.T) {
	session := newSession(t, &tlite.SessionOptions{Context: 1000, KVType: tlite.DataTypeF32,
		Overflow: tlite.OverflowDropOldest, Sampling: greedy(10)})
	check(t, session.AddSystem("Ты — помощник."))
	check(t, session.AddUser("Привет!"))
	call := tlite.Message{Role: tlite.RoleAssistant, ToolCalls: []tlite.ToolCall{{Name: "now", Arguments: `{"zone": "UTC"}`}}}
	check(t, session.AddMessage(call))
	check(t, session.AddMessage(tlite.Message{Role: tlite.RoleTool, Content: "12:00"}))
	messages := must(session.Messages())(t)
	wantEqual(t, len(messages), 4)
	wantEqual(t, messages[2].ToolCalls[0].Name, "now")
	twin := must(session.Fork())(t)
	defer twin.Close()
	check(t, session.Reset())
	wantEqual(t, len(must(session.Messages())(t)), 0)
	wantEqual(t, len(must(twin.Messages())(t)), 4)
	check(t, session.SetMessages(messages[:2]))
	if tokens := must(session.CountPromptTokens())(t); tokens < 10 {
		t.Errorf("%d tokens", tokens)
	}
	options := must(session.Options())(t)
	wantEqual(t, options.Context, 1000)
	wantEqual(t, options.KVType, tlite.DataTypeF32)
	wantEqual(t, options.Overflow, tlite.OverflowDropOldest)
	wantEqual(t, *must(session.Sampling())(t).MaxNewTokens, 10)
	check(t, session.SetSampling(nil))
	wantEqual(t, *must(session.Sampling())(t).MaxNewTokens, *must(sharedModel(t).DefaultSampling())(t).MaxNewTokens)
}

func TestLogprobs(t *testing.T) {
	sampling := greedy(8)
	sampling.Logprobs = tlite.Ptr(3)
	session := newSession(t, &tlite.SessionOptions{Sampling: sampling})
	check(t, session.AddUser(question))
	stream := session.Reply(t.Context())
	for piece, err := range stream.Pieces() {
		check(t, err)
		if piece.Token == tlite.NoToken {
			continue
		}
		wantEqual(t, piece.Logprob.Token, piece.Token)
		wantEqual(t, piece.Logprob.Rank, 1)
		wantEqual(t, len(piece.TopLogprobs), 3)
	}
	answer := must(stream.Result())(t)
	wantEqual(t, len(answer.Logprobs), len(answer.Tokens))
	wantEqual(t, len(answer.TopLogprobs), len(answer.Tokens))
	tokenizer := must(sharedModel(t).Tokenizer())(t)
	for i, token := range answer.Tokens {
		wantEqual(t, answer.TopLogprobs[i][0].Token, token)
		if !slices.Equal(answer.Logprobs[i].Bytes, must(tokenizer.TokenBytes(token))(t)) {
			t.Errorf("the bytes of token %d differ", token)
		}
	}
}

func TestStopStrings(t *testing.T) {
	session := newSession(t, &tlite.SessionOptions{Sampling: greedy(200)})
	check(t, session.AddUser(question))
	whole := must(session.Reply(t.Context()).Result())(t)
	line, _, _ := strings.Cut(whole.Text, "\n")
	sampling := greedy(200)
	sampling.Stop = []string{"never said", "\n"}
	check(t, session.SetSampling(sampling))
	answer := must(session.Regenerate(t.Context()).Result())(t)
	wantEqual(t, answer.Text, line)
	wantEqual(t, answer.StopString, "\n")
	wantEqual(t, answer.FinishReason, tlite.FinishStopString)
	runtime.KeepAlive(session)
}

func TestBadSessions(t *testing.T) {
	model := sharedModel(t)
	tests := []struct {
		options tlite.SessionOptions
		code    tlite.Code
		part    string
	}{
		{tlite.SessionOptions{Context: -5}, tlite.ErrInvalidArgument, "context"},
		{tlite.SessionOptions{Context: 1 << 40}, tlite.ErrInvalidArgument, "context is 1099511627776"},
		{tlite.SessionOptions{KVType: tlite.DataTypeQ4_K}, tlite.ErrNotSupported, "q4_k"},
		{tlite.SessionOptions{KVType: 99}, tlite.ErrInvalidArgument, "kv_type"},
		{tlite.SessionOptions{Overflow: 99}, tlite.ErrInvalidArgument, "overflow"},
		{tlite.SessionOptions{Sampling: &tlite.Sampling{TopP: tlite.Ptr(2.0)}}, tlite.ErrInvalidArgument, "top_p is 2"},
		{tlite.SessionOptions{Sampling: &tlite.Sampling{TopK: tlite.Ptr(1 << 40)}}, tlite.ErrInvalidArgument, "top_k is 1099511627776"},
		{tlite.SessionOptions{Sampling: &tlite.Sampling{Stop: []string{""}}}, tlite.ErrInvalidArgument, "stop"},
	}
	for _, test := range tests {
		_, err := model.NewSession(&test.options)
		wantError(t, err, test.code, test.part)
	}
	session := newSession(t, &tlite.SessionOptions{Context: 64})
	_, err := session.Reply(t.Context()).Result()
	wantError(t, err, tlite.ErrInvalidArgument)
	wantError(t, session.Rewind(-1), tlite.ErrInvalidArgument)
	wantError(t, session.Rewind(5), tlite.ErrInvalidArgument)
	_, err = session.Regenerate(t.Context()).Next()
	wantError(t, err, tlite.ErrBadState)
	_, err = session.CompleteTokens(t.Context(), someTokens(100)).Next()
	wantError(t, err, tlite.ErrContextFull)
	_, err = session.CompleteTokens(t.Context(), nil).Next()
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = session.CompleteTokens(t.Context(), []int32{-1}).Next()
	wantError(t, err, tlite.ErrInvalidArgument)
	check(t, session.SetMessages(nil))
	err = session.AddMessage(tlite.Message{Role: tlite.RoleAssistant,
		ToolCalls: []tlite.ToolCall{{Name: "f", Arguments: "not JSON"}}})
	wantError(t, err, tlite.ErrInvalidArgument, "tool_calls[0].arguments")
	wantEqual(t, len(must(session.Messages())(t)), 0)
}

func TestInvalidUTF8(t *testing.T) {
	session := newSession(t, &tlite.SessionOptions{Sampling: greedy(5)})
	for _, text := range []string{"\xff\xfe", "a\xd0", "\xed\xa0\x80", "nul\x00nul"} {
		if err := session.AddUser(text); err != nil {
			wantError(t, err, tlite.ErrInvalidArgument)
			continue
		}
		must(session.Reply(t.Context()).Result())(t)
		must(session.Complete(t.Context(), text).Result())(t)
	}
}
