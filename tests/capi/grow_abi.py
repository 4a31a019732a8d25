"""Writes the tlite.h of a later version: today's, whose structures have grown at their ends.

Beside it lies what capi/describe_abi.py makes of it, as of any later version. A library that is
built with these runs the programs and bindings of today's header.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

CAPI = Path(__file__).resolve().parents[2] / "capi"
STRUCTURE = re.compile(
    r"^(typedef struct (\w+) \{\n  uint32_t struct_size;.*?)^\} \2;", re.M | re.S
)
ABI = re.compile(r"TLITE_ABI_MAJOR = (\d+), TLITE_ABI_MINOR = (\d+)")


def grown(header: str) -> str:
    """The header with 16 more bytes in each structure that may grow."""
    abi = ABI.search(header)
    if abi is None:
        raise ValueError("the header has no TLITE_ABI_MAJOR and TLITE_ABI_MINOR")
    major, minor = int(abi[1]), int(abi[2]) + 1
    header = ABI.sub(f"TLITE_ABI_MAJOR = {major}, TLITE_ABI_MINOR = {minor}", header)
    number = f"#define TLITE_ABI_VERSION {65536 * major + minor}u"
    header = re.sub(r"#define TLITE_ABI_VERSION \w+", number, header)
    return STRUCTURE.sub(r"\1  uint32_t grown[4];\n} \2;", header)


def main() -> int:
    """Writes all of it into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    text = (CAPI / "include" / "tlite.h").read_text(encoding="utf-8")
    (out / "tlite.h").write_text(grown(text), encoding="utf-8")
    describe = [sys.executable, str(CAPI / "describe_abi.py"), "--out", str(out)]
    describe += ["--header", str(out / "tlite.h"), "--previous", str(CAPI / "abi/tlite_c.json")]
    return subprocess.run(describe, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
