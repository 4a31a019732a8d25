"""Prompts with parameters on the Engine, and what comes of them in vLLM's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .._group import Group
from ..engine import Engine
from ..errors import Cancelled, ContextFull, InvalidArgument
from ..generation import Generation, TokenLogprob
from ..requests import RequestOptions
from ._detokenizer import Detokenizer, TokenTexts, token_text
from ._logits import looking
from ._prompts import IdsPrompt
from ._sampling import Rules, Wish
from .exceptions import VLLMValidationError
from .logprobs import Logprob, LogprobsOnePosition, PromptLogprobs, SampleLogprobs
from .outputs import CompletionOutput, RequestOutput

_MOST_AT_ONCE = 1024  # answers of one request of the engine


class StopWatch:
    """Looks for stop strings in one answer as it grows, by vLLM's rules."""

    def __init__(self, wish: Wish, texts: TokenTexts) -> None:
        self._params = wish.params
        # The text of a token that ends an answer is no part of it.
        self._mute = set() if wish.params.include_stop_str_in_output else set(wish.ends)
        self._detokenizer = Detokenizer(texts, wish.params.skip_special_tokens)
        self.tokens = 0
        self.text = ""
        self.found: str | None = None

    def push(self, token: int) -> bool:
        """Whether the answer ends with this token."""
        if self.found is not None:
            return False
        before = len(self.text)
        self.tokens += 1
        if token not in self._mute:
            self.text += self._detokenizer.push(token)
        if self.tokens <= self._params.min_tokens:
            return False
        return len(self.text) > before and self._look(before)

    def _look(self, before: int) -> bool:
        """The stop string that is complete first; of several the first of the list."""
        ends: list[tuple[int, int]] = []
        for place, stop in enumerate(self._params.stop):
            at = self.text.find(stop, max(0, before + 1 - len(stop)))
            if at >= 0:
                ends.append((at + len(stop), place))
        if not ends:
            return False
        end, place = min(ends)
        self.found = self._params.stop[place]
        keep = self._params.include_stop_str_in_output
        self.text = self.text[: end if keep else end - len(self.found)]
        return True


@dataclass
class Request:
    """A prompt on its way."""

    number: str
    prompt: IdsPrompt
    wish: Wish
    priority: int = 0
    answers: list[Generation | None] = field(default_factory=list)
    watches: list[StopWatch | None] = field(default_factory=list)


def run(
    engine: Engine, requests: Sequence[Request], rules: Rules, texts: TokenTexts, bar: Any
) -> list[RequestOutput]:
    """All of them at once; `bar` is told of each that is done. The first error ends them all."""
    only_ends = not any(request.wish.watched for request in requests)
    try:
        with Group[tuple[Request, int]](engine, only_ends=only_ends) as group:
            for request in requests:
                _submit(group, request, texts)
            while group:
                (request, index), event = group.read()
                watch = request.watches[index]
                token = event.piece.token
                if watch is not None and token is not None and watch.push(token):
                    engine.cancel(event.request)
                if event.finish_reason is not None:
                    request.answers[index] = event.result
                    if all(answer is not None for answer in request.answers):
                        bar(request)
    except (InvalidArgument, ContextFull) as error:
        raise VLLMValidationError(str(error)) from error
    except Cancelled as error:
        if error.__cause__ is None:
            raise
        raise error.__cause__ from None  # what a rule over logits raised
    return [_output_of(request, rules, texts) for request in requests]


def _submit(group: Group[tuple[Request, int]], request: Request, texts: TokenTexts) -> None:
    """Asks for all answers to a prompt; answer i has the seed seed + i."""
    params, sampling = request.wish.params, request.wish.sampling
    count = params.n
    request.answers = [None] * count
    request.watches = [
        StopWatch(request.wish, texts) if request.wish.watched else None for _ in range(count)
    ]
    for begin in range(0, count, _MOST_AT_ONCE):
        own: Any = {
            "sampling": sampling,
            "priority": request.priority,
            "n": min(_MOST_AT_ONCE, count - begin),
        }
        if begin:
            own["sampling"] = sampling.replace(seed=((sampling.seed or 0) + begin) % 2**64)
        elif params.prompt_logprobs is not None and len(request.prompt.ids) > 1:
            own["prompt_logprobs"] = params.prompt_logprobs
        if request.wish.hook_rules:
            own["logits_processor"] = looking(request.wish.hook_rules, len(request.prompt.ids))
        options: RequestOptions = own
        places = [(request, begin + i) for i in range(own["n"])]
        group.submit(request.prompt.ids, options, places)


