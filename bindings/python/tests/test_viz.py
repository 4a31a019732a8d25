"""tlite.viz: what is shown is right, is readable, and runs nothing. Chromium is the judge."""

from __future__ import annotations

import dataclasses
import html
import html.parser
import json
import math
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import tlite
import tlite.viz
from conftest import DEMO, ROOT, who
from tlite import TokenLogprob
from tlite.viz import Scored, ScoredToken

HOSTILE = [
    "<script>top.owned=1</script>",
    '"><img src=x onerror="top.owned=1">',
    "'><svg onload=top.owned=1>",
    "</style><script>top.owned=1</script>",
    '</span></div></iframe><iframe srcdoc="<script>top.owned=1</script>">',
    '<a href="javascript:top.owned=1">',
    "<\0script>top.owned=1</script>",
    "<!--",
    "&lt;script&gt;",
    "\u202eвпередзадом",
    "$\\frac{1}{",
    "\x1b[31m\r\n\t\u2028\ufeff",
]


def token(text: str | bytes, logprob: float = -0.5, rank: int = 1) -> TokenLogprob:
    """One that stands for a text."""
    data = text.encode() if isinstance(text, str) else text
    return TokenLogprob(7, logprob, rank, data)


def hostile_scores() -> Scored:
    """Every such text as token and as alternative; and half a tag in bytes that are no letters."""
    texts = [
        *map(str.encode, HOSTILE),
        b"<\xffscript>",
        b"<img src=x \xe2\x80 onerror=top.owned=1>",
    ]
    others = tuple(map(token, texts))
    return Scored(
        tuple(ScoredToken(token(text, -3.0), others, 1.5) for text in texts), b"".join(texts)
    )


class Collector(html.parser.HTMLParser):
    """The elements of a page, their classes and their text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.classes: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element."""
        self.tags.append(tag)
        self.classes.append(dict(attrs).get("class") or "")

    def handle_data(self, data: str) -> None:
        """Text between elements."""
        self.text += data


# ---- Scores.


def test_scores_are_those_of_the_engine(model: tlite.Model, engine: tlite.Engine) -> None:
    """The engine's prompt_logprobs, which are made in C++."""
    text = "Я маленькая модель, и это предложение длиннее шестидесяти четырёх токенов. " * 4
    scored = tlite.viz.score(model, text, top=3)
    params = tlite.SamplingParams(max_new_tokens=0)
    theirs = engine.map([text], sampling=params, prompt_logprobs=3)[0]
    assert theirs.prompt_logprobs is not None and theirs.prompt_top_logprobs is not None
    assert len(scored.tokens) == len(theirs.prompt_logprobs) > 64
    assert scored.before == model.tokenizer.token_bytes(model.tokenizer.encode(text)[0])
    for mine, chosen, top in zip(
        scored.tokens, theirs.prompt_logprobs, theirs.prompt_top_logprobs, strict=True
    ):
        assert mine.chosen[:1] + mine.chosen[2:] == chosen[:1] + chosen[2:]
        assert abs(mine.chosen.logprob - chosen.logprob) < 1e-4
        assert [entry.token for entry in mine.likeliest] == [entry.token for entry in top[:3]]
    of = tlite.viz.of(theirs)
    assert [t.chosen for t in of.tokens] == list(theirs.prompt_logprobs)


def test_entropies_are_exact(model: tlite.Model) -> None:
    """From all probabilities, by their definition."""
    scored = tlite.viz.score(model, "мир", prompt="Привет, ", top=0)
    ids = model.tokenizer.encode("Привет, ")
    with tlite.Evaluator(model, context=64) as evaluator:
        sequence = evaluator.create_sequence()
        evaluator.append(sequence, ids)
        logits = evaluator.logits(copy=True)[0].tolist()
    total = math.fsum(math.exp(x - max(logits)) for x in logits)
    shares = [math.exp(x - max(logits)) / total for x in logits]
    expected = -math.fsum(share * math.log2(share) for share in shares if share > 0)
    assert scored.tokens[0].entropy == pytest.approx(expected, abs=1e-6)
    assert scored.tokens[0].likeliest == () and scored.before.decode() == "Привет, "


