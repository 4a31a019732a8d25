"""The C ABI for ctypes, made by generate_ffi.py from tlite_c.json: do not edit."""

from __future__ import annotations

from ctypes import (
    CDLL,
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,  # noqa: F401 - of the table of functions
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)

TYPE_CHECKING = False  # typing is slow to import, and only a checker reads this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

TLITE_ABI_MAJOR = 1
TLITE_ABI_MINOR = 0
TLITE_OK = 0
TLITE_ERROR_INVALID_ARGUMENT = -1
TLITE_ERROR_NOT_FOUND = -2
TLITE_ERROR_IO = -3
TLITE_ERROR_CORRUPT = -4
TLITE_ERROR_NOT_SUPPORTED = -5
TLITE_ERROR_OUT_OF_MEMORY = -6
TLITE_ERROR_CANCELLED = -7
TLITE_ERROR_CONTEXT_FULL = -8
TLITE_ERROR_BAD_TEMPLATE = -9
TLITE_ERROR_BAD_STATE = -10
TLITE_ERROR_INTERNAL = -100
TLITE_UNSET = -1
TLITE_LOG_INVALID = -1
TLITE_LOG_DEBUG = 0
TLITE_LOG_INFO = 1
TLITE_LOG_WARNING = 2
TLITE_LOG_ERROR = 3
TLITE_DATA_TYPE_AUTO = -1
TLITE_DATA_TYPE_F32 = 0
TLITE_DATA_TYPE_F16 = 1
TLITE_DATA_TYPE_BF16 = 2
TLITE_DATA_TYPE_Q8_0 = 3
TLITE_DATA_TYPE_Q4_0 = 4
TLITE_DATA_TYPE_Q4_1 = 5
TLITE_DATA_TYPE_Q5_0 = 6
TLITE_DATA_TYPE_Q5_1 = 7
TLITE_DATA_TYPE_Q2_K = 8
TLITE_DATA_TYPE_Q3_K = 9
TLITE_DATA_TYPE_Q4_K = 10
TLITE_DATA_TYPE_Q5_K = 11
TLITE_DATA_TYPE_Q6_K = 12
TLITE_DATA_TYPE_IQ4_NL = 13
TLITE_DATA_TYPE_IQ4_XS = 14
TLITE_WEIGHT_MIX_AS_STORED = -1
TLITE_WEIGHT_MIX_F32 = 0
TLITE_WEIGHT_MIX_F16 = 1
TLITE_WEIGHT_MIX_BF16 = 2
TLITE_WEIGHT_MIX_Q8_0 = 3
TLITE_WEIGHT_MIX_Q4_0 = 4
TLITE_WEIGHT_MIX_Q4_1 = 5
TLITE_WEIGHT_MIX_Q5_0 = 6
TLITE_WEIGHT_MIX_Q5_1 = 7
TLITE_WEIGHT_MIX_Q2_K = 8
TLITE_WEIGHT_MIX_Q3_K_S = 9
TLITE_WEIGHT_MIX_Q3_K_M = 10
TLITE_WEIGHT_MIX_Q3_K_L = 11
TLITE_WEIGHT_MIX_Q4_K_S = 12
TLITE_WEIGHT_MIX_Q4_K_M = 13
TLITE_WEIGHT_MIX_Q5_K_S = 14
TLITE_WEIGHT_MIX_Q5_K_M = 15
TLITE_WEIGHT_MIX_Q6_K = 16
TLITE_WEIGHT_MIX_IQ4_NL = 17
TLITE_WEIGHT_MIX_IQ4_XS = 18
TLITE_OVERFLOW_INVALID = -1
TLITE_OVERFLOW_STOP = 0
TLITE_OVERFLOW_ERROR = 1
TLITE_OVERFLOW_DROP_OLDEST = 2
TLITE_FINISH_INVALID = -1
TLITE_FINISH_NONE = 0
TLITE_FINISH_END_OF_TEXT = 1
TLITE_FINISH_STOP_TOKEN = 2
TLITE_FINISH_STOP_STRING = 3
TLITE_FINISH_LENGTH = 4
TLITE_FINISH_CONTEXT_FULL = 5
TLITE_FINISH_CANCELLED = 6
TLITE_FINISH_DEADLINE = 7
TLITE_FINISH_FAILED = 8
TLITE_POOLING_INVALID = -1
TLITE_POOLING_NONE = 0
TLITE_POOLING_LAST = 1
TLITE_POOLING_MEAN = 2
TLITE_POOLING_CLS = 3
TLITE_BEAM_SCORING_INVALID = -1
TLITE_BEAM_SCORING_HUGGINGFACE = 0
TLITE_BEAM_SCORING_VLLM = 1
TLITE_BEAM_STOPPING_INVALID = -1
TLITE_BEAM_STOPPING_HEURISTIC = 0
TLITE_BEAM_STOPPING_AT_ONCE = 1
TLITE_BEAM_STOPPING_NEVER = 2
TLITE_IMPORTANCE_FORMAT_INVALID = -1
TLITE_IMPORTANCE_FORMAT_GGUF = 0
TLITE_IMPORTANCE_FORMAT_DAT = 1

ENUMS: dict[str, dict[str, int]] = {
    "tlite_status": {
        "ok": 0,
        "invalid_argument": -1,
        "not_found": -2,
        "io": -3,
        "corrupt": -4,
        "not_supported": -5,
        "out_of_memory": -6,
        "cancelled": -7,
        "context_full": -8,
        "bad_template": -9,
        "bad_state": -10,
        "internal": -100,
    },
    "tlite_log_level": {
        "invalid": -1,
        "debug": 0,
        "info": 1,
        "warning": 2,
        "error": 3,
    },
    "tlite_data_type": {
        "auto": -1,
        "f32": 0,
        "f16": 1,
        "bf16": 2,
        "q8_0": 3,
        "q4_0": 4,
        "q4_1": 5,
        "q5_0": 6,
        "q5_1": 7,
        "q2_k": 8,
        "q3_k": 9,
        "q4_k": 10,
        "q5_k": 11,
        "q6_k": 12,
        "iq4_nl": 13,
        "iq4_xs": 14,
    },
    "tlite_weight_mix": {
        "as_stored": -1,
        "f32": 0,
        "f16": 1,
        "bf16": 2,
        "q8_0": 3,
        "q4_0": 4,
        "q4_1": 5,
        "q5_0": 6,
        "q5_1": 7,
        "q2_k": 8,
        "q3_k_s": 9,
        "q3_k_m": 10,
        "q3_k_l": 11,
        "q4_k_s": 12,
        "q4_k_m": 13,
        "q5_k_s": 14,
        "q5_k_m": 15,
        "q6_k": 16,
        "iq4_nl": 17,
        "iq4_xs": 18,
    },
    "tlite_overflow_policy": {
        "invalid": -1,
        "stop": 0,
        "error": 1,
        "drop_oldest": 2,
    },
    "tlite_finish_reason": {
        "invalid": -1,
        "none": 0,
        "end_of_text": 1,
        "stop_token": 2,
        "stop_string": 3,
        "length": 4,
        "context_full": 5,
        "cancelled": 6,
        "deadline": 7,
        "failed": 8,
    },
    "tlite_pooling": {
        "invalid": -1,
        "none": 0,
        "last": 1,
        "mean": 2,
        "cls": 3,
    },
    "tlite_beam_scoring": {
        "invalid": -1,
        "huggingface": 0,
        "vllm": 1,
    },
    "tlite_beam_stopping": {
        "invalid": -1,
        "heuristic": 0,
        "at_once": 1,
        "never": 2,
    },
    "tlite_importance_format": {
        "invalid": -1,
        "gguf": 0,
        "dat": 1,
    },
}

