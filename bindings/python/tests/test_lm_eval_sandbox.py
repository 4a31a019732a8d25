"""tlite.lm_eval.sandbox: what passes, what does not, and pass@k."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest
import tlite
from lm_eval_model import TASKS
from tlite.lm_eval import sandbox

sys.path.insert(0, TASKS)


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("assert 1 + 1 == 2", "passed"),
        ("import collections, decimal, json, math, re", "passed"),
        ("print('a' * 10 ** 6)", "passed"),
        ("open('file', 'w').write('text'); assert open('file').read() == 'text'", "passed"),
        ("assert 1 == 2, 'why'", "AssertionError: why"),
        ("def f(:", "SyntaxError"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("import os; os._exit(0)", "killed"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("while True: pass", "timeout"),
        ("import time; time.sleep(60)", "timeout"),
        ("x = bytearray(4 << 30)", "MemoryError"),
        ("x = []\nwhile True: x.append(bytearray(1 << 20))", "MemoryError"),
        ("open('file', 'wb').write(b'x' * (32 << 20))", "OSError: [Errno 27]"),
        ("files = [open('/dev/null') for _ in range(200)]", "OSError: [Errno 24]"),
        ("import numpy", "ModuleNotFoundError"),
        ("input()", "EOFError"),
    ],
)
def test_programs(program: str, reason: str) -> None:
    """Only one that comes to its end has passed."""
    outcome = sandbox.run(program, timeout=5, memory=128 << 20)
    assert outcome.reason.startswith(reason)
    assert outcome.passed == (reason == "passed")


def test_a_program_cannot_say_that_it_passed() -> None:
    """What it writes where the answer is read is not taken for one."""
    forged = "{'secret': '', 'isolated': True, 'error': None}"
    code = f"import os, json\ndata = json.dumps({forged}).encode()\nfor i in range(3, 64):\n"
    code += "    try: os.write(i, data)\n    except OSError: pass\nos._exit(0)"
    assert not sandbox.run(code).passed


def test_a_program_has_nothing_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the environment, and a folder of its own that goes away."""
    monkeypatch.setenv("TLITE_SECRET", "value")
    code = "import os, pathlib\nassert 'TLITE_SECRET' not in os.environ\n"
    code += "assert os.listdir('.') == []\nraise Exception(os.getcwd())"
    reason = sandbox.run(code).reason
    assert reason.startswith("Exception: ")
    assert not Path(reason.removeprefix("Exception: ")).exists()
    assert Path(reason.removeprefix("Exception: ")) != Path.cwd()


def test_what_a_program_starts_ends_with_it(tmp_path: Path) -> None:
    """Also what has left its group, where the kernel gives namespaces."""
    file = tmp_path / "alive"
    code = (
        "import os, time\n"
        "if os.fork() == 0:\n"
        "    os.setsid()\n"
        "    while True:\n"
        f"        open({str(file)!r}, 'a').write('x'); time.sleep(0.05)\n"
        "time.sleep(0.5)\n"
    )
    outcome = sandbox.run(code)
    if os.getuid() == 0 and outcome.isolated:  # others may not even fork
        assert outcome.passed
        size = file.stat().st_size
        assert size
        import time

        time.sleep(0.5)
        assert file.stat().st_size == size
    elif os.getuid() != 0:
        assert outcome.reason.startswith("BlockingIOError")


def test_there_is_no_network_where_it_says_so() -> None:
    """Not even this machine's own."""
    code = (
        "import socket\nserver = socket.socket()\n"
        "socket.create_connection(('192.0.2.1', 9), timeout=30)"
    )
    outcome = sandbox.run(code)
    if outcome.isolated:
        assert "Network is unreachable" in outcome.reason


@pytest.mark.parametrize("name", ["timeout", "memory", "file_size"])
def test_bad_limits_are_named(name: str) -> None:
    """Which must be above 0."""
    with pytest.raises(tlite.InvalidArgument, match=f"{name} is 0"):
        sandbox.run("pass", **{name: 0})  # type: ignore[arg-type]


def test_the_estimate_is_the_share_of_draws() -> None:
    """Counted over all ways to take k of the samples."""
    for samples in range(1, 7):
        for correct in range(samples + 1):
            right = [i < correct for i in range(samples)]
            for k in range(1, samples + 1):
                draws = list(itertools.combinations(right, k))
                share = sum(map(any, draws)) / len(draws)
                assert sandbox.estimate(samples, correct, k) == pytest.approx(share, abs=1e-12)
    with pytest.raises(tlite.InvalidArgument, match="k is 3"):
        sandbox.estimate(2, 1, 3)
    with pytest.raises(tlite.InvalidArgument, match="correct is 3"):
        sandbox.estimate(2, 3, 1)


def test_pass_at_k() -> None:
    """Over two problems, one of which half of the programs solve."""
    right, wrong = "def f(): return 1", "def f(): return 2"
    result = sandbox.pass_at_k(
        ["assert f() == 1", "assert f() == 3"], [[right, wrong], [right, wrong]], k=[1, 2]
    )
    assert result == {"pass@1": 0.25, "pass@2": 0.5}
    with pytest.raises(tlite.InvalidArgument, match="1 references for 2 predictions"):
        sandbox.pass_at_k(["pass"], [[right], [right]])


@pytest.mark.filterwarnings("ignore")
def test_the_tasks_own_solutions_pass() -> None:
    """Through the filters of the tasks."""
    import tlite_data

    rows = tlite_data.rows("programs")
    tests = [tlite_data.tests(row) for row in rows]
    answers = [[f"{row['code']}\n```"] for row in rows]
    blocks = tlite_data.code_blocks(answers, rows)
    blocks = [[program.removesuffix("```") for program in programs] for programs in blocks]
    assert tlite_data.pass_at_k(tests, blocks, [1]) == {"pass@1": 1.0}
    whole = tlite_data.completions([[row["canonical_solution"]] for row in rows], rows)
    assert tlite_data.pass_at_k(tests, whole, [1]) == {"pass@1": 1.0}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Ответ: $\\boxed{-3}$.", 1.0),
        ("\\boxed{7}, нет, \\boxed{ -3 }", 1.0),
        ("\\boxed{3}", 0.0),
        ("-3", 0.0),
        ("\\boxed{-3", 0.0),
    ],
)
def test_boxed_answers(answer: str, right: float) -> None:
    """The last box counts."""
    import tlite_data

    assert tlite_data.math_results({"answer": "-3"}, [answer]) == {"exact_match": right}
    assert tlite_data.boxed("\\boxed{\\frac{1}{2}}") == "\\frac{1}{2}"
