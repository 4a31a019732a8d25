"""What a model takes, before it is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .refusal import Refusal
from .wish import BATCH_ROWS, Wish

if TYPE_CHECKING:
    import tlite


@dataclass(frozen=True)
class Plan:
    """Bytes, and what the machine has."""

    name: str
    weights: int
    """Of the model's file or copied from it."""
    cache: int
    """Of the context."""
    scratch: int
    total: int
    free: int | None
    """What programs may take without others' memory being swapped out; None: unknown."""


def free_memory() -> int | None:
    """Bytes, as Linux estimates them."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    return None


def check_fit(wish: Wish, info: tlite.ModelInfo) -> None:
    """Refusal where the model cannot be used as wished."""
    if not info.has_chat_template:
        raise Refusal("no_chat", model=wish.model)
    if not 0 < wish.context <= info.max_position_embeddings:
        raise Refusal("bad_context", context=wish.context, most=info.max_position_embeddings)


def plan_of(wish: Wish) -> Plan:
    """Reads headers only. Refusal, tlite.Error, ImportError."""
    if not wish.model:
        raise Refusal("no_model")
    import tlite

    info = tlite.Model.inspect(wish.model)
    check_fit(wish, info)
    plan = tlite.Model.plan(
        wish.model,
        context=wish.context,
        max_batch_rows=BATCH_ROWS,
        threads=wish.threads or None,
    )
    weights = plan.weights + plan.weights_resident
    return Plan(info.name, weights, plan.kv_cache, plan.scratch, plan.total, free_memory())
