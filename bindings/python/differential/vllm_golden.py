"""Writes bindings/python/tests/data/vllm_calls.json: what vLLM makes of the calls of vllm_calls.py.

Usage: vllm_golden.py MODEL FILE

MODEL is the demo model. Needs vLLM 0.32 for CPUs (install_vllm.sh) and the package tlite, as
vllm_api.py does; runs in float32. Calls whose outcome is long are left to that.
"""

from __future__ import annotations

import json
import logging
import pathlib
import sys

from vllm_api import MEANT, outcome, packed, reference
from vllm_calls import CALLS

LONGEST = 2000  # characters


def main() -> None:
    """Writes a JSON object: the outcome of each call."""
    logging.disable(logging.WARNING)
    side = reference(sys.argv[1])
    lines = []
    for name in CALLS:
        text = json.dumps(packed(outcome(side, name)), ensure_ascii=False)
        if name not in MEANT and len(text) <= LONGEST:
            lines.append(f" {json.dumps(name)}: {text}")
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    pathlib.Path(sys.argv[2]).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
