package tlite_test

import (
	"reflect"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"libtlite.org/tlite"
)

// Each object with what can be asked of it.
func objects(t testing.TB, model *tlite.Model) map[interface{ Close() error }]map[string]func() error {
	session := must(model.NewSession(nil))(t)
	engine := must(model.NewEngine(&tlite.EngineOptions{Context: 1024}))(t)
	tokenizer := must(model.Tokenizer())(t)
	template := must(model.ChatTemplate())(t)
	evaluator := must(model.NewEvaluator(&tlite.EvaluatorOptions{Context: 256}))(t)
	sampler := must(model.NewSampler(nil))(t)
	matcher := must(tlite.NewStopMatcher([]string{"x"}, false))(t)
	decoder := must(tokenizer.NewStreamDecoder(nil))(t)
	return callsOf(t, model, session, engine, tokenizer, template, evaluator, sampler, matcher, decoder)
}

func callsOf(t testing.TB, model *tlite.Model, session *tlite.Session, engine *tlite.Engine, tokenizer *tlite.Tokenizer,
	template *tlite.ChatTemplate, evaluator *tlite.Evaluator, sampler *tlite.Sampler,
	matcher *tlite.StopMatcher, decoder *tlite.StreamDecoder) map[interface{ Close() error }]map[string]func() error {
	ctx := t.Context()
	logits := make([]float32, model.VocabSize())
	ids := someTokens(3)
	second := func(_ any, err error) error { return err }
	return map[interface{ Close() error }]map[string]func() error{
		model: {
			"NewSession":      func() error { return second(model.NewSession(nil)) },
			"NewEngine":       func() error { return second(model.NewEngine(&tlite.EngineOptions{Context: 256})) },
			"NewEvaluator":    func() error { return second(model.NewEvaluator(&tlite.EvaluatorOptions{Context: 64})) },
			"NewSampler":      func() error { return second(model.NewSampler(nil)) },
			"Tokenizer":       func() error { return second(model.Tokenizer()) },
			"ChatTemplate":    func() error { return second(model.ChatTemplate()) },
			"DefaultSampling": func() error { return second(model.DefaultSampling()) },
			"Validate":        func() error { return (&tlite.Sampling{}).Validate(model) },
		},
		session: {
			"AddUser":           func() error { return session.AddUser("x") },
			"AddSystem":         func() error { return session.AddSystem("x") },
			"Messages":          func() error { return second(session.Messages()) },
			"SetMessages":       func() error { return session.SetMessages(nil) },
			"SetSampling":       func() error { return session.SetSampling(greedy(2)) },
			"Sampling":          func() error { return second(session.Sampling()) },
			"Options":           func() error { return second(session.Options()) },
			"Fork":              func() error { return second(session.Fork()) },
			"Rewind":            func() error { return session.Rewind(0) },
			"Reset":             func() error { return session.Reset() },
			"CountPromptTokens": func() error { return second(session.CountPromptTokens()) },
			"Complete":          func() error { return second(session.Complete(ctx, "x").Next()) },
			"CompleteTokens":    func() error { return second(session.CompleteTokens(ctx, ids).Next()) },
		},
		engine: {
			"SubmitText":   func() error { return second(engine.SubmitText(ctx, "x", &tlite.RequestOptions{Sampling: greedy(3)})) },
			"SubmitTokens": func() error { return second(engine.SubmitTokens(ctx, ids, &tlite.RequestOptions{Sampling: greedy(3)})) },
			"SubmitMessages": func() error {
				return second(engine.SubmitMessages(ctx, []tlite.Message{tlite.User("x")}, &tlite.RequestOptions{Sampling: greedy(3)}))
			},
			"NewSession": func() error { return second(engine.NewSession(nil)) },
			"Status":     func() error { return second(engine.Status()) },
			"Options":    func() error { return second(engine.Options()) },
		},
		tokenizer: {
			"Encode":           func() error { return second(tokenizer.Encode("x", nil)) },
			"Decode":           func() error { return second(tokenizer.Decode(ids, nil)) },
			"TokenBytes":       func() error { return second(tokenizer.TokenBytes(5)) },
			"TokenID":          func() error { return second(tokenizer.TokenID("<|im_end|>")) },
			"NewStreamDecoder": func() error { return second(tokenizer.NewStreamDecoder(nil)) },
		},
		template: {
			"Render":     func() error { return second(template.Render([]tlite.Message{tlite.User("x")}, nil)) },
			"RenderJSON": func() error { return second(template.RenderJSON(`[{"role": "user", "content": "x"}]`, nil)) },
		},
		evaluator: {
			"NewSequence": func() error { return second(evaluator.NewSequence()) },
			"Append":      func() error { return evaluator.Append(ctx, 0, ids) },
			"Evaluate": func() error {
				return evaluator.Evaluate(ctx, []tlite.BatchRow{{Token: 5, Position: 3, WantsLogits: true}})
			},
			"Len":             func() error { return second(evaluator.Len(0)) },
			"Logits":          func() error { return second(evaluator.Logits(nil, 0)) },
			"Fork":            func() error { return second(evaluator.Fork(0, -1)) },
			"Truncate":        func() error { return evaluator.Truncate(0, 0) },
			"Options":         func() error { return second(evaluator.Options()) },
			"DestroySequence": func() error { return evaluator.DestroySequence(0) },
		},
		sampler: {
			"EndThinking":   func() error { return sampler.EndThinking() },
			"ObservePrompt": func() error { return sampler.ObservePrompt(ids) },
			"Sample":        func() error { return second(sampler.Sample(logits, nil)) },
			"Accept":        func() error { return sampler.Accept(3) },
			"Reset":         func() error { return sampler.Reset() },
		},
		matcher: {
			"Push":  func() error { _, _, err := matcher.Push("x"); return err },
			"Flush": func() error { return second(matcher.Flush()) },
		},
		decoder: {
			"Push":   func() error { return second(decoder.Push(5)) },
			"Finish": func() error { return second(decoder.Finish()) },
		},
	}
}

