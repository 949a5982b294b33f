"""Runs ``eka`` inside the test process, with a home and an environment of its own."""

from __future__ import annotations

import io
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from eka.cli.dispatch import dispatch
from tests.fakes.terminal import Terminal
from tests.schemas import check
from tests.story import Person, Village

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """How one run of the program ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:  # noqa: ANN401 (JSON; tests look at what they know)
        """The one JSON document on standard output."""
        return json.loads(self.stdout)

    def checked(self, name: str) -> Any:  # noqa: ANN401 (the same)
        """Return the document after checking it against the schema ``name``."""
        check(self.document, f"cli/{name}.schema.json")
        return self.document


class Eka(Protocol):
    """Runs one command."""

    def __call__(self, *words: str, terminal: bool = False, **environment: str) -> Ran: ...


@pytest.fixture(scope="module")
def person(tmp_path_factory: pytest.TempPathFactory) -> Person:
    """Somebody whom all tests of a file share."""
    return Person(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, person: Person) -> Village:
    """A village, with all its atoms published by ``person``."""
    made = Village(tmp_path_factory.mktemp("village"))
    made.publish(person)
    return made


@pytest.fixture
def eka(tmp_path: Path) -> Eka:
    """Run the program: ``eka("versions", "x::y", NO_COLOR="1")``."""
    home = tmp_path / "home"
    home.mkdir()

    def run(*words: str, terminal: bool = False, **environment: str) -> Ran:
        stdout, stderr = (Terminal(), Terminal()) if terminal else (io.StringIO(), io.StringIO())
        world = {"HOME": str(home), "PATH": os.environ["PATH"], **environment}
        status = dispatch(words, world, stdout, stderr)
        return Ran(status, stdout.getvalue(), stderr.getvalue())

    return run
