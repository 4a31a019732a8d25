"""The layer check finds what it is for: one planted violation a rule, and none in a clean tree."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).with_name("check_layers.py")

CASES = [
    ("lib/base/a.cpp", '#include "text/bpe.hpp"', "base (floor 0) includes text (floor 2)"),
    ("lib/jinja/a.cpp", '#include "tensor/dtype.hpp"', "jinja (floor 1) includes tensor (floor 1)"),
    ("lib/kernels/a.cpp", "#include <tlite/session.hpp>", "<tlite/session.hpp> of api (6)"),
    ("lib/base/a.cpp", "#include <tlite/other.hpp>", "<tlite/other.hpp> has no layer in PUBLIC"),
    ("lib/model/a.cpp", "#include <oneapi/tbb/info.h>", "belongs to base"),
    ("lib/model/a.cpp", "#include <cblas.h>", "belongs to kernels, train"),
    ("lib/model/a.cpp", "#include <boost/any.hpp>", "a library that lib/ does not use"),
    ("lib/model/a.cpp", "#include <iostream>", "does not talk over its host"),
    ("lib/model/a.cpp", "auto x = _mm512_setzero_ps();", "_mm512_setzero_ps outside kernels/"),
    ("lib/wrong/a.cpp", "", "wrong is not a layer"),
    ("lib/model/a.cpp", '#include "a.hpp"', "is not written from lib/"),
    ("include/tlite/a.hpp", "#include <Eigen/Dense>", "a public header includes Eigen/Dense"),
    ("include/tlite/host.hpp", "#include <tlite/model.hpp>", "0 includes tlite/model.hpp (6)"),
    ("capi/src/a.cpp", '#include "model/forward.hpp"', "reaches into lib"),
    ("examples/cpp/a.cpp", '#include "../../lib/model/forward.hpp"', "reaches into lib"),
]


def check(path: str, line: str) -> subprocess.CompletedProcess[str]:
    """Runs the check over a tree with one file of one line, beside an empty one of lib/."""
    with tempfile.TemporaryDirectory() as folder:
        known = Path(folder) / "lib" / "model" / "forward.hpp"
        known.parent.mkdir(parents=True)
        known.touch()
        file = Path(folder) / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(line + "\n", encoding="utf-8")
        command = [sys.executable, str(SCRIPT), "--root", folder]
        return subprocess.run(command, capture_output=True, text=True, check=False)


class CheckLayersTest(unittest.TestCase):
    """One test, many trees."""

    def test_every_rule_is_enforced(self) -> None:
        """Each planted violation is reported by name."""
        for path, line, message in CASES:
            with self.subTest(path=path, line=line):
                result = check(path, line)
                self.assertEqual(result.returncode, 1)
                self.assertIn(message, result.stdout)

    def test_a_clean_tree_passes(self) -> None:
        """Downward and standard includes are fine."""
        self.assertEqual(check("lib/model/a.cpp", '#include "kernels/linear.hpp"').returncode, 0)
        self.assertEqual(check("lib/base/a.cpp", "#include <vector>").returncode, 0)
        self.assertEqual(check("examples/a/b.cpp", '#include "text/own.hpp"').returncode, 0)


if __name__ == "__main__":
    unittest.main()
