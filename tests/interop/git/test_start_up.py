"""Importing the git layer loads nothing that only few commands need."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("pygit2", "tomlkit", "semver", "ssl", "http.client", "asyncio", "socket", "logging")


def test_the_git_layer_loads_no_heavy_library() -> None:
    code = f"import sys, eka.git; print([name for name in {HEAVY!r} if name in sys.modules])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_only_the_reader_of_objects_loads_pygit2() -> None:
    code = "import sys, eka.git.objects; print('pygit2' in sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "True\n"
