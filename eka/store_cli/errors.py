"""What can go wrong between the words typed and the store."""

from __future__ import annotations

from difflib import get_close_matches

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence


class StoreUsage(EkaError):
    """The words do not fit ``eka-store`` or its command."""

    code = "store-usage"
    exit_status = Exit.USAGE

    def __init__(self, program: str, why: str) -> None:
        super().__init__(
            what=f"{program} does not understand that", why=why, fix=f"see {program} --help"
        )


class PlanUnreadable(EkaError):
    """The file that should hold a plan cannot be read."""

    code = "plan-unreadable"
    exit_status = Exit.NOT_FOUND

    def __init__(self, file: str, why: str) -> None:
        super().__init__(
            what="the plan cannot be read",
            where=file,
            why=why,
            fix="name a file that holds a plan, or - for standard input",
        )


class StoreInterrupted(EkaError):
    """The user stopped ``eka-store``."""

    code = "store-interrupted"
    exit_status = Exit.INTERRUPTED

    def __init__(self) -> None:
        super().__init__(
            what="interrupted", fix="run the command again; what was finished is kept"
        )


class StoreBug(EkaError):
    """``eka-store`` failed in a way nobody foresaw."""

    code = "store-bug"
    exit_status = Exit.BUG

    def __init__(self, error: BaseException) -> None:
        super().__init__(
            what="this is a bug in eka-store",
            why=f"{type(error).__name__}: {error}",
            fix="run the command again with -v and report what it prints",
        )


class SystemRefusal(EkaError):
    """The operating system refused something that is not the store: no space, no such name."""

    code = "store-system"
    exit_status = Exit.FAILED

    def __init__(self, error: OSError) -> None:
        super().__init__(
            what=(error.strerror or str(error)).lower(),
            where=str(error.filename) if error.filename is not None else "",
            why="the operating system refused it",
            fix="mend it and run the command again; -vv shows where eka-store was",
        )


class RootNotFound(EkaError):
    """No root of the store has this link."""

    code = "root-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, link: str, known: Sequence[str]) -> None:
        near = get_close_matches(link, known, n=1)
        super().__init__(
            what="no root of the store has this link",
            where=link,
            fix=f"did you mean {near[0]}?" if near else "see all with `eka-store roots`",
        )
        self.link = link


class LogNotFound(EkaError):
    """No log of a build is kept under a name."""

    code = "log-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str, why: str = "") -> None:
        super().__init__(
            what="no log is kept of this",
            where=name,
            why=why or "it was never built in this store, or only fetched or unpacked",
            fix="name an action by its id, or a path that was built here",
        )
        self.name = name


class AmbiguousId(EkaError):
    """The first letters of an id fit more than one."""

    code = "ambiguous-id"
    exit_status = Exit.USAGE

    def __init__(self, text: str, found: Sequence[str]) -> None:
        super().__init__(
            what="more than one id begins like this",
            where=text,
            why=", ".join(found[:8]),
            fix="write more letters",
        )
        self.found = tuple(found)


class InvalidRequest(EkaError):
    """A line is not a request that the protocol allows."""

    code = "invalid-request"
    exit_status = Exit.USAGE

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="the request is not valid",
            where=where,
            why=why,
            fix="see atom-spec/store-protocol.md; the server lists its operations first",
        )
        self.identity: str | int | None = None


class OperationRefused(EkaError):
    """A server does not do this for whoever reaches it on this way."""

    code = "operation-refused"
    exit_status = Exit.USAGE

    def __init__(self, operation: str) -> None:
        super().__init__(
            what="this server only tells, it changes nothing",
            where=operation,
            fix="use its socket, or start it with --writable",
        )
        self.operation = operation


class TooManyConnections(EkaError):
    """A server has as many connections as it takes."""

    code = "too-many-connections"
    exit_status = Exit.FAILED

    def __init__(self, limit: int) -> None:
        super().__init__(
            what="the server has no room for another connection",
            why=f"it takes {limit} at one time",
            fix="close one, or try again later",
        )
        self.limit = limit


class CannotServe(EkaError):
    """A server cannot listen where it was told to."""

    code = "cannot-serve"
    exit_status = Exit.FAILED

    def __init__(self, where: str, why: str, fix: str = "") -> None:
        super().__init__(
            what="cannot listen here",
            where=where,
            why=why,
            fix=fix or "choose another place; 127.0.0.1:0 takes any port that is free",
        )


class KeyUnreadable(EkaError):
    """The file of a key cannot be read or made."""

    code = "key-unreadable"
    exit_status = Exit.NOT_FOUND

    def __init__(self, file: str, why: str) -> None:
        super().__init__(
            what="the key cannot be read or written",
            where=file,
            why=why,
            fix="name a file that `eka-store sign --generate NAME --key FILE` made or can make",
        )
        self.file = file


class StreamFileUnusable(EkaError):
    """The file of a stream cannot be read or written."""

    code = "stream-file-unusable"
    exit_status = Exit.NOT_FOUND

    def __init__(self, file: str, why: str) -> None:
        super().__init__(
            what="the file of the stream cannot be read or written",
            where=file,
            why=why,
            fix="check the path, its permissions and the space left",
        )
        self.file = file
