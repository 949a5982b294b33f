"""What the tests with real git share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from eka.atom import SourceUrl
from eka.git import GitRunner, ObjectCache, Transport
from tests.fakes.git_set import GitSet

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory of eka's own."""
    path = tmp_path / "home"
    path.mkdir()
    return path


@pytest.fixture
def runner(home: Path) -> GitRunner:
    return GitRunner("git", dict(os.environ), home)


@pytest.fixture
def transport(runner: GitRunner) -> Transport:
    return Transport(runner, timeout_s=60)


@pytest.fixture
def cache(tmp_path: Path, runner: GitRunner) -> ObjectCache:
    return ObjectCache(tmp_path / "cache" / "objects.git", runner, timeout_s=60)


@pytest.fixture
def source(tmp_path: Path) -> GitSet:
    """An empty set in ``sources/set``."""
    return GitSet(tmp_path / "sources" / "set")


@pytest.fixture
def url(source: GitSet) -> SourceUrl:
    """Where the set is, as a local path."""
    return SourceUrl("file", None, str(source.path))
