"""The chat format of the demo model: its template, and the same rendering for training."""

from __future__ import annotations

from typing import TypedDict

SYSTEM = "Ты — демонстрационная модель libtlite. Отвечай кратко и по делу."

# ChatML: a default system message, then every message in turn.
TEMPLATE = """\
{%- if not messages or messages[0].role != 'system' %}
    {{- '<|im_start|>system\\n@SYSTEM@<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role not in ['system', 'user', 'assistant'] %}
        {{- raise_exception('unknown role: ' + message.role) }}
    {%- endif %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
""".replace("@SYSTEM@", SYSTEM)


class Message(TypedDict):
    """One message of a conversation."""

    role: str
    content: str


def render(messages: list[Message], *, default_system: bool = True) -> str:
    """What TEMPLATE gives; without `default_system` a missing system message stays missing."""
    text = ""
    if default_system and (not messages or messages[0]["role"] != "system"):
        text = f"<|im_start|>system\n{SYSTEM}<|im_end|>\n"
    for message in messages:
        text += f"<|im_start|>{message['role']}\n{message['content']}<|im_end|>\n"
    return text
