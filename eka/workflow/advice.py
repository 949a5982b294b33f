"""What a person can do when no versions fit: changes of their own lines, tried before told."""

from __future__ import annotations

from dataclasses import replace

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Problems, Span
from eka.resolve import (
    Catalog,
    NoMatchingVersion,
    NoSuchPackage,
    Suggestion,
    Trials,
    Unsatisfiable,
    drive,
    place_text,
    suggest,
)
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from eka.atom import Manifest, Version
    from eka.resolve import Provider, Relaxed, ResolveKey, Strategy, Wanted
    from eka.workflow.progress import Progress
    from eka.workflow.project import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A resolution that failed."""

    project: Project
    manifest: Manifest  # perhaps not the one on disk
    wanted: Sequence[Wanted]
    provider: Provider
    preferred: Mapping[ResolveKey, Collection[Version]]
    strategy: Strategy
    single: Collection[ResolveKey] = ()
    hint: Callable[[ResolveKey], str] = lambda _: ""  # which label may have been meant


def advise(error: EkaError, failed: Failed, progress: Progress) -> None:
    """Add to an error which of the project's lines are new, and what would work instead.

    Source: atom-spec/resolution.md [resolution-suggestion], [resolution-new-line].
    """
    if isinstance(error, Unsatisfiable):
        new = _new_lines(failed)
        error.while_adding(new)
        lines = [leaf.wanted for leaf in error.explanation.leaves if leaf.owner is None]
        wanted = [each for each in lines if each is not None]
        found = _tried(failed, sorted(wanted, key=lambda each: each.origin not in new), progress)
        error.advised(found, _advice(found) or error.fix)
        return
    problems = error.problems if isinstance(error, Problems) else (error,)
    unmet = [each for each in problems if isinstance(each, NoMatchingVersion | NoSuchPackage)]
    for each in unmet:
        if isinstance(each, NoSuchPackage):
            each.fix = failed.hint(each.wanted.key) or each.fix
            continue
        others = {other.wanted for other in unmet if other is not each}
        rest = replace(failed, wanted=[line for line in failed.wanted if line not in others])
        found = _tried(rest, [each.wanted], progress)
        each.advised(found, _advice(found) or each.fix)


def _tried(failed: Failed, lines: Sequence[Wanted], progress: Progress) -> tuple[Suggestion, ...]:
    trials = Trials(
        failed.wanted, Catalog(), failed.preferred, failed.strategy, single=failed.single
    )
    progress.step("looking for requirements that fit")
    try:
        drive(suggest(trials, lines), failed.provider)
    except EkaError:
        # What is not known offline, or from a source that is down, cannot be tried; the person
        # is told of the conflict, not of that.
        return tuple(trials.found)
    return tuple(trials.found)


def _new_lines(failed: Failed) -> set[Span]:
    """Return the places of the lines that the manifest on disk does not have."""
    try:
        before = failed.project.manifest()
    except EkaError:
        return set()
    known = {*before.dependencies, *before.dev_dependencies}  # equal wherever they are written
    lines = (*failed.manifest.dependencies, *failed.manifest.dev_dependencies)
    return {line.span for line in lines if line.span and line not in known}


def _advice(found: Sequence[Suggestion]) -> str:
    """Return suggestions as text; "" if there are none."""
    return "\nor ".join(" and ".join(map(_change, each.changes)) for each in found)


def _change(change: Relaxed) -> str:
    span, label = change.wanted.origin, change.wanted.key[1].text
    place = f" ({place_text(span, span.file)})" if isinstance(span, Span) else ""
    if change.requirement is None or change.selected is None:
        return f"leave out `{label}`{place}, which works"
    line = f'`{label} = "{change.requirement.text}"`'
    return f"require {line}{place}, which works and selects {change.selected.text}"
