"""What happens to the process: Ctrl-C, fork, the interpreter's end, threads that cross."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tlite
from conftest import ANSWER, DEMO, who


@pytest.fixture(autouse=True)
def interrupts() -> Iterator[None]:
    """Ctrl-C is heard: a shell's background jobs, and what runs in them, are made to ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def run(code: str, *arguments: object, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """A program of its own, which must end by itself."""
    head = "import os, signal, sys, threading, time, warnings\nimport tlite\n"
    return subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", head + textwrap.dedent(code)]
        + [str(argument) for argument in arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
    )


def interrupt_when(ready: object) -> threading.Thread:
    """Sends Ctrl-C to this process once `ready` says so."""

    def wait() -> None:
        while not ready():  # type: ignore[operator]
            time.sleep(0.005)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_keyboard_interrupt_stops_a_prompt(slow_path: Path) -> None:
    """Of a session, which is free again while the exception is looked at."""
    model = tlite.Model(slow_path)
    params = tlite.SamplingParams(max_new_tokens=1)
    session = tlite.Session(model, context=4096, max_batch_rows=64, sampling=params)
    thread = interrupt_when(lambda: session.prefill_progress[0] > 0)
    try:
        for _ in session.complete([5] * 4000):
            raise AssertionError
    except KeyboardInterrupt:
        done, total = session.prefill_progress
        assert 0 < done < total
        session.reset()
        assert session.complete([5] * 10).run().finish_reason == "length"
    else:
        raise AssertionError
    thread.join()


def test_keyboard_interrupt_stops_an_engine(slow_path: Path) -> None:
    """And what it was working on."""
    engine = tlite.Engine(tlite.Model(slow_path), context=8192)
    thread = interrupt_when(lambda: engine.status.running > 0)
    with pytest.raises(KeyboardInterrupt):
        engine.map([[5] * 3000, [6] * 3000])
    thread.join()
    engine.run()
    assert (engine.status.running, engine.status.waiting) == (0, 0)


def test_keyboard_interrupt_stops_a_beam_search(slow_path: Path) -> None:
    """In the prompt, which takes seconds; the engine is as before."""
    engine = tlite.Engine(tlite.Model(slow_path), context=4096)
    thread = interrupt_when(lambda: engine.status.running > 0)
    with pytest.raises(KeyboardInterrupt):
        tlite.beam_search(engine, [5] * 4000, max_new_tokens=4)
    thread.join()
    assert engine.status.running == 0 and engine.status.cached_tokens < 4000
    assert tlite.beam_search(engine, [1, 2, 3], max_new_tokens=2, beam_width=2)


def test_keyboard_interrupt_stops_a_batch(slow_path: Path) -> None:
    """And takes it back."""
    evaluator = tlite.Evaluator(tlite.Model(slow_path), context=4096)
    sequence = evaluator.create_sequence()
    begun = time.monotonic()
    thread = interrupt_when(lambda: time.monotonic() > begun + 0.1)
    with pytest.raises(KeyboardInterrupt):
        evaluator.append(sequence, [5] * 4000)
    thread.join()
    assert evaluator.length(sequence) == 0
    evaluator.append(sequence, [5])


def test_keyboard_interrupt_stops_a_load(slow_path: Path, tmp_path: Path) -> None:
    """And a file that was being written; there is no trace of it."""
    target = tmp_path / "x.gguf"
    begun = time.monotonic()
    thread = interrupt_when(lambda: time.monotonic() > begun + 0.05)
    with pytest.raises(KeyboardInterrupt):
        tlite.quantize(slow_path, target, "q4_k_m")
    thread.join()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.run knows Ctrl-C from 3.11 on")
def test_keyboard_interrupt_in_an_event_loop(slow_path: Path) -> None:
    """Cancels the task, and with it the request."""
    import asyncio

    engine = tlite.Engine(tlite.Model(slow_path), context=8192)
    thread = interrupt_when(lambda: engine.status.running > 0)
    with pytest.raises(KeyboardInterrupt):
        asyncio.run(engine.generate([5] * 6000))
    thread.join()
    engine.run()
    assert engine.status.running == 0


