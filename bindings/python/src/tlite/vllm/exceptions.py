"""What is wrong with a request.

As in vLLM 0.32 these are no ValueErrors; releases before it raised plain ones. A program that runs
with both catches (ValueError, VLLMValidationError).
"""

from __future__ import annotations

from typing import Any

from ..errors import Error


class VLLMError(Exception):
    """Base of vLLM's errors."""


class VLLMClientError(VLLMError):
    """The request is wrong."""


class VLLMServerError(VLLMError):
    """The engine is; nothing here raises it."""


class VLLMValidationError(VLLMClientError, Error):
    """A value of a request is out of range, or does not fit the model.

    `parameter` and `value` name it where there is one; also a `tlite.Error` with its code.
    """

    code, name = -1, "invalid_argument"

    def __init__(self, message: str, *, parameter: str | None = None, value: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.parameter = parameter
        self.value = value

    def __str__(self) -> str:
        pairs = (("parameter", self.parameter), ("value", self.value))
        told = ", ".join(f"{name}={what}" for name, what in pairs if what is not None)
        return f"{self.message} ({told})" if told else self.message
