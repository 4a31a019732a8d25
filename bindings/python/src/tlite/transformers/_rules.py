"""A plan's rules in two forms: processors on numpy, and the parameters of the library's sampler.

Both say the same. The first are made in any case, as their constructors check the values.
"""

from __future__ import annotations

from typing import Any

from ..sampling import SamplingParams
from . import logits_process as rules
from . import logits_warpers as filters
from . import stopping_criteria as stopping
from ._log import warn_once
from ._plan import Plan


def _penalties(plan: Plan) -> list[Any]:
    """Of everything that counts whether tokens are drawn or not, in transformers' order."""
    c, width, eos = plan.config, plan.width, plan.eos
    made: list[Any] = []
    if c.sequence_bias is not None:
        made.append(rules.SequenceBiasLogitsProcessor(c.sequence_bias))
    if c.repetition_penalty is not None and c.repetition_penalty != 1.0:
        made.append(rules.RepetitionPenaltyLogitsProcessor(c.repetition_penalty, plan.skipped))
    if c.no_repeat_ngram_size:
        made.append(rules.NoRepeatNGramLogitsProcessor(c.no_repeat_ngram_size))
    if c.bad_words_ids is not None:
        made.append(rules.NoBadWordsLogitsProcessor(c.bad_words_ids, eos))
    if c.min_length and eos:
        made.append(rules.MinLengthLogitsProcessor(c.min_length, eos))
    if c.min_new_tokens and eos:
        made.append(rules.MinNewTokensLengthLogitsProcessor(width, c.min_new_tokens, eos))
    if plan.allowed is not None:
        constrained = rules.PrefixConstrainedLogitsProcessor(
            plan.allowed, max(c.num_beams or 1, c.num_return_sequences)
        )
        constrained.kind = plan.kind
        made.append(constrained)
    if c.forced_bos_token_id is not None:
        made.append(rules.ForcedBOSTokenLogitsProcessor(c.forced_bos_token_id))
    if c.forced_eos_token_id is not None:
        made.append(rules.ForcedEOSTokenLogitsProcessor(c.max_length, c.forced_eos_token_id))
    if c.remove_invalid_values:
        made.append(rules.InfNanRemoveLogitsProcessor())
    if c.exponential_decay_length_penalty is not None:
        made.append(
            rules.ExponentialDecayLengthPenalty(
                tuple(c.exponential_decay_length_penalty), eos, width
            )
        )
    if c.suppress_tokens is not None:
        made.append(rules.SuppressTokensLogitsProcessor(c.suppress_tokens))
    if c.begin_suppress_tokens is not None:
        begin = width + int(width == 1 and c.forced_bos_token_id is not None)
        made.append(rules.SuppressTokensAtBeginLogitsProcessor(c.begin_suppress_tokens, begin))
    return made


def _filters(plan: Plan) -> list[Any]:
    """Of what is drawn from."""
    c = plan.config
    # Not all that is kept for a beam may be ends.
    least = len(plan.eos) + 1 if plan.eos else 2
    kept = {"min_tokens_to_keep": least if plan.searches else 1}
    made: list[Any] = []
    if c.temperature is not None and c.temperature != 1.0:
        made.append(filters.TemperatureLogitsWarper(c.temperature))
    if c.top_h is not None:
        made.append(filters.TopHLogitsWarper(c.top_h))
    if c.top_k:
        made.append(filters.TopKLogitsWarper(c.top_k, **kept))
    if c.top_p is not None and c.top_p < 1.0:
        made.append(filters.TopPLogitsWarper(c.top_p, **kept))
    if c.min_p is not None:
        made.append(filters.MinPLogitsWarper(c.min_p, **kept))
    if c.typical_p is not None and c.typical_p < 1.0:
        made.append(filters.TypicalLogitsWarper(c.typical_p, **kept))
    if c.epsilon_cutoff is not None and 0.0 < c.epsilon_cutoff < 1.0:
        made.append(filters.EpsilonLogitsWarper(c.epsilon_cutoff, **kept))
    if c.eta_cutoff is not None and 0.0 < c.eta_cutoff < 1.0:
        made.append(filters.EtaLogitsWarper(c.eta_cutoff, **kept))
    return made


def _merged(own: list[Any], given: list[Any], what: str) -> list[Any]:
    """Ours, then theirs; one of theirs takes the place of ours that has its type's name."""
    named = {type(entry).__name__: entry for entry in reversed(given)}
    result = []
    for entry in own:
        name = type(entry).__name__
        if name in named:
            warn_once(f"the {what} {name} of the call takes the place of the one from arguments")
        result.append(named.get(name, entry))
    return result + [entry for entry in given if not any(entry is known for known in result)]