def test_bad_scores(model: tlite.Model, greedy: tlite.SamplingParams) -> None:
    """What cannot be meant is named."""
    with pytest.raises(tlite.InvalidArgument, match="text has no token"):
        tlite.viz.score(model, "")
    with pytest.raises(tlite.InvalidArgument, match="top is 65"):
        tlite.viz.score(model, "Да, да", top=65)
    with pytest.raises(TypeError, match="prompt"):
        tlite.viz.score(model, "Да", prompt=3)  # type: ignore[arg-type]
    answer = tlite.Session(model, sampling=greedy).chat("Кто ты?")
    with pytest.raises(tlite.InvalidArgument, match="logprobs=5"):
        tlite.viz.heat_map(answer)
    with pytest.raises(TypeError, match="str"):
        tlite.viz.of("text")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="dict"):
        tlite.viz.heat_map({})  # type: ignore[arg-type]
    with pytest.raises(tlite.InvalidArgument, match="by is 'colour'"):
        tlite.viz.heat_map(hostile_scores(), by="colour")
    with pytest.raises(tlite.InvalidArgument, match="no entropies"):
        tlite.viz.heat_map(Scored((ScoredToken(token("а")),)), by="entropy")


# ---- Heat maps.


def test_a_heat_map(model: tlite.Model, greedy: tlite.SamplingParams) -> None:
    """Every token has its shade, and its alternatives with their probabilities."""
    session = tlite.Session(model, sampling=greedy.replace(logprobs=4))
    answer = session.chat("Кто ты?")
    page = Collector(tlite.viz.heat_map(answer, title="Ответ").html())
    assert answer.top_logprobs is not None and answer.logprobs is not None
    shown = [name for name in page.classes if name.startswith("t s")]
    assert len(shown) == len(answer.tokens) and set(shown) == {"t s0"}
    best = answer.top_logprobs[0][0]
    assert f"{100 * math.exp(best.logprob):.1f} %" in page.text
    assert page.tags.count("tr") == 4 * len(answer.tokens)
    assert "Ответ" in page.text and page.tags.count("script") == 0


@pytest.mark.parametrize(
    ("logprob", "shade"),
    [
        (0.0, 0),
        (-math.log(2), 1),
        (-math.log(16), 4),
        (-math.log(256), 8),
        (-math.inf, 8),
        (-50, 8),
    ],
)
def test_shades_are_bits(logprob: float, shade: int) -> None:
    """Half as likely is a shade more."""
    page = tlite.viz.heat_map(Scored((ScoredToken(token("да", logprob)),))).html()
    assert f'class="t s{shade}"' in page


def test_letters_of_several_tokens() -> None:
    """Are shown as one; bytes that never become letters as numbers."""
    parts = ["я".encode()[:1], "я".encode()[1:], b"\xff", b"z"]
    page = Collector(tlite.viz.heat_map(Scored(tuple(ScoredToken(token(p)) for p in parts)))._body)
    assert "я" in page.text and "\\xFF" in page.text
    assert page.classes.count("t s1") == 2  # the letter, then what is no letter with what follows


def test_what_cannot_be_seen_is_named() -> None:
    """Line ends, and letters that turn the text around them."""
    page = tlite.viz.heat_map(Scored((ScoredToken(token("a\n\u202eb\0\t")),))).html()
    for name in ("↵", "U+202E", "U+0000", "⇥"):
        assert name in page
    assert "\u202e" not in page and "\0" not in page


# ---- Notebooks.


