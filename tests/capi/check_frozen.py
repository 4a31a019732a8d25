"""The ABI only grows: what it was in each frozen version, it is still.

tests/capi/frozen/<version> keeps the header of a version and its description as they were. The
description of today is compared with each: functions, callbacks and constants stay as they are,
structures with a struct_size grow at their end, all others never, and whatever is new comes with a
new minor number. A field called reserved may get a name and a meaning in its place.

abidiff looks at the snapshot, which is renewed with every addition, and so forgets; this does not.
"""

from __future__ import annotations

import argparse
import copy
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FROZEN = HERE / "frozen"
DESCRIPTION = ROOT / "capi" / "abi" / "tlite_c.json"
DESCRIBE = ROOT / "capi" / "describe_abi.py"

Description = dict[str, Any]


def signature(about: Description) -> list[str]:
    """What a function returns and takes; names of parameters are no part of the ABI."""
    return [about["returns"], *(parameter["type"] for parameter in about["parameters"])]


def is_reserved(field: Description) -> bool:
    """Whether a field must be 0 and may get a meaning."""
    return str(field["name"]).startswith("reserved")


def grows(struct: Description) -> bool:
    """Whether later versions of a structure may be longer."""
    return bool(struct["fields"][0]["name"] == "struct_size")


def struct_breaks(name: str, frozen: Description, now: Description) -> Iterator[str]:
    """What is not an addition at a structure's end, or in a reserved place."""
    fields = {field["name"]: field for field in now["fields"]}
    for field in frozen["fields"]:
        if not is_reserved(field) and fields.get(field["name"]) != field:
            yield f"{name}.{field['name']} is {fields.get(field['name'])}, was {field}"
    known = {field["name"] for field in frozen["fields"] if not is_reserved(field)}
    reserved = [field for field in frozen["fields"] if is_reserved(field)]
    for bits, size in frozen["size"].items():
        if now["size"][bits] != size and not grows(frozen):
            yield f"{name} has {now['size'][bits]} bytes, had {size}: it has no struct_size"
        if now["size"][bits] > size and size not in [old[bits] for old in now["older_sizes"]]:
            yield f"{name} has grown, and older_sizes has not {size}"
        if now["size"][bits] < size:
            yield f"{name} has shrunk to {now['size'][bits]} bytes from {size}"
        places = {field["offset"][bits] for field in reserved}
        for new in now["fields"]:
            inside = new["name"] not in known and new["offset"][bits] < size
            if inside and not any(place <= new["offset"][bits] for place in places):
                yield f"{name}.{new['name']} is new and not at the end"


def breaks(frozen: Description, now: Description) -> Iterator[str]:
    """What a program of the frozen version would not find as it was."""
    if now["abi"]["major"] != frozen["abi"]["major"]:
        yield f"the major number is {now['abi']['major']}, was {frozen['abi']['major']}"
    for name, value in frozen["constants"].items():
        if name != "TLITE_ABI_MINOR" and now["constants"].get(name) != value:
            yield f"{name} is {now['constants'].get(name)}, was {value}"
    for name, members in frozen["enums"].items():
        for member in members.keys() - now["enums"].get(name, {}).keys():
            yield f"{name} has no {member}"
    for name in set(frozen["objects"]) - set(now["objects"]):
        yield f"there is no {name}"
    for kind in ("callbacks", "functions"):
        for name, about in frozen[kind].items():
            today = now[kind].get(name)
            if today is None:
                yield f"there is no {name}"
            elif signature(today) != signature(about):
                yield f"{name} is {signature(today)}, was {signature(about)}"
            elif today.get("since", 0) > frozen["abi"]["minor"]:
                yield f"{name} is said to be of minor number {today['since']}"
    for name, struct in frozen["structs"].items():
        if name in now["structs"]:
            yield from struct_breaks(name, struct, now["structs"][name])
        else:
            yield f"there is no {name}"


def has_grown(frozen: Description, now: Description) -> bool:
    """Whether there is more than there was."""
    kinds = ("constants", "enums", "callbacks", "functions", "structs")
    return any(now[kind].keys() - frozen[kind].keys() for kind in kinds) or any(
        now["structs"][name]["fields"] != struct["fields"]
        for name, struct in frozen["structs"].items()
        if name in now["structs"]
    )


def problems(frozen: Description, now: Description) -> Iterator[str]:
    """All that stands in the way of a program of the frozen version, and a missing minor number."""
    version = f"{frozen['abi']['major']}.{frozen['abi']['minor']}"
    for text in breaks(frozen, now):
        yield f"since {version}: {text}"
    if has_grown(frozen, now) and now["abi"]["minor"] <= frozen["abi"]["minor"]:
        yield f"there is more than in {version}, and the minor number is {now['abi']['minor']}"


def frozen_versions() -> Iterator[Path]:
    """The folders of the versions, the oldest first."""
    folders = [path.parent for path in FROZEN.glob("*/tlite.h")]
    yield from sorted(folders, key=lambda path: [int(n) for n in path.name.split(".")])


def load(path: Path) -> Description:
    """A description."""
    about: Description = json.loads(path.read_text(encoding="utf-8"))
    return about


def all_problems(now: Description) -> Iterator[str]:
    """Of every frozen version."""
    for folder in frozen_versions():
        yield from problems(load(folder / "tlite_c.json"), now)


