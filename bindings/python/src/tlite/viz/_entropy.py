"""How unsure a model was, token by token."""

from __future__ import annotations

import math
from typing import Any

from ..errors import InvalidArgument
from ._heat import STYLE, marked
from ._page import Chart
from ._plot import colour, drawable, drawn
from ._scores import Scored

_LABELS = 32  # tokens that are named at the axis


def entropy(scored: Scored, *, title: str | None = None) -> Chart:
    """Of each token of a text the entropy in its place and its own surprise, both in bits.

    0: the model knew what comes next; 1: two equally likely tokens; ... Takes what `score` gives:
    InvalidArgument where entropies are not known, as of a Generation, which has the likeliest
    tokens alone. Needs matplotlib.
    """
    if not isinstance(scored, Scored):
        raise TypeError(f"entropy takes a Scored, of tlite.viz.score, not {type(scored).__name__}")
    values = [token.entropy for token in scored.tokens]
    if not values or None in values:
        raise InvalidArgument("these scores have no entropies: make them with tlite.viz.score")
    bits = [float(value or 0.0) for value in values]
    own = [-token.chosen.logprob / math.log(2) for token in scored.tokens]
    names = [token.chosen.bytes.decode(errors="replace") for token in scored.tokens]
    mean = sum(bits) / len(bits)

    def fill(figure: Any, dark: bool, narrow: bool) -> None:
        axes = figure.subplots()
        places = range(1, len(bits) + 1)
        axes.bar(places, bits, width=0.9, color=colour(0, dark), alpha=0.65, label="entropy")
        axes.plot(places, own, ".", color=colour(1, dark), label="surprise of the token itself")
        axes.axhline(mean, color=colour(0, dark), lw=1, ls="--", label=f"mean entropy {mean:.2f}")
        axes.set_ylabel("bits")
        axes.set_xlim(0.4, len(bits) + 0.6)
        axes.set_ylim(bottom=0)
        axes.grid(axis="x", visible=False)
        if len(bits) <= (_LABELS // 2 if narrow else _LABELS):
            axes.set_xticks(list(places), [drawable(name, 14) or "␣" for name in names])
            axes.tick_params(axis="x", rotation=90 if narrow or len(bits) > 6 else 0, length=0)
        else:
            axes.set_xlabel("token")
        figure.legend(loc="outside upper left", ncols=1 if narrow else 3, fontsize=9)

    def draw(form: str, dark: bool, narrow: bool) -> bytes:
        size = (4.4, 3.6) if narrow else (9.0, 3.4)
        return drawn(form, size, dark, lambda figure: fill(figure, dark, narrow))

    words = f"Entropy of {len(bits)} tokens: mean {mean:.2f}, at most {max(bits):.2f} bits"
    usual = "Entropy over the answer"
    return Chart(usual if title is None else title, draw, words, marked(scored, "entropy"), STYLE)
