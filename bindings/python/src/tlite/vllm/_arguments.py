"""Every argument of vLLM's that these functions know: honoured, accepted or refused.

docs/python-vllm.md is this table in words, and a test keeps the two in step. What is in no table is
a TypeError that names it.
"""

from __future__ import annotations

from .._arguments import Refusal, Tables

_ONE = "one process computes on one CPU"
_NO_GPU = "there is no GPU"
_NO_LORA = "LoRA adapters are not supported"
_TEXT_ONLY = "these models read text alone"
_HUB = "nothing is ever downloaded"
_CODE = "no code of a checkpoint is ever run"
_MAPPED = "weights are mapped from the file"
_SPECULATION = "a second model beside this one is not supported"
_QUANTIZE = "weights='q4_k_m' and the like quantize while loading"
_GRAMMAR = "this version has no grammars"
_COMPILE = "nothing is compiled"
_STATS = "nothing is counted for a server"
_KV = "keys and values are kept in the library's own way"
_SCHEDULE = "requests are batched in the library's own way"
_PROCESSORS = "processors of logits are vLLM's own programs"
_LOCAL_TOKENIZER = "there is one tokenizer, and it is not written in Python"
_PARALLEL = (
    *("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size"),
    *("prefill_context_parallel_size", "decode_context_parallel_size"),
)
_LORA = ("enable_lora", "default_mm_loras", "fully_sharded_loras")
_SPEC = ("speculative_config", "spec_method", "spec_model", "spec_tokens")

HONOURED: dict[str, frozenset[str]] = {
    "LLM": frozenset(
        (
            *("model", "tokenizer", "runner", "convert", "dtype", "seed", "max_model_len"),
            *("revision", "tokenizer_revision", "download_dir", "chat_template"),
            *("generation_config", "override_generation_config", "max_logprobs"),
            *("max_num_seqs", "max_num_batched_tokens", "enable_prefix_caching"),
            *("kv_cache_memory_bytes", "scheduling_policy", "pooler_config"),
            *("use_tqdm_on_load", "weights", "threads", "packed_cache"),
        )
    ),
    "generate": frozenset(
        (
            *("prompts", "sampling_params", "use_tqdm", "priority", "tokenization_kwargs"),
            "prompt_token_ids",
        )
    ),
    "chat": frozenset(
        (
            *("messages", "sampling_params", "use_tqdm", "priority", "chat_template"),
            *("add_generation_prompt", "continue_final_message", "tools"),
            *("chat_template_kwargs", "tokenization_kwargs", "chat_template_content_format"),
        )
    ),
    "beam_search": frozenset(("prompts", "params", "use_tqdm")),
    "embed": frozenset(("prompts", "use_tqdm", "pooling_params", "tokenization_kwargs")),
    "encode": frozenset(
        ("prompts", "pooling_params", "use_tqdm", "pooling_task", "tokenization_kwargs")
    ),
    "score": frozenset(("data_1", "data_2", "use_tqdm", "pooling_params", "tokenization_kwargs")),
    "prompt": frozenset(("prompt", "prompt_token_ids", "input_ids", "attention_mask")),
    "SamplingParams": frozenset(
        (
            *("n", "presence_penalty", "frequency_penalty", "repetition_penalty", "temperature"),
            *("top_p", "top_k", "min_p", "seed", "stop", "stop_token_ids", "ignore_eos"),
            *("max_tokens", "min_tokens", "logprobs", "prompt_logprobs", "detokenize"),
            *("skip_special_tokens", "include_stop_str_in_output", "logit_bias"),
            *("allowed_token_ids", "bad_words", "thinking_token_budget"),
        )
    ),
    "BeamSearchParams": frozenset(
        (
            *("beam_width", "max_tokens", "ignore_eos", "temperature", "length_penalty"),
            "skip_special_tokens",
        )
    ),
    "PoolingParams": frozenset(("use_activation", "task")),
}

