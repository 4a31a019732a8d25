"""Every public header compiles alone: tlite.h as C and C++ of all ages, the others as C++20.

In tlite.h, -Wpadded finds holes in structures: a field that is added later would have to fit in
front of one, where an older program has garbage.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STRICT = ["-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsyntax-only"]


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
    text = "\n".join(filter(None, problems))
    print(text or f"{len(problems)} headers and standards: clean")
    return 1 if text else 0


if __name__ == "__main__":
    sys.exit(main())
