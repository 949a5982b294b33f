"""What can go wrong between eka and a source, and how git's messages are told apart."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.safe import safe_line, safe_text
from eka.lazy import pattern

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from eka.atom import ObjectId, SourceUrl

_SHOWN_IDS = 3


class SourceNotFound(EkaError):
    """There is no git repository at an address."""

    code = "source-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, url: SourceUrl, why: str) -> None:
        super().__init__(
            what="there is no git repository here",
            where=url.public,
            why=why,
            # git reads `host:path` from the home directory, eka from / (uri.md [uri-short-ssh]).
            fix="check the spelling; below the home directory a path is written `host:~/path`"
            if url.scheme == "ssh" and not url.path.startswith("/~")
            else "check the spelling; a private repository looks absent to strangers",
        )
        self.url = url.public


class NetworkFailed(EkaError):
    """A source could not be reached, or the connection broke."""

    code = "network-failed"
    exit_status = Exit.NETWORK

    def __init__(self, url: SourceUrl, why: str, *, what: str = "", fix: str = "") -> None:
        super().__init__(
            what=what or "the source cannot be reached",
            where=url.public,
            why=why,
            fix=fix or "check the network and try again; `--offline` uses what is already here",
        )
        self.url = url.public


class AccessDenied(EkaError):
    """A source wants credentials that it did not get."""

    code = "access-denied"
    exit_status = Exit.NETWORK

    def __init__(self, url: SourceUrl, why: str, *, what: str = "", fix: str = "") -> None:
        super().__init__(
            what=what or "the source refuses access",
            where=url.public,
            why=why,
            fix=fix
            or f"make `git ls-remote {url.public}` work: eka uses git's and ssh's credentials",
        )
        self.url = url.public


class SourceBusy(NetworkFailed):
    """A server answers, but does no work now: too many requests, or out of service."""

    code = "source-busy"

    def __init__(self, url: SourceUrl, why: str) -> None:
        super().__init__(
            url,
            why,
            what="the server has no time for this request",
            fix="wait a few minutes and try again; `--offline` uses what is already here",
        )


class ProxyRefused(AccessDenied):
    """The proxy on the way to a source wants credentials that it did not get."""

    code = "proxy-refused"

    def __init__(self, url: SourceUrl, why: str) -> None:
        super().__init__(
            url,
            why,
            what="the proxy does not let this request pass",
            fix="name its user and password where it is named: git's `http.proxy`, https_proxy",
        )


class ServerNotTrusted(EkaError):
    """A server shows a certificate that nobody whom this machine trusts has signed."""

    code = "server-not-trusted"
    exit_status = Exit.NETWORK

    def __init__(self, url: SourceUrl, why: str) -> None:
        super().__init__(
            what="the server's certificate is not trusted",
            where=url.public,
            why=why,
            fix="if an authority of your own signed it: `git config --global http.sslCAInfo FILE`",
        )
        self.url = url.public


class UnsafeOwnership(EkaError):
    """A local repository belongs to another user; git would run what its configuration says."""

    code = "unsafe-ownership"
    exit_status = Exit.FAILED

    def __init__(self, url: SourceUrl, path: str) -> None:
        super().__init__(
            what="the repository belongs to another user",
            where=url.public,
            why="its configuration could make git run programs of that user's choice",
            fix=f"if you trust it: `git config --global --add safe.directory {path}`",
        )
        self.url, self.path = url.public, path


class ObjectsUnavailable(EkaError):
    """A source does not give objects that a ref or a lockfile names."""

    code = "objects-unavailable"
    exit_status = Exit.NOT_FOUND

    def __init__(self, url: SourceUrl, oids: Sequence[ObjectId], why: str) -> None:
        shown = ", ".join(oid.hex for oid in oids[:_SHOWN_IDS])
        more = f" and {len(oids) - _SHOWN_IDS} more" if len(oids) > _SHOWN_IDS else ""
        super().__init__(
            what=f"the source does not have {shown}{more}",
            where=url.public,
            why=why,
            fix="the version may be withdrawn: try a mirror of the set, or `eka update`",
        )
        self.url = url.public
        self.oids = tuple(oids)


class RefusedObjects(EkaError):
    """A source sent objects that git's own checks refuse."""

    code = "refused-objects"
    exit_status = Exit.INTEGRITY

    def __init__(self, url: SourceUrl, why: str) -> None:
        super().__init__(
            what="the source sent objects that are not sound",
            where=url.public,
            why=why,
            fix="do not use it; ask the owner to check the repository with `git fsck --strict`",
        )
        self.url = url.public