tlite_release_callback = CFUNCTYPE(None, c_void_p)
tlite_log_callback = CFUNCTYPE(None, c_int32, c_void_p, c_size_t, c_void_p)
tlite_allocate_callback = CFUNCTYPE(c_void_p, c_size_t, c_size_t, c_void_p)
tlite_deallocate_callback = CFUNCTYPE(None, c_void_p, c_size_t, c_size_t, c_void_p)
tlite_file_test_callback = CFUNCTYPE(c_int32, c_void_p, c_size_t, c_void_p)
tlite_file_open_callback = CFUNCTYPE(
    c_int32, c_void_p, c_size_t, POINTER(c_void_p), POINTER(c_size_t), POINTER(c_void_p), c_void_p
)
tlite_file_close_callback = CFUNCTYPE(None, c_void_p, c_void_p)
tlite_file_list_callback = CFUNCTYPE(c_int32, c_void_p, c_size_t, c_void_p, c_void_p)
tlite_progress_callback = CFUNCTYPE(c_int32, c_int64, c_int64, c_void_p)
tlite_logits_callback = CFUNCTYPE(c_int32, c_void_p, c_size_t, c_void_p, c_size_t, c_void_p)
tlite_piece_callback = CFUNCTYPE(c_int32, c_void_p, c_void_p)


class tlite_text(Structure):
    """16 bytes."""

    data: Any
    size: int

    _fields_ = (
        ("data", c_void_p),
        ("size", c_size_t),
    )


class tlite_text_range(Structure):
    """16 bytes."""

    begin: int
    end: int

    _fields_ = (
        ("begin", c_size_t),
        ("end", c_size_t),
    )


class tlite_token_list(Structure):
    """16 bytes."""

    data: Any
    size: int

    _fields_ = (
        ("data", POINTER(c_int32)),
        ("size", c_size_t),
    )


class tlite_host_options(Structure):
    """88 bytes."""

    struct_size: int
    threads: int
    user: Any
    release: Any
    log: Any
    allocate: Any
    deallocate: Any
    file_open: Any
    file_close: Any
    file_exists: Any
    file_is_directory: Any
    file_list: Any

    _fields_ = (
        ("struct_size", c_uint32),
        ("threads", c_int32),
        ("user", c_void_p),
        ("release", tlite_release_callback),
        ("log", tlite_log_callback),
        ("allocate", tlite_allocate_callback),
        ("deallocate", tlite_deallocate_callback),
        ("file_open", tlite_file_open_callback),
        ("file_close", tlite_file_close_callback),
        ("file_exists", tlite_file_test_callback),
        ("file_is_directory", tlite_file_test_callback),
        ("file_list", tlite_file_list_callback),
    )


class tlite_load_options(Structure):
    """56 bytes."""

    struct_size: int
    check_weights: int
    weights: int
    read_into_memory: int
    packed_cache: tlite_text
    on_progress: Any
    user: Any
    progress: Any

    _fields_ = (
        ("struct_size", c_uint32),
        ("check_weights", c_int32),
        ("weights", c_int32),
        ("read_into_memory", c_int32),
        ("packed_cache", tlite_text),
        ("on_progress", tlite_progress_callback),
        ("user", c_void_p),
        ("progress", c_void_p),
    )


class tlite_model_info(Structure):
    """168 bytes."""

    struct_size: int
    weight_type: int
    path: tlite_text
    name: tlite_text
    format: tlite_text
    architecture: tlite_text
    parameter_count: int
    weight_bytes: int
    eos_token_ids: Any
    eos_token_id_count: int
    has_chat_template: int
    vocab_size: int
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int
    tie_word_embeddings: int
    rope_theta: float
    yarn_factor: float
    rms_norm_eps: float
    sliding_window: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("weight_type", c_int32),
        ("path", tlite_text),
        ("name", tlite_text),
        ("format", tlite_text),
        ("architecture", tlite_text),
        ("parameter_count", c_uint64),
        ("weight_bytes", c_uint64),
        ("eos_token_ids", POINTER(c_int32)),
        ("eos_token_id_count", c_size_t),
        ("has_chat_template", c_int32),
        ("vocab_size", c_int32),
        ("hidden_size", c_int32),
        ("intermediate_size", c_int32),
        ("num_hidden_layers", c_int32),
        ("num_attention_heads", c_int32),
        ("num_key_value_heads", c_int32),
        ("head_dim", c_int32),
        ("max_position_embeddings", c_int32),
        ("tie_word_embeddings", c_int32),
        ("rope_theta", c_double),
        ("yarn_factor", c_double),
        ("rms_norm_eps", c_float),
        ("sliding_window", c_int32),
    )


class tlite_plan_options(Structure):
    """56 bytes."""

    struct_size: int
    context: int
    max_sequences: int
    max_batch_rows: int
    max_logits_rows: int
    threads: int
    kv_type: int
    weights: int
    read_into_memory: int
    max_hidden_rows: int
    packed_cache: tlite_text

    _fields_ = (
        ("struct_size", c_uint32),
        ("context", c_int32),
        ("max_sequences", c_int32),
        ("max_batch_rows", c_int32),
        ("max_logits_rows", c_int32),
        ("threads", c_int32),
        ("kv_type", c_int32),
        ("weights", c_int32),
        ("read_into_memory", c_int32),
        ("max_hidden_rows", c_int32),
        ("packed_cache", tlite_text),
    )


class tlite_memory_plan(Structure):
    """48 bytes."""

    struct_size: int
    reserved: int
    weights: int
    weights_resident: int
    kv_cache: int
    scratch: int
    total: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("weights", c_uint64),
        ("weights_resident", c_uint64),
        ("kv_cache", c_uint64),
        ("scratch", c_uint64),
        ("total", c_uint64),
    )


class tlite_logit_bias(Structure):
    """8 bytes."""

    token: int
    bias: float

    _fields_ = (
        ("token", c_int32),
        ("bias", c_float),
    )


class tlite_sequence_bias(Structure):
    """24 bytes."""

    tokens: tlite_token_list
    bias: float
    reserved: int

    _fields_ = (
        ("tokens", tlite_token_list),
        ("bias", c_float),
        ("reserved", c_uint32),
    )


