"""make_proxy.py MODULE-DIR PROXY-DIR VERSION: a folder that `go get` takes for a module proxy.

It has one version of one module, from the files that git knows and those that it does not ignore.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path


def main() -> int:
    """Writes list, info, mod and zip, as go.dev/ref/mod#goproxy-protocol has them."""
    folder, proxy, version = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    module = (folder / "go.mod").read_text(encoding="utf-8").split()[1]
    target = proxy / module / "@v"
    target.mkdir(parents=True)
    (target / "list").write_text(f"{version}\n", encoding="utf-8")
    info = {"Version": version, "Time": "2026-01-01T00:00:00Z"}
    (target / f"{version}.info").write_text(json.dumps(info), encoding="utf-8")
    (target / f"{version}.mod").write_bytes((folder / "go.mod").read_bytes())
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=folder, capture_output=True, check=True, text=True).stdout
    with zipfile.ZipFile(target / f"{version}.zip", "w") as archive:
        for name in sorted(set(names.split("\0")) - {""}):
            archive.write(folder / name, f"{module}@{version}/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