def processors_of(plan: Plan) -> list[Any]:
    """What changes the scores of a step, in order. ValueError names what is out of range."""
    made = _merged(_penalties(plan), plan.processors, "logits processor")
    if plan.samples:
        made += _filters(plan)
    if plan.config.renormalize_logits is True:
        made.append(filters.LogitNormalization())
    return made


def criteria_of(plan: Plan, most_positions: int | None) -> list[Any]:
    """What ends rows."""
    c = plan.config
    made: list[Any] = [stopping.MaxLengthCriteria(c.max_length, most_positions)]
    if c.max_time is not None:
        made.append(stopping.MaxTimeCriteria(c.max_time))
    if c.stop_strings is not None:
        made.append(stopping.StopStringCriteria(stop_tokenizer(plan), c.stop_strings))
    if plan.eos:
        made.append(stopping.EosTokenCriteria(plan.eos))
    return _merged(made, plan.criteria, "stopping criterion")


def stop_tokenizer(plan: Plan) -> Any:
    """The tokenizer that stop strings need. ValueError where the call has none."""
    if plan.tokenizer is None:
        raise ValueError("stop_strings need the argument tokenizer=, the model's own")
    return plan.tokenizer


def sampling_of(plan: Plan, seed: int | None, model_eos: list[int]) -> SamplingParams:
    """The same for the library's sampler, of one row."""
    c = plan.config
    bias = c.sequence_bias
    pairs = list(bias.items() if isinstance(bias, dict) else bias or ())
    if len({tuple(ids) for ids, _ in pairs}) < len(pairs):
        pairs = list({tuple(ids): value for ids, value in pairs}.items())
    ends = list(plan.eos)
    same_ends = set(ends) == set(model_eos)
    decay = c.exponential_decay_length_penalty
    given: dict[str, Any] = dict(
        temperature=0.0,
        repetition_penalty=c.repetition_penalty or 1.0,
        no_repeat_ngram_size=c.no_repeat_ngram_size or 0,
        forced_bos_token_id=c.forced_bos_token_id if plan.width == 1 else None,
        max_new_tokens=plan.max_new_tokens,
        min_new_tokens=min(plan.min_new_tokens, plan.max_new_tokens),
        ignore_eos=not same_ends,
        stop_token_ids=() if same_ends else ends,
        sequence_bias=[(tuple(ids), value) for ids, value in pairs],
        suppress_tokens=c.suppress_tokens or (),
        begin_suppress_tokens=c.begin_suppress_tokens or (),
        bad_words=[
            words for words in c.bad_words_ids or () if not (len(words) == 1 and words[0] in ends)
        ],
        forced_eos_token_ids=rules.token_list(c.forced_eos_token_id),
        seed=seed,
    )
    if decay is not None:
        given.update(length_decay_start=int(decay[0]), length_decay_factor=float(decay[1]))
    if plan.samples:
        given.update(
            temperature=1.0 if c.temperature is None else c.temperature,
            top_k=c.top_k or 0,
            # Of nothing one token is left.
            top_p=min(1.0, max(1e-30, 1.0 if c.top_p is None else c.top_p)),
            min_p=c.min_p or 0.0,
            typical_p=min(1.0, 1.0 if c.typical_p is None else c.typical_p),
            epsilon_cutoff=_cutoff(c.epsilon_cutoff),
            eta_cutoff=_cutoff(c.eta_cutoff),
        )
    return SamplingParams(**given)


def _cutoff(value: float | None) -> float:
    return value if value is not None and 0.0 < value < 1.0 else 0.0


def needs_host(plan: Plan, model_eos: list[int]) -> bool:
    """Whether somebody wants to look at scores, or at all rows, between two tokens."""
    c = plan.config
    shows = c.return_dict_in_generate and (c.output_scores or c.output_logits)
    looks = plan.processors or plan.criteria or plan.allowed is not None or c.top_h is not None
    together = len(plan.prompts) > 1 and (
        plan.streamer is not None or (not plan.eos and c.stop_strings is not None)
    )
    # Whose ends these rules mean the sampler takes from the model.
    own_ends = set(plan.eos) != set(model_eos) and (
        c.exponential_decay_length_penalty is not None or c.bad_words_ids is not None
    )
    return bool(shows or looks or together or own_ends)
