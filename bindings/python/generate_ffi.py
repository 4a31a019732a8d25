"""Writes src/tlite/_ffi.py, the ctypes layer, from the description of the C ABI.

    python3 bindings/python/generate_ffi.py           after capi/describe_abi.py
    python3 bindings/python/generate_ffi.py --check   exit status 1 where the file is out of date

Names are those of tlite.h. What ctypes gets of each type:

- an object, and a pointer to numbers that a function takes, is an address (c_void_p), so that
  buffers are passed without a cast; so is `data` of a tlite_text, which does not end at a NUL;
- a text that a function takes is `bytes`; one that it returns with a size is an address;
- numbers that are returned or stand in structures are typed pointers, which slice into lists.

Functions are a table in words, read when one is first used: of some 200 a program calls a few.
"""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ABI = HERE.parent.parent / "capi" / "abi" / "tlite_c.json"
TARGET = HERE / "src" / "tlite" / "_ffi.py"

SCALARS = {
    "int32_t": "c_int32",
    "uint32_t": "c_uint32",
    "int64_t": "c_int64",
    "uint64_t": "c_uint64",
    "size_t": "c_size_t",
    "float": "c_float",
    "double": "c_double",
}
FLOATING = ("float", "double")

HEAD = '''"""The C ABI for ctypes, made by generate_ffi.py from tlite_c.json: do not edit."""

from __future__ import annotations

from ctypes import (
    CDLL,
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,  # noqa: F401 - of the table of functions
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)

TYPE_CHECKING = False  # typing is slow to import, and only a checker reads this
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any
'''

LIBRARY = '''
class Library:
    """The functions of a library."""

    def __init__(self, library: CDLL) -> None:
        """Looks all of them up; AttributeError for one that is missing."""
        self._library = library
        self._signatures: dict[str, list[str]] = {}
        for entry in _FUNCTIONS.split(";"):
            name, *types = entry.split()
            getattr(library, name)
            self._signatures[name] = types

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Callable[..., Any]:
            """The first use of a function: from then on it is an attribute."""
            if name not in self.__dict__.get("_signatures", ()):
                raise AttributeError(f"tlite.h has no function {name}")
            function = getattr(self._library, name)
            result, *parameters = map(_type, self._signatures[name])
            function.restype, function.argtypes = result, parameters
            self.__dict__[name] = function
            return function
'''

TYPE = '''

def _type(name: str) -> type[Any] | None:
    """What a name of the table means; each * is a pointer to the rest."""
    if name == "None":
        return None
    return POINTER(_type(name[1:])) if name[0] == "*" else globals()[name]
'''

Description = dict[str, Any]


class Types:
    """ctypes' names of the ABI's types."""

    def __init__(self, about: Description) -> None:
        self.about = about

    def scalar(self, kind: str) -> str | None:
        """Of a number or a constant; None for what is neither."""
        return "c_int32" if kind in self.about["enums"] else SCALARS.get(kind)

    def target(self, kind: str) -> tuple[str, int]:
        """What a pointer points at, through how many pointers."""
        bare = kind.removeprefix("const ").rstrip("*")
        return bare, len(kind) - len(kind.rstrip("*"))

    def field(self, kind: str) -> str:
        """Of a member of a structure."""
        bare, depth = self.target(kind)
        if depth == 0:
            return self.scalar(kind) or kind
        if bare in self.about["structs"] or self.scalar(bare):
            return f"POINTER({self.scalar(bare) or bare})"
        return "c_void_p"

    def parameter(self, kind: str) -> str:
        """Of what a function takes."""
        bare, depth = self.target(kind)
        if depth == 0:
            return self.scalar(kind) or kind
        if bare == "char":
            return "c_char_p"
        if bare in self.about["structs"]:
            return "POINTER(" * depth + bare + ")" * depth
        if depth == 2:
            return "POINTER(c_void_p)"
        scalar = self.scalar(bare)
        return f"POINTER({scalar})" if scalar and not kind.startswith("const") else "c_void_p"

    def result(self, signature: Description) -> str:
        """Of what a function returns."""
        kind = signature["returns"]
        if kind == "void":
            return "None"
        if kind == "const char*":
            sized = any(parameter["type"] == "size_t*" for parameter in signature["parameters"])
            return "c_void_p" if sized else "c_char_p"
        return self.field(kind)

    def callback(self, signature: Description) -> list[str]:
        """Of a callback: pointers come as addresses, those to fill in as typed ones."""
        filled = {"const void**": "POINTER(c_void_p)", "void**": "POINTER(c_void_p)"}
        parts = ["None" if signature["returns"] == "void" else self.field(signature["returns"])]
        for parameter in signature["parameters"]:
            kind = parameter["type"]
            sizes = "POINTER(c_size_t)" if kind == "size_t*" else "c_void_p"
            parts.append(self.scalar(kind) or filled.get(kind) or sizes)
        return parts

    def annotation(self, kind: str) -> str:
        """For a reader of the member."""
        if kind in FLOATING:
            return "float"
        if kind in self.about["structs"]:
            return kind
        return "int" if self.scalar(kind) else "Any"


