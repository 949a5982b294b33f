"""Conflict analysis: from a violated incompatibility to the decision that made it inevitable."""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.resolve.incompatibility import Contradiction, Incompatibility, Learned, merge

if TYPE_CHECKING:
    from eka.resolve.trail import Trail


@dataclass(frozen=True, slots=True)
class Lesson:
    """What a conflict taught: before it, ``node`` must leave its term of the incompatibility.

    All its other terms are true from decision level ``far`` on; the conflict arose just after
    level ``near``. ``second`` is the node of the last of these other terms, or -1.
    """

    incompatibility: Incompatibility
    node: int
    second: int
    far: int
    near: int


@dataclass(slots=True)
class _Last:
    """The two terms of an incompatibility that were satisfied last, and when."""

    node: int = -1
    step: int = -1
    second: int = -1
    second_step: int = -1


def analyse(trail: Trail, conflict: Incompatibility) -> Lesson:
    """Return what follows from ``conflict``, all terms of which the trail satisfies.

    Raises:
        Contradiction: when nothing but the root is to blame.
    """
    while True:
        terms = conflict.terms
        last = _last_satisfied(trail, terms)
        if last.node < 0:
            raise Contradiction(conflict)
        cause = trail.cause_at(last.step)
        before = _level_before(trail, last, terms[last.node])
        level = trail.level_at(last.step)
        if cause is None or before < level:
            # One term alone can never be true: that holds from the start.
            far = before if len(terms) > 1 else 0
            return Lesson(conflict, last.node, last.second, far, level - 1)
        resolvent = merge(conflict, cause, last.node, trail.full[last.node])
        conflict = Learned(resolvent, (conflict, cause))


def _last_satisfied(trail: Trail, terms: dict[int, int]) -> _Last:
    last = _Last()
    for node, mask in terms.items():
        step = trail.satisfier(node, mask)
        if step > last.step:
            last.second, last.second_step = last.node, last.step
            last.node, last.step = node, step
        elif step > last.second_step:
            last.second, last.second_step = node, step
    return last


def _level_before(trail: Trail, last: _Last, mask: int) -> int:
    """Return the lowest level at which only the last step was missing to the conflict."""
    level = trail.level_at(last.second_step) if last.second_step >= 0 else 0
    kept = trail.kept_at(last.step)
    if kept & ~mask:
        # The step alone did not do it: an earlier one for the same node had to help.
        level = max(level, trail.level_at(trail.satisfier(last.node, mask, kept)))
    return level
