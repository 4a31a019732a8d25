"""tlite.transformers against transformers, call by call, on one checkpoint.

Usage: transformers_api.py MODEL [--only PART] [--draws N]

Needs torch, transformers 5.24 and the package tlite (PYTHONPATH=bindings/python/src, TLITE_LIBRARY
names the library). transformers runs in float32. Prints what differs; exit status 0 where nothing
does. An error is equal where `except` with the nearest class of Python's would catch it too.
"""

from __future__ import annotations

import builtins
import sys
import types
import warnings
from collections import Counter
from collections.abc import Mapping
from typing import Any

import tlite.transformers
import torch
import transformers
import transformers.generation.logits_process
import transformers.generation.stopping_criteria
import transformers.utils
from comparison import Comparison
from transformers_calls import CALLS, Near, Side

# Weights are the same numbers on both sides; keys and values are float16 here and float32 there. A
# logit of the demo model, 30 at most, is a sum over 4 layers whose terms carry a relative error of
# 2^-11 from keys and from values: 30 * 4 * 2^-11 = 0.06 were they all of one sign.
TOLERANCE = 0.03

# Where tlite.transformers means to differ, as docs/python-transformers.md says.
MEANT = {
    "tokenizer: no_texts": "no texts are no rows",
    "chat: kwargs_twice": "tokenizer_kwargs may name what are arguments too",
}


def reference(path: str) -> Side:
    """transformers, with the names of several of its modules in one place."""
    parts = (
        transformers,
        transformers.generation.logits_process,
        transformers.generation.stopping_criteria,
        transformers.utils,
    )
    names: dict[str, Any] = {}
    for name in tlite.transformers.__all__:
        names[name] = next((getattr(p, name) for p in parts if hasattr(p, name)), None)
    names["AutoTokenizer"] = transformers.AutoTokenizer
    model = transformers.AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32)
    tokenizer = transformers.AutoTokenizer.from_pretrained(path)
    return Side(types.SimpleNamespace(**names), tokenizer, model, path)


def ours(path: str) -> Side:
    """This package."""
    module = tlite.transformers
    return Side(
        *(module, module.AutoTokenizer.from_pretrained(path)),
        *(module.AutoModelForCausalLM.from_pretrained(path), path),
    )


def seen(value: Any) -> Any:
    """What can be compared: types by name, tensors as lists with their type and shape."""
    if isinstance(value, Near):
        return value
    if isinstance(value, torch.Tensor):
        return ("tensor", str(value.dtype), tuple(value.shape), value.tolist())
    if type(value).__module__ == "numpy":
        return ("array", str(value.dtype), value.shape, value.tolist())
    if hasattr(value, "to_tuple"):  # keys and values are not handed out
        entries = {key: seen(value[key]) for key in value.keys() if key != "cache"}  # noqa: SIM118
        return (type(value).__name__, entries)
    if isinstance(value, Mapping) and not isinstance(value, dict):
        return (type(value).__name__, {key: seen(item) for key, item in value.items()})
    if isinstance(value, dict):
        return {key: seen(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [seen(item) for item in value]
    return value


def outcome(side: Side, name: str) -> Any:
    """What a call gives, or which of Python's classes what it raises is one of."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return seen(CALLS[name](side))
    except Exception as error:
        own = [k.__name__ for k in type(error).__mro__ if k.__module__ == builtins.__name__]
        return ("raises", own, str(error))


def differs(theirs: Any, mine: Any) -> str:
    """How; empty where it does not."""
    if isinstance(theirs, Near) and isinstance(mine, Near):
        return near(theirs.value, mine.value)
    if isinstance(theirs, (list, tuple)) and theirs[:1] == ("raises",):
        same = isinstance(mine, tuple) and mine[:1] == theirs[:1] and theirs[1][0] in mine[1]
        return "" if same else f"{theirs} / {mine}"
    if isinstance(theirs, (list, tuple)) and isinstance(mine, (list, tuple)):
        if len(theirs) != len(mine):
            return f"{theirs} / {mine}"
        pairs = enumerate(zip(theirs, mine, strict=True))
        found = ((place, differs(*pair)) for place, pair in pairs)
        return next((f"[{place}] {how}" for place, how in found if how), "")
    if isinstance(theirs, dict) and isinstance(mine, dict) and list(theirs) == list(mine):
        return next(filter(None, (differs(theirs[k], mine[k]) for k in theirs)), "")
    if type(theirs) is type(mine) and theirs == mine:
        return ""
    return f"{theirs!r} / {mine!r}"


def near(theirs: torch.Tensor, mine: torch.Tensor) -> str:
    """Whether two tensors are equal within the tolerance, infinities exactly."""
    if theirs.shape != mine.shape or theirs.dtype != mine.dtype:
        return f"{theirs.dtype} {theirs.shape} / {mine.dtype} {mine.shape}"
    if not torch.equal(theirs.isfinite(), mine.isfinite()):
        return f"{(theirs.isfinite() != mine.isfinite()).sum()} are finite on one side only"
    where = theirs.isfinite()
    most = (theirs[where] - mine[where]).abs().max().item() if where.any() else 0.0
    return f"apart by {most}" if most > TOLERANCE else ""


DISTRIBUTIONS: dict[str, dict[str, Any]] = {
    "the checkpoint's": {},
    "plain": dict(top_k=0, top_p=1.0, temperature=1.0),
    "no top_k by None": dict(top_p=1.0, temperature=1.0, top_k=None),
    "hot": dict(top_k=20, top_p=0.9, temperature=1.7),
    "min_p": dict(top_k=0, top_p=1.0, min_p=0.1, temperature=1.5),
    "typical": dict(top_k=0, top_p=1.0, typical_p=0.6, temperature=1.0),
    "cutoffs": dict(top_k=0, top_p=1.0, epsilon_cutoff=0.01, eta_cutoff=0.02, temperature=1.0),
    "penalty": dict(top_k=8, top_p=1.0, repetition_penalty=1.5, temperature=1.0),
    "top_h": dict(top_k=0, top_p=1.0, top_h=0.5, temperature=1.2),
}


def drawn(side: Side, draws: int, given: dict[str, Any]) -> Counter[int]:
    """The first tokens of many samples."""
    torch.manual_seed(11)
    out = side.model.generate(
        **side.tok("Мой", return_tensors="pt"),
        do_sample=True,
        max_new_tokens=1,
        num_return_sequences=draws,
        **given,
    )
    return Counter(out[:, -1].tolist())


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
    torch.set_grad_enabled(False)
    sys.exit(COMPARISON.main())
