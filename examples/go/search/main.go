// Searches the texts of a folder by meaning, with a model's embeddings:
//
//	search MODEL FOLDER "какая погода"
//
// Each paragraph of *.txt and *.md files is embedded, and so is the question; the paragraphs that are
// nearest come out, the nearest first. A model trained for embeddings (Qwen2-based ones are read as
// well) finds what is meant; one trained to answer finds what sounds alike.
package main

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"libtlite.org/tlite"
)

// paragraph is a place in a file.
type paragraph struct {
	file string
	line int
	text string
}

// paragraphsOf reads the texts of a folder, apart at empty lines.
func paragraphsOf(folder fs.FS) ([]paragraph, error) {
	var all []paragraph
	err := fs.WalkDir(folder, ".", func(path string, entry fs.DirEntry, err error) error {
		extension := filepath.Ext(path)
		if err != nil || entry.IsDir() || extension != ".txt" && extension != ".md" {
			return err
		}
		data, err := fs.ReadFile(folder, path)
		if err != nil {
			return err
		}
		line := 1
		for _, part := range strings.SplitAfter(string(data), "\n\n") {
			if text := strings.TrimSpace(part); text != "" {
				all = append(all, paragraph{path, line + strings.Count(part[:strings.Index(part, text)], "\n"), text})
			}
			line += strings.Count(part, "\n")
		}
		return nil
	})
	return all, err
}

// hit is a paragraph and the cosine between it and the question.
type hit struct {
	paragraph
	nearness float32
}

// search finds the count nearest paragraphs.
func search(ctx context.Context, engine *tlite.Engine, all []paragraph, question string, count int) ([]hit, error) {
	texts := []string{question}
	for _, p := range all {
		texts = append(texts, p.text)
	}
	embeddings, err := engine.Embed(ctx, texts, &tlite.EmbedOptions{Pooling: tlite.PoolingMean})
	if err != nil {
		return nil, err
	}
	hits := make([]hit, len(all))
	for i, p := range all {
		hits[i] = hit{p, dot(embeddings[0], embeddings[i+1])}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.nearness, a.nearness) })
	return hits[:min(count, len(hits))], nil
}

// dot is the cosine of vectors of length 1.
func dot(a, b []float32) (sum float32) {
	for i := range a {
		sum += a[i] * b[i]
	}
	return sum
}

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: search MODEL FOLDER QUESTION")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	all, err := paragraphsOf(os.DirFS(os.Args[2]))
	if err != nil {
		log.Fatal(err)
	}
	model, err := tlite.Load(ctx, os.Args[1], nil)
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	engine, err := model.NewEngine(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	hits, err := search(ctx, engine, all, os.Args[3], 5)
	if err != nil {
		log.Fatal(err)
	}
	for _, hit := range hits {
		line, _, _ := strings.Cut(hit.text, "\n")
		fmt.Printf("%.3f  %s:%d  %s\n", hit.nearness, hit.file, hit.line, line)
	}
}
