"""What is shown beside the document: sentences, settings, progress."""

from __future__ import annotations

import os
import re
from typing import Any

import uno
import unohelper
from com.sun.star.awt import PosSize, XActionListener, XTextListener
from com.sun.star.awt.MessageBoxType import INFOBOX

from ..engine.plan import Plan, plan_of
from ..engine.refusal import refusal_of
from ..engine.wish import Wish
from ..text.words import Words


def _service(context: Any, name: str) -> Any:
    return context.ServiceManager.createInstanceWithContext(name, context)


def show(context: Any, frame: Any, words: Words, sentence: str) -> None:
    """A box with a sentence, until it is closed; nothing in an office without windows."""
    toolkit = _service(context, "com.sun.star.awt.Toolkit")
    window = frame.getContainerWindow() if frame is not None else toolkit.getDesktopWindow()
    toolkit.createMessageBox(window, INFOBOX, 1, "T-lite", sentence).execute()


class Status:
    """A line in the frame's status bar, with a bar for what has an end."""

    def __init__(self, frame: Any) -> None:
        self._indicator = frame.createStatusIndicator()
        self._shown = ("", -1)
        self._indicator.start("", 100)

    def show(self, text: str, percent: int) -> None:
        """The office draws it, which takes a while: only where it differs."""
        if (text, percent) == self._shown:
            return
        if text != self._shown[0]:
            self._indicator.setText(text)
        self._indicator.setValue(percent)
        self._shown = (text, percent)

    def close(self) -> None:
        """Takes it away."""
        self._indicator.end()


def plan_text(words: Words, plan: Plan) -> str:
    """What a model takes, as the settings show it."""
    sizes = {
        key: words.size(getattr(plan, key)) for key in ("total", "weights", "cache", "scratch")
    }
    text = words("plan", name=plan.name, **sizes)
    if plan.free is None:
        return text
    fits = "free" if plan.total <= plan.free else "short"
    return text + "\n" + words(fits, free=words.size(plan.free))


def said(words: Words, error: BaseException) -> str:
    """The sentence of an error."""
    refusal = refusal_of(error)
    values = dict(refusal.values)
    if "kind" in values:
        values["what"] = words.lost(str(values["kind"]))
    return words(refusal.key, **values)


class _Listener(unohelper.Base, XActionListener, XTextListener):  # type: ignore[misc]
    def __init__(self, function: Any) -> None:
        self._function = function

    def actionPerformed(self, event: Any) -> None:
        """Of XActionListener."""
        self._function()

    def textChanged(self, event: Any) -> None:
        """Of XTextListener."""
        self._function()

    def disposing(self, event: Any) -> None:
        """Of XEventListener."""


class SettingsDialog:
    """Asks for the model and its use, and shows what memory that takes before it is loaded."""

    def __init__(self, context: Any, frame: Any, words: Words, wish: Wish) -> None:
        self._context = context
        self._words = words
        self._model = _service(context, "com.sun.star.awt.UnoControlDialogModel")
        self._model.Title = words("title")
        self._model.Width, self._model.Height = 260, 134
        self._lay_out(wish)
        self._dialog = _service(context, "com.sun.star.awt.UnoControlDialog")
        self._dialog.setModel(self._model)
        for name, function in (("file", self._pick_file), ("folder", self._pick_folder)):
            self._dialog.getControl(name).addActionListener(_Listener(function))
        for name in ("path", "context", "threads"):
            self._dialog.getControl(name).addTextListener(_Listener(self._plan))
        parent = frame.getContainerWindow()
        self._dialog.createPeer(_service(context, "com.sun.star.awt.Toolkit"), parent)
        around, own = parent.getPosSize(), self._dialog.getPosSize()
        x, y = (around.Width - own.Width) // 2, (around.Height - own.Height) // 3
        self._dialog.setPosSize(max(x, 0), max(y, 0), 0, 0, PosSize.POS)
        self._plan()

    def execute(self) -> Wish | None:
        """Shows it; None where it was left without OK."""
        chosen = self._dialog.execute()
        wish = self._wish()
        self._dialog.dispose()
        return wish if chosen else None

    def _lay_out(self, wish: Wish) -> None:
        words = self._words
        self._add("FixedText", "model", (6, 6, 248, 10), {"Label": words("model")})
        self._add("Edit", "path", (6, 18, 154, 14), {"Text": wish.model})
        self._add("Button", "file", (164, 18, 43, 14), {"Label": words("file")})
        self._add("Button", "folder", (211, 18, 43, 14), {"Label": words("folder")})
        self._add_number(41, "context", wish.context, (1, 1 << 20, 1024))
        self._add_number(59, "threads", wish.threads, (0, 256, 1))
        self._add("FixedText", "plan", (6, 76, 248, 34), {"Label": "", "MultiLine": True})
        ok = {"Label": words("ok"), "PushButtonType": 1, "DefaultButton": True}
        self._add("Button", "ok", (146, 114, 52, 14), ok)
        leave = {"Label": words("abort"), "PushButtonType": 2}
        self._add("Button", "abort", (202, 114, 52, 14), leave)

    def _add_number(self, y: int, name: str, value: int, bounds: tuple[int, int, int]) -> None:
        label = {"Label": self._words(name)}
        self._add("FixedText", name + "_label", (6, y, 200, 10), label)
        least, most, step = bounds
        limits = {"Value": value, "ValueMin": least, "ValueMax": most, "ValueStep": step}
        what = {**limits, "DecimalAccuracy": 0, "Spin": True}
        self._add("NumericField", name, (211, y - 3, 43, 14), what)

    def _add(
        self, kind: str, name: str, place: tuple[int, int, int, int], what: dict[str, Any]
    ) -> None:
        """A control, at x, y, of width, height, in units of the dialog's font."""
        model = self._model.createInstance(f"com.sun.star.awt.UnoControl{kind}Model")
        values = dict(zip(("PositionX", "PositionY", "Width", "Height"), place))
        index = len(self._model.getElementNames())
        for key, value in {**values, "Name": name, "TabIndex": index, **what}.items():
            setattr(model, key, value)
        self._model.insertByName(name, model)

    def _wish(self) -> Wish:
        path = str(self._dialog.getControl("path").getText()).strip()
        return Wish(path, self._number("context"), self._number("threads"))

    def _number(self, name: str) -> int:
        """What stands in the field: its value is another until the cursor has left it."""
        digits = re.sub(r"\D", "", self._dialog.getControl(name).getText())
        return min(int(digits or 0), 1 << 20)

    def _plan(self) -> None:
        try:
            text = plan_text(self._words, plan_of(self._wish()))
        except Exception as error:
            text = said(self._words, error)
        self._model.getByName("plan").Label = text

    def _pick_file(self) -> None:
        picker = _service(self._context, "com.sun.star.ui.dialogs.FilePicker")
        picker.appendFilter(self._words("models"), "*.gguf")
        self._picked(picker, lambda: picker.getSelectedFiles()[0])

    def _pick_folder(self) -> None:
        picker = _service(self._context, "com.sun.star.ui.dialogs.FolderPicker")
        self._picked(picker, picker.getDirectory)

    def _picked(self, picker: Any, chosen: Any) -> None:
        path = self._wish().model
        folder = path if os.path.isdir(path) else os.path.dirname(path)
        if os.path.isdir(folder):
            picker.setDisplayDirectory(uno.systemPathToFileUrl(folder))
        if picker.execute():
            self._dialog.getControl("path").setText(uno.fileUrlToSystemPath(chosen()))
            self._plan()
