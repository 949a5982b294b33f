"""What an update chooses, what it says stayed, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from eka.atom import Genesis, ObjectId, Version
from eka.errors import EkaError, Exit
from eka.resolve import Unsatisfiable
from eka.workflow.limits import Holds, Limits, Reach
from eka.workflow.locked_names import AtomNotLocked
from eka.workflow.stays import hint, told
from eka.workflow.update_choice import UpdateChoice, UpdateWish
from eka.workflow.update_errors import PreciseAmbiguous, PreciseNotListed, PreciseUnused
from tests.fakes.updates import run_of
from tests.fakes.versions import FakeVersions, key, lines, request, resolve, text_of, world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.workflow.stays import Stay

ROOT = ["a ^1", "b ^1"]
WORLD = {
    "a 1.0.0": ["lib ^1"],
    "a 1.1.0": ["lib ^1.1"],
    "a 1.2.0": ["lib ^1.2"],
    "b 1.0.0": ["lib >=1, <1.2"],
    "b 1.1.0": ["lib ^1"],
    "lib 1.0.0": [],
    "lib 1.0.1": [],
    "lib 1.1.0": [],
    "lib 1.2.0": [],
}
LOCKED = ["a 1.0.0", "b 1.0.0", "lib 1.0.0"]


def update(
    wish: UpdateWish,
    *,
    texts: dict[str, list[str]] | None = None,
    root: Sequence[str] = ROOT,
    locked: Sequence[str] = LOCKED,
    yanked: Sequence[str] = (),
) -> tuple[list[str], tuple[Stay, ...]]:
    """Return what is locked after an update, and what stayed."""
    preferred = {
        one[0]: tuple(sorted(request(each)[1] for each in locked if request(each)[0] == one[0]))
        for one in map(request, locked)
    }
    provider = FakeVersions(world(texts or WORLD))
    run = run_of(provider, lines(root), preferred, [request(each) for each in yanked])
    choice = UpdateChoice(wish, "atom.lock")
    solution = choice.choose(run)
    return sorted(map(text_of, solution.edges)), choice.stays


@pytest.mark.spec("change-update-all")
def test_without_names_everything_is_as_new_as_it_can_be() -> None:
    assert update(UpdateWish())[0] == ["a 1.2.0", "b 1.1.0", "lib 1.2.0"]


@pytest.mark.spec("change-update-others")
def test_what_is_named_moves_alone() -> None:
    assert update(UpdateWish(names=("b",)))[0] == ["a 1.0.0", "b 1.1.0", "lib 1.0.0"]
    assert update(UpdateWish(names=("core::lib",)))[0] == ["a 1.0.0", "b 1.0.0", "lib 1.1.0"]


@pytest.mark.spec("change-update-stays")
def test_what_needs_another_atom_to_move_stays_and_says_so() -> None:
    locked, (stay,) = update(UpdateWish(names=("a",)))

    assert locked == LOCKED
    assert (stay.key, stay.version.text, stay.newest.text) == (key("a"), "1.0.0", "1.2.0")
    assert [told(each) for each in stay.reasons] == [
        "a 1.2.0 requires lib ^1.2, which is locked at 1.0.0"
    ]
    assert hint(stay) == "let what it needs move too: eka update a --recursive"


@pytest.mark.spec("change-update-recursive")
def test_what_it_needs_moves_too_when_that_is_asked_for() -> None:
    locked, (stay,) = update(UpdateWish(names=("a",), recursive=True))

    assert locked == ["a 1.1.0", "b 1.0.0", "lib 1.1.0"]
    assert "b 1.0.0 requires lib >=1, <1.2" in [told(each) for each in stay.reasons]
    assert hint(stay) == "let others move too: eka update a b --recursive"


@pytest.mark.spec("change-update-stays")
def test_a_line_of_another_atom_or_of_the_project_that_holds_is_named() -> None:
    _, (lib,) = update(UpdateWish(names=("lib",)))
    _, (project,) = update(UpdateWish(names=("lib",)), root=[*ROOT, "lib ~1.0"])
    _, (pinned,) = update(UpdateWish(names=("lib",)), root=[*ROOT, "lib =1.0.0"])

    assert (lib.version.text, lib.newest.text) == ("1.1.0", "1.2.0")
    assert [told(each) for each in lib.reasons] == ["b 1.0.0 requires lib >=1, <1.2"]
    assert hint(lib) == "let others move too: eka update lib b"
    assert "atom.toml requires lib ~1.0" in [told(each) for each in project.reasons]
    assert hint(project) == "to have it: eka add lib@^1.2.0"
    assert hint(pinned) == "to have it: eka unpin lib, then eka update lib"


def test_a_cycle_that_a_newer_version_would_close_is_a_reason() -> None:
    texts = {"a 1.0.0": [], "a 1.1.0": ["b ^1"], "b 1.0.0": ["a ^1"]}

    locked, (stay,) = update(
        UpdateWish(names=("a",)), texts=texts, locked=["a 1.0.0", "b 1.0.0"], root=["b ^1"]
    )

    assert locked == ["a 1.0.0", "b 1.0.0"]
    assert stay.newest.text == "1.1.0"
    assert {told(each) for each in stay.reasons} == {
        "a 1.1.0 requires b ^1",
        "b 1.0.0 requires a ^1",
    }


@pytest.mark.spec("change-update-reach")
@pytest.mark.parametrize(
    ("reach", "expected"),
    [(Reach.PATCH, "lib 1.0.1"), (Reach.MINOR, "lib 1.2.0"), (None, "lib 2.0.0")],
)
def test_versions_go_as_far_as_they_may(reach: Reach | None, expected: str) -> None:
    texts = {f"lib {each}": list[str]() for each in ("1.0.0", "1.0.1", "1.2.0", "2.0.0")}

    for names in ((), ("lib",)):
        locked, stays = update(
            UpdateWish(names=names, reach=reach), texts=texts, root=["lib *"], locked=["lib 1.0.0"]
        )

        assert (locked, stays) == ([expected], ())


@pytest.mark.spec("change-update-yanked")
def test_a_yanked_version_is_left_even_downwards() -> None:
    locked = ["a 1.0.0", "b 1.1.0", "lib 1.2.0"]

    for names in ((), ("lib",)):
        found, _ = update(UpdateWish(names=names), locked=locked, yanked=["lib 1.2.0", "a 1.2.0"])

        assert "lib 1.1.0" in found


@pytest.mark.spec("change-update-yanked")
def test_a_yanked_version_stays_where_nothing_else_fits_or_it_is_not_named() -> None:
    alone = update(
        UpdateWish(names=("lib",)),
        texts={"lib 1.0.0": []}, root=["lib ^1"], locked=["lib 1.0.0"], yanked=["lib 1.0.0"],
    )  # fmt: skip
    other = update(UpdateWish(names=("b",)), yanked=["lib 1.0.0"])

    assert alone == (["lib 1.0.0"], ())
    assert "lib 1.0.0" in other[0]


@pytest.mark.spec("change-precise")
def test_exactly_one_version_of_one_atom_is_taken() -> None:
    wish = UpdateWish(names=("lib",), precise=Version.parse("1.0.1"))

    assert update(wish)[0] == ["a 1.0.0", "b 1.0.0", "lib 1.0.1"]


@pytest.mark.spec("change-precise")
def test_a_version_that_does_not_fit_is_explained_by_the_lines_that_refuse_it() -> None:
    with pytest.raises(Unsatisfiable) as caught:
        update(UpdateWish(names=("lib",), precise=Version.parse("1.2.0")))

    written = [
        each.wanted.requirement.text for each in caught.value.explanation.leaves if each.wanted
    ]
    assert ">=1, <1.2" in written
    assert not any("=1.0.0" in each for each in written)


@pytest.mark.spec("change-precise", "change-update-recursive")
def test_a_precise_version_may_take_along_what_it_needs() -> None:
    wish = UpdateWish(names=("a",), precise=Version.parse("1.1.0"))

    with pytest.raises(Unsatisfiable) as caught:
        update(wish)

    assert "atom.lock holds it at 1.0.0" in caught.value.why
    assert "--recursive" in caught.value.fix
    assert update(replace(wish, recursive=True))[0] == ["a 1.1.0", "b 1.0.0", "lib 1.1.0"]


@pytest.mark.spec("change-precise")
def test_other_buckets_of_an_atom_stay_beside_a_precise_version() -> None:
    texts = {f"lib {each}": list[str]() for each in ("1.0.0", "1.1.0", "2.0.0", "2.1.0")}
    texts |= {"a 1.0.0": ["lib ^1"], "b 1.0.0": ["lib ^2"]}
    locked = ["a 1.0.0", "b 1.0.0", "lib 1.0.0", "lib 2.0.0"]

    found, _ = update(
        UpdateWish(names=("lib",), precise=Version.parse("2.1.0")), texts=texts, locked=locked
    )

    assert found == ["a 1.0.0", "b 1.0.0", "lib 1.0.0", "lib 2.1.0"]


@pytest.mark.spec("change-precise")
def test_the_only_version_may_go_to_another_bucket() -> None:
    texts = {f"lib {each}": list[str]() for each in ("1.0.0", "2.0.0", "3.0.0")}

    found, _ = update(
        UpdateWish(names=("lib",), precise=Version.parse("2.0.0")),
        texts=texts, root=["lib >=1"], locked=["lib 3.0.0"],
    )  # fmt: skip

    assert found == ["lib 2.0.0"]


def test_an_atom_does_not_leave_its_bucket_for_a_named_one() -> None:
    texts = {
        "lib 1.0.0": ["x =1.0.0"], "lib 2.0.0": [], "x 1.0.0": [], "x 1.1.0": [],
        "a 1.0.0": ["x ^1"], "a 1.1.0": ["x =1.1.0"],
    }  # fmt: skip

    found, stays = update(
        UpdateWish(names=("a", "x")), texts=texts, root=["lib *", "a ^1"],
        locked=["lib 1.0.0", "x 1.0.0", "a 1.0.0"],
    )  # fmt: skip

    assert found == ["a 1.0.0", "lib 1.0.0", "x 1.0.0"]
    assert [(text_of((each.key, each.version)), each.newest.text) for each in stays] == [
        ("a 1.0.0", "1.1.0"),
        ("x 1.0.0", "1.1.0"),
    ]


@pytest.mark.parametrize(
    ("wish", "error", "status"),
    [
        (UpdateWish(names=("lob",)), AtomNotLocked, Exit.NOT_FOUND),
        (UpdateWish(names=("other::lib",)), AtomNotLocked, Exit.NOT_FOUND),
        (
            UpdateWish(names=("lib",), precise=Version.parse("9.0.0")),
            PreciseNotListed,
            Exit.NOT_FOUND,
        ),
        (
            UpdateWish(names=("lib", "a"), precise=Version.parse("1.0.0")),
            PreciseAmbiguous,
            Exit.USAGE,
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(
    wish: UpdateWish, error: type[EkaError], status: Exit
) -> None:
    with pytest.raises(error) as caught:
        update(wish)

    assert caught.value.exit_status == status
    assert caught.value.fix


@pytest.mark.spec("change-precise")
def test_a_version_that_nothing_would_use_is_refused() -> None:
    texts = {f"lib {each}": list[str]() for each in ("1.0.0", "2.0.0", "3.0.0")}
    texts |= {"a 1.0.0": ["lib ^1"], "b 1.0.0": ["lib ^2"]}
    locked = ["a 1.0.0", "b 1.0.0", "lib 1.0.0", "lib 2.0.0"]

    with pytest.raises(PreciseUnused) as caught:
        update(
            UpdateWish(names=("lib",), precise=Version.parse("3.0.0")), texts=texts, locked=locked
        )

    assert caught.value.why == "a 1.0.0 requires lib ^1\nb 1.0.0 requires lib ^2"


def test_a_name_of_another_project_of_a_set_means_nothing_here() -> None:
    assert update(UpdateWish(names=("lob",), is_partial=True)) == (LOCKED, ())


def test_a_requirement_that_cannot_be_narrowed_is_replaced() -> None:
    solution = resolve(world(WORLD), ["lib *", f"lib {', '.join(['>=1'] * 31)}", "a ^1"])
    holds = Holds(solution, {key("lib"): (Version.parse("1.2.0"),)})

    any_, long, other = holds.lines(lines(["lib *", f"lib {', '.join(['>=1'] * 31)}", "a ^1"]))

    assert (any_.requirement.text, long.requirement.text) == ("=1.2.0", "=1.2.0")
    assert other.requirement.text == "^1"
    assert holds.original(any_).requirement.text == "*"


def test_limits_say_why() -> None:
    version = Version.parse("1.0.0")
    one = key("lib", Genesis(ObjectId("1" * 40)))
    newer = (one, Version.parse("1.1.0"))

    assert Limits().refusal(newer) is None
    for limits in (
        Limits({one: (version,)}),
        Limits(near={one: (version,)}, reach=Reach.PATCH),
        Limits(exact={one: (version,)}),
    ):
        refusal = limits.refusal(newer)
        assert refusal is not None
        assert "1.0.0" in refusal.reason
        assert limits.refusal((one, version)) is None
