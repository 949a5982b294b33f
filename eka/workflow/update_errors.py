"""Why an update cannot do what was asked."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.workflow.targets import DELIMITER

if TYPE_CHECKING:
    from collections.abc import Sequence


class UpdateUnclear(EkaError):
    """The words of an update contradict each other, or leave open what is meant."""

    code = "update-unclear"
    exit_status = Exit.USAGE

    def __init__(self, why: str, fix: str) -> None:
        super().__init__(what="it is not clear what is to be updated", why=why, fix=fix)


class PreciseNotListed(EkaError):
    """A version that is asked for exactly, and does not exist."""

    code = "precise-not-listed"
    exit_status = Exit.NOT_FOUND

    def __init__(self, label: str, version: str, known: Sequence[str]) -> None:
        super().__init__(
            what=f"there is no version {version} of {label}",
            why=f"the newest are {', '.join(known)}" if known else "it has no versions",
            fix=f"ask for one that exists; eka versions SOURCE{DELIMITER}{label} lists them",
        )


class PreciseUnused(EkaError):
    """A version that is asked for exactly, and that no requirement leads to."""

    code = "precise-unused"
    exit_status = Exit.CONFLICT

    def __init__(self, label: str, version: str, lines: Sequence[str]) -> None:
        super().__init__(
            what=f"nothing would use {label} {version}",
            why="\n".join(lines),
            fix="change these requirements, or ask for a version that they accept",
        )


class PreciseAmbiguous(EkaError):
    """One version was asked for of several locked atoms."""

    code = "precise-ambiguous"
    exit_status = Exit.USAGE

    def __init__(self, name: str, titles: Sequence[str]) -> None:
        super().__init__(
            what=f"{name} may mean several locked atoms",
            why=f"--precise speaks of one; there are {', '.join(titles)}",
            fix="name it with its set, as atom.toml calls that: SET::LABEL",
        )
