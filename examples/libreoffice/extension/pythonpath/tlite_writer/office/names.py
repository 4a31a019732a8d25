"""Names that the extension's files share with the code."""

EXTENSION = "org.libtlite.writer"
PROTOCOL = EXTENSION + ":"
"""Of the commands' URLs: org.libtlite.writer:rewrite."""
HANDLER = EXTENSION + ".Handler"
SETTINGS = "/org.libtlite.Writer/Settings"
