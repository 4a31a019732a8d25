"""What transformers says in its log, said in ours: the logger "tlite.transformers"."""

from __future__ import annotations

import logging

logger = logging.getLogger("tlite.transformers")
_said: set[str] = set()


def warn_once(message: str) -> None:
    """A warning that the next call need not hear again."""
    if message not in _said:
        _said.add(message)
        logger.warning("%s", message)
