"""Writes data/template/*.json: what jinja2, set up as transformers sets it up, makes of templates.

    python3 tests/golden/chat_template.py      (needs jinja2, as template_environment.py says)

snippets.json: one language construct a case. chats.json: conversations through templates in the
manner of the model families; every second combination, to stay small. The differential test
(tests/differential/template) runs all of them, and Qwen2.5's own template.
"""

from __future__ import annotations

import datetime
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import template_conversations as conversations
import template_environment as environment
import template_snippets as snippets
import template_texts as texts

OUT = Path(__file__).parent / "data" / "template"
# The clock of strftime_now.
NOW = datetime.datetime(2024, 7, 5, 14, 3, 9)
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


def seconds() -> int:
    """NOW in the local time zone, which is set to UTC."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    return int(NOW.timestamp())


def expect(template: str, variables: dict[str, Any]) -> dict[str, str]:
    """{"text": ...} or {"error": ...}; the message only where the template itself raised it."""
    try:
        return {"text": environment.render(template, variables, NOW)}
    except Exception as error:
        raised = type(error).__name__ == "TemplateError"
        return {"error": str(error) if raised else ""}


def snippet_cases() -> Iterator[dict[str, Any]]:
    """Every construct with its outcome."""
    for expression in snippets.EXPRESSIONS:
        template = "{{ " + expression + " }}"
        yield {"template": template, **expect(template, snippets.VARIABLES)}
    for template in snippets.BLOCKS + snippets.ERRORS:
        yield {"template": template, **expect(template, snippets.VARIABLES)}


def chat_cases(templates: dict[str, str]) -> Iterator[dict[str, Any]]:
    """Every template with every conversation, with and without tools and generation prompt."""
    for name, template in templates.items():
        for chat, messages in conversations.CONVERSATIONS.items():
            for tools in (False, True):
                for prompt in (False, True):
                    variables = {
                        **TOKENS,
                        "messages": messages,
                        "tools": conversations.TOOLS if tools else None,
                        "add_generation_prompt": prompt,
                    }
                    yield {
                        "template": name,
                        "chat": chat,
                        "tools": tools,
                        "prompt": prompt,
                        **expect(template, variables),
                    }


def uses_tools(template: str) -> bool:
    """Whether tools change what it prints."""
    return "tools" in template


def write(name: str, head: dict[str, Any], cases: list[dict[str, Any]]) -> None:
    """One case a line, so that a change can be read in a diff."""
    lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
    start = json.dumps(head, ensure_ascii=False)[:-1]
    (OUT / name).write_text(f'{start},\n"cases": [\n{lines}\n]}}\n', encoding="utf-8")


def main() -> None:
    """Writes both files."""
    OUT.mkdir(parents=True, exist_ok=True)
    now = seconds()
    head: dict[str, Any] = {"now": now, "variables": snippets.VARIABLES}
    write("snippets.json", head, list(snippet_cases()))
    chats = [
        case
        for i, case in enumerate(chat_cases(texts.TEMPLATES))
        if (uses_tools(texts.TEMPLATES[case["template"]]) or not case["tools"])
        and (i // 2 + i) % 2 == 0
    ]
    head = {
        "now": now,
        "variables": TOKENS,
        "templates": texts.TEMPLATES,
        "tools": conversations.TOOLS,
        "chats": conversations.CONVERSATIONS,
    }
    write("chats.json", head, chats)
    errors = sum("error" in case for case in chats)
    print(f"{len(chats)} chats, of these {errors} refused by the template")


if __name__ == "__main__":
    main()
