"""Every argument of transformers' that these classes know: honoured, accepted or refused.

docs/python-transformers.md is this table in words, and a test keeps the two in step. What is in no
table is a TypeError (a ValueError in generate, as transformers has it) that names it.
"""

from __future__ import annotations

from .._arguments import Refusal, Tables

_ONE_TEXT = "Qwen2.5 has no token between two texts: join them yourself"
_NO_TRAINING = "this library does not train"
_NO_OFFSETS = "the library's tokenizer does not tell where in the text a token lies"
_HUB = "transformers moved it out of the package; it is a program on the hub there"
_OTHER_MODEL = "a second model beside this one is not supported"
_ENCODER = "there is no encoder in these models"
_INTERNAL = "the library computes it and does not hand it out"
_NO_CACHE = "keys and values stay inside the library, whose prefix cache finds them again"
_QUANTIZE = "weights='q4_k_m' and the like quantize while loading"

HONOURED: dict[str, frozenset[str]] = {
    "tokenizer.from_pretrained": frozenset(
        (
            *("pretrained_model_name_or_path", "revision", "cache_dir", "subfolder", "gguf_file"),
            *("padding_side", "truncation_side", "model_max_length", "chat_template"),
            *("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token"),
            *("mask_token", "split_special_tokens", "clean_up_tokenization_spaces"),
            *("extra_special_tokens",),
        )
    ),
    "tokenizer": frozenset(
        (
            *("text", "add_special_tokens", "padding", "truncation", "max_length", "verbose"),
            *("pad_to_multiple_of", "padding_side", "return_tensors", "return_token_type_ids"),
            *("return_attention_mask", "return_special_tokens_mask", "return_length"),
            *("split_special_tokens",),
        )
    ),
    "decode": frozenset(("token_ids", "sequences", "skip_special_tokens")),
    "get_special_tokens_mask": frozenset(("token_ids_0", "already_has_special_tokens")),
    "apply_chat_template": frozenset(
        (
            *("conversation", "tools", "documents", "chat_template", "add_generation_prompt"),
            *("continue_final_message", "tokenize", "sanitize_control_tokens", "padding"),
            *("truncation", "max_length", "return_tensors", "return_dict", "tokenizer_kwargs"),
            *("chat_template_kwargs",),
        )
    ),
    "model.from_pretrained": frozenset(
        (
            *("pretrained_model_name_or_path", "revision", "cache_dir", "subfolder", "gguf_file"),
            *("dtype", "torch_dtype", "device_map", "weights", "threads", "packed_cache"),
            *("progress",),
        )
    ),
    "forward": frozenset(
        ("input_ids", "attention_mask", "labels", "logits_to_keep", "return_dict")
    ),
    "generate": frozenset(
        (
            *("inputs", "input_ids", "attention_mask", "generation_config", "logits_processor"),
            *("stopping_criteria", "prefix_allowed_tokens_fn", "streamer", "tokenizer"),
            *("generator", "max_length", "max_new_tokens", "min_length", "min_new_tokens"),
            *("max_time", "stop_strings", "do_sample", "temperature", "top_k", "top_p", "min_p"),
            *("top_h", "typical_p", "epsilon_cutoff", "eta_cutoff", "repetition_penalty"),
            *("no_repeat_ngram_size", "bad_words_ids", "renormalize_logits"),
            *("forced_bos_token_id", "forced_eos_token_id", "remove_invalid_values"),
            *("exponential_decay_length_penalty", "suppress_tokens", "begin_suppress_tokens"),
            *("sequence_bias", "num_return_sequences", "output_scores", "output_logits"),
            *("num_beams", "early_stopping", "length_penalty"),
            *("return_dict_in_generate", "pad_token_id", "bos_token_id", "eos_token_id"),
        )
    ),
}
"""What has the meaning that it has in transformers, or, where that has none, ours."""

