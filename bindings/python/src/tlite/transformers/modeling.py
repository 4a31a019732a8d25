"""The model with the methods of transformers' causal language models."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from .._engines import Engines
from ..errors import NotSupported
from ..evaluator import Evaluator
from ..model import Model
from . import _arrays, _beam_loop, _host_loop, _requests
from ._arguments import refuse
from ._loading import generation_config_of
from ._plan import Plan, ids_of, mask_of, plan_of
from ._rules import criteria_of, needs_host, processors_of
from .configuration import Qwen2Config, config_of
from .generation_config import GenerationConfig
from .logits_warpers import log_softmax
from .outputs import (
    CausalLMOutputWithPast,
    GenerateBeamDecoderOnlyOutput,
    GenerateDecoderOnlyOutput,
)

_CHUNK = 128  # rows of logits that are held at once
_USUAL = 16384  # tokens of several rows
_SEQUENCES = 32


class Qwen2ForCausalLM:
    """A model that generates, as transformers' do; see docs/python-transformers.md.

    Made by `AutoModelForCausalLM.from_pretrained`. `native` is the `tlite.Model` below it. Any
    number of threads may generate at once.
    """

    main_input_name = "input_ids"
    base_model_prefix = "model"
    training = False

    def __init__(self, path: str, *, name: str = "", **load: Any) -> None:
        self.native = Model(path, **load)
        self.name_or_path = name or path
        self.config: Qwen2Config = config_of(path, self.native.info, self.name_or_path)
        self.generation_config: GenerationConfig = generation_config_of(
            path, self.config, self.native
        )
        self._engines = Engines(self.native, usual=_USUAL, max_sequences=_SEQUENCES)

    def __repr__(self) -> str:
        info = self.native.info
        return f"<{type(self).__name__} {self.name_or_path!r}, {info.weight_type}, on the CPU>"

    # ---- Where it is and what it is.

    @property
    def device(self) -> Any:
        """The CPU: a torch.device where torch was imported, else a str."""
        return _arrays.cpu()

    @property
    def dtype(self) -> Any:
        """Of the weights as stored: torch's where it was imported, else a str."""
        name = {"bf16": "bfloat16", "f16": "float16", "f32": "float32"}.get(
            self.native.info.weight_type, self.native.info.weight_type
        )
        return getattr(_arrays.loaded_torch(), name, name)

    def to(self, *targets: Any, device: Any = None, dtype: Any = None, **_: Any) -> Any:
        """Itself, for the CPU and its own dtype; NotSupported for others."""
        for target in (*targets, device, dtype):
            if target is None or isinstance(target, bool) or _arrays.is_cpu(target):
                continue
            name = str(target).replace("torch.", "")
            if name not in ("float32", str(self.dtype).replace("torch.", "")):
                raise NotSupported(
                    f"to({target!r}): weights are {self.dtype} on the CPU, and computed in float32"
                )
        return self

    def cpu(self) -> Any:
        """Itself."""
        return self

    def float(self) -> Any:
        """Itself: it computes in float32."""
        return self

    def eval(self) -> Any:
        """Itself: it is never trained."""
        return self

    def train(self, mode: bool = True) -> Any:
        """NotSupported but for False."""
        if mode:
            raise NotSupported("train(): this library does not train")
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Any:
        """NotSupported but for False."""
        return self.train(requires_grad)

    def can_generate(self) -> bool:
        """True."""
        return True

    def num_parameters(self, only_trainable: bool = False, exclude_embeddings: bool = False) -> int:
        """How many numbers it has, tied embeddings counted once."""
        info = self.native.info
        table = info.vocab_size * info.hidden_size
        return info.parameter_count - (table if exclude_embeddings else 0)

    def get_memory_footprint(self, return_buffers: bool = True) -> int:
        """Bytes of its weights."""
        return self.native.info.weight_bytes

    def save_pretrained(self, save_directory: Any, **_: Any) -> None:
        """NotSupported: the files of a checkpoint are not written anew."""
        raise NotSupported(
            f"save_pretrained to {os.fspath(save_directory)!r}: copy {self.name_or_path!r} instead"
        )

    def resize_token_embeddings(self, new_num_tokens: int | None = None, **_: Any) -> Any:
        """NotSupported but for the size that it has."""
        if new_num_tokens not in (None, self.native.vocab_size):
            raise NotSupported(f"resize_token_embeddings to {new_num_tokens}: weights never change")

    # ---- The forward pass.

    def forward(
        self,
        input_ids: Any = None,
        attention_mask: Any = None,
        labels: Any = None,
        logits_to_keep: int = 0,
        return_dict: bool | None = None,
        **further: Any,
    ) -> Any:
        """Logits after every token: float32 (rows, length, vocab_size), zeros where masked.

        - `attention_mask` (rows, length): 0 where a token does not count, in front and behind; none
          between two that do, where transformers leaves a gap in the positions: NotSupported.
        - `labels` (rows, length), -100 where there is none: `loss` is the mean of their negative
          log-likelihoods, each given what stands before it.
        - `logits_to_keep`: of the last so many places only; 0: of all.
        """
        refuse("forward", **further)
        if input_ids is None:
            raise ValueError("forward needs input_ids")
        if not isinstance(logits_to_keep, int) or logits_to_keep < 0:
            raise NotSupported(f"logits_to_keep is {logits_to_keep!r}, and must be a count")
        kind = _arrays.kind_of(input_ids)
        ids, padding = ids_of(input_ids)
        mask = padding if attention_mask is None else mask_of(attention_mask, ids.shape)
        mask = np.ones_like(ids) if mask is None else mask
        _check_holes(mask)
        logits = self._logits(ids, mask, logits_to_keep or ids.shape[1])
        loss = None
        if labels is not None:
            loss = _loss(logits, self._labels(labels, ids.shape))
        out = CausalLMOutputWithPast(
            loss=None if loss is None else _scalar(kind, loss), logits=_arrays.made(kind, logits)
        )
        return out.to_tuple() if return_dict is False else out

    __call__ = forward

    def _labels(self, given: Any, shape: tuple[int, ...]) -> Any:
        """Labels of ids of that shape; ValueError."""
        labels, _ = ids_of(given, -100, "labels")
        if labels.shape != shape:
            raise ValueError(f"labels are {labels.shape}, and input_ids are {shape}")
        counts = labels[labels != -100]
        unknown = counts[(counts < 0) | (counts >= self.native.vocab_size)]
        if len(unknown):
            raise ValueError(f"labels have {unknown[0]}, which is no token: -100 is of none")
        return labels

    def _logits(self, ids: Any, mask: Any, kept: int) -> Any:
        rows, width = ids.shape
        kept = min(kept, width)
        result = np.zeros((rows, kept, self.native.vocab_size), dtype=np.float32)
        longest = int((mask != 0).sum(axis=1).max())
        if not longest:
            return result
        with Evaluator(
            self.native, context=longest, max_sequences=1, max_logits_rows=min(_CHUNK, longest)
        ) as evaluator:
            for row in range(rows):
                places = np.flatnonzero(mask[row])
                sequence = evaluator.create_sequence()
                self._fill(
                    evaluator, sequence, ids[row, places], places - (width - kept), result[row]
                )
                evaluator.destroy_sequence(sequence)
        return result

    @staticmethod
    def _fill(evaluator: Evaluator, sequence: int, ids: Any, places: Any, result: Any) -> None:
        """Logits of a row's tokens at their places; those below 0 are not wanted."""
        unwanted = int((places < 0).sum())
        if unwanted:
            evaluator.append(sequence, ids[:unwanted].tolist(), logits=0)
        for begin in range(unwanted, len(ids), _CHUNK):
            part = ids[begin : begin + _CHUNK].tolist()
            evaluator.append(sequence, part, logits=len(part))
            result[places[begin : begin + len(part)]] = evaluator.logits(copy=True)

    # ---- Generating.

    def generate(self, inputs: Any = None, generation_config: Any = None, **kwargs: Any) -> Any:
        """Prompts with their answers: int64 (rows, length), or a GenerateDecoderOnlyOutput
        (with num_beams a GenerateBeamDecoderOnlyOutput).

        Tensors where the prompts are, else arrays. All rows are computed at once, each as if it
        were alone. Arguments have transformers' names, defaults and meaning; which are honoured,
        accepted and refused is in docs/python-transformers.md.

        ValueError for what cannot be meant, NotSupported for what is refused; both name it.
        """
        plan = plan_of(
            self.generation_config,
            self.config.max_position_embeddings,
            inputs,
            generation_config,
            kwargs,
        )
        processors = processors_of(plan)
        criteria = criteria_of(plan, self.config.max_position_embeddings)
        streamer = plan.streamer
        if streamer is not None:
            streamer.put(_arrays.made(plan.kind, plan.ids))
        ends = list(self.native.info.eos_token_ids)
        put = None if streamer is None else _putter(streamer, plan.kind)
        if plan.searches:
            result = _beam_loop.run(self.native, plan, processors, criteria)
        elif needs_host(plan, ends):
            result = _host_loop.run(self.native, plan, processors, criteria, put)
        else:
            rows = [len(prompt) + plan.max_new_tokens for prompt in plan.prompts]
            answers = _requests.run(self._engines.get(rows), plan, ends, put)
            result = _host_loop.HostResult(_joined(plan, answers))
        if streamer is not None:
            streamer.end()
        return _output(plan, result)

    def compute_transition_scores(
        self, sequences: Any, scores: Any, beam_indices: Any = None, normalize_logits: bool = False
    ) -> Any:
        """The score of each new token: float32 (rows, new tokens).

        `scores` and `beam_indices` as generate gave them; `normalize_logits`: as logarithms of
        probabilities. 0 behind the answer of a beam.
        """
        steps = np.stack([_arrays.as_numpy(step) for step in scores], axis=1)
        if normalize_logits:
            steps = log_softmax(steps)
        ids = _arrays.as_numpy(sequences)
        if beam_indices is None:
            rows = np.repeat(np.arange(len(ids))[:, None], steps.shape[1], axis=1)
        else:
            rows = _arrays.as_numpy(beam_indices)
            rows = rows[:, : int((rows >= 0).sum(axis=1).max())]
        ids, counts = ids[:, ids.shape[1] - rows.shape[1] :], rows >= 0
        places = np.arange(rows.shape[1])[None, :]
        chosen = np.where(counts, steps[np.where(counts, rows, 0), places, ids], np.float32(0))
        return _arrays.made(_arrays.kind_of(sequences), chosen)


