"""Describes the ABI of tlite.h for bindings that are not compiled against it.

tlite_c.json has the constants, types, structures with sizes and offsets for pointers of 32 and of
64 bits, callbacks and functions. tlite_c.cdef.h has the declarations without preprocessor, comments
and attributes, as LuaJIT's ffi.cdef, cffi and pycparser take them. Both lie in capi/abi and are
installed; tests/capi/check_abi.py --update renews them and checks them against a compiler.

Two more are for the library's own build, and remember what came when: older_sizes.hpp, the sizes
that structures had, and tlite_c.map, the version that each symbol carries.

The header is read by its own regular style, not as C in general; what does not fit is an error.
Structures have no padding, so that offsets follow from the sizes of pointers alone.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
JSON_NAME = "tlite_c.json"
CDEF_NAME = "tlite_c.cdef.h"
SIZES_NAME = "older_sizes.hpp"
MAP_NAME = "tlite_c.map"
BITS = ("32", "64")  # of a pointer
SCALARS = {"int32_t": 4, "uint32_t": 4, "float": 4, "int64_t": 8, "uint64_t": 8, "double": 8}

CPLUSPLUS = r"^#if defined\(__cplusplus\)\n(?:[^#].*\n)*#endif$"

Description = dict[str, Any]


def declarations_of(header: str) -> list[str]:
    """The statements of the header, each on one line without its semicolon."""
    text = re.sub(r"/\*.*?\*/", " ", header, flags=re.DOTALL)
    text = re.sub(CPLUSPLUS, "", text, flags=re.MULTILINE)
    text = re.sub(r"^#.*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\bTLITE_(C_API|NOEXCEPT)\b", " ", text)
    statements: list[str] = []
    depth = start = 0
    for i, character in enumerate(text):
        depth += (character == "{") - (character == "}")
        if character == ";" and depth == 0:
            statement = " ".join(text[start:i].split())
            statements.append(re.sub(r"\( | (?=[,)])", lambda match: match[0].strip(), statement))
            start = i + 1
    if depth != 0 or text[start:].strip():
        raise ValueError(f"left over: {text[start:].strip()[:100]!r}")
    return statements


def parameter_of(text: str) -> dict[str, Any]:
    """Name and type of a field or parameter."""
    match = re.fullmatch(r"(.*?[\s*])(\w+)(?:\[(\d+)\])?", text.strip())
    if match is None:
        raise ValueError(f"neither a field nor a parameter: {text!r}")
    result: dict[str, Any] = {"name": match[2], "type": match[1].strip()}
    if match[3]:
        result["count"] = int(match[3])
    return result


def signature_of(returns: str, parameters: str) -> dict[str, Any]:
    """What a function or callback takes and gives."""
    given = [] if parameters.strip() == "void" else parameters.split(",")
    return {"returns": returns.strip(), "parameters": [parameter_of(text) for text in given]}


def size_and_alignment(kind: str, bits: str, about: Description) -> tuple[int, int]:
    """Of a type, for pointers of that many bits."""
    if kind.endswith("*") or kind in about["callbacks"] or kind == "size_t":
        size = int(bits) // 8
    elif kind in SCALARS or kind in about["enums"]:
        size = SCALARS.get(kind, 4)
    else:
        fields = about["structs"][kind]["fields"]
        alignments = (size_and_alignment(field["type"], bits, about)[1] for field in fields)
        return about["structs"][kind]["size"][bits], max(alignments)
    return size, size


def lay_out(name: str, fields: list[dict[str, Any]], bits: str, about: Description) -> int:
    """Gives each field its offset, and returns the size; an error where there would be padding."""
    end, largest = 0, 1
    for field in fields:
        size, alignment = size_and_alignment(field["type"], bits, about)
        if end % alignment:
            raise ValueError(f"{name} has a hole before {field['name']}, by {bits}-bit pointers")
        field.setdefault("offset", {})[bits] = end
        end += size * field.get("count", 1)
        largest = max(largest, alignment)
    if end % largest:
        raise ValueError(f"{name} has a hole at its end, by {bits}-bit pointers")
    return end


def add_struct(about: Description, name: str, body: str) -> None:
    """Adds a structure with its layouts."""
    fields = [parameter_of(text) for text in body.split(";") if text.strip()]
    size = {bits: lay_out(name, fields, bits, about) for bits in BITS}
    about["structs"][name] = {"size": size, "older_sizes": [], "fields": fields}


def add(about: Description, statement: str) -> None:
    """Adds what one statement declares."""
    if match := re.fullmatch(r"typedef int32_t (\w+)", statement):
        about["enums"][match[1]] = {}
    elif match := re.fullmatch(r"enum (\w+ )?\{(.*)\}", statement):
        values = {key: int(value) for key, value in re.findall(r"(\w+) = (-?\d+)", match[2])}
        about["constants"].update(values)
        if match[1]:
            about["enums"][match[1].strip().removesuffix("_values")] = values
    elif match := re.fullmatch(r"typedef struct (\w+) \{(.*)\} \1", statement):
        add_struct(about, match[1], match[2])
    elif match := re.fullmatch(r"typedef struct (\w+) \1", statement):
        about["objects"].append(match[1])
    elif match := re.fullmatch(r"typedef (.+?)\(\*(\w+)\)\((.*)\)", statement):
        about["callbacks"][match[2]] = signature_of(match[1], match[3])
    elif match := re.fullmatch(r"(.+?[\s*])(tlite_\w+)\((.*)\)", statement):
        about["functions"][match[2]] = signature_of(match[1], match[3])
    else:
        raise ValueError(f"not understood: {statement!r}")


def remember_older_sizes(about: Description, previous: Description) -> None:
    """Sizes that programs of this major number may have."""
    if previous.get("abi", {}).get("major") != about["abi"]["major"]:
        return
    for name, struct in about["structs"].items():
        before = previous["structs"].get(name)
        if before is None or struct["fields"][0]["name"] != "struct_size":
            continue
        struct["older_sizes"] = list(before["older_sizes"])
        if before["size"] != struct["size"]:
            struct["older_sizes"].append(before["size"])


def remember_versions(about: Description, previous: Description) -> None:
    """The minor number that a function came with, where it is not 0."""
    if previous.get("abi", {}).get("major") != about["abi"]["major"]:
        return
    for name, function in about["functions"].items():
        before = previous["functions"].get(name, {"since": about["abi"]["minor"]})
        if before.get("since", 0) > 0:
            function["since"] = before["since"]


def describe(header: str, previous: Description) -> Description:
    """All that a binding needs to know."""
    about: Description = {"abi": {}, "library": "tlite_c", "constants": {}}
    about["size_constants"] = {"TLITE_NUL": -1}  # as a size_t, which an enum cannot hold
    about |= {"enums": {}, "objects": [], "callbacks": {}, "structs": {}, "functions": {}}
    for statement in declarations_of(header):
        add(about, statement)
    constants = about["constants"]
    about["abi"] = {"major": constants["TLITE_ABI_MAJOR"], "minor": constants["TLITE_ABI_MINOR"]}
    remember_older_sizes(about, previous)
    remember_versions(about, previous)
    return about


def to_json(about: Description) -> str:
    """The description with one line for each thing that it describes, so that changes are seen."""
    sections = []
    for key, section in about.items():
        if not isinstance(section, dict) or key == "abi":
            sections.append(f"{json.dumps(key)}: {json.dumps(section)}")
            continue
        lines = [f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in section.items()]
        sections.append(f"{json.dumps(key)}: {{\n" + ",\n".join(lines) + "\n }")
    return "{\n " + ",\n ".join(sections) + "\n}\n"


def cdef(header: str, about: Description) -> str:
    """The declarations for parsers without a preprocessor."""
    abi = about["abi"]
    lines = [
        f"/* libtlite for C, ABI {abi['major']}.{abi['minor']}: the declarations of tlite.h, for",
        " * parsers without a preprocessor. Made by capi/describe_abi.py. */",
    ]
    lines += [f"{statement};" for statement in declarations_of(header)]
    return "\n".join(lines) + "\n"


def older_sizes(about: Description) -> str:
    """A header for capi/src/structs.hpp."""
    lines = [
        "// Made by capi/describe_abi.py: the sizes that structures of tlite.h had before today's,",
        "// under this major number, which structs.hpp takes for older programs'.",
        "#pragma once",
        "",
        "#include <cstddef>",
        "#include <initializer_list>",
        "",
        "#include <tlite.h>",
        "",
        "namespace tlite::capi {",
        "",
        "template <class T>",
        "inline constexpr std::initializer_list<std::size_t> kOlderSizes = {};",
    ]
    for name, struct in about["structs"].items():
        sizes = [
            f"sizeof(void*) == 8 ? {size['64']}U : {size['32']}U" for size in struct["older_sizes"]
        ]
        if sizes:
            lines += ["template <>", "inline constexpr std::initializer_list<std::size_t>"]
            lines.append(f"    kOlderSizes<{name}> = {{{', '.join(sizes)}}};")
    return "\n".join([*lines, "", "}  // namespace tlite::capi", ""])


def symbol_map(about: Description) -> str:
    """The linker's version script: a node a minor number that functions came with.

    The loader compares the names of nodes and not of files: releases of two major numbers live in
    one process, and a program that needs a later minor number than there is does not start.
    """
    since: dict[int, list[str]] = {}
    for name, function in about["functions"].items():
        since.setdefault(function.get("since", 0), []).append(name)
    lines = ["/* Made by capi/describe_abi.py. */"]
    before = ""
    for minor, names in sorted(since.items()):
        node = f"TLITE_{about['abi']['major']}.{minor}"
        lines += [f"{node} {{", "  global:", *(f"    {name};" for name in names)]
        lines += ["  local: *;"] if not before else []
        lines.append(f"}}{before};")
        before = f" {node}"
    return "\n".join(lines) + "\n"


def main() -> int:
    """Writes the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--header", type=Path, default=HERE / "include" / "tlite.h")
    parser.add_argument("--previous", type=Path, default=HERE / "abi" / JSON_NAME)
    parser.add_argument("--out", type=Path, default=HERE / "abi")
    arguments = parser.parse_args()
    header = arguments.header.read_text(encoding="utf-8")
    previous: Description = {}
    if arguments.previous.exists():
        previous = json.loads(arguments.previous.read_text(encoding="utf-8"))
    about = describe(header, previous)
    (arguments.out / JSON_NAME).write_text(to_json(about), encoding="utf-8")
    (arguments.out / CDEF_NAME).write_text(cdef(header, about), encoding="utf-8")
    (arguments.out / SIZES_NAME).write_text(older_sizes(about), encoding="utf-8")
    (arguments.out / MAP_NAME).write_text(symbol_map(about), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
