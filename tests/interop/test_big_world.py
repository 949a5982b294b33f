"""Many repositories whose atoms need each other: few rounds, few programs, few connections."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from eka.atom import Lock, Requirement, parse_lock, parse_manifest
from eka.git import GitRunner
from eka.workflow.rounds import Round
from tests.fakes.big_world import BASE, BigWorld, Shape
from tests.limits import confined
from tests.servers.apache import serve
from tests.story import Answer, Person, git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from eka.atom import SourceUrl
    from tests.servers.apache import Apache

MOST_ROUNDS = 60
SHORT = Shape(repositories=30, atoms=300)
LONG = Shape(repositories=300, atoms=3000)


@dataclass
class Cold:
    """A lock that was made with an empty cache."""

    person: Person
    app: Path
    answer: Answer
    rounds: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    programs: list[str] = field(default_factory=list[str])

    @property
    def lock(self) -> Lock:
        return parse_lock((self.app / "atom.lock").read_bytes(), "atom.lock")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> BigWorld:
    shape = LONG if pytestconfig.getoption("--long") else SHORT
    return BigWorld(tmp_path_factory.mktemp("world") / "server", shape)


@pytest.fixture(scope="module")
def apache(world: BigWorld) -> Iterator[Apache]:
    with serve(world.root) as running:
        yield running


@pytest.fixture
def tiny(tmp_path: Path) -> BigWorld:
    return BigWorld(tmp_path / "server", Shape(repositories=8, atoms=16, layers=2))


def someone(home: Path, apache: Apache) -> Person:
    home.mkdir(parents=True)
    (home / "gitconfig").write_text(BigWorld.settings(apache.url))
    return Person(home, GIT_CONFIG_GLOBAL=str(home / "gitconfig"))


@pytest.fixture(scope="module")
def cold(world: BigWorld, apache: Apache, tmp_path_factory: pytest.TempPathFactory) -> Cold:
    root = tmp_path_factory.mktemp("cold")
    person, app = someone(root / "home", apache), world.project(root / "app")
    rounds: list[tuple[str, int]] = []
    programs: list[str] = []
    ask, start = Round.__call__, GitRunner.popen

    def asked(
        self: Round, jobs: Mapping[SourceUrl, Callable[[], object]]
    ) -> dict[SourceUrl, object]:
        if jobs:
            rounds.append((self.what, len(jobs)))
        return ask(self, jobs)

    def started(self: GitRunner, args: Sequence[str], **options: object) -> object:
        programs.append(args[0])
        return start(self, args, **options)  # type: ignore[arg-type]  # passed on as they came

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Round, "__call__", asked)
        patch.setattr(GitRunner, "popen", started)
        answer = person.json(app, "lock")
    return Cold(person, app, answer, rounds, programs)


@pytest.mark.spec("fetch-rounds")
def test_a_cold_lock_takes_few_rounds(cold: Cold, world: BigWorld) -> None:
    assert cold.answer.status == 0, cold.answer.err
    assert len(cold.lock.atoms) >= world.shape.atoms * 0.9
    assert len(cold.rounds) <= MOST_ROUNDS
    assert cold.answer.document["rounds"] == len(cold.rounds)
    assert max(number for _, number in cold.rounds) == world.shape.repositories
    assert [what for what, _ in cold.rounds].count("fetching from") == 1


@pytest.mark.spec("source-direct")
def test_each_repository_says_once_what_it_can_do(
    cold: Cold, world: BigWorld, apache: Apache
) -> None:
    asked = [request.path for request in apache.requests() if request.method == "GET"]

    named = {f"/r{number}.git/info/refs" for number in range(world.shape.repositories)}
    assert {path.partition("?")[0] for path in asked} >= named
    assert all(request.status == 200 for request in apache.requests() if "r0.git" in request.path)
    assert len(cold.programs) < 8 * len(cold.rounds)
    assert not [each for each in cold.programs if each.startswith("remote-")]


def test_every_line_of_every_manifest_is_met(cold: Cold, world: BigWorld) -> None:
    lock = cold.lock
    by_key = {atom.key: atom for atom in lock.atoms}
    for atom in lock.atoms[:: max(1, len(lock.atoms) // 100)]:
        assert atom.rev is not None
        number = int(atom.key.label.text.removeprefix("a")) % world.shape.repositories
        text = git(world.root / f"r{number}.git", "show", f"{atom.rev.hex}:atom.toml")
        for line in parse_manifest(text.encode() + b"\n", "atom.toml").dependencies:
            assert any(
                by_key[key].key.label == line.label
                and Requirement.parse(line.requirement.text).matches(key.version)
                for key in atom.requires
            )
    assert all(each.urls[0].startswith(BASE) for each in lock.sets)


@pytest.mark.spec("flow-recorded")
@pytest.mark.parametrize("has_lock", [True, False])
def test_a_warm_lock_takes_less_than_a_second_of_thinking(
    cold: Cold, tmp_path: Path, *, has_lock: bool
) -> None:
    before = (cold.app / "atom.lock").read_bytes()
    shutil.copytree(cold.person.home, tmp_path / "home")
    person = Person(tmp_path / "home", GIT_CONFIG_GLOBAL=str(tmp_path / "home" / "gitconfig"))
    if not has_lock:
        (cold.app / "atom.lock").unlink()

    answer = confined(person, cold.app, "lock", "--offline", thinking_s=1)

    assert answer.status == 0, answer.err
    assert answer.document["projects"][0]["written"] is not has_lock
    assert (cold.app / "atom.lock").read_bytes() == before


def test_progress_names_the_repositories_and_how_many(
    tiny: BigWorld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eka.cli.progress.LINE_INTERVAL_S", 0)
    app = tiny.project(tmp_path / "app", tops=6)
    with serve(tiny.root) as apache:
        person = someone(tmp_path / "home", apache)

        answer = person.eka(app, "lock")

    lines = answer.err.splitlines()
    assert answer.status == 0, answer.err
    assert "listing 6 repositories: 0 of 6" in lines
    assert any(
        line.startswith(f"listing {BASE}r") and line.endswith("git: 6 of 6") for line in lines
    )
    assert any(line.startswith("planning from ") for line in lines)
    assert any(line.startswith("fetching from ") for line in lines)


def test_a_repository_that_is_gone_is_named_and_nothing_is_written(
    tiny: BigWorld, tmp_path: Path
) -> None:
    (tiny.root / "r3.git").rename(tiny.root / "gone")
    app = tiny.project(tmp_path / "app")
    with serve(tiny.root) as apache:
        person = someone(tmp_path / "home", apache)

        answer = person.json(app, "lock")

    assert answer.status == 3
    assert answer.code == "source-not-found"
    assert f"{BASE}r3.git" in json.dumps(answer.document)
    assert not (app / "atom.lock").exists()
