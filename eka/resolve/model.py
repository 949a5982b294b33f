"""What the solver is asked, what it asks for, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from eka.atom import Genesis, Label, Version
from eka.checking import TYPE_CHECKING, NewType, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import Requirement
    from eka.errors import Span

ResolveKey = tuple[Genesis, Label]
"""What versions belong to: the set (by its genesis) and the label in it."""

Bucket = NewType("Bucket", str)
"""A compatibility bucket, such as ``1``, ``0.3`` or ``0.0.4``; ``*`` for a `single` atom."""

Strategy = Literal["highest", "minimal"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One requirement line: which atom, which versions of it, and where that is written."""

    key: ResolveKey
    requirement: Requirement
    origin: Span | str | None = None


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What one version of an atom needs; ``single``: no other version may stand beside it."""

    wanted: tuple[Wanted, ...] = ()
    single: bool = False


Cause = Literal[
    "missing", "unlisted", "unmatched", "prerelease", "yanked", "young", "unusable"
]  # fmt: skip
"""Why a line is not met (no such atom, not listed, no version matches, pre-releases only), or why
a version cannot be used (yanked, too young for the cooldown, not in order)."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why something that is named cannot be used, as a clause: ``it is yanked``."""

    reason: str
    cause: Cause = "unusable"


Request = tuple[ResolveKey, Version]


@dataclass(frozen=True, slots=True)
class Need:
    """What the solver wants to know next.

    The first of its items is needed to go on; the rest will probably be needed soon. An answer
    may leave out some items (they are asked for again when needed) and may hold more than asked.
    """

    versions: tuple[ResolveKey, ...] = ()
    dependencies: tuple[Request, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """Facts for the solver: the versions of atoms (in any order), the needs of versions."""

    versions: Mapping[ResolveKey, Sequence[Version] | Unavailable] = field(
        default_factory=dict[ResolveKey, "Sequence[Version] | Unavailable"]
    )
    dependencies: Mapping[Request, Dependencies | Unavailable] = field(
        default_factory=dict[Request, "Dependencies | Unavailable"]
    )


class Provider(Protocol):
    """Where `drive` gets its answers; implemented over git, and over dictionaries in tests."""

    def versions(
        self, keys: Sequence[ResolveKey]
    ) -> Mapping[ResolveKey, Sequence[Version] | Unavailable]:
        """Return every published version of each atom; none for an atom that does not exist."""
        ...

    def dependencies(
        self, requests: Sequence[Request]
    ) -> Mapping[Request, Dependencies | Unavailable]:
        """Return what each version of an atom needs, or why that version cannot be used."""
        ...


@dataclass(frozen=True, slots=True)
class Solution:
    """One version per atom and bucket, and which selected version fills which need of which."""

    selected: Mapping[tuple[ResolveKey, Bucket], Version]
    edges: Mapping[Request, tuple[Request, ...]]
    root: tuple[Request, ...]
