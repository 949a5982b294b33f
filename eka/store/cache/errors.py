"""What can go wrong with a binary cache: one class per fact."""

from __future__ import annotations

from eka.errors import EkaError, Exit


class NotACache(EkaError):
    """A directory or address is no binary cache, or one of another kind."""

    code = "not-a-cache"
    exit_status = Exit.NOT_FOUND

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="this is not a binary cache of eka",
            where=where,
            why=why,
            fix="name a directory that `eka-store push` made, or the address of one",
        )


class CacheUnreachable(EkaError):
    """A binary cache does not answer, or not as it should."""

    code = "cache-unreachable"
    exit_status = Exit.NETWORK

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="the binary cache cannot be reached",
            where=where,
            why=why,
            fix="check the address and the network, or leave the cache out",
        )


class CacheFalse(EkaError):
    """What a binary cache holds is not what it says."""

    code = "cache-false"
    exit_status = Exit.INTEGRITY

    def __init__(self, where: str, subject: str, why: str) -> None:
        super().__init__(
            what="the binary cache holds something that is not what it says",
            where=f"{where}: {subject}",
            why=why,
            fix="do not use it; tell whoever keeps it, and push the path again",
        )
        self.cache, self.subject = where, subject


class CacheUnwritable(EkaError):
    """A binary cache cannot be written to."""

    code = "cache-unwritable"
    exit_status = Exit.FAILED

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="the binary cache cannot be written to",
            where=where,
            why=why,
            fix="name a directory you may write to, or a server started with --writable",
        )


class CacheRefuses(EkaError):
    """A server does not take what was pushed."""

    code = "cache-refuses"
    exit_status = Exit.INTEGRITY

    def __init__(self, where: str, subject: str, why: str) -> None:
        super().__init__(
            what="the server does not take this",
            where=f"{where}: {subject}",
            why=why,
            fix="verify the path here with `eka-store verify`; sign it if it mentions other paths",
        )
        self.subject = subject
