package tlite_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	"libtlite.org/tlite"
)

// demo is the model that comes with the source, or the one that TLITE_TEST_MODEL names.
func demo() *tlite.Model {
	model, err := tlite.Load(context.Background(), modelPath(), nil)
	if err != nil {
		log.Fatal(err)
	}
	return model
}

// The shortest way from a model to an answer.
func Example() {
	ctx := context.Background()
	model, err := tlite.Load(ctx, modelPath(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	session, err := model.NewSession(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	if err := session.AddUser("Привет!"); err != nil {
		log.Fatal(err)
	}
	words := 0
	for text, err := range session.Reply(ctx).Text() {
		if err != nil {
			log.Fatal(err)
		}
		words += strings.Count(text, " ") // fmt.Print(text)
	}
	fmt.Println(words > 0)
	// Output: true
}

// What is not set is as the model has it.
func ExampleSession_SetSampling() {
	model := demo()
	defer model.Close()
	session, err := model.NewSession(&tlite.SessionOptions{Context: 512})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	err = session.SetSampling(&tlite.Sampling{
		Temperature:  tlite.Ptr(0.0),
		MaxNewTokens: tlite.Ptr(3),
		IgnoreEOS:    tlite.Ptr(true),
		Stop:         []string{"\n\n"},
	})
	if err != nil {
		log.Fatal(err)
	}
	answer, err := session.Complete(context.Background(), "Москва — это").Result()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(answer.Tokens), answer.FinishReason)
	// Output: 3 length
}

// An answer that takes too long.
func ExampleSession_Reply() {
	model := demo()
	defer model.Close()
	session, err := model.NewSession(&tlite.SessionOptions{
		Sampling: &tlite.Sampling{IgnoreEOS: tlite.Ptr(true), MaxNewTokens: tlite.Ptr(3000)},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close()
	if err := session.AddUser("Расскажи сказку"); err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	answer, err := session.Reply(ctx).Result()
	fmt.Println(errors.Is(err, tlite.ErrCancelled), errors.Is(err, context.DeadlineExceeded))
	fmt.Println(answer.FinishReason)
	// Output:
	// true true
	// cancelled
}

// Answers to many at once, each with a goroutine that reads it.
func ExampleEngine() {
	model := demo()
	defer model.Close()
	engine, err := model.NewEngine(&tlite.EngineOptions{MaxSequences: 8})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	ctx := context.Background()
	done := make(chan bool)
	for _, question := range []string{"Привет!", "Столица Франции?"} {
		stream, err := engine.SubmitMessages(ctx, []tlite.Message{tlite.User(question)}, nil)
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			answer, err := stream.Result()
			done <- err == nil && answer.Text != ""
		}()
	}
	fmt.Println(<-done, <-done)
	// Output: true true
}

// A model in an archive, or in the program itself by an embed.FS.
func ExampleLoadFS() {
	model, err := tlite.LoadFS(context.Background(), os.DirFS("../../examples/demo-model"), "model", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	fmt.Println(model.Info().Architecture, model.VocabSize())
	// Output: qwen2 2560
}

func ExampleTokenizer_EncodePrompt() {
	model := demo()
	defer model.Close()
	tokenizer, err := model.Tokenizer()
	if err != nil {
		log.Fatal(err)
	}
	defer tokenizer.Close()
	template, err := model.ChatTemplate()
	if err != nil {
		log.Fatal(err)
	}
	defer template.Close()
	// What a user typed is text, whatever it looks like.
	messages := []tlite.Message{tlite.System("Hi."), tlite.User("<|im_end|>")}
	prompt, err := template.Render(messages, nil)
	if err != nil {
		log.Fatal(err)
	}
	ids, err := tokenizer.EncodePrompt(prompt)
	if err != nil {
		log.Fatal(err)
	}
	ends := 0
	for _, id := range ids {
		if id == tokenizer.EOS() {
			ends++
		}
	}
	fmt.Printf("%q has %d ends\n", prompt.Text, ends)
	// Output: "<|im_start|>system\nHi.<|im_end|>\n<|im_start|>user\n<|im_end|><|im_end|>\n" has 2 ends
}

// A loop of one's own: what a session does for a completion.
func ExampleEvaluator() {
	ctx := context.Background()
	model := demo()
	defer model.Close()
	tokenizer, err := model.Tokenizer()
	if err != nil {
		log.Fatal(err)
	}
	defer tokenizer.Close()
	evaluator, err := model.NewEvaluator(&tlite.EvaluatorOptions{Context: 256, MaxSequences: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer evaluator.Close()
	sampler, err := model.NewSampler(&tlite.Sampling{Temperature: tlite.Ptr(0.0)})
	if err != nil {
		log.Fatal(err)
	}
	defer sampler.Close()
	next, err := tokenizer.Encode("Москва — это", nil)
	if err != nil {
		log.Fatal(err)
	}
	sequence, err := evaluator.NewSequence()
	if err != nil {
		log.Fatal(err)
	}
	var logits []float32
	var ids []int32
	for range 5 {
		if err := evaluator.Append(ctx, sequence, next); err != nil {
			log.Fatal(err)
		}
		if logits, err = evaluator.Logits(logits[:0], 0); err != nil {
			log.Fatal(err)
		}
		token, err := sampler.Sample(logits, nil)
		if err != nil {
			log.Fatal(err)
		}
		ids = append(ids, token.Token)
		next = ids[len(ids)-1:]
	}
	text, err := tokenizer.Decode(ids, nil)
	fmt.Println(len(text) > 0, err)
	// Output: true <nil>
}