def test_a_child_of_fork() -> None:
    """Goes on with models, makes what computes anew, and finds the parent's closed."""
    done = run(
        f"""
        model = tlite.Model({str(DEMO)!r})
        params = tlite.SamplingParams(temperature=0)
        session = tlite.Session(model, sampling=params)
        engine = tlite.Engine(model, context=512)
        say = lambda what: os.write(1, f"{{what}}\\n".encode())
        say(session.chat("Кто ты?"))
        warnings.simplefilter("ignore")  # from 3.12 on: the interpreter warns of threads
        child = os.fork()
        for use in (lambda: session.count_prompt_tokens(), lambda: engine.submit("a")):
            try:
                use()
            except tlite.BadState as error:
                say(error)
        say(tlite.Session(model, sampling=params).chat("Кто ты?"))
        if child == 0:
            sys.exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )
    assert done.stderr == "" and done.returncode == 0
    assert sorted(done.stdout.splitlines()) == sorted(
        [
            *([ANSWER] * 3),
            "0",
            "this Session is of the parent process: make one after fork()",
            "this Engine is of the parent process: make one after fork()",
        ]
    )


def test_a_fork_in_the_middle(slow_path: Path, tmp_path: Path) -> None:
    """Of another thread's computation: the child gets errors, and ends; the parent goes on."""
    done = run(
        """
        model = tlite.Model(sys.argv[1])
        session = tlite.Session(model)
        target = os.path.join(sys.argv[2], "x.gguf")
        thread = threading.Thread(target=lambda: tlite.quantize(sys.argv[1], target, "q4_k_m"))
        thread.start()
        while not os.listdir(sys.argv[2]):
            time.sleep(0.001)
        child = os.fork()
        if child == 0:
            for use in (lambda: session.reset(), lambda: tlite.Session(model),
                        lambda: model.info, lambda: tlite.Model(sys.argv[1])):
                try:
                    print(use())
                except tlite.BadState as error:
                    print(str(error)[:40])
            sys.exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        thread.join()
        print(tlite.Model.inspect(target).weight_type)
        """,
        *(slow_path, tmp_path),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "this Session is of the parent process: m",
        *["this process was forked while another th"] * 3,
        "0",
        "q4_k",
    ]


@pytest.mark.parametrize(
    "work",
    [
        "list(session.complete([5] * 3000))",
        "evaluator.append(0, [5] * 3000)",
        "engine.map([[5] * 3000] * 4)",
        "asyncio.run(engine.generate([5] * 3000))",
        "tlite.quantize(sys.argv[1], os.path.join(sys.argv[2], 'x.gguf'), 'q4_k_m')",
    ],
)
def test_the_interpreter_ends_while_a_daemon_computes(
    slow_path: Path, tmp_path: Path, work: str
) -> None:
    """Without a crash, and without a word."""
    done = run(
        f"""
        import asyncio
        model = tlite.Model(sys.argv[1])
        session = tlite.Session(model, context=4096)
        engine = tlite.Engine(model, context=8192)
        evaluator = tlite.Evaluator(model, context=4096)
        evaluator.create_sequence()
        def compute():
            try:
                {work}
            except (tlite.Error, RuntimeError):
                pass
        threading.Thread(target=compute, daemon=True).start()
        time.sleep(0.3)
        """,
        *(slow_path, tmp_path),
    )
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_the_interpreter_ends_with_open_objects() -> None:
    """In cycles and globals, with a stream in its middle."""
    done = run(
        f"""
        model = tlite.Model({str(DEMO)!r})
        session = tlite.Session(model)
        stream = session.stream("Кто ты?")
        next(stream)
        engine = tlite.Engine(model)
        request = engine.stream("a")
        next(request)
        cycle = [session, engine]
        cycle.append(cycle)
        """
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_full_disk(tmp_path: Path) -> None:
    """Costs caches, and a warning; a file that was asked for is an error and leaves no trace.

    The package has nothing to unpack: its library is loaded from where pip put it.
    """
    done = run(
        """
        import logging, resource
        demo, folder = sys.argv[1:]
        logging.basicConfig(stream=sys.stdout, format="%(levelname)s")
        sys.pycache_prefix = folder
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file has a byte any more
        from tlite.vllm import LLM, SamplingParams
        llm = LLM(demo, dtype="bfloat16", packed_cache=folder)
        params = SamplingParams(temperature=0, ignore_eos=True)
        once = llm.generate("Кто ты?", params, use_tqdm=False)
        print(len(once[0].outputs[0].token_ids))
        target = os.path.join(folder, "x.gguf")
        model = tlite.Model(demo)
        for write in (lambda: tlite.quantize(demo, target, "q8_0", progress=False),
                      lambda: tlite.measure_importance(model, [5] * 64, target, chunk=32)):
            try:
                write()
            except tlite.InputOutput as error:
                print(isinstance(error, OSError), target in str(error))
        print([name for _, _, names in os.walk(folder) for name in names])
        """,
        *(DEMO, tmp_path),
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["WARNING", "16", "True True", "True True", "[]"]


def test_closing_under_another_thread(model: tlite.Model) -> None:
    """What it is in the middle of goes to its end or gets BadState; nothing crashes."""
    for _ in range(20):
        session = tlite.Session(model, sampling=tlite.SamplingParams(max_new_tokens=200))
        engine = tlite.Engine(model, context=512)
        evaluator = tlite.Evaluator(model, context=512)
        sequence = evaluator.create_sequence()

        def chat(session: tlite.Session = session) -> None:
            session.complete("Привет").run()

        def ask(engine: tlite.Engine = engine) -> None:
            engine.map(["Привет"] * 3)

        def evaluate(evaluator: tlite.Evaluator = evaluator, sequence: int = sequence) -> None:
            for _ in range(50):
                evaluator.append(sequence, [5])

        errors: list[BaseException] = []

        def guarded(work: object, errors: list[BaseException] = errors) -> None:
            try:
                work()  # type: ignore[operator]
            except tlite.BadState:
                pass
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=guarded, args=(w,)) for w in (chat, ask, evaluate)]
        for thread in threads:
            thread.start()
        time.sleep(0.005)
        for thing in (session, engine, evaluator):
            thing.close()
        for thread in threads:
            thread.join(60)
        assert not errors


def test_nothing_is_left_behind(model: tlite.Model) -> None:
    """Of two hundred of each kind, memory included."""

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    def once() -> None:
        session = tlite.Session(model, context=256, sampling=tlite.SamplingParams(max_new_tokens=3))
        list(session.stream("Кто ты?"))
        next(session.fork().complete("a"))
        with tlite.Engine(model, context=256) as engine:
            engine.map([who()], sampling=tlite.SamplingParams(max_new_tokens=2, logprobs=3))
            engine.stream("a")
        evaluator = tlite.Evaluator(model, context=256)
        evaluator.append(evaluator.create_sequence(), [1])
        evaluator.logits()
        for _ in range(5):
            with pytest.raises(tlite.InvalidArgument):
                model.tokenizer.decode([-1])

    for _ in range(20):
        once()
    before = resident()
    for _ in range(200):
        once()
    plan = tlite.Model.plan(DEMO, context=256)
    assert resident() - before < 200 * (plan.kv_cache + plan.scratch) // 4
