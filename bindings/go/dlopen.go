//go:build tlite_dlopen

package tlite

// #cgo linux LDFLAGS: -ldl
// #include <stdlib.h>
// #include "dlopen.h"
import "C"

import (
	"os"
	"sync"
	"unsafe"
)

var loader struct {
	mu     sync.Mutex
	loaded bool
}

// LoadLibrary loads the C library from path, or, where that is empty, from where the environment
// variable TLITE_LIBRARY or else the system's loader finds it. It is there with the build tag
// tlite_dlopen alone. What needs the library calls LoadLibrary("") where nobody has called it; an
// attempt that failed may be repeated. The library stays loaded until the program ends.
func LoadLibrary(path string) error {
	loader.mu.Lock()
	defer loader.mu.Unlock()
	if loader.loaded {
		if path != "" {
			return newError(ErrBadState, "the C library is loaded already")
		}
		return nil
	}
	if path == "" {
		path = os.Getenv("TLITE_LIBRARY")
	}
	if path == "" {
		path = "libtlite_c.so." + soVersion
	}
	name := C.CString(path)
	defer C.free(unsafe.Pointer(name))
	var message [512]C.char
	switch C.tlite_go_open(name, &message[0], C.size_t(len(message))) {
	case C.TLITE_GO_LOADED:
	case C.TLITE_GO_NOT_THERE:
		return newError(ErrNotFound, C.GoString(&message[0]))
	default:
		return newError(ErrNotSupported, C.GoString(&message[0]))
	}
	loader.loaded = true
	return nil
}

func ready() error { return LoadLibrary("") }
