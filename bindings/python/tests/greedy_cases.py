"""Arguments of greedy calls; data/transformers_greedy.json has what transformers answers."""

from __future__ import annotations

from typing import Any

TEXTS = [
    "Привет, мир!",
    "Напиши стих про машинное обучение и о том, как оно пришло в наш дом",
    "2 + 2 =",
]

CASES: dict[str, dict[str, Any]] = {
    "plain": {"max_new_tokens": 24},
    "max_length": {"max_length": 40},
    "max_new_tokens before max_length": {"max_length": 40, "max_new_tokens": 4},
    "min_new_tokens": {"min_new_tokens": 30, "max_new_tokens": 40},
    "min_length": {"min_length": 45, "max_new_tokens": 40},
    "repetition_penalty": {"repetition_penalty": 1.3, "max_new_tokens": 24},
    "no_repeat_ngram_size": {"no_repeat_ngram_size": 2, "max_new_tokens": 40},
    "bad_words_ids": {"bad_words_ids": [[545], [414, 507], [2559]], "max_new_tokens": 20},
    "suppress_tokens": {"suppress_tokens": [557, 676, 11, 13], "max_new_tokens": 16},
    "begin_suppress_tokens": {"begin_suppress_tokens": [557, 750, 11], "max_new_tokens": 8},
    "forced_eos_token_id": {
        "forced_eos_token_id": 2559,
        "max_new_tokens": 5,
        "min_new_tokens": 5,
    },
    "sequence_bias": {
        "sequence_bias": [[[545], 5.0], [[750, 11], 4.0], [[11, 220], -3.0]],
        "max_new_tokens": 16,
    },
    "exponential_decay_length_penalty": {
        "exponential_decay_length_penalty": [4, 1.3],
        "max_new_tokens": 40,
    },
    "eos_token_id": {"eos_token_id": 13, "max_new_tokens": 30},
    "eos_token_ids": {"eos_token_id": [13, 11], "pad_token_id": 0, "max_new_tokens": 30},
    "eos_token_id and decay": {
        "eos_token_id": 13,
        "exponential_decay_length_penalty": [2, 1.5],
        "max_new_tokens": 30,
    },
    "stop_strings": {"stop_strings": ["о", "."], "max_new_tokens": 30},
    "stop string of the prompt's tail": {"stop_strings": ["дом", "мир!!"], "max_new_tokens": 30},
    "renormalize_logits": {"renormalize_logits": True, "max_new_tokens": 8},
    "num_beams": {"num_beams": 4, "max_new_tokens": 24},
    "num_beams, all": {"num_beams": 4, "num_return_sequences": 4, "max_new_tokens": 24},
    "num_beams, early_stopping": {
        "num_beams": 4,
        "num_return_sequences": 4,
        "early_stopping": True,
        "max_new_tokens": 24,
    },
    "num_beams, never early": {
        "num_beams": 4,
        "num_return_sequences": 4,
        "early_stopping": "never",
        "max_new_tokens": 24,
    },
    "num_beams, length_penalty": {
        "num_beams": 3,
        "num_return_sequences": 3,
        "length_penalty": -1.0,
        "max_new_tokens": 24,
    },
    "num_beams, repetition_penalty": {
        "num_beams": 3,
        "repetition_penalty": 1.3,
        "max_new_tokens": 20,
    },
    "num_beams, eos_token_id": {
        "num_beams": 3,
        "num_return_sequences": 3,
        "eos_token_id": 13,
        "pad_token_id": 0,
        "max_new_tokens": 20,
    },
}
