"""What LibreOffice loads: the commands' URLs, handed to the conductor."""

from __future__ import annotations

import contextlib
from typing import Any

import unohelper
from com.sun.star.frame import DispatchResultEvent, XDispatchProvider, XNotifyingDispatch
from com.sun.star.lang import XInitialization, XServiceInfo
from tlite_writer.office.conductor import conductor
from tlite_writer.office.names import HANDLER, PROTOCOL

_SERVICE = "com.sun.star.frame.ProtocolHandler"
_FAILURE, _SUCCESS = 0, 1  # com.sun.star.frame.DispatchResultState


class Handler(  # type: ignore[misc]
    unohelper.Base, XServiceInfo, XInitialization, XDispatchProvider, XNotifyingDispatch
):
    """Handles the URLs of one window."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._frame: Any = None

    def initialize(self, arguments: tuple[Any, ...]) -> None:
        """Of XInitialization: the window's frame."""
        self._frame = arguments[0] if arguments else None

    def queryDispatch(self, url: Any, target: str, flags: int) -> Any:
        """Of XDispatchProvider."""
        return self if url.Protocol == PROTOCOL else None

    def queryDispatches(self, requests: tuple[Any, ...]) -> tuple[Any, ...]:
        """Of XDispatchProvider."""
        return tuple(
            self.queryDispatch(each.FeatureURL, each.FrameName, each.SearchFlags)
            for each in requests
        )

    def dispatch(self, url: Any, arguments: tuple[Any, ...]) -> None:
        """Of XDispatch: begins it."""
        self.dispatchWithNotification(url, arguments, None)

    def dispatchWithNotification(self, url: Any, arguments: tuple[Any, ...], listener: Any) -> None:
        """Of XNotifyingDispatch: begins it; its end is told with a sentence as the result."""

        def report(good: bool, sentence: str) -> None:
            if listener is not None:
                event = DispatchResultEvent()
                event.Source, event.Result = self, sentence
                event.State = _SUCCESS if good else _FAILURE
                with contextlib.suppress(Exception):  # its program may have gone
                    listener.dispatchFinished(event)

        conductor(self._context).perform(self._frame, url.Path, report)

    def addStatusListener(self, listener: Any, url: Any) -> None:
        """Of XDispatch."""
        conductor(self._context).listen(self, listener, url)

    def removeStatusListener(self, listener: Any, url: Any) -> None:
        """Of XDispatch."""
        conductor(self._context).forget(listener, url)

    def getImplementationName(self) -> str:
        """Of XServiceInfo."""
        return HANDLER

    def supportsService(self, name: str) -> bool:
        """Of XServiceInfo."""
        return name == _SERVICE

    def getSupportedServiceNames(self) -> tuple[str, ...]:
        """Of XServiceInfo."""
        return (_SERVICE,)


g_ImplementationHelper = unohelper.ImplementationHelper()
g_ImplementationHelper.addImplementation(Handler, HANDLER, (_SERVICE,))
