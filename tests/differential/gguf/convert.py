"""Runs llama.cpp's convert_hf_to_gguf.py, with an older torch and for any tokenizer too.

Usage: convert.py LLAMA_CPP MODEL_DIR OUT.gguf

A tokenizer whose hash the converter does not know counts as qwen2.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import torch


def main() -> None:
    """Converts to bf16."""
    llama_cpp, model, out = sys.argv[1:]
    for name in ("float8_e4m3fn", "float8_e5m2", "uint16", "uint32", "uint64"):
        if not hasattr(torch, name):
            setattr(torch, name, torch.uint8)
    sys.path[:0] = [f"{llama_cpp}/gguf-py", llama_cpp]
    base = importlib.import_module("conversion.base")
    known = base.TextModel.get_vocab_base_pre

    def pre(self: Any, tokenizer: Any) -> str:  # noqa: ANN401
        try:
            return str(known(self, tokenizer))
        except NotImplementedError:
            return "qwen2"

    base.TextModel.get_vocab_base_pre = pre
    sys.argv = ["convert_hf_to_gguf.py", model, "--outtype", "bf16", "--outfile", out]
    importlib.import_module("convert_hf_to_gguf").main()


if __name__ == "__main__":
    main()
