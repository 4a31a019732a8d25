"""The part of vLLM that programs for one machine use, on libtlite.

    from tlite.vllm import LLM, SamplingParams

in place of `from vllm import ...`: the rest of the program stays. Modules have vLLM's names too:
`tlite.vllm.sampling_params`, `outputs`, `inputs`, `logprobs`, `exceptions`, `pooling_params`. What
each argument does is in docs/python-vllm.md; the log is the logger "tlite.vllm". Needs numpy.
"""

from .config import PoolerConfig
from .exceptions import VLLMClientError, VLLMError, VLLMValidationError
from .inputs import PromptType, TextPrompt, TokensPrompt
from .llm import LLM
from .logprobs import Logprob
from .outputs import (
    BeamSearchOutput,
    BeamSearchSequence,
    CompletionOutput,
    EmbeddingOutput,
    EmbeddingRequestOutput,
    PoolingOutput,
    PoolingRequestOutput,
    RequestOutput,
    ScoringOutput,
    ScoringRequestOutput,
)
from .pooling_params import PoolingParams
from .sampling_params import (
    BeamSearchParams,
    RequestOutputKind,
    SamplingParams,
    StructuredOutputsParams,
)

__all__ = [
    "LLM",
    "BeamSearchOutput",
    "BeamSearchParams",
    "BeamSearchSequence",
    "CompletionOutput",
    "EmbeddingOutput",
    "EmbeddingRequestOutput",
    "Logprob",
    "PoolerConfig",
    "PoolingOutput",
    "PoolingParams",
    "PoolingRequestOutput",
    "PromptType",
    "RequestOutput",
    "RequestOutputKind",
    "SamplingParams",
    "ScoringOutput",
    "ScoringRequestOutput",
    "StructuredOutputsParams",
    "TextPrompt",
    "TokensPrompt",
    "VLLMClientError",
    "VLLMError",
    "VLLMValidationError",
]
