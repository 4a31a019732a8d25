package tlite

// #include "abi.h"
import "C"

import (
	"context"
	"time"
	"unsafe"
)

// Evaluator is the forward pass: batches of tokens in, logits out, for loops of your own. It is
// for one goroutine at a time. Close stops an evaluation that runs.
type Evaluator struct {
	object[*C.tlite_evaluator]
}

// EvaluatorOptions are the options of an evaluator; the zero value has the defaults.
type EvaluatorOptions struct {
	Context       int // tokens kept in the KV cache, all sequences together; 0: 4096
	MaxSequences  int // 0: 64
	MaxBatchRows  int // worked on at once, longer batches run in chunks; 0: 512
	MaxLogitsRows int // rows of one batch that may want logits; 0: 64
	MaxHiddenRows int // rows of one batch that may want hidden states
	Threads       int // 0: the host's number
	KVType        DataType
}

// BatchRow is one token of a batch.
type BatchRow struct {
	Token       int32
	Sequence    int32
	Position    int32 // the sequence's length, then one more for each further row
	WantsLogits bool
	WantsHidden bool // the last layer's output behind the final norm
}

// NewEvaluator allocates all that the evaluator will ever need. opts may be nil.
func (m *Model) NewEvaluator(opts *EvaluatorOptions) (*Evaluator, error) {
	c, err := m.take()
	if err != nil {
		return nil, err
	}
	defer m.give()
	if opts == nil {
		opts = &EvaluatorOptions{}
	}
	var r ranges
	var o C.tlite_evaluator_options
	C.tlite_evaluator_options_init(&o, C.sizeof_tlite_evaluator_options)
	r.or(&o.context, opts.Context, "context")
	r.or(&o.max_sequences, opts.MaxSequences, "max_sequences")
	r.or(&o.max_batch_rows, opts.MaxBatchRows, "max_batch_rows")
	r.or(&o.max_logits_rows, opts.MaxLogitsRows, "max_logits_rows")
	r.or(&o.max_hidden_rows, opts.MaxHiddenRows, "max_hidden_rows")
	r.or(&o.threads, opts.Threads, "threads")
	o.kv_type = opts.KVType.c()
	if r.err != nil {
		return nil, r.err
	}
	var evaluator *C.tlite_evaluator
	var e *C.tlite_error
	if err := failure(C.tlite_evaluator_create(c, &o, &evaluator, &e), &e); err != nil {
		return nil, err
	}
	result := &Evaluator{}
	return own(result, &result.object, &life[*C.tlite_evaluator]{
		kind: "evaluator", c: evaluator,
		free: func(c *C.tlite_evaluator) { C.tlite_evaluator_free(c) },
		stop: func(c *C.tlite_evaluator) { C.tlite_evaluator_cancel(c) },
	}), nil
}

// Options are those of the evaluator as they were resolved.
func (e *Evaluator) Options() (EvaluatorOptions, error) {
	c, err := e.take()
	if err != nil {
		return EvaluatorOptions{}, err
	}
	defer e.give()
	var o C.tlite_evaluator_options
	C.tlite_evaluator_options_init(&o, C.sizeof_tlite_evaluator_options)
	var failed *C.tlite_error
	if err := failure(C.tlite_evaluator_get_options(c, &o, &failed), &failed); err != nil {
		return EvaluatorOptions{}, err
	}
	return EvaluatorOptions{
		Context:       int(o.context),
		MaxSequences:  int(o.max_sequences),
		MaxBatchRows:  int(o.max_batch_rows),
		MaxLogitsRows: int(o.max_logits_rows),
		MaxHiddenRows: int(o.max_hidden_rows),
		Threads:       int(o.threads),
		KVType:        DataType(o.kv_type + 1),
	}, nil
}

// asking makes a call that hands a number out.
func (e *Evaluator) asking(call func(*C.tlite_evaluator, *C.int32_t, **C.tlite_error) C.tlite_status) (int32, error) {
	c, err := e.take()
	if err != nil {
		return -1, err
	}
	defer e.give()
	var number C.int32_t
	var failed *C.tlite_error
	if err := failure(call(c, &number, &failed), &failed); err != nil {
		return -1, err
	}
	return int32(number), nil
}

// NewSequence begins an empty sequence. ErrBadState when MaxSequences exist.
func (e *Evaluator) NewSequence() (int32, error) {
	return e.asking(func(c *C.tlite_evaluator, out *C.int32_t, failed **C.tlite_error) C.tlite_status {
		return C.tlite_evaluator_create_sequence(c, out, failed)
	})
}

// DestroySequence gives its room back.
func (e *Evaluator) DestroySequence(sequence int32) error {
	_, err := e.asking(func(c *C.tlite_evaluator, _ *C.int32_t, failed **C.tlite_error) C.tlite_status {
		return C.tlite_evaluator_destroy_sequence(c, C.int32_t(sequence), failed)
	})
	return err
}

// Len is the number of tokens in a sequence.
func (e *Evaluator) Len(sequence int32) (int, error) {
	length, err := e.asking(func(c *C.tlite_evaluator, out *C.int32_t, failed **C.tlite_error) C.tlite_status {
		return C.tlite_evaluator_get_length(c, C.int32_t(sequence), out, failed)
	})
	return int(length), err
}

// Fork is a new sequence that shares the first length positions, or all for -1, and copies nothing.
func (e *Evaluator) Fork(sequence int32, length int) (int32, error) {
	return e.asking(func(c *C.tlite_evaluator, out *C.int32_t, failed **C.tlite_error) C.tlite_status {
		return C.tlite_evaluator_fork(c, C.int32_t(sequence), C.int32_t(length), out, failed)
	})
}

