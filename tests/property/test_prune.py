"""A lock without some lines is the one that would be chosen, though nobody chooses."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from eka.atom import (
    AtomKey,
    Dependency,
    Label,
    Lock,
    LockedAtom,
    LockedSet,
    Manifest,
    ObjectId,
    Package,
    Requirement,
    SetDeclaration,
    SourceUrl,
    Version,
    atom_id,
    requirements_digest,
)
from eka.errors import EkaError
from eka.resolve import Solution, drive, solve
from eka.workflow.prune import pruned
from eka.workflow.update_search import versions_of
from tests.fakes.versions import SET, lines
from tests.worlds import Puzzle, large_puzzle, small_puzzle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eka.resolve import Request

URL = SourceUrl("https", "a.org", "/core")
REV = ObjectId("1" * 40)


def manifest(root: Sequence[str]) -> Manifest:
    """Return a manifest that requires what the root of a world does."""
    dependencies = [text.split(" ", 1) for text in root]
    return Manifest(
        package=Package(
            label=Label("app"),
            version=Version.parse("1.0.0"),
            sets={"core": SetDeclaration(own=False, urls=(URL,))},
        ),
        dependencies=tuple(
            Dependency("core", Label(label), Requirement(text)) for label, text in dependencies
        ),
    )


def key(request: Request) -> AtomKey:
    (genesis, label), version = request
    return AtomKey(genesis, label, version)


def lock(solution: Solution, root: Sequence[str], *, rev: ObjectId | None = REV) -> Lock:
    """Return the lock of a solution."""
    return Lock(
        requirements=requirements_digest(manifest(root)),
        sets=(LockedSet(SET, (URL.public,)),) if solution.edges else (),
        atoms=tuple(
            LockedAtom(
                key=key(each),
                id=atom_id(SET, each[0][1]),
                rev=rev,
                requires=tuple(sorted(key(edge) for edge in set(solution.edges[each]))),
            )
            for each in sorted(solution.edges)
        ),
        requires=tuple(sorted({key(each) for each in solution.root})),
    )


@pytest.mark.spec("change-remove-lock")
def test_what_is_left_is_what_would_be_chosen(rounds: Callable[[int, int], int]) -> None:
    smaller = 0
    for seed in range(rounds(160, 10_000)):
        puzzle = small_puzzle(seed) if seed % 4 else large_puzzle(seed)
        root = list({text.split()[0]: text for text in puzzle.root}.values())
        try:
            before = drive(solve(Puzzle(puzzle.atoms, root).wanted()), puzzle.provider)
        except EkaError:
            continue
        rest = [text for text in root if Random(f"{seed} {text}").random() < 0.5]

        found = pruned(lock(before, root), manifest(root), manifest(rest), "/")

        assert found is not None
        search = solve(lines(rest), preferred=versions_of(before))
        assert found == lock(drive(search, puzzle.provider), rest), seed
        smaller += len(found.atoms) < len(before.edges)
    assert smaller > 10


def test_a_stale_lock_and_one_that_follows_directories_are_left_to_the_solver() -> None:
    puzzle = Puzzle({}, ())
    nothing = drive(solve(puzzle.wanted()), puzzle.provider)
    one = Version.parse("1.0.0")
    request = ((SET, Label("a")), one)
    solution = Solution({}, {request: ()}, (request,))

    assert pruned(lock(nothing, []), manifest(["a ^1"]), manifest([]), "/") is None
    own = lock(solution, ["a ^1"], rev=None)
    assert pruned(own, manifest(["a ^1"]), manifest([]), "/") is None