def test_a_generation_in_a_notebook(model: tlite.Model, greedy: tlite.SamplingParams) -> None:
    """With log probabilities and without."""
    answer = tlite.Session(model, sampling=greedy).chat("Кто ты?")
    shown = Collector(answer._repr_html_())
    assert answer.text in shown.text and "end_of_text" in shown.text
    assert "7 tokens" in shown.text
    scored = tlite.Session(model, sampling=greedy.replace(logprobs=2)).chat("Кто ты?")
    assert "t s0" in Collector(scored._repr_html_()).classes
    embedded = tlite.Engine(model, context=1024).map([who()], pooling="mean")[0]
    assert f"{model.info.hidden_size} numbers" in embedded._repr_html_()


def test_what_is_imported() -> None:
    """`import tlite` loads none of it, and a heat map no matplotlib."""
    program = (
        "import sys, tlite\nassert 'tlite.viz' not in sys.modules\nimport tlite.viz\n"
        "tlite.viz.heat_map(tlite.viz.Scored(()))\n"
        "assert not {'matplotlib', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_without_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence that says what to install."""
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(tlite.NotSupported, match=r"pip install tlite\[viz\]"):
        tlite.viz.bench(ENGINE)


# ---- Curves.

ENGINE: list[dict[str, Any]] = [
    *({"test": "throughput", "parallel": n, "tokens_per_second": 90.0 * n} for n in (1, 4, 16)),
    *(
        {
            "test": "long",
            "prompt": n,
            "gap_p50": 0.1,
            "gap_p99": 0.2,
            "first_p50": 1,
            "first_p95": 2,
        }
        for n in (1024, 4096)
    ),
    {"test": "prefix", "prompt": 2048, "first": 1.5, "again": 0.1, "ratio": 15.0},
    {"test": "scores", "prompt": 2048, "plain_per_second": 3.0},
]


def test_a_bench_run(tmp_path: Path) -> None:
    """Of the command and of engine_bench, as PNG and as HTML."""
    pytest.importorskip("matplotlib")
    command = ROOT / "build-release/examples/cli/tlite"
    if not command.exists():
        pytest.skip("the command is not built here")
    run = [
        str(command),
        "bench",
        str(DEMO),
        "-p",
        "8,16",
        "-n",
        "4",
        "-b",
        "1,2",
        "-r",
        "2",
        "--json",
    ]
    file = tmp_path / "bench.json"
    file.write_bytes(subprocess.run(run, check=True, stdout=subprocess.PIPE).stdout)
    chart = tlite.viz.bench(file)
    page = chart.html()
    for words in ("Prompt: throughput", "Prompt: latency", "Answer: throughput", "Answer: latency"):
        assert words in page
    rows = json.loads(file.read_text())
    assert Collector(page).tags.count("tr") == 1 + len(rows)
    assert f"{rows[0]['avg_ts']:g}" in page
    chart.save(tmp_path / "bench.png")
    chart.save(tmp_path / "bench.html")
    assert (tmp_path / "bench.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    lines = tmp_path / "engine.jsonl"
    lines.write_text("\n".join(map(json.dumps, ENGINE)) + "\n", encoding="utf-8")
    assert tlite.viz.bench(lines).html() == tlite.viz.bench(ENGINE).html()
    assert tlite.viz.bench(ENGINE).png(dark=True) != tlite.viz.bench(ENGINE).png()


def test_a_curve_goes_through_its_points() -> None:
    """By the numbers that matplotlib is given: speeds, and times from them."""
    pytest.importorskip("matplotlib")
    from tlite.viz._bench import _panels

    rows: list[Mapping[str, Any]] = [
        {"n_prompt": 0, "n_gen": 32, "n_depth": 0, "n_parallel": n, "avg_ts": 20.0 * n**0.5}
        for n in (1, 4)
    ]
    speed, time, *_ = (panel for panel in _panels(rows))
    assert speed.x == "sequences at once"
    assert speed.lines[0].points == [(1, 20.0, 0), (4, 40.0, 0)]
    assert time.lines[0].points == [(1, 50.0, 0), (4, 100.0, 0)]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "no rows"),
        ("[]", "no rows"),
        ("{", "no JSON"),
        ("[" * 100000, "no JSON"),
        ("[3]", "row 0 .* int"),
        ('[{"n_prompt": 3, "avg_ts": "x"}]', "avg_ts 'x'"),
        ('[{"n_prompt": 3, "avg_ts": NaN}]', "avg_ts nan"),
        ('[{"n_prompt": {"a": 1}, "avg_ts": 3}]', "n_prompt"),
        ('{"test": "throughput", "parallel": 3}', "tokens_per_second None"),
        ('{"test": "scores"}', "no row with a throughput"),
    ],
)
def test_bad_bench_runs(tmp_path: Path, text: str, match: str) -> None:
    """The row and the field are named."""
    pytest.importorskip("matplotlib")
    file = tmp_path / "bench.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises((tlite.Corrupt, tlite.InvalidArgument), match=match):
        tlite.viz.bench(file)


