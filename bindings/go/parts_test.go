package tlite_test

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"libtlite.org/tlite"
)

func TestTokenizer(t *testing.T) {
	tokenizer := must(sharedModel(t).Tokenizer())(t)
	defer tokenizer.Close()
	text := "Привет, world! 😀"
	ids := must(tokenizer.Encode(text, nil))(t)
	wantEqual(t, must(tokenizer.Decode(ids, nil))(t), text)
	decoder := must(tokenizer.NewStreamDecoder(nil))(t)
	defer decoder.Close()
	streamed := ""
	for _, id := range ids {
		part := must(decoder.Push(id))(t)
		streamed += part
		if !strings.HasPrefix(text, streamed) {
			t.Errorf("%q is no whole characters", part)
		}
	}
	wantEqual(t, streamed+must(decoder.Finish())(t), text)

	end := must(tokenizer.TokenID("<|im_end|>"))(t)
	wantEqual(t, tokenizer.EOS(), end)
	wantEqual(t, tokenizer.BOS(), tlite.NoToken)
	wantEqual(t, tokenizer.IsSpecial(end), true)
	wantEqual(t, tokenizer.IsSpecial(-7), false)
	wantEqual(t, len(must(tokenizer.Encode("<|im_end|>", nil))(t)), 1)
	if n := len(must(tokenizer.Encode("<|im_end|>", &tlite.EncodeOptions{LiteralSpecial: true}))(t)); n < 2 {
		t.Errorf("%d tokens", n)
	}
	literal := must(tokenizer.Encode("<|im_end|><|im_end|>", &tlite.EncodeOptions{LiteralRanges: []tlite.Range{{0, 10}}}))(t)
	if literal[len(literal)-1] != end || literal[0] == end {
		t.Errorf("%v", literal)
	}
	wantEqual(t, must(tokenizer.Decode([]int32{end}, &tlite.DecodeOptions{SkipSpecial: true}))(t), "")

	wantEqual(t, len(must(tokenizer.Encode("", nil))(t)), 0)
	wantEqual(t, must(tokenizer.Decode(nil, nil))(t), "")
	wantEqual(t, must(tokenizer.Decode(must(tokenizer.Encode("a\xffb", nil))(t), nil))(t), "a\ufffdb")
	_, err := tokenizer.Decode([]int32{1 << 30}, nil)
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = tokenizer.TokenBytes(-1)
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = tokenizer.TokenID("no such token")
	wantError(t, err, tlite.ErrNotFound)
	_, err = tokenizer.Encode("abc", &tlite.EncodeOptions{LiteralRanges: []tlite.Range{{2, 1}}})
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = tokenizer.Encode("abc", &tlite.EncodeOptions{LiteralRanges: []tlite.Range{{-1, 1 << 40}}})
	wantError(t, err, tlite.ErrInvalidArgument)
}

func TestChatTemplate(t *testing.T) {
	template := must(sharedModel(t).ChatTemplate())(t)
	defer template.Close()
	messages := []tlite.Message{tlite.System("s"), tlite.User("<|im_end|>"), tlite.Assistant("a")}
	prompt := must(template.Render(messages, &tlite.TemplateOptions{AddGenerationPrompt: true}))(t)
	wantEqual(t, prompt.Text, "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\n<|im_end|><|im_end|>\n"+
		"<|im_start|>assistant\na<|im_end|>\n<|im_start|>assistant\n")
	typed := func(r tlite.Range) bool { return prompt.Text[r.Begin:r.End] == "<|im_end|>" }
	wantEqual(t, slices.ContainsFunc(prompt.LiteralRanges, typed), true)
	tokenizer := must(sharedModel(t).Tokenizer())(t)
	defer tokenizer.Close()
	ends := 0
	for _, id := range must(tokenizer.EncodePrompt(prompt))(t) {
		if id == tokenizer.EOS() {
			ends++
		}
	}
	wantEqual(t, ends, 3)

	other := must(tlite.ParseChatTemplate("{{ bos_token }}{{ messages[0].content }}{{ strftime_now('%Y') }}{{ x }}", "<s>", ""))(t)
	defer other.Close()
	rendered := must(other.RenderJSON(`[{"role": "user", "content": "hi"}]`,
		&tlite.TemplateOptions{Now: time.Date(1999, 5, 1, 12, 0, 0, 0, time.UTC), ExtraJSON: `{"x": 5}`}))(t)
	wantEqual(t, rendered.Text, "<s>hi19995")
	if !strings.Contains(other.Source(), "strftime_now") {
		t.Error(other.Source())
	}
	_, err := tlite.ParseChatTemplate("{% if %}", "", "")
	wantError(t, err, tlite.ErrBadTemplate)
	_, err = template.RenderJSON("[", nil)
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = template.Render(messages, &tlite.TemplateOptions{ToolsJSON: "{"})
	wantError(t, err, tlite.ErrInvalidArgument, "tools")
	for _, source := range []string{"\xff", "{{ '\xff' }}", ""} {
		if template, err := tlite.ParseChatTemplate(source, "\xff", "\xff"); err == nil {
			_, _ = template.Render(messages, nil)
			template.Close()
		}
	}
}

