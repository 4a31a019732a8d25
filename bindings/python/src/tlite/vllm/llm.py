"""The model with the methods of vLLM's LLM."""

from __future__ import annotations

import contextlib
import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any

from .. import beams
from .._engines import Engines
from ..errors import BadTemplate, ContextFull, InvalidArgument
from ..model import Model
from ..transformers._loading import load_options
from ..transformers.configuration import config_of
from ..transformers.hub import resolve
from ..transformers.tokenization import Qwen2Tokenizer
from . import _chats, _pooling, _requests
from ._arguments import refuse
from ._detokenizer import TokenTexts
from ._progress import Bar, UseTqdm, over
from ._prompts import IdsPrompt, PromptReader, split
from ._sampling import MOST_LOGPROBS, Rules, wish_of
from ._setup import (
    SAMPLING,
    generation_of,
    length_of,
    most_logprobs,
    precision,
    runner_of,
    template_of,
    tokenizer_of,
    usual_tokens,
)
from .config import pooler_config_of
from .exceptions import VLLMValidationError
from .logprobs import SampleLogprobs
from .outputs import (
    BeamSearchOutput,
    BeamSearchSequence,
    EmbeddingRequestOutput,
    PoolingRequestOutput,
    RequestOutput,
    ScoringRequestOutput,
)
from .sampling_params import BeamSearchParams, SamplingParams

_SEQUENCES = 64


