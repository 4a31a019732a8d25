"""Makes the extension: python3 make_oxt.py OUT.oxt --wheel TLITE.whl

It carries the package `tlite` with its library, out of the wheel; or, for those who work on it, the
tree's package with the library of --library FILE. The same input gives the same bytes.
"""

from __future__ import annotations

import argparse
import platform
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip file can tell


def version() -> str:
    """Of the project."""
    found = re.search(r"project\(tlite VERSION ([0-9.]+)", (ROOT / "CMakeLists.txt").read_text())
    if found is None:
        raise SystemExit("make_oxt.py: CMakeLists.txt names no version")
    return found[1]


def own_files(machine: str) -> Iterator[tuple[str, bytes]]:
    """The extension itself."""
    folder = HERE / "extension"
    for path in folder.rglob("*"):
        if not path.is_file() or "__pycache__" in path.parts:
            continue
        data = path.read_bytes()
        if path.name == "description.xml":
            data = data.replace(b"@VERSION@", version().encode())
            data = data.replace(b"@PLATFORM@", f"linux_{machine}".encode())
        yield path.relative_to(folder).as_posix(), data
    yield "LICENSE", (ROOT / "LICENSE").read_bytes()


def wheel_files(wheel: Path) -> Iterator[tuple[str, bytes]]:
    """The package and the libraries that it brings, with their licences."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if not name.endswith("/"):
                yield f"pythonpath/{name}", archive.read(name)


def tree_files(library: Path) -> Iterator[tuple[str, bytes]]:
    """The package of this tree."""
    source = ROOT / "bindings" / "python" / "src"
    for path in (source / "tlite").rglob("*"):
        if path.suffix in (".py", ".typed"):
            yield f"pythonpath/{path.relative_to(source).as_posix()}", path.read_bytes()
    yield "pythonpath/tlite/lib/libtlite_c.so", library.read_bytes()


def write(out: Path, files: dict[str, bytes]) -> None:
    """A zip file of them."""
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix, and so permissions
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])


def machine_of(wheel: Path) -> str:
    """The processor that a wheel's name says: LibreOffice calls them as Linux does."""
    found = re.search(r"(x86_64|aarch64)\.whl$", wheel.name)
    if found is None:
        raise SystemExit(f"make_oxt.py: {wheel.name} names no processor that LibreOffice runs on")
    return found[1]


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    package = parser.add_mutually_exclusive_group(required=True)
    package.add_argument("--wheel", type=Path, help="tlite-...whl, of bindings/python")
    package.add_argument("--library", type=Path, help="libtlite_c.so, of a build")
    given = parser.parse_args()
    for path in (given.wheel, given.library):
        if path is not None and not path.is_file():
            parser.error(f"there is no file {path}")
    machine = platform.machine() if given.wheel is None else machine_of(given.wheel)
    files = dict(own_files(machine))
    files.update(wheel_files(given.wheel) if given.wheel else tree_files(given.library))
    write(given.out, files)


if __name__ == "__main__":
    main()
