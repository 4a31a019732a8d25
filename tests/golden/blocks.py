"""Random blocks of every GGUF format and what the gguf package dequantizes them to.

Writes tests/golden/data/blocks/<type>.bin: two blocks' bytes, then their weights as f32.
Needs PyPI gguf and numpy: python tests/golden/blocks.py
"""

from pathlib import Path

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType
from gguf.quants import dequantize

TYPES = [
    "Q8_0",
    "Q4_0",
    "Q4_1",
    "Q5_0",
    "Q5_1",
    "Q2_K",
    "Q3_K",
    "Q4_K",
    "Q5_K",
    "Q6_K",
    "IQ4_NL",
    "IQ4_XS",
]
# Where a block keeps its f16 scales: all-random bits there would be NaN or huge now and then.
SCALES_AT = {
    "Q8_0": [0],
    "Q4_0": [0],
    "Q4_1": [0, 2],
    "Q5_0": [0],
    "Q5_1": [0, 2],
    "Q2_K": [80, 82],
    "Q3_K": [108],
    "Q4_K": [0, 2],
    "Q5_K": [0, 2],
    "Q6_K": [208],
    "IQ4_NL": [0],
    "IQ4_XS": [0],
}


def main() -> None:
    """Write one file a type."""
    folder = Path(__file__).parent / "data" / "blocks"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(1)
    for name in TYPES:
        quantization = GGMLQuantizationType[name]
        _, size = GGML_QUANT_SIZES[quantization]
        blocks = rng.integers(0, 256, (2, size), dtype=np.uint8)
        for at in SCALES_AT[name]:
            scales = rng.normal(0, 0.02, 2).astype(np.float16)
            blocks[:, at : at + 2] = scales.view(np.uint8).reshape(2, 2)
        weights = dequantize(blocks, quantization).astype(np.float32)
        data = blocks.tobytes() + weights.tobytes()
        (folder / f"{name.lower()}.bin").write_bytes(data)


if __name__ == "__main__":
    main()
