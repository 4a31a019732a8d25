package tlite

// #include "abi.h"
import "C"

// Version is the version of the C library that is loaded, "0.1.0"; empty where there is none.
func Version() string {
	if ready() != nil {
		return ""
	}
	return C.GoString(C.tlite_version())
}

// Check is nil where the C library is there and of an ABI that this package can use, and else
// says why not. Everything that needs the library answers the same; nobody has to call it.
func Check() error { return ready() }

func checkABI() error {
	var e *C.tlite_error
	return failure(C.tlite_check_abi(C.TLITE_ABI_VERSION, &e), &e)
}
