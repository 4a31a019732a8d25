package tlite_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
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
	b.EndThinking() // it does not think, and says what a says
	wantError(t, b.SetPriority(1<<40), tlite.ErrInvalidArgument, "priority")
	wantEqual(t, must(a.Result())(t).Text, must(b.Result())(t).Text)
	late := must(engine.SubmitText(t.Context(), "a", &tlite.RequestOptions{Sampling: endless(1000), Timeout: time.Millisecond}))(t)
	wantEqual(t, must(late.Result())(t).FinishReason, tlite.FinishDeadline)
	waitIdle(t, engine)
	session := must(engine.NewSession(&tlite.SessionOptions{Context: 256, Sampling: greedy(10)}))(t)
	defer session.Close()
	spoken := session.Complete(t.Context(), "a")
	spoken.EndThinking()
	must(spoken.Result())(t)
	spoken.EndThinking()
	(&tlite.Stream{}).EndThinking()
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

func TestManyAnswersToOnePrompt(t *testing.T) {
	engine := newEngine(t, nil)
	sampling := endless(20)
	sampling.Temperature, sampling.Seed = tlite.Ptr(1.5), tlite.Ptr(uint64(7))
	request := &tlite.RequestOptions{Sampling: sampling}
	answers := map[string]bool{}
	for i, stream := range must(engine.SubmitTextN(t.Context(), "Привет", 4, request))(t) {
		answer := must(stream.Result())(t)
		answers[answer.Text] = true
		alone := *sampling
		alone.Seed = tlite.Ptr(uint64(7 + i))
		same := must(engine.SubmitText(t.Context(), "Привет", &tlite.RequestOptions{Sampling: &alone}))(t)
		wantEqual(t, must(same.Result())(t).Text, answer.Text)
	}
	wantEqual(t, len(answers), 4)
	ids := must(must(sharedModel(t).Tokenizer())(t).Encode("a", nil))(t)
	wantEqual(t, len(must(engine.SubmitTokensN(t.Context(), ids, 2, nil))(t)), 2) // for the garbage collector
	for _, stream := range must(engine.SubmitMessagesN(t.Context(), []tlite.Message{tlite.User("a")}, 2, nil))(t) {
		check(t, stream.Close())
	}
	for _, n := range []int{0, -3, 1025, 1 << 40} {
		_, err := engine.SubmitTextN(t.Context(), "a", n, nil)
		wantError(t, err, tlite.ErrInvalidArgument, "n is")
	}
}

func TestPromptLogprobs(t *testing.T) {
	engine := newEngine(t, nil)
	ids := must(must(sharedModel(t).Tokenizer())(t).Encode(question, nil))(t)
	stream := must(engine.SubmitTokens(t.Context(), ids, &tlite.RequestOptions{Sampling: greedy(1),
		PromptLogprobs: tlite.Ptr(2), PromptLogprobsStart: 3}))(t)
	result := must(stream.Result())(t)
	wantEqual(t, result.PromptLogprobsStart, 3)
	wantEqual(t, len(result.PromptLogprobs), len(ids)-3)
	for i, logprob := range result.PromptLogprobs {
		wantEqual(t, logprob.Token, ids[3+i])
		wantEqual(t, len(result.PromptTopLogprobs[i]), 2)
	}
	_, err := engine.SubmitTokens(t.Context(), ids, &tlite.RequestOptions{PromptLogprobs: tlite.Ptr(100)})
	wantError(t, err, tlite.ErrInvalidArgument, "prompt_logprobs")
}

