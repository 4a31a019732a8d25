"""Compares logits and greedy tokens with transformers on a random checkpoint of the 0.5B shape.

Usage: forward.py TLITE TOKENIZER_DIR WORK_DIR [--dtype float32|bfloat16|float16]
                  [--lengths 1,7,64,512,4096] [--prompts 30] [--tokens 128]

TLITE is the command line tool, TOKENIZER_DIR holds a tokenizer.json and tokenizer_config.json of
Qwen2.5. The checkpoint (2 GB in float32) is written to WORK_DIR and kept; key biases of first and
last layers have norms in the hundreds. Prints the largest difference over the largest logit for
each prompt length and fails above 1e-4, or when a greedy token differs.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import time

import numpy as np
import torch
from safetensors.torch import save_file

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
sys.path.insert(0, str(GOLDEN))

from synthetic import Spec, config, state_dict, token_ids  # noqa: E402

BOUND = 1e-4
PROMPT_TOKENS = 24


def make_spec(dtype: torch.dtype) -> Spec:
    """Qwen2.5-0.5B: 24 layers of 896, 14 heads of 64 over 2 key-value heads, tied embeddings."""
    return Spec("half", 11, 896, 4864, 24, 14, 2, 64, 151936, tied=True, dtype=dtype)


def write_checkpoint(spec: Spec, tokenizer: pathlib.Path, directory: pathlib.Path) -> None:
    """Writes the Hugging Face directory of the spec, unless it is there."""
    if (directory / "model.safetensors").exists():
        return
    directory.mkdir(parents=True, exist_ok=True)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(tokenizer / name, directory / name)
    (directory / "config.json").write_text(json.dumps(config(spec)))
    save_file(state_dict(spec), directory / "model.safetensors", metadata={"format": "pt"})


def load_reference(directory: pathlib.Path) -> torch.nn.Module:
    """The same directory in transformers, in float32."""
    from transformers import Qwen2ForCausalLM

    # Releases differ in the name of the argument for the type; widening afterwards is exact.
    return Qwen2ForCausalLM.from_pretrained(directory).float().eval()


def last_logits(model: torch.nn.Module, ids: list[int]) -> np.ndarray:
    """Logits of the last token; those of all 4,096 would take 2.5 GB."""
    hidden = model.model(torch.tensor([ids])).last_hidden_state[0, -1]
    return model.lm_head(hidden).numpy()


def greedy(model: torch.nn.Module, prompts: list[list[int]], tokens: int) -> list[list[int]]:
    """The likeliest token again and again, all prompts of one length together.

    Not generate(): with Debian's torch 1.13 under Python 3.11 it fails to import torch.distributed.
    """
    ids = torch.tensor(prompts)
    cache = None
    columns = []
    for _ in range(tokens):
        out = model(ids, past_key_values=cache, use_cache=True)
        cache = out.past_key_values
        ids = out.logits[:, -1].argmax(dim=-1, keepdim=True)
        columns.append(ids)
    return torch.cat(columns, dim=1).tolist()


def run(command: list[str]) -> str:
    """Standard output of a command that must succeed."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compare_logits(
    tlite: str, directory: pathlib.Path, model: torch.nn.Module, spec: Spec, lengths: list[int]
) -> bool:
    """Logits of the last token of random prompts."""
    good = True
    for length in lengths:
        ids = token_ids(spec, length)
        ids_file = directory / "ids.json"
        out_file = directory / "logits.npy"
        ids_file.write_text(json.dumps(ids))
        begin = time.monotonic()
        run(
            [
                tlite,
                "logits",
                str(directory),
                "--ids",
                str(ids_file),
                "--out",
                str(out_file),
                "--last",
            ]
        )
        ours_seconds = time.monotonic() - begin
        ours = np.load(out_file).reshape(-1)
        begin = time.monotonic()
        expected = last_logits(model, ids)
        seconds = time.monotonic() - begin
        difference = float(np.abs(ours - expected).max() / np.abs(expected).max())
        good &= difference <= BOUND
        print(
            f"{length} tokens: {difference:.2e} of the largest logit "
            f"({ours_seconds:.1f} s, reference {seconds:.1f} s)",
            flush=True,
        )
    return good


def compare_greedy(
    tlite: str,
    directory: pathlib.Path,
    model: torch.nn.Module,
    spec: Spec,
    prompts: int,
    tokens: int,
) -> bool:
    """Tokens that greedy decoding appends to texts of 16 tokens."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(directory)
    draws = token_ids(spec, prompts * PROMPT_TOKENS * 4)
    texts: list[str] = []
    batch: list[list[int]] = []
    # A prompt is what comes back from its own text as the same number of tokens, so that all of
    # them make one batch.
    while len(batch) < prompts:
        ids = [draws.pop() % 20000 + 1000 for _ in range(PROMPT_TOKENS)]
        text = tokenizer.decode(ids)
        again = tokenizer(text)["input_ids"]
        if len(again) < 16:
            continue
        texts.append(tokenizer.decode(again[:16]))
        batch.append(tokenizer(texts[-1])["input_ids"])
        if len(batch[-1]) != 16:
            texts.pop()
            batch.pop()
    expected = greedy(model, batch, tokens)
    different = 0
    for i, text in enumerate(texts):
        prompt = directory / "prompt.txt"
        prompt.write_text(text)
        out = json.loads(
            run(
                [
                    tlite,
                    "generate",
                    str(directory),
                    "--file",
                    str(prompt),
                    "--raw",
                    "--greedy",
                    "-n",
                    str(tokens),
                    "--json",
                ]
            )
        )
        ours = out["token_ids"]
        if ours != expected[i]:
            place = next(k for k in range(tokens) if ours[k : k + 1] != [expected[i][k]])
            print(f"prompt {i} differs from token {place} on", flush=True)
            different += 1
    print(f"greedy: {prompts - different} of {prompts} prompts x {tokens} tokens equal")
    return different == 0


def main() -> int:
    """Runs the comparisons; the exit status is 1 when one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tlite")
    parser.add_argument("tokenizer", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--dtype", default="float32", choices=["float32", "bfloat16", "float16"])
    parser.add_argument("--lengths", default="1,7,64,512,4096")
    parser.add_argument("--prompts", type=int, default=30)
    parser.add_argument("--tokens", type=int, default=128)
    args = parser.parse_args()
    torch.set_grad_enabled(False)
    spec = make_spec(getattr(torch, args.dtype))
    directory = args.work / f"half-{args.dtype}"
    write_checkpoint(spec, args.tokenizer, directory)
    model = load_reference(directory)
    lengths = [int(n) for n in args.lengths.split(",") if n]
    good = compare_logits(args.tlite, directory, model, spec, lengths)
    if args.prompts > 0:
        good &= compare_greedy(args.tlite, directory, model, spec, args.prompts, args.tokens)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
