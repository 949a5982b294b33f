"""Which commit a name or a requirement leads to, among the refs that a source lists; pure.

Source: atom-spec/direct.md [git-resolve].
"""

from __future__ import annotations

import re
from difflib import get_close_matches

from eka.atom import InvalidVersion, Version
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.safe import safe_line
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import GitSource, ObjectId
    from eka.git.transport import ListedRefs

BRANCHES = "refs/heads/"
TAGS = "refs/tags/"
_SHOWN_NAMES = 5
_NUMBERS = re.compile(r"v?([0-9]+(?:\.[0-9]+){0,2})(-[0-9A-Za-z.-]+)?", re.ASCII)
_PARTS = 3


class RefMissing(EkaError):
    """A repository has no branch or tag of this name, or no tag that fits."""

    code = "ref-missing"
    exit_status = Exit.NOT_FOUND

    def __init__(self, source: GitSource, known: Sequence[str], why: str = "") -> None:
        listed = ", ".join(safe_line(name) for name in known[:_SHOWN_NAMES])
        super().__init__(
            what=f"the repository has no {source.wanted} for {source.name.text}",
            where=source.url,
            why=why,
            fix=f"it has for example {listed}" if listed else "check the address and the name",
        )
        self.source, self.known = source, tuple(known)


class TagsDisagree(EkaError):
    """Two tags of one version lead to different commits."""

    code = "tags-disagree"
    exit_status = Exit.CONFLICT

    def __init__(self, source: GitSource, version: str, tags: Sequence[str]) -> None:
        super().__init__(
            what=f"two tags of version {version} lead to different commits",
            where=source.url,
            why=" and ".join(safe_line(tag) for tag in tags),
            fix="name one of them with `tag`, or give a `tag_prefix`",
        )
        self.tags = tuple(tags)


@dataclass(frozen=True, slots=True)
class NamedCommit:
    """A commit, and the ref that led to it."""

    ref: str
    rev: ObjectId
    version: Version | None = None
    """What the tag says it is, where one was chosen by version."""


def wanted_prefixes(source: GitSource) -> tuple[str, ...]:
    """Return the beginnings of the refs that must be listed to find the commit of a source."""
    if source.version is not None:
        return (f"{TAGS}{source.tag_prefix}",)
    return (f"{TAGS}{source.tag}" if source.tag else f"{BRANCHES}{source.branch}",)


def named_commit(source: GitSource, listed: ListedRefs) -> NamedCommit:
    """Return the commit that a source means.

    Raises:
        RefMissing: nothing that is listed fits.
        TagsDisagree: two tags of the best version lead to different commits.
    """
    if source.version is not None:
        return _by_version(source, listed)
    (name,) = wanted_prefixes(source)
    if name not in listed.refs:
        short = [ref.split("/", 2)[2] for ref in sorted(listed.refs) if ref.count("/") > 1]
        raise RefMissing(source, get_close_matches(source.tag or source.branch, short) or short)
    return NamedCommit(name, _peeled(listed, name))


def tag_version(tag: str) -> tuple[Version, bool] | None:
    """Return the version that a tag (without its prefix) is of, and whether it says all of it."""
    match = _NUMBERS.fullmatch(tag)
    if match is None:
        return None
    numbers = match[1].split(".")
    missing = _PARTS - len(numbers)
    try:
        version = Version.parse(".".join(numbers + ["0"] * missing) + (match[2] or ""))
    except InvalidVersion:
        return None
    return version, missing == 0


def _by_version(source: GitSource, listed: ListedRefs) -> NamedCommit:
    requirement, start = source.version, f"{TAGS}{source.tag_prefix}"
    found: dict[Version, dict[str, bool]] = {}
    for name in listed.refs:
        read = tag_version(name[len(start) :]) if name.startswith(start) else None
        if read is not None:
            found.setdefault(read[0], {})[name] = read[1]
    fitting = [each for each in found if requirement is not None and requirement.matches(each)]
    if not fitting:
        newest = sorted(found, reverse=True)
        why = "no tag is named after a version" if not found else "no version among its tags fits"
        raise RefMissing(source, [each.text for each in newest], why)
    best = max(fitting)
    return NamedCommit(*_one_of(source, listed, best, found[best]), best)


def _one_of(
    source: GitSource, listed: ListedRefs, version: Version, names: Mapping[str, bool]
) -> tuple[str, ObjectId]:
    exact = sorted(name for name, is_exact in names.items() if is_exact) or sorted(names)
    commits = {_peeled(listed, name) for name in exact}
    if len(commits) > 1:
        tags = [name.removeprefix(TAGS) for name in exact]
        raise TagsDisagree(source, version.text, tags)
    return exact[0], commits.pop()


def _peeled(listed: ListedRefs, name: str) -> ObjectId:
    return listed.peeled.get(name, listed.refs[name])
