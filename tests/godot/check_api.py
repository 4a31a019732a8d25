"""Compares native/gdnative.hpp with Godot's own list: python3 check_api.py gdnative_api.json

The list is modules/gdnative/gdnative_api.json of Godot's source, in Debian `apt-get source godot3`.
It is megabytes to fetch, so this runs by hand, when a function is added; nodes_test.gd calls them
all.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

HEADER = Path(__file__).resolve().parents[2] / "examples" / "game-godot" / "native" / "gdnative.hpp"
ENTRY = re.compile(r"F\((\d+),\s*([\w:]+\s?\**|const wchar_t\*),\s*(\w+),\s*\\?\s*\(([^()]*)\)\)")
# Our names for Godot's types; what is not named is called alike.
TYPES = {
    "StringArray": "godot_pool_string_array",
    "NodePath": "godot_node_path",
    "Dictionary": "godot_dictionary",
    "Variant": "godot_variant",
    "String": "godot_string",
    "Type": "godot_variant_type",
    "Object": "godot_object",
    "MethodBind": "godot_method_bind",
    "CallError": "godot_variant_call_error",
    "Creator": "godot_instance_create_func",
    "Destroyer": "godot_instance_destroy_func",
    "MethodAttributes": "godot_method_attributes",
    "Method": "godot_instance_method",
    "PropertyAttributes": "godot_property_attributes",
    "Setter": "godot_property_set_func",
    "Getter": "godot_property_get_func",
    "Signal": "godot_signal",
    "bool": "godot_bool",
    "std::int64_t": "int64_t",
}


def plain(of: str) -> str:
    """A type without spaces; `const` of a value says nothing to its caller."""
    of = of.replace(" ", "").replace("godot_int", "int")
    return of[len("const") :] if of.startswith("const") and "*" not in of else of


def ours(text: str) -> str:
    """A type of the header by Godot's names."""
    return plain(re.sub(r"[\w:]+", lambda match: TYPES.get(match[0], match[0]), text))


def name_in_godot(name: str, is_script: bool) -> str:
    """What Godot calls one of our functions."""
    name = name.replace("string_array", "pool_string_array")
    return "godot_nativescript_" + name if is_script else "godot_" + name


def main() -> int:
    """All functions of the header."""
    api = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    scripts = next(each for each in api["extensions"] if each["name"] == "nativescript")
    text = HEADER.read_text(encoding="utf-8").replace("\\\n", "\n")
    core, script = text.split("TLITE_GDNATIVE_NATIVESCRIPT(F)", maxsplit=1)
    count = wrong = 0
    tables = ((core, api["core"]["api"], False), (script, scripts["api"], True))
    for part, functions, is_script in tables:
        for place, result, name, parameters in ENTRY.findall(part):
            count += 1
            theirs = functions[int(place)]
            wanted = (
                theirs["name"],
                plain(theirs["return_type"]),
                [plain(kind) for kind, _ in theirs["arguments"]],
            )
            given = (
                name_in_godot(name, is_script),
                ours(result),
                [ours(kind) for kind in parameters.split(",")],
            )
            if given != wanted:
                wrong += 1
                print(f"{place}: {given}, and Godot has {wanted}")
    print(f"{count} functions, {wrong} wrong")
    size = int(re.findall(r"Function functions\[(\d+)\]", text)[0])
    if size != len(api["core"]["api"]):
        print(f"the table has {len(api['core']['api'])} places, not {size}")
        wrong += 1
    return 1 if wrong or count < 30 else 0


if __name__ == "__main__":
    sys.exit(main())