class LLM:
    """A model that answers many prompts at once, as vLLM's does; see docs/python-vllm.md.

        llm = LLM(model="T-lite-it-1.0", max_model_len=8192)
        for output in llm.generate(["раз", "два"], SamplingParams(max_tokens=100)):
            print(output.outputs[0].text)

    - `model`: a Hugging Face directory, a .gguf file, or a name in Hugging Face's cache on disk.
    - `seed`: of requests that have none; None: from the operating system.
    - `runner="pooling"`: for `embed`, `encode` and `score` in place of `generate` and `chat`.
    - `weights`, `threads`, `packed_cache`: as of `tlite.Model`.

    Any number of threads may call it. FileNotFoundError, NotSupported, InvalidArgument; TypeError
    for an argument that there is not.
    """

    def __init__(
        self,
        model: str,
        *,
        tokenizer: str | None = None,
        runner: str = "auto",
        convert: str = "auto",
        dtype: Any = "auto",
        seed: int | None = 0,
        max_model_len: int | None = None,
        revision: str | None = None,
        tokenizer_revision: str | None = None,
        download_dir: str | None = None,
        chat_template: Any = None,
        generation_config: str = "auto",
        override_generation_config: dict[str, Any] | None = None,
        max_logprobs: int = 20,
        max_num_seqs: int | None = None,
        max_num_batched_tokens: int | None = None,
        enable_prefix_caching: bool | None = None,
        kv_cache_memory_bytes: int | None = None,
        scheduling_policy: str = "fcfs",
        pooler_config: Any = None,
        use_tqdm_on_load: bool = True,
        weights: str | None = None,
        threads: int | None = None,
        packed_cache: Any = None,
        **further: Any,
    ) -> None:
        refuse("LLM", **further)
        where = {"revision": revision, "cache_dir": download_dir}
        path = resolve(model, **where)
        self.runner_type = runner_of(runner, convert)
        self._pooler = pooler_config_of(pooler_config)
        if scheduling_policy not in ("fcfs", "priority"):
            raise InvalidArgument(f"scheduling_policy is {scheduling_policy!r}: fcfs or priority")
        self._by_priority = scheduling_policy == "priority"
        load = {**precision(path, dtype, weights), "threads": threads}
        load |= {"packed_cache": packed_cache, "progress": None if use_tqdm_on_load else False}
        self.native = Model(path, **load_options(path, load))
        self.model = str(model)
        self.llm_engine = self
        config = config_of(path, self.native.info, self.model)
        self._tokenizer = tokenizer_of(
            tokenizer or model, tokenizer_revision or revision, download_dir, self.native
        )
        self.max_model_len = length_of(max_model_len, self.native.info.max_position_embeddings)
        ends, self._defaults = generation_of(path, config, self.native, generation_config)
        self._defaults.update(override_generation_config or {})
        main = self._tokenizer.eos_token_id
        self._rules = Rules(
            *(self._tokenizer, self.native.vocab_size, main),
            *([token for token in ends if token != main], self.max_model_len),
            most_logprobs(max_logprobs),
        )
        self._texts = TokenTexts(self.native.tokenizer)
        self._reader = PromptReader(
            *(self._tokenizer, max(self.native.vocab_size, self._tokenizer.native.vocab_size)),
            *(self.max_model_len, self.runner_type == "generate"),
        )
        self.chat_template = template_of(chat_template)
        if seed is not None and not isinstance(seed, int):
            raise TypeError(f"seed must be an int or None, not {type(seed).__name__}")
        self._seeds = random.Random(seed)
        self._numbers = itertools.count()
        self._queue: list[_requests.Request] = []
        self._engines = Engines(
            self.native,
            usual=usual_tokens(kv_cache_memory_bytes, path, self.max_model_len),
            max_sequences=_SEQUENCES if max_num_seqs is None else max_num_seqs,
            max_batch_rows=max_num_batched_tokens,
            prefix_cache=enable_prefix_caching is not False,
            embeddings=self.runner_type == "pooling",
        )

    def __repr__(self) -> str:
        return f"LLM(model={self.model!r})"

    def get_tokenizer(self) -> Qwen2Tokenizer:
        """That of texts and conversations, with the methods of transformers'."""
        return self._tokenizer

    def get_default_sampling_params(self) -> SamplingParams:
        """What counts where a call has none: generation_config's, 16 tokens at most."""
        given = {name: self._defaults.get(name) for name in SAMPLING}
        given = {name: value for name, value in given.items() if value is not None}
        if "max_new_tokens" in given:
            given["max_tokens"] = given.pop("max_new_tokens")
        return SamplingParams.from_optional(**given)

    def close(self) -> None:
        """Frees the model's memory; vLLM has no such method."""
        self._engines.forget()
        self.native.close()

    def reset_prefix_cache(self, *_: object, **__: object) -> bool:
        """Forgets what was computed for earlier prompts."""
        self._engines.forget()
        return True

    # ---- Answers.

    def generate(
        self,
        prompts: Any = None,
        sampling_params: Any = None,
        *,
        use_tqdm: UseTqdm = True,
        priority: Any = None,
        tokenization_kwargs: dict[str, Any] | None = None,
        prompt_token_ids: Any = None,
        **further: Any,
    ) -> list[RequestOutput]:
        """Answers to prompts, in their order.

        - `prompts`: a text, ids, a dict with "prompt" or "prompt_token_ids", or a list of these;
          what a tokenizer or apply_chat_template gave is its ids.
        - `sampling_params`: for all, or one a prompt; None: `get_default_sampling_params()`.
        - `prompt_token_ids`: the ids, as releases of vLLM of 2024 took them.

        VLLMValidationError for what is out of range; then no prompt is answered.
        """
        self._needs("generate", "generate")
        refuse("generate", **further)
        rows = split(prompts, prompt_token_ids)
        requests = self._completions(rows, sampling_params, use_tqdm, priority, tokenization_kwargs)
        return self._run(requests, use_tqdm)

    def chat(
        self,
        messages: Any,
        sampling_params: Any = None,
        use_tqdm: UseTqdm = True,
        lora_request: Any = None,
        priority: Any = None,
        chat_template: Any = None,
        chat_template_content_format: str = "auto",
        add_generation_prompt: bool = True,
        continue_final_message: bool = False,
        tools: Any = None,
        chat_template_kwargs: dict[str, Any] | None = None,
        tokenization_kwargs: dict[str, Any] | None = None,
        mm_processor_kwargs: dict[str, Any] | None = None,
    ) -> list[RequestOutput]:
        """Answers to a conversation, or to several, as a list in either case.

        `messages`: dicts with "role" and "content", or lists of such. The others as of
        `apply_chat_template`, and of `generate`.
        """
        self._needs("chat", "generate")
        refuse("chat", lora_request=lora_request, mm_processor_kwargs=mm_processor_kwargs)
        if chat_template_content_format not in ("auto", "string"):
            raise InvalidArgument(
                f"chat_template_content_format is {chat_template_content_format!r}: 'string' is"
                " what these models' templates read"
            )
        texts = [
            self._rendered(
                chat,
                chat_template=template_of(chat_template) or self.chat_template,
                add_generation_prompt=add_generation_prompt,
                continue_final_message=continue_final_message,
                tools=tools,
                chat_template_kwargs=chat_template_kwargs,
            )
            for chat in over(_chats.conversations_of(messages), use_tqdm, "Rendering conversations")
        ]
        tokenization = {"add_special_tokens": False, **(tokenization_kwargs or {})}
        requests = self._completions(texts, sampling_params, False, priority, tokenization)
        return self._run(requests, use_tqdm)

    def enqueue(
        self,
        prompts: Any,
        sampling_params: Any = None,
        lora_request: Any = None,
        priority: Any = None,
        use_tqdm: UseTqdm = True,
        tokenization_kwargs: dict[str, Any] | None = None,
        mm_processor_kwargs: dict[str, Any] | None = None,
    ) -> list[str]:
        """Keeps prompts for `wait_for_completion`; the numbers that their answers will have."""
        self._needs("enqueue", "generate")
        refuse("generate", lora_request=lora_request, mm_processor_kwargs=mm_processor_kwargs)
        requests = self._completions(
            *(split(prompts), sampling_params, use_tqdm, priority, tokenization_kwargs)
        )
        self._queue += requests
        return [request.number for request in requests]

    def wait_for_completion(
        self, output_type: Any = None, *, use_tqdm: UseTqdm = True
    ) -> list[RequestOutput]:
        """Answers what `enqueue` kept."""
        requests, self._queue = self._queue, []
        return self._run(requests, use_tqdm)

    def _completions(
        self,
        prompts: list[Any],
        sampling_params: Any,
        use_tqdm: UseTqdm,
        priority: Any,
        tokenization: dict[str, Any] | None,
    ) -> list[_requests.Request]:
        """A request a prompt; all are checked before one is begun."""
        if sampling_params is None:
            sampling_params = self.get_default_sampling_params()
        params = _each(sampling_params, len(prompts), "sampling_params", SamplingParams)
        priorities = _each(0 if priority is None else priority, len(prompts), "priority", int)
        made = []
        for i, prompt in enumerate(over(prompts, use_tqdm, "Rendering prompts")):
            read = self._reader.read(prompt, tokenization)
            seed = self._seeds.getrandbits(63) if params[i].seed is None else None
            wish = wish_of(params[i], len(read.ids), seed, self._rules)
            # vLLM's lower numbers come first.
            rank = -priorities[i] if self._by_priority else 0
            made.append(_requests.Request(str(next(self._numbers)), read, wish, rank))
        return made

    def _run(self, requests: list[_requests.Request], use_tqdm: UseTqdm) -> list[RequestOutput]:
        if not requests:
            return []
        rows = [
            len(request.prompt.ids) + (request.wish.sampling.max_new_tokens or 0)
            for request in requests
            for _ in range(request.wish.params.n)
        ]
        engine = self._engines.get(rows)
        total = sum(request.wish.params.n for request in requests)
        with Bar(use_tqdm, total) as bar:

            def tell(request: _requests.Request) -> None:
                said = [len(answer.tokens) for answer in request.answers if answer is not None]
                bar.done(len(request.prompt.ids), said)

            return _requests.run(engine, requests, self._rules, self._texts, tell)

    def _rendered(self, chat: list[dict[str, Any]], **arguments: Any) -> str:
        try:
            text: str = self._tokenizer.apply_chat_template(chat, tokenize=False, **arguments)
        except (BadTemplate, ValueError) as error:
            raise VLLMValidationError(str(error), parameter="messages") from error
        return text

    # ---- Beams.

    def beam_search(
        self,
        prompts: Any,
        params: BeamSearchParams,
        lora_request: Any = None,
        use_tqdm: UseTqdm = False,
        concurrency_limit: int | None = None,
    ) -> list[BeamSearchOutput]:
        """The likeliest whole answers to each prompt, with vLLM's scores, the best first."""
        self._needs("beam_search", "generate")
        refuse("beam_search", lora_request=lora_request, concurrency_limit=concurrency_limit)
        if not isinstance(params, BeamSearchParams):
            raise TypeError(f"params must be BeamSearchParams, not {type(params).__name__}")
        read = [self._reader.read(prompt) for prompt in split(prompts)]
        if not read:
            raise InvalidArgument("beam_search needs a prompt, and prompts is empty")
        return [self._beams(prompt, params) for prompt in over(read, use_tqdm, "Beam search")]

    def _beams(self, prompt: IdsPrompt, params: BeamSearchParams) -> BeamSearchOutput:
        ids = prompt.ids
        engine = self._engines.get([len(ids) + params.max_tokens] * params.beam_width)
        with _refusals():
            found = beams.beam_search(
                engine,
                ids,
                max_new_tokens=params.max_tokens,
                beam_width=params.beam_width,
                scoring="vllm",
                length_penalty=params.length_penalty,
                ignore_eos=params.ignore_eos,
                temperature=params.temperature,
                seed=self._seeds.getrandbits(63),
            )
        return BeamSearchOutput([self._sequence(ids, beam, params) for beam in found])

    def _sequence(
        self, prompt: list[int], beam: beams.Beam, params: BeamSearchParams
    ) -> BeamSearchSequence:
        tokens = [*prompt, *beam.tokens]

        def scores() -> SampleLogprobs:
            return self._scores(prompt, tokens, 2 * params.beam_width)

        text = self._tokenizer.decode(tokens, skip_special_tokens=params.skip_special_tokens)
        return BeamSearchSequence(tokens=tokens, cum_logprob=beam.logprob, text=text, scores=scores)

    def _scores(self, prompt: list[int], tokens: list[int], count: int) -> SampleLogprobs:
        """Of each token behind the prompt the likeliest in its place."""
        engine = self._engines.get([len(tokens) + 1])
        greedy = wish_of(SamplingParams(temperature=0, max_tokens=1), 1, None, self._rules).sampling
        (answer,) = engine.map(
            [tokens],
            sampling=greedy,
            prompt_logprobs=min(count, MOST_LOGPROBS),
            prompt_logprobs_start=len(prompt),
        )
        places = _requests.prompt_scores(answer, tokens, self._texts, len(prompt))
        made: SampleLogprobs = []
        for place in places:
            entries = sorted((place or {}).items(), key=lambda entry: entry[1].rank or 0)
            made.append(dict(entries[:count]))
        return made

    # ---- Embeddings.

    def embed(
        self,
        prompts: Any,
        *,
        use_tqdm: UseTqdm = True,
        pooling_params: Any = None,
        tokenization_kwargs: dict[str, Any] | None = None,
        **further: Any,
    ) -> list[EmbeddingRequestOutput]:
        """The embedding of each prompt: `outputs.embedding`, hidden_size floats."""
        refuse("embed", **further)
        found = self.encode(
            prompts,
            pooling_params,
            use_tqdm=use_tqdm,
            pooling_task="embed",
            tokenization_kwargs=tokenization_kwargs,
        )
        return [_pooling.embedding_of(output) for output in found]

    def encode(
        self,
        prompts: Any,
        pooling_params: Any = None,
        *,
        use_tqdm: UseTqdm = True,
        pooling_task: str | None = None,
        tokenization_kwargs: dict[str, Any] | None = None,
        **further: Any,
    ) -> list[PoolingRequestOutput]:
        """The same as tensors or arrays, `outputs.data`; `pooling_task` must be "embed"."""
        self._needs("encode", "pooling")
        refuse("encode", **further)
        _pooling.check_task(pooling_task)
        rows = split(prompts)
        params = _each(pooling_params, len(rows), "pooling_params", object)
        read = [self._reader.read(prompt, tokenization_kwargs) for prompt in rows]
        if not read:
            return []
        engine = self._engines.get([len(prompt.ids) for prompt in read])
        numbers = [str(next(self._numbers)) for _ in read]
        with Bar(use_tqdm, len(read)) as bar, _refusals():
            return _pooling.run(engine, numbers, read, params, self._pooler, bar)

    def score(
        self,
        data_1: Any,
        data_2: Any,
        /,
        *,
        use_tqdm: UseTqdm = True,
        pooling_params: Any = None,
        tokenization_kwargs: dict[str, Any] | None = None,
        **further: Any,
    ) -> list[ScoringRequestOutput]:
        """How alike texts are, by the cosine of their embeddings: one to N, or N to N."""
        self._needs("score", "pooling")
        refuse("score", **further)
        first, second = split(data_1), split(data_2)
        if len(first) not in (1, len(second)):
            raise VLLMValidationError(
                f"there are {len(first)} texts in data_1 and {len(second)} in data_2",
                parameter="data_1",
            )
        found = self.encode(
            [*first, *second],
            pooling_params,
            use_tqdm=use_tqdm,
            pooling_task="embed",
            tokenization_kwargs=tokenization_kwargs,
        )
        pad = self._tokenizer.pad_token_id
        return _pooling.scores_of(found[: len(first)], found[len(first) :], pad)

    def _needs(self, method: str, runner: str) -> None:
        """ValueError where the LLM was made for the other kind."""
        if self.runner_type != runner:
            raise InvalidArgument(
                f"LLM.{method}() needs runner={runner!r}, and this LLM has {self.runner_type!r}"
            )


@contextlib.contextmanager
def _refusals() -> Iterator[None]:
    """What the engine refuses, as vLLM's error."""
    try:
        yield
    except (InvalidArgument, ContextFull) as error:
        raise VLLMValidationError(str(error)) from error


def _each(given: Any, count: int, name: str, kind: Any) -> list[Any]:
    """One value a prompt."""
    values = list(given) if isinstance(given, Sequence) else [given] * count
    if len(values) != count:
        raise VLLMValidationError(
            f"there are {count} prompts and {len(values)} {name}", parameter=name
        )
    for value in values:
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be {kind.__name__}, not {type(value).__name__}")
    return values
