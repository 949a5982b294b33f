"""What people type to name an atom or a repository; the grammar of atom-spec/uri.md."""

from __future__ import annotations

from eka.atom.aliases import Aliases
from eka.atom.label import Label
from eka.atom.percent import unquote
from eka.atom.source_url import (
    MAX_URI_CHARACTERS,
    SCHEMES,
    InvalidUri,
    SourceUrl,
    host_fault,
    ipv6,
    is_unsafe,
)
from eka.checking import TYPE_CHECKING
from eka.lazy import pattern
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.atom.requirement import Requirement

_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.-]*")
_IN_BRACKETS = pattern(r"\[[^\]/]*\]")
_IPV4 = pattern(r"(?:(?:25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(?:\.(?!$)|$)){4}")
_BRACKETS = pattern(r"\[[0-9A-Za-z:.%]*\]")
_HELPERS = frozenset({"ext", "fd"})  # `ext::…` makes git run a program


@dataclass(frozen=True, slots=True)
class AtomUri:
    """An atom as typed: where its set is (None: here), its label, the versions wanted."""

    source: SourceUrl | None
    label: Label | None
    requirement: Requirement | None


def parse_atom_uri(text: str, aliases: Aliases) -> AtomUri:
    """Return what ``[source::]label[@requirement]`` or a bare source names.

    Raises:
        InvalidUri: it follows no form of the grammar, or git could misunderstand it.
        InvalidLabel: what follows ``::`` is not a label.
        InvalidRequirement: what follows ``@`` is not a requirement.
        UnknownAlias: it starts with an alias nobody defined.
        AliasCycle: an alias leads back to itself.

    Source: atom-spec/uri.md.
    """
    _check(text)
    source, found, atom = _split_atom(text)
    if not found and _names_source(text):
        return AtomUri(_explained(text, aliases), None, None)
    raw_label, at, raw_requirement = atom.partition("@")
    if not raw_label:
        raise InvalidUri(text, "the label is missing")
    if at and not raw_requirement.strip():
        raise InvalidUri(text, "there is no requirement after `@`")
    label = Label.typed(raw_label)
    requirement = _requirement(raw_requirement) if at else None
    return AtomUri(_explained(source, aliases) if source else None, label, requirement)


def _requirement(text: str) -> Requirement:
    from eka.atom.requirement import Requirement as Parsed  # noqa: PLC0415 - many have none

    return Parsed.parse(text)


def parse_source_url(text: str, aliases: Aliases) -> SourceUrl:
    """Return the repository ``text`` names; aliases are expanded, file paths stay as written.

    Raises: as `parse_atom_uri`, and InvalidUri for a text that names an atom.
    """
    _check(text)
    if _split_atom(text)[1]:
        why = "it names an atom, or a helper program of git; expected a repository alone"
        raise InvalidUri(text, why, "leave out `::` and what follows")
    return _explained(text, aliases)


def _explained(text: str, aliases: Aliases) -> SourceUrl:
    """Return the source; an error shows the text as typed, not as expanded."""
    try:
        return _source(text, aliases)
    except InvalidUri as error:
        raise InvalidUri(text, error.why, error.fix) from error


def _check(text: str) -> None:
    if not text.strip():
        raise InvalidUri(text, "it is empty")
    if len(text) > MAX_URI_CHARACTERS:
        raise InvalidUri(text, f"it is longer than {MAX_URI_CHARACTERS} characters")
    if is_unsafe(text):
        raise InvalidUri(text, "it holds control or invisible characters")
    if text != text.strip():
        raise InvalidUri(text, "it starts or ends with a space")


def _split_atom(text: str) -> tuple[str, bool, str]:
    """Split at the rightmost ``::`` that is not part of an IPv6 address."""
    masked = text
    if "[" in text:
        masked = _BRACKETS.sub(lambda match: "x" * len(match[0]), text)
    where = masked.rfind("::")
    if where < 0:
        return "", False, text
    return text[:where], True, text[where + 2 :]


def _names_source(text: str) -> bool:
    """Whether a text without ``::`` is a repository, not a label with its requirement."""
    return "/" in text or ":" in text or "." in text.partition("@")[0]


def _source(text: str, aliases: Aliases) -> SourceUrl:
    if _split_atom(text)[1] or text.lower() in _HELPERS:
        raise InvalidUri(
            text,
            "`::` may stand only before the label; git would take it for a helper program",
            "write a URL that starts with https://, ssh:// or file://, or a path with ./",
        )
    before, found, rest = text.partition("://")
    scheme = before.lower()
    if found and scheme in SCHEMES:
        return _file_url(text, rest) if scheme == "file" else _remote(text, aliases, scheme)
    if found and _SCHEME.fullmatch(before):
        raise InvalidUri(text, f"the scheme {before!r} is not one of {', '.join(SCHEMES)}")
    if text in {".", ".."} or text.startswith(("/", "./", "../")):
        return SourceUrl("file", None, text)
    return _remote(text, aliases, None)


