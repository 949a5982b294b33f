"""Versions that were not chosen, though they would have been looked at."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from typing import Literal

    from eka.resolve import Request


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a version must wait, and until when; in seconds since the epoch."""

    first_seen_s: int
    eligible_s: int


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A version that is yanked, or too new.

    Attributes:
        request: The version.
        reason: Which of the two.
        clause: The same for people, as a clause about the version.
        wait: Since when it is known, and until when it must wait; None: it does not help to.
    """

    request: Request
    reason: Literal["yanked", "cooldown"]
    clause: str
    wait: Wait | None = None