def test_an_entropy_chart(model: tlite.Model, tmp_path: Path) -> None:
    """Short texts have their tokens at the axis; all have the text below."""
    pytest.importorskip("matplotlib")
    scored = tlite.viz.score(model, "Привет, мир!", prompt="\n")
    chart = tlite.viz.entropy(scored)
    mean = sum(t.entropy or 0 for t in scored.tokens) / len(scored.tokens)
    assert f"mean {mean:.2f}" in chart.html()
    chart.save(tmp_path / "a.PNG")
    for wrong in ("a.svg", "a"):
        with pytest.raises(tlite.InvalidArgument, match=r"\.png or \.html"):
            chart.save(tmp_path / wrong)
    with pytest.raises(tlite.InvalidArgument, match=r"\.html"):
        tlite.viz.heat_map(scored).save(tmp_path / "a.png")
    with pytest.raises(tlite.InvalidArgument, match=r"tlite\.viz\.score"):
        tlite.viz.entropy(Scored((ScoredToken(token("a")),)))
    with pytest.raises(TypeError, match="int"):
        tlite.viz.entropy(3)  # type: ignore[arg-type]


# ---- In a browser.


def hostile_pages() -> dict[str, tlite.viz.Page]:
    """Everything that can be shown, made of hostile text."""
    scores = hostile_scores()
    rows = [
        {"model_filename": text, "model_type": text, "n_prompt": 8, "n_gen": 0, text: text}
        | {"avg_ts": 3.0, "cpu_tier": str(place)}
        for place, text in enumerate(HOSTILE)
    ]
    every = "".join(HOSTILE)
    return {
        "heat": tlite.viz.heat_map(scores, title=every),
        "entropies": tlite.viz.heat_map(scores, by="entropy"),
        "entropy": tlite.viz.entropy(scores, title=every),
        "bench": tlite.viz.bench(rows, title=every),
        "bench of one": tlite.viz.bench(rows[:1]),
    }


def hostile_generations(model: tlite.Model) -> dict[str, str]:
    """Answers of hostile text, as a notebook shows them."""
    answer = tlite.Engine(model, context=1024).map([who()])[0]
    every = "".join(HOSTILE)
    plain = dataclasses.replace(answer, text=every, stop_string=every, finish_reason=every)
    scores = hostile_scores().tokens
    scored = dataclasses.replace(
        plain,
        logprobs=tuple(t.chosen for t in scores),
        top_logprobs=tuple(t.likeliest for t in scores),
    )
    return {"answer": plain._repr_html_(), "scored": scored._repr_html_()}


