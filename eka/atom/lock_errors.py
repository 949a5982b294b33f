"""What can be wrong with a lock; one class for each fact."""

from __future__ import annotations

from eka.errors import EkaError, Exit, Span

_RENEW = "run eka lock"
_SHOWN_CHARACTERS = 160


class InvalidLock(EkaError):
    """A field of a lock that is missing, unknown, or not what it should be."""

    code = "invalid-lock"

    def __init__(self, where: str, why: str) -> None:
        super().__init__(what="the lock cannot be read", where=where, why=why, fix=_RENEW)


class LockTooNew(EkaError):
    """A lock written by a later eka."""

    code = "lock-too-new"

    def __init__(self, file: str, version: int, known: int) -> None:
        super().__init__(
            what=f"the lock has version {version}",
            where=file,
            why=f"this eka knows versions up to {known}",
            fix="install a newer eka; do not delete the lock, it records what was chosen",
        )
        self.version = version


class LockTooOld(EkaError):
    """A lock of version 1, where one of version 2 is needed."""

    code = "lock-too-old"

    def __init__(self, file: str) -> None:
        super().__init__(
            what="the lock has version 1",
            where=file,
            why="it pins direct dependencies only, without their closure",
            fix="run eka lock: versions it pins are kept where they still fit",
        )


class LockNotCanonical(EkaError):
    """A lock that says the right things in other bytes than eka writes."""

    code = "lock-not-canonical"

    def __init__(self, file: str, span: Span, *, expected: str | None, found: str | None) -> None:
        super().__init__(
            what="the lock was edited, or merged, by something other than eka",
            where=f"{file}:{span.line}",
            why=f"expected {_shown(expected)}, found {_shown(found)}",
            fix=_RENEW,
            span=span,
        )
        self.line = span.line


class LockContradiction(EkaError):
    """Base of what makes a lock contradict itself; it must not be used."""

    exit_status = Exit.INTEGRITY
    sentence = "the lock contradicts itself"

    def __init__(self, where: str, why: str) -> None:
        super().__init__(what=self.sentence, where=where, why=why, fix=_RENEW)


class LockDuplicate(LockContradiction):
    """Two entries for one thing."""

    code = "lock-duplicate"
    sentence = "the lock names one thing twice"


class LockDangling(LockContradiction):
    """Something is required that the lock does not hold."""

    code = "lock-dangling"
    sentence = "the lock requires an atom that it does not pin"


class LockUnreachable(LockContradiction):
    """An atom is pinned that nothing requires."""

    code = "lock-unreachable"
    sentence = "the lock pins an atom that nothing requires"


class LockUndeclaredSet(LockContradiction):
    """An atom is of a set that the lock does not list."""

    code = "lock-undeclared-set"
    sentence = "the lock pins an atom of a set that it does not list"


class LockUnreferencedSet(LockContradiction):
    """A set is listed that no atom is of."""

    code = "lock-unreferenced-set"
    sentence = "the lock lists a set that no atom is of"


class LockCycle(LockContradiction):
    """Atoms that require one another."""

    code = "lock-cycle"
    sentence = "atoms of the lock require one another"


class LockIdMismatch(LockContradiction):
    """An id that does not follow from set and label."""

    code = "lock-id-mismatch"
    sentence = "the id of a locked atom is not that of its set and label"


class LockPinMismatch(LockContradiction):
    """Pins where there must be none, or none where there must be some."""

    code = "lock-pin-mismatch"
    sentence = "a locked atom is pinned in a way its set does not allow"


def _shown(line: str | None) -> str:
    return "the end of the file" if line is None else repr(line[:_SHOWN_CHARACTERS])
