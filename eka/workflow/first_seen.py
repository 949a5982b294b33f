"""The first-seen log: what each source named a version's commit to be when it was first asked.

One file per source, JSON lines, only ever appended to, in the state directory (a cache may be
deleted; what was seen first cannot be asked for again). Facts stay text here: a hundred thousand
of them must cost milliseconds, and they are compared, never used as they are.

Source: atom-spec/first-seen.md.
"""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.hashing import digest
from eka.values import dataclass, field
from eka.workflow.line_file import READ_CAP, LineFile, decode, encode, table

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterable, Mapping
    from pathlib import Path

    from eka.atom import AtomId, Label, SourceUrl, Version
    from eka.workflow.line_file import HeldFile

SCHEMA = "eka.first-seen/1"
SEEN, CONTENT, AGAIN, ACCEPTED, WHOLE = "seen", "content", "again", "accepted", "whole"
_STARTS = tuple(f'{{"{kind}":"'.encode() for kind in (SEEN, CONTENT, AGAIN, ACCEPTED))
_ID_LETTERS = 52
_FEW_ATOMS = 4  # searched for one by one; of more atoms every line is looked at
_VERSIONS_IN_LINE = 1000


class FirstSeenUnusable(EkaError):
    """The log of what was seen first cannot be read or written."""

    code = "first-seen-unusable"
    exit_status = Exit.FAILED

    def __init__(self, path: str, why: str) -> None:
        super().__init__(
            what="the log of what was seen first cannot be used",
            where=path,
            why=why,
            fix="make it readable and writable, or set state.dir to another directory; without "
            "the file eka forgets what it has seen",
        )


@dataclass(frozen=True, slots=True)
class Sighting:
    """What is on record of one version of an atom.

    Attributes:
        commit: The commit it names, in hexadecimal digits.
        when_s: When that was first seen, in seconds since the epoch.
        by: Public URL of the source that said so.
        tree: The commit's tree; empty until it was fetched.
        content: The tree's content hash; empty until it was fetched.
    """

    commit: str
    when_s: int
    by: str
    tree: str = ""
    content: str = ""


@dataclass(slots=True)
class Record:
    """What is on record of one atom at one source, by the text of its versions."""

    label: str = ""
    first_s: int = 0  # when the source was first asked for it
    versions: dict[str, Sighting] = field(default_factory=dict[str, Sighting])


class FirstSeen:
    """The log of all sources."""

    def __init__(self, directory: str | Path) -> None:
        """Keep the log in ``directory``, which is made when something is first recorded."""
        self._directory = os.fspath(directory)

    def known(
        self, source: SourceUrl, atoms: Collection[AtomId] | None = None
    ) -> dict[str, Record]:
        """Return what is on record of a source by atom id; ``atoms`` None: of all its atoms."""
        path = self.path(source)
        _check_size(path)
        try:
            lines = LineFile(path).lines(_STARTS, _names(atoms))
        except OSError as error:
            raise FirstSeenUnusable(path, error.strerror or str(error)) from error
        return _records(lines, atoms, source.public)

    def when(self, source: SourceUrl, atom: AtomId, version: Version) -> int | None:
        """Return when a version was first seen as it is now, in seconds since the epoch.

        Args:
            source: The source that speaks for the set: its first URL.
            atom: The atom.
            version: The version.

        Returns:
            None for a version that was never listed on this machine. A version that was changed,
            and accepted so, is as old as the change.
        """
        record = self.known(source, (atom,)).get(atom.text)
        sighting = record.versions.get(version.text) if record else None
        return sighting.when_s if sighting else None

    def whole_at(self, source: SourceUrl) -> int | None:
        """Return when all atoms of a source were listed first; None where they never were."""
        path = self.path(source)
        try:
            lines = LineFile(path).lines([_start(WHOLE)])
        except OSError as error:
            raise FirstSeenUnusable(path, error.strerror or str(error)) from error
        for line in lines:
            when_s = decode(line).get("at")
            if type(when_s) is int:
                return when_s
        return None

    @contextmanager
    def held(self, source: SourceUrl) -> Generator[HeldLog]:
        """Hold the log of a source to compare with it and add to it; others wait."""
        path = self.path(source)
        _check_size(path)
        try:
            with LineFile(path).locked() as file:
                if not file.size_bytes:
                    file.append([encode({"schema": SCHEMA, "source": source.public})])
                yield HeldLog(file, source.public)
        except OSError as error:
            if error.errno is None:
                raise
            raise FirstSeenUnusable(path, error.strerror or str(error)) from error

    def path(self, source: SourceUrl) -> str:
        """Return the path of the log of a source."""
        return f"{self._directory}/{digest(source.public.encode()).hex()}.jsonl"