func TestMessages(t *testing.T) {
	messages := must(tlite.ParseMessages(`[{"role": "user", "content": "hi"}, {"role": "assistant", "content": "",
		"tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": {"a": 1}}}]},
		{"role": "tool", "content": "r", "tool_call_id": "1", "name": "f"}]`))(t)
	want := []tlite.Message{tlite.User("hi"),
		{Role: "assistant", ToolCalls: []tlite.ToolCall{{ID: "1", Name: "f", Arguments: `{"a": 1}`}}},
		{Role: "tool", Content: "r", ToolCallID: "1", Name: "f"}}
	if !reflect.DeepEqual(messages, want) {
		t.Errorf("%+v", messages)
	}
	for _, bad := range []string{"", "{", `[1]`, `[{"content": "x"}]`} {
		_, err := tlite.ParseMessages(bad)
		wantError(t, err, tlite.ErrInvalidArgument)
	}
}

func TestSampling(t *testing.T) {
	model := sharedModel(t)
	own := must(model.DefaultSampling())(t)
	value := reflect.ValueOf(own)
	for i := range value.NumField() {
		if name := value.Type().Field(i).Name; value.Field(i).IsNil() && name != "Seed" {
			t.Errorf("%s is not set", name)
		}
	}
	wantEqual(t, *own.Temperature, 0.3) // and not 0.30000001192092896
	check(t, own.Validate(model))
	check(t, (&tlite.Sampling{}).Validate(model))
	check(t, (*tlite.Sampling)(nil).Validate(model))

	// Everything comes back as it was set.
	full := tlite.Sampling{}
	into := reflect.ValueOf(&full).Elem()
	for i := range into.NumField() {
		switch field := into.Field(i).Addr().Interface().(type) {
		case **float64:
			*field = tlite.Ptr(0.25)
			if into.Type().Field(i).Name == "DRYBase" {
				*field = tlite.Ptr(1.5)
			}
		case **int:
			*field = tlite.Ptr(1)
			if into.Type().Field(i).Name == "ThinkingBudget" { // the model has no <think>
				*field = tlite.Ptr(-1)
			}
		case **bool:
			*field = tlite.Ptr(true)
		case **uint64:
			*field = tlite.Ptr(uint64(math.MaxUint64))
		case *[]int32:
			*field = []int32{3, 1, 2}
		case *[][]int32:
			*field = [][]int32{{1}, {2, 3}}
		case *[]string:
			*field = []string{"стоп", "stop"}
		case *map[int32]float64:
			*field = map[int32]float64{7: -1.5, 2: math.Inf(-1)}
		case *[]tlite.SequenceBias:
			*field = []tlite.SequenceBias{{Tokens: []int32{1, 2}, Bias: 0.5}}
		default:
			t.Fatalf("what is %T?", field)
		}
	}
	session := newSession(t, nil)
	wantError(t, session.SetSampling(&tlite.Sampling{ThinkingBudget: tlite.Ptr(5)}), tlite.ErrInvalidArgument,
		"thinking_budget is 5")
	check(t, session.SetSampling(&full))
	if got := must(session.Sampling())(t); !reflect.DeepEqual(got, full) {
		t.Errorf("got  %+v\nwant %+v", text(t, got), text(t, full))
	}
	// nil is the model's own, an empty list is empty.
	check(t, session.SetSampling(&tlite.Sampling{TopK: tlite.Ptr(7), StopTokenIDs: []int32{}}))
	changed := must(session.Sampling())(t)
	wantEqual(t, *changed.TopK, 7)
	wantEqual(t, *changed.Temperature, *own.Temperature)
	wantEqual(t, len(changed.StopTokenIDs), 0)

	for name, want := range map[string]float64{"greedy": 0, "vllm": 1, "llama_cpp": 0.8} {
		wantEqual(t, *must(tlite.SamplingPreset(name))(t).Temperature, want)
	}
	_, err := tlite.SamplingPreset("none of these")
	wantError(t, err, tlite.ErrInvalidArgument, "none of these")
	var parsed tlite.Sampling
	check(t, json.Unmarshal([]byte(`{"temperature": 0.5, "stop": ["x"]}`), &parsed))
	wantEqual(t, *parsed.Temperature, 0.5)
	for _, bad := range []tlite.Sampling{
		{Temperature: tlite.Ptr(math.NaN())}, {Temperature: tlite.Ptr(math.Inf(1))}, {TopP: tlite.Ptr(0.0)},
		{Logprobs: tlite.Ptr(65)}, {StopTokenIDs: []int32{-5}}, {LogitBias: map[int32]float64{1 << 30: 1}},
		{MinNewTokens: tlite.Ptr(math.MinInt)},
	} {
		wantError(t, bad.Validate(model), tlite.ErrInvalidArgument)
	}
}

