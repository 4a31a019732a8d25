"""Every public header compiles alone: tlite.h as C and C++ of all ages, the others as C++20.

In tlite.h, -Wpadded finds holes in structures: a field that is added later would have to fit in
front of one, where an older program has garbage. Pointers of 4 bytes beside 8-byte numbers that are
aligned to 8 (ARM, WebAssembly, Windows) have holes where 64-bit processors and i386 have none.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only"]


# Compilers that lay structures out as 32-bit processors do, without a C library for them. GCC is
# asked for i386 with the others' alignment.
SMALL_LAYOUTS = (
    ("gcc", "-m32", "-malign-double"),
    ("clang", "--target=wasm32"),
    ("clang", "--target=armv7-none-eabi"),
    ("clang-14", "--target=wasm32"),
    ("clang-14", "--target=armv7-none-eabi"),
)


# Options for sources on standard input that need no C library.
FREESTANDING = ("-std=c99", "-ffreestanding", "-fsyntax-only", "-Werror", "-x", "c", "-")


def complaints(compiler: Sequence[str], source: str) -> str:
    """What a compiler has against a source; nothing where there is no such compiler."""
    if shutil.which(compiler[0]) is None:
        return ""
    result = subprocess.run(
        [*compiler, *FREESTANDING], input=source, check=False, capture_output=True, text=True
    )
    return "" if result.returncode == 0 else f"by {' '.join(compiler)}:\n{result.stderr}"


def knows(compiler: Sequence[str], bits: str) -> bool:
    """Whether it is there and lays out for pointers of that many bits, numbers aligned to 8."""
    probe = "#include <stddef.h>\n#include <stdint.h>\nstruct hole { void* p; int64_t n; };\n"
    probe += f"typedef char c[sizeof(struct hole) == 16 && sizeof(void*) * 8 == {bits} ? 1 : -1];\n"
    return shutil.which(compiler[0]) is not None and not complaints(compiler, probe)


def small_layouts(header: Path) -> tuple[list[str], int]:
    """Complaints about holes in 32-bit layouts, and how many layouts there were compilers for."""
    layouts = [layout for layout in SMALL_LAYOUTS if knows(layout, "32")]
    text = header.read_text(encoding="utf-8")
    names = re.findall(r"^typedef struct (\w+) \{", text, re.MULTILINE)
    # Clang looks at a structure only where its size matters.
    source = f'#include "{header}"\n' + "".join(
        f"typedef char size_of_{name}[sizeof({name})];\n" for name in names
    )
    problems = [complaints([*layout, "-Wpadded"], source) for layout in layouts]
    return problems, len(layouts)


def compile_alone(compiler: str, standard: str, header: str, include: Path, suffix: str) -> str:
    """The compiler's complaints about a file that includes the header twice, and nothing else."""
    padded = ["-Wpadded"] if header == "tlite.h" else []
    with tempfile.NamedTemporaryFile("w", suffix=suffix) as source:
        source.write(f"#include <{header}>\n#include <{header}>\nextern int unused;\n")
        source.flush()
        command = [compiler, f"-std={standard}", *STRICT, *padded, f"-I{include}", source.name]
        result = subprocess.run(command, check=False, capture_output=True, text=True)
    return "" if result.returncode == 0 else f"{header} as {standard}:\n{result.stderr}"


def main() -> int:
    """Compiles all of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--cxx", default="c++")
    arguments = parser.parse_args()
    capi = ROOT / "capi" / "include"
    problems = []
    for standard in ("c99", "c11", "c17", "c2x"):
        problems.append(compile_alone(arguments.cc, standard, "tlite.h", capi, ".c"))
    for standard in ("c++98", "c++11", "c++14", "c++17", "c++20"):
        problems.append(compile_alone(arguments.cxx, standard, "tlite.h", capi, ".cpp"))
    include = ROOT / "include"
    for path in sorted(include.rglob("*.hpp")):
        header = str(path.relative_to(include))
        problems.append(compile_alone(arguments.cxx, "c++20", header, include, ".cpp"))
    holes, checked = small_layouts(capi / "tlite.h")
    text = "\n".join(filter(None, problems + holes))
    print(text or f"{len(problems)} headers and standards, {checked} small layouts: clean")
    return 1 if text else 0


if __name__ == "__main__":
    sys.exit(main())
