"""make_proxy.py MODULE-DIR PROXY-DIR VERSION: a folder that `go get` takes for a module proxy.

It has one version of one module.
"""

from __future__ import annotations

import json
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
    with zipfile.ZipFile(target / f"{version}.zip", "w") as archive:
        for path in sorted(folder.iterdir()):
            if path.is_file():  # the module has no folders
                archive.write(path, f"{module}@{version}/{path.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
