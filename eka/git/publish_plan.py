"""Plans a publish: reads, checks, asks the remote, and decides; writes nothing.

Source: atom-spec/publishing.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import AtomCommit, CommitFormat, content_hash, lookalike_starts
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, raise_problems
from eka.git.genesis import listed_genesis, settle_genesis
from eka.git.publication import (
    AtomStatus,
    PlannedAtom,
    PublicationPlan,
    backwards,
    conflicts,
    layout_of,
    planned,
    read_existing,
    version_collisions,
)
from eka.git.publish_errors import ConfusableLabel, DirtyAtoms
from eka.git.refs import (
    ATOMS_PREFIX,
    BRANCHES_PREFIX,
    EKA_ATOMS_PREFIX,
    INIT_REF,
    OLD_ROOT_TAG,
    label_prefixes,
    origin_ref,
    parse_atom_ref,
)
from eka.git.source_checks import (
    check_atoms,
    confusable_labels,
    flattened,
    grouped,
    preload,
    select,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from eka.atom import Genesis, Label, ObjectId
    from eka.git.batch_reader import BatchReader
    from eka.git.publication import ExistingVersion, PublishRequest, VersionKey
    from eka.git.registries import LocalRegistry, Registry
    from eka.git.remotes import Remote
    from eka.git.source_set import SourceAtom, SourceSet
    from eka.git.work_repository import WorkRepository

_WHOLE_BLOB_BYTES = 1024 * 1024
# Beyond these numbers of new labels, and of first characters to ask for, all labels are listed.
_MANY_LABELS, _MANY_STARTS = 32, 100
_NOTHING = "nothing was published"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSource:
    """Atoms of a commit, and all that is wrong with them as far as the commit itself can tell."""

    source: SourceSet
    chosen: tuple[SourceAtom, ...]
    left_out: tuple[str, ...]
    problems: tuple[EkaError, ...]
    unfinished: Mapping[VersionKey, EkaError]
    """What is wrong with versions only if they are new."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What the destination has, and all that speaks against publishing there."""

    genesis: Genesis
    listed: Mapping[str, ObjectId]
    theirs: tuple[ExistingVersion, ...]
    mine: tuple[ExistingVersion, ...]
    problems: tuple[EkaError, ...]


def check_source(
    repository: WorkRepository,
    source: SourceSet,
    reader: BatchReader,
    request: PublishRequest,
    *,
    for_others: bool,
) -> CheckedSource:
    """Return the atoms that are asked for, and all that is wrong with them."""
    chosen, problems = select(source, request.labels)
    found = check_atoms(source, chosen, reader, for_others=for_others)
    problems += found.always
    left_out: list[str] = []
    # The working tree says something about HEAD only.
    if repository.head == source.commit:
        left_out = repository.dirty_paths([atom.path for atom in chosen])
    if left_out and not request.allow_dirty:
        problems.append(DirtyAtoms(left_out))
    single = {id(single): single for problem in problems for single in flattened(problem)}
    return CheckedSource(
        source=source,
        chosen=chosen,
        left_out=tuple(left_out),
        problems=tuple(single.values()),
        unfinished=found.if_new,
    )


