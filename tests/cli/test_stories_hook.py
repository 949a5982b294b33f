"""Somebody who runs a git server protects what is published there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.story import Person, git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def server(tmp_path: Path) -> Path:
    git(tmp_path, "init", "-q", "--bare", "pkgs.git")
    return tmp_path / "pkgs.git"


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


def test_the_hook_is_checked_installed_and_removed(person: Person, server: Path) -> None:
    missing = person.json(server, "hook", "check")
    made = person.json(server.parent, "hook", "install", "pkgs.git")
    there = person.json(server, "hook", "check")
    again = person.does(server, "hook", "install").out
    removed = person.json(server, "hook", "uninstall")

    assert (missing.status, missing.document["after"]) == (1, "absent")
    assert (made.document["before"], made.document["after"]) == ("absent", "current")
    assert made.document["path"] == str(server / "hooks/update")
    assert (there.status, there.document["after"]) == (0, "current")
    assert "nothing to do" in again
    assert removed.document["after"] == "absent"
    assert not (server / "hooks/update").exists()


def test_another_hook_is_told_of_with_the_way_to_keep_it(person: Person, server: Path) -> None:
    (server / "hooks/update").write_text("#!/bin/sh\n")

    refused = person.json(server, "hook", "install")
    tried = person.json(server, "hook", "install", "--chain", "--dry-run")
    kept = person.json(server, "hook", "install", "--chain")

    assert (refused.status, refused.code) == (6, "foreign-hook")
    assert "--chain" in refused.document["error"]["fix"]
    assert (tried.document["dry_run"], tried.document["chained"]) == (True, True)
    assert kept.document["after"] == "current"


@pytest.mark.parametrize(
    ("words", "status", "code"),
    [
        (("hook",), 2, "usage"),
        (("hook", "destroy"), 2, "usage"),
        (("hook", "check", "--chain"), 2, "usage"),
        (("hook", "install", "nowhere"), 3, "not-a-repository"),
    ],
)
def test_words_that_make_no_sense_are_refused(
    person: Person, server: Path, words: tuple[str, ...], status: int, code: str
) -> None:
    answer = person.json(server, *words)

    assert (answer.status, answer.code) == (status, code)