ACCEPTED: dict[str, dict[str, str]] = {
    "LLM": {
        "trust_remote_code": _CODE,
        "code_revision": _CODE,
        "hf_token": _HUB,
        "tokenizer_mode": _LOCAL_TOKENIZER,
        "skip_tokenizer_init": "the tokenizer is there in any case, and texts come too",
        "gpu_memory_utilization": "kv_cache_memory_bytes bounds what calls take",
        "enforce_eager": _COMPILE,
        "compilation_config": _COMPILE,
        "optimization_level": _COMPILE,
        "cudagraph_capture_sizes": _COMPILE,
        "max_cudagraph_capture_size": _COMPILE,
        "attention_config": "there is one attention, and it is exact",
        "attention_backend": "there is one attention, and it is exact",
        "disable_cascade_attn": "there is one attention, and it is exact",
        "disable_sliding_window": "there is one attention, and it is exact",
        "disable_custom_all_reduce": _ONE,
        "distributed_executor_backend": _ONE,
        "cpu_offload_gb": _NO_GPU,
        "swap_space": _NO_GPU,
        "offload_group_size": _NO_GPU,
        "offload_num_in_group": _NO_GPU,
        "offload_prefetch_step": _NO_GPU,
        "offload_params": _NO_GPU,
        "num_gpu_blocks_override": _NO_GPU,
        "max_parallel_loading_workers": _MAPPED,
        "safetensors_load_strategy": _MAPPED,
        "pt_load_map_location": _MAPPED,
        "ignore_patterns": _HUB,
        "config_format": "the format of a checkpoint is seen from its files",
        "model_impl": "there is one implementation",
        "served_model_name": "there is no server",
        "block_size": _KV,
        "prefix_caching_hash_algo": _KV,
        "enable_chunked_prefill": "prompts are fed in chunks in any case, with the same result",
        "long_prefill_token_threshold": _SCHEDULE,
        "max_num_scheduled_tokens": _SCHEDULE,
        "async_scheduling": _SCHEDULE,
        "stream_interval": "there are no streams",
        "performance_mode": _SCHEDULE,
        "disable_log_stats": _STATS,
        "enable_log_requests": _STATS,
        "enable_mfu_metrics": _STATS,
        "show_hidden_metrics_for_version": _STATS,
        "limit_mm_per_prompt": _TEXT_ONLY,
        "mm_processor_cache_gb": _TEXT_ONLY,
        "mm_processor_kwargs": _TEXT_ONLY,
        "skip_mm_profiling": _TEXT_ONLY,
        "language_model_only": _TEXT_ONLY,
        "interleave_mm_strings": _TEXT_ONLY,
        "media_io_kwargs": _TEXT_ONLY,
        "allowed_local_media_path": _TEXT_ONLY,
        "allowed_media_domains": _TEXT_ONLY,
        "renderer_num_workers": "prompts are rendered one by one",
        "max_loras": "it belongs to enable_lora",
        "max_lora_rank": "it belongs to enable_lora",
        "max_cpu_loras": "it belongs to enable_lora",
        "lora_dtype": "it belongs to enable_lora",
        "structured_outputs_config": "it belongs to structured outputs",
        "reasoning_config": "which tokens thinking stands between is seen from the vocabulary",
        "reasoning_parser": "which tokens thinking stands between is seen from the vocabulary",
        "shutdown_timeout": _ONE,
    },
    "generate": {},
    "chat": {},
    "beam_search": {
        "concurrency_limit": "prompts are searched one after another, each with all threads"
    },
    "embed": {},
    "encode": {},
    "score": {},
    "prompt": {
        "prompt_token_offsets": "it tells of the text, which is not looked at",
        "token_type_ids": "Qwen2 has no token types",
    },
    "SamplingParams": {
        "watermarking": "no watermark is set up",
        "spaces_between_special_tokens": "Qwen2's tokenizer puts no spaces between tokens",
        "output_kind": "LLM hands out whole answers in vLLM too",
        "stream_interval": "there are no streams",
        "skip_clone": "parameters are never changed by a call",
        "skip_reading_prefix_cache": "an answer is the same with and without the prefix cache",
        "routed_experts_prompt_start": "these models have no experts",
    },
    "BeamSearchParams": {
        "include_stop_str_in_output": "vLLM's beam search does not look at it either",
        "watermarking": "no watermark is set up",
    },
    "PoolingParams": {
        "requires_token_ids": "ids are there in any case",
        "skip_reading_prefix_cache": "an embedding is the same with and without the prefix cache",
    },
}