def kept_problems(folder: Path) -> Iterator[str]:
    """Whether a kept description is that of the header that is kept beside it."""
    with tempfile.TemporaryDirectory() as temporary:
        command = [sys.executable, str(DESCRIBE), "--header", str(folder / "tlite.h")]
        command += ["--previous", str(folder / "tlite_c.json"), "--out", temporary]
        subprocess.run(command, check=True)
        if load(Path(temporary) / "tlite_c.json") != load(folder / "tlite_c.json"):
            yield f"{folder}: tlite_c.json is not the description of tlite.h"
    about = load(folder / "tlite_c.json")["abi"]
    if folder.name != f"{about['major']}.{about['minor']}":
        yield f"{folder} has ABI {about}"


def unused(folder: Path) -> Iterator[str]:
    """Functions that no program of the version calls."""
    text = "".join(
        path.read_text(encoding="utf-8") for path in folder.glob("*.[ch]") if path.name != "tlite.h"
    )
    for name in load(folder / "tlite_c.json")["functions"]:
        if not re.search(rf"\b{name}\(", text):
            yield f"{folder}: no program calls {name}"


def grown_by(about: Description, name: str, field: Description) -> None:
    """A field at a structure's end, as describe_abi.py would write it."""
    struct = about["structs"][name]
    struct["older_sizes"].append(dict(struct["size"]))
    field["offset"] = dict(struct["size"])
    struct["fields"].append(field)
    struct["size"] = {bits: size + 8 for bits, size in struct["size"].items()}


def additions(about: Description) -> None:
    """All that a later minor version may do."""
    about["abi"]["minor"] += 1
    about["constants"] |= {"TLITE_ABI_MINOR": about["abi"]["minor"], "TLITE_FINISH_NEWER": 99}
    about["enums"]["tlite_finish_reason"]["TLITE_FINISH_NEWER"] = 99
    newer = {"returns": "void", "parameters": [], "since": about["abi"]["minor"]}
    about["functions"]["tlite_newer"] = newer
    about["objects"].append("tlite_thing")
    grown_by(about, "tlite_session_options", {"name": "newer", "type": "uint64_t"})
    about["structs"]["tlite_message"]["fields"][1]["name"] = "named_now"
    about["functions"]["tlite_model_free"]["parameters"][0]["name"] = "self"


def offset_moved(about: Description) -> None:
    """A field in front of another."""
    for field in about["structs"]["tlite_piece"]["fields"][2:]:
        field["offset"] = {bits: place + 8 for bits, place in field["offset"].items()}


def swap(items: list[Any], i: int) -> None:
    """Two neighbours."""
    items[i], items[i + 1] = items[i + 1], items[i]


def selftest(frozen: Description) -> Iterator[str]:
    """Changed descriptions, and what is to be said of each."""
    structs, functions = "structs", "functions"

    def set_type(about: Description, name: str, i: int, kind: str) -> None:
        about[structs][name]["fields"][i]["type"] = kind

    def narrow(about: Description) -> None:
        swap(about[functions]["tlite_engine_step"]["parameters"], 1)

    def rename(about: Description) -> None:
        about[structs]["tlite_load_options"]["fields"][1]["name"] = "check"

    def forget(about: Description) -> None:
        additions(about)
        about[structs]["tlite_session_options"]["older_sizes"].clear()

    def grow_fixed(about: Description) -> None:
        additions(about)
        grown_by(about, "tlite_text", {"name": "newer", "type": "uint64_t"})

    def early(about: Description) -> None:
        additions(about)
        about["abi"]["minor"] -= 1

    def later(about: Description) -> None:
        about[functions]["tlite_version"]["since"] = about["abi"]["minor"] + 1

    cases: list[tuple[Callable[[Description], Any], str]] = [
        (additions, ""),
        (lambda about: None, ""),
        (lambda about: about[functions].pop("tlite_version"), "there is no tlite_version"),
        (lambda about: about[structs].pop("tlite_beam"), "there is no tlite_beam"),
        (lambda about: about["callbacks"].pop("tlite_log_callback"), "tlite_log_callback"),
        (lambda about: about["objects"].remove("tlite_host"), "there is no tlite_host"),
        (
            lambda about: about["constants"].update(TLITE_ERROR_IO=-4),
            "TLITE_ERROR_IO is -4, was -3",
        ),
        (
            lambda about: about["enums"]["tlite_pooling"].pop("TLITE_POOLING_CLS"),
            "has no TLITE_POO",
        ),
        (lambda about: about["abi"].update(major=2), "the major number is 2, was 1"),
        (lambda about: set_type(about, "tlite_piece", 1, "uint32_t"), "tlite_piece.token"),
        (narrow, "tlite_engine_step is"),
        (rename, "tlite_load_options.check_weights is None"),
        (offset_moved, "tlite_piece.text is"),
        (forget, "tlite_session_options has grown, and older_sizes"),
        (grow_fixed, "tlite_text has"),
        (early, "there is more than in"),
        (later, "tlite_version is said to be of minor number"),
    ]
    for i, (change, expected) in enumerate(cases):
        changed = copy.deepcopy(frozen)
        change(changed)
        found = list(problems(frozen, changed))
        if bool(found) != bool(expected) or not any(expected in text for text in found or [""]):
            yield f"selftest, change {i}: {found or 'nothing'} is found, not {expected!r}"


def main() -> int:
    """Checks all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--description", type=Path, default=DESCRIPTION)
    arguments = parser.parse_args()
    found = list(all_problems(load(arguments.description)))
    for folder in frozen_versions():
        found += [*kept_problems(folder), *unused(folder)]
        found += selftest(load(folder / "tlite_c.json"))
    print("\n".join(found) if found else "the ABI has all that it ever had")
    return 1 if found or not any(frozen_versions()) else 0


if __name__ == "__main__":
    sys.exit(main())
