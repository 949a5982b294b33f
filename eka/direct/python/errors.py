"""What can go wrong between Python's lock files and pins."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence

_SHOWN = 40
_SHOWN_CHARACTERS = 300


class ForeignLockInvalid(EkaError):
    """A lock file of another tool that cannot be understood."""

    code = "foreign-lock-invalid"
    exit_status = Exit.FAILED

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="the lock file cannot be understood",
            where=where[:_SHOWN_CHARACTERS],
            why=why[:_SHOWN_CHARACTERS],
            fix="write it anew with the tool it belongs to",
        )


class ForeignLockMissing(EkaError):
    """The lock file that a manifest or a person names is not there."""

    code = "foreign-lock-missing"
    exit_status = Exit.NOT_FOUND

    def __init__(self, path: str, why: str = "there is no such file") -> None:
        super().__init__(
            what="the lock file cannot be read",
            where=path,
            why=why,
            fix="write it with its tool (uv lock, poetry lock), or correct the path",
        )
        self.path = path


class ForeignLockUnfit(EkaError):
    """A lock file that was not made for the environment asked for."""

    code = "foreign-lock-unfit"
    exit_status = Exit.USAGE

    def __init__(self, file: str, why: str) -> None:
        super().__init__(
            what="the lock file is for other environments",
            where=file,
            why=why,
            fix="correct `python` in atom.toml, or lock again for this version with the tool",
        )


class NotInForeignLock(EkaError):
    """An extra, a group or a package to skip that a lock file does not know."""

    code = "not-in-foreign-lock"
    exit_status = Exit.NOT_FOUND

    def __init__(self, file: str, kind: str, name: str, known: Sequence[str]) -> None:
        listed = ", ".join(sorted(known)[:_SHOWN]) or "none"
        super().__init__(
            what=f"the lock file knows no {kind} {name}",
            where=file,
            why=f"it has: {listed}",
            fix="correct the name in atom.toml",
        )
        self.kind, self.name = kind, name


class PackagesUnmapped(EkaError):
    """Packages of a lock file that no wheel installs here: all of them, each with the reason."""

    code = "packages-unmapped"
    exit_status = Exit.FAILED

    def __init__(self, file: str, system: str, faults: Sequence[tuple[str, str]]) -> None:
        shown = [f"{name} {why}" for name, why in faults[:_SHOWN]]
        super().__init__(
            what=f"{len(faults)} of the packages cannot be pinned for {system}",
            where=file,
            why=shown[0] + ("; the others follow" if len(shown) > 1 else ""),
            fix="publish wheels of them to an index and lock again, or name them in `skip`",
        )
        self.faults = tuple(faults)
        self.details = tuple(shown[1:])


class WheelNotFound(EkaError):
    """An index does not list the file that a lock file names."""

    code = "wheel-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, index: str, file: str, why: str) -> None:
        super().__init__(
            what=f"the package index does not have {file}",
            where=index,
            why=why,
            fix="lock again with the tool that wrote the lock file",
        )
        self.file = file


class PackageIndexUnavailable(EkaError):
    """A package index cannot be asked."""

    code = "package-index-unavailable"
    exit_status = Exit.NETWORK

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            what="the package index could not be read",
            where=url,
            why=why,
            fix="check the network and the setting pypi.index, then try again",
        )


class WheelMismatch(EkaError):
    """An index serves other bytes, or names another hash, than the lock file pins."""

    code = "wheel-mismatch"
    exit_status = Exit.INTEGRITY

    def __init__(self, url: str, *, expected: str, found: str) -> None:
        super().__init__(
            what="a wheel is not what the lock file pins",
            where=url,
            why=f"expected sha256 {expected}, found {found}",
            fix="do not use it before you know why the file changed",
        )
        self.expected, self.found = expected, found


class PipMissing(EkaError):
    """Resolving requirements needs pip; a lock file, or the lock of an atom, does not."""

    code = "pip-missing"
    exit_status = Exit.FAILED

    def __init__(self) -> None:
        super().__init__(
            what="resolving `requirements` of a pypi source needs pip",
            why="neither this Python nor the PATH has it",
            fix="install pip (on Debian: apt-get install python3-pip), or use a lock file: lock=…",
        )


class RequirementsUnresolved(EkaError):
    """Pip finds no packages that meet the requirements."""

    code = "requirements-unresolved"
    exit_status = Exit.FAILED

    def __init__(self, name: str, why: str, details: Sequence[str] = ()) -> None:
        super().__init__(
            what=f"the requirements of {name} cannot be resolved",
            why=why[:_SHOWN_CHARACTERS],
            fix="correct `requirements`, `python` or `platform` in atom.toml",
        )
        self.details = tuple(details)
