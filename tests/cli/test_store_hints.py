"""Which option may have been meant: one that the command has."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest

from eka.store_cli.console import Console
from eka.store_cli.main import dispatch

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["stats", "--largest", "3"], ""),  # but `log` has a --last
        (["log", "--lest", "3"], "did you mean --last?"),
        (["--jsn", "info"], "did you mean --json?"),
    ],
)
def test_an_option_of_another_command_was_not_meant(
    tmp_path: Path, words: list[str], hint: str
) -> None:
    out = io.StringIO()
    console = Console(io.BytesIO(), out, io.StringIO())

    status = dispatch(["--store", str(tmp_path), *words, "--json"], {}, console)

    why: str = json.loads(out.getvalue())["error"]["why"]
    assert status == 2
    assert why.partition("; ")[2] == hint