func TestEmbeddings(t *testing.T) {
	engine := newEngine(t, nil)
	texts := []string{"Столица Франции", "Столица Германии", "Напиши стих"}
	size := sharedModel(t).Info().HiddenSize
	cosine := func(a, b []float32) (sum float64) {
		for i := range a {
			sum += float64(a[i]) * float64(b[i])
		}
		return sum
	}
	for _, pooling := range []tlite.Pooling{tlite.PoolingNone, tlite.PoolingLast, tlite.PoolingMean, tlite.PoolingCLS} {
		embeddings := must(engine.Embed(t.Context(), texts, &tlite.EmbedOptions{Pooling: pooling}))(t)
		wantEqual(t, len(embeddings), 3)
		for _, embedding := range embeddings {
			wantEqual(t, len(embedding), size)
			if length := cosine(embedding, embedding); length < 0.999 || length > 1.001 {
				t.Errorf("%v: length %v", pooling, length)
			}
		}
		if pooling == tlite.PoolingMean && cosine(embeddings[0], embeddings[1]) <= cosine(embeddings[0], embeddings[2]) {
			t.Error("capitals are farther from each other than from a poem")
		}
	}
	// The evaluator's hidden state of the last token is what PoolingLast is made of.
	raw := must(engine.Embed(t.Context(), texts[:1], &tlite.EmbedOptions{WithoutNormalizing: true}))(t)[0]
	evaluator := must(sharedModel(t).NewEvaluator(&tlite.EvaluatorOptions{Context: 64, MaxHiddenRows: 1}))(t)
	defer evaluator.Close()
	sequence := must(evaluator.NewSequence())(t)
	var rows []tlite.BatchRow
	for i, id := range must(must(sharedModel(t).Tokenizer())(t).Encode(texts[0], nil))(t) {
		rows = append(rows, tlite.BatchRow{Token: id, Sequence: sequence, Position: int32(i)})
	}
	rows[len(rows)-1].WantsHidden = true
	check(t, evaluator.Evaluate(t.Context(), rows))
	wantEqual(t, evaluator.HiddenRows(), 1)
	if !slices.Equal(must(evaluator.Hidden(nil, 0))(t), raw) {
		t.Error("an embedding and a hidden state differ")
	}
	_, err := evaluator.Hidden(nil, 1)
	wantError(t, err, tlite.ErrInvalidArgument)

	wantEqual(t, len(must(engine.Embed(t.Context(), nil, nil))(t)), 0)
	_, err = engine.Embed(cancelled(t), texts, nil)
	wantError(t, err, tlite.ErrCancelled)
	_, err = engine.Embed(t.Context(), texts, &tlite.EmbedOptions{Pooling: 99})
	wantError(t, err, tlite.ErrInvalidArgument, "pooling")
	without := newEngine(t, &tlite.EngineOptions{Context: 256, WithoutEmbeddings: true})
	_, err = without.Embed(t.Context(), texts, nil)
	if err == nil {
		t.Error("an embedding of an engine that has none")
	}
}

func TestBeamSearch(t *testing.T) {
	engine := newEngine(t, nil)
	ids := must(must(sharedModel(t).Tokenizer())(t).Encode("Столица Франции — ", nil))(t)
	for _, scoring := range []tlite.BeamScoring{tlite.ScoringHuggingFace, tlite.ScoringVLLM} {
		beams := must(engine.BeamSearch(t.Context(), ids, tlite.BeamOptions{BeamWidth: 3, MaxNewTokens: 8, Scoring: scoring}))(t)
		wantEqual(t, len(beams), 3)
		for i, beam := range beams {
			if len(beam.Tokens) == 0 || beam.Logprob >= 0 || i > 0 && beam.Score > beams[i-1].Score {
				t.Errorf("%+v", beams)
			}
		}
	}
	_, err := engine.BeamSearch(t.Context(), ids, tlite.BeamOptions{})
	wantError(t, err, tlite.ErrInvalidArgument, "max_new_tokens")
	_, err = engine.BeamSearch(t.Context(), nil, tlite.BeamOptions{MaxNewTokens: 5})
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = engine.BeamSearch(cancelled(t), ids, tlite.BeamOptions{MaxNewTokens: 5})
	wantError(t, err, tlite.ErrCancelled)
	ctx, cancel := contextAfter(t, 20*time.Millisecond)
	defer cancel()
	_, err = engine.BeamSearch(ctx, ids, tlite.BeamOptions{BeamWidth: 16, MaxNewTokens: 900, IgnoreEOS: true})
	wantError(t, err, tlite.ErrCancelled, "deadline")
	var told int64
	must(engine.BeamSearch(t.Context(), ids, tlite.BeamOptions{MaxNewTokens: 5, IgnoreEOS: true,
		Progress: func(done, total int64) { told = done; wantEqual(t, total, 5) }}))(t)
	wantEqual(t, told, 5)
	check(t, engine.Close())
	_, err = engine.BeamSearch(t.Context(), ids, tlite.BeamOptions{MaxNewTokens: 5})
	wantError(t, err, tlite.ErrBadState, "is closed")
}

// What was computed of the prompt stays in the prefix cache: not all of it.
func TestBeamSearchStopsInAPrompt(t *testing.T) {
	engine := newEngine(t, &tlite.EngineOptions{Context: 8192 + 512})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var at time.Time
	timer := time.AfterFunc(30*time.Millisecond, func() {
		at = time.Now()
		cancel()
	})
	defer timer.Stop()
	_, err := engine.BeamSearch(ctx, someTokens(8192), tlite.BeamOptions{MaxNewTokens: 4})
	t.Logf("%v after the cancel", time.Since(at))
	wantError(t, err, tlite.ErrCancelled)
	if status := must(engine.Status())(t); status.CachedTokens >= 8192 || status.Running != 0 {
		t.Errorf("the prompt was finished: %+v", status)
	}
	wantEqual(t, len(must(engine.BeamSearch(t.Context(), someTokens(3), tlite.BeamOptions{MaxNewTokens: 2, NumReturn: 1}))(t)), 1)
}