class Planner:
    """Decides what is new, what is published already, and what cannot be published."""

    def __init__(
        self,
        repository: WorkRepository,
        destination: Registry,
        local: LocalRegistry,
        checked: CheckedSource,
    ) -> None:
        self._repository = repository
        self._destination = destination
        self._local = local
        self._checked = checked
        self._source = checked.source
        self._chosen = checked.chosen
        self._left_out = checked.left_out
        self._format = checked.source.manifest.format
        self._layout = layout_of(self._format)

    def plan(
        self, reader: BatchReader, request: PublishRequest, remote: Remote | None
    ) -> PublicationPlan:
        """Return what is to be done; raises every problem and every conflict at once."""
        found = self.survey(request)
        raise_problems(list(found.problems), what=_NOTHING)
        return PublicationPlan(
            genesis=found.genesis,
            commit=self._source.commit,
            remote=remote,
            atoms=tuple(self._decide(reader, found.theirs, found.mine)),
            listed=found.listed,
            left_out=self._left_out,
            no_origin=request.no_origin,
        )

    def survey(self, request: PublishRequest) -> Survey:
        """Return what is published, and what speaks against publishing the chosen atoms.

        Raises:
            What keeps the destination from being asked, together with the problems known by then.
        """
        problems = list(self._checked.problems)
        if not self._chosen and problems:
            raise_problems(problems, what=_NOTHING)
        try:
            mine = self._existing(self._local, self._local.listed(self._label_prefixes()))
            listed = self._destination.listed([*self._set_refs(mine), *self._label_prefixes()])
            genesis = settle_genesis(
                self._repository,
                self._source.commit,
                remote=listed_genesis(listed),
                chosen=request.genesis,
            )
            theirs = self._existing(self._destination, listed)
            problems += self._label_collisions(theirs)
        except EkaError as error:
            raise_problems([*problems, error], what=_NOTHING)
            raise  # pragma: no cover - there is one problem at least
        problems += conflicts(self._chosen, [*theirs, *mine])
        problems += version_collisions(self._chosen, theirs)
        published = {found.key for found in theirs}
        fresh = [atom for atom in self._chosen if (atom.label, atom.version) not in published]
        if not request.allow_backwards:
            problems += backwards(fresh, theirs)
        unfinished = self._checked.unfinished
        keys = [(atom.label, atom.version) for atom in fresh]
        problems += [unfinished[key] for key in keys if key in unfinished]
        return Survey(
            genesis=genesis,
            listed=listed,
            theirs=tuple(theirs),
            mine=tuple(mine),
            problems=tuple(problems),
        )

    @property
    def checked(self) -> CheckedSource:
        """The atoms that are asked for."""
        return self._checked

    def _set_refs(self, mine: Iterable[ExistingVersion]) -> list[str]:
        """Return the refs of the set that a publish may have to create."""
        origins = {found.commit.origin for found in mine if found.commit is not None}
        origins.add(self._source.commit)
        return [INIT_REF, OLD_ROOT_TAG, BRANCHES_PREFIX, *map(origin_ref, sorted(origins))]

    def _label_prefixes(self) -> list[str]:
        """Return the prefixes of every version of the chosen labels."""
        labels = sorted({atom.label for atom in self._chosen})
        return [prefix for label in labels for prefix in label_prefixes(label)]

    def _existing(
        self, registry: Registry, listed: Mapping[str, ObjectId]
    ) -> list[ExistingVersion]:
        """Return the listed versions; of the chosen atoms' own, what their commits say."""
        wanted = {(atom.label, atom.version) for atom in self._chosen}
        labels = {label for label, _ in wanted}
        refs: dict[str, ObjectId] = {}
        oids: list[ObjectId] = []
        for name, oid in listed.items():
            ref = parse_atom_ref(name)
            if ref is not None and ref.label in labels:
                refs[name] = oid
                if (ref.label, ref.version) in wanted:
                    oids.append(oid)
        bodies = registry.bodies(list(dict.fromkeys(oids)))
        return read_existing(refs, bodies, registry.where)

    def _label_collisions(self, theirs: Iterable[ExistingVersion]) -> Iterable[EkaError]:
        """Return labels new to the destination that look like one it has."""
        known = {found.ref.label for found in theirs}
        new = {atom.label: atom.manifest_file for atom in self._chosen if atom.label not in known}
        if not new:
            return []
        published: dict[Label, str] = {}
        parents: set[str] = set()  # one version of each label is enough
        for name in self._destination.listed(_lookalike_prefixes(new)):
            if (parent := name.rpartition("/")[0]) in parents:
                continue
            ref = parse_atom_ref(name)
            if ref is not None:
                parents.add(parent)
                published[ref.label] = f"{name} of {self._destination.where}"
        told = {_pair(each) for each in self._checked.problems}
        found = confusable_labels({**published, **new}, new)
        return [each for each in found if _pair(each) not in told]

    def _decide(
        self,
        reader: BatchReader,
        theirs: Iterable[ExistingVersion],
        mine: Iterable[ExistingVersion],
    ) -> Iterable[PlannedAtom]:
        published = {found.key: found for found in theirs if found.commit is not None}
        local = {found.key: found for found in mine if self._is_reusable(found)}
        for group in grouped(self._chosen):
            known = published.keys() | local.keys()
            fresh = [atom for atom in group if (atom.label, atom.version) not in known]
            preload(fresh, reader, max_bytes=_WHOLE_BLOB_BYTES)
            for atom in group:
                key = (atom.label, atom.version)
                if key in published:
                    yield planned(atom, AtomStatus.UNCHANGED, published[key])
                elif key in local:
                    # The same commit everywhere: mirrors that disagree on an id are an error.
                    yield planned(atom, AtomStatus.NEW, local[key])
                else:
                    yield self._new(atom, reader)

    def _is_reusable(self, found: ExistingVersion) -> bool:
        commit = found.commit
        return (
            commit is not None
            and found.ref.layout is self._layout
            and commit.format is self._format
        )

    def _new(self, atom: SourceAtom, reader: BatchReader) -> PlannedAtom:
        is_current = self._format is CommitFormat.V2
        commit = AtomCommit(
            format=self._format,
            tree=atom.tree,
            origin=self._source.commit,
            label=atom.label,
            version=atom.version,
            path=None if self._format is CommitFormat.PRE1 else atom.path,
            manifest=atom.manifest_blob if is_current else None,
            content=content_hash(atom.tree, reader) if is_current else None,
        )
        return PlannedAtom(
            source=atom,
            status=AtomStatus.NEW,
            commit=commit,
            oid=commit.id(),
            layout=self._layout,
            body=commit.encode(),
        )


def _pair(problem: EkaError) -> frozenset[str]:
    """Return the two labels a problem is about; nothing for other problems."""
    if isinstance(problem, ConfusableLabel):
        return frozenset((problem.label, problem.other))
    return frozenset()


def _lookalike_prefixes(labels: Collection[Label]) -> list[str]:
    """Return prefixes of the versions of all labels that could be too close to ``labels``.

    A registry may have very many; where they can only begin in a few ways, the others stay there.
    """
    everything = [ATOMS_PREFIX, EKA_ATOMS_PREFIX]
    if len(labels) > _MANY_LABELS:
        return everything
    starts: set[str] = set()
    for label in labels:
        found = lookalike_starts(label)
        if found is None or len(starts) > _MANY_STARTS:
            return everything
        starts |= found
    return [
        space + start for space in (ATOMS_PREFIX, EKA_ATOMS_PREFIX) for start in sorted(starts)
    ]
