"""The file that is installed."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.dom.minidom
import zipfile
from pathlib import Path

import make_oxt
import pytest
from conftest import EXTENSION, ROOT
from tlite_writer.office.names import EXTENSION as IDENTIFIER
from tlite_writer.office.names import HANDLER, PROTOCOL, SETTINGS
from tlite_writer.text.commands import COMMANDS
from tlite_writer.text.words import Words


def make(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command."""
    command = [sys.executable, str(EXTENSION / "make_oxt.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """One that looks like ours."""
    path = tmp_path / "tlite-0.1.0-py3-none-manylinux_2_36_aarch64.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tlite/__init__.py", "x = 1\n")
        archive.writestr("tlite.libs/libtbb.so", b"\0" * 100)
    return path


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, wheel: Path) -> None:
    """Of a wheel, whose processor it names."""
    made = [tmp_path / name for name in ("a.oxt", "b.oxt")]
    for path in made:
        done = make(path, "--wheel", wheel)
        assert (done.returncode, done.stderr) == (0, "")
    assert made[0].read_bytes() == made[1].read_bytes()
    with zipfile.ZipFile(made[0]) as archive:
        names = archive.namelist()
        assert names == sorted(names)
        assert archive.read("pythonpath/tlite/__init__.py") == b"x = 1\n"
        assert archive.getinfo("pythonpath/tlite.libs/libtbb.so").file_size == 100
        description = archive.read("description.xml").decode()
        manifest = archive.read("META-INF/manifest.xml").decode()
    assert "linux_aarch64" in description
    assert f'<version value="{make_oxt.version()}"/>' in description
    assert f'<identifier value="{IDENTIFIER}"/>' in description
    assert "@" not in description
    listed = re.findall(r'full-path="([^"]+)"', manifest)
    assert set(listed) <= set(names)
    assert not [name for name in names if "__pycache__" in name]


def test_the_library_of_a_build_may_be_carried(tmp_path: Path) -> None:
    """With the tree's package."""
    library = tmp_path / "some.so"
    library.write_bytes(b"ELF")
    assert make(tmp_path / "out.oxt", "--library", library).returncode == 0
    with zipfile.ZipFile(tmp_path / "out.oxt") as archive:
        assert archive.read("pythonpath/tlite/lib/libtlite_c.so") == b"ELF"
        ours = (ROOT / "bindings/python/src/tlite/__init__.py").read_bytes()
        assert archive.read("pythonpath/tlite/__init__.py") == ours


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "out"),
        (("a.oxt",), "--wheel"),
        (("a.oxt", "--wheel", "gone.whl"), "there is no file gone.whl"),
        (("a.oxt", "--wheel", __file__), "names no processor"),
        (("a.oxt", "--wheel", "x", "--library", "y"), "not allowed"),
        (("a.oxt", "--library", __file__, "--foo"), "--foo"),
    ],
)
def test_bad_arguments(
    arguments: tuple[str, ...], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are named."""
    monkeypatch.chdir(tmp_path)
    done = make(*arguments)
    assert done.returncode != 0
    assert said in done.stderr
    assert not (tmp_path / "a.oxt").exists()


def test_the_files_say_what_the_code_says() -> None:
    """Menu, toolbar, protocol and settings name the commands, and their words are the same."""
    folder = EXTENSION / "extension"
    for path in [*folder.glob("*.x*"), *folder.glob("META-INF/*")]:
        xml.dom.minidom.parse(str(path))
    addons = (folder / "Addons.xcu").read_text()
    item = (
        rf'<value>{PROTOCOL}(\w+)</value></prop>\s*<prop oor:name="Title" oor:type="xs:string">\s*'
        r'<value xml:lang="en-US">([^<]*)</value>\s*<value xml:lang="ru">([^<]*)</value>'
    )
    items = re.findall(item, addons)
    assert {name for name, _, _ in items} == {*COMMANDS, "stop", "settings"}
    assert len(items) == addons.count(PROTOCOL)
    for name, english, russian in items:
        assert (english, russian) == (Words("en")(name), Words("ru")(name))
    protocols = (folder / "ProtocolHandler.xcu").read_text()
    assert f"<value>{PROTOCOL}*</value>" in protocols
    assert f'oor:name="{HANDLER}"' in protocols
    schema = (folder / "Settings.xcs").read_text()
    (package,) = re.findall(r'oor:package="([\w.]+)"', schema)
    (component,) = re.findall(r'oor:name="(\w+)" oor:package', schema)
    (group,) = re.findall(r'group oor:name="(\w+)"', schema)
    assert f"/{package}.{component}/{group}" == SETTINGS
