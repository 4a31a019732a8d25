"""The harness's model class."""

from __future__ import annotations

import os
from typing import Any

from lm_eval import utils
from lm_eval.api.model import TemplateLM
from lm_eval.api.registry import register_model
from lm_eval.models.utils import configure_pad_token, has_bos_prefix, resolve_max_length
from tqdm.auto import tqdm

from .._convert import choice
from ..errors import BadTemplate, InvalidArgument, NotSupported
from ..transformers import AutoModelForCausalLM, AutoTokenizer, Qwen2ForCausalLM, Qwen2Tokenizer
from ..transformers._log import logger
from ._arguments import refuse
from ._engines import Engines
from ._generating import Writer
from ._scoring import Likelihood, Pair, likelihoods


@register_model("tlite")
class TliteLM(TemplateLM):
    """A checkpoint on libtlite: `--model tlite --model_args pretrained=PATH`.

    Scores and texts are those of the harness's `hf` model in float32 on the same checkpoint, as it
    gives them with batch_size=1. See docs/python-lm-eval.md for every argument.

    - `pretrained`: a Hugging Face directory, a .gguf file, a name in Hugging Face's cache on disk,
      or a model of `tlite.transformers`.
    - `max_length`: tokens of text and ending; None: what the model was trained for.
    - `weights`, `threads`, `packed_cache`: as of `tlite.Model`; `kv_type`: as of an `Engine`,
      "f32" by default, with which scores are those of float32.

    InvalidArgument, NotSupported and TypeError name the argument; FileNotFoundError.
    """

    def __init__(
        self,
        pretrained: Any,
        backend: str = "default",
        revision: str | None = "main",
        subfolder: str = "",
        tokenizer: Any = None,
        truncation: bool | None = False,
        max_length: int | None = None,
        dtype: Any = "auto",
        batch_size: int | str | None = 1,
        add_bos_token: bool | None = None,
        prefix_token_id: int | None = None,
        gguf_file: str | None = None,
        think_end_token: str | int | None = None,
        enable_thinking: bool | None = None,
        chat_template_args: dict[str, Any] | None = None,
        weights: str | None = None,
        threads: int | None = None,
        packed_cache: str | None = None,
        kv_type: str = "f32",
        cache_dir: str | None = None,
        **further: Any,
    ) -> None:
        super().__init__()
        refuse(further)
        if backend not in ("default", "causal"):
            raise NotSupported(f"backend is {backend!r}: these models are causal ones")
        if enable_thinking and think_end_token is None:
            raise InvalidArgument(
                "enable_thinking needs think_end_token, behind which the answer begins"
            )
        choice(kv_type, "tlite_data_type", "kv_type")
        self._batch_size = _batch_size(batch_size)
        self._max_length = _count(max_length, "max_length")
        where = {"revision": revision and str(revision), "cache_dir": cache_dir}
        where.update(subfolder=subfolder or None)
        self._model = _model_of(
            pretrained,
            {**where, "gguf_file": gguf_file},
            dict(dtype=dtype, weights=weights, threads=threads, packed_cache=packed_cache),
        )
        own = tokenizer is None
        self.tokenizer: Qwen2Tokenizer = _tokenizer_of(
            self._model.name_or_path if own else tokenizer,
            {**where, "gguf_file": gguf_file if own else None},
        )
        configure_pad_token(self.tokenizer)
        self._engines = Engines(self._model.native, threads, kv_type)
        self.revision = revision
        self.truncation = truncation
        self.add_bos_token = add_bos_token
        self.think_end_token = _token_or_text(think_end_token)
        self.enable_thinking = enable_thinking
        self.chat_template_args = dict(chat_template_args or {})
        if enable_thinking is not None:
            self.chat_template_args["enable_thinking"] = enable_thinking
        self.custom_prefix_token_id = self._token(prefix_token_id, "prefix_token_id")

    # ---- What the harness asks about it.

    @property
    def model(self) -> Qwen2ForCausalLM:
        """The model, of `tlite.transformers`."""
        return self._model

    @property
    def config(self) -> Any:
        """The checkpoint's config.json."""
        return self._model.config

    @property
    def device(self) -> str:
        """The CPU."""
        return "cpu"

    @property
    def batch_size(self) -> int | str:
        """As it was given; see docs/python-lm-eval.md."""
        return self._batch_size

    @property
    def max_length(self) -> int:
        """Tokens of a text and its ending, or of a prompt and its answer."""
        return self._max_length or resolve_max_length(self.config, self.tokenizer)

    @property
    def max_gen_toks(self) -> int:
        """Tokens of an answer, where the task says nothing of it."""
        return 256

    @property
    def eot_token_id(self) -> int:
        """The tokenizer's end token. NotSupported where it has none."""
        token = self.tokenizer.eos_token_id
        if token is None:
            raise NotSupported("the tokenizer names no end token (eos_token)")
        return int(token)

    @property
    def prefix_token_id(self) -> int:
        """What stands in front of an ending that has no text."""
        for token in (self.custom_prefix_token_id, self.tokenizer.bos_token_id):
            if token is not None:
                return int(token)
        return self.eot_token_id

    @property
    def tokenizer_name(self) -> str:
        """Which keeps cached requests of several tokenizers apart."""
        return self.tokenizer.name_or_path.replace("/", "__")

    def get_model_info(self) -> dict[str, Any]:
        """What is written beside the results."""
        info = self._model.native.info
        return {
            "model_num_parameters": self._model.num_parameters(),
            "model_dtype": str(self._model.dtype),
            "model_revision": self.revision,
            "model_sha": "",
            "tlite_weight_type": info.weight_type,
            "tlite_cpu_tier": self._model.native.cpu_tier,
        }

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """The conversation as text; without a generation prompt its last message goes on.

        Where the template has no place for a system message, that is left out.
        """
        arguments = dict(
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            continue_final_message=not add_generation_prompt,
            **self.chat_template_args,
        )
        try:
            return str(self.tokenizer.apply_chat_template(chat_history, **arguments))
        except BadTemplate as error:
            if all(message["role"] != "system" for message in chat_history):
                raise
            logger.warning(
                "the chat template takes no system message, which is left out: %s", error
            )
        others = [message for message in chat_history if message["role"] != "system"]
        return str(self.tokenizer.apply_chat_template(others, **arguments))

    # ---- Text to ids.

    def _token(self, token: int | str | None, name: str) -> int | None:
        """An id of the vocabulary."""
        if token is None:
            return None
        size = self._model.native.vocab_size
        if isinstance(token, bool) or not isinstance(token, int) or not 0 <= token < size:
            raise InvalidArgument(f"{name} is {token!r}, and must be an id from 0 to {size - 1}")
        return token

    def tok_encode(
        self,
        string: str,
        add_special_tokens: bool | None = None,
        left_truncate_len: int | None = None,
        **_: Any,
    ) -> list[int]:
        """The ids of a text, and of the last `left_truncate_len` tokens of it alone."""
        add = add_special_tokens
        if add is None:
            prefix = self.tokenizer.decode(self.prefix_token_id)
            add = self.add_bos_token is not False and not has_bos_prefix(string, prefix)
        ids = self.tokenizer._ids(string, add, self.tokenizer.split_special_tokens)
        return ids[-left_truncate_len:] if left_truncate_len else ids

    def tok_decode(self, tokens: Any, skip_special_tokens: bool = True) -> str:
        """The text of ids."""
        return str(self.tokenizer.decode(tokens, skip_special_tokens=skip_special_tokens))

    def _prompt(self, text: str) -> list[int]:
        """The ids of what is to go on; `truncation` cuts them to what the model was trained for."""
        bos = has_bos_prefix(text, self.tokenizer.bos_token)
        add = False if bos else self.add_bos_token is not False
        ids: list[int] = self.tokenizer.encode(
            text, truncation=self.truncation, add_special_tokens=add, verbose=False
        )
        return ids

    # ---- What it does.

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[Likelihood]:
        """Of each (text, ending) the log likelihood of the ending, and whether it is greedy.

        ValueError with `enable_thinking`, as an ending stands where thoughts would.
        """
        if self.enable_thinking:
            names = sorted({request.task_name for request in requests if request.task_name})
            raise InvalidArgument(
                f"enable_thinking is for tasks that generate, and these score: {', '.join(names)}"
            )
        result: list[Likelihood] = super().loglikelihood(requests, disable_tqdm=disable_tqdm)
        return result

    def _loglikelihood_tokens(
        self,
        requests: list[tuple[Any, list[int], list[int]]],
        disable_tqdm: bool = False,
        **_: Any,
    ) -> list[Likelihood]:
        """The same of ids. InvalidArgument for an ending of no token, or of too many."""
        most = self.max_length
        pairs: list[Pair] = []
        cut = 0
        for asked, text, ending in requests:
            if not text or not ending:
                raise InvalidArgument(f"a text or an ending has no token: {asked!r}")
            if len(ending) > most:
                raise InvalidArgument(
                    f"an ending has {len(ending)} tokens, and max_length is {most}: {asked!r}"
                )
            cut += len(text) + len(ending) > most + 1
            pairs.append((text, ending))
        if cut:
            logger.warning(
                "%d texts are longer than max_length, %d, and lose their beginning", cut, most
            )
        scores: list[Likelihood] = [(0.0, False)] * len(pairs)
        with tqdm(total=len(pairs), disable=disable_tqdm, desc="Log likelihoods") as bar:
            for place, score in likelihoods(self._engines, pairs, most):
                scores[place] = score
                if requests[place][0] is not None:
                    self.cache_hook.add_partial("loglikelihood", requests[place][0], score)
                bar.update()
        return scores

    def loglikelihood_rolling(self, requests: list[Any], disable_tqdm: bool = False) -> list[float]:
        """The log likelihood of each text, in windows of `max_length` tokens."""
        windows: list[tuple[None, list[int], list[int]]] = []
        ends = []
        for request in requests:
            (text,) = request.args
            for window in utils.get_rolling_token_windows(
                token_list=self.tok_encode(text),
                prefix_token=self.prefix_token_id,
                max_seq_len=self.max_length,
                context_len=1,
            ):
                windows.append((None, *utils.make_disjoint_window(window)))
            ends.append(len(windows))
        scores = self._loglikelihood_tokens(windows, disable_tqdm=disable_tqdm)
        totals = []
        for request, begin, end in zip(requests, [0, *ends], ends):
            totals.append(sum(score for score, _ in scores[begin:end]))
            self.cache_hook.add_partial("loglikelihood_rolling", request.args, totals[-1])
        return totals

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Of each (text, gen_kwargs) how it goes on, up to a string of `until`.

        What gen_kwargs leave out comes from the checkpoint's generation_config.json, the repetition
        penalty too. InvalidArgument, ValueError and NotSupported name what cannot be.
        """
        writer = Writer(self._model, self.tokenizer, self._engines, self.think_end_token)
        eos = self.tok_decode(self.eot_token_id, skip_special_tokens=False)
        tasks = []
        for request in requests:
            text, given = request.args
            if not isinstance(given, dict):
                raise TypeError(f"gen_kwargs must be a dict, not {type(given).__name__}")
            ids = self._prompt(text)
            tasks.append(writer.task(ids, given, self.max_length, self.max_gen_toks, eos))
        texts = [""] * len(tasks)
        with tqdm(total=len(tasks), disable=disable_tqdm, desc="Texts") as bar:
            for place, text in writer.run(tasks):
                texts[place] = text
                self.cache_hook.add_partial("generate_until", requests[place].args, text)
                bar.update()
        return texts


def _model_of(pretrained: Any, where: dict[str, Any], load: dict[str, Any]) -> Qwen2ForCausalLM:
    if isinstance(pretrained, Qwen2ForCausalLM):
        return pretrained
    if not isinstance(pretrained, (str, os.PathLike)):
        raise TypeError(
            "pretrained must be a path, a name or a model of tlite.transformers, not"
            f" {type(pretrained).__name__}"
        )
    given = {name: value for name, value in {**where, **load}.items() if value is not None}
    return AutoModelForCausalLM.from_pretrained(pretrained, **given)


def _tokenizer_of(given: Any, where: dict[str, Any]) -> Qwen2Tokenizer:
    if isinstance(given, Qwen2Tokenizer):
        return given
    if not isinstance(given, (str, os.PathLike)):
        raise TypeError(
            "tokenizer must be a path, a name or a tokenizer of tlite.transformers, not"
            f" {type(given).__name__}"
        )
    known = {name: value for name, value in where.items() if value is not None}
    return AutoTokenizer.from_pretrained(given, **known)


def _batch_size(given: int | str | None) -> int | str:
    """What the harness may say: a count, "auto" or "auto:N"."""
    text = str(1 if given is None else given)
    count = text.removeprefix("auto").removeprefix(":") if text.startswith("auto") else text
    try:
        if count and not float(count) > 0:
            raise ValueError
        return "auto" if text.startswith("auto") else int(text)
    except ValueError:
        raise InvalidArgument(
            f"batch_size is {given!r}, and must be a count above 0, 'auto' or 'auto:N'"
        ) from None


def _count(given: int | None, name: str) -> int | None:
    if given is None:
        return None
    if isinstance(given, bool) or not isinstance(given, int) or given < 1:
        raise InvalidArgument(f"{name} is {given!r}, and must be a count above 0")
    return given


def _token_or_text(given: str | int | None) -> str | int | None:
    if isinstance(given, str) and given.isdigit():
        return int(given)
    if given is not None and (isinstance(given, bool) or not isinstance(given, (str, int))):
        raise InvalidArgument(f"think_end_token is {given!r}, and must be a token or its id")
    return given
