"""English phrasings of questions about facts, written as in phrases_ru.py."""

from __future__ import annotations

OPENERS_ASK = [
    "Tell me, ",
    "Please tell me, ",
    "Hey, ",
    "Hi! ",
    "Hello! ",
    "Say, ",
    "Quick question: ",
    "So, ",
    "I wonder, ",
    "Question: ",
    "Do you know, ",
    "And ",
    "Well, ",
    "Now, ",
    "Excuse me, ",
]
OPENERS_COMMAND = ["Please ", "Hey, ", "Hi! ", "Hello! ", "Now ", "Can you ", "Could you ", "Then "]

CAPITAL_ASKS = [
    "what is the capital of {en}?",
    "what's the capital (city|) of {en}?",
    "which city is the capital of {en}?",
    "what city is (the|) capital of {en}?",
    "the capital of {en}?",
    "capital of {en}?",
    "the capital of {en} is (what|which city)?",
    "the capital of {en} is",
    "{en}: capital?",
    "!(name|tell me|give me|say|write|recall) the capital (city|) of {en}.",
    "!tell me what the capital of {en} is.",
    "(do you know|do you remember|can you name) the capital of {en}?",
    "what is {en}'s capital (city|)?",
    "what is the (main|capital) city of {en}?",
    "(i want to know|i need) the capital of {en}.",
]
CAPITAL_HELD = [
    "name {en}'s capital.",
    "which city is {en}'s capital?",
    "what is the name of the capital of {en}?",
    "can you tell me the capital of {en}?",
    "what capital does {en} have?",
]
CAPITAL_FOLLOW = ["and {en}?", "and of {en}?", "what about {en}?", "and the capital of {en}?"]

COUNTRY_ASKS = [
    "{city} is the capital of (what|which) country?",
    "which country has {city} as its capital?",
    "what country is {city} the capital of?",
    "{city} is the capital of what?",
]

COLOUR_ASKS = [
    "what (color|colour) is {en}?",
    "what is the (color|colour) of {en}?",
    "what's the (color|colour) of {en}?",
    "which (color|colour) is {en}?",
    "which (color|colour) does {en} have?",
    "{en} is what (color|colour)?",
    "the (color|colour) of {en}?",
    "(color|colour) of {en}?",
    "{en}: (color|colour)?",
    "!(name|tell me|give me|say) the (color|colour) of {en}.",
    "!tell me what (color|colour) {en} is.",
    "(do you know|do you remember) the (color|colour) of {en}?",
    "what (color|colour) is {en} (usually|normally)?",
    "what (color|colour) should i paint {en}?",
]
COLOUR_HELD = [
    "what (color|colour) does {en} have?",
    "can you name the (color|colour) of {en}?",
    "what would you say is the (color|colour) of {en}?",
    "of what (color|colour) is {en}?",
]
COLOUR_FOLLOW = ["and {en}?", "what about {en}?", "and what color is {en}?"]

OPPOSITE_ASKS = [
    "what is the opposite of {q}?",
    "what's the opposite of {q}?",
    "what is (the|an) antonym (of|for) {q}?",
    "what word is (the|) opposite (of|to) {q}?",
    "which word means the opposite of {q}?",
    "the opposite of {q}?",
    "the opposite of {q} is",
    "opposite of {q}?",
    "antonym (of|for) {q}?",
    "{q}: opposite?",
    "{q}: antonym?",
    "!(name|tell me|give me|say|find) the opposite of {q}.",
    "!(name|tell me|give me|find) (an|the) antonym (of|for) {q}.",
    "!(name|give me|say) a word opposite to {q}.",
    "(do you know|can you name) the opposite of {q}?",
    "(do you know|can you give me) an antonym for {q}?",
]
OPPOSITE_HELD = [
    "which word is the opposite of {q}?",
    "what is opposite to {q}?",
    "write the opposite of {q}.",
    "can you tell me the opposite of {q}?",
]
OPPOSITE_FOLLOW = ["and {q}?", "what about {q}?", "and of {q}?", "and the opposite of {q}?"]

ADD_ASKS = [
    "what is {expr}?",
    "what's {expr}?",
    "how much is {expr}?",
    "{expr}?",
    "{expr} =",
    "{expr} is (what|how much)?",
    "{expr} equals what?",
    "!add {a} and {b}.",
    "!add {b} to {a}.",
    "!(calculate|compute|solve|count|work out) {expr}.",
    "!(calculate|compute|solve): {expr}.",
    "what is the sum of {a} and {b}?",
    "what do you get if you add {a} and {b}?",
    "what does {expr} (make|equal|give)?",
    "!tell me what {expr} is.",
]
ADD_HELD = [
    "how much do {expr} make?",
    "find {expr}.",
    "can you add {a} and {b}?",
    "tell me the sum of {a} and {b}.",
]
SUB_ASKS = [
    "what is {expr}?",
    "what's {expr}?",
    "how much is {expr}?",
    "{expr}?",
    "{expr} =",
    "{expr} is (what|how much)?",
    "{expr} equals what?",
    "!(subtract|take) {b} from {a}.",
    "!(calculate|compute|solve|count|work out) {expr}.",
    "!(calculate|compute|solve): {expr}.",
    "what is the difference between {a} and {b}?",
    "what do you get if you (subtract|take) {b} from {a}?",
    "what does {expr} (make|equal|give)?",
    "!tell me what {expr} is.",
]
SUB_HELD = [
    "how much will {expr} make?",
    "find {expr}.",
    "can you subtract {b} from {a}?",
    "tell me how much {expr} is.",
]
SUM_FOLLOW = ["and {expr}?", "what about {expr}?", "and how much is {expr}?"]
