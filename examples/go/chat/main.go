// A conversation with a model: read a line, stream the answer, repeat.
//
//	chat MODEL             Ctrl-C stops the answer, Ctrl-D ends the program
//	chat MODEL QUESTION    one answer; without the demo model try the model card's question,
//	                       «Напиши стих про машинное обучение»
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"libtlite.org/tlite"
)

// The system message of T-lite-it-1.0's card.
const system = "Ты T-lite, виртуальный ассистент в Т-Технологии. " +
	"Твоя задача - быть полезным диалоговым ассистентом."

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: chat MODEL [QUESTION]")
		os.Exit(2)
	}
	var in io.Reader = os.Stdin
	if len(os.Args) > 2 {
		in = strings.NewReader(strings.Join(os.Args[2:], " "))
	}
	if err := chat(os.Args[1], in, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

func chat(path string, in io.Reader, out io.Writer) error {
	model, err := tlite.Load(context.Background(), path, nil)
	if err != nil {
		return err
	}
	defer model.Close()
	session, err := model.NewSession(&tlite.SessionOptions{Overflow: tlite.OverflowDropOldest})
	if err != nil {
		return err
	}
	defer session.Close()
	if err := session.AddSystem(system); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for fmt.Fprint(out, "> "); lines.Scan(); fmt.Fprint(out, "> ") {
		if err := session.AddUser(lines.Text()); err != nil {
			return err
		}
		if err := answer(session, out); err != nil {
			return err
		}
	}
	return lines.Err()
}

// answer streams one answer. Ctrl-C ends it, in a long prompt too; what there is of it stays in the
// conversation.
func answer(session *tlite.Session, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	stream := session.Reply(ctx)
	for text, err := range stream.Text() {
		if errors.Is(err, tlite.ErrCancelled) {
			break
		}
		if err != nil {
			return err
		}
		fmt.Fprint(out, text)
	}
	result, err := stream.Result()
	if result == nil {
		return err
	}
	fmt.Fprintf(out, "\n[%v: %d tokens in %.2f s after %.2f s for the prompt]\n", result.FinishReason,
		len(result.Tokens), result.DecodeTime.Seconds(), result.PrefillTime.Seconds())
	return nil
}
