"""Every rule of docs/embedding.md names tests, and they exist.

A rule is a list item. Its tests are links to files under tests/ with the names of cases behind
them: of TEST or TEST_CASE (the title or a part of it, in quotes), a function of Python, or a test
that CMake adds. Exit status 1 and a line per violation.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

CASE = r"(?:\"[^\"]+\"|[\w.]+)"
REFERENCE = re.compile(rf"\]\(\.\./(tests/[^)]+)\): ({CASE}(?:, {CASE})*)")


def rules(text: str) -> Iterator[tuple[int, str]]:
    """Line and text of each list item, its indented lines joined."""
    item: list[str] = []
    begin = 0
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if item and line.startswith("  "):
            item.append(line.strip())
            continue
        if item:
            yield begin, " ".join(item)
        item = [line[2:]] if line.startswith("- ") else []
        begin = number


def cases(path: Path) -> set[str]:
    """Names of the tests in a file: ids, functions, or those that CMake adds."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return set(re.findall(r"^\s*def (\w+)\(", text, re.MULTILINE))
    if path.name == "CMakeLists.txt":
        lists = re.findall(r"foreach\(\w+ IN ITEMS ([^)]+)\)", text)
        names = re.findall(r"add_test\(NAME\s+([\w.]+)", text)
        return {*names, *(name for items in lists for name in items.split())}
    return set(re.findall(r"\bTEST\(\s*(\w+),", text))


def has_case(path: Path, name: str) -> bool:
    """Whether a file has the test of that id or title."""
    if not name.startswith('"'):
        return name in cases(path)
    titles = re.findall(r"\bTEST(?:_CASE)?\(((?:[^()]|\n)*)\)", path.read_text(encoding="utf-8"))
    return any(name.strip('"') in re.sub(r'"\s*\n\s*"', "", title) for title in titles)


def problems(root: Path) -> Iterator[str]:
    """Violations of the document below `root`."""
    document = root / "docs" / "embedding.md"
    found = list(rules(document.read_text(encoding="utf-8")))
    if not found:
        yield f"{document.name} has no rules"
    for line, rule in found:
        where = f"{document.name}:{line}"
        references = REFERENCE.findall(rule)
        if not references:
            yield f"{where}: names no test: {rule[:60]}"
        if len(references) != rule.count("](../tests/"):
            yield f"{where}: a file of tests without cases"
        for file, names in references:
            path = root / file
            if not path.is_file():
                yield f"{where}: there is no {file}"
                continue
            for name in re.findall(CASE, names):
                if not has_case(path, name.rstrip(".")):
                    yield f"{where}: {file} has no case {name}"


def main() -> int:
    """Checks the tree given or the one this script is in."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    found = list(problems(parser.parse_args().root))
    print("\n".join(found) if found else "rules: each has its tests")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
