"""Many publishers and one remote: what is acknowledged is there, what is refused left nothing."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.monorepo import Monorepo, list_refs, pushed_set, run
from tests.servers.apache import serve

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODULE = "tests.fakes.many_publishes"
PUBLISHERS = 8
SHARED = "shared"
"""A label of which everybody publishes the same versions, each with another content."""
OK, CONFLICT = 0, 6


@pytest.mark.spec(
    "publish-create-only", "publish-atomic", "publish-race", "publish-immutable", "push-create"
)
def test_eight_publishers_lose_nothing_and_leave_nothing_behind(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    versions = rounds(25, 200)
    people = settlers(tmp_path)
    with serve(tmp_path) as server:
        for mono in people:
            mono.git("remote", "set-url", "origin", f"{server.url}/server.git")
        children = [begun(mono, versions) for mono in people]

        (tmp_path / "go").touch()
        answers = [ended(child) for child in children]

    published = list_refs(tmp_path / "server.git")
    for number, (mono, told) in enumerate(zip(people, answers, strict=True)):
        assert len(told) == versions
        for answer in told:
            if answer["status"] == OK:
                assert answer["atoms"].items() <= published.items()
            else:  # by somebody faster
                assert (answer["status"], answer["code"]) == (CONFLICT, "version-conflict")
                assert published.keys().isdisjoint(answer["mine"])
        acknowledged = {name for answer in told for name in answer["atoms"]}
        here = {name for name in mono.refs() if name.startswith("refs/atoms/")}
        assert here == acknowledged, number
        assert mono.refs().items() <= published.items()
        assert run(mono.path, "fsck", "--strict", "--no-dangling") == ""
    shared = [f"refs/atoms/{SHARED}/1.{number}.0" for number in range(1, versions + 1)]
    winners = [
        [number for number, told in enumerate(answers) if name in acknowledged_by(told)]
        for name in shared
    ]
    assert published.keys() >= set(shared)
    assert all(len(each) == 1 for each in winners)
    assert run(tmp_path / "server.git", "fsck", "--strict", "--no-dangling") == ""
    assert list((tmp_path / "server.git" / "refs").rglob("*.lock")) == []


def settlers(root: Path) -> list[Monorepo]:
    """Return clones of one set, each of whom publishes from a branch of their own."""
    first = pushed_set(root, SHARED, *(f"own{number}" for number in range(PUBLISHERS)))
    run(first.server, "config", "http.receivepack", "true")
    first.publish(SHARED)  # genesis and first versions are there; what follows is a race
    return [first.clone(f"clone{number}") for number in range(PUBLISHERS)]


def begun(mono: Monorepo, versions: int) -> subprocess.Popen[str]:
    """Start a publisher that waits for the file ``go``."""
    home = mono.root / "home" / mono.path.name
    home.mkdir(parents=True)
    order = random.Random(mono.path.name)
    numbers = list(range(1, versions + 1))
    child = subprocess.Popen(
        [sys.executable, "-m", MODULE, str(mono.path), str(home), str(mono.root / "go")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    own = f"own{mono.path.name.removeprefix('clone')}"
    # Everybody goes for the shared versions in the same order, most of the time together with one
    # of their own: then both are published or none.
    plans = [[SHARED, own] if order.random() < 0.8 else [SHARED] for _ in numbers]
    json.dump([[number, plan] for number, plan in zip(numbers, plans, strict=True)], child.stdin)
    child.stdin.close()
    assert child.stdout.readline() == "ready\n"
    return child


def ended(child: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """Return what a publisher said of each of its runs."""
    assert child.stdout is not None
    with child:
        lines = child.stdout.read().splitlines()
    assert child.returncode == 0, lines[-3:]
    return [json.loads(line) for line in lines]


def acknowledged_by(told: list[dict[str, Any]]) -> set[str]:
    """Return the refs a publisher was told are published by it."""
    return {name for answer in told for name in answer["created"]}
