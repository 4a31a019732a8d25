"""Where a model lies: a directory, a .gguf file, or a name in Hugging Face's cache on disk.

The cache's layout is huggingface_hub's: models--OWNER--NAME/refs/REVISION holds a commit, and
snapshots/COMMIT the files. Nothing is ever downloaded.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from .._convert import PathLike
from ..errors import FileMissing, InvalidArgument

_REPOSITORY = re.compile(r"[\w.-]+(/[\w.-]+)?")
_COMMIT = re.compile(r"[0-9a-f]{40}")


def cache_folder() -> Path:
    """Hugging Face's cache, as its environment variables name it."""
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        if os.environ.get(name):
            return Path(os.environ[name]).expanduser()
    home = os.environ.get("HF_HOME")
    if not home:
        home = os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    return Path(home).expanduser() / "hub"


def _snapshot(name: str, revision: str, cache: Path) -> Path:
    """The folder of a repository's files at a revision."""
    folder = cache / ("models--" + name.replace("/", "--"))
    if not folder.is_dir():
        raise FileMissing(
            f"{name!r} is neither a file or directory nor a model in Hugging Face's cache at"
            f" {cache}; nothing is downloaded here"
        )
    commit = revision
    reference = folder / "refs" / revision
    if reference.is_file():
        commit = reference.read_text(encoding="ascii", errors="replace").strip()
    if not _COMMIT.fullmatch(commit) or not (folder / "snapshots" / commit).is_dir():
        raise FileMissing(f"{name!r} has no revision {revision!r} in the cache at {cache}")
    return folder / "snapshots" / commit


def resolve(
    name: PathLike,
    *,
    revision: str | None = None,
    cache_dir: PathLike | None = None,
    subfolder: str | None = None,
    gguf_file: str | None = None,
) -> str:
    """The directory or .gguf file of a model, by path or by name. FileNotFoundError."""
    text = os.fsdecode(name)
    path = Path(text)
    if not path.exists():
        if not _REPOSITORY.fullmatch(text) or ".." in text:
            raise FileMissing(f"{text!r} does not exist, and is no name of a model")
        cache = cache_folder() if cache_dir is None else Path(os.fsdecode(cache_dir))
        path = _snapshot(text, revision or "main", cache)
    if path.is_file():
        if subfolder or gguf_file:
            raise InvalidArgument(f"{text!r} is a file, which has no subfolder or gguf_file")
        return str(path)
    if subfolder:
        path = path / subfolder
    if gguf_file:
        path = path / gguf_file
        if not path.is_file():
            raise FileMissing(f"{text!r} has no file {gguf_file!r}")
        return str(path)
    if not path.is_dir():
        raise FileMissing(f"{text!r} has no folder {subfolder!r}")
    return str(_only_gguf(path) or path)


def _only_gguf(folder: Path) -> Path | None:
    """The .gguf file of a folder that is no Hugging Face checkpoint."""
    if (folder / "config.json").exists() or (folder / "tokenizer.json").exists():
        return None
    files = sorted(folder.glob("*.gguf"))
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise InvalidArgument(f"{folder} has several .gguf files; say by gguf_file which: {names}")
    return files[0] if files else None