class tlite_sampling_params(Structure):
    """328 bytes."""

    struct_size: int
    temperature: float
    top_k: int
    top_p: float
    min_p: float
    typical_p: float
    epsilon_cutoff: float
    eta_cutoff: float
    repetition_penalty: float
    presence_penalty: float
    frequency_penalty: float
    no_repeat_ngram_size: int
    forced_bos_token_id: int
    max_new_tokens: int
    min_new_tokens: int
    max_length: int
    min_length: int
    length_decay_start: int
    length_decay_factor: float
    ignore_eos: int
    include_stop_in_output: int
    logprobs: int
    reserved: int
    has_seed: int
    seed: int
    logit_bias: Any
    logit_bias_count: int
    sequence_bias: Any
    sequence_bias_count: int
    suppress_tokens: Any
    suppress_token_count: int
    begin_suppress_tokens: Any
    begin_suppress_token_count: int
    bad_words: Any
    bad_word_count: int
    forced_eos_token_ids: Any
    forced_eos_token_id_count: int
    stop_token_ids: Any
    stop_token_id_count: int
    stop: Any
    stop_count: int
    allowed_token_ids: Any
    allowed_token_id_count: int
    dry_sequence_breakers: Any
    dry_sequence_breaker_count: int
    top_n_sigma: float
    xtc_probability: float
    xtc_threshold: float
    dry_multiplier: float
    dry_base: float
    dry_allowed_length: int
    dry_penalty_last_n: int
    mirostat: int
    mirostat_tau: float
    mirostat_eta: float
    dynatemp_range: float
    dynatemp_exponent: float
    adaptive_target: float
    adaptive_decay: float
    thinking_budget: int
    reserved2: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("temperature", c_float),
        ("top_k", c_int32),
        ("top_p", c_float),
        ("min_p", c_float),
        ("typical_p", c_float),
        ("epsilon_cutoff", c_float),
        ("eta_cutoff", c_float),
        ("repetition_penalty", c_float),
        ("presence_penalty", c_float),
        ("frequency_penalty", c_float),
        ("no_repeat_ngram_size", c_int32),
        ("forced_bos_token_id", c_int32),
        ("max_new_tokens", c_int32),
        ("min_new_tokens", c_int32),
        ("max_length", c_int32),
        ("min_length", c_int32),
        ("length_decay_start", c_int32),
        ("length_decay_factor", c_float),
        ("ignore_eos", c_int32),
        ("include_stop_in_output", c_int32),
        ("logprobs", c_int32),
        ("reserved", c_uint32),
        ("has_seed", c_int32),
        ("seed", c_uint64),
        ("logit_bias", POINTER(tlite_logit_bias)),
        ("logit_bias_count", c_size_t),
        ("sequence_bias", POINTER(tlite_sequence_bias)),
        ("sequence_bias_count", c_size_t),
        ("suppress_tokens", POINTER(c_int32)),
        ("suppress_token_count", c_size_t),
        ("begin_suppress_tokens", POINTER(c_int32)),
        ("begin_suppress_token_count", c_size_t),
        ("bad_words", POINTER(tlite_token_list)),
        ("bad_word_count", c_size_t),
        ("forced_eos_token_ids", POINTER(c_int32)),
        ("forced_eos_token_id_count", c_size_t),
        ("stop_token_ids", POINTER(c_int32)),
        ("stop_token_id_count", c_size_t),
        ("stop", POINTER(tlite_text)),
        ("stop_count", c_size_t),
        ("allowed_token_ids", POINTER(c_int32)),
        ("allowed_token_id_count", c_size_t),
        ("dry_sequence_breakers", POINTER(tlite_token_list)),
        ("dry_sequence_breaker_count", c_size_t),
        ("top_n_sigma", c_float),
        ("xtc_probability", c_float),
        ("xtc_threshold", c_float),
        ("dry_multiplier", c_float),
        ("dry_base", c_float),
        ("dry_allowed_length", c_int32),
        ("dry_penalty_last_n", c_int32),
        ("mirostat", c_int32),
        ("mirostat_tau", c_float),
        ("mirostat_eta", c_float),
        ("dynatemp_range", c_float),
        ("dynatemp_exponent", c_float),
        ("adaptive_target", c_float),
        ("adaptive_decay", c_float),
        ("thinking_budget", c_int32),
        ("reserved2", c_uint32),
    )


class tlite_token_logprob(Structure):
    """32 bytes."""

    token: int
    logprob: float
    rank: int
    reserved: int
    bytes: tlite_text

    _fields_ = (
        ("token", c_int32),
        ("logprob", c_float),
        ("rank", c_int32),
        ("reserved", c_uint32),
        ("bytes", tlite_text),
    )


class tlite_tool_call(Structure):
    """64 bytes."""

    name: tlite_text
    arguments_json: tlite_text
    id: tlite_text
    reserved: Any

    _fields_ = (
        ("name", tlite_text),
        ("arguments_json", tlite_text),
        ("id", tlite_text),
        ("reserved", c_uint32 * 4),
    )


class tlite_message(Structure):
    """88 bytes."""

    struct_size: int
    reserved: int
    role: tlite_text
    content: tlite_text
    tool_calls: Any
    tool_call_count: int
    tool_call_id: tlite_text
    name: tlite_text

    _fields_ = (
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("role", tlite_text),
        ("content", tlite_text),
        ("tool_calls", POINTER(tlite_tool_call)),
        ("tool_call_count", c_size_t),
        ("tool_call_id", tlite_text),
        ("name", tlite_text),
    )


class tlite_session_options(Structure):
    """64 bytes."""

    struct_size: int
    context: int
    threads: int
    max_batch_rows: int
    kv_type: int
    overflow: int
    parse_special_in_messages: int
    reserved: int
    tools_json: tlite_text
    template_json: tlite_text

    _fields_ = (
        ("struct_size", c_uint32),
        ("context", c_int32),
        ("threads", c_int32),
        ("max_batch_rows", c_int32),
        ("kv_type", c_int32),
        ("overflow", c_int32),
        ("parse_special_in_messages", c_int32),
        ("reserved", c_uint32),
        ("tools_json", tlite_text),
        ("template_json", tlite_text),
    )


class tlite_piece(Structure):
    """48 bytes."""

    struct_size: int
    token: int
    text: tlite_text
    logprob: Any
    top_logprobs: Any
    top_logprob_count: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("token", c_int32),
        ("text", tlite_text),
        ("logprob", POINTER(tlite_token_logprob)),
        ("top_logprobs", POINTER(tlite_token_logprob)),
        ("top_logprob_count", c_size_t),
    )


class tlite_generation(Structure):
    """176 bytes."""

    struct_size: int
    finish_reason: int
    text: tlite_text
    stop_string: tlite_text
    tokens: Any
    token_count: int
    logprobs: Any
    top_logprobs: Any
    top_logprob_offsets: Any
    top_logprob_count: int
    prompt_tokens: int
    cached_tokens: int
    dropped_messages: int
    reserved: int
    prefill_seconds: float
    decode_seconds: float
    prompt_logprobs: Any
    prompt_logprob_count: int
    prompt_top_logprobs: Any
    prompt_top_logprob_offsets: Any
    prompt_logprobs_start: int
    reserved2: int
    embedding: Any
    embedding_size: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("finish_reason", c_int32),
        ("text", tlite_text),
        ("stop_string", tlite_text),
        ("tokens", POINTER(c_int32)),
        ("token_count", c_size_t),
        ("logprobs", POINTER(tlite_token_logprob)),
        ("top_logprobs", POINTER(tlite_token_logprob)),
        ("top_logprob_offsets", POINTER(c_size_t)),
        ("top_logprob_count", c_size_t),
        ("prompt_tokens", c_int32),
        ("cached_tokens", c_int32),
        ("dropped_messages", c_int32),
        ("reserved", c_uint32),
        ("prefill_seconds", c_double),
        ("decode_seconds", c_double),
        ("prompt_logprobs", POINTER(tlite_token_logprob)),
        ("prompt_logprob_count", c_size_t),
        ("prompt_top_logprobs", POINTER(tlite_token_logprob)),
        ("prompt_top_logprob_offsets", POINTER(c_size_t)),
        ("prompt_logprobs_start", c_int32),
        ("reserved2", c_uint32),
        ("embedding", POINTER(c_float)),
        ("embedding_size", c_size_t),
    )


