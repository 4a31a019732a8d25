"""What the built libraries export, and what their code asks of the system.

libtlite_c exports the functions of capi/abi/tlite_c.json; libtlite exports namespace tlite. No
object of ours can end the process, write to its streams, or do work before main and at exit.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTION = ROOT / "capi" / "abi" / "tlite_c.json"

# std::terminate is not here: it is what a noexcept function of C++ costs.
FORBIDDEN = re.compile(
    r"^(abort|_?exit|_Exit|quick_exit|at_quick_exit|atexit|__cxa_atexit|__cxa_thread_atexit"
    r"|__assert(_fail|_perror_fail)?|raise|kill|signal|sigaction|system|fork|syslog"
    r"|v?f?printf|__v?f?printf_chk|v?dprintf|puts|putchar|fputs|fputc|putc|fwrite|fflush|perror"
    r"|stdout|stderr|write|_ZSt4(cout|cerr|clog)|_ZNSt8ios_base4InitC[12]Ev)$"
)
CPP_EXPORT = re.compile(r"^(typeinfo (name )?for |vtable for )?tlite::")


def output_of(*command: str | Path) -> str:
    """Standard output of a command."""
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def exported(library: Path, *options: str) -> list[str]:
    """Names of what a shared library defines for others."""
    lines = output_of("nm", "-D", "--defined-only", *options, library).splitlines()
    parsed = [line.split(maxsplit=2) for line in lines]
    return [name.split("@")[0] for _, kind, name in parsed if kind != "A"]


def capi_problems(library: Path) -> Iterator[str]:
    """Differences between the exports of libtlite_c and the list in the tree."""
    description = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    expected = set(description["functions"])
    found = set(exported(library))
    for name in sorted(found - expected):
        yield f"{library.name} exports {name}, which is not in {DESCRIPTION.name}"
    for name in sorted(expected - found):
        yield f"{library.name} does not export {name}"
    major = description["abi"]["major"]
    nodes = dict(re.findall(r"\b(tlite_\w+)@+([\w.]+)", output_of("nm", "-D", library)))
    for name, function in description["functions"].items():
        node = f"TLITE_{major}.{function.get('since', 0)}"
        if nodes.get(name) != node:
            yield f"{library.name} has {name} as version {nodes.get(name)}, not {node}"
    if f"[libtlite_c.so.{major}]" not in output_of("readelf", "-d", library):
        yield f"the SONAME of {library.name} is not libtlite_c.so.{major}"


def cpp_problems(library: Path) -> Iterator[str]:
    """Exports of libtlite outside of its namespace."""
    names = exported(library, "-C")
    if len(names) < 20:
        yield f"{library.name} exports {len(names)} symbols only"
    for name in names:
        if not CPP_EXPORT.match(name):
            yield f"{library.name} exports {name}"


def object_problems(archive: Path) -> Iterator[str]:
    """Forbidden references and start-up or exit work in the members of a static library."""
    member = ""
    for line in output_of("nm", "-u", archive).splitlines():
        if line.endswith(":"):
            member = line[:-1]
        elif line.split() and FORBIDDEN.match(line.split()[-1]):
            yield f"{archive.name}, {member}: refers to {line.split()[-1]}"
    for line in output_of("readelf", "-SW", archive).splitlines():
        if line.startswith("File:"):
            member = line
        elif re.search(r"\.(init_array|fini_array|ctors|dtors)\b", line):
            yield f"{archive.name}, {member}: runs code before main or at exit"


def main() -> int:
    """Checks the libraries named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--capi", type=Path, required=True, help="libtlite_c.so")
    parser.add_argument("--cpp", type=Path, required=True, help="libtlite.so")
    parser.add_argument("--archive", type=Path, required=True, help="libtlite_c.a")
    arguments = parser.parse_args()
    problems = [
        *capi_problems(arguments.capi),
        *cpp_problems(arguments.cpp),
        *object_problems(arguments.archive),
    ]
    print("\n".join(problems) if problems else "symbols: clean")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
