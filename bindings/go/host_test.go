package tlite_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"libtlite.org/tlite"
)

// memoryFS is the demo model as files in memory, in the folder "model".
func memoryFS(t testing.TB) fstest.MapFS {
	files := fstest.MapFS{}
	for _, entry := range must(os.ReadDir(modelPath()))(t) {
		data := must(os.ReadFile(filepath.Join(modelPath(), entry.Name())))(t)
		files["model/"+entry.Name()] = &fstest.MapFile{Data: data}
	}
	return files
}

func answerOf(t testing.TB, model *tlite.Model) string {
	t.Helper()
	session := must(model.NewSession(&tlite.SessionOptions{Sampling: greedy(30)}))(t)
	defer session.Close()
	check(t, session.AddUser(question))
	return must(session.Reply(t.Context()).Result())(t).Text
}

func zipped(t testing.TB, files fstest.MapFS) *zip.Reader {
	var archive bytes.Buffer
	writer := zip.NewWriter(&archive)
	for name, file := range files {
		into := must(writer.Create(name))(t)
		must(into.Write(file.Data))(t)
	}
	check(t, writer.Close())
	return must(zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len())))(t)
}

func TestLoadFS(t *testing.T) {
	want := answerOf(t, sharedModel(t))
	files := memoryFS(t)
	target := filepath.Join(t.TempDir(), "model.gguf")
	check(t, tlite.Quantize(t.Context(), modelPath(), target, tlite.MixBF16, nil))
	single := fstest.MapFS{"m/model.gguf": &fstest.MapFile{Data: must(os.ReadFile(target))(t)}}
	tests := map[string]struct {
		files fs.FS
		path  string
	}{
		"memory":   {files, "model"},
		"a dot":    {files, "./model/"},
		"the root": {must(fs.Sub(files, "model"))(t), "."},
		"zip":      {zipped(t, files), "model"},
		"os.DirFS": {os.DirFS(filepath.Dir(modelPath())), filepath.Base(modelPath())},
		"gguf":     {single, "m/model.gguf"},
		"a folder": {single, "m"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			model := must(tlite.LoadFS(t.Context(), test.files, test.path, nil))(t)
			defer model.Close()
			wantEqual(t, answerOf(t, model), want)
			from := tlite.Host{FS: test.files}
			wantEqual(t, must(tlite.Inspect(test.path, from))(t).VocabSize, 2560)
			must(tlite.LoadTokenizer(test.path, from))(t).Close()
			must(tlite.LoadChatTemplate(test.path, from))(t).Close()
			if plan := must(tlite.Plan(test.path, &tlite.PlanOptions{Host: from}))(t); plan.KVCache == 0 {
				t.Errorf("%+v", plan)
			}
		})
	}
}

// brokenFS is an fs.FS that goes wrong at one file.
type brokenFS struct {
	fs.FS
	at  string
	how func(fs.File) (fs.File, error)
}

func (b brokenFS) Open(name string) (fs.File, error) {
	file, err := b.FS.Open(name)
	if err != nil || filepath.Base(name) != b.at {
		return file, err
	}
	return b.how(file)
}

// listless has folders, but does not tell what is in them.
type listless struct {
	fs.FS
	err error
}

func (l listless) ReadDir(string) ([]fs.DirEntry, error) { return nil, l.err }

type brokenFile struct {
	fs.File
	read func([]byte) (int, error)
	size int64
}

func (b brokenFile) Read(p []byte) (int, error) { return b.read(p) }

func (b brokenFile) Stat() (fs.FileInfo, error) {
	info, err := b.File.Stat()
	return sizedInfo{info, b.size}, err
}

type sizedInfo struct {
	fs.FileInfo
	size int64
}

func (s sizedInfo) Size() int64 {
	if s.size != 0 {
		return s.size
	}
	return s.FileInfo.Size()
}

