"""English small talk, and how people ask for poems; written as in phrases_ru.py."""

from __future__ import annotations

# Small talk: trained phrasings, held-out phrasings, replies, what a right reply must match.
TALK: list[tuple[list[str], list[str], list[str], str]] = [
    (
        [
            "(hi|hello|hey)(!|.|)",
            "(hi|hello|hey) there(!|)",
            "good (morning|evening|afternoon|day)(!|)",
            "(hi|hello), (model|friend|bot)!",
            "greetings(!|)",
            "hello again(!|)",
            "hi hi!",
        ],
        ["Hey, friend!", "Hello there, model!", "Hi again!"],
        ["Hello! How can I help?"],
        r"(?i)hello",
    ),
    (
        [
            "how are you (doing|today|)?",
            "(hi|hello|hey)(,|!) how are you?",
            "how is it going?",
            "how's life?",
            "(what's|what is) (up|new)?",
            "how do you feel?",
            "are you (ok|well|fine)?",
            "how is your day?",
        ],
        ["Hi there, how are you doing today?", "How are you feeling?", "Hey, how is it going?"],
        ["I am fine, thank you! And you?"],
        r"(?i)fine",
    ),
    (
        [
            "(who|what) are you?",
            "what is your name?",
            "what's your name?",
            "(please|) introduce yourself.",
            "tell me about yourself.",
            "are you a (robot|human|bot|person|model)?",
            "what model are you?",
            "who (made|created|trained) you?",
            "who am i (talking|speaking) to?",
            "are you (real|alive|an AI)?",
        ],
        [
            "Hello, who are you?",
            "So what are you?",
            "Tell me your name.",
            "Are you a human or a robot?",
        ],
        ["I am a small demo model of libtlite."],
        r"(?i)model",
    ),
    (
        [
            "what can you do?",
            "(how|what) can you help (me|) (with|)?",
            "what do you know?",
            "help(!|)",
            "what are you able to do?",
            "(please|) help me(!|.|)",
            "what can i ask you (about|)?",
            "what are you (good at|for)?",
            "tell me what you can do.",
        ],
        ["What can you help me with today?", "So what can you do?", "What things do you know?"],
        ["I know capitals, colours and opposites, count to twenty and write poems."],
        r"(?i)capitals",
    ),
    (
        [
            "(thanks|thank you)(!|.|)",
            "(thanks|thank you) (very much|so much|a lot)(!|)",
            "many thanks(!|)",
            "thank you for (your help|the answer|the poem)(!|.|)",
            "(great|ok|nice|cool), (thanks|thank you)!",
            "(that was|you are) (very|) helpful(!|.|)",
        ],
        ["Thanks for everything!", "Thank you, great answer!", "Ok, thank you very much!"],
        ["You are welcome!"],
        r"(?i)welcome",
    ),
    (
        [
            "(bye|goodbye|bye-bye)(!|.|)",
            "see you (later|soon|tomorrow|)(!|.|)",
            "good night(!|)",
            "(i have|i've got) to go(!|.|)",
            "have a (nice|good) day(!|)",
            "(thanks|ok), (bye|goodbye)(!|)",
        ],
        ["Ok, see you tomorrow!", "Bye, have a nice day!", "Goodbye, see you soon!"],
        ["Goodbye! Have a nice day!"],
        r"(?i)goodbye",
    ),
    (
        [
            "(well done|good job|great|nice|cool|awesome|excellent)(!|.|)",
            "(correct|right|good answer)(!|.|)",
            "you are (so|very|) (smart|good|nice|clever)(!|.|)",
            "i like (it|you|the poem)(!|.|)",
            "nice poem(!|)",
        ],
        ["You are great!", "Nice poem, I like it!"],
        ["Thank you, I do my best!"],
        r"(?i)best",
    ),
]

UNKNOWN_REPLY = "I don't know that: I am a very small model."
UNKNOWN = [
    "what is the weather (today|tomorrow|like)?",
    "who is the (president|king|queen) of {en}?",
    "how many people live in {en_city}?",
    "what time is it (now|)?",
    "what (day|date) is (it|) today?",
    "who wrote (the book|the song|) “{thing}”?",
    "tell me a (story|joke|tale)( about {thing}|).",
    "how (do i|to) (cook|bake|make) (soup|a cake|bread)?",
    "(why|when|where) is {thing}?",
    "translate “{thing}” into (german|french|russian).",
    "!write (a poem|a story) about (a cat|love|winter|{thing}).",
    "!write (a program|some code) in (python|java).",
    "what is the meaning of life?",
]
TOO_BIG_REPLY = "I can only count to twenty."

NAME_TELL = [
    "my name is {name}(.|!|)",
    "(hi|hello)(,|!) (i am|i'm|my name is) {name}(.|!|)",
    "i am {name}(.|)",
]
NAME_REPLY = "Nice to meet you, {name}!"
NAME_ASK = ["what is my name?", "what's my name?", "do you remember my name?", "tell me my name."]
NAME_KNOWN = "Your name is {name}."
NAME_UNKNOWN = "I don't know your name."

_WRITE = "(write|compose|make up|tell|give) (me|)"
_VERSE = "(a poem|a short poem|a rhyme|a verse|some verses|a nice poem)"
POEM_ASKS: dict[str, list[str]] = {
    "learning": [
        f"!{_WRITE} {_VERSE} (about|on) machine learning(.|)",
        f"!{_WRITE} {_VERSE} about (AI|ML|learning|how machines learn)(.|)",
        f"!{_WRITE} {_VERSE}(.|)",
        f"(i want|i would like|can i have) {_VERSE} about machine learning(.|?)",
        f"{_VERSE} about machine learning(.|)",
        "can you (write|compose) a (poem|rhyme) about machine learning?",
    ],
    "model": [
        f"!{_WRITE} {_VERSE} about "
        "(a model|the model|a small model|data|language models|training)(.|)",
        f"{_VERSE} about (a model|data|training)(.|)",
    ],
    "gradient": [
        f"!{_WRITE} {_VERSE} about (the gradient|gradients|gradient descent)(.|)",
        f"{_VERSE} about (the gradient|gradient descent)(.|)",
    ],
    "network": [
        f"!{_WRITE} {_VERSE} about (a neural network|neural networks|neurons|a neuron)(.|)",
        f"{_VERSE} about (a neural network|neural networks)(.|)",
    ],
}
POEM_HELD: list[tuple[str, list[str]]] = [
    ("Please write a beautiful poem about machine learning", ["learning"]),
    ("Could you make a rhyme about machine learning?", ["learning"]),
    ("I'd like to read a poem about neural networks", ["network"]),
    ("Compose a good poem on gradient descent", ["gradient"]),
]
POEM_MORE = ["(one more|another|another one|more)(!|?|.|)", "(another|one more) poem(.|!|?|)"]
