package tlite

// #include "abi.h"
import "C"

import "context"

// Code says what went wrong. It is an error itself, to be asked for with errors.Is:
//
//	if errors.Is(err, tlite.ErrContextFull) { ... }
type Code int32

// Error is the name of the code.
func (c Code) Error() string { return "tlite: " + c.String() }

// Error is what this package returns.
type Error struct {
	Code    Code
	Message string // one line that names what was wrong: the file, the field, the value

	causes []error
}

func (e *Error) Error() string { return "tlite: " + e.Message }

// Is is true for the error's Code.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// Unwrap gives a context's error and its cause with ErrCancelled, and what an fs.FS answered
// where a file could not be read.
func (e *Error) Unwrap() []error { return e.causes }

func newError(code Code, message string) error { return &Error{Code: code, Message: message} }

// failure is the error of a C call that answered status and left it in *e, which it frees; nil for
// TLITE_OK. It takes the place and not the error: Go may read a variable before it makes the call
// that stands in front of it.
func failure(status C.tlite_status, e **C.tlite_error) error {
	if status == C.TLITE_OK {
		return nil
	}
	code := Code(status)
	if *e == nil {
		return newError(code, code.String())
	}
	var size C.size_t
	text := C.tlite_error_message(*e, &size)
	err := newError(code, goString(text, size))
	C.tlite_error_free(*e)
	*e = nil
	return err
}

// stopped is the error of work that ended because ctx is done; nil where it is not.
func stopped(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	causes := []error{err}
	message := err.Error()
	if cause := context.Cause(ctx); cause != err {
		causes = append(causes, cause)
		message += ": " + cause.Error()
	}
	return &Error{Code: ErrCancelled, Message: message, causes: causes}
}

func isCode(err error, code Code) bool {
	e, ok := err.(*Error)
	return ok && e.Code == code
}
