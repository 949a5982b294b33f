"""Advice where versions do not fit: never an error instead of the one at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from eka.atom import Aliases, parse_manifest
from eka.resolve import NoSuchPackage, Unsatisfiable
from eka.workflow.advice import Failed, advise
from eka.workflow.errors import Offline
from eka.workflow.progress import Silent
from eka.workflow.project import Project
from tests.fakes.versions import FakeVersions, key, lines, resolve, wanted, world

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from eka.resolve import Dependencies, Request, Unavailable
    from tests.fakes.versions import World

ROOT = ["a ^1", "c =1.0.0"]
MANIFEST = b'[package]\nlabel = "app"\nversion = "1.0.0"\n'


class Down(FakeVersions):
    """Knows which versions there are, and cannot tell what they need."""

    def dependencies(
        self, requests: Sequence[Request]
    ) -> Mapping[Request, Dependencies | Unavailable]:
        raise Offline(str(requests[0]))


@dataclass(frozen=True)
class Conflict:
    """A conflict between two lines, and the project it was found in."""

    error: Unsatisfiable
    failed: Failed


@pytest.fixture
def conflict(tmp_path: Path) -> Conflict:
    atoms: World = world({"a 1.0.0": ["c =1.1.0"], "c 1.0.0": [], "c 1.1.0": []})
    with pytest.raises(Unsatisfiable) as caught:
        resolve(atoms, ROOT)
    failed = Failed(
        project=Project(tmp_path, Aliases({})),
        manifest=parse_manifest(MANIFEST, "atom.toml"),
        wanted=lines(ROOT),
        provider=Down(atoms),
        preferred={},
        strategy="highest",
        hint=lambda which: f"did you mean {which[1].text}s?",
    )
    return Conflict(caught.value, failed)


@pytest.mark.spec("resolution-suggestion")
def test_a_source_that_is_down_takes_away_suggestions_only(conflict: Conflict) -> None:
    fix, what = conflict.error.fix, conflict.error.what

    advise(conflict.error, conflict.failed, Silent())

    assert conflict.error.suggestions == ()
    assert (conflict.error.fix, conflict.error.what) == (fix, what)


def test_a_label_that_is_not_there_gets_a_hint(conflict: Conflict) -> None:
    error = NoSuchPackage(wanted("icon ^1"), "no version is published")

    advise(error, conflict.failed, Silent())

    assert error.fix == "did you mean icons?"
    assert error.wanted.key == key("icon")


def test_other_errors_get_no_advice(conflict: Conflict) -> None:
    error = Offline("something")
    fix = error.fix

    advise(error, conflict.failed, Silent())

    assert error.fix == fix
