"""The part of transformers that programs around T-lite use, on libtlite.

    from tlite.transformers import AutoTokenizer, AutoModelForCausalLM

in place of `from transformers import ...`: the rest of the program stays. torch is used where the
program uses it and not needed; numpy is. What each argument does is in
docs/python-transformers.md; the log is the logger "tlite.transformers".
"""

from ._seeds import set_seed
from .auto import AutoConfig, AutoModelForCausalLM, AutoTokenizer
from .batch_encoding import BatchEncoding
from .configuration import Qwen2Config
from .generation_config import GenerationConfig
from .logits_process import (
    ExponentialDecayLengthPenalty,
    ForcedBOSTokenLogitsProcessor,
    ForcedEOSTokenLogitsProcessor,
    InfNanRemoveLogitsProcessor,
    LogitsProcessor,
    LogitsProcessorList,
    MinLengthLogitsProcessor,
    MinNewTokensLengthLogitsProcessor,
    NoBadWordsLogitsProcessor,
    NoRepeatNGramLogitsProcessor,
    PrefixConstrainedLogitsProcessor,
    RepetitionPenaltyLogitsProcessor,
    SequenceBiasLogitsProcessor,
    SuppressTokensAtBeginLogitsProcessor,
    SuppressTokensLogitsProcessor,
)
from .logits_warpers import (
    EpsilonLogitsWarper,
    EtaLogitsWarper,
    LogitNormalization,
    MinPLogitsWarper,
    TemperatureLogitsWarper,
    TopHLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
    TypicalLogitsWarper,
)
from .modeling import Qwen2ForCausalLM
from .outputs import (
    CausalLMOutputWithPast,
    GenerateBeamDecoderOnlyOutput,
    GenerateDecoderOnlyOutput,
    ModelOutput,
)
from .stopping_criteria import (
    EosTokenCriteria,
    MaxLengthCriteria,
    MaxTimeCriteria,
    StoppingCriteria,
    StoppingCriteriaList,
    StopStringCriteria,
)
from .streamers import (
    AsyncTextIteratorStreamer,
    BaseStreamer,
    TextIteratorStreamer,
    TextStreamer,
)
from .tokenization import Qwen2Tokenizer
from .tool_schema import get_json_schema

__all__ = [
    "AsyncTextIteratorStreamer",
    "AutoConfig",
    "AutoModelForCausalLM",
    "AutoTokenizer",
    "BaseStreamer",
    "BatchEncoding",
    "CausalLMOutputWithPast",
    "EosTokenCriteria",
    "EpsilonLogitsWarper",
    "EtaLogitsWarper",
    "ExponentialDecayLengthPenalty",
    "ForcedBOSTokenLogitsProcessor",
    "ForcedEOSTokenLogitsProcessor",
    "GenerateBeamDecoderOnlyOutput",
    "GenerateDecoderOnlyOutput",
    "GenerationConfig",
    "InfNanRemoveLogitsProcessor",
    "LogitNormalization",
    "LogitsProcessor",
    "LogitsProcessorList",
    "MaxLengthCriteria",
    "MaxTimeCriteria",
    "MinLengthLogitsProcessor",
    "MinNewTokensLengthLogitsProcessor",
    "MinPLogitsWarper",
    "ModelOutput",
    "NoBadWordsLogitsProcessor",
    "NoRepeatNGramLogitsProcessor",
    "PrefixConstrainedLogitsProcessor",
    "Qwen2Config",
    "Qwen2ForCausalLM",
    "Qwen2Tokenizer",
    "RepetitionPenaltyLogitsProcessor",
    "SequenceBiasLogitsProcessor",
    "StopStringCriteria",
    "StoppingCriteria",
    "StoppingCriteriaList",
    "SuppressTokensAtBeginLogitsProcessor",
    "SuppressTokensLogitsProcessor",
    "TemperatureLogitsWarper",
    "TextIteratorStreamer",
    "TextStreamer",
    "TopHLogitsWarper",
    "TopKLogitsWarper",
    "TopPLogitsWarper",
    "TypicalLogitsWarper",
    "get_json_schema",
    "set_seed",
]