def _output_of(request: Request, rules: Rules, texts: TokenTexts) -> RequestOutput:
    answers = [answer for answer in request.answers if answer is not None]
    first = answers[0]
    scores = None
    if request.wish.params.prompt_logprobs is not None:
        scores = prompt_scores(first, request.prompt.ids, texts)
    outputs = [_completion(i, request, answer, rules, texts) for i, answer in enumerate(answers)]
    return RequestOutput(
        request_id=request.number,
        prompt=request.prompt.text,
        prompt_token_ids=request.prompt.ids,
        prompt_logprobs=scores,
        outputs=outputs,
        finished=True,
        num_cached_tokens=first.cached_tokens,
        num_cache_creation_tokens=0,
    )


def prompt_scores(
    answer: Generation, ids: list[int], texts: TokenTexts, start: int = 1
) -> PromptLogprobs:
    """Of each token of a prompt from the start on; of a whole prompt the first has None."""
    scores: PromptLogprobs = [None] if start == 1 else []
    own, top = answer.prompt_logprobs or (), answer.prompt_top_logprobs or ()
    for i, entry in enumerate(own, start):
        # What context the text of a token has begins behind the first one, as in vLLM.
        before = ids[max(1, i - 4) : i]
        scores.append(_position(entry, top[i - start] if top else (), before, texts))
    return scores


def _position(
    own: TokenLogprob, top: Sequence[TokenLogprob], before: list[int], texts: TokenTexts
) -> LogprobsOnePosition:
    """The token itself first, then the likeliest."""
    return {
        entry.token: Logprob(entry.logprob, entry.rank, token_text(texts, before, entry.token))
        for entry in (own, *top)
    }


def _completion(
    index: int, request: Request, answer: Generation, rules: Rules, texts: TokenTexts
) -> CompletionOutput:
    params, watch = request.wish.params, request.watches[index]
    tokens, reason = list(answer.tokens), answer.finish_reason
    stop: int | str | None = None
    if reason == "stop_string":  # which one where several end with one token is vLLM's to say
        watch = StopWatch(request.wish, texts)
        any(map(watch.push, tokens))
    if watch is not None and watch.found is not None:
        tokens, reason, stop = tokens[: watch.tokens], "stop_string", watch.found
        text = watch.text
    else:
        text = _text_of(tokens, answer, request.wish, texts)
    if reason == "stop_token":
        stop = None if tokens[-1] == rules.main_end and not params.ignore_eos else tokens[-1]
    logprobs: SampleLogprobs | None = None
    total = None
    if answer.logprobs is not None:
        top = answer.top_logprobs or ((),) * len(answer.logprobs)
        logprobs = [
            _position(own, top[i], tokens[max(0, i - 4) : i], texts)
            for i, own in enumerate(answer.logprobs[: len(tokens)])
        ]
        total = sum(own.logprob for own in answer.logprobs[: len(tokens)])
    return CompletionOutput(
        index=index,
        text=text if params.detokenize else "",
        token_ids=tokens,
        cumulative_logprob=total,
        logprobs=logprobs,
        finish_reason=_FINISH.get(reason, reason),
        stop_reason=stop,
    )


_FINISH = {
    **dict.fromkeys(("end_of_text", "stop_token", "stop_string"), "stop"),
    **dict.fromkeys(("length", "context_full"), "length"),
    **dict.fromkeys(("cancelled", "deadline", "failed"), "abort"),
}


def _text_of(tokens: list[int], answer: Generation, wish: Wish, texts: TokenTexts) -> str:
    """The engine's, but where special tokens are wanted or it ends within a character."""
    if wish.params.skip_special_tokens and not answer.text.endswith("\ufffd"):
        return answer.text
    detokenizer = Detokenizer(texts, wish.params.skip_special_tokens)
    ended = answer.finish_reason == "stop_token" and not wish.params.include_stop_str_in_output
    return "".join(map(detokenizer.push, tokens[:-1] if ended else tokens))
