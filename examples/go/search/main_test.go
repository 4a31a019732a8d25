package main

import (
	"context"
	"errors"
	"os"
	"testing"
	"testing/fstest"

	"libtlite.org/tlite"
)

func TestSearch(t *testing.T) {
	path := os.Getenv("TLITE_TEST_MODEL")
	if path == "" {
		path = "../../demo-model/model"
	}
	all, err := paragraphsOf(fstest.MapFS{
		"a/poems.txt": &fstest.MapFile{Data: []byte("Напиши стих про осень.\n\n\nНапиши стих про\nзиму.\n")},
		"cities.md":   &fstest.MapFile{Data: []byte("Столица Франции — Париж.\n\nСтолица Японии — Токио.")},
		"binary.bin":  &fstest.MapFile{Data: []byte("Столица Италии — Рим.")},
	})
	if err != nil || len(all) != 4 {
		t.Fatalf("%v, %v", all, err)
	}
	if p := all[1]; p.file != "a/poems.txt" || p.line != 4 || p.text != "Напиши стих про\nзиму." {
		t.Errorf("%+v", p)
	}
	model, err := tlite.Load(t.Context(), path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	engine, err := model.NewEngine(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	hits, err := search(t.Context(), engine, all, "Столица Германии — Берлин.", 3)
	if err != nil {
		t.Fatal(err)
	}
	if len(hits) != 3 || hits[0].file != "cities.md" || hits[1].file != "cities.md" {
		t.Errorf("%+v", hits)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := search(ctx, engine, all, "x", 3); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
