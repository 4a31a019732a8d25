"""tlite.vllm against vLLM, call by call, on one checkpoint.

Usage: vllm_api.py MODEL [--only PART] [--draws N]

Needs vLLM 0.32 for CPUs (install_vllm.sh) and the package tlite (PYTHONPATH=bindings/python/src,
TLITE_LIBRARY names the library). Both run in float32. Prints what differs; exit status 0 where
nothing does. An error is equal where `except` with vLLM's class, or with the nearest of Python's,
would catch it too.
"""

from __future__ import annotations

import builtins
import functools
import os
import sys
import types
from collections import Counter
from typing import Any

os.environ.setdefault("VLLM_LOGGING_LEVEL", "ERROR")
os.environ.setdefault("VLLM_ENABLE_V1_MULTIPROCESSING", "0")
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")
os.environ.setdefault("VLLM_NO_USAGE_STATS", "1")

import tlite.vllm
from comparison import Comparison
from vllm_calls import CALLS, Near, Place, Side

# Weights are the same numbers on both sides; keys and values are float16 here and float32 there. A
# log probability of the demo model is a difference of logits of 30 at most, sums over 4 layers with
# relative errors of 2^-11 from keys and from values: 30 * 4 * 2^-11 = 0.06 were they
# all of one sign. Sums over an answer of 12 tokens have 12 of them, of either sign.
TOLERANCE = 0.03

LOAD: dict[str, Any] = dict(max_model_len=512, dtype="float32", enforce_eager=True)

# Where tlite.vllm means to differ, as docs/python-vllm.md says.
MEANT = {
    "chat: no_role": "a message without a role is a VLLMValidationError, not a KeyError",
    "chat: picture": "what is no text is NotSupported, and nothing is fetched",
    "pooling: dimensions": "NotSupported, where the parameters are made",
}


def reference(path: str) -> Side:
    """vLLM, with the names of several of its modules in one place."""
    import vllm
    import vllm.sampling_params

    names = {name: getattr(vllm, name, None) for name in tlite.vllm.__all__}
    names["BeamSearchParams"] = vllm.sampling_params.BeamSearchParams
    llm = vllm.LLM(model=path, **LOAD)
    pool = vllm.LLM(model=path, runner="pooling", **LOAD)
    return Side(types.SimpleNamespace(**names), llm, pool, path)


def ours(path: str) -> Side:
    """This package."""
    m = tlite.vllm
    return Side(m, m.LLM(model=path, **LOAD), m.LLM(model=path, runner="pooling", **LOAD), path)


def plain(value: Any) -> Any:
    """Lists for tuples."""
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def outcome(side: Side, name: str) -> Any:
    """What a call gives, or by which classes `except` would catch what it raises."""
    try:
        return plain(CALLS[name](side))
    except Exception as error:
        kinds = [k for k in type(error).__mro__ if k is not object]
        named = [
            k.__name__
            for k in kinds
            if k.__module__ == builtins.__name__ or k.__name__.startswith("VLLM")
        ]
        return ("raises", named, str(error))


def packed(value: Any) -> Any:
    """An outcome as JSON has it."""
    if isinstance(value, Near):
        return {"near": value.value}
    if isinstance(value, Place):
        return {"place": value.entries}
    if isinstance(value, tuple):
        return {"raises": value[1]}
    return [packed(item) for item in value] if isinstance(value, list) else value


def unpacked(value: Any) -> Any:
    """The outcome of such JSON."""
    if isinstance(value, dict) and "near" in value:
        return Near(value["near"])
    if isinstance(value, dict) and "place" in value:
        return Place([(t, v, rank, text) for t, v, rank, text in value["place"]])
    if isinstance(value, dict):
        return ("raises", value["raises"], "")
    return [unpacked(item) for item in value] if isinstance(value, list) else value


def differs(theirs: Any, mine: Any) -> str:
    """How; empty where it does not."""
    if isinstance(theirs, Near) and isinstance(mine, Near):
        apart = abs(theirs.value - mine.value)
        return "" if apart <= TOLERANCE else f"{theirs.value} / {mine.value}"
    if isinstance(theirs, Place) and isinstance(mine, Place):
        return place_differs(theirs, mine)
    if isinstance(theirs, tuple) or isinstance(mine, tuple):  # an error
        both = isinstance(theirs, tuple) and isinstance(mine, tuple)
        return "" if both and theirs[1][0] in mine[1] else f"{theirs} / {mine}"
    if isinstance(theirs, list) and isinstance(mine, list):
        if len(theirs) != len(mine):
            return f"{theirs} / {mine}"
        found = ((i, differs(*pair)) for i, pair in enumerate(zip(theirs, mine, strict=True)))
        return next((f"[{place}] {how}" for place, how in found if how), "")
    return "" if type(theirs) is type(mine) and theirs == mine else f"{theirs!r} / {mine!r}"


def place_differs(theirs: Place, mine: Place) -> str:
    """How log probabilities differ, where those that are nearly equal may change places.

    Far down the ranks, where tokens lie within the tolerance of each other by the dozen, a rank may
    be a twentieth of itself away.
    """
    told = f"{theirs} / {mine}"
    if len(theirs.entries) != len(mine.entries) or theirs.entries[0][0] != mine.entries[0][0]:
        return told
    known = {token: (rank, text) for token, _, rank, text in theirs.entries}
    for their, own in zip(theirs.entries, mine.entries, strict=True):
        token, logprob, rank, text = own
        if abs(their[1] - logprob) > TOLERANCE or abs(their[2] - rank) > rank // 20:
            return told
        if token in known and known[token][1] != text:
            return told
    return ""


DISTRIBUTIONS: dict[str, dict[str, Any]] = {
    "the checkpoint's": dict(temperature=0.3, top_k=20, top_p=0.8),
    "plain": {},
    "hot": dict(top_k=20, top_p=0.9, temperature=1.7),
    "min_p": dict(min_p=0.1, temperature=1.5),
    "min_p and top_p": dict(min_p=0.2, top_p=0.5, temperature=1.5),
    "min_p, top_p and penalties": dict(
        min_p=0.05,
        top_p=0.7,
        temperature=1.8,
        repetition_penalty=1.5,
        logit_bias={545: 4.0, 13: -5.0},
    ),
    "min_p and top_k": dict(min_p=0.05, top_k=6, temperature=2.0),
    "penalty": dict(top_k=8, repetition_penalty=1.5),
    "card": dict(temperature=0.7, repetition_penalty=1.05, top_p=0.8, top_k=70),
}


def drawn(side: Side, draws: int, given: dict[str, Any]) -> Counter[int]:
    """The first tokens of many samples."""
    params = side.m.SamplingParams(n=draws, max_tokens=1, seed=7, **given)
    outputs = side.llm.generate("Мой", params, use_tqdm=False)[0].outputs
    return Counter(output.token_ids[0] for output in outputs)


COMPARISON = Comparison(
    description=__doc__,
    sides=lambda path: (reference(path), ours(path)),
    calls=CALLS,
    meant=MEANT,
    outcome=outcome,
    differs=differs,
    distributions=DISTRIBUTIONS,
    drawn=drawn,
)

if __name__ == "__main__":
    sys.stdout = functools.partial(open, 1, "w", buffering=1, closefd=False)()
    sys.exit(COMPARISON.main())
