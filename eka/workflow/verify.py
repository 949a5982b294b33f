"""``eka verify``: atoms recomputed from objects, level by level."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from eka.atom import ContentHasher, parse_atom_uri
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, Problems
from eka.git import ExpectedAtom, NetworkFailed, NoSet, Status, claimed_origin, verify_atom
from eka.workflow.errors import AtomNotFound
from eka.workflow.fetch import set_urls
from eka.workflow.listing import Listings
from eka.workflow.locked import checked_lock
from eka.workflow.patched import patched_names
from eka.workflow.places import source_of
from eka.workflow.progress import counted
from eka.workflow.provider import ensure
from eka.workflow.signatures import SubjectVersion
from eka.workflow.signatures_rules import signature_levels
from eka.workflow.statuses import read_statuses
from eka.workflow.used_check import changed_since_first

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eka.atom import Genesis, Label, Lock, ObjectId, SourceUrl, Version
    from eka.git import AtomReport, History, LevelReport, ObjectReader, VersionStatus
    from eka.git.signatures import SignatureFinding
    from eka.workflow.project import Project
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True)
class VerifiedAtom:
    """One atom and what checking it found."""

    label: Label
    version: Version
    source: SourceUrl
    rev: ObjectId
    report: AtomReport | None  # None: it could not be examined, ``error`` says why
    error: EkaError | None = None
    withdrawn: bool = False  # locked, but no ref of the source names it any more
    status: VersionStatus | None = None  # what its owner says of it: yanked, deprecated
    signature: LevelReport | None = None  # None: it was not examined so far
    signatures: tuple[SignatureFinding, ...] = ()

    @property
    def levels(self) -> tuple[LevelReport, ...]:
        """How each level stands; none where it could not be examined."""
        found = self.report.levels if self.report else ()
        return found if self.signature is None else (*found, self.signature)

    @property
    def is_sound(self) -> bool:
        """Whether nothing speaks against it."""
        return self.error is None and all(each.status is not Status.FAILED for each in self.levels)


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """All atoms that were checked; ``own`` and ``patched`` of the lock stand in directories."""

    atoms: tuple[VerifiedAtom, ...]
    own: int = 0
    patched: tuple[str, ...] = ()  # label@version

    @property
    def failed(self) -> tuple[VerifiedAtom, ...]:
        """The atoms that are not what they claim to be."""
        return tuple(atom for atom in self.atoms if not atom.is_sound)


@dataclass(frozen=True, slots=True)
class _Subject:
    """One atom to check: what is expected of it, and the commit to look at."""

    expected: ExpectedAtom
    rev: ObjectId
    urls: tuple[SourceUrl, ...]
    withdrawn: bool = False
    status: VersionStatus | None = None


def verify_lock(services: Services, project: Project) -> VerifyReport:
    """Check every atom a project's lock pins, and that the source still names the same commits."""
    _, lock = checked_lock(services, project)
    subjects = list(_locked_subjects(services, lock))
    own = sum(atom.is_own for atom in lock.atoms)
    return VerifyReport(tuple(_verify_all(services, subjects)), own, patched_names(lock))


def verify_uri(services: Services, text: str) -> VerifyReport:
    """Check what a URI names: versions of one atom, or every atom of a source.

    Raises:
        AtomNotFound: there is nothing of that name.
    """
    uri = parse_atom_uri(text, services.aliases)
    source = source_of(uri, text, services)
    listings = Listings(services)
    if uri.label is None:
        every = listings.all((source,))
        listed, labels = dict(every), sorted({label for label, _ in every.statuses})
    else:
        listed, labels = dict(listings.versions((source,), [uri.label])), [uri.label]
    said = read_statuses(services, listings, (source,), labels) if labels else {}
    genesis = _genesis(listings, source)
    subjects = [
        _Subject(
            ExpectedAtom(label=label, version=version, genesis=genesis),
            rev,
            (source,),
            status=said.get((label, version)),
        )
        for label in sorted(listed)
        for version, rev in sorted(listed[label].items())
        if uri.requirement is None or uri.requirement.matches(version)
    ]
    if not subjects:
        what = uri.label.text if uri.label else "any atom"
        raise AtomNotFound(what, source.public, why="no such version is published there")
    return VerifyReport(tuple(_verify_all(services, subjects)))


def _locked_subjects(services: Services, lock: Lock) -> Iterator[_Subject]:
    listings = Listings(services)
    for known in lock.sets:
        atoms = [atom for atom in lock.atoms if atom.key.genesis == known.genesis and atom.rev]
        if not atoms:
            continue
        urls = set_urls(services, lock, known.genesis)
        labels = sorted({atom.key.label for atom in atoms})
        listed = _listed(services, listings, urls, labels)
        said = {} if listed is None else read_statuses(services, listings, urls, labels)
        for atom in atoms:
            key = atom.key
            expected = ExpectedAtom(
                label=key.label,
                version=key.version,
                genesis=known.genesis,
                id=atom.id,
                rev=atom.rev,
                tree=atom.tree,
                content=atom.content,
            )
            current = listed.get((key.label, key.version)) if listed is not None else atom.rev
            rev = current or atom.rev
            if rev is not None:
                status = said.get((key.label, key.version))
                yield _Subject(expected, rev, urls, withdrawn=current is None, status=status)


