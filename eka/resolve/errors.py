"""Why a resolution failed, as errors a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.errors import EkaError, Exit, Span
from eka.resolve.explanation import aligned

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.resolve.explanation import Explanation
    from eka.resolve.model import Request, Wanted


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

    def __init__(self, wanted: Wanted, why: str, newest: str) -> None:
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
            why="\n".join(aligned(explanation.sentences)),
            fix="loosen one of these requirements, or ask their authors to",
            span=_span_of(first) if first else None,
        )
        self.explanation = explanation

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
        super().__init__(
            what="the selected versions depend on each other",
            where=place_of(lines[-1]),
            why=" → ".join(steps),
            fix="break the cycle: require a version of one of them that does not need the next",
            span=_span_of(lines[-1]),
        )
        self.path = tuple(path)
        self.lines = tuple(lines)
