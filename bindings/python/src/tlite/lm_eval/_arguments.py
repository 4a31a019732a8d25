"""Every model argument of the harness's `hf` model: honoured, accepted or refused.

docs/python-lm-eval.md is this table in words, and a test keeps the two in step. What is in no table
is a TypeError that names it.
"""

from __future__ import annotations

from typing import Any

from .._arguments import Refusal, Tables

_CPU = "everything is computed on this machine's CPU"
_BATCHES = "requests share batches as the engine sees fit, and no score depends on it"
_ONE_PROCESS = "one process computes"
_FLOAT32 = "logarithms of probabilities are of float32 logits"
_QUANTIZE = "weights='q4_k_m' and the like quantize while loading"
_MERGE = "merge it into the checkpoint first"

HONOURED: frozenset[str] = frozenset(
    (
        *("pretrained", "backend", "revision", "subfolder", "tokenizer", "truncation"),
        *("max_length", "dtype", "batch_size", "add_bos_token", "prefix_token_id", "gguf_file"),
        *("think_end_token", "enable_thinking", "chat_template_args"),
        *("weights", "threads", "packed_cache", "kv_type", "cache_dir"),
    )
)
"""What has the meaning that it has for `hf`, or, where that has none, ours."""

ACCEPTED: dict[str, str] = {
    "device": _CPU,
    "device_map": _CPU,
    "max_batch_size": _BATCHES,
    "logits_cache": "endings of one text cost the text once in any case",
    "trust_remote_code": "no code of a checkpoint is ever run",
    "use_fast_tokenizer": "there is one tokenizer, and it is not written in Python",
    "max_memory_per_gpu": _CPU,
    "max_cpu_memory": "weights are mapped from the file",
    "offload_folder": "weights are mapped from the file",
    "low_cpu_mem_usage": "weights are mapped from the file",
    "attn_implementation": "there is one attention, and it is exact",
    "use_safetensors": "safetensors and GGUF are what is read",
    "local_files_only": "nothing is ever downloaded",
    "token": "nothing is ever downloaded",
    "use_cache": "keys and values are always kept",
}
"""What may be given and changes nothing, and why."""

REFUSED: dict[str, Refusal] = {
    "softmax_dtype": Refusal(_FLOAT32, (None, "float32", "torch.float32")),
    "mixed_precision_dtype": Refusal("dtype says in what is computed"),
    "parallelize": Refusal(_ONE_PROCESS),
    "tp_plan": Refusal(_ONE_PROCESS),
    "peft": Refusal(_MERGE),
    "delta": Refusal(_MERGE),
    "autogptq": Refusal(_QUANTIZE),
    "gptqmodel": Refusal(_QUANTIZE),
    "load_in_4bit": Refusal(_QUANTIZE),
    "load_in_8bit": Refusal(_QUANTIZE),
    "quantization_config": Refusal(_QUANTIZE),
    "bnb_4bit_compute_dtype": Refusal(_QUANTIZE),
    "bnb_4bit_quant_type": Refusal(_QUANTIZE),
    "bnb_4bit_use_double_quant": Refusal(_QUANTIZE),
}
"""What is an error (NotSupported, which names it), and why."""


_WHERE = "model_args of tlite"
_TABLES = Tables({_WHERE: HONOURED}, {_WHERE: ACCEPTED}, {_WHERE: REFUSED})


def refuse(given: dict[str, Any]) -> None:
    """NotSupported for what is refused, TypeError for what no table has."""
    _TABLES.refuse(_WHERE, **given)
