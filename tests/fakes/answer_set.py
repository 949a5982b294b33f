"""The question of a puzzle, put to clingo: is there a selection that obeys all the rules?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import clingo

from tests.fakes.solver_puzzles import meets
from tests.fakes.versions import lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eka.resolve import Request, ResolveKey, Wanted
    from tests.fakes.solver_puzzles import Rules

# P: the number of a puzzle; many are asked at once, because each start of clingo takes time.
PROGRAM = """
{ chosen(P, V) } :- usable(P, V).
needed(P, L) :- root(P, L).
needed(P, L) :- chosen(P, V), line(P, V, L).
met(P, L) :- chosen(P, V), fits(P, L, V).
wrong(P) :- needed(P, L), not met(P, L).
wrong(P) :- chosen(P, V), chosen(P, W), apart(P, V, W).
:- wrong(P), not given_up(P).
{ given_up(P) } :- puzzle(P).
#minimize { 1, P : given_up(P) }.
"""


def solvable(puzzles: Sequence[Rules]) -> list[bool]:
    """Return for each puzzle whether it has a solution."""
    control = clingo.Control(["--warn=none"])
    facts = [fact for number, rules in enumerate(puzzles) for fact in _facts(number, rules)]
    control.add("base", [], PROGRAM + "\n".join(facts))
    control.ground([("base", [])])
    given_up: set[int] = set()
    with control.solve(yield_=True) as models:
        for model in models:  # each better than the one before
            given_up = {
                symbol.arguments[0].number
                for symbol in model.symbols(atoms=True)
                if symbol.name == "given_up"
            }
    return [number not in given_up for number in range(len(puzzles))]


def _facts(number: int, rules: Rules) -> Iterator[str]:
    yield f"puzzle({number})."
    published = list(rules.published())
    wanted: list[Wanted] = []
    for line in rules.wanted():
        yield f"root({number},{len(wanted)})."
        wanted.append(line)
    for at, (_, version) in enumerate(published):
        if not version.unavailable:
            yield f"usable({number},{at})."
        for line in lines(version.requires):
            yield f"line({number},{at},{len(wanted)})."
            wanted.append(line)
    places: dict[ResolveKey, list[tuple[int, Request]]] = {}
    for place, (one, _) in enumerate(published):
        places.setdefault(one[0], []).append((place, one))
    for at, line in enumerate(wanted):
        for place, one in places.get(line.key, ()):
            if meets(line, one):
                yield f"fits({number},{at},{place})."
    yield from _conflicts(number, rules)


def _conflicts(number: int, rules: Rules) -> Iterator[str]:
    """Yield the pairs of versions that cannot stand side by side."""
    before: dict[ResolveKey, list[tuple[int, Request, bool]]] = {}
    for at, (one, version) in enumerate(rules.published()):
        group = before.setdefault(one[0], [])
        for place, other, is_single in group:
            if version.single or is_single or rules.is_same_place(one, other):
                yield f"apart({number},{at},{place})."
        group.append((at, one, version.single))