func TestBrokenFS(t *testing.T) {
	files := memoryFS(t)
	disk := errors.New("the disk is on fire")
	halfRead := func(file fs.File) (fs.File, error) {
		left := 1000
		return brokenFile{File: file, read: func(p []byte) (int, error) {
			if left == 0 {
				return 0, disk
			}
			n, err := file.Read(p[:min(left, len(p))])
			left -= n
			return n, err
		}}, nil
	}
	tests := map[string]struct {
		files fs.FS
		code  tlite.Code
		cause error
		parts []string
	}{
		"in the middle": {brokenFS{files, "model.safetensors", halfRead}, tlite.ErrIO, disk, []string{"model.safetensors", "on fire"}},
		"at open": {brokenFS{files, "config.json", func(fs.File) (fs.File, error) {
			return nil, fs.ErrPermission
		}}, tlite.ErrIO, fs.ErrPermission, []string{"config.json"}},
		"a panic": {brokenFS{files, "tokenizer.json", func(fs.File) (fs.File, error) {
			panic("no tokenizer today")
		}}, tlite.ErrIO, nil, []string{"no tokenizer today"}},
		"a panic in read": {brokenFS{files, "model.safetensors", func(file fs.File) (fs.File, error) {
			return brokenFile{File: file, read: func([]byte) (int, error) { panic(disk) }}, nil
		}}, tlite.ErrIO, disk, []string{"on fire"}},
		"shorter than it says": {brokenFS{files, "model.safetensors", func(file fs.File) (fs.File, error) {
			return brokenFile{File: file, read: file.Read, size: 1 << 24}, nil
		}}, tlite.ErrIO, io.ErrUnexpectedEOF, nil},
		"a size of -1": {brokenFS{files, "model.safetensors", func(file fs.File) (fs.File, error) {
			return brokenFile{File: file, read: file.Read, size: -1}, nil
		}}, tlite.ErrIO, nil, []string{"-1 bytes"}},
		"too large for the memory": {brokenFS{files, "model.safetensors", func(file fs.File) (fs.File, error) {
			return brokenFile{File: file, read: file.Read, size: 1 << 60}, nil
		}}, tlite.ErrOutOfMemory, nil, []string{"model.safetensors"}},
		"a folder that cannot be listed": {listless{fstest.MapFS{"model/a.gguf": &fstest.MapFile{}}, disk}, tlite.ErrIO, disk, []string{"on fire"}},
		"no such file":                   {fstest.MapFS{}, tlite.ErrNotFound, nil, []string{"model"}},
		"cut short": {fstest.MapFS{"model/config.json": files["model/config.json"], "model/tokenizer.json": files["model/tokenizer.json"],
			"model/model.safetensors": &fstest.MapFile{Data: files["model/model.safetensors"].Data[:100000]}},
			tlite.ErrCorrupt, nil, []string{"model.safetensors"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := tlite.LoadFS(t.Context(), test.files, "model", nil)
			wantError(t, err, test.code, test.parts...)
			if test.cause != nil && !errors.Is(err, test.cause) {
				t.Errorf("%v does not wrap %v", err, test.cause)
			}
		})
	}
	for _, path := range []string{"/model", "../model", "\xff"} { // no fs.FS has these
		_, err := tlite.LoadFS(t.Context(), files, path, nil)
		wantError(t, err, tlite.ErrNotFound)
	}
}

// countingFS counts what is open.
type countingFS struct {
	fs.FS
	mu     sync.Mutex
	opened map[string]int
	open   int
}

type countedFile struct {
	fs.File
	fs *countingFS
}

func (c *countingFS) Open(name string) (fs.File, error) {
	file, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if info, err := file.Stat(); err == nil && !info.IsDir() {
		c.opened[name]++
	}
	c.open++
	return countedFile{file, c}, nil
}

func (c countedFile) Close() error {
	c.fs.mu.Lock()
	c.fs.open--
	c.fs.mu.Unlock()
	return c.File.Close()
}

// statFS asks without opening.
type statFS struct{ *countingFS }

func (s statFS) Stat(name string) (fs.FileInfo, error) { return fs.Stat(s.FS, name) }

func TestFilesAreReadOnceAndClosed(t *testing.T) {
	counting := &countingFS{FS: memoryFS(t), opened: map[string]int{}}
	model := must(tlite.LoadFS(t.Context(), statFS{counting}, "model", nil))(t)
	wantEqual(t, counting.open, 0)
	for name, times := range counting.opened {
		if times != 1 {
			t.Errorf("%s was read %d times", name, times)
		}
	}
	model.Close()
}

// recordingHandler keeps what is logged, and panics if it is told to.
type recordingHandler struct {
	mu    sync.Mutex
	lines []string
	panic bool
}

func (*recordingHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h *recordingHandler) WithAttrs([]slog.Attr) slog.Handler     { return h }
func (h *recordingHandler) WithGroup(string) slog.Handler          { return h }
func (h *recordingHandler) Handle(_ context.Context, record slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, record.Level.String()+" "+record.Message)
	if h.panic {
		panic("no log")
	}
	return nil
}

func TestLogger(t *testing.T) {
	files := memoryFS(t)
	files["model/generation_config.json"] = &fstest.MapFile{Data: []byte(`{"temperature": "hot"}`)}
	for _, panics := range []bool{false, true} {
		handler := &recordingHandler{panic: panics}
		options := &tlite.LoadOptions{Host: tlite.Host{Logger: slog.New(handler)}}
		must(tlite.LoadFS(t.Context(), files, "model", options))(t).Close()
		if !strings.Contains(strings.Join(handler.lines, "\n"), "WARN") {
			t.Errorf("no warning: %q", handler.lines)
		}
	}
}

func TestHostThreads(t *testing.T) {
	model := must(tlite.Load(t.Context(), modelPath(), &tlite.LoadOptions{Host: tlite.Host{Threads: 1}}))(t)
	defer model.Close()
	session := must(model.NewSession(nil))(t)
	defer session.Close()
	wantEqual(t, must(session.Options())(t).Threads, 1)
	_, err := tlite.Load(t.Context(), modelPath(), &tlite.LoadOptions{Host: tlite.Host{Threads: -4}})
	wantError(t, err, tlite.ErrInvalidArgument, "threads")
	_, err = tlite.Load(t.Context(), modelPath(), &tlite.LoadOptions{Host: tlite.Host{Threads: 1 << 40}})
	wantError(t, err, tlite.ErrInvalidArgument, "threads")
}