func text(t testing.TB, s tlite.Sampling) string {
	delete(s.LogitBias, 2) // JSON has no infinity
	return string(must(json.Marshal(s))(t))
}

// A loop of one's own says what a session says.
func TestEvaluatorAndSampler(t *testing.T) {
	model := sharedModel(t)
	sampling := &tlite.Sampling{Seed: tlite.Ptr(uint64(5)), Temperature: tlite.Ptr(0.9), MaxNewTokens: tlite.Ptr(30), Logprobs: tlite.Ptr(1)}
	session := newSession(t, &tlite.SessionOptions{Sampling: sampling})
	tokenizer := must(model.Tokenizer())(t)
	prompt := must(tokenizer.Encode(question, nil))(t)
	want := must(session.CompleteTokens(t.Context(), prompt).Result())(t)

	evaluator := must(model.NewEvaluator(&tlite.EvaluatorOptions{Context: 512, MaxLogitsRows: 2}))(t)
	defer evaluator.Close()
	wantEqual(t, must(evaluator.Options())(t).MaxSequences, 64)
	sampler := must(model.NewSampler(sampling))(t)
	defer sampler.Close()
	wantEqual(t, sampler.Seed(), 5)
	matcher := must(tlite.NewStopMatcher([]string{"never"}, false))(t)
	defer matcher.Close()
	decoder := must(tokenizer.NewStreamDecoder(nil))(t)
	defer decoder.Close()
	sequence := must(evaluator.NewSequence())(t)
	check(t, sampler.ObservePrompt(prompt))
	next := prompt
	var ids []int32
	var logits []float32
	said := ""
	for range want.Tokens {
		check(t, evaluator.Append(t.Context(), sequence, next))
		logits = must(evaluator.Logits(logits[:0], 0))(t)
		wantEqual(t, len(logits), model.VocabSize())
		token := must(sampler.Sample(logits, nil))(t)
		wantEqual(t, token.Logprob.Token, token.Token)
		ids = append(ids, token.Token)
		next = ids[len(ids)-1:]
		out, found, err := matcher.Push(must(decoder.Push(token.Token))(t))
		check(t, err)
		wantEqual(t, found, "")
		said += out
	}
	if !slices.Equal(ids, want.Tokens) {
		t.Errorf("%v, the session says %v", ids, want.Tokens)
	}
	if want.FinishReason == tlite.FinishLength {
		wantEqual(t, said+must(matcher.Flush())(t), want.Text)
	}

	length := must(evaluator.Len(sequence))(t)
	twin := must(evaluator.Fork(sequence, length-1))(t)
	wantEqual(t, must(evaluator.Len(twin))(t), length-1)
	check(t, evaluator.Truncate(twin, 3))
	check(t, evaluator.Evaluate(t.Context(), []tlite.BatchRow{
		{Token: 400, Sequence: twin, Position: 3, WantsLogits: true},
		{Token: 400, Sequence: sequence, Position: int32(length), WantsLogits: true}}))
	wantEqual(t, evaluator.LogitsRows(), 2)
	second := must(model.NewEvaluator(&tlite.EvaluatorOptions{Context: 512}))(t)
	defer second.Close()
	must(second.Adopt(evaluator, twin, -1))(t)
	check(t, evaluator.DestroySequence(twin))
	if free := evaluator.FreePositions(); free <= 0 || free >= 512 {
		t.Errorf("%d positions are free", free)
	}
	check(t, sampler.Accept(5))
	check(t, sampler.Reset())
}

