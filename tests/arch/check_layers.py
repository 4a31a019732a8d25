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
    "jinja": 1,
    "text": 2,
    "format": 3,
    "kernels": 3,
    "constrain": 3,
    "model": 4,
    "sample": 4,
    "runtime": 5,
    "convert": 5,
    "train": 5,
    "api": 6,
}

# The layer of each public header: where the bodies of its functions are, or, of plain structs, the
# lowest layer that is made of them. It stands for that layer wherever it is included.
PUBLIC = {
    "batch": "model",
    "beam_search": "runtime",
    "chat": "text",
    "data_type": "tensor",
    "embedding": "runtime",
    "engine": "api",
    "error": "base",
    "evaluator": "api",
    "evaluator_options": "model",
    "export": "base",
    "generation": "runtime",
    "host": "base",
    "importance": "api",
    "model": "api",
    "model_config": "format",
    "quantize": "convert",
    "sampler": "api",
    "sampling": "format",
    "session": "api",
    "speed": "api",
    "stop_matcher": "api",
    "text_range": "base",
    "tlite": "api",
    "tokenizer": "text",
    "version": "base",
    "weight_mix": "convert",
}

# Which layers may include a library's headers. Unlisted libraries are not used in lib/ at all.
LIBRARIES = {
    r"(oneapi/)?tbb": {"base"},
    r"cblas\.h|openblas|Eigen/|unsupported/Eigen": {"kernels", "train"},
    r"re2/": {"text", "constrain"},
    r"utf8proc": {"jinja", "text"},
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


def check_public(layer: str, target: str) -> str | None:
    """What is wrong with a layer that includes <tlite/...>, if anything."""
    other = PUBLIC.get(Path(target).stem)
    if other is None:
        return f"<{target}> has no layer in PUBLIC"
    if other != layer and FLOORS[other] >= FLOORS[layer]:
        return f"{layer} (floor {FLOORS[layer]}) includes <{target}> of {other} ({FLOORS[other]})"
    return None


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
        return check_public(layer, target)
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
            elif target.startswith("tlite/"):
                own, other = (FLOORS[PUBLIC.get(Path(t).stem, "api")] for t in (path.name, target))
                if other > own:
                    where = f"{path.relative_to(root)}:{line}"
                    yield f"{where}: floor {own} includes {target} ({other})"
    for folder in ("capi", "examples"):
        for path in sources(root / folder):
            for line, quoted, target in includes(path):
                # By the file and not by its folder's name: a guest may have a text/ of its own.
                beside = (path.parent / target).resolve()
                in_lib = beside.is_relative_to((root / "lib").resolve())
                if quoted and (in_lib or (root / "lib" / target).is_file()):
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
