"""The generated layer against the header that it is made from, and how the library is found."""

from __future__ import annotations

import ast
import ctypes
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import tlite
from conftest import PACKAGE, ROOT
from tlite import _ffi

CAPI = ROOT / "capi"


def script(path: Path) -> ModuleType:
    """A script of the tree as a module."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_layer_is_what_the_header_says() -> None:
    """A header that changed and a layer that was not written anew do not pass."""
    describe, generate = script(CAPI / "describe_abi.py"), script(PACKAGE / "generate_ffi.py")
    header = (CAPI / "include" / "tlite.h").read_text(encoding="utf-8")
    about = json.loads(describe.to_json(describe.describe(header, {})))
    text = (PACKAGE / "src" / "tlite" / "_ffi.py").read_text(encoding="utf-8")
    assert generate.ffi_of(about) == text, "run bindings/python/generate_ffi.py"
    about = json.loads(describe.to_json(describe.describe(header.replace("_free(", "_drop("), {})))
    assert generate.ffi_of(about) != text


def test_sizes_and_offsets_are_those_of_the_description() -> None:
    """ctypes lays structures out as the compiler did."""
    about = json.loads((CAPI / "abi" / "tlite_c.json").read_text(encoding="utf-8"))
    assert len(about["structs"]) > 20
    for name, struct in about["structs"].items():
        kind = getattr(_ffi, name)
        assert ctypes.sizeof(kind) == struct["size"]["64"], name
        for field in struct["fields"]:
            assert getattr(kind, field["name"]).offset == field["offset"]["64"], (name, field)


def test_every_function_is_there() -> None:
    """None is looked up late."""
    from tlite._library import lib

    about = json.loads((CAPI / "abi" / "tlite_c.json").read_text(encoding="utf-8"))
    for name, signature in about["functions"].items():
        assert len(getattr(lib, name).argtypes) == len(signature["parameters"]), name


@pytest.mark.parametrize(
    ("library", "message"),
    [("/no/such/library.so", "cannot load /no/such/library.so"), ("libm.so.6", "is no libtlite_c")],
)
def test_a_wrong_library_is_an_import_error(library: str, message: str) -> None:
    """TLITE_LIBRARY names something else."""
    run = subprocess.run(
        [sys.executable, "-c", "import tlite"],
        env={**os.environ, "TLITE_LIBRARY": library},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1].startswith("ImportError: tlite: ")
    assert message in run.stderr


def test_a_library_of_another_abi_is_an_import_error(tmp_path: Path) -> None:
    """The message names both numbers; nothing else was looked up."""
    source = tmp_path / "other.c"
    source.write_text(
        "static int error;\n"
        "int tlite_check_abi(unsigned wanted, void** out) { *out = &error; return -5; }\n"
        'const char* tlite_error_message(void* e, void* s) { return "ABI 7.9, not 0.4"; }\n'
    )
    library = tmp_path / "other.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    run = subprocess.run(
        [sys.executable, "-c", "import tlite"],
        env={**os.environ, "TLITE_LIBRARY": str(library)},
        capture_output=True,
        text=True,
    )
    assert run.stderr.splitlines()[-1] == f"ImportError: tlite: {library}: ABI 7.9, not 0.4"


def printed(code: str) -> str:
    """By another interpreter, without what a site has it load."""
    command = [sys.executable, "-S", "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_import_needs_neither_numpy_nor_asyncio() -> None:
    """They are loaded with the first use, and so is what is slow of the standard library."""
    slow = "{'numpy', 'asyncio', 'tqdm', 'logging'}"
    assert printed(f"import sys, tlite; print(sorted({slow} & set(sys.modules)))") == "[]\n"
    assert (
        printed(f"import sys; from tlite import *; print({slow} & set(sys.modules))") == "set()\n"
    )
    slow = "{'typing', 'dataclasses', 'inspect', 'json'}"
    assert printed(f"import sys, tlite; print(sorted({slow} & set(sys.modules)))") == "[]\n"


def test_names_are_there_at_their_first_use() -> None:
    """Of the package, and its modules; what a checker reads says the same."""
    source = (PACKAGE / "src" / "tlite" / "__init__.py").read_text(encoding="utf-8")
    checked = {
        alias.name: node.module
        for block in ast.parse(source).body
        if isinstance(block, ast.If)
        for node in ast.walk(block)
        if isinstance(node, ast.ImportFrom) and node.level
        for alias in node.names
    }
    assert checked == {name: module for module, names in tlite._NAMES.items() for name in names}
    assert set(checked) <= set(tlite.__all__) <= set(dir(tlite))
    assert all(getattr(tlite, name) is not None for name in tlite.__all__)
    assert printed(
        "import tlite; print(tlite.sampling.SamplingParams is tlite.SamplingParams)"
    ) == ("True\n")
    assert printed("import tlite; print(hasattr(tlite, 'Modell'), 'Model' in dir(tlite))") == (
        "False True\n"
    )
    with pytest.raises(AttributeError, match="module 'tlite' has no attribute 'Modell'"):
        tlite.Modell  # type: ignore[attr-defined]  # noqa: B018