class tlite_engine_options(Structure):
    """36 bytes."""

    struct_size: int
    context: int
    max_sequences: int
    max_batch_rows: int
    threads: int
    kv_type: int
    max_delay_milliseconds: int
    prefix_cache: int
    embeddings: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("context", c_int32),
        ("max_sequences", c_int32),
        ("max_batch_rows", c_int32),
        ("threads", c_int32),
        ("kv_type", c_int32),
        ("max_delay_milliseconds", c_int32),
        ("prefix_cache", c_int32),
        ("embeddings", c_int32),
    )


class tlite_request_options(Structure):
    """112 bytes."""

    struct_size: int
    context: int
    priority: int
    parse_special_in_messages: int
    timeout_milliseconds: int
    sampling: Any
    reserved: int
    tools_json: tlite_text
    template_json: tlite_text
    n: int
    prompt_logprobs: int
    prompt_logprobs_start: int
    reserved2: int
    pooling: int
    normalize: int
    logits_callback: Any
    logits_user: Any

    _fields_ = (
        ("struct_size", c_uint32),
        ("context", c_int32),
        ("priority", c_int32),
        ("parse_special_in_messages", c_int32),
        ("timeout_milliseconds", c_int64),
        ("sampling", POINTER(tlite_sampling_params)),
        ("reserved", c_size_t),
        ("tools_json", tlite_text),
        ("template_json", tlite_text),
        ("n", c_int32),
        ("prompt_logprobs", c_int32),
        ("prompt_logprobs_start", c_int32),
        ("reserved2", c_uint32),
        ("pooling", c_int32),
        ("normalize", c_int32),
        ("logits_callback", tlite_logits_callback),
        ("logits_user", c_void_p),
    )


class tlite_engine_event(Structure):
    """88 bytes."""

    struct_size: int
    token: int
    request: int
    text: tlite_text
    logprob: Any
    top_logprobs: Any
    top_logprob_count: int
    result: Any
    finish_reason: int
    status: int
    message: tlite_text

    _fields_ = (
        ("struct_size", c_uint32),
        ("token", c_int32),
        ("request", c_int64),
        ("text", tlite_text),
        ("logprob", POINTER(tlite_token_logprob)),
        ("top_logprobs", POINTER(tlite_token_logprob)),
        ("top_logprob_count", c_size_t),
        ("result", POINTER(tlite_generation)),
        ("finish_reason", c_int32),
        ("status", c_int32),
        ("message", tlite_text),
    )


class tlite_engine_status(Structure):
    """20 bytes."""

    struct_size: int
    waiting: int
    running: int
    cached_tokens: int
    free_tokens: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("waiting", c_int32),
        ("running", c_int32),
        ("cached_tokens", c_int32),
        ("free_tokens", c_int32),
    )


class tlite_beam_options(Structure):
    """88 bytes."""

    struct_size: int
    beam_width: int
    max_new_tokens: int
    scoring: int
    early_stopping: int
    length_penalty: float
    ignore_eos: int
    num_return: int
    temperature: float
    has_seed: int
    seed: int
    priority: int
    reserved: int
    on_progress: Any
    user: Any
    progress: Any
    reserved2: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("beam_width", c_int32),
        ("max_new_tokens", c_int32),
        ("scoring", c_int32),
        ("early_stopping", c_int32),
        ("length_penalty", c_float),
        ("ignore_eos", c_int32),
        ("num_return", c_int32),
        ("temperature", c_float),
        ("has_seed", c_int32),
        ("seed", c_uint64),
        ("priority", c_int32),
        ("reserved", c_uint32),
        ("on_progress", tlite_progress_callback),
        ("user", c_void_p),
        ("progress", c_void_p),
        ("reserved2", c_size_t),
    )


class tlite_beam(Structure):
    """56 bytes."""

    struct_size: int
    finish_reason: int
    tokens: Any
    token_count: int
    text: tlite_text
    score: float
    logprob: float

    _fields_ = (
        ("struct_size", c_uint32),
        ("finish_reason", c_int32),
        ("tokens", POINTER(c_int32)),
        ("token_count", c_size_t),
        ("text", tlite_text),
        ("score", c_double),
        ("logprob", c_double),
    )


class tlite_encode_options(Structure):
    """32 bytes."""

    struct_size: int
    parse_special: int
    literal_ranges: Any
    literal_range_count: int
    add_special: int
    reserved: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("parse_special", c_int32),
        ("literal_ranges", POINTER(tlite_text_range)),
        ("literal_range_count", c_size_t),
        ("add_special", c_int32),
        ("reserved", c_uint32),
    )


class tlite_decode_options(Structure):
    """8 bytes."""

    struct_size: int
    skip_special: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("skip_special", c_int32),
    )


class tlite_template_options(Structure):
    """56 bytes."""

    struct_size: int
    add_generation_prompt: int
    tools_json: tlite_text
    extra_json: tlite_text
    has_now: int
    reserved: int
    now: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("add_generation_prompt", c_int32),
        ("tools_json", tlite_text),
        ("extra_json", tlite_text),
        ("has_now", c_int32),
        ("reserved", c_uint32),
        ("now", c_int64),
    )


class tlite_evaluator_options(Structure):
    """32 bytes."""

    struct_size: int
    context: int
    max_sequences: int
    max_batch_rows: int
    max_logits_rows: int
    threads: int
    kv_type: int
    max_hidden_rows: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("context", c_int32),
        ("max_sequences", c_int32),
        ("max_batch_rows", c_int32),
        ("max_logits_rows", c_int32),
        ("threads", c_int32),
        ("kv_type", c_int32),
        ("max_hidden_rows", c_int32),
    )


class tlite_batch_row(Structure):
    """32 bytes."""

    token: int
    sequence: int
    position: int
    wants_logits: int
    wants_hidden: int
    reserved: Any

    _fields_ = (
        ("token", c_int32),
        ("sequence", c_int32),
        ("position", c_int32),
        ("wants_logits", c_int32),
        ("wants_hidden", c_int32),
        ("reserved", c_uint32 * 3),
    )


class tlite_sampled_token(Structure):
    """32 bytes."""

    struct_size: int
    token: int
    logprob: Any
    top_logprobs: Any
    top_logprob_count: int

    _fields_ = (
        ("struct_size", c_uint32),
        ("token", c_int32),
        ("logprob", POINTER(tlite_token_logprob)),
        ("top_logprobs", POINTER(tlite_token_logprob)),
        ("top_logprob_count", c_size_t),
    )