def _file_url(text: str, rest: str) -> SourceUrl:
    path = rest.removeprefix("localhost")
    if not path.startswith("/"):
        raise InvalidUri(text, "a file URL holds an absolute path", "write `file:///the/path`")
    if "?" in path or "#" in path:
        raise InvalidUri(text, "a file URL has neither query nor fragment", "write %3F and %23")
    return SourceUrl("file", None, unquote(path))


@dataclass(frozen=True, slots=True)
class _Parts:
    """A text taken apart: scheme://user:password@ head delimiter tail."""

    text: str
    scheme: str | None
    user: str | None
    password: str | None
    head: str
    delimiter: str
    tail: str

    @property
    def has_prefix(self) -> bool:
        return self.scheme is not None or self.user is not None

    @property
    def port(self) -> str | None:
        """The digits after the host, if a port could stand there."""
        digits = self.tail.partition("/")[0]
        return (
            digits if self.delimiter == ":" and digits.isascii() and digits.isdecimal() else None
        )


def _parts(text: str, scheme: str | None) -> _Parts:
    rest = text.partition("://")[2] if scheme else text
    end = rest.find("/")
    userinfo, at, after = rest[: end if end >= 0 else len(rest)].rpartition("@")
    user, colon, password = userinfo.partition(":")
    whole = after + (rest[end:] if end >= 0 else "")
    head = _head(whole)
    delimiter = (
        whole[len(head) : len(head) + 1] if whole[len(head) :].startswith((":", "/")) else ""
    )
    tail = whole[len(head) + len(delimiter) :]
    return _Parts(
        text, scheme, user if at else None, password if colon else None, head, delimiter, tail
    )


def _head(text: str) -> str:
    """Return what stands before the first ``:`` or ``/``, or the address in brackets it is."""
    if text.startswith("[") and (match := _IN_BRACKETS.match(text)):
        return match[0]
    return text.partition("/")[0].partition(":")[0]


def _remote(text: str, aliases: Aliases, scheme: str | None) -> SourceUrl:
    parts = _parts(text, scheme)
    if parts.delimiter != "/" and parts.head in aliases:
        return _through_alias(parts, aliases)
    if parts.delimiter == ":":
        return _with_colon(parts, aliases)
    if not parts.has_prefix and not _looks_like_host(parts.head):
        return SourceUrl("file", None, text)
    return _url(parts, scheme or ("ssh" if _is_ssh(parts) else "https"), None, parts.tail)


def _is_ssh(parts: _Parts) -> bool:
    return parts.user is not None and parts.password is None


def _with_colon(parts: _Parts, aliases: Aliases) -> SourceUrl:
    """Return the source of a text with ``host:``: a port, or the path of ssh's short form."""
    is_host = "." in parts.head or parts.head.startswith("[")
    if parts.scheme is not None or parts.password is not None:
        if parts.port is None:
            if not is_host and parts.tail:
                raise aliases.unknown(parts.head)
            raise InvalidUri(parts.text, "what follows the host and `:` is not a port")
        path = parts.tail.partition("/")[2]
        return _url(parts, parts.scheme or "https", parts.port, path)
    if parts.port is not None:
        host = f"{parts.user}@{parts.head}" if parts.user else parts.head
        fix = f"write `ssh://{host}:{parts.tail}` (or https://) for a port, "
        fix += f"`ssh://{host}/{parts.tail}` for a directory"
        raise InvalidUri(parts.text, f"`{parts.port}` may be a port or a directory", fix)
    if not is_host and parts.user is None:
        raise aliases.unknown(parts.head)
    if not parts.tail.strip("/"):
        raise InvalidUri(parts.text, "there is no path after `:`")
    return _url(parts, "ssh", None, parts.tail.removeprefix("/"))


def _through_alias(parts: _Parts, aliases: Aliases) -> SourceUrl:
    expanded = aliases.expand(parts.head, parts.tail)
    if parts.has_prefix:
        inner = _parts(expanded, None)
        if "://" in expanded or inner.user is not None or expanded.startswith(("/", ".")):
            why = f"the alias `{parts.head}` says scheme, user or path itself"
            raise InvalidUri(parts.text, why, "leave out what stands before the alias")
        prefix = parts.text[: len(parts.text) - len(parts.head + parts.delimiter + parts.tail)]
        expanded = prefix + expanded
    return _source(expanded, Aliases({}))


def _looks_like_host(head: str) -> bool:
    """Whether the first part of a text without scheme and user is a host, not a directory."""
    if head.lower() == "localhost" or _IPV4.fullmatch(head) or head.startswith("["):
        return True
    last = head.rpartition(".")[2].lower()
    if "." not in head or last == "git" or last.isdecimal():
        return False  # `repo.git` is how bare repositories are called
    return not host_fault(head.lower())


def _url(parts: _Parts, scheme: str, port: str | None, path: str) -> SourceUrl:
    head = parts.head
    if head.startswith("["):
        address = ipv6(head[1:-1])
        if address is None:
            raise InvalidUri(parts.text, "what stands in brackets is not an IPv6 address")
        head = address
    number = None if port is None else int(port[:6])
    return SourceUrl(scheme, head.lower(), f"/{path}", parts.user, parts.password, number)
