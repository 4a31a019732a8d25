//go:build !tlite_dlopen

package tlite

// #cgo pkg-config: tlite-c
import "C"

import "sync"

// ready checks the library's ABI, once.
var ready = sync.OnceValue(checkABI)