class tlite_quantize_options(Structure):
    """56 bytes."""

    struct_size: int
    threads: int
    allow_requantize: int
    reserved: int
    importance: tlite_text
    on_progress: Any
    user: Any
    progress: Any

    _fields_ = (
        ("struct_size", c_uint32),
        ("threads", c_int32),
        ("allow_requantize", c_int32),
        ("reserved", c_uint32),
        ("importance", tlite_text),
        ("on_progress", tlite_progress_callback),
        ("user", c_void_p),
        ("progress", c_void_p),
    )


class tlite_importance_options(Structure):
    """56 bytes."""

    struct_size: int
    chunk: int
    threads: int
    format: int
    dataset: tlite_text
    on_progress: Any
    user: Any
    progress: Any

    _fields_ = (
        ("struct_size", c_uint32),
        ("chunk", c_int32),
        ("threads", c_int32),
        ("format", c_int32),
        ("dataset", tlite_text),
        ("on_progress", tlite_progress_callback),
        ("user", c_void_p),
        ("progress", c_void_p),
    )


# Name, result, parameters.
_FUNCTIONS = """
tlite_abi_version c_uint32;
tlite_version c_char_p;
tlite_status_name c_char_p c_int32;
tlite_error_status c_int32 c_void_p;
tlite_error_message c_void_p c_void_p *c_size_t;
tlite_error_free None c_void_p;
tlite_check_abi c_int32 c_uint32 *c_void_p;
tlite_string_data c_void_p c_void_p *c_size_t;
tlite_string_free None c_void_p;
tlite_tokens_data *c_int32 c_void_p *c_size_t;
tlite_tokens_free None c_void_p;
tlite_log_level_name c_char_p c_int32;
tlite_file_names_add c_int32 c_void_p c_char_p c_size_t *c_void_p;
tlite_host_options_init c_int32 *tlite_host_options c_size_t;
tlite_host_create c_int32 *tlite_host_options *c_void_p *c_void_p;
tlite_host_free None c_void_p;
tlite_progress_create c_int32 *c_void_p *c_void_p;
tlite_progress_free None c_void_p;
tlite_progress_get None c_void_p *c_int64 *c_int64;
tlite_progress_cancel None c_void_p;
tlite_progress_reset None c_void_p;
tlite_data_type_name c_char_p c_int32;
tlite_weight_mix_name c_char_p c_int32;
tlite_weight_mix_parse c_int32 c_char_p c_size_t *c_int32 *c_void_p;
tlite_load_options_init c_int32 *tlite_load_options c_size_t;
tlite_model_load c_int32 c_void_p c_char_p c_size_t *tlite_load_options *c_void_p *c_void_p;
tlite_model_free None c_void_p;
tlite_model_vocab_size c_int32 c_void_p;
tlite_model_hidden_size c_int32 c_void_p;
tlite_model_cpu_tier c_char_p c_void_p;
tlite_model_decode_bytes c_uint64 c_void_p;
tlite_model_get_info c_int32 c_void_p **tlite_model_info *c_void_p;
tlite_model_inspect c_int32 c_void_p c_char_p c_size_t **tlite_model_info *c_void_p;
tlite_model_info_free None *tlite_model_info;
tlite_model_info_to_json c_int32 *tlite_model_info *c_void_p *c_void_p;
tlite_plan_options_init c_int32 *tlite_plan_options c_size_t;
tlite_memory_plan_init c_int32 *tlite_memory_plan c_size_t;
tlite_model_plan c_int32 c_void_p c_char_p c_size_t *tlite_plan_options *tlite_memory_plan
    *c_void_p;
tlite_sampling_params_init c_int32 *tlite_sampling_params c_size_t;
tlite_sampling_params_get_preset c_int32 c_char_p c_size_t *tlite_sampling_params *c_void_p;
tlite_model_get_default_sampling c_int32 c_void_p *tlite_sampling_params *c_void_p;
tlite_sampling_params_validate c_int32 *tlite_sampling_params c_int32 *c_void_p;
tlite_message_init c_int32 *tlite_message c_size_t;
tlite_messages_create c_int32 *c_void_p *c_void_p;
tlite_messages_parse c_int32 c_char_p c_size_t *c_void_p *c_void_p;
tlite_messages_free None c_void_p;
tlite_messages_add c_int32 c_void_p *tlite_message *c_void_p;
tlite_messages_count c_size_t c_void_p;
tlite_messages_get c_int32 c_void_p c_size_t *tlite_message *c_void_p;
tlite_messages_to_json c_int32 c_void_p *c_void_p *c_void_p;
tlite_overflow_policy_name c_char_p c_int32;
tlite_finish_reason_name c_char_p c_int32;
tlite_session_options_init c_int32 *tlite_session_options c_size_t;
tlite_generation_free None *tlite_generation;
tlite_session_create c_int32 c_void_p *tlite_session_options *c_void_p *c_void_p;
tlite_session_free None c_void_p;
tlite_session_get_options c_int32 c_void_p *tlite_session_options *c_void_p;
tlite_session_set_sampling c_int32 c_void_p *tlite_sampling_params *c_void_p;
tlite_session_get_sampling c_int32 c_void_p *tlite_sampling_params *c_void_p;
tlite_session_add_system c_int32 c_void_p c_char_p c_size_t *c_void_p;
tlite_session_add_user c_int32 c_void_p c_char_p c_size_t *c_void_p;
tlite_session_add_message c_int32 c_void_p *tlite_message *c_void_p;
tlite_session_get_messages c_int32 c_void_p *c_void_p *c_void_p;
tlite_session_set_messages c_int32 c_void_p c_void_p *c_void_p;
tlite_session_rewind c_int32 c_void_p c_size_t *c_void_p;
tlite_session_reset c_int32 c_void_p *c_void_p;
tlite_session_fork c_int32 c_void_p *c_void_p *c_void_p;
tlite_session_count_prompt_tokens c_int32 c_void_p *c_int32 *c_void_p;
tlite_session_reply c_int32 c_void_p tlite_piece_callback c_void_p **tlite_generation *c_void_p;
tlite_session_regenerate c_int32 c_void_p tlite_piece_callback c_void_p **tlite_generation
    *c_void_p;
tlite_session_continue c_int32 c_void_p tlite_piece_callback c_void_p **tlite_generation *c_void_p;
tlite_session_complete c_int32 c_void_p c_char_p c_size_t tlite_piece_callback c_void_p
    **tlite_generation *c_void_p;
tlite_session_complete_ids c_int32 c_void_p c_void_p c_size_t tlite_piece_callback c_void_p
    **tlite_generation *c_void_p;
tlite_session_stream c_int32 c_void_p *c_void_p *c_void_p;
tlite_session_stream_regenerate c_int32 c_void_p *c_void_p *c_void_p;
tlite_session_stream_continue c_int32 c_void_p *c_void_p *c_void_p;
tlite_session_stream_complete c_int32 c_void_p c_char_p c_size_t *c_void_p *c_void_p;
tlite_session_stream_complete_ids c_int32 c_void_p c_void_p c_size_t *c_void_p *c_void_p;
tlite_stream_next c_int32 c_void_p **tlite_piece *c_void_p;
tlite_stream_advance c_int32 c_void_p c_int64 **tlite_piece *c_int32 *c_void_p;
tlite_stream_poll c_int32 c_void_p **tlite_piece *c_int32 *c_void_p;
tlite_stream_finish_reason c_int32 c_void_p;
tlite_stream_get_result c_int32 c_void_p **tlite_generation *c_void_p;
tlite_stream_free None c_void_p;
tlite_session_on_logits c_int32 c_void_p tlite_logits_callback c_void_p *c_void_p;
tlite_session_on_prefill c_int32 c_void_p tlite_progress_callback c_void_p *c_void_p;
tlite_session_get_prefill_progress None c_void_p *c_int64 *c_int64;
tlite_session_cancel None c_void_p;
tlite_session_end_thinking None c_void_p;
tlite_session_clear_cancel None c_void_p;
tlite_engine_options_init c_int32 *tlite_engine_options c_size_t;
tlite_pooling_name c_char_p c_int32;
tlite_request_options_init c_int32 *tlite_request_options c_size_t;
tlite_engine_event_free None *tlite_engine_event;
tlite_engine_status_init c_int32 *tlite_engine_status c_size_t;
tlite_engine_create c_int32 c_void_p *tlite_engine_options *c_void_p *c_void_p;
tlite_engine_free None c_void_p;
tlite_engine_get_options c_int32 c_void_p *tlite_engine_options *c_void_p;
tlite_engine_submit_ids c_int32 c_void_p c_void_p c_size_t *tlite_request_options *c_int64
    *c_void_p;
tlite_engine_submit_text c_int32 c_void_p c_char_p c_size_t *tlite_request_options *c_int64
    *c_void_p;
tlite_engine_submit_messages c_int32 c_void_p c_void_p *tlite_request_options *c_int64 *c_void_p;
tlite_engine_step c_int32 c_void_p c_int64 *c_int32 *c_void_p;
tlite_engine_run c_int32 c_void_p *c_void_p;
tlite_engine_wait_for_work c_int32 c_void_p c_int64 *c_int32 *c_void_p;
tlite_engine_poll c_int32 c_void_p **tlite_engine_event *c_void_p;
tlite_engine_advance c_int32 c_void_p c_int64 **tlite_engine_event *c_int32 *c_void_p;
tlite_engine_wait c_int32 c_void_p c_int64 **tlite_generation *c_void_p;
tlite_engine_cancel None c_void_p c_int64;
tlite_engine_end_thinking None c_void_p c_int64;
tlite_engine_set_priority None c_void_p c_int64 c_int32;
tlite_engine_get_status c_int32 c_void_p *tlite_engine_status *c_void_p;
tlite_beam_scoring_name c_char_p c_int32;
tlite_beam_stopping_name c_char_p c_int32;
tlite_beam_options_init c_int32 *tlite_beam_options c_size_t;
tlite_beam_init c_int32 *tlite_beam c_size_t;
tlite_engine_beam_search c_int32 c_void_p c_void_p c_size_t *tlite_beam_options *c_void_p
    *c_void_p;
tlite_beams_free None c_void_p;
tlite_beams_count c_size_t c_void_p;
tlite_beams_get c_int32 c_void_p c_size_t *tlite_beam *c_void_p;
tlite_engine_create_session c_int32 c_void_p *tlite_session_options *c_void_p *c_void_p;
tlite_encode_options_init c_int32 *tlite_encode_options c_size_t;
tlite_decode_options_init c_int32 *tlite_decode_options c_size_t;
tlite_model_get_tokenizer c_int32 c_void_p *c_void_p *c_void_p;
tlite_tokenizer_load c_int32 c_void_p c_char_p c_size_t *c_void_p *c_void_p;
tlite_tokenizer_free None c_void_p;
tlite_tokenizer_encode c_int32 c_void_p c_char_p c_size_t *tlite_encode_options *c_void_p
    *c_void_p;
tlite_tokenizer_decode c_int32 c_void_p c_void_p c_size_t *tlite_decode_options *c_void_p
    *c_void_p;
tlite_tokenizer_get_token_bytes c_int32 c_void_p c_int32 *c_void_p *c_void_p;
tlite_tokenizer_get_token_id c_int32 c_void_p c_char_p c_size_t *c_int32 *c_void_p;
tlite_tokenizer_is_special c_int32 c_void_p c_int32;
tlite_tokenizer_vocab_size c_int32 c_void_p;
tlite_tokenizer_bos_token c_int32 c_void_p;
tlite_tokenizer_eos_token c_int32 c_void_p;
tlite_tokenizer_pad_token c_int32 c_void_p;
tlite_stream_decoder_create c_int32 c_void_p *tlite_decode_options *c_void_p *c_void_p;
tlite_stream_decoder_free None c_void_p;
tlite_stream_decoder_push c_int32 c_void_p c_int32 *tlite_text *c_void_p;
tlite_stream_decoder_finish c_int32 c_void_p *tlite_text *c_void_p;
tlite_template_options_init c_int32 *tlite_template_options c_size_t;
tlite_model_get_chat_template c_int32 c_void_p *c_void_p *c_void_p;
tlite_chat_template_load c_int32 c_void_p c_char_p c_size_t *c_void_p *c_void_p;
tlite_chat_template_parse c_int32 c_char_p c_size_t c_char_p c_size_t c_char_p c_size_t *c_void_p
    *c_void_p;
tlite_chat_template_free None c_void_p;
tlite_chat_template_source c_void_p c_void_p *c_size_t;
tlite_chat_template_render c_int32 c_void_p c_void_p *tlite_template_options *c_void_p *c_void_p;
tlite_chat_template_render_json c_int32 c_void_p c_char_p c_size_t *tlite_template_options
    *c_void_p *c_void_p;
tlite_prompt_text c_void_p c_void_p *c_size_t;
tlite_prompt_literal_ranges *tlite_text_range c_void_p *c_size_t;
tlite_prompt_free None c_void_p;
tlite_evaluator_options_init c_int32 *tlite_evaluator_options c_size_t;
tlite_evaluator_create c_int32 c_void_p *tlite_evaluator_options *c_void_p *c_void_p;
tlite_evaluator_free None c_void_p;
tlite_evaluator_get_options c_int32 c_void_p *tlite_evaluator_options *c_void_p;
tlite_evaluator_create_sequence c_int32 c_void_p *c_int32 *c_void_p;
tlite_evaluator_destroy_sequence c_int32 c_void_p c_int32 *c_void_p;
tlite_evaluator_get_length c_int32 c_void_p c_int32 *c_int32 *c_void_p;
tlite_evaluator_fork c_int32 c_void_p c_int32 c_int32 *c_int32 *c_void_p;
tlite_evaluator_adopt c_int32 c_void_p c_void_p c_int32 c_int32 *c_int32 *c_void_p;
tlite_evaluator_truncate c_int32 c_void_p c_int32 c_int32 *c_void_p;
tlite_evaluator_free_positions c_int32 c_void_p;
tlite_evaluator_evaluate c_int32 c_void_p *tlite_batch_row c_size_t *c_void_p;
tlite_evaluator_append c_int32 c_void_p c_int32 c_void_p c_size_t *c_void_p;
tlite_evaluator_submit c_int32 c_void_p *tlite_batch_row c_size_t *c_void_p;
tlite_evaluator_advance c_int32 c_void_p c_int64 *c_int32 *c_void_p;
tlite_evaluator_discard c_int32 c_void_p *c_void_p;
tlite_evaluator_logits_rows c_int32 c_void_p;
tlite_evaluator_get_logits c_int32 c_void_p c_int32 *c_void_p *c_size_t *c_void_p;
tlite_evaluator_get_logits_matrix c_int32 c_void_p *c_void_p *c_size_t *c_size_t *c_size_t
    *c_void_p;
tlite_evaluator_hidden_rows c_int32 c_void_p;
tlite_evaluator_get_hidden c_int32 c_void_p c_int32 *c_void_p *c_size_t *c_void_p;
tlite_evaluator_cancel None c_void_p;
tlite_evaluator_clear_cancel None c_void_p;
tlite_evaluator_on_progress c_int32 c_void_p tlite_progress_callback c_void_p *c_void_p;
tlite_sampler_create c_int32 c_void_p *tlite_sampling_params *c_void_p *c_void_p;
tlite_sampler_free None c_void_p;
tlite_sampler_on_logits c_int32 c_void_p tlite_logits_callback c_void_p *c_void_p;
tlite_sampler_observe_prompt c_int32 c_void_p c_void_p c_size_t *c_void_p;
tlite_sampler_sample c_int32 c_void_p c_void_p c_size_t c_void_p c_size_t **tlite_sampled_token
    *c_void_p;
tlite_sampler_end_thinking None c_void_p;
tlite_sampler_accept c_int32 c_void_p c_int32 *c_void_p;
tlite_sampler_reset c_int32 c_void_p *c_void_p;
tlite_sampler_seed c_uint64 c_void_p;
tlite_stop_matcher_create c_int32 *tlite_text c_size_t c_int32 *c_void_p *c_void_p;
tlite_stop_matcher_free None c_void_p;
tlite_stop_matcher_push c_int32 c_void_p c_char_p c_size_t *tlite_text *tlite_text *c_void_p;
tlite_stop_matcher_flush c_int32 c_void_p *tlite_text *c_void_p;
tlite_quantize_options_init c_int32 *tlite_quantize_options c_size_t;
tlite_quantize c_int32 c_void_p c_char_p c_size_t c_char_p c_size_t c_int32
    *tlite_quantize_options *c_void_p;
tlite_importance_format_name c_char_p c_int32;
tlite_importance_options_init c_int32 *tlite_importance_options c_size_t;
tlite_measure_importance c_int32 c_void_p c_void_p c_size_t c_char_p c_size_t
    *tlite_importance_options *c_void_p
"""


