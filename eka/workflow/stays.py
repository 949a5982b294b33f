"""What keeps an atom at its version though newer ones are there.

Source: atom-spec/changes.md [change-update-stays].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.atom import Version
    from eka.resolve import Request, ResolveKey, Wanted


@dataclass(frozen=True, slots=True)
class Reason:
    """A requirement line that keeps an atom from a newer version."""

    owner: Request | None  # None: the project
    wanted: Wanted
    held: tuple[Version, ...] = ()  # versions of what it requires, that could not change


@dataclass(frozen=True, slots=True)
class Stay:
    """A named atom that did not reach a version it might have reached."""

    key: ResolveKey
    version: Version
    newest: Version
    reasons: tuple[Reason, ...]


def told(reason: Reason) -> str:
    """Return a requirement line as a clause, such as ``curl 1.0.0 requires zlib ^1.1``."""
    owner, wanted = reason.owner, reason.wanted
    who = "atom.toml" if owner is None else f"{owner[0][1].text} {owner[1].text}"
    held = " and ".join(each.text for each in reason.held)
    is_held = f", which is locked at {held}" if held else ""
    return f"{who} requires {wanted.key[1].text} {wanted.requirement.text}{is_held}"


def hint(stay: Stay) -> str:
    """Return what lets an atom move after all."""
    label = stay.key[1].text
    owners = [reason.owner for reason in stay.reasons]
    own = [each.wanted for each in stay.reasons if each.owner is None]
    own = [each for each in own if each.key == stay.key]
    if own and all(each.requirement.text.startswith("=") for each in own):
        return f"to have it: eka unpin {label}, then eka update {label}"
    if own:
        return f"to have it: eka add {label}@^{stay.newest.text}"
    if all(owner is not None and owner[0] == stay.key for owner in owners):
        return f"let what it needs move too: eka update {label} --recursive"
    others = sorted({owner[0][1].text for owner in owners if owner and owner[0] != stay.key})
    needs = " --recursive" if any(owner and owner[0] == stay.key for owner in owners) else ""
    return f"let others move too: eka update {' '.join([label, *others])}{needs}"
