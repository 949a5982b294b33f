"""What the atom format loads, in a Python of its own: start-up is counted."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import json, sys
from eka.atom import Label, Requirement, Version, ObjectId, case_fold
case_fold(Label("my-atom"))
assert Requirement("^1").matches(Version.parse("1.2.3"))
ObjectId("0" * 40)
plain = sorted(sys.modules)
Label("\\u03bb")
print(json.dumps([plain, sorted(sys.modules)]))
"""
TABLES = {"unicodedata", "eka.atom.unicode_tables"}
HEAVY = {"hashlib", "tomlkit", "semver", "pygit2", "ssl", "http", "eka.atom.confusables"}


def test_plain_names_load_no_tables_and_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, check=True, text=True
    )

    plain, with_letters = map(set[str], json.loads(done.stdout))

    assert plain & (TABLES | HEAVY) == set()
    assert with_letters >= TABLES