def _type(name: str) -> type[Any] | None:
    """What a name of the table means; each * is a pointer to the rest."""
    if name == "None":
        return None
    return POINTER(_type(name[1:])) if name[0] == "*" else globals()[name]


class Library:
    """The functions of a library."""

    def __init__(self, library: CDLL) -> None:
        """Looks all of them up; AttributeError for one that is missing."""
        self._library = library
        self._signatures: dict[str, list[str]] = {}
        for entry in _FUNCTIONS.split(";"):
            name, *types = entry.split()
            getattr(library, name)
            self._signatures[name] = types

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Any]:
            """The first use of a function: from then on it is an attribute."""
            if name not in self.__dict__.get("_signatures", ()):
                raise AttributeError(f"tlite.h has no function {name}")
            function = getattr(self._library, name)
            result, *parameters = map(_type, self._signatures[name])
            function.restype, function.argtypes = result, parameters
            self.__dict__[name] = function
            return function

    else:
        tlite_abi_version: Callable[..., Any]
        tlite_version: Callable[..., Any]
        tlite_status_name: Callable[..., Any]
        tlite_error_status: Callable[..., Any]
        tlite_error_message: Callable[..., Any]
        tlite_error_free: Callable[..., Any]
        tlite_check_abi: Callable[..., Any]
        tlite_string_data: Callable[..., Any]
        tlite_string_free: Callable[..., Any]
        tlite_tokens_data: Callable[..., Any]
        tlite_tokens_free: Callable[..., Any]
        tlite_log_level_name: Callable[..., Any]
        tlite_file_names_add: Callable[..., Any]
        tlite_host_options_init: Callable[..., Any]
        tlite_host_create: Callable[..., Any]
        tlite_host_free: Callable[..., Any]
        tlite_progress_create: Callable[..., Any]
        tlite_progress_free: Callable[..., Any]
        tlite_progress_get: Callable[..., Any]
        tlite_progress_cancel: Callable[..., Any]
        tlite_progress_reset: Callable[..., Any]
        tlite_data_type_name: Callable[..., Any]
        tlite_weight_mix_name: Callable[..., Any]
        tlite_weight_mix_parse: Callable[..., Any]
        tlite_load_options_init: Callable[..., Any]
        tlite_model_load: Callable[..., Any]
        tlite_model_free: Callable[..., Any]
        tlite_model_vocab_size: Callable[..., Any]
        tlite_model_hidden_size: Callable[..., Any]
        tlite_model_cpu_tier: Callable[..., Any]
        tlite_model_decode_bytes: Callable[..., Any]
        tlite_model_get_info: Callable[..., Any]
        tlite_model_inspect: Callable[..., Any]
        tlite_model_info_free: Callable[..., Any]
        tlite_model_info_to_json: Callable[..., Any]
        tlite_plan_options_init: Callable[..., Any]
        tlite_memory_plan_init: Callable[..., Any]
        tlite_model_plan: Callable[..., Any]
        tlite_sampling_params_init: Callable[..., Any]
        tlite_sampling_params_get_preset: Callable[..., Any]
        tlite_model_get_default_sampling: Callable[..., Any]
        tlite_sampling_params_validate: Callable[..., Any]
        tlite_message_init: Callable[..., Any]
        tlite_messages_create: Callable[..., Any]
        tlite_messages_parse: Callable[..., Any]
        tlite_messages_free: Callable[..., Any]
        tlite_messages_add: Callable[..., Any]
        tlite_messages_count: Callable[..., Any]
        tlite_messages_get: Callable[..., Any]
        tlite_messages_to_json: Callable[..., Any]
        tlite_overflow_policy_name: Callable[..., Any]
        tlite_finish_reason_name: Callable[..., Any]
        tlite_session_options_init: Callable[..., Any]
        tlite_generation_free: Callable[..., Any]
        tlite_session_create: Callable[..., Any]
        tlite_session_free: Callable[..., Any]
        tlite_session_get_options: Callable[..., Any]
        tlite_session_set_sampling: Callable[..., Any]
        tlite_session_get_sampling: Callable[..., Any]
        tlite_session_add_system: Callable[..., Any]
        tlite_session_add_user: Callable[..., Any]
        tlite_session_add_message: Callable[..., Any]
        tlite_session_get_messages: Callable[..., Any]
        tlite_session_set_messages: Callable[..., Any]
        tlite_session_rewind: Callable[..., Any]
        tlite_session_reset: Callable[..., Any]
        tlite_session_fork: Callable[..., Any]
        tlite_session_count_prompt_tokens: Callable[..., Any]
        tlite_session_reply: Callable[..., Any]
        tlite_session_regenerate: Callable[..., Any]
        tlite_session_continue: Callable[..., Any]
        tlite_session_complete: Callable[..., Any]
        tlite_session_complete_ids: Callable[..., Any]
        tlite_session_stream: Callable[..., Any]
        tlite_session_stream_regenerate: Callable[..., Any]
        tlite_session_stream_continue: Callable[..., Any]
        tlite_session_stream_complete: Callable[..., Any]
        tlite_session_stream_complete_ids: Callable[..., Any]
        tlite_stream_next: Callable[..., Any]
        tlite_stream_advance: Callable[..., Any]
        tlite_stream_poll: Callable[..., Any]
        tlite_stream_finish_reason: Callable[..., Any]
        tlite_stream_get_result: Callable[..., Any]
        tlite_stream_free: Callable[..., Any]
        tlite_session_on_logits: Callable[..., Any]
        tlite_session_on_prefill: Callable[..., Any]
        tlite_session_get_prefill_progress: Callable[..., Any]
        tlite_session_cancel: Callable[..., Any]
        tlite_session_end_thinking: Callable[..., Any]
        tlite_session_clear_cancel: Callable[..., Any]
        tlite_engine_options_init: Callable[..., Any]
        tlite_pooling_name: Callable[..., Any]
        tlite_request_options_init: Callable[..., Any]
        tlite_engine_event_free: Callable[..., Any]
        tlite_engine_status_init: Callable[..., Any]
        tlite_engine_create: Callable[..., Any]
        tlite_engine_free: Callable[..., Any]
        tlite_engine_get_options: Callable[..., Any]
        tlite_engine_submit_ids: Callable[..., Any]
        tlite_engine_submit_text: Callable[..., Any]
        tlite_engine_submit_messages: Callable[..., Any]
        tlite_engine_step: Callable[..., Any]
        tlite_engine_run: Callable[..., Any]
        tlite_engine_wait_for_work: Callable[..., Any]
        tlite_engine_poll: Callable[..., Any]
        tlite_engine_advance: Callable[..., Any]
        tlite_engine_wait: Callable[..., Any]
        tlite_engine_cancel: Callable[..., Any]
        tlite_engine_end_thinking: Callable[..., Any]
        tlite_engine_set_priority: Callable[..., Any]
        tlite_engine_get_status: Callable[..., Any]
        tlite_beam_scoring_name: Callable[..., Any]
        tlite_beam_stopping_name: Callable[..., Any]
        tlite_beam_options_init: Callable[..., Any]
        tlite_beam_init: Callable[..., Any]
        tlite_engine_beam_search: Callable[..., Any]
        tlite_beams_free: Callable[..., Any]
        tlite_beams_count: Callable[..., Any]
        tlite_beams_get: Callable[..., Any]
        tlite_engine_create_session: Callable[..., Any]
        tlite_encode_options_init: Callable[..., Any]
        tlite_decode_options_init: Callable[..., Any]
        tlite_model_get_tokenizer: Callable[..., Any]
        tlite_tokenizer_load: Callable[..., Any]
        tlite_tokenizer_free: Callable[..., Any]
        tlite_tokenizer_encode: Callable[..., Any]
        tlite_tokenizer_decode: Callable[..., Any]
        tlite_tokenizer_get_token_bytes: Callable[..., Any]
        tlite_tokenizer_get_token_id: Callable[..., Any]
        tlite_tokenizer_is_special: Callable[..., Any]
        tlite_tokenizer_vocab_size: Callable[..., Any]
        tlite_tokenizer_bos_token: Callable[..., Any]
        tlite_tokenizer_eos_token: Callable[..., Any]
        tlite_tokenizer_pad_token: Callable[..., Any]
        tlite_stream_decoder_create: Callable[..., Any]
        tlite_stream_decoder_free: Callable[..., Any]
        tlite_stream_decoder_push: Callable[..., Any]
        tlite_stream_decoder_finish: Callable[..., Any]
        tlite_template_options_init: Callable[..., Any]
        tlite_model_get_chat_template: Callable[..., Any]
        tlite_chat_template_load: Callable[..., Any]
        tlite_chat_template_parse: Callable[..., Any]
        tlite_chat_template_free: Callable[..., Any]
        tlite_chat_template_source: Callable[..., Any]
        tlite_chat_template_render: Callable[..., Any]
        tlite_chat_template_render_json: Callable[..., Any]
        tlite_prompt_text: Callable[..., Any]
        tlite_prompt_literal_ranges: Callable[..., Any]
        tlite_prompt_free: Callable[..., Any]
        tlite_evaluator_options_init: Callable[..., Any]
        tlite_evaluator_create: Callable[..., Any]
        tlite_evaluator_free: Callable[..., Any]
        tlite_evaluator_get_options: Callable[..., Any]
        tlite_evaluator_create_sequence: Callable[..., Any]
        tlite_evaluator_destroy_sequence: Callable[..., Any]
        tlite_evaluator_get_length: Callable[..., Any]
        tlite_evaluator_fork: Callable[..., Any]
        tlite_evaluator_adopt: Callable[..., Any]
        tlite_evaluator_truncate: Callable[..., Any]
        tlite_evaluator_free_positions: Callable[..., Any]
        tlite_evaluator_evaluate: Callable[..., Any]
        tlite_evaluator_append: Callable[..., Any]
        tlite_evaluator_submit: Callable[..., Any]
        tlite_evaluator_advance: Callable[..., Any]
        tlite_evaluator_discard: Callable[..., Any]
        tlite_evaluator_logits_rows: Callable[..., Any]
        tlite_evaluator_get_logits: Callable[..., Any]
        tlite_evaluator_get_logits_matrix: Callable[..., Any]
        tlite_evaluator_hidden_rows: Callable[..., Any]
        tlite_evaluator_get_hidden: Callable[..., Any]
        tlite_evaluator_cancel: Callable[..., Any]
        tlite_evaluator_clear_cancel: Callable[..., Any]
        tlite_evaluator_on_progress: Callable[..., Any]
        tlite_sampler_create: Callable[..., Any]
        tlite_sampler_free: Callable[..., Any]
        tlite_sampler_on_logits: Callable[..., Any]
        tlite_sampler_observe_prompt: Callable[..., Any]
        tlite_sampler_sample: Callable[..., Any]
        tlite_sampler_end_thinking: Callable[..., Any]
        tlite_sampler_accept: Callable[..., Any]
        tlite_sampler_reset: Callable[..., Any]
        tlite_sampler_seed: Callable[..., Any]
        tlite_stop_matcher_create: Callable[..., Any]
        tlite_stop_matcher_free: Callable[..., Any]
        tlite_stop_matcher_push: Callable[..., Any]
        tlite_stop_matcher_flush: Callable[..., Any]
        tlite_quantize_options_init: Callable[..., Any]
        tlite_quantize: Callable[..., Any]
        tlite_importance_format_name: Callable[..., Any]
        tlite_importance_options_init: Callable[..., Any]
        tlite_measure_importance: Callable[..., Any]
