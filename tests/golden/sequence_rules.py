"""What transformers' logits processors for a generation_config.json do to random logits.

Usage: python tests/golden/sequence_rules.py
Needs transformers 5.24 and torch; writes tests/golden/data/sequence_rules.json, which is committed.

transformers chooses the processors and their order itself (GenerationMixin._get_logits_processor);
they run in float64, as in samplers.py, whose random logits these are.
"""

import itertools
import json
from pathlib import Path
from typing import Any

import torch
import transformers
from samplers import random_logits

transformers.logging.set_verbosity_error()
VOCABULARY, SCALE, EOS = 40, 9.0, [38, 39]
SHOWN = 6
make_config: Any = transformers.Qwen2Config
make_generation_config: Any = transformers.GenerationConfig

model: Any = transformers.Qwen2ForCausalLM(
    make_config(
        vocab_size=VOCABULARY,
        hidden_size=8,
        intermediate_size=8,
        num_hidden_layers=1,
        num_attention_heads=1,
        num_key_value_heads=1,
    )
)

PROMPT, OUTPUT = [3, 4, 5, 3, 4], [6, 3, 4, 5, 3]
ALL: dict[str, Any] = {
    "temperature": 0.5,
    "top_k": 30,
    "top_p": 0.99,
    "min_p": 0.0001,
    "typical_p": 0.95,
    "epsilon_cutoff": 0.001,
    "eta_cutoff": 0.001,
    "repetition_penalty": 1.2,
    "no_repeat_ngram_size": 3,
    "bad_words_ids": [[7], [3, 8], [38]],
    "sequence_bias": [[[9], 2.5], [[5, 3, 10], 4.0], [[6, 11], 100.0]],
    "suppress_tokens": [12, 13],
    "exponential_decay_length_penalty": [2, 1.3],
}

# Fields of generation_config.json, prompt, output so far.
CASES: list[tuple[dict[str, Any], list[int], list[int]]] = [
    *(
        ({"no_repeat_ngram_size": n}, prompt, output)
        for n in (1, 2, 3, 4, 11, 12, 15)
        for prompt, output in ((PROMPT, OUTPUT), (PROMPT + OUTPUT, []), ([3], [3, 3]))
    ),
    ({"bad_words_ids": [[0], [3, 1], [5, 3, 2], [4, 3]]}, PROMPT, OUTPUT),
    ({"bad_words_ids": [[38], [39], [3, 38]]}, PROMPT, OUTPUT),
    ({"bad_words_ids": [[3, 4, 5]]}, [3], [4]),  # longer than what there is
    ({"bad_words_ids": [[3, 4]]}, [3], []),
    ({"sequence_bias": [[[0], 3.5], [[0], 1.0], [[3, 1], -5.0], [[4, 2], 50.0]]}, PROMPT, OUTPUT),
    ({"sequence_bias": [[[5, 3, 1], 8.0], [[3, 4, 5, 3, 4, 6, 1], 8.0]]}, PROMPT, OUTPUT),
    ({"suppress_tokens": [1, 2, 38]}, PROMPT, OUTPUT),
    ({"begin_suppress_tokens": [1, 2, 38]}, PROMPT, []),
    ({"begin_suppress_tokens": [1, 2, 38]}, PROMPT, OUTPUT),
    ({"begin_suppress_tokens": [1], "forced_bos_token_id": 2}, [3], []),
    ({"begin_suppress_tokens": [1], "forced_bos_token_id": 2}, [3], [2]),
    ({"begin_suppress_tokens": [1], "forced_bos_token_id": 2}, [3, 4], []),
    ({"forced_eos_token_id": 39, "max_new_tokens": 6}, PROMPT, OUTPUT),
    ({"forced_eos_token_id": [5, 39], "max_new_tokens": 6}, PROMPT, OUTPUT),
    ({"forced_eos_token_id": 39, "max_new_tokens": 7}, PROMPT, OUTPUT),
    ({"forced_eos_token_id": 39, "max_length": 11}, PROMPT, OUTPUT),
    *(
        ({"exponential_decay_length_penalty": [start, factor]}, PROMPT, OUTPUT)
        for start, factor in itertools.product((0, 3, 4, 5, 6), (1.5, 0.7))
    ),
    *(({"min_length": n}, PROMPT, OUTPUT) for n in (9, 10, 11, 30)),
    ({"min_length": 30, "min_new_tokens": 2}, PROMPT, OUTPUT),
    ({"min_new_tokens": 5}, PROMPT, OUTPUT),
    ({"min_new_tokens": 6}, PROMPT, OUTPUT),
    *(({"typical_p": p}, [3], []) for p in (0.05, 0.2, 0.5, 0.9, 0.99)),
    *(({"epsilon_cutoff": e}, [3], []) for e in (0.0003, 0.01, 0.2, 0.9)),
    *(({"eta_cutoff": e}, [3], []) for e in (0.0003, 0.01, 0.2, 0.9)),
    (ALL, PROMPT, OUTPUT),
    ({**ALL, "min_new_tokens": 9}, PROMPT, OUTPUT),
    ({**ALL, "typical_p": 0.4, "epsilon_cutoff": 0.05}, PROMPT, OUTPUT),
]


def case(
    fields: dict[str, Any], prompt: list[int], output: list[int], seed: int, sampled: bool
) -> dict[str, object]:
    """One case with what is left to choose from."""
    stated = {"eos_token_id": EOS, "do_sample": sampled, **fields}
    config = make_generation_config(**json.loads(json.dumps(stated)))
    start = torch.tensor([prompt])
    config, _ = model._prepare_generation_config(config)
    has_length = fields.get("max_length") is not None
    config = model._prepare_generated_length(
        generation_config=config,
        has_default_max_length=not has_length,
        has_default_min_length=fields.get("min_length") is None,
        model_input_name="input_ids",
        input_ids_length=len(prompt),
        inputs_tensor=start,
    )
    model._prepare_special_tokens(config, True, device="cpu")
    processors = model._get_logits_processor(
        generation_config=config,
        input_ids_seq_length=len(prompt),
        encoder_input_ids=start,
        prefix_allowed_tokens_fn=None,
        logits_processor=transformers.LogitsProcessorList(),
        device="cpu",
    )
    scores = torch.from_numpy(random_logits(seed, VOCABULARY, SCALE))[None].double()
    scores = processors(torch.tensor([prompt + output]), scores)[0]
    probabilities = torch.softmax(scores, dim=-1)
    likeliest = torch.sort(probabilities, descending=True, stable=True).indices.tolist()
    kept = torch.nonzero(scores.isfinite())[:, 0].tolist()
    return {
        "config": stated,
        "seed": seed,
        "prompt": prompt,
        "output": output,
        "kept": kept if sampled else likeliest[:1],
        "shown": [[t, float(probabilities[t])] for t in likeliest[:SHOWN] if t in kept],
    }


def main() -> None:
    """Writes the file."""
    cases = [
        case(fields, prompt, output, 1 + i * 2 + sampled, bool(sampled))
        for i, (fields, prompt, output) in enumerate(CASES)
        for sampled in (0, 1)
    ]
    data = {"vocabulary": VOCABULARY, "scale": SCALE, "end_tokens": EOS, "cases": cases}
    path = Path(__file__).parent / "data" / "sequence_rules.json"
    path.write_text(json.dumps(data, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
