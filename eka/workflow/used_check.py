"""Versions that are about to be used, held against the content they were first seen with.

A commit may be made anew with the same content (from a later source commit, say): that is told.
Other content under the same name is refused unless the person names the version.

Source: atom-spec/first-seen.md.
"""

from __future__ import annotations

from eka.atom import AtomCommit, InvalidObjectId, ObjectId, atom_id
from eka.checking import TYPE_CHECKING, Protocol
from eka.errors import EkaError, raise_problems
from eka.values import dataclass
from eka.workflow.ages import ago
from eka.workflow.first_seen import ACCEPTED, AGAIN
from eka.workflow.objects import absent, ensure
from eka.workflow.seen_check import is_accepted
from eka.workflow.seen_errors import ContentChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eka.atom import AtomId, ContentHash, Genesis, Label, LockedAtom, SourceUrl, Version
    from eka.git import AtomReport
    from eka.workflow.first_seen import Record, Sighting
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True)
class Used:
    """One version as it was fetched and recomputed, or as a lock pins it."""

    id: AtomId
    label: Label
    version: Version
    rev: ObjectId
    tree: ObjectId
    content: ContentHash

    @property
    def name(self) -> str:
        """``label@version``."""
        return f"{self.label.text}@{self.version.text}"

    @classmethod
    def locked(cls, atom: LockedAtom) -> Used | None:
        """Return what a lock pins; None for an atom of the own set."""
        if atom.rev is None or atom.tree is None or atom.content is None:
            return None
        key = atom.key
        return cls(atom.id, key.label, key.version, atom.rev, atom.tree, atom.content)


def check_lock(
    services: Services,
    atoms: Iterable[LockedAtom],
    urls: Mapping[Genesis, Sequence[SourceUrl]],
    *,
    is_listed: bool,
    is_trial: bool = False,
) -> None:
    """Check all published atoms of a lock, and raise everything that has changed at once.

    Args:
        services: Ports.
        atoms: Of the lock.
        urls: Of each of its sets.
        is_listed: Whether the sources were just asked, and the atoms recomputed: then what is
            not known yet is recorded. A lock alone may have been written by anybody.
        is_trial: Whether nothing is to be accepted for good.
    """
    groups: dict[Genesis, list[Used]] = {}
    for atom in atoms:
        used = Used.locked(atom)
        if used is not None:
            groups.setdefault(atom.key.genesis, []).append(used)
    changed: list[EkaError] = []
    for genesis, group in groups.items():
        if urls.get(genesis):
            check = UseCheck(services, urls[genesis], is_listed=is_listed, is_trial=is_trial)
            changed += check.changed(group).values()
    raise_problems(changed)


class Verified(Protocol):
    """An atom that was verified, as far as it matters here."""

    @property
    def label(self) -> Label:
        """Its label."""
        ...

    @property
    def version(self) -> Version:
        """Its version."""
        ...

    @property
    def rev(self) -> ObjectId:
        """Its commit."""
        ...

    @property
    def report(self) -> AtomReport | None:
        """What was recomputed."""
        ...

    @property
    def withdrawn(self) -> bool:
        """Whether its source lists it no more."""
        ...


def changed_since_first(
    services: Services, urls: Sequence[SourceUrl], atoms: Sequence[Verified]
) -> dict[int, ContentChanged]:
    """Return what speaks against sound atoms since they were first seen, by their place."""
    used: dict[int, Used] = {}
    for at, atom in enumerate(atoms):
        report = atom.report
        if report is None or not report.is_sound or atom.withdrawn:
            continue
        genesis, content = report.expected.genesis, report.content
        if genesis is not None and content is not None and report.commit is not None:
            identity, tree = atom_id(genesis, atom.label), report.commit.tree
            used[at] = Used(identity, atom.label, atom.version, atom.rev, tree, content)
    is_listed = any(answer.source == urls[0].public for answer in services.answers.all)
    changed = UseCheck(services, urls, is_listed=is_listed).changed(list(used.values()))
    return {at: changed[each] for at, each in used.items() if each in changed}


