"""Curves of what `tlite bench --json` (or llama-bench) and engine_bench print."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import Corrupt, InvalidArgument
from ._page import Chart, shown
from ._plot import colour, drawable, drawn

Rows = Iterable[Mapping[str, Any]]


@dataclass
class _Line:
    name: str
    points: list[tuple[float, float, float]] = field(default_factory=list)
    """x, y, the deviation of y."""


@dataclass
class _Panel:
    """A pair of axes."""

    title: str
    x: str
    y: str
    lines: list[_Line] = field(default_factory=list)

    def add(self, name: str, x: float, y: float, deviation: float = 0.0) -> None:
        line = next((line for line in self.lines if line.name == name), None)
        if line is None:
            line = _Line(name)
            self.lines.append(line)
        line.points.append((x, y, deviation))


def bench(source: str | os.PathLike[str] | Rows, *, title: str | None = None) -> Chart:
    """Throughput and latency of a bench run: a file of JSON, or its rows.

    Understands the array of `tlite bench --json`, which is llama-bench's, and the lines of
    engine_bench ("throughput", "long", "prefix"); other rows are in the table alone. Corrupt for
    what is no such file, naming the row and the field. Needs matplotlib.
    """
    rows = _rows(source)
    panels = [panel for panel in _panels(rows) if panel.lines]
    if not panels:
        raise InvalidArgument("there is no row with a throughput or a latency in it")

    def draw(form: str, dark: bool, narrow: bool) -> bytes:
        columns = 1 if narrow or len(panels) == 1 else 2
        height = math.ceil(len(panels) / columns)
        size = (4.6 if narrow else 4.8 * columns, 3.3 * height)

        def fill(figure: Any) -> None:
            axes = figure.subplots(height, columns, squeeze=False).flat
            for panel, place in zip(panels, axes):
                _fill(place, panel, dark)
            for place in list(axes)[: height * columns - len(panels)]:
                place.set_axis_off()

        return drawn(form, size, dark, fill)

    words = "; ".join(_words(panel) for panel in panels)
    usual = "Speed" if not (model := _model(rows)) else f"Speed of {model}"
    below = f"<details><summary>All {len(rows)} rows</summary>{_table(rows)}</details>"
    return Chart(usual if title is None else title, draw, words, below)


def _fill(axes: Any, panel: _Panel, dark: bool) -> None:
    for place, line in enumerate(panel.lines):
        points = sorted(line.points)
        x, y, deviations = zip(*points)
        axes.errorbar(
            *(x, y),
            yerr=deviations if any(deviations) else None,
            fmt="o-",
            ms=4,
            lw=1.6,
            capsize=2,
            color=colour(place, dark),
            label=drawable(line.name, 32),
        )
    axes.set_title(panel.title, fontsize=10, loc="left", fontweight="bold")
    axes.set_xlabel(panel.x)
    axes.set_ylabel(panel.y)
    axes.set_ylim(bottom=0)
    ticks = sorted({point[0] for line in panel.lines for point in line.points})
    if len(ticks) <= 8:
        if len(ticks) > 2 and ticks[0] > 0 and ticks[-1] > 8 * ticks[0]:
            axes.set_xscale("log", base=2)
            axes.minorticks_off()
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    if len(panel.lines) > 1 or panel.lines[0].name:
        axes.legend(fontsize=8.5)


def _words(panel: _Panel) -> str:
    best = max(point[1] for line in panel.lines for point in line.points)
    return f"{panel.title}: {len(panel.lines)} lines by {panel.x}, at most {best:.4g} {panel.y}"


def _rows(source: str | os.PathLike[str] | Rows) -> list[Mapping[str, Any]]:
    if isinstance(source, (str, os.PathLike)):
        text = Path(source).read_text(encoding="utf-8")
        rows = _parsed(text, os.fspath(source))
    else:
        rows = list(source)
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise Corrupt(f"row {place} of the bench run is {type(row).__name__}, not an object")
    if not rows:
        raise InvalidArgument("the bench run has no rows")
    return rows


def _parsed(text: str, name: str) -> list[Any]:
    """An array, or an object a line."""
    try:
        if text.lstrip().startswith("["):
            whole = json.loads(text)
            return whole if isinstance(whole, list) else [whole]
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (ValueError, RecursionError) as error:
        raise Corrupt(f"{name} is no JSON of a bench run: {error}") from error


def _number(row: Mapping[str, Any], name: str) -> float:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise Corrupt(f"a row of the bench run has {name} {value!r}, which is no number")
    return float(value)


def _panels(rows: list[Mapping[str, Any]]) -> Iterator[_Panel]:
    """What there are curves of."""
    speeds = [row for row in rows if "avg_ts" in row]
    if speeds:
        yield from _of_tests(speeds)
    yield from _of_engine(rows)


_VARIED = (
    *("model_type", "cpu_tier", "n_threads", "type_k"),
    *("n_depth", "n_parallel", "n_prompt", "n_gen"),
)


def _of_tests(rows: list[Mapping[str, Any]]) -> Iterator[_Panel]:
    """llama-bench's rows: prompts apart from answers, along what varies most."""
    for kind, other in (("n_prompt", "n_gen"), ("n_gen", "n_prompt")):
        some = [row for row in rows if row.get(kind) and not row.get(other)]
        if not some:
            continue
        given = {name: {_text(row.get(name)) for row in some if name in row} for name in _VARIED}
        numbers = [kind, "n_depth", "n_parallel", "n_threads"]
        along = max(reversed(numbers), key=lambda name: len(given[name]))
        rest = [name for name in _VARIED if name != along and len(given[name]) > 1]
        what = "Prompt" if kind == "n_prompt" else "Answer"
        speed = _Panel(f"{what}: throughput", _AXES[along], "tokens a second")
        time = _Panel(
            *(f"{what}: latency", _AXES[along]),
            "milliseconds a prompt" if kind == "n_prompt" else "milliseconds a token",
        )
        for row in some:
            name = ", ".join(f"{_NAMES.get(key, '')}{_text(row.get(key))}" for key in rest)
            x, rate = _number(row, along) if along in row else 0.0, _number(row, "avg_ts")
            deviation = _number(row, "stddev_ts") if "stddev_ts" in row else 0.0
            speed.add(name, x, rate, deviation)
            if kind == "n_prompt" and "avg_ns" in row:
                spread = _number(row, "stddev_ns") if "stddev_ns" in row else 0.0
                time.add(name, x, _number(row, "avg_ns") / 1e6, spread / 1e6)
            elif kind == "n_gen" and rate > 0:
                together = _number(row, "n_parallel") if "n_parallel" in row else 1.0
                took = 1000 * together / rate
                time.add(name, x, took, took * deviation / rate)
        yield from (speed, time)


