"""Texts that go on until a stop string, as the harness's `hf` model makes them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from lm_eval.models.utils import (
    handle_stop_sequences,
    normalize_gen_kwargs,
    postprocess_generated_text,
)

from ..errors import InvalidArgument, NotSupported
from ..generation import Generation
from ..transformers import StoppingCriteria
from ..transformers._plan import Plan, plan_of
from ..transformers._rules import needs_host, processors_of, sampling_of
from ..transformers.modeling import Qwen2ForCausalLM
from ..transformers.tokenization import Qwen2Tokenizer
from ._engines import Engines, Request, answers


class Task(NamedTuple):
    """One request of the harness, worked out."""

    plan: Plan
    """A row of transformers' generate."""
    arguments: dict[str, Any]
    """That row's, where generate itself has to be called."""
    until: list[str]
    """Stop strings, the end token's text among them."""
    stop: list[str]
    """Those that are plain text."""
    stop_ids: list[int]
    """Those that are one special token."""
    mixed: bool
    """Some are neither: special tokens and text."""


class Until(StoppingCriteria):
    """Ends a row where one of the strings is in what was generated, special tokens included."""

    def __init__(self, tokenizer: Qwen2Tokenizer, until: list[str], width: int) -> None:
        self._tokenizer = tokenizer
        self._until = until
        self._width = width

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """Whether each row has ended: bool (rows,)."""
        import numpy as np

        texts = self._tokenizer.batch_decode(input_ids[:, self._width :])
        return np.array([any(stop in text for stop in self._until) for text in texts])


class UntilOfBeams(StoppingCriteria):
    """What `hf` does in a search: a stop string that the likeliest beam of a step ends in ends all.

    Of each string it looks at as many tokens as that has, and two more.
    """

    def __init__(self, tokenizer: Qwen2Tokenizer, until: list[str], width: int) -> None:
        self._tokenizer = tokenizer
        self._until = {
            stop: len(tokenizer.encode(stop, add_special_tokens=False)) + 2 for stop in until
        }
        self._width = width
        self._over = False

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """Whether it is over, for every beam: bool (beams,)."""
        import numpy as np

        likeliest = input_ids[0, self._width :]
        self._over = self._over or any(
            stop in self._tokenizer.decode(likeliest[-length:])
            for stop, length in self._until.items()
        )
        return np.full(len(input_ids), self._over)


class Writer:
    """What `hf` would write on the same checkpoint, one request at a time."""

    def __init__(
        self,
        model: Qwen2ForCausalLM,
        tokenizer: Qwen2Tokenizer,
        engines: Engines,
        think_end_token: str | int | None,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._engines = engines
        self._think_end = think_end_token

    def task(self, ids: list[int], given: dict[str, Any], most: int, usual: int, eos: str) -> Task:
        """What a prompt with its gen_kwargs asks for. ValueError and NotSupported name them.

        - `most`: tokens of prompt and answer; the prompt's beginning is cut off.
        - `usual`: tokens of an answer, where nothing is said of it.
        """
        arguments: dict[str, Any] = dict(normalize_gen_kwargs(given, usual))
        until = handle_stop_sequences(arguments.pop("until", None), eos=eos)
        if not all(isinstance(stop, str) for stop in until):
            raise InvalidArgument(f"until is {until!r}, and must be strings")
        new = arguments.pop("max_gen_toks")
        if not 0 < new < most:
            raise InvalidArgument(
                f"max_gen_toks is {new}, and must be above 0 and below max_length, which is {most}"
            )
        ids = ids[-(most - new) :]
        if not ids:
            raise InvalidArgument("a request's text is empty, and there is nothing to go on with")
        if arguments.get("num_return_sequences", 1) != 1:
            raise NotSupported(
                f"gen_kwargs: num_return_sequences is {arguments['num_return_sequences']!r}: the"
                " harness takes one answer of a request; say repeats in the task"
            )
        arguments.setdefault("max_length", len(ids) + new)
        if "" in until:  # is in every text
            arguments["max_length"] = len(ids) + 1
        if not arguments["do_sample"] and not arguments.get("temperature", 0.0):
            arguments.pop("temperature", None)
        arguments.setdefault("temperature", 0.0 if arguments["do_sample"] else None)
        arguments["pad_token_id"] = self._tokenizer.pad_token_id
        # It takes what it knows out of its arguments.
        plan = plan_of(
            self._model.generation_config,
            self._model.config.max_position_embeddings,
            [ids],
            None,
            dict(arguments),
        )
        processors_of(plan)  # checks the values
        return Task(plan, {"input_ids": [ids], **arguments}, until, *self._split(until))

    def _split(self, until: list[str]) -> tuple[list[str], list[int], bool]:
        """Stop strings that are text, those that are a special token, and whether some are both."""
        special = set(self._tokenizer.all_special_ids)
        texts, tokens, mixed = [], [], False
        for stop in filter(None, until):
            ids = self._tokenizer.encode(stop, add_special_tokens=False)
            if not special & set(ids):
                texts.append(stop)
            elif len(ids) == 1:
                tokens.append(ids[0])
            else:
                mixed = True
        return texts, tokens, mixed

    def run(self, tasks: list[Task]) -> Iterator[tuple[int, str]]:
        """The text of each task by its place, as they come."""
        ends = list(self._model.native.info.eos_token_ids)
        alone = {
            place
            for place, task in enumerate(tasks)
            if task.mixed or task.plan.searches or needs_host(task.plan, ends)
        }
        for place in sorted(alone):
            yield place, self._text(self._by_hand(tasks[place]), tasks[place].until)
        requests = (
            self._request(place, task, ends)
            for place, task in enumerate(tasks)
            if place not in alone
        )
        lengths = [task.plan.width + task.plan.max_new_tokens for task in tasks]
        if len(alone) < len(tasks):
            for place, result in answers(self._engines.get(lengths), requests):
                yield place, self._text(_tokens(result), tasks[place].until)

    def _request(self, place: int, task: Task, ends: list[int]) -> Request:
        # Seeded by the harness, so that a run can be repeated.
        seed = random.getrandbits(63) if task.plan.samples else None
        params = sampling_of(task.plan, seed, ends)
        stop_ids = {*params.stop_token_ids, *task.stop_ids}
        if not params.ignore_eos:
            stop_ids -= set(ends)
        params = params.replace(stop=task.stop, stop_token_ids=sorted(stop_ids))
        return Request(place, task.plan.prompts[0], {"sampling": params})

    def _by_hand(self, task: Task) -> list[int]:
        """Through generate, whose rows are looked at between two tokens."""
        kind = UntilOfBeams if task.plan.searches else Until
        criterion = kind(self._tokenizer, task.until, task.plan.width)
        out = self._model.generate(**task.arguments, stopping_criteria=[criterion])
        ids: list[int] = out[0, task.plan.width :].tolist()
        return ids

    def _text(self, ids: list[int], until: list[str]) -> str:
        """What the harness sees of an answer."""
        end = self._think_end
        if isinstance(end, int):
            if end in ids:
                ids = ids[len(ids) - ids[::-1].index(end) :]
            text = self._tokenizer.decode(ids, skip_special_tokens=True).lstrip()
        else:
            text = self._tokenizer.decode(ids, skip_special_tokens=True)
        return postprocess_generated_text(text, until, end if isinstance(end, str) else None)


def _tokens(result: Generation) -> list[int]:
    return list(result.tokens)
