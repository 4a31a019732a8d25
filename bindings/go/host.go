package tlite

// #include "abi.h"
// #include "callbacks.h"
import "C"

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path"
	"runtime/cgo"
	"sync"
	"unsafe"
)

// Host is what the program around the library supplies. Its zero value is one thread per
// physical core, no log, and the files of the operating system.
type Host struct {
	Threads int // where sessions and others do not say; 0: one per physical core

	// Logger gets the library's warnings and what it tells while it loads; nil: silence.
	Logger *slog.Logger

	// FS is where paths of models lie, such as an embed.FS, a zip.Reader or os.DirFS; nil: files of
	// the operating system, which are mapped where those of an FS are read into memory. A single
	// file that is a model is called *.gguf or begins as one.
	FS fs.FS
}

// hostState is what callbacks from C find by their handle. It is there as long as anything made
// with the host.
type hostState struct {
	host  Host
	files fileTable
}

// host is a host of C for one call. What that makes keeps it alive after the call.
type host struct {
	c     *C.tlite_host // nil: C's own defaults
	state *hostState
}

func (h Host) open() (host, error) {
	if err := ready(); err != nil || h == (Host{}) {
		return host{}, err
	}
	var options C.tlite_host_options
	C.tlite_host_options_init(&options, C.sizeof_tlite_host_options)
	var r ranges
	r.or(&options.threads, h.Threads, "threads")
	if r.err != nil {
		return host{}, r.err
	}
	state := &hostState{host: h, files: fileTable{open: map[string]*openFile{}, keep: true}}
	handle := cgo.NewHandle(state)
	C.tlite_go_set_callbacks(&options, C.uintptr_t(handle), flag(h.Logger != nil), flag(h.FS != nil))
	var e *C.tlite_error
	var c *C.tlite_host
	if err := failure(C.tlite_host_create(&options, &c, &e), &e); err != nil {
		handle.Delete()
		return host{}, err
	}
	return host{c, state}, nil
}

// close gives up this call's share, and adds to err what the FS answered meanwhile.
func (h host) close(err error) error {
	if h.c == nil {
		return err
	}
	C.tlite_host_free(h.c)
	cause := h.state.files.settle()
	var e *Error
	if cause != nil && errors.As(err, &e) && e.Code != ErrCancelled {
		e.Message += ": " + cause.Error()
		e.causes = append(e.causes, cause)
	}
	return err
}

// fileTable has the files of an FS that are open, in memory of C, as the library keeps the
// pointer. A load opens some more than once: until it has settled none is read twice.
type fileTable struct {
	mu    sync.Mutex
	open  map[string]*openFile
	keep  bool
	cause error // the first error but for fs.ErrNotExist
}

type openFile struct {
	name  string
	data  unsafe.Pointer
	size  int
	users int
}

func (t *fileTable) settle() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.keep = false
	for _, file := range t.open {
		if file.users == 0 {
			t.forget(file)
		}
	}
	return t.cause
}

func (t *fileTable) forget(file *openFile) {
	C.tlite_go_free(file.data)
	delete(t.open, file.name)
}

func (t *fileTable) note(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failed(err)
}

func (t *fileTable) failed(err error) {
	if t.cause == nil {
		t.cause = err
	}
}

// take opens a file or finds it open.
func (t *fileTable) take(fsys fs.FS, name string) (*openFile, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	file := t.open[name]
	if file == nil {
		var err error
		if file, err = readFile(fsys, name); err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				t.failed(err)
			}
			return nil, err
		}
		t.open[name] = file
	}
	file.users++
	return file, nil
}

func (t *fileTable) give(file *openFile) {
	t.mu.Lock()
	defer t.mu.Unlock()
	file.users--
	if file.users == 0 && !t.keep {
		t.forget(file)
	}
}

// test is whether the path is there, and a directory. What cannot be looked at is there: opening
// it tells why.
func (t *fileTable) test(fsys fs.FS, name string) (there, directory bool) {
	var info fs.FileInfo
	err := guarded(func() (err error) {
		info, err = fs.Stat(fsys, name)
		return err
	})
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist), false
	}
	return true, info.IsDir()
}