func TestUseAfterClose(t *testing.T) {
	model := newModel(t)
	for object, calls := range objects(t, model) {
		check(t, object.Close())
		check(t, object.Close())
		for name, call := range calls {
			err := call()
			if err == nil {
				t.Errorf("%T.%s works after Close", object, name)
				continue
			}
			wantError(t, err, tlite.ErrBadState, "is closed")
		}
	}
	// What has no error to give.
	wantEqual(t, model.VocabSize(), 2560)
	wantEqual(t, model.CPUTier(), "")
	wantEqual(t, model.DecodeBytes(), 0)
}

func TestZeroValues(t *testing.T) {
	for object, calls := range callsOf(t, &tlite.Model{}, &tlite.Session{}, &tlite.Engine{}, &tlite.Tokenizer{},
		&tlite.ChatTemplate{}, &tlite.Evaluator{}, &tlite.Sampler{}, &tlite.StopMatcher{}, &tlite.StreamDecoder{}) {
		for name, call := range calls {
			err := call()
			if err == nil {
				t.Errorf("%T.%s works on a zero value", object, name)
				continue
			}
			wantError(t, err, tlite.ErrBadState, "zero value")
		}
		check(t, object.Close())
	}
	stream := &tlite.Stream{}
	_, err := stream.Next()
	wantError(t, err, tlite.ErrBadState, "zero value")
	_, err = stream.Result()
	wantError(t, err, tlite.ErrBadState, "zero value")
	for range stream.Chan() {
		t.Error("a piece of a zero value")
	}
	check(t, stream.Close())
}

// Every call on every object, from two goroutines and closed by two more meanwhile. Calls answer,
// with an error or without.
func TestUseFromManyGoroutines(t *testing.T) {
	for range 5 {
		model := newModel(t)
		for object, calls := range objects(t, model) {
			var all group
			var ready atomic.Bool
			for range 2 {
				all.run(func() {
					for !ready.Load() {
						runtime.Gosched()
					}
					for name, call := range calls {
						if err := call(); err != nil && reflect.TypeOf(err) != reflect.TypeOf(&tlite.Error{}) {
							t.Errorf("%T.%s: %v", object, name, err)
						}
					}
				})
				all.run(func() {
					for !ready.Load() {
						runtime.Gosched()
					}
					time.Sleep(200 * time.Microsecond)
					object.Close()
				})
			}
			ready.Store(true)
			all.Wait()
		}
	}
}

func TestObjectsKeepWhatTheyNeed(t *testing.T) {
	model := newModel(t)
	session := must(model.NewSession(&tlite.SessionOptions{Sampling: greedy(5)}))(t)
	defer session.Close()
	engine := must(model.NewEngine(&tlite.EngineOptions{Context: 512}))(t)
	onEngine := must(engine.NewSession(nil))(t)
	defer onEngine.Close()
	tokenizer := must(model.Tokenizer())(t)
	model.Close()
	must(session.Complete(t.Context(), "a").Result())(t)
	stream := must(engine.SubmitText(t.Context(), "a", &tlite.RequestOptions{Sampling: greedy(5)}))(t)
	must(stream.Result())(t)
	engine.Close()
	check(t, onEngine.SetSampling(greedy(5)))
	must(onEngine.Complete(t.Context(), "a").Result())(t)
	must(tokenizer.Encode("a", nil))(t)
}
