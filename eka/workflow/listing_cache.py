"""What sources listed, remembered on disk: one file of JSON lines per source.

An answer is appended, so that a source with ten thousand labels costs no more to remember than
one with ten, and two processes lose nothing of each other's. The last line about a label counts.
A line that is damaged says nothing; a file that grew to twice of what counts is written anew.
"""

from __future__ import annotations

from contextlib import suppress

from eka.atom import Genesis, Label, ObjectId, Version, parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import RefLayout
from eka.hashing import digest
from eka.values import dataclass, field
from eka.workflow.line_file import LineFile, decode, encode, table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from eka.atom import Aliases, SourceUrl
    from eka.git import VersionListing
    from eka.workflow.line_file import HeldFile

SCHEMA = "eka.listing/1"
COMPACT_BYTES = 1024 * 1024  # smaller files are left to grow
_FEW_LABELS = 4  # searched for one by one; of more labels every line is looked at
_FEW_BYTES = 64 * 1024
_GENESIS, _LABEL, _WHOLE = b'{"genesis":', b'{"label":', b'{"whole":'


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What was listed of one label.

    Attributes:
        versions: Commits by version.
        layouts: Of versions that are not in the current layout.
        statuses: What status refs name, by version.
        at_s: When it was listed, in seconds since the epoch.
        by: Who listed it: the source itself or a mirror in its place.
        protocol: Of git; below 2 the server lists slowly.
    """

    versions: Mapping[Version, ObjectId]
    layouts: Mapping[Version, RefLayout] = field(default_factory=dict["Version", RefLayout])
    statuses: Mapping[Version, ObjectId] = field(default_factory=dict["Version", "ObjectId"])
    at_s: int
    by: SourceUrl
    protocol: int = 2

    def listed_again(self, at_s: int) -> Entry:
        """Return the same, listed at ``at_s``."""
        return Entry(
            versions=self.versions,
            layouts=self.layouts,
            statuses=self.statuses,
            at_s=at_s,
            by=self.by,
            protocol=self.protocol,
        )


@dataclass(slots=True)
class Remembered:
    """What is remembered of one source.

    Attributes:
        genesis: Of the set, if that was ever told.
        genesis_at_s: When it was told.
        entries: By label.
        whole_at_s: When all labels were listed; None: only those in ``entries`` are known.
    """

    genesis: Genesis | None = None
    genesis_at_s: int = 0
    entries: dict[Label, Entry] = field(default_factory=dict["Label", Entry])
    whole_at_s: int | None = None


class ListingCache:
    """The remembered listing of one source."""

    def __init__(self, directory: str | Path, source: SourceUrl, aliases: Aliases) -> None:
        self._stem = f"{directory}/{digest(source.public.encode()).hex()}"
        self._file = LineFile(f"{self._stem}.jsonl")
        self._told = LineFile(f"{self._stem}.genesis")
        self._source = source
        self._aliases = aliases

    @property
    def files(self) -> tuple[str, str]:
        """Paths of the files that hold it, there or not."""
        return f"{self._stem}.jsonl", f"{self._stem}.genesis"

    def read(self, labels: Collection[Label] | None) -> Remembered:
        """Return what is remembered of ``labels``; None: of all."""
        holding = None
        if labels is not None and len(labels) <= _FEW_LABELS:
            holding = [_WHOLE, *(_label_start(label) for label in labels)]
        wanted = None if labels is None else frozenset(labels)
        remembered = Remembered()
        if told := self.genesis():
            remembered.genesis, remembered.genesis_at_s = told
        for line in _lines(self._file, [_WHOLE, _LABEL], holding):
            try:
                self._take(decode(line), wanted, remembered)
            except (EkaError, KeyError, TypeError, ValueError):
                continue  # damaged: it can be asked for again
        if remembered.whole_at_s is not None and wanted is not None:
            absent = Entry(versions={}, at_s=remembered.whole_at_s, by=self._source)
            for label in wanted:
                remembered.entries.setdefault(label, absent)
        return remembered

    def genesis(self) -> tuple[Genesis, int] | None:
        """Return the set's genesis and when the source told it."""
        for line in reversed(_lines(self._told, [_GENESIS])):
            said = decode(line)
            at_s = said.get("at")
            if type(at_s) is int:
                with suppress(EkaError, TypeError):  # damaged: an older line may be whole
                    return Genesis(ObjectId(_text(said.get("genesis")))), at_s
        return None

    def add_genesis(self, genesis: Genesis, at_s: int) -> None:
        """Remember the set's genesis."""
        line = encode({"genesis": genesis.hex, "at": at_s})
        with self._told.locked() as held:
            if held.size_bytes > _FEW_BYTES:
                held.replace([line])
            else:
                held.append([line])

    def add(self, entries: Mapping[Label, Entry]) -> None:
        """Remember what was listed of some labels."""
        with self._file.locked() as held:
            self._append(held, [self._line(label, entry) for label, entry in entries.items()])

    def replace(self, entries: Mapping[Label, Entry], fingerprint: str, at_s: int) -> None:
        """Remember all labels, and that there are no others.

        Args:
            entries: By label.
            fingerprint: Of all that they say; an unchanged listing is not written again.
            at_s: When they were listed.
        """
        mark = encode({"whole": fingerprint, "at": at_s})
        with self._file.locked() as held:
            last = held.last_with(_LABEL, _WHOLE)
            if last.startswith(encode({"whole": fingerprint})[:-1]):
                held.append([mark])
                return
            lines = [self._line(label, entry) for label, entry in entries.items()]
            self._rewrite(held, [*lines, mark])

    def _append(self, held: HeldFile, lines: Sequence[bytes]) -> None:
        if not held.size_bytes:
            held.append([self._header(0)])
        held.append(lines)
        if held.size_bytes > COMPACT_BYTES and held.size_bytes > 2 * _live_bytes(held):
            self._rewrite(held, self._live(held))

    def _rewrite(self, held: HeldFile, lines: Sequence[bytes]) -> None:
        held.replace([self._header(sum(len(line) + 1 for line in lines)), *lines])

    def _header(self, live_bytes: int) -> bytes:
        return encode({"schema": SCHEMA, "source": self._source.public, "live": live_bytes})

    def _live(self, held: HeldFile) -> list[bytes]:
        """Return the lines that count: the last about each label, and the last mark.

        A mark "all labels were listed" stays where it is, between older and newer lines.
        """
        last: dict[bytes, bytes] = {}
        for line in held.lines([_LABEL, _WHOLE]):
            name = line[: line.find(b',"at":')] if line.startswith(_LABEL) else _WHOLE
            last.pop(name, None)
            last[name] = line
        return list(last.values())

    def _line(self, label: Label, entry: Entry) -> bytes:
        said: dict[str, object] = {"label": label.text, "at": entry.at_s}
        if entry.by.public != self._source.public:
            said["by"] = entry.by.public
        if entry.protocol != 2:  # noqa: PLR2004 - git's protocol 2
            said["protocol"] = entry.protocol
        said["versions"] = {version.text: oid.hex for version, oid in entry.versions.items()}
        if entry.layouts:
            said["layouts"] = {each.text: layout.value for each, layout in entry.layouts.items()}
        if entry.statuses:
            said["statuses"] = {version.text: oid.hex for version, oid in entry.statuses.items()}
        return encode(said)

    def _take(
        self, said: dict[str, object], wanted: frozenset[Label] | None, into: Remembered
    ) -> None:
        at_s = said.get("at")
        if type(at_s) is not int:
            return
        if "whole" in said:
            into.whole_at_s = at_s
            # What was listed before is what was listed again.
            for label, entry in into.entries.items():
                into.entries[label] = entry.listed_again(at_s)
        elif wanted is None or Label(_text(said["label"])) in wanted:
            into.entries[Label(_text(said["label"]))] = self._entry(said, at_s)

    def _entry(self, said: dict[str, object], at_s: int) -> Entry:
        by, protocol = said.get("by"), said.get("protocol", 2)
        return Entry(
            versions=dict(_oids(said["versions"])),
            layouts={
                Version.parse(version): RefLayout(_text(layout))
                for version, layout in table(said.get("layouts")).items()
            },
            statuses=dict(_oids(said.get("statuses"))),
            at_s=at_s,
            by=self._source if by is None else parse_source_url(_text(by), self._aliases),
            protocol=protocol if isinstance(protocol, int) else 2,
        )


def fingerprint(listing: VersionListing, by: SourceUrl) -> str:
    """Return a digest of all that a whole listing says and by whom, whatever the time."""
    return digest(f"{by.public} {listing.protocol} {listing.fingerprint}".encode()).hex()


def _lines(
    file: LineFile, starts: Sequence[bytes], holding: Sequence[bytes] | None = None
) -> list[bytes]:
    """Return lines of a file; what cannot be read can be asked for again."""
    try:
        return file.lines(starts, holding)
    except OSError:
        return []


def _label_start(label: Label) -> bytes:
    return encode({"label": label.text})[:-1] + b","


def _live_bytes(held: HeldFile) -> int:
    live = decode(held.first_line).get("live")
    return live if isinstance(live, int) else 0


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _oids(value: object) -> Iterator[tuple[Version, ObjectId]]:
    for version, oid in table(value).items():
        yield Version.parse(version), ObjectId(_text(oid))
