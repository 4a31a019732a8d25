"""The description of the ABI (capi/abi/tlite_c.json, tlite_c.cdef.h) is true.

A compiler holds it against the header, for pointers of 64 and, where it can, of 32 bits; so do the
library's own table of older sizes of structures, and, by ctypes and LuaJIT, the library itself.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from check_headers import SMALL_LAYOUTS, complaints, knows

ROOT = Path(__file__).resolve().parents[2]
ABI = ROOT / "capi" / "abi"
HEADER = ROOT / "capi" / "include" / "tlite.h"

Description = dict[str, Any]


def claims(about: Description, bits: str) -> Iterator[str]:
    """What the description says, as conditions in C."""
    yield f"sizeof(void*) * 8 == {bits}"
    for name, value in about["constants"].items():
        yield f"{name} == {value}"
    for name in about["enums"]:
        yield f"sizeof({name}) == 4 && ({name})-1 < 0"
    for name, struct in about["structs"].items():
        yield f"sizeof({name}) == {struct['size'][bits]}"
        for field in struct["fields"]:
            yield f"offsetof({name}, {field['name']}) == {field['offset'][bits]}"


def pointer_to(signature: Description, name: str) -> str:
    """The declaration of a pointer to a function of that signature."""
    parameters = ", ".join(parameter["type"] for parameter in signature["parameters"])
    return f"{signature['returns']} (*{name})({parameters or 'void'})"


def claims_in_c(about: Description, bits: str, declarations: Path) -> str:
    """A program that compiles where the description fits the declarations."""
    lines = ["#include <stddef.h>", "#include <stdint.h>", f'#include "{declarations}"']
    for i, condition in enumerate(claims(about, bits)):
        lines.append(f"typedef char claim_{i}[({condition}) ? 1 : -1];")
    for kind in ("functions", "callbacks"):
        for name, signature in about[kind].items():
            value = name if kind == "functions" else f"({name})0"
            lines.append(f"{pointer_to(signature, 'check_' + name)} = {value};")
    return "\n".join(lines) + "\n"


def compile_problems(about: Description, compiler: str) -> Iterator[str]:
    """Claims that a compiler does not find to be so."""
    for layout, bits in (((compiler,), "64"), *((layout, "32") for layout in SMALL_LAYOUTS)):
        if not knows(layout, bits):
            continue
        for declarations in (HEADER, ABI / "tlite_c.cdef.h"):
            found = complaints(layout, claims_in_c(about, bits, declarations))
            if found:
                yield f"{declarations.name} {found}"


def older_sizes_problems(
    about: Description, compiler: str, header: Path, made: Path
) -> Iterator[str]:
    """Structures whose older sizes the library would not take as the description has them."""
    lines = [
        '#include "structs.hpp"',
        "template <class T>",
        "constexpr bool are(std::initializer_list<std::size_t> sizes) {",
        "  const auto& listed = tlite::capi::kOlderSizes<T>;",
        "  return std::equal(listed.begin(), listed.end(), sizes.begin(), sizes.end());",
        "}",
    ]
    for name, struct in about["structs"].items():
        if f"{name}_init" in about["functions"]:
            sizes = ", ".join(str(size["64"]) for size in struct["older_sizes"])
            lines.append(f'static_assert(are<{name}>({{{sizes}}}), "kOlderSizes<{name}>");')
    include = [made, header.parent, ROOT / "capi" / "src", ROOT / "include"]
    result = subprocess.run(
        [compiler, "-std=c++20", "-fsyntax-only", *(f"-I{i}" for i in include), "-x", "c++", "-"],
        input="\n".join(lines),
        check=False,
        capture_output=True,
        text=True,
    )
    if result.returncode != 0:
        yield f"{made}/older_sizes.hpp has not the older sizes of {header}:\n{result.stderr}"


def later_version_selftest(compiler: str) -> Iterator[str]:
    """Of a later header: what is made of it is right, and sizes that were made before are not."""
    with tempfile.TemporaryDirectory() as temporary:
        before, after = Path(temporary) / "before", Path(temporary) / "after"
        text = HEADER.read_text(encoding="utf-8")
        skip = "  int32_t skip_special;"
        later = text.replace(skip, f"  int32_t newer[2];\n{skip}")
        later = re.sub(r"TLITE_ABI_MINOR = \d+", "TLITE_ABI_MINOR = 7", later)
        end = "\n#if defined(__cplusplus)\n}"
        later = later.replace(end, f"\nTLITE_C_API void tlite_newer(void) TLITE_NOEXCEPT;\n{end}")
        versions = (text, later)
        for folder, version in zip((before, after), versions, strict=True):
            folder.mkdir()
            (folder / "tlite.h").write_text(version, encoding="utf-8")
            describe = [sys.executable, str(ROOT / "capi" / "describe_abi.py")]
            describe += ["--header", str(folder / "tlite.h"), "--out", str(folder)]
            describe += ["--previous", str(before / "tlite_c.json")]
            subprocess.run(describe, check=True)
        about = json.loads((after / "tlite_c.json").read_text(encoding="utf-8"))
        yield from older_sizes_problems(about, compiler, after / "tlite.h", after)
        map_ = (after / "tlite_c.map").read_text(encoding="utf-8")
        if not re.search(
            r"\n    tlite_beams_get;\n[^}]*\}.*\nTLITE_1.7 \{\n  global:\n    tlite_newer;\n\} T",
            map_,
            re.S,
        ):
            yield f"tlite_newer is no symbol of version 1.7:\n{map_}"
        # The one before has the same headers but for the sizes.
        (before / "tlite.h").unlink()
        found = "".join(older_sizes_problems(about, compiler, after / "tlite.h", before))
        if "kOlderSizes<tlite_decode_options>" not in found or found.count("kOlderSizes<") != 1:
            yield f"a structure that grew in secret is not found: {found or 'nothing'}"


def library_problems(about: Description, library: Path) -> Iterator[str]:
    """Differences that a binding sees which knows the description and the library alone."""
    loaded = ctypes.CDLL(str(library))
    for name in about["functions"]:
        if not hasattr(loaded, name):
            yield f"{library.name} has no {name}"
    abi = about["abi"]
    version = 65536 * abi["major"] + abi["minor"]
    if loaded.tlite_check_abi(ctypes.c_uint32(version), None) != 0:
        yield f"{library.name} has not the ABI {abi}"
    for name, struct in about["structs"].items():
        if f"{name}_init" not in about["functions"]:
            continue
        size = struct["size"][str(8 * ctypes.sizeof(ctypes.c_void_p))]
        room = ctypes.create_string_buffer(size)
        status = getattr(loaded, f"{name}_init")(room, ctypes.c_size_t(size))
        if status != 0 or int.from_bytes(room.raw[:4], sys.byteorder) != size:
            yield f"{name}_init takes no structure of {size} bytes"


def name_problems(about: Description, library: Path) -> Iterator[str]:
    """Constants whose name is not the end of their own, and names of what is no constant."""
    loaded = ctypes.CDLL(str(library))
    for enum, members in about["enums"].items():
        name_of = getattr(loaded, f"{enum}_name")
        name_of.argtypes, name_of.restype = [ctypes.c_int32], ctypes.c_char_p
        unset = [] if enum == "tlite_status" else [-1]  # no errors: the set's one negative member
        expected = {value: member for member, value in members.items() if value not in unset}
        for value in range(min(expected) - 2, max(expected) + 3):
            name = name_of(value).decode()
            if value not in expected:
                if name != "unknown":
                    yield f"{enum}_name({value}) is {name!r}, and there is no such constant"
            elif not expected[value].endswith(f"_{name.upper()}"):
                yield f"{enum}_name({expected[value]}) is {name!r}"


def name_selftest(about: Description, library: Path) -> Iterator[str]:
    """A member that the library has no name for is found, and so is a name without a member."""
    for enum, members in about["enums"].items():
        last = max(members.values())
        fewer = {name: value for name, value in members.items() if value != last}
        for changed in (fewer, members | {"TLITE_NEWER": last + 1}):
            if not list(name_problems({"enums": {enum: changed}}, library)):
                yield f"another last member of {enum} is not noticed"


def luajit_problems(about: Description, library: Path) -> Iterator[str]:
    """What LuaJIT says to the declarations, where there is one."""
    luajit = shutil.which("luajit")
    if luajit is None:
        return
    program = (
        "local ffi = require 'ffi'; ffi.cdef(io.open(arg[1]):read('*a')); "
        "local tlite = ffi.load(arg[2]); "
        "io.write(ffi.string(tlite.tlite_status_name(tlite.TLITE_ERROR_IO)), ' ', "
        "ffi.sizeof('tlite_sampling_params'))"
    )
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(program)
        script.flush()
        command = [luajit, script.name, str(ABI / "tlite_c.cdef.h"), str(library)]
        result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.stdout != f"io {about['structs']['tlite_sampling_params']['size']['64']}":
        yield f"LuaJIT: {result.stdout}{result.stderr}"


def main() -> int:
    """Checks all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cxx", default="c++")
    parser.add_argument("--library", type=Path, help="libtlite_c.so; without, the files alone")
    arguments = parser.parse_args()
    about = json.loads((ABI / "tlite_c.json").read_text(encoding="utf-8"))
    problems = [
        *compile_problems(about, arguments.cc),
        *older_sizes_problems(about, arguments.cxx, HEADER, ABI),
        *later_version_selftest(arguments.cxx),
    ]
    if arguments.library:
        problems += library_problems(about, arguments.library)
        problems += name_problems(about, arguments.library)
        problems += name_selftest(about, arguments.library)
        problems += luajit_problems(about, arguments.library)
    print("\n".join(problems) if problems else "the description is true")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