_OWNERSHIP = pattern(r"detected dubious ownership in repository at '([^']*)'")
_UNAVAILABLE = pattern(
    r"not our ref|unadvertised object|does not (?:point|exist)|couldn't find remote ref"
    r"|did not send all necessary objects|remote did not send"
)
_REFUSED = pattern(
    r"(?i)fsck error|hasDotgit|hasDotdot|error: object [0-9a-f]+: \w+|sha1 collision|"
    r"inflate returned|pack (?:is corrupted|has bad object|signature mismatch)|"
    r"index-pack failed|invalid index-pack output|unresolved deltas?"
)
_DENIED = pattern(
    r"(?i)could not read (?:Username|Password)|Authentication failed|Permission denied|"
    r"HTTP (?:401|403)|returned error: 40[13]|Host key verification failed|invalid credentials"
)
# Of GnuTLS and of OpenSSL, whichever git was built with.
_UNTRUSTED = pattern(
    r"(?i)certificate verif|SSL certificate problem|certificate subject name|"
    r"certificate has expired|certificate is not|does not match target host"
)
_PROXY = pattern(r"returned error: 407|response 407|HTTP code 407 from proxy|HTTP 407")
_BUSY = pattern(r"(?:returned error:|HTTP) (?:429|503)\b")
_ABSENT = pattern(
    r"(?i)repository '[^']*' not found|not appear to be a git repository|not a git repository|"
    r"No such file or directory|Repository not found|returned error: 404|"
    r"repository not exported|project not found|does not exist|info/refs not valid"
)
_KINDS: tuple[tuple[re.Pattern[str], Callable[[SourceUrl, str], EkaError]], ...] = (
    (_UNTRUSTED, ServerNotTrusted),
    (_PROXY, ProxyRefused),
    (_BUSY, SourceBusy),
    (_DENIED, AccessDenied),
    (_ABSENT, SourceNotFound),
)
_REDIRECTED = pattern(r"(?m)^warning: redirecting to (\S+)")
_PROGRESS = pattern(
    r"(?m)^(?:remote: )?(?:Enumerating|Counting|Compressing|Receiving|Resolving|Total) .*$"
)


def source_failure(url: SourceUrl, stderr: bytes, why: str = "") -> EkaError:
    """Return the error that git's complaint about a source means.

    Args:
        url: The source.
        stderr: What git (run with ``LC_ALL=C``) wrote.
        why: What is known besides; shown when git said nothing.
    """
    text = _PROGRESS.sub("", safe_text(stderr, limit=8000))
    said = safe_line(text) or why or "it closed the connection without a word"
    if found := _OWNERSHIP.search(text):
        return UnsafeOwnership(url, found[1])
    for form, kind in _KINDS:
        if form.search(text):
            return kind(url, said)
    return NetworkFailed(url, said)


def redirected(stderr: bytes) -> str:
    """Return where git says it was sent, made safe; empty when it was not."""
    if b"redirecting" not in stderr:
        return ""  # nearly always, and the patterns take long to compile
    found = _REDIRECTED.search(safe_text(stderr, limit=8000))
    return safe_line(found[1]) if found else ""


def fetch_failure(url: SourceUrl, oids: Sequence[ObjectId], stderr: bytes) -> EkaError:
    """Return the error that git's complaint about a fetch of ``oids`` means."""
    text = _PROGRESS.sub("", safe_text(stderr, limit=8000))
    if _UNAVAILABLE.search(text):
        named = [oid for oid in oids if oid.hex in text]
        return ObjectsUnavailable(url, named or oids, safe_line(text))
    if _REFUSED.search(text):
        return RefusedObjects(url, safe_line(text))
    return source_failure(url, stderr)


class ObjectMissing(EkaError):
    """An object is not in the local repository."""

    code = "object-missing"
    exit_status = Exit.NOT_FOUND

    def __init__(self, oid: ObjectId, git_dir: str) -> None:
        super().__init__(
            what=f"object {oid.hex} is not here",
            where=git_dir,
            why="it was never fetched, or something removed it",
            fix="fetch it again: run the command without `--offline`",
        )
        self.oid = oid


class ObjectDamaged(EkaError):
    """An object of the local repository cannot be read, or is not what its id says."""

    code = "object-damaged"
    exit_status = Exit.INTEGRITY

    def __init__(self, oid: ObjectId, git_dir: str, why: str) -> None:
        super().__init__(
            what=f"object {oid.hex} is damaged",
            where=git_dir,
            why=why,
            fix="if this is eka's cache, remove that directory: everything in it is fetched again",
        )
        self.oid = oid


class UnexpectedObject(EkaError):
    """An object is of another kind, or larger, than what refers to it may refer to."""

    code = "unexpected-object"
    exit_status = Exit.INTEGRITY

    def __init__(self, oid: ObjectId, *, expected: str, found: str) -> None:
        super().__init__(
            what="an object is not what it should be",
            where=oid.hex,
            why=f"expected {expected}, found {found}",
            fix="do not use it; ask the owner of the set to publish the version again",
        )
        self.oid, self.expected, self.found = oid, expected, found


class UnsupportedObjectFormat(EkaError):
    """A repository whose objects are named by SHA-256, which eka cannot read yet."""

    code = "unsupported-object-format"
    exit_status = Exit.FAILED

    def __init__(self, where: str) -> None:
        super().__init__(
            what="this repository names its objects by SHA-256",
            where=where,
            why="the library that reads objects knows SHA-1 repositories only",
            fix="publish the set from a SHA-1 repository (`git init --object-format=sha1`)",
        )


class CacheUnusable(EkaError):
    """A repository of eka's own can neither be used nor be made anew."""

    code = "cache-unusable"
    exit_status = Exit.FAILED

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            what="the object cache cannot be used",
            where=str(path),
            why=why,
            fix="make room, or the directory writable; what is in it can be fetched again",
        )