// readFile reads a whole file. Its size is what Stat says: one that is not is an error.
func readFile(fsys fs.FS, name string) (file *openFile, err error) {
	var data unsafe.Pointer
	err = guarded(func() error {
		from, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer from.Close()
		info, err := from.Stat()
		if err != nil {
			return err
		}
		if info.IsDir() {
			return &fs.PathError{Op: "read", Path: name, Err: fs.ErrInvalid}
		}
		size := info.Size()
		if size < 0 || size != int64(int(size)) {
			return &fs.PathError{Op: "stat", Path: name, Err: fmt.Errorf("%d bytes", size)}
		}
		if data = C.tlite_go_alloc(C.size_t(size)); data == nil {
			return &fs.PathError{Op: "read", Path: name, Err: ErrOutOfMemory}
		}
		if _, err := io.ReadFull(from, unsafe.Slice((*byte)(data), int(size))); err != nil {
			return &fs.PathError{Op: "read", Path: name, Err: err}
		}
		file = &openFile{name: name, data: data, size: int(size)}
		return nil
	})
	if err != nil {
		C.tlite_go_free(data)
		return nil, err
	}
	return file, nil
}

// guarded makes an error of a panic: none may cross C.
func guarded(call func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = fmt.Errorf("panic: %v", value)
			if e, ok := value.(error); ok {
				err = fmt.Errorf("panic: %w", e)
			}
		}
	}()
	return call()
}

func stateOf(handle C.uintptr_t) *hostState { return cgo.Handle(handle).Value().(*hostState) }

func pathOf(data *C.char, size C.size_t) string { return path.Clean(goString(data, size)) }

//export tliteGoRelease
func tliteGoRelease(handle C.uintptr_t) {
	files := &stateOf(handle).files
	files.settle()
	cgo.Handle(handle).Delete()
}

//export tliteGoLog
func tliteGoLog(level C.int32_t, text *C.char, size C.size_t, handle C.uintptr_t) {
	logger := stateOf(handle).host.Logger
	levels := [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	at := levels[min(max(int(level), 0), len(levels)-1)]
	line := goString(text, size)
	_ = guarded(func() error { // a line that cannot be written is lost
		logger.Log(context.Background(), at, line)
		return nil
	})
}

//export tliteGoFileExists
func tliteGoFileExists(name *C.char, size C.size_t, handle C.uintptr_t) C.int32_t {
	state := stateOf(handle)
	there, directory := state.files.test(state.host.FS, pathOf(name, size))
	return flag(there && !directory)
}

//export tliteGoFileIsDirectory
func tliteGoFileIsDirectory(name *C.char, size C.size_t, handle C.uintptr_t) C.int32_t {
	state := stateOf(handle)
	_, directory := state.files.test(state.host.FS, pathOf(name, size))
	return flag(directory)
}

//export tliteGoFileOpen
func tliteGoFileOpen(name *C.char, size C.size_t, data *unsafe.Pointer, dataSize *C.size_t,
	file *C.uintptr_t, handle C.uintptr_t) C.int32_t {
	state := stateOf(handle)
	opened, err := state.files.take(state.host.FS, pathOf(name, size))
	if err != nil {
		return statusOf(err)
	}
	*data, *dataSize = opened.data, C.size_t(opened.size)
	*file = C.uintptr_t(cgo.NewHandle(opened))
	return C.TLITE_OK
}

// statusOf is what a callback for files answers.
func statusOf(err error) C.int32_t {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return C.TLITE_ERROR_NOT_FOUND
	case errors.Is(err, ErrOutOfMemory):
		return C.TLITE_ERROR_OUT_OF_MEMORY
	}
	return C.TLITE_ERROR_IO
}

//export tliteGoFileList
func tliteGoFileList(directory *C.char, size C.size_t, names *C.tlite_file_names, handle C.uintptr_t) C.int32_t {
	state := stateOf(handle)
	var entries []fs.DirEntry
	err := guarded(func() (err error) {
		entries, err = fs.ReadDir(state.host.FS, pathOf(directory, size))
		return err
	})
	for i := 0; err == nil && i < len(entries); i++ {
		var e *C.tlite_error
		name, nameSize := chars(entries[i].Name())
		err = failure(C.tlite_file_names_add(names, name, nameSize, &e), &e)
	}
	if err == nil {
		return C.TLITE_OK
	}
	state.files.note(err)
	return statusOf(err)
}

//export tliteGoFileClose
func tliteGoFileClose(file C.uintptr_t, handle C.uintptr_t) {
	opened := cgo.Handle(file).Value().(*openFile)
	cgo.Handle(file).Delete()
	stateOf(handle).files.give(opened)
}
