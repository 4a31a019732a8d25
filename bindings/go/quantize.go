package tlite

// #include "abi.h"
import "C"

import "context"

// QuantizeOptions are the options of Quantize; the zero value has the defaults.
type QuantizeOptions struct {
	Host            Host   // FS is where the source lies; the target is a file of the operating system
	Threads         int    // 0: the host's number. The file is the same for any
	AllowRequantize bool   // take a source that is quantized already
	Importance      string // path of an importance matrix

	// Progress is called some times a second on the goroutine that quantizes, with parts of 1,000,000.
	Progress func(done, total int64)
}

// Quantize writes a Hugging Face directory or a .gguf file to the .gguf file target, which appears
// when it is complete. opts may be nil.
func Quantize(ctx context.Context, source, target string, mix WeightMix, opts *QuantizeOptions) error {
	if opts == nil {
		opts = &QuantizeOptions{}
	}
	var r ranges
	threads := C.int32_t(C.TLITE_UNSET)
	r.or(&threads, opts.Threads, "threads")
	if r.err != nil {
		return r.err
	}
	host, err := opts.Host.open()
	if err != nil {
		return err
	}
	return host.close(work(ctx, opts.Progress, func(progress *C.tlite_progress) error {
		var pin pins
		defer pin.Unpin()
		var o C.tlite_quantize_options
		C.tlite_quantize_options_init(&o, C.sizeof_tlite_quantize_options)
		o.threads = threads
		o.allow_requantize = flag(opts.AllowRequantize)
		o.importance = pin.text(opts.Importance)
		o.progress = progress
		from, fromSize := chars(source)
		to, toSize := chars(target)
		var e *C.tlite_error
		return failure(C.tlite_quantize(host.c, from, fromSize, to, toSize, mix.c(), &o, &e), &e)
	}))
}

// ImportanceOptions are the options of MeasureImportance; the zero value has the defaults.
type ImportanceOptions struct {
	Chunk   int // tokens run together, each chunk from an empty context; 0: 512
	Threads int // 0: the host's number. The file is the same for any
	Format  ImportanceFormat
	Dataset string // the text's name, kept in the file

	// Progress is called some times a second on the goroutine that measures, with parts of 1,000,000.
	Progress func(done, total int64)
}

// MeasureImportance runs the whole chunks of a text's ids through the model, which should not be
// quantized, and writes how much each input of each matrix counts to the file target, for
// QuantizeOptions.Importance and for llama.cpp. opts may be nil.
func (m *Model) MeasureImportance(ctx context.Context, ids []int32, target string, opts *ImportanceOptions) error {
	c, err := m.take()
	if err != nil {
		return err
	}
	defer m.give()
	if opts == nil {
		opts = &ImportanceOptions{}
	}
	return work(ctx, opts.Progress, func(progress *C.tlite_progress) error {
		var pin pins
		defer pin.Unpin()
		var r ranges
		var o C.tlite_importance_options
		C.tlite_importance_options_init(&o, C.sizeof_tlite_importance_options)
		r.or(&o.chunk, opts.Chunk, "chunk")
		r.or(&o.threads, opts.Threads, "threads")
		if r.err != nil {
			return r.err
		}
		o.format = C.tlite_importance_format(opts.Format)
		o.dataset = pin.text(opts.Dataset)
		o.progress = progress
		data, count := ints(ids)
		to, toSize := chars(target)
		var e *C.tlite_error
		return failure(C.tlite_measure_importance(c, data, count, to, toSize, &o, &e), &e)
	})
}
