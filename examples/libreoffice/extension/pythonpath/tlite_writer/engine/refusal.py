"""What cannot be done, as words that the user reads."""

from __future__ import annotations


class Refusal(Exception):
    """`key` names a sentence of `text.words`, the values fill it."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values


def refusal_of(error: BaseException) -> Refusal:
    """An error of the library, or of anything on the way to it."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, ImportError):
        return Refusal("no_library", reason=error)
    name = getattr(error, "name", "")
    keys = {"not_found": "no_file", "corrupt": "broken", "not_supported": "not_supported"}
    keys["out_of_memory"] = "no_memory"
    key = "no_memory" if isinstance(error, MemoryError) else keys.get(str(name), "failed")
    return Refusal(key, reason=str(error) or type(error).__name__)