_AXES = {
    "n_prompt": "tokens of the prompt",
    "n_gen": "tokens of the answer",
    "n_depth": "tokens before",
    "n_parallel": "sequences at once",
    "n_threads": "threads",
}
_NAMES = {
    **{"n_depth": "depth ", "n_parallel": "sequences ", "n_prompt": "pp", "n_gen": "tg"},
    **{"n_threads": "threads ", "type_k": "KV "},
}


def _of_engine(rows: list[Mapping[str, Any]]) -> Iterator[_Panel]:
    """engine_bench's lines."""
    speed = _Panel("Engine: throughput", "requests at once", "tokens a second")
    gaps = _Panel("Engine: latency beside a long prompt", "its tokens", "seconds")
    prefix = _Panel("Engine: first token of a prompt", "its tokens", "seconds")
    for row in rows:
        test = row.get("test")
        if test == "throughput":
            speed.add("", _number(row, "parallel"), _number(row, "tokens_per_second"))
        elif test == "long":
            for key, name in _GAPS.items():
                gaps.add(name, _number(row, "prompt"), _number(row, key))
        elif test == "prefix":
            for key, name in (("first", "first time"), ("again", "again")):
                prefix.add(name, _number(row, "prompt"), _number(row, key))
    yield from (speed, gaps, prefix)


_GAPS = {
    "gap_p50": "between tokens, median",
    "gap_p99": "between tokens, 99 %",
    "first_p50": "short prompts' first, median",
    "first_p95": "short prompts' first, 95 %",
}


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _model(rows: list[Mapping[str, Any]]) -> str:
    names = {str(row["model_filename"]) for row in rows if "model_filename" in row}
    return Path(names.pop()).name if len(names) == 1 else ""


def _table(rows: list[Mapping[str, Any]]) -> str:
    """All rows, less what is a list or an object."""
    keys = list(dict.fromkeys(key for row in rows for key in row))
    plain = [key for key in keys if not any(isinstance(row.get(key), (list, dict)) for row in rows)]
    head = "".join(f"<th>{shown(str(key))}</th>" for key in plain)
    lines = ("".join(f"<td>{shown(_text(row.get(key, '')))}</td>" for key in plain) for row in rows)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    table = f"<table><tr>{head}</tr>{body}</table>"
    return f'<div class="wide" tabindex="0">{table}</div>'
