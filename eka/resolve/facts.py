"""What the edges of a search were made from; the leaves of every explanation."""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.resolve.model import Cause, Wanted


@dataclass(slots=True, eq=False)  # made by the thousand, so not frozen, which costs time
class Requires:
    """A requirement line that some listed version meets."""

    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Unmet:
    """A requirement line that no listed version meets; ``why`` as a clause."""

    wanted: Wanted
    why: str
    cause: Cause = "unmatched"


@dataclass(frozen=True, slots=True)
class Unusable:
    """A version that cannot be used, whatever else is selected."""

    reason: str
    cause: Cause = "unusable"


@dataclass(frozen=True, slots=True)
class Alone:
    """A version that says it must be the only selected one of its atom."""


@dataclass(frozen=True, slots=True)
class Glue:
    """True by construction: a requirement over several buckets is met in one of them."""


Fact = Requires | Unmet | Unusable | Alone | Glue
