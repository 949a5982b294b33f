"""Changes of the project's own requirement lines that would let versions fit.

Each is tried by the solver before it is suggested, with what earlier searches were told; how much
is tried, and asked for, is bounded.
"""

from __future__ import annotations

from dataclasses import replace

from eka.atom import Operator, Requirement
from eka.checking import TYPE_CHECKING
from eka.resolve.explanation import Relaxed, Suggestion
from eka.resolve.solver import attempt
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Mapping, Sequence

    from eka.atom import Version
    from eka.resolve.catalog import Catalog
    from eka.resolve.model import Answer, Need, ResolveKey, Solution, Strategy, Wanted

MOST_LINES = 6
"""So many lines are tried, each alone."""

MOST_SUGGESTIONS = 3
MOST_QUESTIONS = 100
MOST_DECISIONS = 20_000

_ANY = Requirement("*")


@dataclass(slots=True)
class Trials:
    """What suggestions are tried with, and what was found so far.

    A caller that runs out of answers drops the generator, and what was found stays.
    """

    root: Sequence[Wanted]
    catalog: Catalog
    preferred: Mapping[ResolveKey, Collection[Version]]
    strategy: Strategy = "highest"
    single: Collection[ResolveKey] = ()
    found: list[Suggestion] = field(default_factory=list[Suggestion])
    questions_left: int = MOST_QUESTIONS
    decisions_left: int = MOST_DECISIONS


def suggest(trials: Trials, lines: Sequence[Wanted]) -> Generator[Need, Answer, None]:
    """Find changes of ``lines``, which are of the project, that work; the first ones first.

    A line is relaxed before it is left out, and one line before several.
    """
    lines = list(dict.fromkeys(lines))[:MOST_LINES]
    for each in lines:
        yield from _relax(trials, [each])
        if len(trials.found) == MOST_SUGGESTIONS:
            return
    if not trials.found and len(lines) > 1:
        yield from _relax(trials, lines)
    for each in lines if not trials.found else ():
        without = [line for line in trials.root if line != each]
        if (yield from _solve(trials, without)) is not None:
            trials.found.append(Suggestion((Relaxed(each, None, None),)))
            return


def _relax(trials: Trials, lines: Sequence[Wanted]) -> Generator[Need, Answer, None]:
    """Find the newest versions that would fit if ``lines`` accepted all, and require those."""
    free = {line: replace(line, requirement=_ANY) for line in lines}
    solution = yield from _solve(trials, [free.get(line, line) for line in trials.root])
    if solution is None:
        return
    tight = {line: _near(line, _version_for(line, solution)) for line in lines}
    solution = yield from _solve(trials, [tight.get(line, line) for line in trials.root])
    if solution is not None:
        changes = [
            Relaxed(line, tight[line].requirement, _version_for(tight[line], solution))
            for line in lines
            if tight[line].requirement != line.requirement
        ]
        trials.found.append(Suggestion(tuple(changes)))


def _near(line: Wanted, version: Version) -> Wanted:
    """Return a line that accepts ``version``, in the manner of the line before."""
    if line.requirement.matches(version):
        return line
    first = line.requirement.comparators[0].operator  # there is one: `*` would have matched
    sign = first.value if first in (Operator.EXACT, Operator.TILDE) else "^"
    return replace(line, requirement=Requirement(f"{sign}{version.text}"))


def _version_for(line: Wanted, solution: Solution) -> Version:
    """Return the selected version that fills a line of the project."""
    return max(version for key, version in solution.root if key == line.key)


def _solve(trials: Trials, root: Sequence[Wanted]) -> Generator[Need, Answer, Solution | None]:
    """Try other lines of the project; None where nothing fits, or it takes too long to know."""
    if trials.decisions_left <= 0:
        return None
    search = attempt(
        root,
        preferred=trials.preferred,
        strategy=trials.strategy,
        single=trials.single,
        catalog=trials.catalog,
        effort=trials.decisions_left,
    )
    answer: Answer | None = None
    while True:
        try:
            need = next(search) if answer is None else search.send(answer)
        except StopIteration as end:
            found: Solution | None = end.value[0]
            trials.decisions_left -= end.value[1]
            return found
        if trials.questions_left <= 0:
            search.close()
            return None
        trials.questions_left -= 1
        answer = yield need
