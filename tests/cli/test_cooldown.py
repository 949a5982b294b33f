"""Somebody lets others try new versions first: ``--cooldown``."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.fakes.quick_set import QuickSet
from tests.story import Person

if TYPE_CHECKING:
    from pathlib import Path

EXIT_FAILED, EXIT_USAGE = 1, 2
START_S, HOUR_S, DAY_S = 1_800_000_000, 3600, 86_400


class Clock:
    """Stands for the module `time` of the program."""

    def __init__(self) -> None:
        self.now_s = START_S

    def time(self) -> float:
        return float(self.now_s)

    def pass_by(self, seconds: int) -> None:
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("eka.cli.wiring.time", made)
    return made


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path / "home")


@pytest.fixture
def far(tmp_path: Path) -> QuickSet:
    made = QuickSet(tmp_path / "far.git")
    made.release("lib@1.0.0")
    return made


@pytest.fixture
def app(tmp_path: Path, far: QuickSet) -> Path:
    directory = tmp_path / "app"
    directory.mkdir()
    (directory / "atom.toml").write_text(far.project({"lib": "^1"}))
    return directory


def locked(app: Path, label: str = "lib") -> str:
    found = re.search(rf'label = "{label}"\nversion = "([^"]+)"', (app / "atom.lock").read_text())
    assert found is not None
    return found[1]


@pytest.mark.spec("seen-cooldown", "seen-age")
def test_a_version_is_chosen_when_it_has_been_known_for_long_enough(
    person: Person, far: QuickSet, app: Path, clock: Clock
) -> None:
    person.does(app, "lock")
    far.release("lib@1.1.0")
    clock.pass_by(30 * DAY_S)

    first = person.json(app, "lock", "--update", "--cooldown", "7d")
    then = locked(app)
    clock.pass_by(7 * DAY_S - 1)
    person.does(app, "lock", "--update", "--cooldown", "7d")
    before = locked(app)
    clock.pass_by(1)
    person.does(app, "lock", "--update", "--cooldown", "7d")

    assert (then, before, locked(app)) == ("1.0.0", "1.0.0", "1.1.0")
    seen_s = START_S + 30 * DAY_S
    assert first.document["passed_over"] == [
        {
            "label": "lib",
            "set": far.genesis.hex,
            "version": "1.1.0",
            "reason": "cooldown",
            "first_seen_s": seen_s,
            "eligible_s": seen_s + 7 * DAY_S,
        }
    ]


@pytest.mark.spec("seen-cooldown")
def test_who_locks_is_told_what_was_passed_over_and_until_when(
    person: Person, far: QuickSet, app: Path, clock: Clock
) -> None:
    person.does(app, "lock")
    far.release("lib@1.1.0")
    clock.pass_by(DAY_S)
    person.does(app, "versions", f"{far.url}::lib")
    clock.pass_by(30 * HOUR_S)

    told = person.does(app, "update", "--cooldown", "2d").err

    assert (
        "lib 1.1.0 was first seen 1 day ago, and the cooldown is 2 days; "
        "it can be chosen in 18 hours (passed over)"
    ) in told
    assert locked(app) == "1.0.0"


@pytest.mark.spec("seen-cooldown-unknown")
@pytest.mark.parametrize("is_whole", [True, False])
def test_what_was_there_when_first_asked_counts_as_old_unless_the_whole_set_was_listed_before(
    person: Person, far: QuickSet, app: Path, clock: Clock, *, is_whole: bool
) -> None:
    if is_whole:
        person.does(app, "list", far.url)
    else:
        person.does(app, "versions", f"{far.url}::lib")
    clock.pass_by(DAY_S)
    far.release("new@1.0.0")
    (app / "atom.toml").write_text(far.project({"lib": "^1", "new": "^1"}))

    answer = person.eka(app, "lock", "--cooldown", "7d")

    assert answer.status == (EXIT_FAILED if is_whole else 0)
    if is_whole:
        assert "was first seen just now" in answer.err
    else:
        assert "the age of lib 1.0.0, new 1.0.0 is not known" in answer.err


@pytest.mark.spec("seen-cooldown-unknown")
def test_nothing_is_said_of_ages_that_are_known_to_be_enough(
    person: Person, app: Path, clock: Clock
) -> None:
    person.does(app, "lock")
    (app / "atom.lock").unlink()
    clock.pass_by(7 * DAY_S)

    told = person.does(app, "lock", "--cooldown", "7d").err

    assert "age" not in told


@pytest.mark.spec("seen-cooldown")
def test_a_locked_version_stays_though_it_is_new(
    person: Person, far: QuickSet, app: Path, clock: Clock
) -> None:
    person.does(app, "lock")
    far.release("lib@1.1.0")
    person.does(app, "lock", "--update")
    far.release("lib@1.2.0")
    clock.pass_by(HOUR_S)

    for words in (["lock"], ["lock", "--update"], ["update"]):
        person.does(app, *words, "--cooldown", "7d")

        assert locked(app) == "1.1.0", words


@pytest.mark.spec("seen-cooldown")
def test_where_only_new_versions_fit_the_explanation_says_when_they_will(
    person: Person, far: QuickSet, app: Path, clock: Clock
) -> None:
    person.does(app, "lock")
    far.release("lib@1.1.0")
    clock.pass_by(HOUR_S)
    (app / "atom.toml").write_text(far.project({"lib": "^1.1"}))

    refused = person.json(app, "lock", "--cooldown", "36h")
    taken = person.json(app, "lock", "--cooldown", "0")

    assert (refused.status, refused.code) == (EXIT_FAILED, "unsatisfiable")
    assert "it can be chosen in 36 hours" in refused.document["error"]["why"]
    assert (taken.status, locked(app)) == (0, "1.1.0")


@pytest.mark.spec("seen-cooldown")
def test_what_is_added_is_old_enough(
    person: Person, far: QuickSet, app: Path, clock: Clock
) -> None:
    person.does(app, "versions", f"{far.url}::lib")
    far.release("lib@2.0.0")
    clock.pass_by(30 * DAY_S)

    added = person.json(app, "add", f"{far.url}::lib", "--cooldown", "1w")
    clock.pass_by(7 * DAY_S)
    later = person.json(app, "add", f"{far.url}::lib", "--cooldown", "1w")

    assert [each["requirement"] for each in added.document["added"]] == ["^1.0.0"]
    assert [each["requirement"] for each in later.document["added"]] == ["^2.0.0"]


@pytest.mark.spec("seen-cooldown")
def test_the_setting_counts_unless_the_command_says_otherwise(
    person: Person, far: QuickSet, app: Path, clock: Clock
) -> None:
    config = person.home / ".config/eka/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[lock]\ncooldown = "2w"\n')
    person.does(app, "lock")
    far.release("lib@1.1.0")
    clock.pass_by(DAY_S)

    person.does(app, "update")
    by_setting = locked(app)
    person.environment["EKA_COOLDOWN"] = "12h"
    person.does(app, "update")
    by_variable = locked(app)
    clock.pass_by(HOUR_S)
    person.does(app, "update", "--cooldown", "0")

    assert (by_setting, by_variable, locked(app)) == ("1.0.0", "1.0.0", "1.1.0")


@pytest.mark.spec("seen-cooldown")
@pytest.mark.parametrize(
    "raw", ["7", '"7"', '"d7"', '"1.5d"', '"-1d"', '"11y"', '"9999999d"', "true"]
)
def test_a_setting_that_is_no_span_is_shown_in_its_file(
    person: Person, app: Path, raw: str
) -> None:
    config = person.home / ".config/eka/config.toml"
    config.parent.mkdir(parents=True)
    config.write_text(f"[lock]\ncooldown = {raw}\n")

    answer = person.json(app, "lock")

    assert (answer.status, answer.code) == (EXIT_USAGE, "setting-invalid")
    assert answer.document["error"]["span"]["file"] == str(config)


@pytest.mark.spec("seen-cooldown")
@pytest.mark.parametrize("command", ["lock", "update", "add"])
@pytest.mark.parametrize("text", ["soon", "", "7", "1d 2h", "3651d"])
def test_an_option_that_is_no_span_is_refused_before_anything_is_asked(
    person: Person, far: QuickSet, app: Path, command: str, text: str
) -> None:
    shutil.rmtree(far.path)
    words = ["add", "lib"] if command == "add" else [command]

    answer = person.json(app, *words, "--cooldown", text)

    assert (answer.status, answer.code) == (EXIT_USAGE, "invalid-span")


@pytest.mark.spec("seen-cooldown")
def test_a_change_that_was_accepted_is_as_old_as_its_acceptance(
    person: Person, far: QuickSet, app: Path, clock: Clock
) -> None:
    far.release("lib@1.1.0")
    person.does(app, "lock")
    clock.pass_by(30 * DAY_S)
    far.release("lib@1.1.0", package='description = "changed"\n')
    person.does(app, "lock", "--refresh", "--accept-changed", "lib@1.1.0")
    (app / "atom.lock").unlink()
    clock.pass_by(DAY_S)

    person.does(app, "lock", "--cooldown", "7d")

    assert locked(app) == "1.0.0"


@pytest.mark.spec("seen-cooldown")
def test_a_yanked_version_that_is_new_as_well_is_told_as_yanked(
    person: Person, far: QuickSet, app: Path, clock: Clock
) -> None:
    person.does(app, "lock")
    far.release("lib@1.1.0")
    status = far.blob(b'{"schema":"eka.status/1","yanked":{"reason":"bad"}}\n')
    far.ref("refs/ekala/status/lib/1.1.0", status)
    clock.pass_by(DAY_S)

    answer = person.json(app, "update", "--cooldown", "7d")

    (passed,) = answer.document["passed_over"]
    assert (passed["version"], passed["reason"], passed["eligible_s"]) == ("1.1.0", "yanked", None)


@pytest.mark.spec("seen-cooldown")
def test_a_dependency_of_a_dependency_waits_too(
    person: Person, far: QuickSet, app: Path, clock: Clock
) -> None:
    far.release("lib@1.1.0", {"base": "^1"})
    far.release("base@1.0.0")
    person.does(app, "lock")
    far.release("base@1.1.0")
    clock.pass_by(DAY_S)
    person.does(app, "update", "--cooldown", "7d")

    assert (locked(app), locked(app, "base")) == ("1.1.0", "1.0.0")
