"""What can go wrong between the words typed and the store."""

from __future__ import annotations

from eka.errors import EkaError, Exit


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
