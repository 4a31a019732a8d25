"""Compares the ABI that tlite.h describes with the snapshot in the tree, by abidiff.

The header is compiled as C into a library of empty functions, so that the snapshot holds what a
caller sees and nothing of the implementation. The description beside it, made by
capi/describe_abi.py, has the constants as well, of which debug information tells nothing.
--update writes both anew, where all that is in tests/capi/frozen is still as it was: an addition
needs a new minor number in the header.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from check_frozen import all_problems, load

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOT = ROOT / "capi" / "abi" / "tlite_c.abi"
DESCRIBE = ROOT / "capi" / "describe_abi.py"
DESCRIPTION = ("tlite_c.json", "tlite_c.cdef.h", "older_sizes.hpp", "tlite_c.map")
FUNCTION = re.compile(r"TLITE_C_API\s+([^;{}]*?)\s*TLITE_NOEXCEPT\s*;")
INCOMPATIBLE = 8  # a bit of abidiff's exit status


def functions(header: str) -> list[str]:
    """The declarations of all exported functions."""
    return [" ".join(match.split()) for match in FUNCTION.findall(header)]


def describe(header: Path, folder: Path) -> None:
    """Writes the description of the header's ABI, which the installation has too."""
    command = [sys.executable, str(DESCRIBE), "--header", str(header), "--out", str(folder)]
    subprocess.run(command, check=True)


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
    describe(header, folder)
    script = folder / "tlite_c.map"
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


def difference(library: Path, folder: Path) -> str:
    """What differs from the snapshot and the description in the tree."""
    problems = list(all_problems(load(folder / "tlite_c.json")))
    result = subprocess.run(
        ["abidiff", str(SNAPSHOT), str(library)], check=False, capture_output=True, text=True
    )
    if result.returncode != 0:
        breaks = result.returncode > 0 and result.returncode & INCOMPATIBLE
        kind = "an incompatible change" if breaks else "a change"
        problems.append(result.stdout + result.stderr)
        problems.append(f"abidiff finds {kind} (exit status {result.returncode}); see --help")
    for name in DESCRIPTION:
        if (folder / name).read_bytes() != (SNAPSHOT.parent / name).read_bytes():
            problems.append(f"{name} is not what the header has: see --help")
    return "\n".join(problems)


def main() -> int:
    """Compares, or updates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--header", type=Path, default=ROOT / "capi" / "include" / "tlite.h")
    parser.add_argument("--update", action="store_true")
    parser.add_argument("--compiler", default=os.environ.get("CC", "gcc"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        library = build_stub(arguments.header, folder, arguments.compiler)
        broken = list(all_problems(load(folder / "tlite_c.json")))
        if arguments.update and broken:
            print("\n".join([*broken, "nothing is written"]))
            return 1
        if arguments.update:
            SNAPSHOT.parent.mkdir(exist_ok=True)
            SNAPSHOT.write_text(snapshot_of(library), encoding="utf-8")
            describe(arguments.header, SNAPSHOT.parent)
            return 0
        problems = difference(library, folder)
    print(problems or "as in the snapshot")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
