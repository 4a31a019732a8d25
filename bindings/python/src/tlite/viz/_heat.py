"""A text whose tokens are the redder the less likely they were. HTML and CSS alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from ..errors import InvalidArgument
from ..generation import Generation, TokenLogprob
from ._page import Page, shown
from ._scores import Scored, ScoredToken, of

# Shades: of the surprise in bits, one for each of them, at most the last.
_SHADES = 9
STYLE = """
.tlite .text{white-space:pre-wrap;font-size:1.1em;line-height:2;margin:0}
.tlite .t{border-radius:3px;padding:.12em 0;outline-offset:1px;cursor:default;
unicode-bidi:isolate;margin-right:1px;box-shadow:inset 0 -1px var(--line)}
.tlite .t:hover,.tlite .t:focus{outline:2px solid var(--ink);anchor-name:--tlite-token}
.tlite .t:focus:not(:hover){outline-style:dashed}
.tlite .code{color:var(--soft);font:.78em/1 ui-monospace,Menlo,Consolas,monospace;padding:0 .1em;
unicode-bidi:isolate}
.tlite .alt{display:none;position:absolute;left:16px;right:auto;margin-top:1.9em;z-index:9;
width:max-content;max-width:calc(100% - 32px);max-height:60vh;overflow:auto;padding:8px 12px;
background:var(--raised);border:1px solid var(--line);border-radius:8px;
box-shadow:0 6px 20px #0005;font-size:14px;line-height:1.5;white-space:normal}
.tlite .t:hover .alt,.tlite .text:not(:hover) .t:focus .alt{display:block}
@supports (position-area:bottom span-right){.tlite .alt{position:fixed;
position-anchor:--tlite-token;position-area:bottom span-right;
position-try-fallbacks:flip-inline,flip-block,flip-inline flip-block;
left:auto;margin:4px 0}}
.tlite .alt b{font-weight:600}
.tlite .alt td:nth-child(2){text-align:left;white-space:pre-wrap;max-width:16em;
overflow-wrap:anywhere}
.tlite .alt .is td{font-weight:600}
.tlite .key{display:flex;flex-wrap:wrap;gap:4px;align-items:center}
.tlite .key i{width:1.6em;height:1em;border-radius:3px;display:inline-block;
box-shadow:inset 0 0 0 1px var(--line)}
""" + "".join(
    # Ink stays readable on the strongest: 0.62 of this red over white, over black.
    f".tlite .s{shade}{{background:rgba(222,78,40,{0.62 * shade / (_SHADES - 1):.3f})}}\n"
    for shade in range(_SHADES)
)


def heat_map(
    source: Scored | Generation, *, by: str = "probability", title: str | None = None
) -> Page:
    """A text that shows how likely each token was; hover or tap a token for what else there was.

    `by`: "probability", or "entropy": how unsure the model was in that place (of `score`).
    InvalidArgument where a Generation has no log probabilities.
    """
    scored = of(source) if isinstance(source, Generation) else source
    if not isinstance(scored, Scored):
        raise TypeError(f"heat_map takes a Scored or a Generation, not {type(source).__name__}")
    usual = "Entropy of each token" if by == "entropy" else "Probability of each token"
    return Page(usual if title is None else title, marked(scored, by), STYLE)


def marked(scored: Scored, by: str = "probability") -> str:
    """The text and the key to its colours."""
    value = _value(by)
    before = shown_bytes(scored.before, breaks=True)
    before = f'<span class="soft">{before}</span>' if before else ""
    tokens = "".join(_group(group, value) for group in _whole_letters(scored.tokens))
    return f'<div class="text">{before}{tokens}</div>{_key(by)}'


def _value(by: str) -> Callable[[ScoredToken], float]:
    """In bits, what a shade is of."""
    if by == "probability":
        return lambda token: -token.chosen.logprob / math.log(2)
    if by != "entropy":
        raise InvalidArgument(f"by is {by!r}, neither 'probability' nor 'entropy'")

    def entropy(token: ScoredToken) -> float:
        if token.entropy is None:
            raise InvalidArgument("these scores have no entropies: make them with tlite.viz.score")
        return token.entropy

    return entropy


def _whole_letters(tokens: tuple[ScoredToken, ...]) -> Iterator[list[ScoredToken]]:
    """Tokens by themselves, or as many together as make whole letters."""
    group: list[ScoredToken] = []
    for token in tokens:
        group.append(token)
        if is_whole(b"".join(entry.chosen.bytes for entry in group)) or len(group) == 4:
            yield group
            group = []
    if group:
        yield group


def is_whole(data: bytes) -> bool:
    """Whether it is UTF-8 to its end."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def shown_bytes(data: bytes, *, breaks: bool = False) -> str:
    """As HTML; bytes that are no letters in hexadecimal."""
    if is_whole(data):
        return shown(data.decode(), breaks=breaks)
    result = ""
    for letter in data.decode(errors="surrogateescape"):
        if 0xDC80 <= ord(letter) <= 0xDCFF:
            result += f'<span class="code">\\x{ord(letter) - 0xDC00:02X}</span>'
        else:
            result += shown(letter, breaks=breaks)
    return result


def _group(group: list[ScoredToken], value: Callable[[ScoredToken], float]) -> str:
    """One or more tokens that are one stretch of text."""
    data = b"".join(token.chosen.bytes for token in group)
    # In an order in which NaN counts as the most.
    shade = round(min(_SHADES - 1.0, max(0.0, *map(value, group))))
    text = shown_bytes(data, breaks=True)
    tables = "".join(map(_alternatives, group))
    return f'<span class="t s{shade}" tabindex="0">{text}<span class="alt">{tables}</span></span>'


def _alternatives(token: ScoredToken) -> str:
    """What else there was in a token's place."""
    rows = list(token.likeliest)
    if not any(row.token == token.chosen.token for row in rows):
        rows.append(token.chosen)
    lines = "".join(_row(row, row.token == token.chosen.token) for row in rows)
    unsure = "" if token.entropy is None else f", entropy {token.entropy:.2f} bits"
    return f'<span class="soft">token {token.chosen.token}{unsure}</span><table>{lines}</table>'


def _row(entry: TokenLogprob, chosen: bool) -> str:
    mark = ' class="is"' if chosen else ""
    return (
        f"<tr{mark}><td>{entry.rank}.</td><td>{shown_bytes(entry.bytes) or '∅'}</td>"
        f"<td>{percent(entry.logprob)}</td></tr>"
    )


def percent(logprob: float) -> str:
    """A probability as people read it."""
    share = 100 * math.exp(min(0.0, logprob)) if logprob == logprob else 0.0
    if share < 0.001:
        return "under 0.001 %"
    return f"{share:.1f} %" if share >= 0.1 else f"{share:.1g} %"


def _key(by: str) -> str:
    ends = ("certain", "1 of 256 or less") if by == "probability" else ("sure", "8 bits or more")
    boxes = "".join(f'<i class="s{shade}"></i>' for shade in range(_SHADES))
    return f'<p class="soft key">{ends[0]} {boxes} {ends[1]}</p>'
