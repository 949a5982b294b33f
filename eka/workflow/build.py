"""``eka build``: a lock into outputs, through the store core."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from eka.compose import ComposeRequest, compose_static
from eka.store import ActionFinished, ActionLog, ActionStarted, FetchProgress, Outcome
from eka.workflow.errors import LockMissing, LockStale, NotInLock
from eka.workflow.fetch import fetch_lock
from eka.workflow.lock import LockOptions, lock_project
from eka.workflow.locked import checked_lock
from eka.workflow.supply import supply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.atom import AtomKey, Lock, Manifest
    from eka.store import Event, Plan, StorePath
    from eka.workflow.project import Project
    from eka.workflow.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildOptions:
    """What to build and how."""

    targets: tuple[str, ...] = ()  # labels of direct dependencies; none: the project itself
    locked: bool = False
    check: bool = False  # build again and compare
    link: Path | None = None  # where the result link goes; None: no link
    plan_only: bool = False


@dataclass(frozen=True, slots=True)
class BuiltOutput:
    """One target's output."""

    target: str
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


class Tally:
    """Counts what happens and shows it; logs go to ``log``."""

    def __init__(self, services: Services, total: int, log: Callable[[str, bytes], None]) -> None:
        self._progress = services.progress
        self._total = total
        self._log = log
        self._names: dict[str, str] = {}
        self.built = 0
        self.cached = 0

    def emit(self, event: Event) -> None:
        """Take one event of the realisation."""
        if isinstance(event, ActionStarted):
            self._names[event.action] = event.name
            self._progress.step(f"{event.kind} {event.name}")
        elif isinstance(event, ActionLog):
            self._log(self._names.get(event.action, ""), event.line)
        elif isinstance(event, FetchProgress):
            name = self._names.get(event.action, "")
            self._progress.count(name, event.received_bytes, event.total_bytes)
        elif isinstance(event, ActionFinished):
            built = event.outcome is Outcome.BUILT
            self.built, self.cached = self.built + built, self.cached + (not built)
            self._progress.count("actions", self.built + self.cached, self._total)


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
    if not _is_current(services, project):
        lock_project(services, project, LockOptions(locked=options.locked))
    manifest, lock = checked_lock(services, project)
    fetch_lock(services, lock)
    targets: list[tuple[str, AtomKey | None]] = [
        (name, _target(lock, name)) for name in options.targets
    ] or [("", None)]
    services.progress.step("preparing sources")
    supplies = supply(services, project, manifest, lock)
    composition = compose_static(
        ComposeRequest(
            lock=lock,
            manifests=supplies.manifests,
            contents=supplies.contents,
            system=services.system,
            targets=tuple(key for _, key in targets),
        )
    )
    plan = composition.plan
    tally = Tally(services, len(plan.actions), log)
    if options.plan_only:
        return BuildReport((), 0, 0, plan)
    realised = services.realiser(tally.emit).realise(plan, check=options.check)
    outputs: list[BuiltOutput] = []
    for name, key in targets:
        root = composition.outputs[key]
        path = realised[root.action, root.output]
        outputs.append(_output(services, manifest, name, path, options))
    return BuildReport(tuple(outputs), tally.built, tally.cached, plan)


def _is_current(services: Services, project: Project) -> bool:
    try:
        checked_lock(services, project)
    except (LockMissing, LockStale):
        return False
    return True


def _target(lock: Lock, name: str) -> AtomKey:
    found = [key for key in lock.requires if key.label.text == name]
    if not found:
        raise NotInLock(name, sorted({key.label.text for key in lock.requires}))
    return max(found)


def _output(
    services: Services, manifest: Manifest, name: str, path: StorePath, options: BuildOptions
) -> BuiltOutput:
    store = services.store()
    link = None
    if options.link is not None:
        link = options.link.with_name(f"{options.link.name}-{name}") if name else options.link
        store.add_root(link, path)
    label = name or manifest.package.label.text
    return BuiltOutput(label, path, store.physical(path), store.path_info(path).content, link)
