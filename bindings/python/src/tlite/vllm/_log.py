"""What vLLM says in its log, said in ours: the logger "tlite.vllm"."""

from __future__ import annotations

import logging

logger = logging.getLogger("tlite.vllm")
