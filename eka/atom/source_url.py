"""The address of a repository: one value, valid if it exists, safe to hand to git."""

from __future__ import annotations

import posixpath
from functools import lru_cache, total_ordering

from eka.atom.percent import is_plain, quote, unquote
from eka.errors import EkaError, Exit
from eka.lazy import pattern
from eka.values import dataclass

SCHEMES = ("https", "http", "ssh", "git", "file")
MAX_URI_CHARACTERS = 4096
MAX_HOST_CHARACTERS = 253
MAX_PORT = 65535
_SHOWN_CHARACTERS = 200
_SAFE_IN_USERINFO = "%!$&'()*+,;=~._-"
_SAFE_IN_FILE_PATH = "/!$&'()*+,;=@~._-"

# Control characters of C0 and C1, and what reorders or hides text (bidi, zero width, tags).
UNSAFE = pattern(
    r"[\x00-\x1f\x7f-\x9f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ud800-\udfff\U000e0000-\U000e007f]"
)
_HOST_LETTERS = b"abcdefghijklmnopqrstuvwxyz0123456789-"
_FORBIDDEN_IN_PATH = pattern(r"[\s?#]")
_FORBIDDEN_IN_PLAIN_PATH = pattern(r"\\|::")
_USER = pattern(r"[A-Za-z0-9_%][A-Za-z0-9_.+~%-]*")


class InvalidUri(EkaError):
    """A text that names neither a repository nor an atom in one."""

    code = "invalid-uri"
    exit_status = Exit.USAGE

    def __init__(self, raw: str, why: str, fix: str = "") -> None:
        super().__init__(
            what="this is not a valid address",
            where=repr(without_password(raw)),
            why=why,
            fix=fix or "write for example `gh:owner/repo::label@^1` or `https://host/path::label`",
        )
        self.raw = without_password(raw)


def is_unsafe(text: str) -> bool:
    """Return whether ``text`` holds what `UNSAFE` finds."""
    # Nearly all text is plain, and the pattern takes long to compile.
    is_plain = text.isascii() and text.isprintable()
    return not is_plain and UNSAFE.search(text) is not None


def without_password(text: str) -> str:
    """Return the start of ``text`` for messages; what may be a password or token is left out."""
    shown = text[:_SHOWN_CHARACTERS]
    scheme, found, rest = shown.partition("://")
    authority, slash, path = (rest if found else shown).partition("/")
    userinfo, at, host = authority.rpartition("@")
    if at and (":" in userinfo or scheme.lower() in {"http", "https"}):
        authority = f"…@{host}"
    return f"{scheme if found else ''}{found}{authority}{slash}{path}"


@total_ordering
@dataclass(frozen=True, slots=True, repr=False)
class SourceUrl:
    """Where a repository is; remote paths start with ``/``, file paths stay as written.

    Source: atom-spec/uri.md; vectors in fixtures/uri.
    """

    scheme: str
    host: str | None
    path: str
    user: str | None = None
    password: str | None = None
    port: int | None = None

    def __post_init__(self) -> None:
        why = self._file_fault() if self.scheme == "file" else self._remote_fault()
        if why:
            raise InvalidUri(self._assembled(secret=False), why)

    @property
    def is_local(self) -> bool:
        """Whether it is a path on this machine."""
        return self.scheme == "file"

    @property
    def has_credentials(self) -> bool:
        """Whether it says more about the user than may be written down."""
        return self.password is not None or (self.user is not None and self.scheme != "ssh")

    @property
    def text(self) -> str:
        """The full URL for git, with user and password; never to be written or shown."""
        return self._assembled(secret=True)

    @property
    def public(self) -> str:
        """The URL without credentials (ssh keeps its user): the only form written or shown."""
        return self._assembled(secret=False)

    def absolute(self, base_dir: str) -> SourceUrl:
        """Return it with a relative file path resolved against ``base_dir``, by text alone."""
        if not self.is_local:
            return self
        path = posixpath.normpath(posixpath.join(base_dir, self.path))
        return SourceUrl("file", None, path)

    def __repr__(self) -> str:
        # A repr lands in logs and tracebacks: even the user may be a token.
        return f"SourceUrl({self.public!r})"

    def __lt__(self, other: object) -> bool:
        if not isinstance(other, SourceUrl):
            return NotImplemented
        return self._key() < other._key()

    def _key(self) -> tuple[str, str, str, str, str, int]:
        user, password = self.user or "", self.password or ""
        return (self.scheme, self.host or "", self.path, user, password, self.port or 0)

    def _assembled(self, *, secret: bool) -> str:
        if self.scheme == "file":
            if self.path.startswith("/"):
                return _file_url(self.path)
            return self.path if self.path.startswith(".") else f"./{self.path}"
        user = self.user if secret or self.scheme == "ssh" else None
        userinfo = "" if user is None else quote(user, safe=_SAFE_IN_USERINFO)
        if secret and self.password is not None:
            userinfo += ":" + quote(self.password, safe=_SAFE_IN_USERINFO)
        host = f"[{self.host}]" if self.host and ":" in self.host else self.host or ""
        port = "" if self.port is None else f":{self.port}"
        return f"{self.scheme}://{userinfo}{'@' if userinfo else ''}{host}{port}{self.path}"

    def _file_fault(self) -> str:
        if (self.host, self.user, self.password, self.port) != (None, None, None, None):
            return "a file address has neither host nor user nor port"
        if not self.path:
            return "the path is empty"
        if self.path.startswith("~"):
            return "`~` is the shell's business: write the whole path"
        return _text_fault(self.path) or _option_fault(self.path, "path")

    def _remote_fault(self) -> str:
        if self.scheme not in SCHEMES:
            return f"the scheme is not one of {', '.join(SCHEMES)}"
        if self.port is not None and not 1 <= self.port <= MAX_PORT:
            return f"the port is not within 1..{MAX_PORT}"
        return host_fault(self.host or "") or self._user_fault() or _path_fault(self.path)

    def _user_fault(self) -> str:
        if self.user is None:
            return "" if self.password is None else "there is a password without a user"
        if self.scheme == "git":
            return "the git protocol knows no users"
        if _option_fault(unquote(self.user), "user") or _USER.fullmatch(self.user) is None:
            return (
                "the user name may hold only letters, digits and `_.+~-` (percent-encode others)"
            )
        if self.password is None:
            return ""
        if self.scheme == "ssh":
            return "ssh takes no password from an address"
        return _text_fault(self.password) or ("" if self.password else "the password is empty")


