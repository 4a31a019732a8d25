"""Whose rounding is it: log likelihoods of tlite and of the harness's `hf` beside double precision.

Usage: lm_eval_float64.py MODEL [--count 4] [--bf16]

MODEL is a BF16 or float32 checkpoint of Qwen2's shape, a directory with one model.safetensors, tied
or not. Each of the first questions of lm_eval_tasks/data/rugsm8k.jsonl is a text and its answer the
ending. Qwen2 is written out below in numpy's float64, norms, softmax and rotation included, which
transformers computes in float32 also in a model that was made `.double()`. Both libraries compute
in float32, and with --bf16 in bfloat16 too. Prints how far each is from double precision, in all
and for each token of an ending.
"""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from lm_eval.api.instance import Instance
from lm_eval.models.huggingface import HFLM
from numpy.typing import NDArray
from safetensors import safe_open
from tlite.lm_eval import TliteLM

DATA = Path(__file__).resolve().parent.parent / "lm_eval_tasks" / "data" / "rugsm8k.jsonl"
Matrix: TypeAlias = NDArray[np.float64]


def norm(x: Matrix, weight: Matrix, epsilon: float) -> Matrix:
    """RMSNorm of rows."""
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def rotated(x: Matrix, theta: float) -> Matrix:
    """Rotary positions 0, 1, ... of (rows, heads, size): halves are the two coordinates."""
    half = x.shape[-1] // 2
    angles = np.arange(len(x))[:, None] * theta ** (-np.arange(half) / half)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    a, b = x[..., :half], x[..., half:]
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


def attention(q: Matrix, k: Matrix, v: Matrix) -> Matrix:
    """Causal, of (rows, heads, size); several heads of q share one of k and v."""
    rows, heads, size = q.shape
    out = np.empty_like(q)
    for head in range(heads):
        other = head // (heads // k.shape[1])
        scores = q[:, head] @ k[:, other].T / math.sqrt(size)
        scores[np.triu_indices(rows, 1)] = -np.inf
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        out[:, head] = scores / scores.sum(-1, keepdims=True) @ v[:, other]
    return out


class Doubles:
    """The checkpoint's Qwen2, in float64."""

    def __init__(self, path: Path) -> None:
        self.config = json.loads((path / "config.json").read_text(encoding="utf-8"))
        self._file = safe_open(str(path / "model.safetensors"), "pt")

    def _weight(self, name: str) -> Matrix:
        numbers: Matrix = self._file.get_tensor(name).double().numpy()
        return numbers

    def _linear(self, x: Matrix, name: str) -> Matrix:
        made = x @ self._weight(f"{name}.weight").T
        return (
            made + self._weight(f"{name}.bias")
            if name[-6:] in ("q_proj", "k_proj", "v_proj")
            else made
        )

    def logits(self, ids: list[int]) -> Matrix:
        """(len(ids), vocab_size)."""
        config = self.config
        heads, shared = config["num_attention_heads"], config["num_key_value_heads"]
        embedding = self._weight("model.embed_tokens.weight")
        x = embedding[ids]
        for layer in range(config["num_hidden_layers"]):
            at = f"model.layers.{layer}"
            y = norm(x, self._weight(f"{at}.input_layernorm.weight"), config["rms_norm_eps"])
            q, k, v = (
                self._linear(y, f"{at}.self_attn.{name}_proj").reshape(len(ids), count, -1)
                for name, count in (("q", heads), ("k", shared), ("v", shared))
            )
            theta = config["rope_theta"]
            y = attention(rotated(q, theta), rotated(k, theta), v).reshape(len(ids), -1)
            x = x + self._linear(y, f"{at}.self_attn.o_proj")
            y = norm(
                x, self._weight(f"{at}.post_attention_layernorm.weight"), config["rms_norm_eps"]
            )
            gate = self._linear(y, f"{at}.mlp.gate_proj")
            y = gate / (1 + np.exp(-gate)) * self._linear(y, f"{at}.mlp.up_proj")
            x = x + self._linear(y, f"{at}.mlp.down_proj")
        x = norm(x, self._weight("model.norm.weight"), config["rms_norm_eps"])
        return (
            x @ (embedding if config["tie_word_embeddings"] else self._weight("lm_head.weight")).T
        )

    def score(self, text: list[int], ending: list[int]) -> float:
        """The log likelihood of an ending."""
        logits = self.logits((text + ending)[:-1])[-len(ending) :]
        most = logits.max(-1)
        sums = most + np.log(np.exp(logits - most[:, None]).sum(-1))
        return float((logits[np.arange(len(ending)), ending] - sums).sum())


def scores(model: Any, pairs: list[tuple[str, str]]) -> list[float]:
    """What the harness is told."""
    requests = [Instance("loglikelihood", {}, pair, 0, ("float64", 0, 1)) for pair in pairs]
    return [score for score, _ in model.loglikelihood(requests, disable_tqdm=True)]


def main() -> None:
    """Prints a line an ending and library."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--bf16", action="store_true")
    given = parser.parse_args()
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    pairs = [(row["question"], " " + row["answer"]) for row in rows[: given.count]]
    path = str(given.model)
    mine = TliteLM(path)
    found = {"tlite float32": scores(mine, pairs)}
    ids = [mine._encode_pair(*pair) for pair in pairs]
    del mine
    found["hf float32"] = scores(HFLM(path, device="cpu", dtype="float32"), pairs)
    if given.bf16:
        found["tlite bf16"] = scores(TliteLM(path, weights="bf16"), pairs)
        found["hf bfloat16"] = scores(HFLM(path, device="cpu", dtype="bfloat16"), pairs)
    doubles = Doubles(given.model)
    for place, (text, ending) in enumerate(ids):
        truth = doubles.score(text, ending)
        print(f"ending {place}: {len(text)} + {len(ending)} tokens, {truth:.7f}", flush=True)
        for name, values in found.items():
            apart = values[place] - truth
            print(f"  {name:14} {apart:+.2e}, {abs(apart) / len(ending):.1e} a token", flush=True)


if __name__ == "__main__":
    main()
