"""Versions by label, out of listed refs: each label's are made when somebody asks for them.

Listing a set of ten thousand labels must not cost more than what is looked at: names are put in
order once, which finds where the names of a label begin and end.

Source: atom-spec/transport.md [version-layouts].
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from eka.atom import InvalidLabel, Label, ObjectId, Version
from eka.checking import TYPE_CHECKING
from eka.git.ref_table import RefTable, id_of
from eka.git.refs import RefLayout, listed_version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


_BEHIND_SLASH = "0"  # the character that follows `/`
_FEW = 16  # names of one label: so many are looked through before halving begins


class Commits(Mapping[Version, ObjectId]):
    """The commits of one label's versions; what is looked up is put together when it is."""

    __slots__ = ("_by_version", "_heads", "_versions")

    def __init__(self, versions: Sequence[Version], heads: Sequence[str]) -> None:
        """Take versions, each once, and what `id_of` takes for each of them."""
        self._versions = versions
        self._heads = heads
        self._by_version: dict[Version, str] | None = None

    def _found(self) -> dict[Version, str]:
        if self._by_version is None:
            self._by_version = dict(zip(self._versions, self._heads, strict=True))
        return self._by_version

    def __getitem__(self, version: Version) -> ObjectId:
        return id_of(self._found()[version])

    def __contains__(self, version: object) -> bool:
        return version in self._found()

    def __iter__(self) -> Iterator[Version]:
        return iter(self._versions)

    def __len__(self) -> int:
        return len(self._versions)

    def __repr__(self) -> str:
        return f"Commits({dict(self)!r})"

    def __or__(self, others: Commits) -> Commits:
        """Return these and others; where both have a version, that of the others."""
        both = self._found() | others._found()
        return Commits(list(both), list(both.values()))


class ListedVersions(Mapping[Label, Mapping[Version, ObjectId]]):
    """The versions of every label, wherever their refs lie; labels without any do not appear."""

    def __init__(self, table: RefTable) -> None:
        self._names, self._heads = table.in_order()
        self._spans = _spans(self._names, RefLayout.CURRENT.prefix)
        self._known: dict[str, Commits] = {}
        self.layouts: dict[tuple[Label, Version], RefLayout] = {}
        for text, span in _spans(self._names, RefLayout.EKA.prefix).items():
            self._add_older(text, self._read(text, span, RefLayout.EKA))

    def _add_older(self, text: str, older: Commits) -> None:
        """Add versions of an older layout; where both have one, the current layout wins."""
        label = _label(text)
        if label is None or not older:
            return
        current = self._read(text, self._spans.get(text, (0, 0)), RefLayout.CURRENT)
        self.layouts |= {
            (label, version): RefLayout.EKA for version in older if version not in current
        }
        self._known[text] = older | current
        self._spans.setdefault(text, (0, 0))

    def _read(self, text: str, span: tuple[int, int], layout: RefLayout) -> Commits:
        start, here = len(layout.prefix) + len(text) + len("/"), slice(*span)
        versions = [listed_version(name[start:]) for name in self._names[here]]
        heads = self._heads[here]
        listed = [version for version in versions if version is not None]
        if len(listed) < len(versions):
            heads = [h for h, version in zip(heads, versions, strict=True) if version is not None]
        return Commits(listed, heads)

    def _has_versions(self, text: str) -> bool:
        if text in self._known:
            return bool(self._known[text])
        start = len(RefLayout.CURRENT.prefix) + len(text) + len("/")
        names = (self._names[at] for at in range(*self._spans[text]))
        return any(listed_version(name[start:]) is not None for name in names)

    def __getitem__(self, label: Label) -> Mapping[Version, ObjectId]:
        text = label.text
        if text not in self._known:
            self._known[text] = self._read(text, self._spans[text], RefLayout.CURRENT)
        if not self._known[text]:
            raise KeyError(label)
        return self._known[text]

    def __iter__(self) -> Iterator[Label]:
        for text in self._spans:
            label = _label(text)
            if label is not None and self._has_versions(text):
                yield label

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _spans(names: Sequence[str], prefix: str) -> dict[str, tuple[int, int]]:
    """Return where the names of each label below ``prefix`` begin and end; ``names`` in order."""
    found: dict[str, tuple[int, int]] = {}
    at = bisect_left(names, prefix)
    end = bisect_left(names, prefix[:-1] + _BEHIND_SLASH, at)
    while at < end:
        name = names[at]
        slash = name.find("/", len(prefix))
        if slash < 0:
            at += 1
            continue
        behind = name[:slash] + _BEHIND_SLASH
        near = min(at + _FEW, end)
        after = bisect_left(names, behind, at + 1, near)
        if after == near < end:
            after = bisect_left(names, behind, near, end)
        found[name[len(prefix) : slash]] = (at, after)
        at = after
    return found


def _label(text: str) -> Label | None:
    try:
        return Label(text)
    except InvalidLabel:
        return None