_LORA_REQUEST = {"lora_request": Refusal(_NO_LORA)}
_MEDIA = {"mm_processor_kwargs": Refusal(_TEXT_ONLY, (None, {}))}

REFUSED: dict[str, dict[str, Refusal]] = {
    "LLM": {
        **{name: Refusal(_ONE, (None, 1)) for name in _PARALLEL},
        **{name: Refusal(_NO_LORA) for name in _LORA},
        **{name: Refusal(_SPECULATION) for name in _SPEC},
        "quantization": Refusal(_QUANTIZE),
        "quantization_config": Refusal(_QUANTIZE),
        "load_format": Refusal(
            "safetensors and GGUF are what is read", ("auto", "hf", "safetensors", "gguf")
        ),
        "model_loader_extra_config": Refusal(_MAPPED, (None, {})),
        "kv_cache_dtype": Refusal("keys and values are float16", ("auto", "float16")),
        "logprobs_mode": Refusal(
            "log probabilities are those of the model", (None, "raw_logprobs")
        ),
        "hf_overrides": Refusal("the model is what its files say", (None, {})),
        "hf_config_path": Refusal("the model is what its files say"),
        "enable_prompt_embeds": Refusal("the library takes ids"),
        "enable_return_routed_experts": Refusal("these models have no experts"),
        "return_sampling_mask": Refusal("the library does not hand out what it drew from"),
        "logits_processors": Refusal(_PROCESSORS, (None, [])),
        "enable_sleep_mode": Refusal("close the LLM, and make it anew"),
        "kv_transfer_config": Refusal(_ONE),
        "profiler_config": Refusal("there is no profiler"),
        "worker_cls": Refusal(_ONE, (None, "auto")),
        "watermark_config": Refusal("watermarks are not supported"),
    },
    "generate": {**_LORA_REQUEST, **_MEDIA},
    "chat": {**_LORA_REQUEST, **_MEDIA},
    "beam_search": {**_LORA_REQUEST},
    "embed": {**_LORA_REQUEST},
    "encode": {**_LORA_REQUEST},
    "score": {
        **_LORA_REQUEST,
        "chat_template": Refusal("a template belongs to models that read both texts at once"),
    },
    "prompt": {
        "prompt_embeds": Refusal("the library takes ids"),
        "prompt_is_token_ids": Refusal("the library takes ids"),
        "multi_modal_data": Refusal(_TEXT_ONLY, (None, {})),
        "multi_modal_uuids": Refusal(_TEXT_ONLY, (None, {})),
        "mm_processor_kwargs": Refusal(_TEXT_ONLY, (None, {})),
        "media_io_kwargs": Refusal(_TEXT_ONLY, (None, {})),
        "encoder_prompt": Refusal("there is no encoder in these models"),
        "decoder_prompt": Refusal("there is no encoder in these models"),
        "cache_salt": Refusal("who shares an LLM shares its prefix cache"),
    },
    "SamplingParams": {
        "structured_outputs": Refusal(_GRAMMAR),
        "prompt_logprob_token_ids": Refusal("log probabilities are of the likeliest tokens"),
        "prompt_logprob_start": Refusal("it belongs to prompt_logprob_token_ids"),
        "logprob_token_ids": Refusal("log probabilities are of the likeliest tokens"),
        "flat_logprobs": Refusal("log probabilities are dicts, one a token"),
        "extra_args": Refusal(_PROCESSORS, (None, {})),
        "repetition_detection": Refusal("no_repeat_ngram_size and DRY are in tlite.SamplingParams"),
        "trace_decode_token_ids": Refusal("answers are sampled"),
    },
    "BeamSearchParams": {"structured_outputs": Refusal(_GRAMMAR)},
    "PoolingParams": {
        "dimensions": Refusal("these models' embeddings are not made to be cut"),
        "step_tag_id": Refusal("it belongs to reward models"),
        "returned_token_ids": Refusal("it belongs to reward models"),
        "extra_kwargs": Refusal("they are of vLLM's plug-ins", (None, {})),
    },
}

TABLES = Tables(HONOURED, ACCEPTED, REFUSED)
refuse = TABLES.refuse
