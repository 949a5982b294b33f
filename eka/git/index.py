"""Which versions a set has, and which genesis: read from refs alone, no object is transferred.

Source: atom-spec/transport.md [version-query], [genesis-query].
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping

from eka.atom import Genesis, ObjectId
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.listed_versions import ListedVersions
from eka.git.ref_table import RefTable, id_of
from eka.git.refs import (
    ATOMS_PREFIX,
    EKA_ATOMS_PREFIX,
    INIT_REF,
    OLD_ROOT_TAG,
    STATUS_PREFIX,
    RefLayout,
    label_prefixes,
    parse_status_ref,
)
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eka.atom import Label, SourceUrl, Version
    from eka.git.transport import ListedRefs, Transport

# Each label costs the server a look at every ref it lists; from here on one full listing is
# cheaper for both sides.
MOST_LABELS_BY_PREFIX = 2000
_EVERYTHING = (INIT_REF, STATUS_PREFIX, ATOMS_PREFIX, EKA_ATOMS_PREFIX)


class NoSet(EkaError):
    """A repository that holds no set of atoms."""

    code = "no-set"
    exit_status = Exit.NOT_FOUND

    def __init__(self, url: SourceUrl) -> None:
        super().__init__(
            what="this repository is not a set of atoms",
            where=url.public,
            why=f"it has no ref {INIT_REF}",
            fix="check the URL; the owner of the repository makes it a set with `eka init`",
        )
        self.url = url.public


@dataclass(frozen=True, slots=True)
class VersionListing(Mapping["Label", "Mapping[Version, ObjectId]"]):
    """The published versions of labels and the commits they name; a mapping by label."""

    versions: Mapping[Label, Mapping[Version, ObjectId]]
    genesis: Genesis | None = None
    """The set's genesis as its refs say; None when only `VersionIndex.genesis` can tell."""
    received_bytes: int = 0
    protocol: int = 2
    dropped: int = 0
    """Refs with names that no well-behaved server sends."""
    layouts: Mapping[tuple[Label, Version], RefLayout] = field(
        default_factory=dict["tuple[Label, Version]", RefLayout]
    )
    """Where versions lie that are not in the current layout."""
    statuses: Mapping[tuple[Label, Version], ObjectId] = field(
        default_factory=dict["tuple[Label, Version]", "ObjectId"]
    )
    """What status refs (yanked, deprecated) name, of the listed labels."""
    fingerprint: str = ""
    """A digest of all refs a source listed; empty where not all were asked for."""

    def __getitem__(self, label: Label) -> Mapping[Version, ObjectId]:
        return self.versions[label]

    def __iter__(self) -> Iterator[Label]:
        return iter(self.versions)

    def __len__(self) -> int:
        return len(self.versions)


class VersionIndex:
    """Reads versions by listing refs."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def versions(self, url: SourceUrl, labels: Iterable[Label]) -> VersionListing:
        """Return the published versions of ``labels``; a label without any has an empty mapping.

        One connection, and one round trip for each 256 labels.
        """
        wanted = tuple(dict.fromkeys(labels))
        if len(wanted) > MOST_LABELS_BY_PREFIX:
            every = self.all(url)
            return _narrowed(every, wanted)
        return _narrowed(_listing(self._transport.ls_refs(url, _prefixes(wanted))), wanted)

    def ahead(self, url: SourceUrl, label: Label) -> None:
        """Begin to ask for the versions of one label, and do not wait; `versions` goes on."""
        self._transport.ahead(url, _prefixes((label,)))

    def all(self, url: SourceUrl) -> VersionListing:
        """Return every published version of every label."""
        listed = self._transport.ls_refs(url, _EVERYTHING)
        return _listing(listed, is_whole=True)

    def ahead_all(self, url: SourceUrl) -> None:
        """Begin to ask for everything, and do not wait; `all` goes on."""
        self._transport.ahead(url, _EVERYTHING)

    def genesis(self, url: SourceUrl) -> Genesis:
        """Return the genesis that the set's refs name; raises NoSet when there is none.

        It is the word of the source: that it is a parentless ancestor of what is published is
        checked by provenance.
        """
        listed = self._transport.ls_refs(url, [INIT_REF, OLD_ROOT_TAG])
        for name in (INIT_REF, OLD_ROOT_TAG):
            if name in listed.refs:
                return Genesis(listed.peeled.get(name, listed.refs[name]))
        raise NoSet(url)


def _prefixes(labels: Iterable[Label]) -> list[str]:
    # Statuses are few: one prefix for all of them costs the server less than one for each.
    prefixes = [INIT_REF, STATUS_PREFIX]
    return prefixes + [prefix for label in labels for prefix in label_prefixes(label)]


def _listing(listed: ListedRefs, *, is_whole: bool = False) -> VersionListing:
    refs = listed.refs
    table = refs if isinstance(refs, RefTable) else RefTable(refs)
    versions = ListedVersions(table)
    return VersionListing(
        versions,
        Genesis(table[INIT_REF]) if INIT_REF in table else None,
        listed.received_bytes,
        listed.protocol,
        listed.dropped,
        versions.layouts,
        _statuses(table),
        table.fingerprint() if is_whole else "",
    )


def _statuses(table: RefTable) -> dict[tuple[Label, Version], ObjectId]:
    names, heads = table.in_order()
    found: dict[tuple[Label, Version], ObjectId] = {}
    for at in range(bisect_left(names, STATUS_PREFIX), len(names)):
        if not names[at].startswith(STATUS_PREFIX):
            break
        if (about := parse_status_ref(names[at])) is not None:
            found[about] = id_of(heads[at])
    return found


def _narrowed(listing: VersionListing, labels: Iterable[Label]) -> VersionListing:
    versions = {label: listing.versions.get(label, {}) for label in labels}
    layouts = {key: layout for key, layout in listing.layouts.items() if key[0] in versions}
    statuses = {key: oid for key, oid in listing.statuses.items() if key[0] in versions}
    return VersionListing(
        versions,
        listing.genesis,
        listing.received_bytes,
        listing.protocol,
        listing.dropped,
        layouts,
        statuses,
    )
