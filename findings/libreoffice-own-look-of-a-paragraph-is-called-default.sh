#!/usr/bin/env bash
# Writer's getPropertyState tells of a text cursor that what its paragraph has beside its style is DEFAULT_VALUE: an attribute that all of a
# paragraph was given (select it, press bold) is kept at the paragraph, where the cursor does not look. The paragraph itself says
# DIRECT_VALUE. Who sets such a "default" to its default through the cursor takes the attribute away. And "\n" in setString is a line break; a
# paragraph's end is "\r". Needs libreoffice-writer and python3-uno.
#
# Seen with LibreOffice 7.4.7 (Debian 12):
#   a word of it: cursor DIRECT_VALUE, paragraph DEFAULT_VALUE, weight 150.0
#   all of it bold: cursor DEFAULT_VALUE, paragraph DIRECT_VALUE, weight 150.0
#   after setPropertyToDefault: weight 100.0
#   "a\nb": 1 paragraph, "a\rb": 2
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
soffice --headless --norestore --nologo "-env:UserInstallation=file://$work/profile" --accept="pipe,name=finding$$;urp;" >"$work/log" 2>&1 &
/usr/bin/python3 - "$$" <<'PY'
import sys
import time
from typing import Any

import uno

local = uno.getComponentContext()
resolver = local.ServiceManager.createInstanceWithContext("com.sun.star.bridge.UnoUrlResolver", local)
for _ in range(600):
    try:
        address = f"uno:pipe,name=finding{sys.argv[1]};urp;StarOffice.ComponentContext"
        context = resolver.resolve(address)
        break
    except Exception:
        time.sleep(0.2)
desktop = context.ServiceManager.createInstanceWithContext("com.sun.star.frame.Desktop", context)
document = desktop.loadComponentFromURL("private:factory/swriter", "_blank", 0, ())
text = document.Text


def bold(length: int) -> Any:
    """A cursor over that many characters, which are bold."""
    text.setString("")
    text.createTextCursor().setPropertyToDefault("CharWeight")
    text.setString("one two")
    cursor = text.createTextCursor()
    cursor.goRight(length, True)
    cursor.CharWeight = 150.0
    return cursor


for what, length in (("a word of it", 3), ("all of it bold", 7)):
    cursor = bold(length)
    paragraph = text.createEnumeration().nextElement()
    states = (each.getPropertyState("CharWeight").value for each in (cursor, paragraph))
    print("{}: cursor {}, paragraph {}, weight {}".format(what, *states, cursor.CharWeight))
cursor.setPropertyToDefault("CharWeight")
print(f"after setPropertyToDefault: weight {cursor.CharWeight}")
counts = []
for string in ("a\nb", "a\rb"):
    text.setString(string)
    paragraphs = text.createEnumeration()
    counts.append(0)
    while paragraphs.hasMoreElements():
        paragraphs.nextElement()
        counts[-1] += 1
print('"a\\nb": {} paragraph, "a\\rb": {}'.format(*counts))
document.close(True)
try:
    desktop.terminate()
except Exception:
    pass
PY
wait
