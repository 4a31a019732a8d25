"""Puts the C ABI's declarations into tlite.lua, so that it is one file to copy.

python3 examples/game-love/generate.py           after capi/describe_abi.py
python3 examples/game-love/generate.py --check   exit status 1 where they are out of date
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DECLARATIONS = HERE.parent.parent / "capi" / "abi" / "tlite_c.cdef.h"
TARGET = HERE / "tlite.lua"
BEGIN = "local declarations = [["
END = "]] -- END GENERATED"


def embedded(lua: str, declarations: str) -> str:
    """tlite.lua with these declarations between its two marks."""
    if "]]" in declarations:
        raise ValueError("declarations with ]] do not fit in a Lua string")
    pattern = re.compile(re.escape(BEGIN) + r"\n.*?" + re.escape(END), re.DOTALL)
    result, count = pattern.subn(lambda _: f"{BEGIN}\n{declarations}{END}", lua)
    if count != 1:
        raise ValueError(f"{TARGET.name}: {count} places for the declarations, not one")
    return result


def main() -> int:
    """Writes or checks the file."""
    lua = TARGET.read_text(encoding="utf-8")
    wanted = embedded(lua, DECLARATIONS.read_text(encoding="utf-8"))
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(wanted, encoding="utf-8")
        return 0
    if wanted != lua:
        print(f"{TARGET}: declarations are out of date: run generate.py", file=sys.stderr)
    return int(wanted != lua)


if __name__ == "__main__":
    sys.exit(main())
