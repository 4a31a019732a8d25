"""What a token costs more from Python than inside the library.

    python3 bindings/python/bench/overhead.py MODEL [--tokens 400] [--rounds 21]

Each way generates the same tokens of the same prompt; in turns, by processor time of the whole
process and by the clock: the least of the rounds, as others use the machine too. "C" is one call,
tlite_session_complete, which comes back with the answer; the engine's is tlite_engine_wait.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import threading
import time
from collections.abc import Callable
from ctypes import byref, c_int64, c_void_p

import tlite
from tlite._library import lib

PROMPT = "Напиши стих про машинное обучение"


def ways(model: tlite.Model, params: tlite.SamplingParams) -> dict[str, Callable[[], object]]:
    """Each of them generates the same tokens."""
    session = tlite.Session(model, sampling=params)
    engine = tlite.Engine(model, prefix_cache=False)
    data = PROMPT.encode()

    def c_session() -> None:
        assert session._handle is not None
        out = c_void_p()
        pointer = session._handle.pointer
        lib.tlite_session_complete(pointer, data, len(data), TLITE_NO_CALLBACK, None, None, out)

    def c_engine() -> None:
        assert engine._handle is not None
        request = c_int64()
        pointer, options = engine._handle.pointer, tlite.requests.options_of([], sampling=params)
        place = byref(request)
        lib.tlite_engine_submit_text(pointer, data, len(data), byref(options), place, None)
        lib.tlite_engine_wait(pointer, request, None, None)

    def stream() -> None:
        for _ in session.complete(PROMPT):
            pass

    def async_stream() -> None:
        async def main() -> None:
            async for _ in session.complete(PROMPT):
                pass

        asyncio.run(main())

    def engine_stream() -> None:
        for _ in engine.stream(PROMPT, sampling=params):
            pass

    def engine_async() -> None:
        async def main() -> None:
            async for _ in engine.stream(PROMPT, sampling=params):
                pass

        asyncio.run(main())

    return {
        "C: session": c_session,
        "for piece in session.complete()": stream,
        "session.complete().run()": lambda: session.complete(PROMPT).run(),
        "async for piece in session.complete()": async_stream,
        "C: engine": c_engine,
        "for piece in engine.stream()": engine_stream,
        "engine.map()": lambda: engine.map([PROMPT], sampling=params),
        "async for piece in engine.stream()": engine_async,
    }


TLITE_NO_CALLBACK = tlite._ffi.tlite_piece_callback()


def four_threads(model: tlite.Model, params: tlite.SamplingParams, rounds: int) -> None:
    """Four Python threads on one engine, beside one call that runs the same requests in C."""
    engine = tlite.Engine(model, prefix_cache=False)

    def in_c() -> None:
        for _ in range(16):
            engine.submit(PROMPT, sampling=params)
        assert engine._handle is not None
        lib.tlite_engine_run(engine._handle.pointer, None)
        while engine.poll() is not None:
            pass

    def in_threads() -> None:
        def work() -> None:
            streams = [engine.stream(PROMPT, sampling=params) for _ in range(4)]
            for each in streams:
                each.run()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    times: dict[str, list[tuple[float, float]]] = {"C": [], "threads": []}
    for _ in range(rounds):
        for name, way in (("C", in_c), ("threads", in_threads)):
            begun = time.process_time(), time.perf_counter()
            way()
            times[name].append((time.process_time() - begun[0], time.perf_counter() - begun[1]))
    for index, kind in enumerate(("processor", "wall")):
        base, other = (statistics.median(run[index] for run in times[name]) for name in times)
        print(
            f"16 requests, {kind} time: run() in C {base:.3f} s,"
            f" 4 Python threads {other:.3f} s ({other / base:.3f})"
        )


def main() -> None:
    """Prints a line for each way."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model")
    parser.add_argument("--tokens", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    model = tlite.Model(given.model, threads=given.threads, progress=False)
    params = tlite.SamplingParams(temperature=0, ignore_eos=True, max_new_tokens=given.tokens)
    every = ways(model, params)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in every}
    for _ in range(given.rounds):
        for name, way in every.items():
            begun = time.process_time(), time.perf_counter()
            way()
            spent = time.process_time() - begun[0], time.perf_counter() - begun[1]
            times[name].append((spent[0] / given.tokens * 1e6, spent[1] / given.tokens * 1e6))
    base = (0.0, 0.0)
    for name, runs in times.items():
        cpu, wall = (min(run[index] for run in runs) for index in (0, 1))
        base = (cpu, wall) if name.startswith("C:") else base
        print(
            f"{name:40} {cpu:7.1f} us of processor a token, {cpu - base[0]:+6.1f};"
            f" {wall:7.1f} us, {wall - base[1]:+6.1f}"
        )
    four_threads(model, params.replace(max_new_tokens=60), given.rounds)


if __name__ == "__main__":
    main()
