"""What can go wrong between the words typed and the command called."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit

if TYPE_CHECKING:
    from collections.abc import Collection

    from eka.errors import Span


class UsageFailed(EkaError):
    """The words do not fit the command."""

    code = "usage"
    exit_status = Exit.USAGE

    def __init__(self, command: str, why: str) -> None:
        super().__init__(
            what=f"eka {command} does not understand that" if command else "no command was given",
            why=why,
            fix=f"see eka {command} --help" if command else "see eka --help",
        )


class UnknownCommand(EkaError):
    """There is no such command."""

    code = "unknown-command"
    exit_status = Exit.USAGE

    def __init__(self, name: str, similar: str) -> None:
        super().__init__(
            what=f"there is no command {name}",
            fix=f"did you mean eka {similar}?" if similar else "see eka --help",
        )
        self.similar = similar


class DirectoryNotFound(EkaError):
    """``-C`` names no directory."""

    code = "directory-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, path: str) -> None:
        super().__init__(what="-C names no directory", where=path, fix="name one that exists")


class SystemRefused(EkaError):
    """The operating system refused something: no permission, no space, no such file."""

    code = "system"

    def __init__(self, error: OSError) -> None:
        super().__init__(
            what=(error.strerror or str(error)).lower(),
            where=str(error.filename) if error.filename is not None else "",
            why="the operating system refused it",
            fix="mend it and run the command again; -v shows where eka was",
        )


class OutOfMemory(EkaError):
    """There is not enough memory for what was asked."""

    code = "out-of-memory"

    def __init__(self) -> None:
        super().__init__(
            what="there is not enough memory",
            why="what was read is larger than this machine, or the limit on it, allows",
            fix="ask for less at once: a label, a requirement; or raise the limit (`ulimit -v`)",
        )


class Interrupted(EkaError):
    """The user stopped the command."""

    code = "interrupted"
    exit_status = Exit.INTERRUPTED

    def __init__(self) -> None:
        super().__init__(what="interrupted", fix="run the command again")


class Bug(EkaError):
    """Eka failed in a way nobody foresaw."""

    code = "bug"
    exit_status = Exit.BUG

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            what="this is a bug in eka",
            why=f"{type(error).__name__}: {error}",
            fix="run the command again with -v and report what it prints",
        )


class SettingUnknown(EkaError):
    """A configuration file sets something that does not exist, or that it may not set."""

    code = "setting-unknown"
    exit_status = Exit.USAGE

    def __init__(self, key: str, allowed: Collection[str], *, span: Span | None) -> None:
        known = ", ".join(sorted(allowed))
        super().__init__(
            what=f"{key} is no setting of this file",
            why=f"this file may set {known}",
            fix="correct its name or take it out",
            span=span,
        )
        self.key = key


class SettingInvalid(EkaError):
    """A setting has a value that cannot be used."""

    code = "setting-invalid"
    exit_status = Exit.USAGE

    def __init__(
        self, key: str, *, why: str, where: str = "", fix: str = "", span: Span | None = None
    ) -> None:
        super().__init__(
            what=f"the setting {key} cannot be used",
            where=where,
            why=why,
            fix=fix or "correct it or take it out; docs/cli.md lists the settings",
            span=span,
        )
        self.key = key