class HeldLog:
    """The log of one source while nobody else writes it."""

    def __init__(self, file: HeldFile, source: str) -> None:
        self._file = file
        self._source = source

    def known(self, atoms: Collection[AtomId] | None = None) -> dict[str, Record]:
        """Return what is on record by atom id; ``atoms`` None: of all atoms."""
        return _records(self._file.lines(_STARTS, _names(atoms)), atoms, self._source)

    def is_whole(self, fingerprint: str) -> bool:
        """Return whether a listing of all versions is what is on record, neither more nor less."""
        last = self._file.last_with(*(_start(kind) for kind in (SEEN, AGAIN, ACCEPTED, WHOLE)))
        return last.startswith(_start(WHOLE, fingerprint) + b'"')

    def mark_whole(self, fingerprint: str, now_s: int) -> None:
        """Record that all versions of a listing, and no others, are on record."""
        self._file.append([encode({WHOLE: fingerprint, "at": now_s})])

    def add_seen(
        self, sightings: Iterable[tuple[AtomId, Label, Mapping[str, str]]], now_s: int, by: str
    ) -> None:
        """Record versions and their commits; ``by``: public URL of whoever listed them."""
        lines = [
            _fact(SEEN, atom, part, now_s, label=label.text, by=by if by != self._source else "")
            for atom, label, versions in sightings
            for part in _parts(versions)
        ]
        if lines:
            self._file.append(lines)

    def add_content(
        self, contents: Iterable[tuple[AtomId, Mapping[str, tuple[str, str, str]]]], now_s: int
    ) -> None:
        """Record commit, tree and content hash of versions that were fetched and recomputed."""
        lines = [_fact(CONTENT, atom, versions, now_s) for atom, versions in contents]
        if lines:
            self._file.append(lines, durable=True)

    def add_change(
        self, kind: str, atom: AtomId, versions: Mapping[str, str], now_s: int, by: str
    ) -> None:
        """Record new commits of known versions.

        Args:
            kind: AGAIN where the content is the same, ACCEPTED where a person accepts another.
            atom: The atom.
            versions: Text of the version -> commit.
            now_s: The present.
            by: Public URL of whoever names them.
        """
        label = by if by != self._source else ""
        self._file.append([_fact(kind, atom, versions, now_s, by=label)], durable=True)


def _check_size(path: str) -> None:
    try:
        size = os.lstat(path).st_size
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return
        raise FirstSeenUnusable(path, error.strerror or str(error)) from error
    if size > READ_CAP:
        raise FirstSeenUnusable(path, f"it has {size} bytes; at most {READ_CAP} are read")


def _start(kind: str, value: str = "") -> bytes:
    return f'{{"{kind}":"{value}'.encode()


def _names(atoms: Collection[AtomId] | None) -> list[bytes] | None:
    """Return what lines about a few atoms hold; None where every line is to be looked at."""
    if atoms is None or len(atoms) > _FEW_ATOMS:
        return None
    return [f'"{atom.text}"'.encode() for atom in atoms]


def _fact(
    kind: str, atom: AtomId, versions: Mapping[str, object], now_s: int, **more: str
) -> bytes:
    said = {name: value for name, value in more.items() if value}
    return encode({kind: atom.text, **said, "at": now_s, "versions": dict(versions)})


def _parts(versions: Mapping[str, str]) -> Iterable[dict[str, str]]:
    names = list(versions)
    for at in range(0, len(names), _VERSIONS_IN_LINE):
        yield {name: versions[name] for name in names[at : at + _VERSIONS_IN_LINE]}


def _records(
    lines: Iterable[bytes], atoms: Collection[AtomId] | None, source: str
) -> dict[str, Record]:
    """Read the facts, oldest first; a line that is damaged says nothing."""
    wanted = None if atoms is None else {atom.text.encode() for atom in atoms}
    records: dict[str, Record] = {}
    for line in lines:
        begin = line.find(b'":"') + 3
        if wanted is not None and line[begin : begin + _ID_LETTERS] not in wanted:
            continue
        _take(decode(line), records, source)
    return records


def _take(document: dict[str, object], records: dict[str, Record], source: str) -> None:
    kind, atom = next(iter(document.items()), ("", None))
    when_s, by = document.get("at"), document.get("by", source)
    if not isinstance(atom, str) or type(when_s) is not int or not isinstance(by, str):
        return
    record = records.setdefault(atom, Record())
    if kind == SEEN and not record.versions:
        record.first_s = when_s
    label = document.get("label")
    if isinstance(label, str):
        record.label = label
    known = record.versions
    for version, fact in table(document.get("versions")).items():
        old = known.get(version)
        match kind, fact:
            case "seen", str(commit) if old is None:
                known[version] = Sighting(commit, when_s, by)
            case "accepted", str(commit):
                known[version] = Sighting(commit, when_s, by)
            case "again", str(commit) if old is not None:
                known[version] = Sighting(commit, old.when_s, by)
            case "content", [str(commit), str(tree), str(content)] if old and old.commit == commit:
                known[version] = Sighting(commit, old.when_s, old.by, tree, content)
            case _:
                pass