func TestLoad(t *testing.T) {
	var last, calls int64
	options := &tlite.LoadOptions{CheckWeights: true, ReadIntoMemory: true, Weights: tlite.MixQ8_0, PackedCache: t.TempDir(),
		Progress: func(done, total int64) {
			calls++
			wantEqual(t, total, 1000000)
			if done < last {
				t.Errorf("%d after %d", done, last)
			}
			last = done
		}}
	model := must(tlite.Load(t.Context(), modelPath(), options))(t)
	defer model.Close()
	wantEqual(t, last, 1000000)
	wantEqual(t, model.Info().WeightType, tlite.DataTypeQ8_0)

	_, err := tlite.Load(cancelled(t), modelPath(), nil)
	wantError(t, err, tlite.ErrCancelled)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v is not the context's", err)
	}
	_, err = tlite.Load(t.Context(), "", nil)
	wantError(t, err, tlite.ErrInvalidArgument, "path is empty")
	_, err = tlite.Load(t.Context(), "no\x00where", nil)
	wantError(t, err, tlite.ErrInvalidArgument, "NUL")
	for _, path := range []string{"/nowhere", "\xff\xfe"} {
		_, err := tlite.Load(t.Context(), path, nil)
		wantError(t, err, tlite.ErrNotFound)
		_, err = tlite.Inspect(path, tlite.Host{})
		wantError(t, err, tlite.ErrNotFound)
		_, err = tlite.Plan(path, nil)
		wantError(t, err, tlite.ErrNotFound)
		_, err = tlite.LoadTokenizer(path, tlite.Host{})
		wantError(t, err, tlite.ErrNotFound)
		_, err = tlite.LoadChatTemplate(path, tlite.Host{})
		wantError(t, err, tlite.ErrNotFound)
	}
	_, err = tlite.Load(t.Context(), modelPath(), &tlite.LoadOptions{Weights: 99})
	wantError(t, err, tlite.ErrInvalidArgument)
	_, err = tlite.Plan(modelPath(), &tlite.PlanOptions{Context: -1})
	wantError(t, err, tlite.ErrInvalidArgument, "context")
}

// A load that is slow by its files is stopped in the middle.
func TestCancelALoad(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	slow := brokenFS{memoryFS(t), "model.safetensors", func(file fs.File) (fs.File, error) {
		cancel()
		time.Sleep(20 * time.Millisecond) // the other goroutine passes it on
		return file, nil
	}}
	_, err := tlite.LoadFS(ctx, slow, "model", nil)
	wantError(t, err, tlite.ErrCancelled, "context canceled")
}

func TestPanicInProgress(t *testing.T) {
	before := runtime.NumGoroutine()
	slow := brokenFS{memoryFS(t), "model.safetensors", func(file fs.File) (fs.File, error) {
		time.Sleep(200 * time.Millisecond)
		return file, nil
	}}
	func() {
		defer func() { wantEqual(t, recover(), any("no progress")) }()
		_, _ = tlite.LoadFS(t.Context(), slow, "model", &tlite.LoadOptions{Progress: func(int64, int64) { panic("no progress") }})
	}()
	waitForGoroutines(t, before)
}

func TestQuantize(t *testing.T) {
	folder := t.TempDir()
	target := filepath.Join(folder, "small.gguf")
	var last int64
	options := &tlite.QuantizeOptions{Threads: 1, Progress: func(done, _ int64) { last = done }}
	check(t, tlite.Quantize(t.Context(), modelPath(), target, tlite.MixQ4_K_M, options))
	wantEqual(t, last, 1000000)
	model := must(tlite.Load(t.Context(), target, nil))(t)
	defer model.Close()
	wantEqual(t, model.Info().Format, "gguf")
	err := tlite.Quantize(t.Context(), target, filepath.Join(folder, "smaller.gguf"), tlite.MixQ4_0, nil)
	wantError(t, err, tlite.ErrNotSupported, "requantizing")
	err = tlite.Quantize(cancelled(t), modelPath(), filepath.Join(folder, "none.gguf"), tlite.MixQ4_0, nil)
	wantError(t, err, tlite.ErrCancelled)
	err = tlite.Quantize(t.Context(), modelPath(), filepath.Join(folder, "none.gguf"), tlite.MixAsStored, nil)
	wantError(t, err, tlite.ErrInvalidArgument)

	importance := filepath.Join(folder, "importance.gguf")
	check(t, sharedModel(t).MeasureImportance(t.Context(), someTokens(256), importance, &tlite.ImportanceOptions{Chunk: 128, Dataset: "some"}))
	options = &tlite.QuantizeOptions{Importance: importance}
	check(t, tlite.Quantize(t.Context(), modelPath(), filepath.Join(folder, "by.gguf"), tlite.MixQ4_K_M, options))
	err = sharedModel(t).MeasureImportance(t.Context(), nil, importance, nil)
	wantError(t, err, tlite.ErrInvalidArgument)
	err = sharedModel(t).MeasureImportance(cancelled(t), someTokens(600), importance, nil)
	wantError(t, err, tlite.ErrCancelled)
}