def constants_of(about: Description) -> list[str]:
    """Constants, and each set of them by short names: TLITE_DATA_TYPE_Q8_0 is "q8_0"."""
    lines = [f"{name} = {value}" for name, value in about["constants"].items()]
    lines += ["", "ENUMS: dict[str, dict[str, int]] = {"]
    for name, values in about["enums"].items():
        prefix = name.upper() + "_" if name != "tlite_status" else "TLITE_ERROR_"
        prefix = prefix.replace("TLITE_FINISH_REASON_", "TLITE_FINISH_")
        prefix = prefix.replace("TLITE_OVERFLOW_POLICY_", "TLITE_OVERFLOW_")
        prefix = prefix.replace("TLITE_LOG_LEVEL_", "TLITE_LOG_")
        lines.append(f'    "{name}": {{')
        for key, value in values.items():
            short = key.removeprefix(prefix).removeprefix("TLITE_").lower()
            lines.append(f'        "{short}": {value},')
        lines.append("    },")
    return [*lines, "}"]


def struct_of(types: Types, name: str, struct: Description) -> list[str]:
    """A structure: what a reader of a member gets, then its members."""
    lines = ["", "", f"class {name}(Structure):", f'    """{struct["size"]["64"]} bytes."""', ""]
    fields = struct["fields"]
    for field in fields:
        kind = "Any" if "count" in field else types.annotation(field["type"])
        lines.append(f"    {field['name']}: {kind}")
    lines += ["", "    _fields_ = ("]
    for field in fields:
        kind = types.field(field["type"])
        times = f" * {field['count']}" if "count" in field else ""
        lines.append(f'        ("{field["name"]}", {kind}{times}),')
    return [*lines, "    )"]


def call_of(indent: int, head: str, parts: list[str]) -> list[str]:
    """A call in as few lines as its length allows, as ruff formats it."""
    space = " " * indent
    if len(line := f"{space}{head}({', '.join(parts)})") <= 100:
        return [line]
    if len(inner := f"{space}    {', '.join(parts)}") <= 100:
        return [f"{space}{head}(", inner, f"{space})"]
    return [f"{space}{head}(", *(f"{space}    {part}," for part in parts), f"{space})"]


def library_of(types: Types, functions: Description) -> list[str]:
    """All functions, and an object that holds the library."""
    entries = []
    for name, signature in functions.items():
        kinds = [types.result(signature)]
        kinds += [types.parameter(parameter["type"]) for parameter in signature["parameters"]]
        words = " ".join([name, *(kind.replace("POINTER(", "*").rstrip(")") for kind in kinds)])
        entries.append(textwrap.fill(words, 98, subsequent_indent="    "))
    table = ["", "", "# Name, result, parameters.", '_FUNCTIONS = """', ";\n".join(entries), '"""']
    lines = [*table, TYPE, LIBRARY, "    else:"]
    return [*lines, *(f"        {name}: Callable[..., Any]" for name in functions)]


def ffi_of(about: Description) -> str:
    """The module's text."""
    types = Types(about)
    lines = [HEAD, *constants_of(about), ""]
    for name, signature in about["callbacks"].items():
        lines += call_of(0, f"{name} = CFUNCTYPE", types.callback(signature))
    for name, struct in about["structs"].items():
        lines += struct_of(types, name, struct)
    return "\n".join([*lines, *library_of(types, about["functions"])]) + "\n"


def main() -> int:
    """Writes or compares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = ffi_of(json.loads(ABI.read_text(encoding="utf-8")))
    if not arguments.check:
        TARGET.write_text(text, encoding="utf-8")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        print(f"{TARGET.name} is not what generate_ffi.py writes: run it", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
