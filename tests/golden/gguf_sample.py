"""A GGUF file written by the gguf package, and what is in it.

Usage: python tests/golden/gguf_sample.py
Needs gguf and numpy; writes tests/golden/data/sample.gguf and sample_gguf.json, which are
committed.
"""

import json
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf import GGUFReader, GGUFValueType, GGUFWriter
from gguf.quants import dequantize, quantize

DATA = Path(__file__).parent / "data"
# Those that the package can write itself.
TYPES = [Type.F32, Type.F16, Type.BF16, Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q5_1]


def write_metadata(writer: GGUFWriter) -> None:
    """One entry of each type."""
    writer.add_uint8("test.uint8", 200)
    writer.add_int8("test.int8", -100)
    writer.add_uint16("test.uint16", 60000)
    writer.add_int16("test.int16", -30000)
    writer.add_uint32("test.uint32", 4000000000)
    writer.add_int32("test.int32", -2000000000)
    writer.add_uint64("test.uint64", 1 << 62)
    writer.add_int64("test.int64", -(1 << 62))
    writer.add_float32("test.float32", 0.15625)
    writer.add_float64("test.float64", -1e300)
    writer.add_bool("test.bool", True)
    writer.add_string("test.string", "Съешь ещё этих мягких булок")
    writer.add_array("test.strings", ["ĠÐŁ", "", "<|im_end|>"])
    writer.add_array("test.integers", [1, 3, -5])
    writer.add_key_value("test.bytes", [1, 2, 255], GGUFValueType.ARRAY, GGUFValueType.UINT8)


def main() -> None:
    """Writes both files."""
    rng = np.random.default_rng(1)
    path = DATA / "sample.gguf"
    writer = GGUFWriter(path, "qwen2")
    write_metadata(writer)
    for kind in TYPES:
        values = rng.standard_normal((3, 64)).astype(np.float32)
        writer.add_tensor(kind.name, quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    tensors = []
    for tensor in GGUFReader(path).tensors:
        values = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
        tensors.append(
            {
                "name": tensor.name,
                "shape": [int(size) for size in reversed(tensor.shape)],
                "bits": [int(bits) for bits in values.reshape(-1).view(np.uint32)[::17]],
            }
        )
    (DATA / "sample_gguf.json").write_text(json.dumps({"tensors": tensors}) + "\n")


if __name__ == "__main__":
    main()
