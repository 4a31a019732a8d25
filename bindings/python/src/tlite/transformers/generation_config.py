"""GenerationConfig: transformers' names, defaults and checks for how an answer is made."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import FileMissing
from ._log import warn_once
from ._vocabulary import read_json
from .hub import resolve

# Filled in where neither the caller nor the checkpoint says anything.
DEFAULTS: dict[str, Any] = {
    "max_length": 20,
    "min_length": 0,
    "do_sample": False,
    "use_cache": True,
    "early_stopping": False,
    "num_beams": 1,
    "temperature": 1.0,
    "top_k": 50,
    "top_p": 1.0,
    "typical_p": 1.0,
    "repetition_penalty": 1.0,
    "length_penalty": 1.0,
    "no_repeat_ngram_size": 0,
    "num_return_sequences": 1,
    "output_scores": False,
    "return_dict_in_generate": False,
    "remove_invalid_values": False,
    "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0,
}

FIELDS = (
    *("max_length", "max_new_tokens", "min_length", "min_new_tokens", "early_stopping"),
    *("max_time", "stop_strings", "do_sample", "num_beams", "use_mtp", "use_cache"),
    *("cache_implementation", "cache_config", "max_cache_len", "temperature", "top_k", "top_p"),
    *("min_p", "top_h", "typical_p", "epsilon_cutoff", "eta_cutoff", "repetition_penalty"),
    *("encoder_repetition_penalty", "length_penalty", "no_repeat_ngram_size", "bad_words_ids"),
    *("renormalize_logits", "forced_bos_token_id", "forced_eos_token_id"),
    *("remove_invalid_values", "exponential_decay_length_penalty", "suppress_tokens"),
    *("begin_suppress_tokens", "sequence_bias", "token_healing", "guidance_scale"),
    *("watermarking_config", "num_return_sequences", "output_attentions"),
    *("output_hidden_states", "output_scores", "output_logits", "return_dict_in_generate"),
    *("pad_token_id", "bos_token_id", "eos_token_id", "encoder_no_repeat_ngram_size"),
    *("decoder_start_token_id", "is_assistant", "num_assistant_tokens"),
    *("num_assistant_tokens_schedule", "assistant_confidence_threshold"),
    *("prompt_lookup_num_tokens", "max_matching_ngram_size", "assistant_early_exit"),
    *("assistant_lookbehind", "target_lookbehind", "assistant_ensemble_weight"),
    *("speculation_type", "compile_config", "disable_compile", "continuous_batching_config"),
    *("low_memory", "penalty_alpha", "dola_layers", "diversity_penalty", "num_beam_groups"),
    *("constraints", "force_words_ids", "prefill_chunk_size"),
)
"""The names of a GenerationConfig. Those that a checkpoint has beside them are kept too."""

# With the value that means nothing where nothing is drawn.
_OF_SAMPLING: dict[str, Any] = {
    "temperature": 1.0,
    "top_p": 1.0,
    "min_p": None,
    "top_h": None,
    "typical_p": 1.0,
    "top_k": 50,
    "epsilon_cutoff": 0.0,
    "eta_cutoff": 0.0,
}
_OF_GENERATE = (
    *("logits_processor", "stopping_criteria", "prefix_allowed_tokens_fn", "synced_gpus"),
    *("assistant_model", "streamer", "negative_prompt_ids", "negative_prompt_attention_mask"),
)
_ABOUT_THE_FILE = ("_from_model_config", "_commit_hash", "transformers_version")


class GenerationConfig:
    """How an answer is made. Everything is an attribute, and None where it was not given.

    `GenerationConfig(max_new_tokens=64, do_sample=True)`. What is None comes from the checkpoint's
    generation_config.json (`model.generation_config`), and what that leaves out is transformers'
    default: greedy, 20 new tokens; with `do_sample` top_k 50.
    """

    def __init__(self, **given: Any) -> None:
        for name in FIELDS:
            setattr(self, name, given.pop(name, None))
        self.transformers_version = given.pop("transformers_version", None)
        self._from_model_config = given.pop("_from_model_config", None)
        given.pop("_commit_hash", None)
        user_set = {name for name in FIELDS if getattr(self, name) is not None}
        for name, value in given.items():
            setattr(self, name, value)
        self.validate(user_set_attributes=user_set)

    def validate(self, strict: bool = False, user_set_attributes: set[str] | None = None) -> None:
        """ValueError for values that cannot be meant; a warning for those that change nothing.

        `strict` makes those errors too. `user_set_attributes`: what is warned of, None: all.
        """
        self._check()
        idle = self._idle(user_set_attributes)
        if not idle:
            return
        message = f"these generation settings change nothing here: {', '.join(sorted(idle))}"
        if strict:
            raise ValueError(message + "; " + "; ".join(idle.values()))
        warn_once(message)

    def _check(self) -> None:
        if self.early_stopping not in (None, True, False, "never"):
            raise ValueError(
                f"early_stopping is {self.early_stopping!r}, neither a bool nor 'never'"
            )
        if self.max_new_tokens is not None and self.max_new_tokens <= 0:
            raise ValueError(f"max_new_tokens is {self.max_new_tokens}, and must be above 0")
        if self.num_beams is not None and not (
            isinstance(self.num_beams, int) and self.num_beams >= 1
        ):
            raise ValueError(f"num_beams is {self.num_beams!r}, and must be an int of at least 1")
        beams, rows = self.num_beams or 1, self.num_return_sequences or 1
        if rows > 1 and beams == 1 and not self.do_sample:
            raise ValueError(
                f"num_return_sequences is {rows}, and without do_sample all answers are the same"
            )
        if rows > beams > 1:
            raise ValueError(f"num_return_sequences is {rows}, above num_beams, which is {beams}")
        for name in ("forced_bos_token_id", "forced_eos_token_id"):
            forced = getattr(self, name)
            ids = {forced} if isinstance(forced, int) else set(forced or ())
            if ids and ids <= set(self.suppress_tokens or ()):
                raise ValueError(f"{name} is {forced}, and suppress_tokens forbids it")
        for name in _OF_GENERATE:
            if hasattr(self, name):
                raise ValueError(f"{name} is an argument of generate, not of a GenerationConfig")

    def _idle(self, user_set: set[str] | None) -> dict[str, str]:
        """What is set to no effect, and why."""

        def warns(outer: str, inner: str) -> bool:
            if user_set is None:
                return True
            return inner in user_set or outer not in user_set

        idle: dict[str, str] = {}
        if self.do_sample is not True:
            for name, nothing in _OF_SAMPLING.items():
                value = getattr(self, name)
                if value is not None and value != nothing and warns("do_sample", name):
                    idle[name] = f"{name} needs do_sample=True"
        if (self.num_beams or 1) == 1:
            for name, nothing in (("early_stopping", False), ("length_penalty", 1.0)):
                value = getattr(self, name)
                if value is not None and value != nothing and warns("num_beams", name):
                    idle[name] = f"{name} needs num_beams above 1"
        if self.return_dict_in_generate is not True:
            for name in ("output_scores", "output_logits"):
                if getattr(self, name) is True:
                    idle[name] = f"{name} needs return_dict_in_generate=True"
        return idle

    def update(
        self,
        defaults_only: bool = False,
        allow_custom_entries: bool = False,
        **given: Any,
    ) -> dict[str, Any]:
        """Sets what there are names for; the rest comes back.

        `defaults_only`: only what is None. `allow_custom_entries`: also names that are new.
        """
        rest: dict[str, Any] = {}
        used: set[str] = set()
        for name, value in given.items():
            if not hasattr(self, name):
                if allow_custom_entries:
                    setattr(self, name, value)
                else:
                    rest[name] = value
            elif not defaults_only or getattr(self, name) is None:
                setattr(self, name, value)
                used.add(name)
        self.validate(user_set_attributes=used if not defaults_only else set())
        return rest

    def to_dict(self) -> dict[str, Any]:
        """Everything, by name."""
        return dict(self.__dict__)

    def to_diff_dict(self) -> dict[str, Any]:
        """What is not None."""
        return {name: value for name, value in self.__dict__.items() if value is not None}

    def to_json_string(self, use_diff: bool = True) -> str:
        """As a generation_config.json has it."""
        return json.dumps(self.to_diff_dict() if use_diff else self.to_dict(), indent=2) + "\n"

    def save_pretrained(
        self, save_directory: str | os.PathLike[str], config_file_name: str | None = None
    ) -> None:
        """Writes generation_config.json. ValueError for settings that change nothing."""
        self.validate(strict=True)
        folder = Path(save_directory)
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / (config_file_name or "generation_config.json")
        file.write_text(self.to_json_string(), encoding="utf-8")

    @classmethod
    def from_dict(cls, config_dict: Mapping[str, Any], **changes: Any) -> GenerationConfig:
        """From names and values."""
        return cls(**{**config_dict, **changes})

    @classmethod
    def from_pretrained(
        cls,
        pretrained_model_name: str | os.PathLike[str],
        config_file_name: str | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        revision: str | None = None,
        subfolder: str | None = None,
        **changes: Any,
    ) -> GenerationConfig:
        """A checkpoint's generation_config.json. FileNotFoundError where it has none."""
        folder = resolve(
            pretrained_model_name, cache_dir=cache_dir, revision=revision, subfolder=subfolder
        )
        file = Path(folder) / (config_file_name or "generation_config.json")
        if not file.is_file():
            raise FileMissing(f"there is no {file}")
        return cls.from_dict(read_json(file), **changes)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GenerationConfig):
            return False
        mine, theirs = self.to_dict(), other.to_dict()
        names = (set(mine) | set(theirs)) - set(_ABOUT_THE_FILE)
        return all(mine.get(name) == theirs.get(name) for name in names)

    def __hash__(self) -> int:
        return hash(self.to_json_string())

    def __repr__(self) -> str:
        return f"{type(self).__name__} {self.to_json_string()}"

    if TYPE_CHECKING:  # of the attributes of `FIELDS`

        def __setattr__(self, name: str, value: Any) -> None: ...

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"a GenerationConfig has no {name!r}")


def config_like(given: Any) -> GenerationConfig:
    """A copy of a GenerationConfig, or of an object of transformers' that is like one."""
    if not callable(getattr(given, "to_dict", None)):
        raise TypeError(f"generation_config must be a GenerationConfig, not {type(given).__name__}")
    values = given.to_dict()
    made = GenerationConfig()
    made.update(allow_custom_entries=True, **values)
    return made