class UseCheck:
    """Checks versions of one set."""

    def __init__(
        self,
        services: Services,
        urls: Sequence[SourceUrl],
        *,
        is_listed: bool,
        is_trial: bool = False,
    ) -> None:
        self._services = services
        self._urls = urls
        self._is_listed = is_listed
        self._is_trial = is_trial

    def changed(self, used: Sequence[Used]) -> dict[Used, ContentChanged]:
        """Return what has other content than at first; record what was not known yet."""
        known = self._services.first_seen.known(self._urls[0], [each.id for each in used])
        fresh: list[Used] = []
        changes: list[tuple[str, Used]] = []
        errors: dict[Used, ContentChanged] = {}
        for each in used:
            sighting = _sighting(known, each)
            if sighting is None or (sighting.commit == each.rev.hex and not sighting.content):
                fresh.append(each)
            elif (sighting.commit, sighting.content) == (each.rev.hex, each.content.hex):
                continue
            elif sighting.commit != each.rev.hex and self._is_same(each, sighting):
                changes.append((AGAIN, each))
            elif is_accepted(self._services, each.label.text, each.version.text):
                changes.append((ACCEPTED, each))
                self._note(each, sighting, "is accepted as it is now; it was another atom when")
            else:
                errors[each] = self._error(each, sighting)
        self._record(fresh if self._is_listed else [], changes)
        return errors

    def _is_same(self, used: Used, sighting: Sighting) -> bool:
        """Return whether only the commit is another; if so, it is told from which origins."""
        old = self._old_commit(sighting)
        if sighting.content:
            same = sighting.content == used.content.hex
        else:
            same = old is not None and old.tree == used.tree
        if same:
            new = self._commit(used.rev)
            origins = [each.origin.hex if each else "an unknown one" for each in (old, new)]
            what = f"has the same content from another origin: {origins[1]}, not {origins[0]} as"
            self._note(used, sighting, f"{what} when")
        return same

    def _note(self, used: Used, sighting: Sighting, what: str) -> None:
        services = self._services
        when = ago(sighting.when_s, services.now_s)
        services.progress.note(
            f"{used.label.text} {used.version.text} {what} first seen {when} "
            f"(commit {used.rev.hex}, then {sighting.commit})"
        )

    def _error(self, used: Used, sighting: Sighting) -> ContentChanged:
        services = self._services
        expected, found = f"commit {sighting.commit}", f"commit {used.rev.hex}"
        if sighting.content:
            expected, found = f"content {sighting.content}", f"content {used.content.hex}"
        return ContentChanged(
            used.name,
            self._urls[0].public,
            expected=expected,
            found=found,
            seen=ago(sighting.when_s, services.now_s),
        )

    def _old_commit(self, sighting: Sighting) -> AtomCommit | None:
        try:
            old = ObjectId(sighting.commit)
        except InvalidObjectId:
            return None
        try:
            if self._services.offline and absent(self._services, [old]):
                return None
            ensure(self._services, self._urls, [old])
        except EkaError:
            return None  # nobody has it any more
        return self._commit(old)

    def _commit(self, rev: ObjectId) -> AtomCommit | None:
        try:
            return AtomCommit.decode(self._services.reader().commit(rev))
        except EkaError:
            return None

    def _listed_by(self) -> str:
        """Return who named the commits: the source, or a mirror that stands in for it."""
        source = self._urls[0].public
        answers = [each for each in self._services.answers.all if each.source == source]
        return answers[-1].by if answers else source

    def _record(self, fresh: Sequence[Used], changes: Sequence[tuple[str, Used]]) -> None:
        kept = [
            (kind, used)
            for kind, used in changes
            if (self._is_listed if kind == AGAIN else not self._is_trial)
        ]
        if not fresh and not kept:
            return
        now_s, by = self._services.now_s, self._listed_by()
        with self._services.first_seen.held(self._urls[0]) as log:
            known = log.known([each.id for each in fresh])
            unseen = [each for each in fresh if _sighting(known, each) is None]
            log.add_seen(
                [(each.id, each.label, {each.version.text: each.rev.hex}) for each in unseen],
                now_s,
                by,
            )
            for kind, each in kept:
                log.add_change(kind, each.id, {each.version.text: each.rev.hex}, now_s, by)
            log.add_content(_contents([*fresh, *(each for _, each in kept)]).items(), now_s)


def _sighting(known: Mapping[str, Record], used: Used) -> Sighting | None:
    record = known.get(used.id.text)
    return record.versions.get(used.version.text) if record else None


def _contents(used: Iterable[Used]) -> dict[AtomId, dict[str, tuple[str, str, str]]]:
    found: dict[AtomId, dict[str, tuple[str, str, str]]] = {}
    for each in used:
        facts = (each.rev.hex, each.tree.hex, each.content.hex)
        found.setdefault(each.id, {})[each.version.text] = facts
    return found
