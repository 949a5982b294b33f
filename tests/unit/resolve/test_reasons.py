"""Why versions were selected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from eka.resolve import Chosen, Dependencies, Unavailable, why_selected
from tests.fakes.versions import FakeVersions, key, lines, request, resolve, text_of, world

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import Version
    from eka.resolve import AskedBy, Request, ResolveKey, Strategy, Why
    from tests.fakes.versions import World

pytestmark = pytest.mark.spec("explain-ground")


def reasons(
    atoms: World,
    root: Sequence[str],
    *,
    locked: Sequence[str] = (),
    yanked: Sequence[str] = (),
    strategy: Strategy = "highest",
) -> dict[str, Why]:
    refused = {request(each): Unavailable("it is yanked", "yanked") for each in yanked}
    provider = FakeVersions(atoms)
    provider.needs.update(refused)
    usable = {
        label: {
            version: one
            for version, one in versions.items()
            if request(f"{label} {version}") not in refused
        }
        for label, versions in atoms.items()
    }
    kept: dict[ResolveKey, list[Version]] = {}
    for label, version in map(request, locked):
        kept.setdefault(label, []).append(version)
    chosen = Chosen(
        root=lines(root),
        solution=resolve(usable, root, locked=locked, strategy=strategy),
        needs={
            one: each for one, each in provider.needs.items() if isinstance(each, Dependencies)
        },
        listed=provider.listed,
        refusal=refused.get,
        kept=kept,
        strategy=strategy,
    )
    return {text_of(each.request): each for each in why_selected(chosen)}


def asked(line: AskedBy) -> str:
    owner: Request | None = line.owner
    return f"{text_of(owner) if owner else 'project'}: {line.wanted.requirement.text}"


LIB: dict[str, list[str]] = {
    "lib 1.0.0": [],
    "lib 1.1.0": [],
    "lib 1.2.0": [],
    "lib 2.0.0-rc.1": [],
}


def test_the_newest_needs_no_other_reason() -> None:
    why = reasons(world(LIB), ["lib ^1"])["lib 1.2.0"]

    assert why.ground == "newest"
    assert why.newest is None
    assert [asked(each) for each in why.asked_by] == ["project: ^1"]


def test_a_line_holds_a_version_back() -> None:
    atoms = world(LIB | {"app 1.0.0": ["lib <1.2"]})

    why = reasons(atoms, ["app ^1", "lib ^1"])["lib 1.1.0"]

    assert why.ground == "held"
    assert why.newest is not None
    assert why.newest.text == "1.2.0"
    assert [asked(each) for each in why.held_by] == ["app 1.0.0: <1.2"]
    assert [asked(each) for each in why.asked_by] == ["project: ^1", "app 1.0.0: <1.2"]
    assert why.fitting is None


def test_newer_versions_that_cannot_be_used_are_named() -> None:
    why = reasons(world(LIB), ["lib ^1"], yanked=["lib 1.2.0"])["lib 1.1.0"]

    assert why.ground == "refused"
    assert [(version.text, each.cause) for version, each in why.refused] == [("1.2.0", "yanked")]


def test_a_version_may_be_kept_from_the_lock() -> None:
    why = reasons(world(LIB), ["lib ^1"], locked=["lib 1.0.0"])["lib 1.0.0"]

    assert why.ground == "kept"
    assert why.fitting is not None
    assert why.fitting.text == "1.2.0"


def test_the_oldest_may_have_been_asked_for() -> None:
    why = reasons(world(LIB), ["lib ^1"], strategy="minimal")["lib 1.0.0"]

    assert why.ground == "oldest"


def test_a_newer_version_may_not_go_with_the_rest() -> None:
    atoms = world(LIB | {"app 1.0.0": ["lib =1.0.0"], "app 1.1.0": ["lib =1.1.0"]})

    why = reasons(atoms, ["app ^1", "lib =1.0.0"])["app 1.0.0"]

    assert why.ground == "others"
    assert why.fitting is not None
    assert why.fitting.text == "1.1.0"


def test_versions_beside_each_other_are_named() -> None:
    atoms = world({"lib 1.0.0": [], "lib 2.0.0": [], "app 1.0.0": ["lib ^1"]})

    found = reasons(atoms, ["app ^1", "lib ^2"])

    assert [each.text for each in found["lib 1.0.0"].beside] == ["2.0.0"]
    assert [asked(each) for each in found["lib 1.0.0"].asked_by] == ["app 1.0.0: ^1"]
    assert found["lib 1.0.0"].ground == "held"
    assert found["lib 2.0.0"].ground == "newest"


def test_a_newer_pre_release_counts_for_a_pre_release_only() -> None:
    atoms = world({"lib 1.0.0-a": [], "lib 1.0.0-b": [], "lib 1.0.0-c": []})

    found = reasons(atoms, ["lib >=1.0.0-a, <1.0.0-c"])

    assert found["lib 1.0.0-b"].ground == "held"
    assert key("lib") == found["lib 1.0.0-b"].request[0]
