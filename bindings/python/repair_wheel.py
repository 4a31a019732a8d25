"""auditwheel for a wheel that needs nothing but glibc.

    python3 repair_wheel.py repair WHEEL -w FOLDER

auditwheel leaves to the system what its policy calls a part of every Linux: glibc, but the C++
runtime too, which a small container has not, or not as new. Here that is carried like any other
library, under a name of its own, so that it never stands in for the system's in somebody else's
extension.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from auditwheel import main, policy
from auditwheel.libc import Libc

CARRIED = ("libstdc++.so.6", "libgcc_s.so.1")


def without_runtime(source: Path, target: Path) -> None:
    """A copy of the policies that counts the C++ runtime among what is carried."""
    policies = json.loads(source.read_text(encoding="utf-8"))
    for entry in policies:
        entry["lib_whitelist"] = [lib for lib in entry["lib_whitelist"] if lib not in CARRIED]
    target.write_text(json.dumps(policies), encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        policies = Path(folder) / "policies.json"
        without_runtime(policy._POLICY_JSON_MAP[Libc.GLIBC], policies)
        policy._POLICY_JSON_MAP[Libc.GLIBC] = policies
        sys.exit(main.main())
