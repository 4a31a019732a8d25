"""What llama.cpp's own samplers do to random logits.

Usage: python llama_samplers.py > data/llama_samplers.txt      (needs numpy and xllamacpp)

xllamacpp's extension module exports llama.cpp's C functions; they are called through ctypes,
without a model. Logits are those of lib/base/rng.hpp, as in samplers.py. Probabilities are computed
here, in float64, from the logits that a sampler left.

One case a line, fields separated by blanks; a vector is its length and its entries:
  kind vocabulary seed scale  parameters: vector  tokens: vector  n breakers: n x vector
  chosen  share  kept: count, FNV-1a of the ids   n x (token probability)
`chosen` is the token that a sampler with a state drew, `share` its probability before adaptive_p; a
seed that ends in 00 begins with a new state.
"""

import ctypes
import glob
import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xllamacpp
from numpy.typing import NDArray

MASK = 2**64 - 1
GAMMA = 0x9E3779B97F4A7C15
SHOWN = 6


class TokenData(ctypes.Structure):
    """llama_token_data."""

    _fields_ = (("id", ctypes.c_int32), ("logit", ctypes.c_float), ("p", ctypes.c_float))


class TokenArray(ctypes.Structure):
    """llama_token_data_array."""

    _fields_ = (
        ("data", ctypes.POINTER(TokenData)),
        ("size", ctypes.c_size_t),
        ("selected", ctypes.c_int64),
        ("sorted", ctypes.c_bool),
    )


class Vector(ctypes.Structure):
    """std::vector as libstdc++ lays it out."""

    _fields_ = (("begin", ctypes.c_void_p), ("end", ctypes.c_void_p), ("room", ctypes.c_void_p))


(module,) = glob.glob(str(Path(xllamacpp.__file__).parent / "xllamacpp*.so"))
llama = ctypes.CDLL(module)
DRY = "_Z30llama_sampler_init_dry_testingffiiRKSt6vectorIS_IiSaIiEESaIS1_EE"


def mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64's finaliser."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def random_logits(seed: int, count: int, scale: float) -> NDArray[np.float32]:
    """The logits of tests/unit/sample/random_logits.hpp."""
    with np.errstate(over="ignore"):
        counters = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(GAMMA)
        bits = mix(mix(np.array([seed], dtype=np.uint64)) + counters)
    z = 2.0 * ((bits >> np.uint64(11)).astype(np.float64) * 2.0**-53) - 1.0
    return (z * z * z * scale).astype(np.float32)


def initialised(name: str, *arguments: object) -> ctypes.c_void_p:
    """A sampler by the name of its function."""
    function = llama[name]
    function.restype = ctypes.c_void_p
    return ctypes.c_void_p(function(*arguments))


def vector_of(array: ctypes.Array[ctypes.c_int32] | ctypes.Array[Vector]) -> Vector:
    """A view of an array that lives on."""
    begin = ctypes.addressof(array)
    end = begin + ctypes.sizeof(array)
    return Vector(begin, end, end)


def dry_sampler(
    multiplier: float, base: float, allowed: int, last_n: int, breakers: list[list[int]]
) -> tuple[ctypes.c_void_p, object]:
    """The one that llama.cpp's tests use, and what it looks at while it is made."""
    arrays = [(ctypes.c_int32 * len(b))(*b) for b in breakers]
    inner = (Vector * max(len(breakers), 1))(*(vector_of(a) for a in arrays))
    outer = vector_of(inner) if breakers else Vector(None, None, None)
    numbers = (ctypes.c_float(multiplier), ctypes.c_float(base), allowed, last_n)
    return initialised(DRY, *numbers, ctypes.byref(outer)), (arrays, inner)


class Row:
    """Logits on their way through a sampler."""

    def __init__(self, logits: NDArray[np.float32]) -> None:
        """All tokens are there at first."""
        self.data = (TokenData * len(logits))()
        for i, logit in enumerate(logits.tolist()):
            self.data[i] = TokenData(i, logit, 0.0)
        self.array = TokenArray(self.data, len(logits), -1, False)

    def apply(self, sampler: ctypes.c_void_p) -> None:
        """What the sampler does to it."""
        llama.llama_sampler_apply(sampler, ctypes.byref(self.array))

    def left(self) -> dict[int, float]:
        """Probabilities of what may still be drawn, by id."""
        rows = [self.array.data[i] for i in range(self.array.size)]
        ids = np.array([row.id for row in rows])
        logits = np.array([row.logit for row in rows], dtype=np.float64)
        weights = np.exp(logits - logits.max())
        kept = np.isfinite(logits)
        pairs = zip(ids[kept].tolist(), (weights[kept] / weights.sum()).tolist(), strict=True)
        return dict(sorted(pairs))

    def chosen(self) -> int:
        """The token that was drawn."""
        return int(self.array.data[self.array.selected].id)


def fnv(ids: list[int]) -> int:
    """FNV-1a over the ids as int32."""
    state = 0xCBF29CE484222325
    for byte in np.array(ids, dtype="<i4").tobytes():
        state = ((state ^ byte) * 0x100000001B3) & MASK
    return state


Numbers = list[float]


