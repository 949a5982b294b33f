"""One run of the solver over one project, and the lock that follows from what it chose."""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import (
    AtomKey,
    Lock,
    LockedAtom,
    atom_id,
    content_hash,
    requirements_digest,
)
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.resolve import drive, place_text, solve
from eka.workflow.candidate import find_entry
from eka.workflow.chooser import Run
from eka.workflow.errors import PinMismatch
from eka.workflow.listing import Listings
from eka.workflow.local import LocalAtoms
from eka.workflow.own_set import open_own_set
from eka.workflow.patched import open_patches
from eka.workflow.pins import copy_pins, neighbour_pins, pin_direct
from eka.workflow.previous import Previous
from eka.workflow.progress import counted
from eka.workflow.project import LOCK
from eka.workflow.provider import GitProvider
from eka.workflow.reasons import add_reasons
from eka.workflow.sets import KnownSets
from eka.workflow.used_check import check_lock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eka.atom import Genesis, LockedDirect, Manifest, SetDeclaration, SourceUrl
    from eka.resolve import Provider, Request, ResolveKey, Solution, Strategy, Wanted
    from eka.workflow.chooser import Chooser, Versions
    from eka.workflow.explain import Explainer
    from eka.workflow.own_set import OwnSet
    from eka.workflow.project import Project
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class LockOptions:
    """How to lock."""

    locked: bool = False  # the lock must exist and stay as it is
    refresh: bool | frozenset[str] = False  # forget the pins of direct sources: all, or some
    update: bool = False  # forget the versions of the previous lock
    dry_run: bool = False
    strategy: Strategy = "highest"
    accepted_sources: tuple[str, ...] = ()
    typed_sources: tuple[SourceUrl, ...] = ()  # as the person typed them, credentials included
    explainer: Explainer | None = None  # is told of what was found
    chooser: Chooser | None = None  # None: versions of the previous lock stay where they fit


@dataclass(frozen=True, slots=True)
class Shared:
    """What the locks of one set have in common: it is read, and sources are asked, once."""

    own: OwnSet | None  # None: it is read where a manifest speaks of it
    listings: Listings


def resolve(
    services: Services,
    project: Project,
    manifest_text: bytes,
    options: LockOptions,
    previous: Previous,
    shared: Shared | None = None,
) -> Lock:
    """Return the lock that ``manifest_text`` asks for in the place of ``project``."""
    manifest = project.parse(manifest_text)
    speaks = any(declared.own for declared in manifest.package.sets.values())
    own = None
    if speaks:
        own = shared.own if shared else None
        own = own or open_own_set(services, project.directory)
    listings = shared.listings if shared else Listings(services)
    task = _Task(project, manifest, options, previous)
    resolution = _Resolution(services, task, own, listings)
    lock = resolution.lock()
    resolution.tell()
    return lock


@dataclass(frozen=True, slots=True)
class _Task:
    """What is to be locked, and how."""

    project: Project
    manifest: Manifest
    options: LockOptions
    previous: Previous