def _listed(
    services: Services, listings: Listings, urls: Sequence[SourceUrl], labels: Sequence[Label]
) -> dict[tuple[Label, Version], ObjectId] | None:
    """Return what the source names now; None where it cannot be asked."""
    if services.offline:
        return None
    try:
        found = listings.versions(urls, labels)
        listings.check_mirrors(urls, labels)
    except NetworkFailed as error:
        services.progress.note(f"only the cache was checked: {error}")
        return None
    return {(label, version): oid for label in labels for version, oid in found[label].items()}


def _verify_all(services: Services, subjects: Sequence[_Subject]) -> Iterator[VerifiedAtom]:
    groups: dict[tuple[SourceUrl, ...], list[_Subject]] = {}
    for subject in subjects:
        groups.setdefault(subject.urls, []).append(subject)
    done = 0
    for urls, group in groups.items():
        services.progress.step(f"fetching {counted(len(group), 'atom')} from {urls[0].public}")
        refused = _fetch(services, urls, group)
        history = (
            None if services.offline else services.history(services.answers.in_order(urls)[0])
        )
        if history is not None:
            _prepare(services, history, [each.rev for each in group if each.rev not in refused])
        examine = _Examination(services.reader(), history)
        verified: list[VerifiedAtom] = []
        for subject in group:
            done += 1
            services.progress.count("atoms", done, len(subjects))
            error = refused.get(subject.rev)
            verified.append(_verified(subject, error=error) if error else examine(subject))
        changed = changed_since_first(services, urls, verified)
        verified = [replace(e, error=changed.get(at, e.error)) for at, e in enumerate(verified)]
        yield from _with_signatures(services, group[0], verified)


def _fetch(
    services: Services, urls: Sequence[SourceUrl], subjects: Sequence[_Subject]
) -> dict[ObjectId, EkaError]:
    """Fetch the atoms to check; return why some were refused: one of them must not hide others."""
    refused: dict[ObjectId, EkaError] = {}
    waiting = [list(dict.fromkeys(subject.rev for subject in subjects))]
    while waiting:
        revs = waiting.pop()
        try:
            ensure(services, urls, revs)
        except EkaError as error:
            if not _is_unsound(error):
                raise
            if len(revs) == 1:
                refused[revs[0]] = error
            else:
                half = len(revs) // 2
                waiting += [revs[half:], revs[:half]]
    return refused


def _prepare(services: Services, history: History, revs: Sequence[ObjectId]) -> None:
    """Bring the source commits of all atoms here at once."""
    reader = services.reader()
    origins: dict[ObjectId, None] = {}
    for rev in revs:
        # What cannot be read, or reached, is told later for each atom that it concerns.
        with suppress(EkaError):
            if (origin := claimed_origin(reader.commit(rev))) is not None:
                origins[origin] = None
    services.progress.step(f"fetching {counted(len(origins), 'source commit')}")
    with suppress(EkaError):
        history.prepare(origins)


class _Examination:
    """Verifies atoms of one set; what they share is looked at once."""

    def __init__(self, reader: ObjectReader, history: History | None) -> None:
        self._reader = reader
        self._history = history
        self._hasher = ContentHasher()

    def __call__(self, subject: _Subject) -> VerifiedAtom:
        """Return what was found out about one atom."""
        try:
            report = verify_atom(
                subject.rev,
                expected=subject.expected,
                reader=self._reader,
                history=self._history,
                hasher=self._hasher,
            )
        except EkaError as found:
            if not _is_unsound(found):
                raise
            return _verified(subject, error=found)
        return _verified(subject, report)


def _verified(
    subject: _Subject, report: AtomReport | None = None, *, error: EkaError | None = None
) -> VerifiedAtom:
    return VerifiedAtom(
        subject.expected.label,
        subject.expected.version,
        subject.urls[0],
        subject.rev,
        report,
        error,
        subject.withdrawn,
        subject.status,
    )


def _with_signatures(
    services: Services, subject: _Subject, atoms: Sequence[VerifiedAtom]
) -> Iterator[VerifiedAtom]:
    """Add the level *signature* to the atoms of one set, of which ``subject`` is any."""
    services.progress.step("checking signatures")
    versions = [
        SubjectVersion(atom.label, atom.version, atom.rev, atom.report.content)
        for atom in atoms
        if atom.report is not None and atom.report.content is not None
    ]
    levels = signature_levels(services, subject.urls, subject.expected.genesis, versions)
    for atom in atoms:
        report, found = levels.get((atom.label, atom.version), (None, ()))
        yield replace(atom, signature=report, signatures=found)


def _is_unsound(error: EkaError) -> bool:
    status = error.worst if isinstance(error, Problems) else error.exit_status
    return status == Exit.INTEGRITY


def _genesis(listings: Listings, source: SourceUrl) -> Genesis | None:
    try:
        return listings.genesis((source,))
    except NoSet:
        return None
