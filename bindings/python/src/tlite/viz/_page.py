"""HTML that shows and runs nothing, and pictures in it, for light and dark."""

from __future__ import annotations

import base64
import html
import os
import unicodedata
from pathlib import Path
from typing import Callable

from ..errors import InvalidArgument

# No script, no request to anybody: what a mistake in this package would let in does nothing either.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

STYLE = """
.tlite{--ink:#1b1f24;--paper:#fff;--soft:#59636e;--line:#d1d9e0;--raised:#f6f8fa;
color:var(--ink);background:var(--paper);
font:15px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
position:relative;padding:12px 16px;border-radius:8px;max-width:60rem;box-sizing:border-box;
text-align:left;overflow-wrap:anywhere}
@media (prefers-color-scheme:dark){.tlite{--ink:#e6edf3;--paper:#14181d;--soft:#9aa5b1;
--line:#3b434c;--raised:#20262d}}
.tlite h2{font-size:1.05em;font-weight:600;line-height:1.3;margin:0 0 .5em;color:inherit}
.tlite .soft{color:var(--soft);font-size:.86em;margin:.7em 0 0}
.tlite img{display:block;width:100%;height:auto}
.tlite .wide{overflow-x:auto;margin-top:.8em}
.tlite table{border-collapse:collapse;font-size:.86em;font-variant-numeric:tabular-nums;
background:none;margin:0}
.tlite th,.tlite td{padding:2px 10px 2px 0;text-align:right;border:0;white-space:nowrap;
color:inherit;background:none}
.tlite th{font-weight:600;color:var(--soft);border-bottom:1px solid var(--line)}
.tlite td:first-child,.tlite th:first-child{text-align:left}
.tlite summary{cursor:pointer;color:var(--soft);font-size:.86em;margin-top:.8em}
"""

_INVISIBLE = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
_KEPT = {"\u200c", "\u200d"}  # which letters of some scripts, and emoji, are made with


def shown(text: str, *, breaks: bool = False) -> str:
    """Text as HTML; what cannot be seen, or would turn the text around it, by its number.

    `breaks`: lines end where they do, behind a mark.
    """
    result = []
    for letter in text:
        if letter not in _KEPT and unicodedata.category(letter) in _INVISIBLE:
            name = {"\n": "↵", "\t": "⇥", "\r": "␍"}.get(letter, f"U+{ord(letter):04X}")
            result.append(f'<span class="code">{name}</span>')
            if breaks and letter == "\n":
                result.append(letter)
        else:
            result.append(html.escape(letter, quote=True))
    return "".join(result)


class Page:
    """A piece of HTML. In a notebook it shows itself; `save` makes a file that a browser opens."""

    def __init__(self, title: str, body: str, style: str = "") -> None:
        self.title = title
        self._body = body
        self._style = style

    def _repr_html_(self) -> str:
        """Without head and body, to be put into another page."""
        title = f"<h2>{shown(self.title)}</h2>" if self.title else ""
        return f'<style>{STYLE}{self._style}</style><div class="tlite">{title}{self._body}</div>'

    def html(self) -> str:
        """A whole document, which may neither run scripts nor load anything."""
        return (
            '<!doctype html><html lang="ru"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
            '<meta name="viewport" content="width=device-width,initial-scale=1">'
            '<meta name="color-scheme" content="light dark">'
            f"<title>{html.escape(self.title or 'libtlite')}</title>"
            "<style>body{margin:0;background:#fff}.tlite{margin:0 auto}"
            "@media (prefers-color-scheme:dark){body{background:#14181d}}</style></head>"
            f"<body>{self._repr_html_()}</body></html>"
        )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the document to a .html file."""
        if _suffix(path) not in (".html", ".htm"):
            raise InvalidArgument(f"{os.fspath(path)!r} must end in .html")
        Path(path).write_text(self.html(), encoding="utf-8")


def _suffix(path: str | os.PathLike[str]) -> str:
    return Path(path).suffix.lower()


Drawing = Callable[[str, bool, bool], bytes]
"""("png" or "svg", dark, narrow) to the file's bytes."""


class Chart(Page):
    """A picture, as PNG for files and as HTML, which suits light, dark and narrow screens."""

    def __init__(self, title: str, draw: Drawing, words: str, below: str, style: str = "") -> None:
        """`words` say what is in the picture, `below` is HTML that stands under it."""
        self._draw = draw
        sources = "".join(
            f'<source media="{media}" srcset="{_data(draw("svg", dark, narrow))}">'
            for media, dark, narrow in (
                ("(prefers-color-scheme:dark) and (max-width:600px)", True, True),
                ("(prefers-color-scheme:dark)", True, False),
                ("(max-width:600px)", False, True),
            )
        )
        image = f'<img src="{_data(draw("svg", False, False))}" alt="{html.escape(words)}">'
        super().__init__(title, f"<picture>{sources}{image}</picture>{below}", style)

    def png(self, *, dark: bool = False) -> bytes:
        """The picture alone."""
        return self._draw("png", dark, False)

    def save(self, path: str | os.PathLike[str], *, dark: bool = False) -> None:
        """Writes a .png or a .html file, by its name. `dark`: of the former."""
        if _suffix(path) == ".png":
            Path(path).write_bytes(self.png(dark=dark))
        elif _suffix(path) in (".html", ".htm"):
            super().save(path)
        else:
            raise InvalidArgument(f"{os.fspath(path)!r} must end in .png or .html")


def _data(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")
