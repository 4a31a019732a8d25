"""Programs that a model wrote, run apart; and pass@k of their tests.

    outcome = run("assert 1 + 1 == 2")
    pass_at_k(references=[tests], predictions=[[program, ...]], k=[1, 5])

What a program meets: a process of its own in an empty folder that is removed, no environment
variables, no standard streams, no module but those of the interpreter; limits of time, processor
time, memory, file size and open files; no further process or thread, unless root runs it, whom the
kernel does not limit so. Where the kernel lets a process shut itself off (user namespaces), it has
no network and sees no other process, which `Outcome.isolated` tells, and what it starts ends with
it. When its time is over, it and all of its group are killed.

It is no prison: a program reads and writes what the user who started it may. Run what you do not
trust in a container, as the harness asks for by --confirm_run_unsafe_code. Linux alone.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import InvalidArgument, NotSupported

_CHILD = Path(__file__).with_name("_sandbox_child.py")


class Outcome(NamedTuple):
    """What became of a program."""

    passed: bool
    """It ran to its end: sys.exit and os._exit are none."""
    reason: str
    """"passed", "timeout", "killed" (by a limit, or by itself), or its exception."""
    isolated: bool
    """It had no network; False also where it did not come to say so."""


def run(
    program: str,
    *,
    timeout: float = 5.0,
    memory: int = 1 << 30,
    file_size: int = 16 << 20,
) -> Outcome:
    """Runs a program of Python; `timeout` in seconds, `memory` and `file_size` in bytes.

    InvalidArgument for what is not above 0; NotSupported elsewhere than on Linux.
    """
    if not sys.platform.startswith("linux"):
        raise NotSupported(f"the sandbox needs Linux, and this is {sys.platform}")
    for name, value in (("timeout", timeout), ("memory", memory), ("file_size", file_size)):
        if not value > 0:
            raise InvalidArgument(f"{name} is {value!r}, and must be above 0")
    secret = secrets.token_hex(16)  # which a program that ends early cannot tell
    reading, writing = os.pipe()
    try:
        given = dict(
            program=program,
            secret=secret,
            answer=writing,
            seconds=math.ceil(timeout),
            memory=int(memory),
            file_size=int(file_size),
        )
        with tempfile.TemporaryDirectory(prefix="tlite-sandbox-") as folder:
            timed_out = _run(json.dumps(given).encode(), folder, writing, timeout)
        os.close(writing)
        writing = -1
        return _outcome(_all_of(reading), secret, timed_out)
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)


def _run(given: bytes, folder: str, writing: int, timeout: float) -> bool:
    """Whether its time was over."""
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", str(_CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={"HOME": folder, "TMPDIR": folder, "LANG": "C.UTF-8"},
        pass_fds=[writing],
        start_new_session=True,
    )
    try:
        process.communicate(given, timeout=timeout)
    except subprocess.TimeoutExpired:
        return True
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return False


def _all_of(reading: int) -> bytes:
    """What there is: nobody writes any more."""
    os.set_blocking(reading, False)
    data = b""
    with contextlib.suppress(BlockingIOError):
        while part := os.read(reading, 65536):
            data += part
    return data


def _outcome(data: bytes, secret: str, timed_out: bool) -> Outcome:
    try:
        answer = json.loads(data)
        known = isinstance(answer, dict) and answer.get("secret") == secret
    except ValueError:
        known = False
    if timed_out or not known:
        return Outcome(False, "timeout" if timed_out else "killed", False)
    error = answer["error"]
    return Outcome(error is None, error or "passed", bool(answer["isolated"]))


def estimate(samples: int, correct: int, k: int) -> float:
    """The chance that one of k of the samples is right: 1 - C(n - c, k) / C(n, k).

    M. Chen et al., Evaluating Large Language Models Trained on Code, 2021, equation 1.
    """
    if not 0 < k <= samples:
        raise InvalidArgument(f"k is {k}, and there are {samples} samples")
    if not 0 <= correct <= samples:
        raise InvalidArgument(f"correct is {correct}, and there are {samples} samples")
    return 1.0 - math.comb(samples - correct, k) / math.comb(samples, k)


def pass_at_k(
    references: Sequence[str],
    predictions: Sequence[Sequence[str]],
    k: Sequence[int] | int = (1,),
    *,
    timeout: float = 5.0,
) -> dict[str, float]:
    """{"pass@1": ..., ...}, means over problems.

    A problem has its tests (`references`) and programs (`predictions`), each of which is run with
    the tests behind it.
    """
    if len(references) != len(predictions):
        raise InvalidArgument(f"{len(references)} references for {len(predictions)} predictions")
    wanted = [k] if isinstance(k, int) else list(k)
    work = [
        (place, f"{program}\n\n{tests}\n")
        for place, (tests, programs) in enumerate(zip(references, predictions))
        for program in programs
    ]

    def passed(entry: tuple[int, str]) -> tuple[int, bool]:
        return entry[0], run(entry[1], timeout=timeout).passed

    correct = [0] * len(references)
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for place, right in pool.map(passed, work):
            correct[place] += right
    result: dict[str, Any] = {}
    for count in wanted:
        each = [
            estimate(len(programs), right, count) for programs, right in zip(predictions, correct)
        ]
        result[f"pass@{count}"] = math.fsum(each) / len(each) if each else 0.0
    return result
