#!/usr/bin/env bash
# An Index of outlines-core forgets the longer words of a regular expression: where the text so far is a whole word already,
# the tokens that would lead on to a state that is not an end are missing. With tokens of one letter, a(bc)? generates "a"
# alone, and a number is never more than digits: 1.5 passes by "1.", which is no end. Something that must follow brings
# them back; so the same number inside a JSON object is whole, and as the whole answer it is not.
#
# Seen with outlines-core 0.2.14, words of at most 4 letters from the tokens a b c 1 . ;
#   a(bc)?         Index: a               Python's re: a abc
#   a(bc)?;        Index: a; abc;         Python's re: a; abc;
#   1(\.1)?        Index: 1               Python's re: 1 1.1
#   1(\.1)?;       Index: 1.1; 1;         Python's re: 1.1; 1;
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q outlines-core==0.2.14
"$work/venv/bin/python" - <<'PY'
import itertools
import re

import outlines_core

TOKENS = "abc1.;"
vocabulary = outlines_core.Vocabulary(len(TOKENS), {token: [i] for i, token in enumerate(TOKENS)})


def generated(pattern):
    """What a walk over the index can spell."""
    index = outlines_core.Index(pattern, vocabulary)
    transitions = index.get_transitions()
    found, todo = set(), [("", index.get_initial_state())]
    while todo:
        word, state = todo.pop()
        if index.is_final_state(state):
            found.add(word)
        for token, following in transitions.get(state, {}).items():
            if token < len(TOKENS) and len(word) < 4:
                todo.append((word + TOKENS[token], following))
    return sorted(found)


def matched(pattern):
    words = ("".join(word) for n in range(1, 5) for word in itertools.product(TOKENS, repeat=n))
    return sorted(word for word in words if re.fullmatch(pattern, word))


for pattern, expected in ((r"a(bc)?", ["a"]), (r"a(bc)?;", None), (r"1(\.1)?", ["1"]), (r"1(\.1)?;", None)):
    index, whole = generated(pattern), matched(pattern)
    print(f"{pattern:14} Index: {' '.join(index):15} Python's re: {' '.join(whole)}")
    assert index == (expected or whole), (pattern, index)
PY
