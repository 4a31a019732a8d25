"""What a notebook shows of an answer."""

from __future__ import annotations

from ..generation import Generation
from ._heat import STYLE, marked
from ._page import Page, shown
from ._scores import of


def shown_generation(answer: Generation) -> Page:
    """The text or, where log probabilities were asked for, its heat map, and how it came about."""
    if answer.logprobs or answer.prompt_logprobs:
        body = marked(of(answer))
    elif answer.embedding is not None:
        body = f'<div class="text">an embedding of {len(answer.embedding)} numbers</div>'
    else:
        body = f'<div class="text">{shown(answer.text, breaks=True)}</div>'
    facts = [
        f"{len(answer.tokens)} tokens",
        answer.finish_reason,
        f"prompt of {answer.prompt_tokens} tokens, {answer.cached_tokens} of them cached",
        f"{answer.prefill_seconds:.2f} s + {answer.decode_seconds:.2f} s",
    ]
    if answer.stop_string is not None:
        facts.insert(2, f"at {answer.stop_string!r}")
    body += f'<p class="soft">{shown(" · ".join(facts))}</p>'
    return Page("", body, STYLE)
