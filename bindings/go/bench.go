//go:build tlite_bench

package tlite

// #include <string.h>
// #include <time.h>
//
// #include "abi.h"
//
// static int64_t now(void) {
//   struct timespec t;
//   clock_gettime(CLOCK_MONOTONIC, &t);
//   return t.tv_sec * (int64_t)1000000000 + t.tv_nsec;
// }
//
// static char text[4096];
//
// // The next token as a program in C takes it, and the nanoseconds; -1 at the end.
// static int64_t next_in_c(tlite_stream* stream) {
//   const tlite_piece* piece = NULL;
//   const int64_t start = now();
//   if (tlite_stream_next(stream, &piece, NULL) != TLITE_OK || piece == NULL) return -1;
//   memcpy(text, piece->text.data, piece->text.size < sizeof text ? piece->text.size : sizeof text);
//   return now() - start;
// }
//
// // Requests of one prompt each, in C alone: the nanoseconds until all have ended, -1 on an error.
// static int64_t engine_in_c(const tlite_model* model, const tlite_engine_options* options,
//                            const tlite_request_options* request, const int32_t* ids, size_t length,
//                            size_t count, size_t* tokens) {
//   tlite_engine* engine = NULL;
//   tlite_engine_event* event = NULL;
//   if (tlite_engine_create(model, options, &engine, NULL) != TLITE_OK) return -1;
//   const int64_t start = now();
//   int64_t id = 0, took = -1;
//   for (size_t i = 0; i < count; ++i)
//     if (tlite_engine_submit_ids(engine, ids + i * length, length, request, &id, NULL) != TLITE_OK) goto done;
//   if (tlite_engine_run(engine, NULL) != TLITE_OK) goto done;
//   while (tlite_engine_poll(engine, &event, NULL) == TLITE_OK && event != NULL) {
//     *tokens += event->token >= 0;
//     tlite_engine_event_free(event);
//   }
//   took = now() - start;
// done:
//   tlite_engine_free(engine);
//   return took;
// }
import "C"

import (
	"time"
	"unsafe"
)

// BenchNextInC takes the next token of a session's stream in C; false at the end.
func BenchNextInC(s *Stream) (time.Duration, bool) {
	took := C.next_in_c(s.state.source.(*sessionSource).stream)
	return time.Duration(took), took >= 0
}

// BenchEngineInC has an engine of its own answer all prompts, which are of one length, in C.
func BenchEngineInC(m *Model, opts *EngineOptions, sampling *Sampling, prompts [][]int32) (took time.Duration, tokens int) {
	var pin pins
	defer pin.Unpin()
	var o C.tlite_engine_options
	C.tlite_engine_options_init(&o, C.sizeof_tlite_engine_options)
	o.context, o.max_sequences = C.int32_t(opts.Context), C.int32_t(opts.MaxSequences)
	var request C.tlite_request_options
	C.tlite_request_options_init(&request, C.sizeof_tlite_request_options)
	params, err := sampling.c(m.life.c, &pin)
	if err != nil {
		return -1, 0
	}
	pin.Pin(params)
	request.sampling = params
	var ids []int32
	for _, prompt := range prompts {
		ids = append(ids, prompt...)
	}
	var count C.size_t
	ns := C.engine_in_c(m.life.c, &o, &request, (*C.int32_t)(unsafe.SliceData(ids)), C.size_t(len(prompts[0])), C.size_t(len(prompts)), &count)
	return time.Duration(ns), int(count)
}
