"""libtlite: T-lite-it-1.0 and the Qwen2.5 family inside a program, on any CPU.

    import tlite
    model = tlite.Model("T-lite-it-1.0")
    session = tlite.Session(model)
    for piece in session.stream("Напиши стих про машинное обучение"):
        print(piece, end="", flush=True)

`Session` is a conversation, `Engine` many requests at once, `Evaluator` the forward pass itself.
Errors are `tlite.Error`; the library's log goes to the logger "tlite".
"""

from . import errors
from ._host import Files
from ._library import lib as _lib
from .beams import Beam, beam_search
from .engine import Engine, EngineEvent, EngineStatus, PromptLike, RequestOptions, RequestStream
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
from .evaluator import Evaluator, Row
from .generation import Generation, Piece, TokenLogprob
from .model import MemoryPlan, Model, ModelInfo, Progress
from .quantizing import measure_importance, quantize
from .sampler import SampledToken, Sampler, StopMatcher
from .sampling import SamplingParams
from .session import Session, Stream
from .templates import ChatTemplate, Message, Prompt
from .tokenizer import StreamDecoder, Tokenizer

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
