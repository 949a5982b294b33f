"""Why a resolution failed, as errors a person can act on."""

from __future__ import annotations

from dataclasses import replace

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, Span
from eka.resolve.explanation import Explanation, Leaf, Sentence, aligned, here

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from eka.resolve.explanation import Suggestion
    from eka.resolve.model import Cause, Request, Wanted


def place_of(wanted: Wanted) -> str:
    """Return where a requirement is written, such as ``atom.toml:12``; "" if unknown."""
    if isinstance(wanted.origin, Span):
        return f"{wanted.origin.file}:{wanted.origin.line}"
    return wanted.origin or ""


def _span_of(wanted: Wanted) -> Span | None:
    return wanted.origin if isinstance(wanted.origin, Span) else None


class NoSuchPackage(EkaError):
    """A requirement of the project names an atom that has no versions."""

    code = "no-such-package"
    exit_status = Exit.NOT_FOUND

    def __init__(self, wanted: Wanted, why: str) -> None:
        label = wanted.key[1].text
        super().__init__(
            what=f"the set has no atom `{label}`",
            where=place_of(wanted),
            why=why,
            fix="check the spelling of the label and the set it is asked from",
            span=_span_of(wanted),
        )
        self.wanted = wanted


class NoMatchingVersion(EkaError):
    """A requirement of the project is met by no version of its atom."""

    code = "no-matching-version"
    exit_status = Exit.NOT_FOUND

    def __init__(self, wanted: Wanted, why: str, newest: str, cause: Cause = "unmatched") -> None:
        label = wanted.key[1].text
        super().__init__(
            what=f"`{label} {wanted.requirement.text}` cannot be met",
            where=place_of(wanted),
            why=why,
            fix=f'require a version that exists, for example `{label} = "^{newest}"`',
            span=_span_of(wanted),
        )
        self.wanted = wanted
        self.newest = newest
        self.cause: Cause = cause
        self.suggestions: tuple[Suggestion, ...] = ()

    def advised(self, suggestions: Sequence[Suggestion], fix: str) -> None:
        """Take over what would work instead."""
        self.suggestions = tuple(suggestions)
        self.fix = fix


class Unsatisfiable(EkaError):
    """No choice of versions fills every requirement.

    ``explanation`` says why, from requirement lines as they are written. Where it is minimal,
    the others could be met without any one of them.
    """

    code = "unsatisfiable"
    exit_status = Exit.FAILED

    def __init__(self, explanation: Explanation) -> None:
        first = next((leaf.wanted for leaf in explanation.leaves if leaf.wanted), None)
        super().__init__(
            what="no choice of versions fills every requirement",
            where=place_of(first) if first else "",
            why="\n".join(aligned(explanation)),
            fix="loosen one of these requirements, or ask their authors to",
            span=_span_of(first) if first else None,
        )
        self.explanation = explanation
        self.suggestions: tuple[Suggestion, ...] = ()

    def advised(self, suggestions: Sequence[Suggestion], fix: str) -> None:
        """Take over what would work instead."""
        self.suggestions = tuple(suggestions)
        self.fix = fix

    def while_adding(self, new: Collection[Span]) -> None:
        """Say that lines of the project are only being added, or changed, now."""
        explanation = self.explanation
        told = [replace(each, is_new=each.place in new) for each in explanation.sentences]
        self.explanation = replace(explanation, sentences=tuple(told))
        self.why = "\n".join(aligned(self.explanation))
        lines = [each for each in self.lines if each.origin in new]
        if lines:
            names = ", ".join(f"`{each.key[1].text} {each.requirement.text}`" for each in lines)
            self.what = f"{names} does not fit with the other requirements"
            self.where, self.span = place_of(lines[0]), _span_of(lines[0])

    @property
    def lines(self) -> tuple[Wanted, ...]:
        """The requirement lines that the explanation rests on."""
        return tuple(leaf.wanted for leaf in self.explanation.leaves if leaf.wanted)


class DependencyCycle(EkaError):
    """Selected versions need each other, so none can be built first."""

    code = "dependency-cycle"
    exit_status = Exit.FAILED

    def __init__(self, path: Sequence[Request], lines: Sequence[Wanted]) -> None:
        steps = [f"{label.text} {version.text}" for (_, label), version in path]
        told = [
            Sentence(f"{step} requires {line.key[1].text} {line.requirement.text}", here(line))
            for step, line in zip(steps, lines, strict=False)  # the path ends where it began
        ]
        told.append(Sentence(f"so {' → '.join(steps)}", is_conclusion=True))
        leaves = tuple(
            Leaf(owner, "requires", line) for owner, line in zip(path, lines, strict=False)
        )
        explanation = Explanation(tuple(told), leaves, is_minimal=True)
        super().__init__(
            what="the selected versions depend on each other",
            where=place_of(lines[-1]),
            why="\n".join(aligned(explanation)),
            fix="break the cycle: require a version of one of them that does not need the next",
            span=_span_of(lines[-1]),
        )
        self.explanation = explanation
        self.path = tuple(path)
        self.lines = tuple(lines)
