"""Attention masks: what says which tokens count, and what says nothing that can be done.

differential/transformers_calls.py compares with transformers itself what both take.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tlite
from hf import batch, model

IDS, MASK = (batch()[name] for name in ("input_ids", "attention_mask"))
AT = tuple(np.argwhere(MASK == 1)[0].tolist())


def both(mask: Any) -> tuple[Any, Any]:
    """Ids that generate gives, and logits of the forward pass."""
    answers = model().generate(IDS, attention_mask=mask, do_sample=False, max_new_tokens=4)
    return answers, model()(IDS, attention_mask=mask).logits


def each_refuses(error: type[Exception], match: str, mask: Any) -> None:
    """generate and the forward pass likewise."""
    with pytest.raises(error, match=match):
        model().generate(IDS, attention_mask=mask, do_sample=False, max_new_tokens=4)
    with pytest.raises(error, match=match):
        model()(IDS, attention_mask=mask)


@pytest.mark.parametrize(
    "words",
    [
        MASK.astype(bool),
        MASK.astype(np.uint8),
        MASK.astype(np.float32),
        MASK.astype(float).tolist(),
        MASK.tolist(),
        [row[row == 1].tolist() for row in MASK],
    ],
    ids=["bool", "uint8", "float32", "list of float", "list", "list of several lengths"],
)
def test_a_mask_in_other_words(words: Any) -> None:
    """Ones and zeros of any type of number, and lists whose rows are as long as their texts."""
    for one, other in zip(both(MASK), both(words), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("number", "kind"),
    [(2, int), (-1, int), (0.5, float), (float("nan"), float), (float("inf"), float)],
)
def test_a_number_that_is_neither_0_nor_1(number: float, kind: type) -> None:
    """transformers' generate takes it for a length, its forward pass for a 1: neither was meant."""
    mask = MASK.astype(kind)
    mask[AT] = number
    where = f"attention_mask is {number} in row {AT[0]} at {AT[1]}:"
    each_refuses(tlite.NotSupported, where, mask)


@pytest.mark.parametrize(
    "mask",
    [
        MASK[:, 1:],
        np.pad(MASK, ((0, 0), (0, 1))),
        MASK[:1],
        MASK[0],
        MASK[None],
        np.ones((1, 1, 2, 2), dtype=bool),
        [],
        [[]],
        [[1], 1],
        [["a"]],
        [[None]],
        [[[1], [1, 1]]],
        "ab",
        1,
        MASK.astype(complex),
        {"attention_mask": MASK},
    ],
    ids=str,
)
def test_what_is_no_mask_of_these_ids(mask: Any) -> None:
    """ValueError names it; transformers reads one that is too long from its beginning."""
    each_refuses(ValueError, "attention_mask is", mask)


def test_tokens_between_two_others_that_do_not_count() -> None:
    """generate leaves them out; so does transformers', whose forward pass leaves a gap instead."""
    row = [[5, 6, 7, 8, 9, 10]]
    mask = [[0, 1, 1, 0, 1, 1]]
    given: dict[str, Any] = dict(do_sample=False, max_new_tokens=4)
    assert np.array_equal(
        model().generate(row, attention_mask=mask, **given)[:, 6:],
        model().generate([[6, 7, 9, 10]], **given)[:, 4:],
    )
    with pytest.raises(tlite.NotSupported, match="attention_mask of row 0 is 0 at 3"):
        model()(row, attention_mask=mask)


def test_a_row_of_which_nothing_counts() -> None:
    """Nothing to go on from; the forward pass has no logits of it."""
    mask = MASK.copy()
    mask[1] = 0
    with pytest.raises(ValueError, match="the prompt of row 1 is empty"):
        model().generate(IDS, attention_mask=mask, max_new_tokens=2)
    logits = model()(IDS, attention_mask=mask).logits
    assert not logits[1].any() and logits[0].any()


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        (IDS[:, 1:], "labels are"),
        (IDS[0], "labels are"),
        (np.where(MASK == 1, IDS, 2560), "labels have 2560"),
        (np.where(MASK == 1, IDS, -1), "labels have -1"),
        (IDS.astype(float), "labels is float64"),
        ([], "labels is"),
    ],
)
def test_what_are_no_labels_of_these_ids(labels: Any, match: str) -> None:
    """ValueError names them."""
    with pytest.raises(ValueError, match=match):
        model()(IDS, attention_mask=MASK, labels=labels)
