"""What can go wrong while a direct source is pinned."""

from __future__ import annotations

from eka.errors import EkaError, Exit


class DirectSourceNotFound(EkaError):
    """The archive, or the web, does not have what the manifest names."""

    code = "direct-source-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, source: str, why: str) -> None:
        super().__init__(
            what=f"direct source {source} was not found",
            why=why,
            fix="check what atom.toml says of it: name, version, address, suite",
        )
        self.source = source


class ArchiveUnavailable(EkaError):
    """The Debian archive's metadata could not be read or is not trusted."""

    code = "archive-unavailable"
    exit_status = Exit.NETWORK

    def __init__(self, mirror: str, why: str) -> None:
        super().__init__(
            what="the package archive could not be read",
            where=mirror,
            why=why,
            fix="check the network and the [deb] settings, then try again",
        )
        self.mirror = mirror


class AptMissing(EkaError):
    """Pinning a ``deb`` source needs apt; consuming an atom that pins one does not."""

    code = "apt-missing"
    exit_status = Exit.FAILED

    def __init__(self, program: str) -> None:
        super().__init__(
            what="pinning a deb source needs apt",
            why=f"the program {program} is not on this machine",
            fix="run eka lock on Debian or a relative; building from the lock works anywhere",
        )


class UnsupportedSystem(EkaError):
    """A system that the archive has no packages for."""

    code = "unsupported-system"
    exit_status = Exit.USAGE

    def __init__(self, system: str, known: tuple[str, ...]) -> None:
        super().__init__(
            what=f"there is no Debian architecture for the system {system}",
            fix=f"use one of {', '.join(known)}",
        )


class UrlUnavailable(EkaError):
    """A URL source could not be downloaded to learn its size and hash."""

    code = "url-unavailable"
    exit_status = Exit.NETWORK

    def __init__(self, url: str, why: str) -> None:
        super().__init__(
            what="a url source could not be downloaded",
            where=url,
            why=why,
            fix="check the address in atom.toml and the network, then try again",
        )


class UrlHashMismatch(EkaError):
    """The manifest declares a hash and the server sends other bytes."""

    code = "url-hash-mismatch"
    exit_status = Exit.INTEGRITY

    def __init__(self, url: str, *, expected: str, found: str) -> None:
        super().__init__(
            what="a url source is not what the manifest declares",
            where=url,
            why=f"expected sha256 {expected}, found {found}",
            fix="do not use it before you know why the file changed",
        )
        self.expected, self.found = expected, found


class NpmAnswerUnusable(EkaError):
    """The npm registry answered with something that no pin can be made of."""

    code = "npm-answer-unusable"
    exit_status = Exit.INTEGRITY

    def __init__(self, place: str, why: str) -> None:
        super().__init__(
            what="what the npm registry says of a package cannot be used",
            where=place,
            why=why,
            fix="check the setting npm.registry, or ask for another version",
        )


class NpmMismatch(EkaError):
    """The archive of an npm package is not what the registry says."""

    code = "npm-mismatch"
    exit_status = Exit.INTEGRITY

    def __init__(self, url: str, *, expected: str, found: str) -> None:
        super().__init__(
            what="the archive of an npm package is not what the registry says",
            where=url,
            why=f"expected {expected}, found {found}",
            fix="do not use it before you know which of the two is wrong",
        )
        self.expected, self.found = expected, found
