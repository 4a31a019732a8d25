"""libtlite: T-lite-it-1.0 and the Qwen2.5 family inside a program, on any CPU.

    import tlite
    model = tlite.Model("T-lite-it-1.0")
    session = tlite.Session(model)
    for piece in session.stream("Напиши стих про машинное обучение"):
        print(piece, end="", flush=True)

`Session` is a conversation, `Engine` many requests at once, `Evaluator` the forward pass itself.
Errors are `tlite.Error`; the library's log goes to the logger "tlite".
"""

from . import _native as _native  # what happens at exit and at fork() is set up with the import
from . import errors
from ._library import lib as _lib
from .errors import (
    BadState,
    BadTemplate,
    Cancelled,
    ContextFull,
    Corrupt,
    Error,
    FileMissing,
    InputOutput,
    Internal,
    InvalidArgument,
    NotFound,
    NotSupported,
    OutOfMemory,
    TokenMissing,
)

TYPE_CHECKING = False  # typing is slow to import, and only a checker reads this
if TYPE_CHECKING:
    from ._desk import EngineEvent
    from ._host import Files
    from .beams import Beam, beam_search
    from .engine import Engine, EngineStatus
    from .evaluator import Evaluator, Row
    from .generation import Generation, Piece, TokenLogprob
    from .model import MemoryPlan, Model, ModelInfo, Progress
    from .quantizing import measure_importance, quantize
    from .requests import PromptLike, RequestOptions, RequestStream
    from .sampler import SampledToken, Sampler, StopMatcher
    from .sampling import SamplingParams
    from .session import Session
    from .streams import Stream
    from .templates import ChatTemplate, Message, Prompt
    from .tokenizer import StreamDecoder, Tokenizer

_NAMES = {
    "_desk": ("EngineEvent",),
    "_host": ("Files",),
    "beams": ("Beam", "beam_search"),
    "engine": ("Engine", "EngineStatus"),
    "evaluator": ("Evaluator", "Row"),
    "generation": ("Generation", "Piece", "TokenLogprob"),
    "model": ("MemoryPlan", "Model", "ModelInfo", "Progress"),
    "quantizing": ("measure_importance", "quantize"),
    "requests": ("PromptLike", "RequestOptions", "RequestStream"),
    "sampler": ("SampledToken", "Sampler", "StopMatcher"),
    "sampling": ("SamplingParams",),
    "session": ("Session",),
    "streams": ("Stream",),
    "templates": ("ChatTemplate", "Message", "Prompt"),
    "tokenizer": ("StreamDecoder", "Tokenizer"),
}
"""Which module has what; it is imported with the first use of a name."""

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """A name of the package, or a module of it, at its first use."""
        from importlib import import_module

        for module, names in _NAMES.items():
            if name in names:
                value = getattr(import_module(f".{module}", __name__), name)
                globals()[name] = value
                return value
            if name == module:
                return import_module(f".{module}", __name__)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

    def __dir__() -> list[str]:
        """What is there, used or not."""
        return sorted({*globals(), *__all__, *_NAMES})


__version__ = str(_lib.tlite_version(), "ascii")

__all__ = [
    "BadState",
    "BadTemplate",
    "Beam",
    "Cancelled",
    "ChatTemplate",
    "ContextFull",
    "Corrupt",
    "Engine",
    "EngineEvent",
    "EngineStatus",
    "Error",
    "Evaluator",
    "FileMissing",
    "Files",
    "Generation",
    "InputOutput",
    "Internal",
    "InvalidArgument",
    "MemoryPlan",
    "Message",
    "Model",
    "ModelInfo",
    "NotFound",
    "NotSupported",
    "OutOfMemory",
    "Piece",
    "Progress",
    "Prompt",
    "PromptLike",
    "RequestOptions",
    "RequestStream",
    "Row",
    "SampledToken",
    "Sampler",
    "SamplingParams",
    "Session",
    "StopMatcher",
    "Stream",
    "StreamDecoder",
    "TokenLogprob",
    "TokenMissing",
    "Tokenizer",
    "__version__",
    "beam_search",
    "errors",
    "measure_importance",
    "quantize",
]
