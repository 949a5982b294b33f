"""Two publishers at one time: somebody wins, nobody loses what was acknowledged."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from eka.errors import EkaError
from eka.git import AtomStatus, PublishRequest, PublishStage
from tests.fakes.monorepo import Monorepo, list_refs, pushed_set, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.git import PublishReport

MODULE = "tests.fakes.publish_program"


def start(mono: Monorepo, go: Path, *labels: str, remote: str = "origin") -> subprocess.Popen[str]:
    """Start a publisher that waits for ``go``."""
    home = mono.root / "home"
    home.mkdir(exist_ok=True)
    child = subprocess.Popen(
        [sys.executable, "-m", MODULE, str(mono.path), str(home), remote, str(go), *labels],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def finish(child: subprocess.Popen[str]) -> tuple[int, dict[str, Any]]:
    """Return exit status and answer of a publisher."""
    output, _ = child.communicate(timeout=120)
    return child.returncode, json.loads(output)


@pytest.mark.spec("publish-race", "publish-create-only", "publish-immutable")
def test_s01_of_two_contents_for_one_version_exactly_one_is_published(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    first = pushed_set(tmp_path, "alpha")
    second = first.clone("second")
    for number in range(rounds(5, 50)):
        version = f"2.{number}.0"
        ref = f"refs/atoms/alpha/{version}"
        for mono in (first, second):
            mono.atom("alpha", version)
            mono.write("pkgs/alpha/README", f"{mono.path.name} {number}\n")
            mono.commit()
            mono.git("push", "-q", "origin", f"HEAD:refs/heads/{mono.path.name}")
        go = tmp_path / f"go-{number}"
        children = [start(mono, go) for mono in (first, second)]

        go.touch()
        answers = [finish(child) for child in children]

        assert sorted(status for status, _ in answers) == [0, 6], answers
        winner = [status for status, _ in answers].index(0)
        assert answers[1 - winner][1]["code"] == "version-conflict"
        commit = answers[winner][1]["atoms"][ref][1]
        assert list_refs(tmp_path / "server.git")[ref] == commit
        assert (first, second)[winner].refs()[ref] == commit
        assert ref not in (first, second)[1 - winner].refs()
    for mono in (first, second):
        assert run(mono.path, "fsck", "--strict", "--no-dangling") == ""
    assert run(tmp_path / "server.git", "fsck", "--strict", "--no-dangling") == ""


@pytest.mark.spec("publish-race", "publish-set-refs")
def test_different_atoms_of_one_commit_do_not_stand_in_each_others_way(
    tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    first = pushed_set(tmp_path, "alpha", "beta")
    second = first.clone("second")
    for number in range(rounds(5, 50)):
        version = f"2.{number}.0"
        first.atom("alpha", version)
        first.atom("beta", version)
        first.commit()
        first.push()
        second.git("pull", "-q")
        go = tmp_path / f"go-{number}"
        children = [start(first, go, "alpha"), start(second, go, "beta")]

        go.touch()
        answers = [finish(child) for child in children]

        assert [status for status, _ in answers] == [0, 0], answers
        assert {f"refs/atoms/{label}/{version}" for label in ("alpha", "beta")} <= set(
            first.server_refs()
        )


@pytest.mark.spec("publish-unchanged")
def test_many_publishers_of_the_same_all_succeed(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, *(f"a{number}" for number in range(10)))
    clones = [mono, mono, mono.clone("second"), mono.clone("third")]
    go = tmp_path / "go"
    children = [start(clone, go) for clone in clones]

    go.touch()
    answers = [finish(child) for child in children]

    assert [status for status, _ in answers] == [0] * 4, answers
    created = [ref for _, answer in answers for ref in answer["refs"]]
    assert sorted(created) == sorted(mono.server_refs())


class Intruder:
    """Does something at the moment the push begins, once."""

    def __init__(self, action: Callable[[], object]) -> None:
        self._action = action
        self._is_done = False

    def __call__(self, stage: PublishStage, _: int) -> None:
        """Listen to a publish."""
        if stage is PublishStage.PUSHING and not self._is_done:
            self._is_done = True
            self._action()


def publish_with(mono: Monorepo, action: Callable[[], object]) -> PublishReport:
    """Publish while ``action`` happens between the look and the push."""
    return mono.publisher(progress=Intruder(action)).publish(PublishRequest())


@pytest.mark.spec("publish-race")
def test_what_another_publisher_brought_meanwhile_is_taken_over(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    other = mono.clone("other")
    theirs = other.commit("On a branch nobody else has")
    other.git("push", "-q", "origin", "HEAD:other")

    report = publish_with(mono, lambda: other.publish("alpha"))

    alpha, beta = report.atoms
    assert (alpha.status, beta.status) == (AtomStatus.UNCHANGED, AtomStatus.NEW)
    assert alpha.origin.hex == theirs
    assert mono.refs().keys() == mono.server_refs().keys() - {f"refs/ekala/origins/{theirs}"}
    assert mono.refs()["refs/atoms/alpha/1.0.0"] == alpha.commit.hex
    assert mono.publish().new == ()


@pytest.mark.spec("publish-race", "publish-atomic")
def test_s01_another_content_that_came_meanwhile_stops_everything(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha", "beta")
    other = mono.clone("other")
    other.write("pkgs/alpha/README", "other\n")
    other.commit()
    other.git("push", "-q", "origin", "HEAD:other")

    with pytest.raises(EkaError) as caught:
        publish_with(mono, lambda: other.publish("alpha"))

    assert (caught.value.code, caught.value.exit_status) == ("version-conflict", 6)
    assert "refs/atoms/beta/1.0.0" not in mono.server_refs()
    assert mono.refs() == {}


@pytest.mark.spec("publish-race", "genesis-record")
def test_another_genesis_that_came_meanwhile_stops_everything(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    tree = mono.git("write-tree").strip()
    elsewhere = mono.git("commit-tree", "-m", "Elsewhere", tree).strip()

    with pytest.raises(EkaError) as caught:
        publish_with(
            mono, lambda: mono.git("push", "-q", "origin", f"{elsewhere}:refs/ekala/init")
        )

    assert caught.value.code == "genesis-conflict"
    assert set(mono.server_refs()) == {"refs/ekala/init"}
    assert mono.refs() == {}


@pytest.mark.spec("publish-create-only", "ref-immutable")
@pytest.mark.parametrize("count", [1, 300])
@pytest.mark.parametrize("how", ["child", "same-tree-child"])
def test_s01_a_fast_forward_over_a_version_that_appeared_is_refused(
    tmp_path: Path, count: int, how: str
) -> None:
    mono = pushed_set(tmp_path, *(f"a{number:03}" for number in range(count)))
    ref = f"refs/atoms/a{count - 1:03}/1.0.0"
    # Our commit comes after this one, so git's own rules would let the push pass.
    tree = mono.git("rev-parse", "HEAD^{tree}" if how == "child" else "HEAD:pkgs/a000").strip()
    foreign = mono.git("commit-tree", "-p", "HEAD", "-m", "x", tree).strip()

    with pytest.raises(EkaError) as caught:
        publish_with(mono, lambda: mono.git("push", "-q", "origin", f"{foreign}:{ref}"))

    assert caught.value.code == "version-conflict"
    assert mono.server_refs() == {ref: foreign}


@pytest.mark.spec("publish-race")
def test_a_ref_that_stays_locked_is_tried_again_and_told_in_the_end(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    lock = mono.server / "refs/atoms/alpha/1.0.0.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    pauses: list[float] = []

    with pytest.raises(EkaError) as caught:
        mono.publisher(pause=pauses.append).publish(PublishRequest())

    assert caught.value.code == "push-refused"
    assert len(pauses) == 5
    assert sum(pauses) < 2
    lock.unlink()
    assert len(mono.publish().new) == 1


@pytest.mark.spec("publish-race")
def test_a_ref_that_is_locked_for_a_moment_delays_the_publish_only(tmp_path: Path) -> None:
    mono = pushed_set(tmp_path, "alpha")
    lock = mono.server / "refs/atoms/alpha/1.0.0.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()

    def unlock(_: float) -> None:
        lock.unlink()

    report = mono.publisher(pause=unlock).publish(PublishRequest())

    assert len(report.new) == 1
