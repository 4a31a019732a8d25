"""How one embedding is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._arguments import refuse


@dataclass
class PoolingParams:
    """Of `LLM.embed` and `LLM.encode`.

    - `use_activation`: to length 1; None: as the LLM's pooler_config says.

    See docs/python-vllm.md for the others.
    """

    use_activation: bool | None = None
    dimensions: int | None = None
    step_tag_id: int | None = None
    returned_token_ids: list[int] | None = None
    task: str | None = None
    requires_token_ids: bool = False
    skip_reading_prefix_cache: bool | None = None
    extra_kwargs: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        refuse("PoolingParams", **vars(self))

    def clone(self) -> PoolingParams:
        """A copy."""
        return PoolingParams(**vars(self))
