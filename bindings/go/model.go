package tlite

// #include "abi.h"
import "C"

import (
	"context"
	"io/fs"
)

// Model is a model in memory. It never changes and may be used by any number of goroutines;
// sessions, engines and all else that was made from it keep what they need of it, so that it may
// be closed before them.
type Model struct {
	object[*C.tlite_model]
	info ModelInfo
}

// LoadOptions are the options of Load; the zero value has the defaults.
type LoadOptions struct {
	Host Host

	// CheckWeights reads the whole file and looks for NaN and infinity.
	CheckWeights bool
	// Weights quantizes the matrices of a model that is not quantized while it is loaded.
	Weights WeightMix
	// ReadIntoMemory reads the weights in place of mapping them: for files that may be cut short or
	// go away while the model is used, where a look into a mapping kills the process.
	ReadIntoMemory bool
	// PackedCache is a directory for the packed form of quantized weights, which later loads map.
	PackedCache string

	// Progress is called some times a second on the goroutine that loads, with parts of 1,000,000.
	Progress func(done, total int64)
}

// Load reads a Hugging Face directory or a .gguf file. opts may be nil. A context that is done
// stops it at its next step.
func Load(ctx context.Context, path string, opts *LoadOptions) (*Model, error) {
	if opts == nil {
		opts = &LoadOptions{}
	}
	host, err := opts.Host.open()
	if err != nil {
		return nil, err
	}
	var c *C.tlite_model
	err = work(ctx, opts.Progress, func(progress *C.tlite_progress) error {
		var pin pins
		defer pin.Unpin()
		var o C.tlite_load_options
		C.tlite_load_options_init(&o, C.sizeof_tlite_load_options)
		o.check_weights = flag(opts.CheckWeights)
		o.weights = opts.Weights.c()
		o.read_into_memory = flag(opts.ReadIntoMemory)
		o.packed_cache = pin.text(opts.PackedCache)
		o.progress = progress
		name, size := chars(path)
		var e *C.tlite_error
		return failure(C.tlite_model_load(host.c, name, size, &o, &c, &e), &e)
	})
	if err = host.close(err); err != nil {
		return nil, err
	}
	var e *C.tlite_error
	var info *C.tlite_model_info
	if err := failure(C.tlite_model_get_info(c, &info, &e), &e); err != nil {
		C.tlite_model_free(c)
		return nil, err
	}
	m := &Model{info: takeInfo(info)}
	return own(m, &m.object, &life[*C.tlite_model]{
		kind: "model", shared: true, c: c, free: func(c *C.tlite_model) { C.tlite_model_free(c) },
	}), nil
}

// LoadFS is Load from a file system such as an embed.FS or a zip.Reader. The files are read into
// memory.
func LoadFS(ctx context.Context, fsys fs.FS, path string, opts *LoadOptions) (*Model, error) {
	with := LoadOptions{}
	if opts != nil {
		with = *opts
	}
	with.Host.FS = fsys
	return Load(ctx, path, &with)
}

// Info is what the model is. It may be called after Close, as may VocabSize.
func (m *Model) Info() ModelInfo { return m.info }

// VocabSize is the number of logits, and the bound of the ids that the model takes. A tokenizer
// may know fewer.
func (m *Model) VocabSize() int { return m.info.VocabSize }

// CPUTier is the instruction set of the kernels that the model runs on: "avx512", "neon", ...
func (m *Model) CPUTier() string {
	c, err := m.take()
	if err != nil {
		return ""
	}
	defer m.give()
	return C.GoString(C.tlite_model_cpu_tier(c))
}

// DecodeBytes are the bytes of weights that a decoded token must read.
func (m *Model) DecodeBytes() uint64 {
	c, err := m.take()
	if err != nil {
		return 0
	}
	defer m.give()
	return uint64(C.tlite_model_decode_bytes(c))
}

// DefaultSampling is the model's own generation_config.json, with every field set.
func (m *Model) DefaultSampling() (Sampling, error) {
	c, err := m.take()
	if err != nil {
		return Sampling{}, err
	}
	defer m.give()
	return readSampling(func(params *C.tlite_sampling_params, e **C.tlite_error) C.tlite_status {
		return C.tlite_model_get_default_sampling(c, params, e)
	})
}

// Tokenizer is the model's own. It shares the model's memory and lives on after its Close.
func (m *Model) Tokenizer() (*Tokenizer, error) {
	c, err := m.take()
	if err != nil {
		return nil, err
	}
	defer m.give()
	var e *C.tlite_error
	var tokenizer *C.tlite_tokenizer
	if err := failure(C.tlite_model_get_tokenizer(c, &tokenizer, &e), &e); err != nil {
		return nil, err
	}
	return newTokenizer(tokenizer), nil
}

// ChatTemplate is the model's own, and lives on after its Close. A base model has none:
// ErrNotFound.
func (m *Model) ChatTemplate() (*ChatTemplate, error) {
	c, err := m.take()
	if err != nil {
		return nil, err
	}
	defer m.give()
	var e *C.tlite_error
	var template *C.tlite_chat_template
	if err := failure(C.tlite_model_get_chat_template(c, &template, &e), &e); err != nil {
		return nil, err
	}
	return newChatTemplate(template), nil
}

// ModelInfo is what a checkpoint is. Numbers are named as in Hugging Face's config.json.
type ModelInfo struct {
	Path                  string
	Name                  string // file or directory name, or the file's own metadata
	Format                string // "safetensors" or "gguf"
	Architecture          string // "qwen2"
	WeightType            DataType
	ParameterCount        uint64 // tied embeddings counted once
	WeightBytes           uint64
	EOSTokenIDs           []int32
	HasChatTemplate       bool
	VocabSize             int
	HiddenSize            int
	IntermediateSize      int
	NumHiddenLayers       int
	NumAttentionHeads     int
	NumKeyValueHeads      int
	HeadDim               int
	MaxPositionEmbeddings int
	TieWordEmbeddings     bool
	RopeTheta             float64
	YarnFactor            float64 // 1: positions are not scaled by yarn
	RMSNormEps            float64
	SlidingWindow         int // 0: none
}