ACCEPTED: dict[str, dict[str, str]] = {
    "tokenizer.from_pretrained": {
        "use_fast": "there is one tokenizer, and it is not written in Python",
        "trust_remote_code": "no code of a checkpoint is ever run",
        "local_files_only": "nothing is ever downloaded",
        "force_download": "nothing is ever downloaded",
        "token": "nothing is ever downloaded",
        "proxies": "nothing is ever downloaded",
        "legacy": "it is of other tokenizers than Qwen2's",
        "tokenizer_type": "Qwen2's is the only one",
    },
    "tokenizer": {},
    "decode": {
        "clean_up_tokenization_spaces": "transformers ignores it for BPE tokenizers too",
        "use_source_tokenizer": "there is one tokenizer",
    },
    "get_special_tokens_mask": {},
    "apply_chat_template": {},
    "model.from_pretrained": {
        "trust_remote_code": "no code of a checkpoint is ever run",
        "local_files_only": "nothing is ever downloaded",
        "force_download": "nothing is ever downloaded",
        "token": "nothing is ever downloaded",
        "proxies": "nothing is ever downloaded",
        "use_safetensors": "safetensors and GGUF are what is read",
        "low_cpu_mem_usage": "weights are mapped from the file in any case",
        "attn_implementation": "there is one attention, and it is exact",
        "offload_folder": "weights are mapped from the file, which is the same on a CPU",
        "offload_state_dict": "weights are mapped from the file, which is the same on a CPU",
        "use_cache": "keys and values are always kept",
    },
    "forward": {
        "use_cache": "keys and values of a call are not handed out, so none are kept",
        "token_type_ids": "Qwen2 has no token types",
    },
    "generate": {
        "use_cache": "keys and values are always kept; the answer is the same without",
        "cache_implementation": "keys and values are kept in the library's own way",
        "cache_config": "keys and values are kept in the library's own way",
        "max_cache_len": "keys and values are kept in the library's own way",
        "disable_compile": "nothing is compiled",
        "compile_config": "nothing is compiled",
        "prefill_chunk_size": "prompts are fed in chunks in any case, with the same result",
        "prompt_lookup_num_tokens": "it makes the same answer in another way",
        "max_matching_ngram_size": "it belongs to prompt_lookup_num_tokens",
        "num_assistant_tokens": "it belongs to an assistant model",
        "num_assistant_tokens_schedule": "it belongs to an assistant model",
        "assistant_confidence_threshold": "it belongs to an assistant model",
        "assistant_lookbehind": "it belongs to an assistant model",
        "target_lookbehind": "it belongs to an assistant model",
        "is_assistant": "it belongs to an assistant model",
        "diversity_penalty": "it belongs to num_beam_groups",
        "low_memory": "it belongs to a search that is not in transformers any more",
        "decoder_start_token_id": "there is no encoder in these models",
        "trust_remote_code": "no code of a checkpoint is ever run",
        "token_type_ids": "Qwen2 has no token types",
        "transformers_version": "it says who wrote a generation_config.json",
    },
}
"""What changes nothing, and why."""