@lru_cache(maxsize=128)  # of each of ten thousand labels it may be said where it was listed
def _file_url(path: str) -> str:
    return "file://" + quote(path, safe=_SAFE_IN_FILE_PATH, errors="replace")


def host_fault(host: str) -> str:
    """Say why ``host`` is not a host name or IP address; empty when it is one."""
    if not host:
        return "the host is missing"
    if host.startswith("-"):
        return "the host starts with `-`, which git could take for an option"
    if ":" in host:
        return "" if ipv6(host) == host else "the host is not an IPv6 address"
    if not host.isascii():
        return "the host is not ASCII: write its `xn--` form"
    if len(host) > MAX_HOST_CHARACTERS or not all(map(_is_host_part, host.split("."))):
        return "the host is not a host name in lower case"
    return ""


def _is_host_part(text: str) -> bool:
    """Whether ASCII ``text`` may stand between two dots of a host."""
    is_framed = text != "" and text[0] != "-" != text[-1]
    return is_framed and not text.encode().translate(None, _HOST_LETTERS)


def ipv6(text: str) -> str | None:
    """Return the canonical form of an IPv6 address, or None; zones are refused."""
    from ipaddress import AddressValueError, IPv6Address  # noqa: PLC0415 - rarely needed

    try:
        address = IPv6Address(text)
    except AddressValueError:
        return None
    # Pythons disagree on how to write an IPv4 address in IPv6 clothes; a zone is local.
    return None if "%" in text or address.ipv4_mapped else str(address)


def _text_fault(text: str) -> str:
    if len(text) > MAX_URI_CHARACTERS:
        return f"it is longer than {MAX_URI_CHARACTERS} characters"
    if is_unsafe(text) or is_unsafe(unquote(text)):
        return "it holds control or invisible characters"
    return ""


def _option_fault(text: str, part: str) -> str:
    if text.lstrip("/").startswith("-"):
        return f"the {part} starts with `-`, which git could take for an option"
    return ""


def _path_fault(path: str) -> str:
    if not path.startswith("/"):
        return "the path does not start with `/`"
    if fault := _text_fault(path):
        return fault
    plain = unquote(path)
    # Nearly all paths are plain, and the patterns take long to compile.
    if not is_plain(path, "/") and (
        match := _FORBIDDEN_IN_PATH.search(path) or _FORBIDDEN_IN_PLAIN_PATH.search(plain)
    ):
        # A query would reach the server as part of a file name, and tokens like to hide there.
        return f"the path holds {match[0]!r}"
    if any(part in {".", ".."} for part in plain.split("/")):
        return "the path holds `.` or `..`"
    return _option_fault(plain, "path")
