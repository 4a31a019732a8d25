"""Calls of vLLM's API, as its documentation pages use it, each a function of a `Side`.

vllm_api.py beside this file runs every one with both libraries and compares what comes out. Greedy,
or a sampled call whose outcome does not depend on chance.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RUSSIAN = "Какая столица Франции?"
TEXTS = ["Привет, мир!", "Напиши стих про машинное обучение", "2 + 2 =", "Мак"]
CHAT = [
    {"role": "system", "content": "Отвечай кратко."},
    {"role": "user", "content": RUSSIAN},
]
WHO = [{"role": "user", "content": "Кто ты?"}]
TOOL = {
    "type": "function",
    "function": {
        "name": "погода",
        "description": "Погода в городе",
        "parameters": {"type": "object", "properties": {"город": {"type": "string"}}},
    },
}
END, SECOND_END = 2559, 2557


@dataclass
class Side:
    """One of the two libraries: its module, and LLMs of the same checkpoint."""

    m: Any
    llm: Any
    pool: Any
    path: str

    def greedy(self, **given: Any) -> Any:
        """Parameters without chance."""
        return self.m.SamplingParams(**{"temperature": 0, "max_tokens": 12, **given})

    def say(self, prompts: Any, **given: Any) -> Any:
        """Greedy answers."""
        return self.llm.generate(prompts, self.greedy(**given), use_tqdm=False)

    def chat(self, messages: Any, given: dict[str, Any] | None = None, **arguments: Any) -> Any:
        """Greedy answers to conversations."""
        return self.llm.chat(messages, self.greedy(**(given or {})), use_tqdm=False, **arguments)

    def ids(self, text: str = RUSSIAN) -> list[int]:
        """Of a text."""
        return list(self.llm.get_tokenizer().encode(text))


Call = Callable[[Side], Any]
CALLS: dict[str, Call] = {}


@dataclass
class Near:
    """A number that may differ a little."""

    value: float


def several(name: str, /, **cases: Call) -> None:
    """Enters functions by a common name and one each."""
    for key, function in cases.items():
        CALLS[f"{name}: {key}"] = function


def ends(made: Any) -> Any:
    """Of outputs: ids, texts and how they ended."""
    return [
        [(o.index, o.text, list(o.token_ids), o.finish_reason, o.stop_reason) for o in r.outputs]
        for r in made
    ]


def seen(made: Any) -> Any:
    """Of outputs: all but the number, the cache, and what only vLLM has."""
    return [
        (
            *(type(r).__name__, r.prompt, list(r.prompt_token_ids), r.finished, scores(r)),
            *(r.encoder_prompt, r.encoder_prompt_token_ids, r.metrics, r.lora_request),
            [answer(o) for o in r.outputs],
        )
        for r in made
    ]


def answer(o: Any) -> Any:
    """One answer."""
    total = None if o.cumulative_logprob is None else Near(o.cumulative_logprob)
    return (
        *(type(o).__name__, o.index, o.text, list(o.token_ids), total, o.finished()),
        *(None if o.logprobs is None else [position(p) for p in o.logprobs],),
        *(o.finish_reason, o.stop_reason, o.lora_request),
    )


@dataclass
class Place:
    """Log probabilities of one place, in their order: token, value, rank, text."""

    entries: list[tuple[int, float, int, str]]


def position(place: Any) -> Any:
    """What can be compared of a place."""
    if place is None:
        return None
    entries = [(t, e.logprob, e.rank, e.decoded_token) for t, e in place.items()]
    return [
        type(place).__name__,
        sorted({type(e).__name__ for e in place.values()}),
        Place(entries),
    ]


def scores(r: Any) -> Any:
    """Of a prompt."""
    return None if r.prompt_logprobs is None else [position(p) for p in r.prompt_logprobs]


# ---- Prompts.

several(
    "prompts",
    text=lambda s: seen(s.say(RUSSIAN)),
    texts=lambda s: seen(s.say(TEXTS)),
    one_in_a_list=lambda s: seen(s.say([RUSSIAN])),
    none=lambda s: s.say([]),
    ids=lambda s: seen(s.say(s.ids())),
    lists_of_ids=lambda s: seen(s.say([s.ids(), s.ids("Мак")])),
    tokens_prompt=lambda s: seen(s.say(s.m.TokensPrompt(prompt_token_ids=s.ids()))),
    tokens_and_text=lambda s: seen(s.say({"prompt_token_ids": s.ids(), "prompt": "другое"})),
    text_prompt=lambda s: seen(s.say(s.m.TextPrompt(prompt=RUSSIAN))),
    dicts=lambda s: seen(s.say([{"prompt": RUSSIAN}, {"prompt_token_ids": [5, 6]}])),
    mixed=lambda s: seen(s.say([RUSSIAN, [5, 6], {"prompt": "Мак"}])),
    tuple_of_texts=lambda s: ends(s.say(tuple(TEXTS))),
    markers=lambda s: seen(s.say("<|im_start|>user\nКто ты?<|im_end|>\n<|im_start|>assistant\n")),
    odd_text=lambda s: seen(s.say("и\u0306 \u200d\u2028 👩\u200d🚀 \u00a0\r\n\n\tконец")),
    empty=lambda s: s.say(""),
    empty_ids=lambda s: s.say({"prompt_token_ids": []}),
    outside=lambda s: s.say({"prompt_token_ids": [1, 2560]}),
    negative=lambda s: s.say([[1, -2]]),
    number=lambda s: s.say(5),
    number_in_a_list=lambda s: s.say(["Мак", 5]),
    text_that_is_none=lambda s: s.say({"prompt": 5}),
    empty_dict=lambda s: s.say({}),
    odd_ids=lambda s: s.say([[1, "2"]]),
    bytes=lambda s: s.say(b"abc"),
    too_long=lambda s: s.say([[5] * 600]),
    full=lambda s: s.say([[5] * 512]),
    nearly_full=lambda s: ends(s.say([[5] * 511])),
    too_long_text=lambda s: s.say("да " * 600),
    bad_among_good=lambda s: s.say([RUSSIAN, ""]),
    after_a_bad_one=lambda s: ends(s.say(RUSSIAN)),
    no_add_special=lambda s: ends(
        s.llm.generate(
            RUSSIAN, s.greedy(), use_tqdm=False, tokenization_kwargs={"add_special_tokens": False}
        )
    ),
)

# ---- Parameters.

several(
    "greedy",
    sixteen=lambda s: ends(
        s.llm.generate("Мак", s.m.SamplingParams(temperature=0), use_tqdm=False)
    ),
    to_the_end=lambda s: ends(s.say("Мак", max_tokens=None)),
    more_than_fits=lambda s: ends(s.say("Мак", max_tokens=100000)),
    one=lambda s: ends(s.say(TEXTS, max_tokens=1)),
    several_params=lambda s: ends(
        s.llm.generate(
            TEXTS, [s.greedy(max_tokens=i + 1) for i in range(len(TEXTS))], use_tqdm=False
        )
    ),
    wrong_count=lambda s: s.llm.generate(TEXTS, [s.greedy()], use_tqdm=False),
    repetition=lambda s: ends(s.say(TEXTS, repetition_penalty=1.3, max_tokens=24)),
    repetition_low=lambda s: ends(s.say(TEXTS, repetition_penalty=0.7, max_tokens=24)),
    presence=lambda s: ends(s.say(TEXTS, presence_penalty=1.5, max_tokens=24)),
    frequency=lambda s: ends(s.say(TEXTS, frequency_penalty=1.2, max_tokens=24)),
    all_penalties=lambda s: ends(
        s.say(
            TEXTS,
            presence_penalty=0.8,
            frequency_penalty=0.3,
            repetition_penalty=1.1,
            max_tokens=24,
        )
    ),
    bias=lambda s: ends(s.say(TEXTS, logit_bias={545: 12.0, 13: -8.0})),
    bias_and_penalty=lambda s: ends(
        s.say(TEXTS, logit_bias={545: 30.0}, repetition_penalty=1.5, max_tokens=20)
    ),
    bias_outside=lambda s: s.say(RUSSIAN, logit_bias={2560: 1.0}),
    allowed=lambda s: ends(s.say(TEXTS, allowed_token_ids=[13, 545, 557])),
    allowed_none=lambda s: s.say(RUSSIAN, allowed_token_ids=[]),
    allowed_outside=lambda s: s.say(RUSSIAN, allowed_token_ids=[99999]),
    bad_words=lambda s: ends(s.chat(WHO, dict(bad_words=["Я", "модель"]))),
    bad_words_spaced=lambda s: ends(s.chat(WHO, dict(bad_words=[" модель"]))),
    bad_words_long=lambda s: ends(s.chat(WHO, dict(bad_words=["маленькая демонстрационная"]))),
    min_tokens=lambda s: ends(s.chat(WHO, dict(min_tokens=10, max_tokens=14))),
    min_tokens_forced=lambda s: ends(
        s.say("Мак", min_tokens=8, logit_bias={END: 100.0}, max_tokens=12)
    ),
    ignore_eos=lambda s: ends(s.chat(WHO, dict(ignore_eos=True, max_tokens=20))),
    ignore_eos_shown=lambda s: ends(
        s.chat(WHO, dict(ignore_eos=True, max_tokens=20, skip_special_tokens=False))
    ),
    ignore_eos_min_tokens=lambda s: ends(
        s.say("Мак", min_tokens=5, ignore_eos=True, logit_bias={END: 100.0}, max_tokens=8)
    ),
    second_end=lambda s: ends(s.say("Мак", logit_bias={SECOND_END: 100.0})),
    second_end_shown=lambda s: ends(
        s.say("Мак", logit_bias={SECOND_END: 100.0}, skip_special_tokens=False)
    ),
    end_kept=lambda s: ends(
        s.chat(WHO, dict(include_stop_str_in_output=True, skip_special_tokens=False))
    ),
    end_not_shown=lambda s: ends(s.chat(WHO, dict(skip_special_tokens=False))),
    no_text=lambda s: seen(s.chat(WHO, dict(detokenize=False))),
    stop_token=lambda s: ends(s.chat(WHO, dict(stop_token_ids=[545]))),
    stop_token_kept=lambda s: ends(
        s.chat(WHO, dict(stop_token_ids=[545], include_stop_str_in_output=True))
    ),
    stop_token_is_end=lambda s: ends(s.chat(WHO, dict(stop_token_ids=[END]))),
    stop_token_ignored_end=lambda s: ends(s.chat(WHO, dict(stop_token_ids=[END], ignore_eos=True))),
    stop_token_outside=lambda s: s.say(RUSSIAN, stop_token_ids=[70000]),
    stop=lambda s: ends(s.chat(WHO, dict(stop=["дель li"]))),
    stop_text=lambda s: ends(s.chat(WHO, dict(stop="демон"))),
    stop_kept=lambda s: ends(s.chat(WHO, dict(stop=["дель li"], include_stop_str_in_output=True))),
    stops=lambda s: ends(s.chat(WHO, dict(stop=["libtlite", "модель l", "ая", "кая"]))),
    stop_of_the_prompt=lambda s: ends(s.say("Мак", stop=["акМ", "М"])),
    stop_min_tokens=lambda s: ends(
        s.chat(WHO, dict(stop=["маленькая", "модель"], min_tokens=3, max_tokens=14))
    ),
    stop_min_tokens_over=lambda s: ends(
        s.chat(WHO, dict(stop=["ая мод", "."], min_tokens=3, max_tokens=14))
    ),
    stop_special=lambda s: ends(
        s.chat(WHO, dict(stop=["<|im_end|>"], skip_special_tokens=False, ignore_eos=True))
    ),
    stop_special_hidden=lambda s: ends(
        s.chat(WHO, dict(stop=["<|im_end|>"], ignore_eos=True, max_tokens=10))
    ),
    half_letter=lambda s: ends(s.say("Мак", allowed_token_ids=[140], max_tokens=3)),
    half_letters_shown=lambda s: ends(
        s.say("Мак", allowed_token_ids=[140], max_tokens=3, skip_special_tokens=False)
    ),
    default_params=lambda s: [len(r.outputs) for r in s.llm.generate(TEXTS, use_tqdm=False)],
    thinking=lambda s: ends(s.say("Мак", thinking_token_budget=-1)),
)

several(
    "logprobs",
    none=lambda s: seen(s.say("Мак", logprobs=None)),
    zero=lambda s: seen(s.say(TEXTS, logprobs=0)),
    two=lambda s: seen(s.say(TEXTS, logprobs=2)),
    twenty=lambda s: seen(s.say("Мак", logprobs=20, max_tokens=3)),
    true=lambda s: seen(s.say("Мак", logprobs=True)),
    forced=lambda s: seen(s.say("Мак", logprobs=2, logit_bias={5: 50.0}, max_tokens=3)),
    penalised=lambda s: seen(s.say("Мак", logprobs=2, repetition_penalty=1.8)),
    too_many=lambda s: s.say("Мак", logprobs=21),
    whole=lambda s: s.say("Мак", logprobs=-1),
    at_the_end=lambda s: seen(s.chat(WHO, dict(logprobs=1))),
    stop_string=lambda s: seen(s.chat(WHO, dict(logprobs=1, stop=["дель li"]))),
    half_letters=lambda s: seen(
        s.say("Мак", logprobs=1, allowed_token_ids=[140, 142], max_tokens=4)
    ),
    prompt=lambda s: seen(s.say(TEXTS, prompt_logprobs=0)),
    prompt_one=lambda s: seen(s.say(TEXTS, prompt_logprobs=1, max_tokens=1)),
    prompt_five=lambda s: seen(s.say(RUSSIAN, prompt_logprobs=5, logprobs=1)),
    prompt_of_one=lambda s: seen(s.say([[5]], prompt_logprobs=1, max_tokens=1)),
    prompt_odd=lambda s: seen(s.say("дела́ 👩\u200d🚀", prompt_logprobs=0, max_tokens=1)),
    prompt_markers=lambda s: seen(s.chat(WHO, dict(prompt_logprobs=1, max_tokens=1))),
    prompt_too_many=lambda s: s.say("Мак", prompt_logprobs=21),
)


def sampled(s: Side, **given: Any) -> Any:
    """Answers to a text by parameters with a seed."""
    return s.llm.generate("Мой", s.m.SamplingParams(max_tokens=6, **given), use_tqdm=False)


def equal_seeds(s: Side) -> Any:
    """n answers with a seed are those of seeds that follow each other; two calls are equal."""
    together = sampled(s, n=3, seed=42)[0].outputs
    alone = [sampled(s, seed=42 + i)[0].outputs[0] for i in range(3)]
    again = sampled(s, n=3, seed=42)[0].outputs
    texts = [[o.text for o in outputs] for outputs in (together, alone, again)]
    return texts[0] == texts[1] == texts[2], [o.index for o in together]


several(
    "sampled",
    seeds=equal_seeds,
    twins=lambda s: len(
        {
            r.outputs[0].text
            for r in s.llm.generate(
                ["Мой"] * 3, s.m.SamplingParams(seed=5, max_tokens=8), use_tqdm=False
            )
        }
    ),
    n=lambda s: [o.index for o in sampled(s, n=5)[0].outputs],
    one_left=lambda s: ends(sampled(s, temperature=1.0, top_k=1)),
    tiny_top_p=lambda s: ends(sampled(s, temperature=1.0, top_p=1e-6)),
    min_p_one=lambda s: ends(sampled(s, temperature=1.0, min_p=1.0)),
    min_p_one_top_p=lambda s: ends(sampled(s, temperature=1.0, min_p=1.0, top_p=0.9)),
    top_k_all=lambda s: len(sampled(s, top_k=-1)),
    not_among_the_top=lambda s: [
        len(place) >= 1
        for place in sampled(s, temperature=2.0, seed=1, logprobs=0)[0].outputs[0].logprobs
    ],
)


def params(s: Side, **given: Any) -> Any:
    """Parameters as they are kept."""
    made = s.m.SamplingParams(**given)
    names = (
        *("n", "presence_penalty", "frequency_penalty", "repetition_penalty", "temperature"),
        *("top_p", "top_k", "min_p", "seed", "stop", "stop_token_ids", "ignore_eos", "max_tokens"),
        *("min_tokens", "logprobs", "prompt_logprobs", "detokenize", "skip_special_tokens"),
        *("include_stop_str_in_output", "logit_bias", "allowed_token_ids", "bad_words"),
    )
    return repr(made), [getattr(made, name) for name in names]


several(
    "params",
    none=lambda s: params(s),
    card=lambda s: params(s, temperature=0.7, repetition_penalty=1.05, top_p=0.8, top_k=70),
    greedy=lambda s: params(s, temperature=0, top_p=0.5, top_k=5, min_p=0.1),
    cold=lambda s: params(s, temperature=0.001),
    stop=lambda s: params(s, stop="a", stop_token_ids=[5, 5, 6], bad_words=["x", "x"]),
    seed=lambda s: params(s, seed=-1),
    true=lambda s: params(s, logprobs=True, prompt_logprobs=True),
    top_k=lambda s: params(s, top_k=-1),
    clone=lambda s: repr(s.m.SamplingParams(n=2).clone()),
    equal=lambda s: s.m.SamplingParams(n=2) == s.m.SamplingParams(n=2),
    optional=lambda s: repr(
        s.m.SamplingParams.from_optional(n=None, temperature=None, logit_bias={"5": 200})
    ),
    defaults=lambda s: repr(s.llm.get_default_sampling_params()),
    greedy_n=lambda s: s.m.SamplingParams(temperature=0, n=3),
    n_zero=lambda s: s.m.SamplingParams(n=0),
    n_text=lambda s: s.m.SamplingParams(n="2"),
    hot=lambda s: s.m.SamplingParams(temperature=3),
    negative=lambda s: s.m.SamplingParams(temperature=-1),
    nan=lambda s: s.m.SamplingParams(temperature=float("nan")),
    top_p_zero=lambda s: s.m.SamplingParams(top_p=0),
    top_p_two=lambda s: s.m.SamplingParams(top_p=2),
    top_k_low=lambda s: s.m.SamplingParams(top_k=-2),
    min_p_two=lambda s: s.m.SamplingParams(min_p=2),
    presence=lambda s: s.m.SamplingParams(presence_penalty=3),
    frequency=lambda s: s.m.SamplingParams(frequency_penalty=-3),
    repetition=lambda s: s.m.SamplingParams(repetition_penalty=0),
    max_zero=lambda s: s.m.SamplingParams(max_tokens=0),
    min_above=lambda s: s.m.SamplingParams(min_tokens=20, max_tokens=5),
    min_negative=lambda s: s.m.SamplingParams(min_tokens=-1),
    logprobs=lambda s: s.m.SamplingParams(logprobs=-5),
    empty_stop=lambda s: s.m.SamplingParams(stop=[""]),
    stop_no_text=lambda s: s.m.SamplingParams(stop=["a"], detokenize=False),
    stop_ids=lambda s: s.m.SamplingParams(stop_token_ids=["a"]),
    empty_word=lambda s: s.m.SamplingParams(bad_words=[""]),
    unknown=lambda s: s.m.SamplingParams(best_of=2),
    old_beams=lambda s: s.m.SamplingParams(use_beam_search=True),
    guided=lambda s: s.m.SamplingParams(guided_decoding={}),
    field_set_later=lambda s: _set_later(s),
)


def _set_later(s: Side) -> Any:
    made = s.greedy()
    made.max_tokens = 2
    return ends(s.llm.generate("Мак", made, use_tqdm=False))


# ---- Conversations.

several(
    "chat",
    one=lambda s: seen(s.chat(CHAT)),
    several=lambda s: seen(s.chat([CHAT, WHO])),
    none=lambda s: s.chat([]),
    parts=lambda s: seen(
        s.chat(
            [
                {
                    "role": "user",
                    "content": [{"type": "text", "text": "Кто"}, {"type": "text", "text": "ты?"}],
                }
            ]
        )
    ),
    assistant_last=lambda s: seen(s.chat([*WHO, {"role": "assistant", "content": "Я — "}])),
    continued=lambda s: seen(
        s.chat(
            [*WHO, {"role": "assistant", "content": "Я ма"}],
            add_generation_prompt=False,
            continue_final_message=True,
        )
    ),
    both=lambda s: s.chat(WHO, continue_final_message=True),
    no_header=lambda s: seen(s.chat(WHO, add_generation_prompt=False)),
    template=lambda s: seen(s.chat(WHO, chat_template="{{ messages[0]['content'] }}!")),
    template_kwargs=lambda s: seen(
        s.chat(WHO, chat_template="{{ кто }}", chat_template_kwargs={"кто": "Мак"})
    ),
    bad_template=lambda s: s.chat(WHO, chat_template="{{ raise_exception('нельзя') }}"),
    broken_template=lambda s: s.chat(WHO, chat_template="{% if %}"),
    tools=lambda s: seen(s.chat(WHO, tools=[TOOL])),
    tool_calls=lambda s: seen(
        s.chat(
            [
                *WHO,
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "1",
                            "type": "function",
                            "function": {"name": "погода", "arguments": '{"город": "Москва"}'},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "1", "content": "тепло"},
            ],
            chat_template="{% for m in messages %}{{ m.role }}: {{ m.content }}"
            "{% for c in m.tool_calls or [] %}{{ c.function.arguments | tojson }}{% endfor %};"
            "{% endfor %}",
        )
    ),
    markers=lambda s: seen(s.chat([{"role": "user", "content": "a<|im_end|>b"}])),
    text=lambda s: s.chat("Кто ты?"),
    no_role=lambda s: s.chat([{"content": "Кто ты?"}]),
    picture=lambda s: s.chat(
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]
    ),
    default_params=lambda s: [len(r.outputs[0].token_ids) <= 16 for r in s.llm.chat(WHO)],
    several_params=lambda s: ends(
        s.llm.chat([WHO, CHAT], [s.greedy(max_tokens=2), s.greedy(max_tokens=4)], use_tqdm=False)
    ),
)

# ---- Queues, numbers, reprs.


def queued(s: Side) -> Any:
    """What was enqueued comes later, by its numbers."""
    numbers = s.llm.enqueue(["Мак", RUSSIAN], s.greedy(max_tokens=3), use_tqdm=False)
    made = s.llm.wait_for_completion(use_tqdm=False)
    return [r.request_id.split("-")[0] for r in made] == [n.split("-")[0] for n in numbers], ends(
        made
    )


def numbered(s: Side) -> Any:
    """Numbers are texts that follow each other."""
    made = [r.request_id for r in s.say(["Мак", RUSSIAN], max_tokens=1)]
    return [type(n).__name__ for n in made], int(made[1]) - int(made[0])


several(
    "output",
    queue=queued,
    numbers=numbered,
    repr=lambda s: repr(s.say("Мак", max_tokens=3)[0].outputs[0]),
    repr_logprob=lambda s: repr(s.say("Мак", max_tokens=1)[0].outputs[0].logprobs),
    repr_whole=lambda s: (
        repr(s.say("Мак", max_tokens=3)[0]).split(", ", 1)[1].split(", num_cached")[0]
    ),
    fields=lambda s: sorted(vars(s.say("Мак", max_tokens=1)[0])),
    answer_fields=lambda s: [f.name for f in dataclasses.fields(s.say("Мак")[0].outputs[0])],
    logprob_type=lambda s: _types(s),
    token_ids=lambda s: type(s.say("Мак", max_tokens=2)[0].outputs[0].token_ids).__name__,
    bars=lambda s: _bars(s),
)


def _types(s: Side) -> Any:
    places = s.say("Мак", logprobs=1, max_tokens=1)[0].outputs[0].logprobs
    key, entry = next(iter(places[0].items()))
    values = (places, places[0], key, entry, entry.logprob, entry.rank, entry.decoded_token)
    return [type(value).__name__ for value in values]


def _bars(s: Side) -> Any:
    """use_tqdm may be a function, which gets what tqdm takes."""
    from tqdm import tqdm

    told: list[Any] = []

    class Quiet(tqdm):  # type: ignore[type-arg]
        def __init__(self, *given: Any, **named: Any) -> None:
            told.append((named.get("desc"), named.get("total"), sorted(named)))
            super().__init__(*given, **{**named, "file": io.StringIO()})

        def close(self) -> None:
            told.append(self.n)
            super().close()

    s.llm.generate(["Мак", "Мак"], s.m.SamplingParams(n=2, max_tokens=1), use_tqdm=Quiet)
    s.llm.chat([WHO], s.greedy(), use_tqdm=Quiet)
    return told


# ---- Beams.


def beams(s: Side, prompts: Any, **given: Any) -> Any:
    """Beams in their order."""
    made = s.llm.beam_search(prompts, s.m.BeamSearchParams(**given))
    return [
        (
            type(one).__name__,
            [(list(b.tokens), b.text, Near(b.cum_logprob), b.finish_reason) for b in one.sequences],
        )
        for one in made
    ]


def beam_logprobs(s: Side) -> Any:
    """Log probabilities of each step of the best beam."""
    found = s.llm.beam_search(
        [{"prompt": RUSSIAN}], s.m.BeamSearchParams(beam_width=2, max_tokens=4)
    )
    places = found[0].sequences[0].logprobs
    return [[(t, Near(e.logprob), e.rank) for t, e in sorted(p.items())] for p in places]


several(
    "beams",
    text=lambda s: beams(s, [{"prompt": RUSSIAN}], beam_width=4, max_tokens=12),
    ids=lambda s: beams(s, [{"prompt_token_ids": s.ids("Мак")}], beam_width=3, max_tokens=6),
    texts=lambda s: beams(s, ["Мак", RUSSIAN], beam_width=2, max_tokens=5),
    one=lambda s: beams(s, ["Мак"], beam_width=1, max_tokens=5),
    penalty=lambda s: beams(s, ["Мак"], beam_width=3, max_tokens=8, length_penalty=0.2),
    ignore_eos=lambda s: beams(s, ["Мак"], beam_width=2, max_tokens=10, ignore_eos=True),
    shown=lambda s: beams(s, ["Мак"], beam_width=4, max_tokens=10, skip_special_tokens=False),
    logprobs=beam_logprobs,
    width_zero=lambda s: s.m.BeamSearchParams(beam_width=0, max_tokens=5),
    no_length=lambda s: s.m.BeamSearchParams(beam_width=2),
    none=lambda s: beams(s, [], beam_width=2, max_tokens=5),
    repr_type=lambda s: type(s.m.BeamSearchParams(2, 3).beam_width).__name__,
)

# ---- Embeddings.


def vectors(made: Any) -> Any:
    """Embeddings of outputs."""
    return [
        (type(r).__name__, list(r.prompt_token_ids), r.finished, repr(r.outputs), *map(Near, e))
        for r in made
        for e in [r.outputs.embedding]
    ]


several(
    "pooling",
    text=lambda s: vectors(s.pool.embed(RUSSIAN, use_tqdm=False)),
    texts=lambda s: vectors(s.pool.embed(TEXTS, use_tqdm=False)),
    ids=lambda s: vectors(s.pool.embed([[5, 6, 7]], use_tqdm=False)),
    raw=lambda s: vectors(
        s.pool.embed(TEXTS, pooling_params=s.m.PoolingParams(use_activation=False), use_tqdm=False)
    ),
    encode=lambda s: [
        (type(r).__name__, type(r.outputs).__name__, list(map(Near, r.outputs.data.tolist())))
        for r in s.pool.encode("Мак", pooling_task="embed", use_tqdm=False)
    ],
    encode_no_task=lambda s: s.pool.encode("Мак", use_tqdm=False),
    score=lambda s: [
        (type(r).__name__, Near(r.outputs.score), list(r.prompt_token_ids))
        for r in s.pool.score("Мак", TEXTS, use_tqdm=False)
    ],
    score_pairs=lambda s: [
        Near(r.outputs.score) for r in s.pool.score(TEXTS, TEXTS[::-1], use_tqdm=False)
    ],
    score_counts=lambda s: s.pool.score(TEXTS[:2], TEXTS, use_tqdm=False),
    dimensions=lambda s: s.pool.embed("Мак", pooling_params=s.m.PoolingParams(dimensions=5)),
    generate=lambda s: s.pool.generate("Мак", use_tqdm=False),
    embed_of_a_generator=lambda s: s.llm.embed("Мак", use_tqdm=False),
    score_of_a_generator=lambda s: s.llm.score("Мак", "Мак", use_tqdm=False),
    full=lambda s: len(s.pool.embed([[5] * 512], use_tqdm=False)),
    too_long=lambda s: s.pool.embed([[5] * 513], use_tqdm=False),
)

# ---- Loading and arguments.

several(
    "arguments",
    too_long=lambda s: s.m.LLM(model=s.path, max_model_len=100000),
    no_model=lambda s: s.m.LLM(model="/nowhere/at/all"),
    unknown=lambda s: s.m.LLM(model=s.path, foo=1),
    generate_unknown=lambda s: s.llm.generate("Мак", s.greedy(), foo=1),
    generate_nothing=lambda s: s.llm.generate(),
    wrong_params=lambda s: s.llm.generate("Мак", {"temperature": 0}, use_tqdm=False),
    priority_count=lambda s: s.llm.generate(TEXTS, s.greedy(), priority=[1], use_tqdm=False),
    tokenizer=lambda s: s.llm.get_tokenizer().decode(s.ids()),
)
