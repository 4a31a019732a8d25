"""The check of the rules finds what it is for: rules without tests, tests that are not there."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).with_name("check_rules.py")
TESTS = {
    "tests/a_test.c": 'TEST(one, "a: one") {}\nTEST(\n    two,\n    "a: two") {}\n',
    "tests/b_test.cpp": 'TEST_CASE("b: a title, in "\n          "two parts") {}\n',
    "tests/c.py": "def look() -> int:\n    return 0\n",
    "tests/CMakeLists.txt": "foreach(case IN ITEMS x y)\nendforeach()\nadd_test(NAME p.q\n)\n",
}
GOOD = (
    "- A rule.\n  Test: [a](../tests/a_test.c): one, two; [b](../tests/b_test.cpp): "
    '"a title, in two parts"; [c](../tests/c.py): look; [m](../tests/CMakeLists.txt): x, p.q.\n'
)
BAD = [
    ("no list\n", "has no rules"),
    (GOOD + "- Another.\n", "embedding.md:3: names no test: Another."),
    ("- R. [a](../tests/a_test.c): three.\n", "tests/a_test.c has no case three"),
    ("- R. [a](../tests/gone.c): one.\n", "there is no tests/gone.c"),
    ('- R. [b](../tests/b_test.cpp): "not a title".\n', 'has no case "not a title"'),
    ("- R. [m](../tests/CMakeLists.txt): z.\n", "tests/CMakeLists.txt has no case z"),
    ("- R. [c](../tests/c.py): one.\n", "tests/c.py has no case one"),
    ("- R. [a](../tests/a_test.c): one; [c](../tests/c.py).\n", "a file of tests without cases"),
]


def check(document: str) -> subprocess.CompletedProcess[str]:
    """Runs the check over a document and a few tests."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**TESTS, "docs/embedding.md": document}.items():
            file = Path(folder) / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        command = [sys.executable, str(SCRIPT), "--root", folder]
        return subprocess.run(command, capture_output=True, text=True, check=False)


class CheckRulesTest(unittest.TestCase):
    """One document that is good, many that are not."""

    def test_rules_with_their_tests_pass(self) -> None:
        """Of each kind of file."""
        result = check(GOOD)
        self.assertEqual((result.returncode, result.stdout), (0, "rules: each has its tests\n"))

    def test_what_is_missing_is_told(self) -> None:
        """Each by its line and name."""
        for document, message in BAD:
            with self.subTest(message=message):
                result = check(document)
                self.assertEqual(result.returncode, 1)
                self.assertIn(message, result.stdout)


if __name__ == "__main__":
    unittest.main()
