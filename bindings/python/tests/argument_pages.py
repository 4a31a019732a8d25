"""What the page of a compatible layer says of every argument, beside the tables in its code."""

from __future__ import annotations

import re

from conftest import ROOT
from tlite._arguments import Tables

ROW = re.compile(r"\| `(\w+)` \| (honoured|no effect|refused) \| (.*) \|")


def documented(page: str) -> dict[str, dict[str, tuple[str, str]]]:
    """Of each table of docs/`page` its arguments: what becomes of them, and why."""
    tables: dict[str, dict[str, tuple[str, str]]] = {}
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for part in text.split("\n### `")[1:]:
        name = part.split("`")[0]
        rows = ROW.findall(part)
        assert len(rows) == len({row[0] for row in rows}), f"{name} has a row twice"
        tables[name] = {argument: (what, why) for argument, what, why in rows}
    return tables


def check_page(page: str, tables: Tables) -> None:
    """The page has every argument and no other, with the reasons that the code gives."""
    honoured, accepted, refused = tables
    pages = documented(page)
    assert set(pages) == set(honoured) == set(accepted) == set(refused)
    for name, rows in pages.items():
        found = {key for key, (what, _) in rows.items() if what == "honoured"}
        assert found == honoured[name]
        idle = {key: why for key, (what, why) in rows.items() if what == "no effect"}
        assert idle == accepted[name]
        errors = {key: why for key, (what, why) in rows.items() if what == "refused"}
        assert errors == {key: entry.why for key, entry in refused[name].items()}