// Adopt is Fork from another evaluator of the same model and KVType.
func (e *Evaluator) Adopt(other *Evaluator, sequence int32, length int) (int32, error) {
	if e == other {
		return e.Fork(sequence, length)
	}
	if other == nil {
		return -1, newError(ErrInvalidArgument, "other is nil")
	}
	from, err := other.take()
	if err != nil {
		return -1, err
	}
	defer other.give()
	return e.asking(func(c *C.tlite_evaluator, out *C.int32_t, failed **C.tlite_error) C.tlite_status {
		return C.tlite_evaluator_adopt(c, from, C.int32_t(sequence), C.int32_t(length), out, failed)
	})
}

// Truncate forgets all positions from length on.
func (e *Evaluator) Truncate(sequence int32, length int) error {
	_, err := e.asking(func(c *C.tlite_evaluator, _ *C.int32_t, failed **C.tlite_error) C.tlite_status {
		return C.tlite_evaluator_truncate(c, C.int32_t(sequence), C.int32_t(length), failed)
	})
	return err
}

// FreePositions are those that new tokens can still take.
func (e *Evaluator) FreePositions() int {
	c, err := e.take()
	if err != nil {
		return 0
	}
	defer e.give()
	return int(C.tlite_evaluator_free_positions(c))
}

// Evaluate runs one batch. On an error, that of a context too, the sequences are as before.
func (e *Evaluator) Evaluate(ctx context.Context, rows []BatchRow) error {
	c, err := e.take()
	if err != nil {
		return err
	}
	defer e.give()
	return evaluate(ctx, c, rows)
}

// Append adds ids to one sequence, with logits of the last alone.
func (e *Evaluator) Append(ctx context.Context, sequence int32, ids []int32) error {
	c, err := e.take()
	if err != nil {
		return err
	}
	defer e.give()
	var length C.int32_t
	var failed *C.tlite_error
	if err := failure(C.tlite_evaluator_get_length(c, C.int32_t(sequence), &length, &failed), &failed); err != nil {
		return err
	}
	rows := make([]BatchRow, len(ids))
	for i, id := range ids {
		rows[i] = BatchRow{Token: id, Sequence: sequence, Position: int32(length) + int32(i), WantsLogits: i == len(ids)-1}
	}
	return evaluate(ctx, c, rows)
}

// budget is how long C works before the context is asked.
const budget = 20 * time.Millisecond

// evaluate asks the context between parts of the batch.
func evaluate(ctx context.Context, c *C.tlite_evaluator, rows []BatchRow) error {
	if err := stopped(ctx); err != nil {
		return err
	}
	list := make([]C.tlite_batch_row, len(rows))
	for i, row := range rows {
		list[i] = C.tlite_batch_row{
			token:        C.int32_t(row.Token),
			sequence:     C.int32_t(row.Sequence),
			position:     C.int32_t(row.Position),
			wants_logits: flag(row.WantsLogits),
			wants_hidden: flag(row.WantsHidden),
		}
	}
	var e *C.tlite_error
	if err := failure(C.tlite_evaluator_submit(c, unsafe.SliceData(list), C.size_t(len(list)), &e), &e); err != nil {
		return err
	}
	for {
		var finished C.int32_t
		err := failure(C.tlite_evaluator_advance(c, C.int64_t(budget), &finished, &e), &e)
		if err != nil || finished != 0 {
			return err
		}
		if err := stopped(ctx); err != nil {
			if failed := failure(C.tlite_evaluator_discard(c, &e), &e); failed != nil {
				return failed
			}
			return err
		}
	}
}

// LogitsRows are the rows of the last batch that wanted logits.
func (e *Evaluator) LogitsRows() int {
	c, err := e.take()
	if err != nil {
		return 0
	}
	defer e.give()
	return int(C.tlite_evaluator_logits_rows(c))
}

// Logits appends those of the index-th row of the last batch that wanted them to dst, VocabSize of
// the model, and returns it.
func (e *Evaluator) Logits(dst []float32, index int) ([]float32, error) {
	return e.row(dst, index, func(c *C.tlite_evaluator, at C.int32_t, data **C.float, count *C.size_t, failed **C.tlite_error) C.tlite_status {
		return C.tlite_evaluator_get_logits(c, at, data, count, failed)
	})
}

// HiddenRows are the rows of the last batch that wanted hidden states.
func (e *Evaluator) HiddenRows() int {
	c, err := e.take()
	if err != nil {
		return 0
	}
	defer e.give()
	return int(C.tlite_evaluator_hidden_rows(c))
}

// Hidden appends the hidden state of the index-th row of the last batch that wanted one to dst,
// HiddenSize of the model's Info, and returns it.
func (e *Evaluator) Hidden(dst []float32, index int) ([]float32, error) {
	return e.row(dst, index, func(c *C.tlite_evaluator, at C.int32_t, data **C.float, count *C.size_t, failed **C.tlite_error) C.tlite_status {
		return C.tlite_evaluator_get_hidden(c, at, data, count, failed)
	})
}

type getRow func(*C.tlite_evaluator, C.int32_t, **C.float, *C.size_t, **C.tlite_error) C.tlite_status

func (e *Evaluator) row(dst []float32, index int, get getRow) ([]float32, error) {
	c, err := e.take()
	if err != nil {
		return dst, err
	}
	defer e.give()
	var r ranges
	at := r.int32(index, "index")
	if r.err != nil {
		return dst, r.err
	}
	var data *C.float
	var count C.size_t
	var failed *C.tlite_error
	if err := failure(get(c, at, &data, &count, &failed), &failed); err != nil {
		return dst, err
	}
	return append(dst, unsafe.Slice((*float32)(data), int(count))...), nil
}
