"""A yank is killed before any of its steps: done or not, and saying it again completes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.kills import finish, measure, start
from tests.story import Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

YANK = ("yank", "alone@1.0.0", "--reason", "it loses data")
UNDO = ("yank", "alone@1.0.0", "--undo")
STATUSES = ("for-each-ref", "--format=%(refname) %(objectname)", "refs/ekala/status")


@pytest.mark.spec("status-lease")
def test_a_killed_yank_is_completed_by_the_next(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    person, village = Person(tmp_path / "home"), Village(tmp_path / "village")
    village.write("ekala.toml", '[set]\npackages = ["alone"]\n')
    village.atom("alone")
    village.commit()
    person.does(village.mono, "init")
    person.does(village.mono, "publish", "--all", "--push-source")
    published = git(village.server, "for-each-ref", "refs/atoms")
    steps = measure(person, village.mono, *YANK, notes=tmp_path / "notes").steps
    seen: set[str] = set()
    for step in range(0, steps, max(1, steps // rounds(6, steps))):
        person.does(village.mono, *UNDO)

        ended = finish(start(person, village.mono, *YANK, step=str(step)))
        seen.add(git(village.server, *STATUSES))
        person.does(village.mono, *YANK)

        # How many steps there are depends on how often it has to wait: the last may not come.
        assert ended.status < 0 or step > steps // 2
        assert git(village.server, *STATUSES) == git(village.mono, *STATUSES) != ""
        assert not list((village.mono / ".git/refs").rglob("*.lock"))
        assert git(village.server, "for-each-ref", "refs/atoms") == published
    assert "" in seen
    assert git(village.server, "fsck", "--strict", "--no-dangling") == ""