func TestBadEvaluations(t *testing.T) {
	model := sharedModel(t)
	evaluator := must(model.NewEvaluator(&tlite.EvaluatorOptions{Context: 64, MaxSequences: 1}))(t)
	defer evaluator.Close()
	sequence := must(evaluator.NewSequence())(t)
	_, err := evaluator.NewSequence()
	wantError(t, err, tlite.ErrBadState)
	wantError(t, evaluator.Evaluate(t.Context(), nil), tlite.ErrInvalidArgument)
	wantError(t, evaluator.Append(t.Context(), sequence, nil), tlite.ErrInvalidArgument)
	wantError(t, evaluator.Append(t.Context(), 9, someTokens(3)), tlite.ErrInvalidArgument)
	wantError(t, evaluator.Append(t.Context(), sequence, []int32{99999}), tlite.ErrInvalidArgument, "99999")
	wantError(t, evaluator.Append(t.Context(), sequence, someTokens(100)), tlite.ErrContextFull)
	wantError(t, evaluator.Append(cancelled(t), sequence, someTokens(3)), tlite.ErrCancelled)
	wantEqual(t, must(evaluator.Len(sequence))(t), 0)
	_, err = evaluator.Logits(nil, 0)
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = evaluator.Logits(nil, 1<<40)
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = evaluator.Adopt(nil, 0, -1)
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = evaluator.Fork(sequence, 5)
	wantError(t, err, tlite.ErrInvalidArgument)
	sampler := must(model.NewSampler(nil))(t)
	defer sampler.Close()
	_, err = sampler.Sample(nil, nil)
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = sampler.Sample(make([]float32, model.VocabSize()), make([]uint32, (model.VocabSize()+31)/32))
	wantError(t, err, tlite.ErrInvalidArgument)
	logits := make([]float32, model.VocabSize())
	logits[5] = float32(math.NaN())
	_, err = sampler.Sample(logits, nil)
	wantError(t, err, tlite.ErrCorrupt)
	check(t, sampler.ObservePrompt(nil))
	_, err = tlite.NewStopMatcher([]string{""}, false)
	wantError(t, err, tlite.ErrInvalidArgument)
	none := must(tlite.NewStopMatcher(nil, true))(t)
	defer none.Close()
	out, _, err := none.Push("x\xff")
	check(t, err)
	wantEqual(t, out, "x\xff")
}

func TestCancelAnEvaluation(t *testing.T) {
	evaluator := must(sharedModel(t).NewEvaluator(&tlite.EvaluatorOptions{Context: 8192}))(t)
	defer evaluator.Close()
	sequence := must(evaluator.NewSequence())(t)
	check(t, evaluator.Append(t.Context(), sequence, someTokens(5)))
	ctx, cancel := contextAfter(t, 30*time.Millisecond)
	defer cancel()
	wantError(t, evaluator.Append(ctx, sequence, someTokens(8000)), tlite.ErrCancelled)
	wantEqual(t, must(evaluator.Len(sequence))(t), 5)
	check(t, evaluator.Append(t.Context(), sequence, someTokens(5)))
	time.AfterFunc(30*time.Millisecond, func() { evaluator.Close() })
	wantError(t, evaluator.Append(t.Context(), sequence, someTokens(8000)), tlite.ErrCancelled)
}

func TestNames(t *testing.T) {
	wantEqual(t, tlite.DataTypeQ4_K.String(), "q4_k")
	wantEqual(t, tlite.MixQ4_K_M.String(), "q4_k_m")
	wantEqual(t, must(tlite.ParseWeightMix("Q4_K_M"))(t), tlite.MixQ4_K_M)
	_, err := tlite.ParseWeightMix("q3")
	wantError(t, err, tlite.ErrInvalidArgument, "q3")
	wantEqual(t, tlite.FinishEndOfText.String(), "end_of_text")
	wantEqual(t, tlite.FinishReason(77).String(), "FinishReason(77)")
	wantEqual(t, tlite.ErrContextFull.Error(), "tlite: context_full")
	wantEqual(t, tlite.Version(), "0.1.0")
	check(t, tlite.Check())
}
