"""Short names of hosts and repositories: ``gh:owner/repo`` is ``github.com/owner/repo``."""

from __future__ import annotations

from types import MappingProxyType

from eka.atom.source_url import MAX_URI_CHARACTERS, InvalidUri, is_unsafe
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.lazy import pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MAX_ALIAS_CHARACTERS = 128
_HEAD = pattern(r"(?s)([^:/]*)(?::|$)(.*)")

BUILT_IN: Mapping[str, str] = MappingProxyType(
    {
        "bb": "bitbucket.org",
        "cb": "codeberg.org",
        "ekl": "gh:ekala-project",
        "gh": "github.com",
        "gl": "gitlab.com",
        "nxs": "gh:nixos",
        "pkgs": "nxs:nixpkgs",
        "sh": "git.sr.ht",
    }
)


class UnknownAlias(EkaError):
    """An address starts with a short name nobody defined."""

    code = "unknown-alias"
    exit_status = Exit.USAGE

    def __init__(self, name: str, known: Iterable[str]) -> None:
        from eka.atom.suggestion import nearest  # noqa: PLC0415 - only this error needs it

        suggestion = nearest(name, known)
        guess = f"did you mean `{suggestion}`? " if suggestion else ""
        super().__init__(
            what=f"there is no alias {name[:MAX_ALIAS_CHARACTERS]!r}",
            why="the text before `:` is neither an alias nor a host",
            fix=f"{guess}define the alias in your configuration, write the whole URL, or start a "
            "path with `./`",
        )
        self.name, self.suggestion = name, suggestion


class AliasCycle(EkaError):
    """Aliases that are defined by one another."""

    code = "alias-cycle"
    exit_status = Exit.USAGE

    def __init__(self, chain: tuple[str, ...]) -> None:
        super().__init__(
            what="this alias leads back to itself",
            where=" -> ".join(chain),
            fix="let one of them name a host",
        )
        self.chain = chain


class InvalidAlias(EkaError):
    """An alias whose name or value cannot be one."""

    code = "invalid-alias"
    exit_status = Exit.USAGE

    def __init__(self, name: str, why: str) -> None:
        super().__init__(
            what="this alias cannot be used",
            where=repr(name[:MAX_ALIAS_CHARACTERS]),
            why=why,
            fix='write it as `name = "host"`, `"host/path"`, `"other-alias:path"` or a URL',
        )
        self.name = name


class AliasShadowed(EkaError):
    """A project's alias takes a name that is built in or that the user defined."""

    code = "alias-shadowed"
    exit_status = Exit.CONFLICT

    def __init__(self, name: str, *, ours: str, theirs: str) -> None:
        super().__init__(
            what=f"the project redefines the alias {name!r}",
            where=f"{name} = {theirs!r}",
            why=f"it already means {ours!r}; a project may not change where a known name leads",
            fix="rename the project's alias",
        )
        self.name = name


class Aliases:
    """A set of aliases; values may start with another alias."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, str] = BUILT_IN) -> None:
        for name, value in values.items():
            if why := _fault(name, value):
                raise InvalidAlias(name, why)
        self._values = dict(values)

    @classmethod
    def layered(
        cls,
        built_in: Mapping[str, str],
        user: Mapping[str, str],
        project: Mapping[str, str],
    ) -> Aliases:
        """Return the aliases of all three; the user's win, the project's may only add names.

        Raises:
            AliasShadowed: the project gives another meaning to a name of the others.
        """
        trusted = {**built_in, **user}
        for name, value in project.items():
            if trusted.get(name, value) != value:
                raise AliasShadowed(name, ours=trusted[name], theirs=value)
        return cls({**project, **trusted})

    def __contains__(self, name: object) -> bool:
        return name in self._values

    def items(self) -> tuple[tuple[str, str], ...]:
        """Return names and values, in order of the names."""
        return tuple(sorted(self._values.items()))

    def unknown(self, name: str) -> UnknownAlias:
        """Return the error for ``name``, with the nearest known name."""
        return UnknownAlias(name, self._values)

    def expand(self, name: str, rest: str = "") -> str:
        """Return what ``name:rest`` stands for, with no alias left in it.

        Raises:
            UnknownAlias: ``name`` is not defined.
            AliasCycle: the definitions lead back to themselves.
            InvalidUri: the result is too long.
        """
        chain: list[str] = []
        parts = [rest] if rest else []
        head: str | None = name
        while head is not None:
            if head in chain:
                raise AliasCycle((*chain, head))
            if head not in self._values:
                raise self.unknown(head)
            chain.append(head)
            head, base = self._split(self._values[head])
            if base:
                parts.append(base.rstrip("/"))
        text = "/".join(reversed(parts))
        if len(text) > MAX_URI_CHARACTERS:
            raise InvalidUri(text, f"it is longer than {MAX_URI_CHARACTERS} characters")
        return text

    def _split(self, value: str) -> tuple[str | None, str]:
        """Return the alias a value starts with, if any, and the remaining text."""
        match = _HEAD.fullmatch(value)
        if match is None or "." in match[1] or "@" in match[1] or value.startswith("["):
            return None, value
        head, tail = match[1], match[2]
        is_scheme_or_port = tail.startswith("//") or tail.partition("/")[0].isdecimal()
        if head in self._values or (":" in value and not is_scheme_or_port):
            return head, tail
        return None, value


def _is_name(text: str) -> bool:
    return (
        text.isascii() and text[:1].isalpha() and text.replace("-", "").replace("_", "").isalnum()
    )


def _fault(name: str, value: str) -> str:
    if len(name) > MAX_ALIAS_CHARACTERS or not _is_name(name):
        return "a name starts with a letter and goes on with letters, digits, `_` or `-`"
    if not value.strip("/") or len(value) > MAX_URI_CHARACTERS:
        return f"its value is empty or longer than {MAX_URI_CHARACTERS} characters"
    if is_unsafe(value):
        return "its value holds control or invisible characters"
    if value.startswith("-"):
        return "its value starts with `-`, which git could take for an option"
    if "::" in value.replace("[::", "["):
        return "its value holds `::`: git would start a helper program"
    return ""
