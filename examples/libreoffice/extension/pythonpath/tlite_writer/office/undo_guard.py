"""Undo while an answer is written: the office refuses it without a word, so it is taken here."""

from __future__ import annotations

from typing import Any, Callable

import unohelper
from com.sun.star.frame import (
    FeatureStateEvent,
    XDispatch,
    XDispatchProviderInterceptor,
    XInterceptorInfo,
)

_UNDO = ".uno:Undo"


class _Undo(unohelper.Base, XDispatch):  # type: ignore[misc]
    def __init__(self, function: Callable[[], object]) -> None:
        self._function = function

    def dispatch(self, url: Any, arguments: tuple[Any, ...]) -> None:
        """Of XDispatch."""
        self._function()

    def addStatusListener(self, listener: Any, url: Any) -> None:
        """Of XDispatch: it can always be used."""
        event = FeatureStateEvent()
        event.Source, event.FeatureURL, event.IsEnabled, event.Requery = self, url, True, False
        listener.statusChanged(event)

    def removeStatusListener(self, listener: Any, url: Any) -> None:
        """Of XDispatch."""


class UndoGuard(  # type: ignore[misc]
    unohelper.Base, XDispatchProviderInterceptor, XInterceptorInfo
):
    """Calls a function in place of a frame's Undo, until it is removed."""

    def __init__(self, frame: Any, function: Callable[[], object]) -> None:
        self._frame = frame
        self._undo = _Undo(function)
        self._master: Any = None
        self._slave: Any = None
        frame.registerDispatchProviderInterceptor(self)

    def remove(self) -> None:
        """Undo is the office's again."""
        self._frame.releaseDispatchProviderInterceptor(self)

    def getInterceptedURLs(self) -> tuple[str, ...]:
        """Of XInterceptorInfo."""
        return (_UNDO,)

    def queryDispatch(self, url: Any, target: str, flags: int) -> Any:
        """Of XDispatchProvider."""
        if url.Complete == _UNDO:
            return self._undo
        return self._slave.queryDispatch(url, target, flags) if self._slave is not None else None

    def queryDispatches(self, requests: tuple[Any, ...]) -> tuple[Any, ...]:
        """Of XDispatchProvider."""
        return tuple(
            self.queryDispatch(each.FeatureURL, each.FrameName, each.SearchFlags)
            for each in requests
        )

    def getMasterDispatchProvider(self) -> Any:
        """Of XDispatchProviderInterceptor: a chain, as all of these."""
        return self._master

    def setMasterDispatchProvider(self, provider: Any) -> None:
        """Of XDispatchProviderInterceptor."""
        self._master = provider

    def getSlaveDispatchProvider(self) -> Any:
        """Of XDispatchProviderInterceptor."""
        return self._slave

    def setSlaveDispatchProvider(self, provider: Any) -> None:
        """Of XDispatchProviderInterceptor."""
        self._slave = provider
