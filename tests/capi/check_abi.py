"""Compares the ABI that tlite.h describes with the snapshot in the tree, by abidiff.

The header is compiled as C into a library of empty functions, so that the snapshot holds what a
caller sees and nothing of the implementation. --update writes the snapshot anew: an incompatible
change also needs a new major number in TLITE_ABI_VERSION and the SONAME, an addition a new minor.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOT = ROOT / "capi" / "abi" / "tlite_c.abi"
SYMBOLS = ROOT / "capi" / "abi" / "tlite_c.symbols"
CONSTANTS = ROOT / "capi" / "abi" / "tlite_c.constants"
FUNCTION = re.compile(r"TLITE_C_API\s+([^;{}]*?)\s*TLITE_NOEXCEPT\s*;")
CONSTANT = re.compile(r"\b(TLITE_[A-Z0-9_]+) = (-?\d+)\b")  # debug information has no unused enum
INCOMPATIBLE = 8  # a bit of abidiff's exit status


def functions(header: str) -> list[str]:
    """The declarations of all exported functions."""
    return [" ".join(match.split()) for match in FUNCTION.findall(header)]


def name_of(declaration: str) -> str:
    """The name of a declared function."""
    match = re.search(r"(tlite_\w+)\(", declaration)
    if match is None:
        raise ValueError(f"no function in {declaration!r}")
    return match[1]


def build_stub(header: Path, folder: Path, compiler: str) -> Path:
    """A library of the header's functions without their bodies."""
    source = folder / "stub.c"
    library = folder / "libtlite_c.so"
    lines = ['#include "tlite.h"']
    for declaration in functions(header.read_text(encoding="utf-8")):
        body = "{}" if declaration.startswith("void ") else "{ return 0; }"
        lines.append(f"{declaration} {body}")
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "tlite.h").write_bytes(header.read_bytes())
    major = re.search(r"TLITE_ABI_MAJOR = (\d+)", header.read_text(encoding="utf-8"))
    if major is None:
        raise ValueError(f"{header} has no TLITE_ABI_MAJOR")
    script = folder / "tlite_c.map"
    node = (ROOT / "capi" / "tlite_c.map.in").read_text(encoding="utf-8")
    script.write_text(node.replace("@TLITE_ABI_MAJOR@", major[1]), encoding="utf-8")
    command = [compiler, "-std=c99", "-g", "-gdwarf-4", "-O0", "-fPIC", "-shared", "-nostdlib"]
    command += ["-w", f"-ffile-prefix-map={folder}=.", f"-Wl,--version-script={script}"]
    command += [f"-Wl,-soname,libtlite_c.so.{major[1]}", str(source), "-o", str(library)]
    subprocess.run(command, check=True)
    return library


def snapshot_of(library: Path) -> str:
    """The library's ABI as abidw writes it, without what depends on the machine."""
    command = ["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs"]
    command += ["--no-write-default-sizes", "--type-id-style", "hash", str(library)]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return re.sub(r" path='[^']*'", " path='tlite.h'", text)


def main() -> int:
    """Compares, or updates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--header", type=Path, default=ROOT / "capi" / "include" / "tlite.h")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--compiler", default=os.environ.get("CC", "gcc"))
    arguments = parser.parse_args()
    header = arguments.header.read_text(encoding="utf-8")
    lists = {
        SYMBOLS: "\n".join(sorted(map(name_of, functions(header)))) + "\n",
        CONSTANTS: "".join(f"{name} {value}\n" for name, value in CONSTANT.findall(header)),
    }
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        library = build_stub(arguments.header, folder, arguments.compiler)
        if arguments.update:
            SNAPSHOT.parent.mkdir(exist_ok=True)
            SNAPSHOT.write_text(snapshot_of(library), encoding="utf-8")
            for path, content in lists.items():
                path.write_text(content, encoding="utf-8")
            return 0
        result = subprocess.run(
            ["abidiff", str(SNAPSHOT), str(library)], check=False, capture_output=True, text=True
        )
    for path, content in lists.items():
        if content != path.read_text(encoding="utf-8"):
            print(f"{path.name} is not what the header has: see --help")
            return 1
    if result.returncode == 0:
        print("as in the snapshot")
        return 0
    print(result.stdout + result.stderr)
    breaks = result.returncode > 0 and result.returncode & INCOMPATIBLE
    kind = "an incompatible change" if breaks else "a change"
    print(f"abidiff finds {kind} (exit status {result.returncode}); see --help")
    return 1


if __name__ == "__main__":
    sys.exit(main())
