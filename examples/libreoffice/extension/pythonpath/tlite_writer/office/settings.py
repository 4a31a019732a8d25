"""The settings, in the office's registry."""

from __future__ import annotations

from typing import Any

from com.sun.star.beans import PropertyValue

from ..engine.wish import Wish
from .names import SETTINGS


def _node(context: Any, path: str, kind: str) -> Any:
    provider = context.ServiceManager.createInstanceWithContext(
        "com.sun.star.configuration.ConfigurationProvider", context
    )
    place = PropertyValue()
    place.Name, place.Value = "nodepath", path
    return provider.createInstanceWithArguments(f"com.sun.star.configuration.{kind}", (place,))


def wish_of(context: Any) -> Wish:
    """What is set."""
    node = _node(context, SETTINGS, "ConfigurationAccess")
    return Wish(node.Model, node.Context, node.Threads)


def seed_of(context: Any) -> int | None:
    """For answers that can be had again; None: by chance."""
    seed = int(_node(context, SETTINGS, "ConfigurationAccess").Seed)
    return seed if seed >= 0 else None


def save(context: Any, wish: Wish) -> None:
    """Sets it, for this user."""
    node = _node(context, SETTINGS, "ConfigurationUpdateAccess")
    node.Model, node.Context, node.Threads = wish.model, wish.context, wish.threads
    node.commitChanges()


def language_of(context: Any) -> str:
    """Of the office's windows: "ru", "en-US"."""
    node = _node(context, "/org.openoffice.Setup/L10N", "ConfigurationAccess")
    return str(node.ooLocale)