// Inspect tells what a checkpoint is without loading it; it reads headers only.
func Inspect(path string, from Host) (ModelInfo, error) {
	host, err := from.open()
	if err != nil {
		return ModelInfo{}, err
	}
	var e *C.tlite_error
	var info *C.tlite_model_info
	name, size := chars(path)
	if err := host.close(failure(C.tlite_model_inspect(host.c, name, size, &info, &e), &e)); err != nil {
		return ModelInfo{}, err
	}
	return takeInfo(info), nil
}

func takeInfo(c *C.tlite_model_info) ModelInfo {
	defer C.tlite_model_info_free(c)
	return ModelInfo{
		Path:                  goText(c.path),
		Name:                  goText(c.name),
		Format:                goText(c.format),
		Architecture:          goText(c.architecture),
		WeightType:            DataType(c.weight_type + 1),
		ParameterCount:        uint64(c.parameter_count),
		WeightBytes:           uint64(c.weight_bytes),
		EOSTokenIDs:           goTokens(c.eos_token_ids, c.eos_token_id_count),
		HasChatTemplate:       c.has_chat_template != 0,
		VocabSize:             int(c.vocab_size),
		HiddenSize:            int(c.hidden_size),
		IntermediateSize:      int(c.intermediate_size),
		NumHiddenLayers:       int(c.num_hidden_layers),
		NumAttentionHeads:     int(c.num_attention_heads),
		NumKeyValueHeads:      int(c.num_key_value_heads),
		HeadDim:               int(c.head_dim),
		MaxPositionEmbeddings: int(c.max_position_embeddings),
		TieWordEmbeddings:     c.tie_word_embeddings != 0,
		RopeTheta:             float64(c.rope_theta),
		YarnFactor:            float64(c.yarn_factor),
		RMSNormEps:            decimal(float32(c.rms_norm_eps)),
		SlidingWindow:         max(int(c.sliding_window), 0),
	}
}

// PlanOptions say how a model is to be loaded and used, for Plan. The zero value has the defaults:
// those of a session.
type PlanOptions struct {
	Host Host

	Context       int // tokens kept in the KV cache; 0: 4096
	MaxSequences  int // 0: 1; an evaluator's is 64, an engine's 16
	MaxBatchRows  int // tokens in one forward pass; 0: 512
	MaxLogitsRows int // 0: 1; an evaluator's is 64, an engine's 48 more than MaxSequences
	MaxHiddenRows int // an engine's is MaxBatchRows, unless it has no embeddings
	Threads       int
	KVType        DataType

	// As for Load.
	Weights        WeightMix
	ReadIntoMemory bool
	PackedCache    string
}

// MemoryPlan is bytes of memory by class.
type MemoryPlan struct {
	Weights         uint64 // mapped from files as stored
	WeightsResident uint64 // copied into memory of our own
	KVCache         uint64
	Scratch         uint64 // activations, logits and hidden states
	Total           uint64
}

// Plan tells what a load and a session or evaluator take, to the byte. Each further session takes
// KVCache and Scratch once more. It reads headers only. opts may be nil.
func Plan(path string, opts *PlanOptions) (MemoryPlan, error) {
	if opts == nil {
		opts = &PlanOptions{}
	}
	host, err := opts.Host.open()
	if err != nil {
		return MemoryPlan{}, err
	}
	var pin pins
	defer pin.Unpin()
	var r ranges
	var o C.tlite_plan_options
	C.tlite_plan_options_init(&o, C.sizeof_tlite_plan_options)
	r.or(&o.context, opts.Context, "context")
	r.or(&o.max_sequences, opts.MaxSequences, "max_sequences")
	r.or(&o.max_batch_rows, opts.MaxBatchRows, "max_batch_rows")
	r.or(&o.max_logits_rows, opts.MaxLogitsRows, "max_logits_rows")
	r.or(&o.max_hidden_rows, opts.MaxHiddenRows, "max_hidden_rows")
	r.or(&o.threads, opts.Threads, "threads")
	o.kv_type = opts.KVType.c()
	o.weights = opts.Weights.c()
	o.read_into_memory = flag(opts.ReadIntoMemory)
	o.packed_cache = pin.text(opts.PackedCache)
	var plan C.tlite_memory_plan
	C.tlite_memory_plan_init(&plan, C.sizeof_tlite_memory_plan)
	err = r.err
	if err == nil {
		name, size := chars(path)
		var e *C.tlite_error
		err = failure(C.tlite_model_plan(host.c, name, size, &o, &plan, &e), &e)
	}
	if err := host.close(err); err != nil {
		return MemoryPlan{}, err
	}
	return MemoryPlan{
		Weights:         uint64(plan.weights),
		WeightsResident: uint64(plan.weights_resident),
		KVCache:         uint64(plan.kv_cache),
		Scratch:         uint64(plan.scratch),
		Total:           uint64(plan.total),
	}, nil
}

// ParseWeightMix finds a mix by its name, "q4_k_m", whatever the case.
func ParseWeightMix(name string) (WeightMix, error) {
	if err := ready(); err != nil {
		return 0, err
	}
	data, size := chars(name)
	var mix C.tlite_weight_mix
	var e *C.tlite_error
	if err := failure(C.tlite_weight_mix_parse(data, size, &mix, &e), &e); err != nil {
		return 0, err
	}
	return WeightMix(mix + 1), nil
}
