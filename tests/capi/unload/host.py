"""A host in Python, through ctypes: host.py LIBRARY MODEL freed|leaked."""

from __future__ import annotations

import _ctypes
import ctypes
import sys


def use_library(path: str, model_path: bytes, leak: bool) -> None:
    """Loads it, answers a little, and unloads it, whether all is freed or not."""
    library = ctypes.CDLL(path)
    model, session, stream, piece = (ctypes.c_void_p() for _ in range(4))
    size = ctypes.c_size_t
    for status in (
        library.tlite_model_load(
            None, model_path, size(len(model_path)), None, ctypes.byref(model), None
        ),
        library.tlite_session_create(model, None, ctypes.byref(session), None),
        library.tlite_session_stream_complete(
            session, b"Hello", size(5), ctypes.byref(stream), None
        ),
        *(library.tlite_stream_next(stream, ctypes.byref(piece), None) for _ in range(5)),
    ):
        assert status == 0, status
    if not leak:
        library.tlite_model_free(model)
        library.tlite_stream_free(stream)
        library.tlite_session_free(session)
    _ctypes.dlclose(library._handle)


def main() -> None:
    """The two ways."""
    path, model, way = sys.argv[1:]
    for _ in range(5):
        use_library(path, model.encode(), way == "leaked")


main()
