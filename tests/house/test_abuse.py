"""Every way of abuse on our list is tried by tests that say so in their names.

S01 other content under a published version; S02 a version whose ref went away; S03 a lock with one
digit changed; S04 commits that are no atoms; S05 forks; S06 hidden or doubled roots; S07 mirrors
that lie; S08 another content under one git id; S09 labels that look alike; S10 aliases; S11 trees;
S12 listings; S13 addresses that run programs; S14 redirections and passwords; S15 bombs; S16
parsers; S17 locks; S18 terminals; S19 signatures; S20 configuration of a repository.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from eka.cli.table import COMMANDS
from tests.every_command import ADDRESSED, CALLS

TESTS = Path(__file__).resolve().parents[1]
NUMBERS = re.compile(r"test((?:_[rs]\d\d)+)_")
ABUSES = {f"s{number:02}" for number in range(1, 21)}
FAULTS = {f"r{number:02}" for number in range(1, 14)}
LEFT_OUT = {"skip", "skipif", "xfail"}


def functions() -> list[tuple[Path, ast.FunctionDef]]:
    """Return every test function with the file it stands in."""
    return [
        (path, node)
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def named() -> dict[str, list[str]]:
    """Return number -> the tests that bear it."""
    found: dict[str, list[str]] = {}
    for path, function in functions():
        if match := NUMBERS.match(function.name):
            for number in match[1].split("_")[1:]:
                found.setdefault(number, []).append(f"{path.name}::{function.name}")
    return found


def test_every_abuse_on_the_list_is_tried() -> None:
    assert sorted(ABUSES - named().keys()) == []


def test_every_fault_on_the_list_is_tried() -> None:
    assert sorted(FAULTS - named().keys()) == []


def test_no_number_is_one_that_nobody_listed() -> None:
    assert sorted(named().keys() - ABUSES - FAULTS) == []


def test_none_of_them_is_left_out() -> None:
    skipped = [
        f"{path.name}::{function.name}"
        for path, function in functions()
        for node in ast.walk(function)
        if isinstance(node, ast.Attribute) and node.attr in LEFT_OUT
    ]

    assert skipped == []


def test_every_command_is_tried() -> None:
    assert (set(CALLS), set(ADDRESSED)) == (set(COMMANDS), set(COMMANDS))
