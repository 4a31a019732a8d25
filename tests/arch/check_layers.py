"""The house rules that a machine can check on the source text.

Layers include downwards only; peers do not include each other; each third-party library stays in
its layer; public headers need the standard library alone; guests use the public API alone.
Exit status 1 and a line per violation. See ARCHITECTURE.md.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

FLOORS = {
    "base": 0,
    "tensor": 1,
    "text": 1,
    "format": 2,
    "kernels": 2,
    "constrain": 2,
    "model": 3,
    "sample": 3,
    "runtime": 4,
    "convert": 4,
    "train": 4,
    "api": 5,
}

# Which layers may include a library's headers. Unlisted libraries are not used in lib/ at all.
LIBRARIES = {
    r"(oneapi/)?tbb": {"base"},
    r"cblas\.h|openblas|Eigen/|unsupported/Eigen": {"kernels", "train"},
    r"re2/": {"text", "constrain"},
    r"utf8proc": {"base", "text"},
    r"simdjson": {"base", "text", "format"},
    r"(imm|x86|arm_neon|cpuid)[a-z_0-9]*(\.h)?$": {"base", "kernels"},
    r"(fcntl|unistd|sched|dlfcn|sys/[a-z]+)\.h$": {"base"},
    r"windows\.h$": {"base"},
    r"sanitizer/tsan_interface\.h$": {"base"},
}

# Instruction sets outside kernels/: only the processor query in base/.
INTRINSICS = re.compile(r"\b(_mm\d*_\w+|__m\d+i?|v(ld|st|dot|fma)\w*q_\w+|__builtin_ia32_\w+)\b")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)
STANDARD = re.compile(r"^[a-z0-9_]+$")
C_STANDARD = re.compile(r"^(std(int|def|bool|lib|io)|string|math|assert|errno|float|limits)\.h$")


def includes(path: Path) -> Iterator[tuple[int, bool, str]]:
    """Line, quoted or not, and target of every #include of a file."""
    text = path.read_text(encoding="utf-8")
    for match in INCLUDE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[1] == '"', match[2]


def sources(folder: Path) -> list[Path]:
    """The C and C++ files below a folder, sorted."""
    endings = {".cpp", ".hpp", ".h", ".c", ".inc"}
    return sorted(p for p in folder.rglob("*") if p.suffix in endings)


def check_include(layer: str, quoted: bool, target: str) -> str | None:
    """What is wrong with one include of a file in lib/<layer>, if anything."""
    if quoted:
        other = target.split("/")[0]
        if other not in FLOORS:
            return f'"{target}" is not written from lib/: "layer/file.hpp"'
        if other != layer and FLOORS[other] >= FLOORS[layer]:
            return f"{layer} (floor {FLOORS[layer]}) includes {other} (floor {FLOORS[other]})"
        return None
    if STANDARD.match(target) or C_STANDARD.match(target):
        if target in {"iostream", "cstdio", "stdio.h"}:
            return f"<{target}>: the library does not talk over its host"
        return None
    if target.startswith("tlite/"):
        return None
    for pattern, layers in LIBRARIES.items():
        if re.match(pattern, target):
            return None if layer in layers else f"<{target}> belongs to {', '.join(sorted(layers))}"
    return f"<{target}> is a library that lib/ does not use"


def lib_problems(root: Path) -> Iterator[str]:
    """Violations in lib/."""
    for path in sources(root / "lib"):
        layer = path.relative_to(root / "lib").parts[0]
        where = path.relative_to(root)
        if layer not in FLOORS:
            yield f"{where}: {layer} is not a layer of ARCHITECTURE.md"
            continue
        for line, quoted, target in includes(path):
            problem = check_include(layer, quoted, target)
            if problem:
                yield f"{where}:{line}: {problem}"
        if layer not in {"kernels", "base"}:
            for match in INTRINSICS.finditer(path.read_text(encoding="utf-8")):
                yield f"{where}: instruction set intrinsic {match[0]} outside kernels/"


def guest_problems(root: Path) -> Iterator[str]:
    """Violations in the public headers, the C ABI and the guests."""
    for path in sources(root / "include"):
        for line, quoted, target in includes(path):
            if quoted or not (STANDARD.match(target) or target.startswith("tlite/")):
                yield f"{path.relative_to(root)}:{line}: a public header includes {target}"
    for folder in ("capi", "examples"):
        for path in sources(root / folder):
            for line, quoted, target in includes(path):
                if quoted and target.split("/")[0] in FLOORS:
                    yield f"{path.relative_to(root)}:{line}: {folder} reaches into lib: {target}"


def main() -> int:
    """Checks the tree given or the one this script is in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    root = parser.parse_args().root
    problems = [*lib_problems(root), *guest_problems(root)]
    print("\n".join(problems) if problems else "layers: clean")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
