"""matplotlib, as both kinds of charts use it: no window, no mathematics in texts, two themes."""

from __future__ import annotations

import io
import unicodedata
from typing import Any, Callable

from ..errors import NotSupported

COLOURS = ("#2f6fd0", "#d3542b", "#2b9a66", "#9a4fc4", "#b58900", "#4aa3b5")
_DARK = ("#6ea8fe", "#ff8a65", "#5fd39a", "#c792ea", "#e6c04d", "#7fd6e8")


def colour(place: int, dark: bool) -> str:
    """Of the line at that place."""
    colours = _DARK if dark else COLOURS
    return colours[place % len(colours)]


def drawn(form: str, size: tuple[float, float], dark: bool, fill: Callable[[Any], None]) -> bytes:
    """The "png" or "svg" of a figure of so many inches that `fill` draws into."""
    try:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise NotSupported("charts need matplotlib: pip install tlite[viz]") from error

    ink, paper, line = ("#e6edf3", "#14181d", "#3b434c") if dark else ("#1b1f24", "#fff", "#d1d9e0")
    settings = {
        **{name: ink for name in ("text.color", "axes.labelcolor", "xtick.color", "ytick.color")},
        **{name: paper for name in ("figure.facecolor", "axes.facecolor", "savefig.facecolor")},
        "axes.edgecolor": line,
        "grid.color": line,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "font.size": 10,
        "font.family": "DejaVu Sans",  # which matplotlib brings along
        "legend.frameon": False,
        "text.parse_math": False,  # a name may have a dollar sign in it
        "svg.fonttype": "path",
        "svg.hashsalt": "tlite",  # the same picture, the same bytes
    }
    with rc_context(settings):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        fill(figure)
        file = io.BytesIO()
        dated = {"Date": None} if form == "svg" else None
        figure.savefig(file, format=form, dpi=144, metadata=dated)
    return file.getvalue()


def drawable(text: str, longest: int = 40) -> str:
    """Text of letters that the font has; others are a box."""
    known = _letters()
    kept = "".join(letter if ord(letter) in known else "□" for letter in text.strip())
    return kept if len(kept) <= longest else kept[: longest - 1] + "…"


_known: set[int] = set()


def _letters() -> set[int]:
    if not _known:
        from matplotlib.font_manager import FontProperties, findfont, get_font

        font = get_font(findfont(FontProperties(family="DejaVu Sans")))
        # Marks that would stack up, and what cannot be seen, are no labels.
        marks = ("M", "C")
        _known.update(
            code for code in font.get_charmap() if unicodedata.category(chr(code))[0] not in marks
        )
    return _known
