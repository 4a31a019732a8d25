"""All that is said to the user, in two languages, and how numbers are written."""

from __future__ import annotations

_RU: dict[str, str | tuple[str, ...]] = {
    "rewrite": "Переписать",
    "shorten": "Сократить",
    "correct": "Исправить",
    "continue": "Продолжить",
    "translate": "Перевести",
    "stop": "Остановить",
    "settings": "Настройки…",
    # Progress.
    "loading": "T-lite: загружается модель",
    "reading": "T-lite: читает текст",
    "writing": "T-lite: пишет, {tokens} токенов",
    # How it ended.
    "done": "Готово: {tokens} токенов.",
    "stopped": "Остановлено: что написано, осталось в тексте; «Отменить» вернёт прежнее.",
    "stopped_early": "Остановлено, текст не изменён.",
    "undone": "Остановлено, прежний текст возвращён.",
    "cut": "Ответ обрезан на {tokens} токенах: он длиннее, чем ждали от этого текста.",
    "empty": "Модель не дала текста, документ не изменён.",
    "closed": "Документ закрыт, ответ остановлен.",
    "changed": "Место, куда писался ответ, удалено: {reason}",
    # What cannot be done.
    "busy": "T-lite уже пишет. Дождитесь конца или нажмите «Остановить».",
    "idle": "Сейчас ничего не пишется.",
    "unknown": "Нет такой команды: {name}.",
    "no_document": "T-lite работает с текстовыми документами Writer.",
    "read_only": "Документ открыт только для чтения.",
    "protected": "Это место документа защищено от изменений.",
    "nothing": "Нет текста: выделите его или поставьте курсор в абзац.",
    "several": "Выделено мест: {count}. Выделите одно.",
    "cells": "Выделены ячейки таблицы. Выделите текст внутри одной ячейки.",
    "object": "Выделен объект, а не текст.",
    "table": "В выделенном есть таблица. Выделите текст перед ней или после неё.",
    "holds": "В выделенном есть то, что новый текст потерял бы: {what}.",
    "too_many": "Выделено больше {characters} символов; в контексте {context} токенов им не"
    " поместиться. Выделите меньше или увеличьте контекст в настройках.",
    "too_long": "Текст в {passage} токенов вместе с заданием и ответом займёт {needed}, а контекст"
    " — {context}. Выделите меньше или увеличьте контекст в настройках.",
    "no_model": "Модель не выбрана: укажите файл .gguf или папку Hugging Face в настройках T-lite.",
    "no_file": "Модели нет на месте: {reason}",
    "broken": "Файл модели повреждён: {reason}",
    "not_supported": "Такая модель не поддерживается: {reason}",
    "no_memory": "Не хватает памяти: {reason}",
    "no_chat": "У модели {model} нет шаблона диалога: нужна модель, обученная отвечать.",
    "no_library": "Не загружается libtlite: {reason}",
    "bad_context": "Контекст: {context}; модель допускает от 1 до {most} токенов.",
    "failed": "Не получилось: {reason}",
    # What a new text would lose.
    "Footnote": "сноска",
    "Annotation": "примечание",
    "TextField": "поле",
    "TextContent": "объект",
    "Frame": "рисунок или врезка",
    "Redline": "записанное изменение (сначала примите или отклоните его)",
    "Ruby": "фуригана",
    "ReferenceMark": "цель ссылки",
    "DocumentIndexMark": "метка указателя",
    "something": "особый элемент ({kind})",
    # Settings.
    "title": "T-lite: настройки",
    "model": "Модель: файл .gguf или папка Hugging Face",
    "file": "Файл…",
    "folder": "Папка…",
    "context": "Контекст (задание, текст и ответ), токенов",
    "threads": "Потоков (0 — по числу ядер)",
    "ok": "OK",
    "abort": "Отмена",
    "models": "Модели GGUF",
    "plan": "{name}\nПамять: {total} — веса {weights}, контекст {cache}, вычисления {scratch}.",
    "free": "Свободно {free}.",
    "short": "Свободно {free}: не хватит.",
    "bytes": ("Б", "КБ", "МБ", "ГБ", "ТБ"),
    "comma": ",",
}
_EN: dict[str, str | tuple[str, ...]] = {
    "rewrite": "Rewrite",
    "shorten": "Shorten",
    "correct": "Correct",
    "continue": "Continue",
    "translate": "Translate",
    "stop": "Stop",
    "settings": "Settings…",
    "loading": "T-lite: loading the model",
    "reading": "T-lite: reading the text",
    "writing": "T-lite: writing, {tokens} tokens",
    "done": "Done: {tokens} tokens.",
    "stopped": "Stopped: what was written stays; Undo brings the old text back.",
    "stopped_early": "Stopped, the text is as it was.",
    "undone": "Stopped, and the old text is back.",
    "cut": "The answer was cut at {tokens} tokens: it is longer than this text lets expect.",
    "empty": "The model gave no text; the document is as it was.",
    "closed": "The document was closed, and the answer stopped.",
    "changed": "The place of the answer is gone: {reason}",
    "busy": "T-lite is writing. Wait for its end, or press Stop.",
    "idle": "Nothing is being written.",
    "unknown": "There is no such command: {name}.",
    "no_document": "T-lite works in text documents, in Writer.",
    "read_only": "The document is read-only.",
    "protected": "This place of the document is protected.",
    "nothing": "There is no text: select some, or put the cursor into a paragraph.",
    "several": "{count} places are selected. Select one.",
    "cells": "Cells of a table are selected. Select text within one cell.",
    "object": "An object is selected, not text.",
    "table": "The selection holds a table. Select the text before it or behind it.",
    "holds": "The selection holds what a new text would lose: {what}.",
    "too_many": "More than {characters} characters are selected; a context of {context} tokens"
    " cannot hold them. Select less, or enlarge the context in the settings.",
    "too_long": "A text of {passage} tokens takes {needed} with instruction and answer, and the"
    " context has {context}. Select less, or enlarge the context in the settings.",
    "no_model": "No model is chosen: name a .gguf file or a Hugging Face folder in T-lite's"
    " settings.",
    "no_file": "The model is not there: {reason}",
    "broken": "The model's file is damaged: {reason}",
    "not_supported": "This model is not supported: {reason}",
    "no_memory": "Not enough memory: {reason}",
    "no_chat": "The model {model} has no chat template: one that was trained to answer is needed.",
    "no_library": "libtlite cannot be loaded: {reason}",
    "bad_context": "The context is {context}; the model takes 1 to {most} tokens.",
    "failed": "That failed: {reason}",
    "Footnote": "a footnote",
    "Annotation": "a comment",
    "TextField": "a field",
    "TextContent": "an object",
    "Frame": "a picture or a frame",
    "Redline": "a tracked change (accept or reject it first)",
    "Ruby": "ruby text",
    "ReferenceMark": "the target of a reference",
    "DocumentIndexMark": "an index entry",
    "something": "a special element ({kind})",
    "title": "T-lite: settings",
    "model": "Model: a .gguf file or a Hugging Face folder",
    "file": "File…",
    "folder": "Folder…",
    "context": "Context (instruction, text and answer), tokens",
    "threads": "Threads (0: one per core)",
    "ok": "OK",
    "abort": "Cancel",
    "models": "GGUF models",
    "plan": "{name}\nMemory: {total} - weights {weights}, context {cache}, work {scratch}.",
    "free": "{free} are free.",
    "short": "{free} are free: not enough.",
    "bytes": ("B", "KB", "MB", "GB", "TB"),
    "comma": ".",
}


class Words:
    """The sentences of one language: "ru", or "en" for all others."""

    def __init__(self, language: str) -> None:
        self._table = _RU if language.lower().startswith("ru") else _EN

    def __call__(self, key: str, **values: object) -> str:
        """A sentence with its values."""
        sentence = self._table[key]
        assert isinstance(sentence, str)
        return sentence.format(**values)

    def size(self, count: int) -> str:
        """A number of bytes, three digits of it: "4,68 ГБ"."""
        units, comma = self._table["bytes"], str(self._table["comma"])
        value, unit = float(count), 0
        while value >= 999.5 and unit + 1 < len(units):
            value, unit = value / 1000, unit + 1
        digits = 0 if unit == 0 or value >= 99.95 else 1 if value >= 9.995 else 2
        number = f"{value:.{digits}f}".replace(".", comma)
        return f"{number} {units[unit]}"

    def lost(self, kind: str) -> str:
        """What a portion of text of this kind is called."""
        return self(kind) if kind in self._table else self("something", kind=kind)