class _Resolution:
    """One run of the solver over one project, and the pins that follow from it."""

    def __init__(
        self, services: Services, task: _Task, own: OwnSet | None, listings: Listings
    ) -> None:
        self._services = services
        self._listings = listings
        self._task = task
        self._own = own.genesis if own else None
        options = task.options
        before = task.previous.lock.sets if task.previous.lock else ()
        remembered = {each.genesis: each.accepted for each in before if each.accepted}
        self._sets = KnownSets(
            listings,
            self._own,
            options.accepted_sources,
            remembered,
            pinned={each.urls[0]: each.genesis for each in before if each.urls},
            typed=options.typed_sources,
        )
        self._local = LocalAtoms(own, open_patches(task.project, task.manifest, self._set))
        self._provider = GitProvider(
            services, self._sets, listings, self._local, task.previous, keeps=not options.update
        )
        self._single = {
            (self._set(task.manifest.package.sets[each.set_name]), each.label): each
            for each in task.manifest.single
        }
        self._solution: Solution | None = None
        self._wanted: Sequence[Wanted] = ()

    def _set(self, declared: SetDeclaration) -> Genesis:
        """Return which set a declaration of the project means."""
        place = str(self._task.project.directory)
        return self._sets.declare(declared, within=self._own, base=place)

    def lock(self) -> Lock:
        try:
            solution = self._solve()
            while not self._confirmed(solution):
                solution = self._solve()
        except EkaError as error:
            if self._listings.asks:  # else it is not told
                self._advise(error)
                add_reasons(error, self._local.said, self._said_single)
            raise
        self._solution = solution
        self._tell_explainer(solution)
        requests = sorted(solution.edges)
        atoms = [self._locked_atom(request, solution) for request in requests]
        task = self._task
        urls = {atom.key.genesis: self._sets.urls(atom.key.genesis) for atom in atoms}
        check_lock(
            self._services,
            atoms,
            urls,
            is_listed=self._listings.asks,
            is_trial=task.options.dry_run,
        )
        if self._services.trust_rules:
            # Few have rules, and checking signatures costs start-up time.
            from eka.workflow.signatures_rules import require_signatures  # noqa: PLC0415

            require_signatures(self._services, atoms, self._sets.urls, task.previous.lock)
        direct = self._direct(solution)
        for atom in atoms:
            direct += self._copied(atom.key)
        return Lock(
            requirements=requirements_digest(task.manifest),
            sets=self._sets.locked({atom.key.genesis for atom in atoms}),
            atoms=tuple(sorted(atoms, key=lambda atom: atom.key)),
            direct=tuple(sorted(direct, key=_direct_order)),
            requires=tuple(sorted({_key(request) for request in solution.root})),
        )

    def _direct(self, solution: Solution) -> list[LockedDirect]:
        """Return the pins of the project's own direct sources."""
        task = self._task
        return pin_direct(
            self._services,
            (task.project.directory, task.manifest),
            task.previous.lock,
            {label: version for (_, label), version in solution.root},
            refresh=task.options.refresh,
        )

    def _said_single(self, key: ResolveKey) -> str:
        """Return where the project allows one version of an atom only; empty where it does not."""
        item = self._single.get(key)
        if item is None or item.span is None:
            return ""
        place = place_text(item.span, item.span.file)
        return f"{key[1].text} is single: {place}"

    def tell(self) -> None:
        """Tell the person which directories stand for atoms, once a lock was found."""
        for note in self._local.notes(self._solution) if self._solution else ():
            self._services.progress.note(note)

    def _confirmed(self, solution: Solution) -> bool:
        """Recompute what was chosen by claims; False: something is unusable, choose again."""
        requests = sorted(solution.edges)
        if requests:
            self._services.progress.step(f"checking {counted(len(requests), 'atom')}")
        return self._provider.confirm(requests)

    def _advise(self, error: EkaError) -> None:
        """Add to an error what would work instead; costs nothing where versions fit."""
        task = self._task
        if task.options.chooser is not None and task.options.chooser.asks_more:
            return  # it says itself what would
        from eka.workflow.advice import Failed, advise  # noqa: PLC0415 - only an error needs it

        failed = Failed(
            project=task.project,
            manifest=task.manifest,
            wanted=self._wanted,
            provider=self._provider,
            preferred=task.previous.preferred,
            strategy=task.options.strategy,
            single=self._single,
            hint=self._hint,
        )
        advise(error, failed, self._services.progress)

    def _hint(self, key: ResolveKey) -> str:
        """Return which label may have been meant that a set does not have."""
        from eka.workflow.suggest import hint  # noqa: PLC0415 - only an error needs it

        urls = self._sets.urls(key[0])
        return hint(self._services, urls[0], key[1]) if urls else ""

    def _tell_explainer(self, solution: Solution) -> None:
        options = self._task.options
        if options.explainer is None:
            return
        from eka.workflow.explain import Resolved  # noqa: PLC0415 - few ask for reasons

        resolved = Resolved(
            wanted=self._wanted,
            solution=solution,
            provider=self._provider,
            refusal=self._provider.choice.refusal,
            kept={} if options.update else self._task.previous.preferred,
            strategy=options.strategy,
            single=self._single,
        )
        options.explainer.learn(resolved)

    def _solve(self) -> Solution:
        task, manifest = self._task, self._task.manifest
        lines = (*manifest.dependencies, *manifest.dev_dependencies)
        wanted = self._provider.wanted(lines, manifest, self._own, task.project.directory)
        self._wanted = wanted
        previous = Previous() if task.options.update else task.previous
        if wanted:
            self._services.progress.step("choosing versions")

        def solved(
            provider: Provider, preferred: Versions, root: Sequence[Wanted] | None = None
        ) -> Solution:
            search = solve(
                wanted if root is None else root,
                preferred=preferred,
                strategy=task.options.strategy,
                single=self._single,
            )
            return drive(search, provider)

        choice = self._provider.choice
        if task.options.chooser is None:
            solution = solved(self._provider, previous.preferred)
        else:
            solution = task.options.chooser.choose(
                Run(
                    lines=lines,
                    wanted=wanted,
                    preferred=previous.preferred,
                    provider=self._provider,
                    solve=solved,
                    keep=choice.keep,
                    refusal=choice.refusal,
                )
            )
        choice.tell(solution)
        return solution

    def _locked_atom(self, request: Request, solution: Solution) -> LockedAtom:
        key = _key(request)
        requires = tuple(sorted({_key(edge) for edge in solution.edges[request]}))
        identity = atom_id(key.genesis, key.label)
        if self._local.holds(request[0]):
            patched = self._local.is_patched(request[0])
            return LockedAtom(key=key, id=identity, requires=requires, patched=patched)
        candidate = self._provider.candidates[request]
        commit, reader = candidate.commit, self._provider.reader
        content = content_hash(commit.tree, reader)
        name = f"{key.label.text}@{key.version.text}"
        if commit.content is not None and commit.content != content:
            raise PinMismatch(name, expected=commit.content.hex, found=content.hex)
        return LockedAtom(
            key=key,
            id=identity,
            tree=commit.tree,
            content=content,
            rev=candidate.rev,
            requires=requires,
        )

    def _copied(self, key: AtomKey) -> list[LockedDirect]:
        if self._local.holds((key.genesis, key.label)):
            return neighbour_pins(self._local, key)
        candidate = self._provider.candidates[(key.genesis, key.label), key.version]
        reader = self._provider.reader
        oid = find_entry(reader, candidate.commit.tree, LOCK)
        return copy_pins(key, candidate.manifest, None if oid is None else reader.blob(oid))


def _key(request: Request) -> AtomKey:
    (genesis, label), version = request
    return AtomKey(genesis, label, version)


def _direct_order(pin: LockedDirect) -> tuple[str, str, str, str]:
    return (pin.owner.text if pin.owner else "", pin.kind, pin.name, pin.system)