REFUSED: dict[str, dict[str, Refusal]] = {
    "tokenizer.from_pretrained": {
        "add_bos_token": Refusal("Qwen2's tokenizer has no such token"),
        "add_eos_token": Refusal("Qwen2's tokenizer adds no token behind a text"),
        "add_prefix_space": Refusal("Qwen2's tokenizer puts no space in front of a text"),
        "from_slow": Refusal("there is one tokenizer, and it is not written in Python"),
        "config": Refusal("the tokenizer is what its files say"),
    },
    "tokenizer": {
        "text_pair": Refusal(_ONE_TEXT),
        "text_target": Refusal(_ENCODER),
        "text_pair_target": Refusal(_ENCODER),
        "stride": Refusal("it belongs to return_overflowing_tokens", (None, 0)),
        "is_split_into_words": Refusal("join the words to a text"),
        "return_overflowing_tokens": Refusal("what truncation cuts off is not kept"),
        "return_offsets_mapping": Refusal(_NO_OFFSETS),
        "tokenizer_kwargs": Refusal("give its entries as arguments", (None, {})),
    },
    "decode": {},
    "get_special_tokens_mask": {"token_ids_1": Refusal(_ONE_TEXT)},
    "apply_chat_template": {
        "return_assistant_tokens_mask": Refusal(_NO_OFFSETS),
    },
    "model.from_pretrained": {
        "quantization_config": Refusal(_QUANTIZE),
        "load_in_8bit": Refusal(_QUANTIZE),
        "load_in_4bit": Refusal(_QUANTIZE),
        "config": Refusal("the model is what its files say"),
        "state_dict": Refusal("weights are mapped from files"),
        "variant": Refusal("name the directory or the .gguf file that has it"),
        "max_memory": Refusal("`tlite.Model.plan` tells what a model takes, to the byte"),
        "tp_plan": Refusal("one process computes"),
        "tp_size": Refusal("one process computes"),
        "device_mesh": Refusal("one process computes"),
        "adapter_kwargs": Refusal("LoRA adapters are not supported"),
        "output_loading_info": Refusal("a checkpoint is whole, or loading it is an error"),
        "ignore_mismatched_sizes": Refusal("a checkpoint is whole, or loading it is an error"),
        "from_tf": Refusal("safetensors and GGUF are what is read"),
        "from_flax": Refusal("safetensors and GGUF are what is read"),
    },
    "forward": {
        "position_ids": Refusal("positions are what the attention mask says"),
        "past_key_values": Refusal(_NO_CACHE),
        "cache": Refusal(_NO_CACHE),
        "inputs_embeds": Refusal("the library takes ids"),
        "output_attentions": Refusal(_INTERNAL),
        "output_hidden_states": Refusal(_INTERNAL),
        "cache_position": Refusal("positions are what the attention mask says"),
    },
    "generate": {
        "num_beam_groups": Refusal(_HUB, (None, 1)),
        "constraints": Refusal(_HUB),
        "force_words_ids": Refusal(_HUB),
        "penalty_alpha": Refusal(_HUB, (None, 0, 0.0)),
        "dola_layers": Refusal(_HUB),
        "custom_generate": Refusal(_HUB),
        "assistant_model": Refusal(_OTHER_MODEL),
        "assistant_tokenizer": Refusal(_OTHER_MODEL),
        "assistant_early_exit": Refusal(_INTERNAL),
        "assistant_ensemble_weight": Refusal(_OTHER_MODEL),
        "speculation_type": Refusal(_OTHER_MODEL),
        "use_mtp": Refusal("Qwen2 predicts one token at a time"),
        "guidance_scale": Refusal("classifier-free guidance is not supported", (None, 1, 1.0)),
        "negative_prompt_ids": Refusal("classifier-free guidance is not supported"),
        "negative_prompt_attention_mask": Refusal("classifier-free guidance is not supported"),
        "watermarking_config": Refusal("watermarks are not supported"),
        "token_healing": Refusal("the prompt's last tokens are not tokenized anew"),
        "encoder_repetition_penalty": Refusal(_ENCODER, (None, 1, 1.0)),
        "encoder_no_repeat_ngram_size": Refusal(_ENCODER, (None, 0)),
        "output_attentions": Refusal(_INTERNAL),
        "output_hidden_states": Refusal(_INTERNAL),
        "synced_gpus": Refusal("one process computes"),
        "continuous_batching_config": Refusal("Engine batches requests; a call needs no words"),
        "position_ids": Refusal("positions are what the attention mask says"),
        "past_key_values": Refusal(_NO_CACHE),
        "cache": Refusal(_NO_CACHE),
        "inputs_embeds": Refusal("the library takes ids"),
        "labels": Refusal(_NO_TRAINING),
        "cache_position": Refusal("positions are what the attention mask says"),
    },
}
"""What is an error (NotSupported, which names it), and why."""

TABLES = Tables(HONOURED, ACCEPTED, REFUSED)
refuse = TABLES.refuse