def line(
    kind: str,
    shape: tuple[int, int, float],
    parameters: Numbers,
    left: dict[int, float],
    tokens: list[int] | None = None,
    breakers: list[list[int]] | None = None,
    chosen: tuple[int, float] = (-1, 0.0),
) -> str:
    """One case as the file holds it."""
    likeliest = sorted(left, key=lambda token: (-left[token], token))[:SHOWN]
    parts: list[object] = [kind, *shape, len(parameters), *parameters]
    parts += [len(tokens or []), *(tokens or []), len(breakers or [])]
    for breaker in breakers or []:
        parts += [len(breaker), *breaker]
    parts += [*chosen, len(left), fnv(list(left)), len(likeliest)]
    parts += itertools.chain.from_iterable((token, repr(left[token])) for token in likeliest)
    return " ".join(str(part) for part in parts)


SHAPES = [(50, 8.0), (1000, 12.0), (4096, 25.0)]


def filters() -> Iterator[str]:
    """Samplers without a state."""
    seeds = itertools.count(1)
    for vocabulary, scale in SHAPES:
        simple: list[tuple[str, str, list[Numbers]]] = [
            ("top_n_sigma", "llama_sampler_init_top_n_sigma", [[0.5], [1.0], [1.5], [3.0]]),
            ("xtc", "llama_sampler_init_xtc", [[0.01], [0.1], [0.2], [0.5], [0.6]]),
            (
                "dynatemp",
                "llama_sampler_init_temp_ext",
                [[0.8, 0.5, 1.0], [1.0, 1.0, 1.0], [0.3, 0.7, 2.0], [1.0, 0.2, 0.5]],
            ),
        ]
        for kind, name, rows in simple:
            for parameters in rows:
                shape = (vocabulary, next(seeds), scale)
                row = Row(random_logits(shape[1], vocabulary, scale))
                given: list[object] = [ctypes.c_float(value) for value in parameters]
                if kind == "xtc":
                    given = [ctypes.c_float(1.0), *given, ctypes.c_size_t(0), ctypes.c_uint32(1)]
                row.apply(initialised(name, *given))
                yield line(kind, shape, parameters, row.left())


def repetitions() -> Iterator[str]:
    """DRY over sequences of few tokens, which repeat by chance."""
    rng = np.random.default_rng(5)
    breaker_sets: list[list[list[int]]] = [[], [[3]], [[1, 2], [1]], [[0, 1, 2], [2, 3]]]
    rows = [(0.8, 1.75, 2, 400), (2.0, 1.1, 1, 400), (1.0, 2.0, 3, 25), (50.0, 4.0, 2, 400)]
    for seed, (breakers, (multiplier, base, allowed, last_n)) in enumerate(
        itertools.product(breaker_sets, rows)
    ):
        for length, kinds in ((2, 2), (30, 3), (200, 4), (200, 5)):
            tokens = rng.integers(0, kinds, length).tolist()
            shape = (50, seed, 8.0)
            sampler, alive = dry_sampler(multiplier, base, allowed, last_n, breakers)
            for token in tokens:
                llama.llama_sampler_accept(sampler, token)
            row = Row(random_logits(seed, 50, 8.0))
            row.apply(sampler)
            del alive
            parameters = [multiplier, base, allowed, last_n]
            yield line("dry", shape, parameters, row.left(), tokens, breakers)


def states() -> Iterator[str]:
    """Samplers that learn from what they drew, 10 tokens each."""
    number, unsigned = ctypes.c_float, ctypes.c_uint32
    for start, (vocabulary, scale) in enumerate(SHAPES):
        rows: list[tuple[str, Numbers, ctypes.c_void_p]] = []
        for tau, eta in ((5.0, 0.1), (2.0, 0.5), (0.5, 0.1)):
            one = (ctypes.c_int32(vocabulary), unsigned(7), number(tau), number(eta), 100)
            two = (unsigned(7), number(tau), number(eta))
            rows.append(
                ("mirostat", [1, tau, eta], initialised("llama_sampler_init_mirostat", *one))
            )
            rows.append(
                ("mirostat", [2, tau, eta], initialised("llama_sampler_init_mirostat_v2", *two))
            )
        for target, decay in ((0.3, 0.9), (0.05, 0.5), (0.9, 0.99)):
            given = (number(target), number(decay), unsigned(7))
            rows.append(
                ("adaptive", [target, decay], initialised("llama_sampler_init_adaptive_p", *given))
            )
        for i, (kind, parameters, sampler) in enumerate(rows):
            for step in range(10):
                seed = 100 * (100 * start + i) + step
                logits = random_logits(seed, vocabulary, scale)
                before = Row(logits).left()
                row = Row(logits)
                row.apply(sampler)
                chosen = row.chosen()
                llama.llama_sampler_accept(sampler, chosen)
                shape = (vocabulary, seed, scale)
                drawn = (chosen, before[chosen] if kind == "adaptive" else row.left()[chosen])
                yield line(kind, shape, parameters, row.left(), chosen=drawn)


def main() -> None:
    """Write the file to stdout."""
    for text in itertools.chain(filters(), repetitions(), states()):
        sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