def _check_holes(mask: Any) -> None:
    """NotSupported where a row has tokens that do not count between two that do."""
    for row, places in enumerate(map(np.flatnonzero, mask)):
        gaps = np.flatnonzero(np.diff(places) > 1)
        if len(gaps):
            raise NotSupported(
                f"attention_mask of row {row} is 0 at {places[gaps[0]] + 1}, between tokens that"
                " count, where transformers leaves a gap in the positions; generate leaves none"
            )


def _putter(streamer: Any, kind: str) -> Any:
    """Gives a streamer the tokens of a step, one or one a row."""

    def put(tokens: Any) -> None:
        streamer.put(_arrays.made(kind, np.atleast_1d(np.asarray(tokens, dtype=np.int64))))

    return put


def _output(plan: Plan, result: _host_loop.HostResult) -> Any:
    """What generate gives back."""
    config = plan.config
    sequences = _arrays.made(plan.kind, result.sequences)
    if not config.return_dict_in_generate:
        return sequences
    shown: dict[str, Any] = dict(
        sequences=sequences,
        scores=tuple(result.scores) if config.output_scores else None,
        logits=tuple(result.logits) if config.output_logits else None,
    )
    if not plan.searches:
        return GenerateDecoderOnlyOutput(**shown)
    scores = _arrays.made(plan.kind, result.beam_scores) if config.output_scores else None
    return GenerateBeamDecoderOnlyOutput(
        **shown,
        sequences_scores=scores,
        beam_indices=_arrays.made(plan.kind, result.origins),
    )


def _joined(plan: Plan, answers: list[list[int]]) -> Any:
    """Prompts and answers as one matrix, filled up with padding."""
    longest = max(len(answer) for answer in answers)
    filling = 0 if plan.pad is None else plan.pad
    rows = [answer + [filling] * (longest - len(answer)) for answer in answers]
    return np.concatenate([plan.ids, np.array(rows, dtype=np.int64)], axis=1)


def _loss(logits: Any, labels: Any) -> float:
    """The mean negative log-likelihood of labels, each at the place before it."""
    kept = logits.shape[1]
    wanted = labels[:, labels.shape[1] - kept :][:, 1:]
    counts = wanted != -100
    chosen = np.take_along_axis(
        log_softmax(logits[:, :-1].astype(np.float64)), np.where(counts, wanted, 0)[:, :, None], 2
    )[:, :, 0]
    return float(-(chosen * counts).sum() / counts.sum()) if counts.any() else float("nan")


def _scalar(kind: str, value: float) -> Any:
    return _arrays.made(kind, np.array(value, dtype=np.float32))
