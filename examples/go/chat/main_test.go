package main

import (
	"os"
	"strings"
	"testing"
)

func TestChat(t *testing.T) {
	model := os.Getenv("TLITE_TEST_MODEL")
	if model == "" {
		model = "../../demo-model/model"
	}
	var out strings.Builder
	if err := chat(model, strings.NewReader("Напиши стих про машинное обучение\nПривет!\n"), &out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "[end_of_text: "); n != 2 {
		t.Errorf("%d answers: %s", n, &out)
	}
	if err := chat("nowhere", strings.NewReader(""), &out); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("got %v", err)
	}
}
