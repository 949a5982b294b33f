"""``eka build``: a lock into outputs, through the store core."""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.compose import ROOT, ComposeRequest, compose_static
from eka.workflow.compositions import Compositions, composition_name, is_unchanged
from eka.workflow.direct_trees import supply_trees
from eka.workflow.errors import LinkPlaceMissing, LockMissing, LockStale
from eka.workflow.fetch import checked_urls, fetch_checked
from eka.workflow.lock import lock_project
from eka.workflow.lock_changes import describe
from eka.workflow.lock_facts import lock_facts
from eka.workflow.locked import checked_lock
from eka.workflow.project import LOCK
from eka.workflow.resolution import LockOptions
from eka.workflow.supply import supply_fetched, supply_local
from eka.workflow.tally import Tally
from eka.workflow.targets import DELIMITER, find_target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from eka.atom import AtomKey, Label, Lock, Manifest
    from eka.compose import Composition
    from eka.store import Plan, StorePath
    from eka.workflow.build_options import BuildOptions
    from eka.workflow.compositions import Targets
    from eka.workflow.project import Project
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True)
class BuiltOutput:
    """One target's output."""

    target: str  # its label
    path: StorePath
    physical: Path
    content: str  # 64 hex digits
    link: Path | None


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build came to."""

    outputs: tuple[BuiltOutput, ...]
    built: int  # actions that ran
    cached: int  # actions that were there already
    plan: Plan
    substituted: int = 0  # actions whose outputs came from a binary cache


@dataclass(frozen=True, slots=True)
class Composed:
    """A plan, and which of its outputs is whose."""

    composition: Composition
    targets: Mapping[str, AtomKey | None]  # by the name they were asked for
    label: Label  # of the project


def build_project(
    services: Services,
    project: Project,
    options: BuildOptions,
    log: Callable[[str, bytes], None],
) -> BuildReport:
    """Build a project, or some of its dependencies, from its lock.

    A missing or stale lock is written first, unless ``locked`` forbids it.

    Raises:
        NotInLock: a target is no direct dependency.
        BuildFailed: a recipe failed; its log says why.
    """
    if options.link is not None and not options.link.parent.is_dir():
        raise LinkPlaceMissing(str(options.link.parent))
    composed = compose_project(services, project, options)
    plan = composed.composition.plan
    keeps_going = options.demands is not None and options.demands.keep_going
    tally = Tally(services, len(plan.actions), log, keeps_going=keeps_going)
    if options.plan_only:
        return BuildReport((), 0, 0, plan)
    realised = services.realiser(tally.emit).realise(plan, options.demands)
    outputs: list[BuiltOutput] = []
    for name, key in composed.targets.items():
        root = composed.composition.outputs[key]
        path = realised[root.action, root.output]
        label = key.label if key else composed.label
        outputs.append(_output(services, label, path, _link(options.link, name)))
    return BuildReport(tuple(outputs), tally.built, tally.cached, plan, tally.substituted)


def compose_project(services: Services, project: Project, options: BuildOptions) -> Composed:
    """Return the plan that builds a project, or some of its dependencies; its trees are there.

    Raises:
        NotInLock: a target is no direct dependency.
    """
    manifest, lock = _current_lock(services, project, options)
    names = dict.fromkeys(options.targets)
    targets: dict[str, AtomKey | None] = {
        name: find_target(project, manifest, lock, name) for name in names
    } or {"": ROOT}
    composition = _composed(services, project, manifest, lock, tuple(targets.values()))
    return Composed(composition, targets, manifest.package.label)


def _current_lock(
    services: Services, project: Project, options: BuildOptions
) -> tuple[Manifest, Lock]:
    """Return manifest and lock; one that is missing or stale is written, and that is said."""
    try:
        return checked_lock(services, project)
    except (LockMissing, LockStale):
        report = lock_project(services, project, LockOptions(locked=options.locked))
    if report.written:
        changes = f": {describe(report.changes)}" if report.changes else ""
        services.progress.note(f"{LOCK} was written{changes}")
    return checked_lock(services, project)


def _composed(
    services: Services, project: Project, manifest: Manifest, lock: Lock, targets: Targets
) -> Composition:
    urls = checked_urls(services, lock)
    store, system = services.store(), services.system
    supplies = supply_local(services, project, manifest, lock)
    remembered = Compositions(services.compositions, store)
    name = composition_name(project, supplies, targets, system=system, store=store)
    if found := remembered.find(name, targets):
        return found
    fetch_checked(services, lock, urls)
    supply_trees(services, lock.direct)
    services.progress.step("preparing sources")
    supply_fetched(services, lock, supplies)
    store.record_all(lock_facts(lock, supplies.manifests))
    composition = compose_static(
        ComposeRequest(
            lock=lock,
            manifests=supplies.manifests,
            contents=supplies.contents,
            system=system,
            targets=targets,
            places=supplies.places,
        )
    )
    if is_unchanged(project, supplies, lock):
        remembered.keep(name, targets, composition)
    return composition


def _link(link: Path | None, name: str) -> Path | None:
    """Return where the link to the output of a target goes; the project's has the plain name."""
    if link is None or not name:
        return link
    return link.with_name(f"{link.name}-{name.replace(DELIMITER, '-')}")


def _output(services: Services, label: Label, path: StorePath, link: Path | None) -> BuiltOutput:
    store = services.store()
    if link is not None:
        store.add_root(link, path)
    content = store.path_info(path).content
    return BuiltOutput(label.text, path, store.physical(path), content, link)