JUDGE = """
<!doctype html><meta charset="utf-8"><title>waiting</title><body><script>
const pages = Object.entries(PAGES), seen = {};
// One at a time: they all would set the same variable.
function next() {
  if (!pages.length) {
    const out = document.createElement("pre");
    out.textContent = JSON.stringify(seen);
    document.body.replaceChildren(out);
    return;
  }
  const [name, page] = pages.shift();
  const frame = document.createElement("iframe");
  window.owned = 0; frame.width = 360; frame.height = 600; frame.srcdoc = page;
  frame.onload = () => setTimeout(() => {
    const inner = frame.contentDocument, all = [...inner.querySelectorAll("*")];
    const named = words => all.filter(e => words.test(e.localName)).length;
    seen[name] = {
      owned: window.owned === 1, width: inner.documentElement.scrollWidth,
      scripts: named(/^(script|iframe|object|embed|svg|a)$/i),
      handlers: all.filter(e => [...e.attributes].some(a => /^on|^href$/i.test(a.name))).length,
      broken: [...inner.images].filter(i => !i.complete || !i.naturalWidth).length,
      letters: inner.body.textContent.length};
    frame.remove(); next();
  }, 500);
  document.body.append(frame);
}
next();
</script>
"""


def judged(pages: dict[str, str], folder: Path) -> dict[str, Any]:
    """What a browser makes of pages, each in a frame as wide as a phone."""
    chromium = shutil.which("chromium") or ""
    if not chromium:
        pytest.skip("there is no chromium")
    file = folder / "judge.html"
    given = json.dumps(pages).replace("<", "\\u003c")
    file.write_text(JUDGE.replace("PAGES", given), encoding="utf-8")
    run: list[str] = [
        *(chromium, "--headless=new", "--no-sandbox", "--disable-gpu"),
        *(f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=30000"),
        *("--dump-dom", file.as_uri()),
    ]
    # A sanitizer's runtime that this process has loaded is not the browser's.
    clean = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    dom = subprocess.run(
        run, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=clean
    )
    text = Collector(dom.stdout.decode()).text
    seen: dict[str, Any] = json.loads(text[text.index('{"') : text.rindex("}") + 1])
    return seen


def test_hostile_text_runs_nothing(model: tlite.Model, tmp_path: Path) -> None:
    """Neither in a document of its own, nor in a notebook, where no policy forbids it."""
    pytest.importorskip("matplotlib")
    pages = {name: page.html() for name, page in hostile_pages().items()}
    pages |= {
        f"{name}, in a notebook": page._repr_html_() for name, page in hostile_pages().items()
    }
    pages |= hostile_generations(model)
    # That the judge sees what does run.
    wrong = {f"wrong {place}": "<p>" + HOSTILE[place] for place in (0, 1, 2)}
    seen = judged(wrong | pages, tmp_path)
    assert [seen.pop(name)["owned"] for name in wrong] == [True, True, True]
    assert len(seen) == len(pages)
    for name, found in seen.items():
        assert not found["owned"], name
        assert (found["scripts"], found["handlers"], found["broken"]) == (0, 0, 0), name
        assert found["letters"] > 100, name


def test_pages_fit_a_phone(model: tlite.Model, tmp_path: Path) -> None:
    """Nothing is wider than the screen; tables and long words scroll or break by themselves."""
    pytest.importorskip("matplotlib")
    text = "Длинный_" * 30 + " и обычный текст, который переносится по словам. " * 4
    scored = tlite.viz.score(model, text, prompt="\n")
    pages = {
        "heat": tlite.viz.heat_map(scored).html(),
        "entropy": tlite.viz.entropy(scored).html(),
        "bench": tlite.viz.bench(ENGINE).html(),
    }
    for name, found in judged(pages, tmp_path).items():
        assert found["width"] <= 360, name
        assert found["broken"] == 0, name


def test_pictures_are_well_formed() -> None:
    """Of every theme and width, whatever the names are."""
    pytest.importorskip("matplotlib")
    for page in hostile_pages().values():
        if isinstance(page, tlite.viz.Chart):
            for dark in (False, True):
                for narrow in (False, True):
                    svg = page._draw("svg", dark, narrow)
                    tree = xml.etree.ElementTree.fromstring(svg)
                    names = {element.tag.rsplit("}", 1)[-1] for element in tree.iter()}
                    assert "script" not in names and "foreignObject" not in names
