"""Rows of many kinds and what the gguf package's reference encoders make of them.

Writes tests/golden/data/quantized/values.bin (f32) and <type>.bin (blocks), which are committed.
Needs PyPI gguf and numpy: python tests/golden/quantized.py
"""

from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType
from gguf.quants import quantize

TYPES = ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"]
COLUMNS = 64


def rows() -> np.ndarray:
    """The rows, one kind each."""
    rng = np.random.default_rng(3)
    normal = rng.standard_normal((12, COLUMNS))
    normal[1] *= 0.02
    normal[2] = 0.02 * rng.standard_t(3, COLUMNS)
    normal[3, ::17] *= 30
    normal[4] = 0.0
    normal[5] = 0.75
    normal[6] = -np.abs(normal[6])
    normal[7] = 3 + np.abs(normal[7])
    normal[8] *= 1e-6
    normal[9] *= 3000
    # Halves between codes, and extremes of both signs with the same magnitude.
    normal[10] = (np.arange(COLUMNS) % 33 - 16) * 0.5
    normal[11] = -((np.arange(COLUMNS) % 17) - 8) * 0.25
    return normal.astype(np.float32)


def main() -> None:
    """Writes the files."""
    folder = Path(__file__).parent / "data" / "quantized"
    folder.mkdir(parents=True, exist_ok=True)
    values = rows()
    (folder / "values.bin").write_bytes(values.tobytes())
    for name in TYPES:
        blocks = quantize(values, GGMLQuantizationType[name])
        (folder / f"{name.lower()}.bin").write_bytes(blocks.tobytes())


if __name__ == "__main__":
    main()
