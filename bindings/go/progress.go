package tlite

// #include "abi.h"
import "C"

import (
	"context"
	"time"
)

// work runs a long call of C that has a progress object, and stops it when ctx is done. report,
// optional, is called some times a second on this goroutine: C calls nothing back.
//
// The call has a goroutine of its own, so that nobody cancels a progress object that is freed:
// this goroutine waits for the call in every case.
func work(ctx context.Context, report func(done, total int64), call func(*C.tlite_progress) error) error {
	if err := stopped(ctx); err != nil {
		return err
	}
	if ctx.Done() == nil && report == nil {
		return call(nil)
	}
	var e *C.tlite_error
	var progress *C.tlite_progress
	if err := failure(C.tlite_progress_create(&progress, &e), &e); err != nil {
		return err
	}
	result := make(chan error, 1)
	go func() { result <- call(progress) }()
	finished := false
	defer func() {
		if !finished { // report has panicked: the call must not outlive what it works on
			C.tlite_progress_cancel(progress)
			<-result
		}
		C.tlite_progress_free(progress)
	}()

	var tick <-chan time.Time
	if report != nil {
		ticker := time.NewTicker(50 * time.Millisecond)
		defer ticker.Stop()
		tick = ticker.C
	}
	tell := func() {
		var done, total C.int64_t
		if C.tlite_progress_get(progress, &done, &total); total > 0 {
			report(int64(done), int64(total))
		}
	}
	for done := ctx.Done(); ; {
		select {
		case err := <-result:
			finished = true
			if cause := stopped(ctx); err != nil && cause != nil && isCode(err, ErrCancelled) {
				return cause
			}
			if err == nil && report != nil {
				tell()
			}
			return err
		case <-done:
			C.tlite_progress_cancel(progress)
			done = nil
		case <-tick:
			tell()
		}
	}
}
