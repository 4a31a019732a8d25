"""Whether two samples may be of one distribution."""

from __future__ import annotations

from collections import Counter


def distance(theirs: Counter[int], mine: Counter[int], draws: int) -> tuple[float, float]:
    """Half the sum of differences of frequencies, and what chance makes of it at most.

    For two samples of n draws over probabilities p the expected half sum is at most
    sum sqrt(p / (pi n)) <= sqrt(k / (pi n)) over k tokens; one draw changes it by 1/n, so it is
    above that by t with probability exp(-n t^2) at most; t = sqrt(ln(1e6) / n) is one in a million.
    """
    tokens = set(theirs) | set(mine)
    half = sum(abs(theirs[token] - mine[token]) for token in tokens) / (2 * draws)
    chance = (len(tokens) / (3.14159 * draws)) ** 0.5 + (13.8 / draws) ** 0.5
    return half, chance
