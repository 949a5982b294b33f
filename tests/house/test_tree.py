"""What lies in the repository, and what must not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# Directories that exist on one machine alone.
MACHINE_PATH = re.compile(rb"(?<![\w./])/(?:work|farm|home/[a-z]+|Users/\w+)/")
UNFINISHED = re.compile(rb"\b(?:TODO|FIXME|XXX|HACK)\b")
DATA = {".png", ".gz", ".deb", ".bundle", ".txt"}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout
    paths = [ROOT / name.decode() for name in listed.split(b"\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def places(pattern: re.Pattern[bytes], files: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}"
        for path in files
        for number, line in enumerate(path.read_bytes().splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_file_names_a_directory_of_one_machine() -> None:
    files = [path for path in tracked() if path != Path(__file__)]

    assert places(MACHINE_PATH, files) == []


def test_the_code_is_finished() -> None:
    files = [path for path in tracked() if path.is_relative_to(ROOT / "eka")]

    assert places(UNFINISHED, files) == []


@pytest.mark.parametrize("script", ["run", ".ci/run"])
def test_scripts_can_be_started(script: str) -> None:
    path = ROOT / script

    assert path.stat().st_mode & 0o111
    assert path.read_text(encoding="utf-8").startswith("#!/bin/sh\n")
    subprocess.run(["sh", "-n", path], check=True)


def test_text_files_are_utf_8_and_end_with_a_line() -> None:
    odd = [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.suffix not in DATA
        and not path.is_relative_to(ROOT / "fixtures")
        and (content := path.read_bytes())
        and (not content.endswith(b"\n") or b"\r" in content)
    ]

    assert odd == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    pattern = re.compile(rb"pytest\.(skip|xfail|importorskip)\b|mark\.(skip|skipif|xfail)\b")
    files = [
        path
        for path in tracked()
        if path.is_relative_to(ROOT / "tests") and path != Path(__file__)
    ]

    assert places(pattern, files) == []
