"""Reads what `tlite logits` writes, with Python's standard library alone."""

from __future__ import annotations

import array
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def read_npy(path: Path) -> tuple[tuple[int, int], array.array[float]]:
    """Shape and values of a 2-d f32 .npy file."""
    data = path.read_bytes()
    assert data[:8] == b"\x93NUMPY\x01\x00"
    (size,) = struct.unpack("<H", data[8:10])
    assert (10 + size) % 64 == 0
    header = data[10 : 10 + size].decode()
    assert "'descr': '<f4'" in header
    assert "'fortran_order': False" in header
    shape = header.split("(")[1].split(")")[0].split(",")
    values = array.array("f")
    values.frombytes(data[10 + size :])
    return (int(shape[0]), int(shape[1])), values
