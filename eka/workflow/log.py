"""``eka log``: the versions of a label as a history, with the source commits behind them.

Source: atom-spec/queries.md [log-versions] and what follows it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from eka.atom import AtomCommit, CommitFormat, parse_atom_uri
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import ChangeKind, compare_trees, read_note
from eka.workflow.errors import UriIncomplete
from eka.workflow.info import genesis_of
from eka.workflow.listing import Listings
from eka.workflow.objects import ensure, metadata
from eka.workflow.partly import fetch_partly
from eka.workflow.progress import counted
from eka.workflow.published import find_version, own_label, place_of
from eka.workflow.signatures import SubjectVersion, signatures_of
from eka.workflow.signatures_listing import SignatureRefs
from eka.workflow.statuses import read_statuses
from eka.workflow.versions import select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import Label, ObjectId, SourceUrl, TreeReader, Version
    from eka.git import CommitNote, History
    from eka.git.signatures import SignatureFinding
    from eka.workflow.services import Services
    from eka.workflow.versions import PublishedVersion

DEFAULT_LIMIT = 20
OFFLINE = "they were not fetched before, and --offline forbids asking for them"


@dataclass(frozen=True, slots=True)
class Changes:
    """How many files differ from the version before."""

    against: Version
    counts: Mapping[ChangeKind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """One version.

    Attributes:
        published: The version, its commit, its status.
        commit: The commit decoded; None: it is no atom commit, or cannot be had.
        note: What the source commit says; None: it cannot be had.
        changes: Against the version before; None: there is none, or it cannot be compared.
        signatures: What each is worth; None: not known.
        error: Why there is no commit.
    """

    published: PublishedVersion
    commit: AtomCommit | None
    note: CommitNote | None
    changes: Changes | None
    signatures: tuple[SignatureFinding, ...] | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class LogReport:
    """Versions of a label, newest first."""

    source: SourceUrl
    label: Label
    entries: tuple[LogEntry, ...]
    total: int
    """How many there are, before requirement and limit."""
    unavailable: str
    """Why source commits are not known; empty when all are."""


def log(services: Services, text: str, *, limit: int = DEFAULT_LIMIT) -> LogReport:
    """Return the versions of a label with what is known of each, newest first.

    Args:
        services: The ports.
        text: An address; empty: the project in the directory, as its repository has it.
        limit: How many versions are wanted.

    Raises:
        UriIncomplete: the text names no label.
        ProjectNotFound: it is empty, and there is no project here.
        AtomNotFound: there is no such label, or no version that is accepted.
    """
    name = text or own_label(services).text
    uri = parse_atom_uri(name, services.aliases)
    if uri.label is None:
        raise UriIncomplete(name, "label")
    source, label = place_of(uri, name, services), uri.label
    listings = Listings(services)
    _, found = find_version(services, listings, source, label, uri.requirement)
    statuses = read_statuses(services, listings, (source,), [label])
    said = {version: status for (_, version), status in statuses.items()}
    wanted = select(found, uri.requirement, said)[:limit]
    story = _Story(services, source, label)
    # The version before the last one shown is what that one is compared with.
    story.read([*wanted, *_before(wanted, select(found, None, said))])
    signatures = _signatures(services, listings, story, wanted)
    entries = story.entries(wanted, select(found, None), signatures)
    return LogReport(source, label, tuple(entries), len(found), story.unavailable)


def _before(
    wanted: Sequence[PublishedVersion], every: Sequence[PublishedVersion]
) -> Sequence[PublishedVersion]:
    """Return the versions that stand right before those wanted, if they are others."""
    shown = {each.version for each in wanted}
    pairs = itertools.pairwise(every)
    return [b for a, b in pairs if a.version in shown and b.version not in shown]


class _Story:
    """Versions of one label while their commits and source commits are read."""

    def __init__(self, services: Services, source: SourceUrl, label: Label) -> None:
        self._services = services
        self.source = source
        self.label = label
        self.unavailable = ""
        self._commits: dict[ObjectId, AtomCommit] = {}
        self._errors: dict[ObjectId, str] = {}
        self._notes: dict[ObjectId, CommitNote] = {}
        self._history: History | None = None

    def read(self, versions: Sequence[PublishedVersion]) -> None:
        """Fetch commits, and the source commits they name, as far as they can be had."""
        self._services.progress.step(f"reading {counted(len(versions), 'version')}")
        revs = [each.commit for each in versions]
        for rev, body in self._bodies(revs).items():
            try:
                self._commits[rev] = AtomCommit.decode(body)
            except EkaError as error:
                self._errors[rev] = str(error)
        self._read_history()

    def entries(
        self,
        wanted: Sequence[PublishedVersion],
        every: Sequence[PublishedVersion],
        signatures: Mapping[Version, tuple[SignatureFinding, ...]],
    ) -> list[LogEntry]:
        """Return the versions with all that was learnt of them."""
        before = {a.version: b for a, b in itertools.pairwise(every)}
        found: list[LogEntry] = []
        for each in wanted:
            commit = self._commits.get(each.commit)
            older = before.get(each.version)
            entry = LogEntry(
                published=each,
                commit=commit,
                note=self._notes.get(commit.origin) if commit else None,
                changes=self._changes(each, older) if older else None,
                signatures=signatures.get(each.version),
                error=self._errors.get(each.commit, ""),
            )
            found.append(entry)
        return found

    def _bodies(self, revs: Sequence[ObjectId]) -> dict[ObjectId, bytes]:
        """Return the bodies of commits; of those that come only with their atoms as well."""
        services, urls = self._services, (self.source,)
        found: dict[ObjectId, bytes] = {}
        with suppress(EkaError):  # fetching them whole says why they cannot be had
            found |= {rev: each.body for rev, each in metadata(services, urls, revs).items()}
        missing = [rev for rev in revs if rev not in found]
        refused = fetch_partly(services, urls, missing)
        self._errors |= {rev: str(error) for rev, error in refused.items()}
        reader = services.reader()
        for rev in (rev for rev in missing if rev not in refused):
            try:
                found[rev] = reader.commit(rev)
            except EkaError as error:
                self._errors[rev] = str(error)
        return found

    def _read_history(self) -> None:
        origins = list(dict.fromkeys(each.origin for each in self._commits.values()))
        if not origins:
            return
        self._services.progress.step(f"reaching {counted(len(origins), 'source commit')}")
        history = self._services.history(self.source)
        try:
            history.prepare(origins)
            self._history = history
        except EkaError as error:
            self.unavailable = OFFLINE if self._services.offline else str(error)
            return
        for origin in origins:
            try:
                self._notes[origin] = read_note(origin, history.reader(origin).commit(origin))
            except EkaError as error:
                self.unavailable = OFFLINE if self._services.offline else str(error)

    def _changes(self, new: PublishedVersion, old: PublishedVersion) -> Changes | None:
        one, other = self._trees(old.commit), self._trees(new.commit)
        if one is None or other is None:
            return None
        try:
            counts = Counter(change.kind for change in compare_trees(one, other))
        except EkaError:  # its trees are not where they should be
            return None
        return Changes(old.version, counts)

    def _trees(self, rev: ObjectId) -> tuple[ObjectId, TreeReader] | None:
        """Return a version's tree and what reads it: the cache, or its source commit."""
        commit = self._commits.get(rev)
        if commit is None:
            return None
        if rev in self._services.cache.has([rev]):
            return commit.tree, self._services.reader()
        is_reached = commit.origin in self._notes and commit.format is not CommitFormat.V1
        if self._history is None or not is_reached:
            return None
        return commit.tree, self._history.reader(commit.origin)


def _signatures(
    services: Services, listings: Listings, story: _Story, versions: Sequence[PublishedVersion]
) -> dict[Version, tuple[SignatureFinding, ...]]:
    """Return what signatures are worth; of signed versions the whole atom is needed."""
    urls = (story.source,)
    subjects = [SubjectVersion(story.label, each.version, each.commit) for each in versions]
    try:
        tags = SignatureRefs(services).of(urls, [each.key for each in subjects])
        signed = [each for each in subjects if tags[each.key]]
        ensure(services, urls, [each.commit for each in signed])
        found = signatures_of(services, urls, genesis_of(listings, story.source), signed)
    except EkaError as error:
        services.progress.note(f"signatures are not known: {error}")
        return {}
    return {each.version: found.get(each.key, ()) for each in subjects}
