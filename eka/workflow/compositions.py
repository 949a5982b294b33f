"""Compositions remembered: a plan is not composed again from what has not changed.

To compose reads the manifest of every atom and checks its tree, which for hundreds of atoms takes
longer than all else of a build that has nothing to do. What goes in is known by hash, so what came
out can be kept. The trees of a remembered plan are in the store, or it is not used.

Source: docs/adr/0043.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

from eka import __version__
from eka.checking import TYPE_CHECKING, cast
from eka.compose import Composition
from eka.hashing import digest
from eka.store import ActionInput, StorePath, parse_plan, tree_path
from eka.workflow.durable import replace_file
from eka.workflow.project import Project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from eka.atom import AtomKey, Lock
    from eka.store import Plan, Store
    from eka.workflow.supply import Supplies

FORMAT = "eka.composition/1"
MOST_KEPT = 64
MAX_BYTES = 128 << 20  # of one file
Targets = tuple["AtomKey | None", ...]


class Compositions:
    """What was composed before, one file each in a directory of the user's cache.

    Args:
        directory: Where they are; made when needed.
        store: What holds the trees.
    """

    def __init__(self, directory: Path, store: Store) -> None:
        self._directory = directory
        self._store = store

    def find(self, name: str, targets: Targets) -> Composition | None:
        """Return what was remembered under a name if all its trees are there; they are held.

        Args:
            name: What `composition_name` returned.
            targets: What the composition is for.
        """
        try:
            with (self._directory / name).open("rb") as file:
                sealed, _, data = file.read(MAX_BYTES).partition(b"\n")
        except OSError:
            return None
        if sealed.decode("ascii", "replace") != digest(data).hex():
            return None  # damaged: made anew
        composition = _read(data, targets)
        return composition if self._store.hold_all(_trees(composition.plan)) else None

    def keep(self, name: str, targets: Targets, composition: Composition) -> None:
        """Remember a composition; the oldest others are forgotten when there are many."""
        outputs = [composition.outputs[target] for target in targets]
        head = json.dumps([[each.action, each.output] for each in outputs]).encode()
        data = head + b"\n" + composition.plan.encode()
        sealed = digest(data).hex().encode()
        with suppress(OSError):  # a disk that is full costs time only
            self._directory.mkdir(parents=True, exist_ok=True)
            replace_file(self._directory / name, sealed + b"\n" + data, durable=False)
            self._forget()

    def _forget(self) -> None:
        files = [(each.stat().st_mtime_ns, each) for each in self._directory.iterdir()]
        for _, file in sorted(files, reverse=True)[MOST_KEPT:]:
            file.unlink(missing_ok=True)


def composition_name(
    project: Project, supplies: Supplies, targets: Targets, *, system: str, store: Store
) -> str:
    """Return a name made of all that a composition depends on: 64 hex digits.

    Args:
        project: Whose lock and manifest it is; their bytes are read as they are now.
        supplies: Of the atoms that stand in directories, the project among them.
        targets: What is to be built.
        system: What it is built for.
        store: Where the trees go, and what is told about them.
    """
    local = sorted(
        (
            key.text if key else "",
            str(each.directory),
            digest(each.manifest_bytes()).hex(),
            supplies.contents[key].hex,
        )
        for key, each in _local(project, supplies).items()
    )
    parts = [
        FORMAT,
        __version__,
        system,
        str(store.root),
        digest(project.lock_bytes() or b"").hex(),
        [key.text if key else "" for key in targets],
        local,
    ]
    return digest(json.dumps(parts).encode()).hex()


def is_unchanged(project: Project, supplies: Supplies, lock: Lock) -> bool:
    """Tell whether lock and manifests, as they were read, are still what stands there.

    They were read before their bytes were named: what somebody edits meanwhile must not be
    remembered under the name of something else.
    """
    local = _local(project, supplies).items()
    same = all(each.manifest() == supplies.manifests[key] for key, each in local)
    return same and project.lock() == lock


def _local(project: Project, supplies: Supplies) -> dict[AtomKey | None, Project]:
    return {key: Project(Path(place), project.aliases) for key, place in supplies.places.items()}


def _read(data: bytes, targets: Targets) -> Composition:
    head, _, body = data.partition(b"\n")
    outputs = cast("list[list[str]]", json.loads(head))
    found = [ActionInput(action, output) for action, output in outputs]
    return Composition(parse_plan(body, FORMAT), dict(zip(targets, found, strict=True)))


def _trees(plan: Plan) -> Iterator[StorePath]:
    for content, names in plan.trees().items():
        for name in names:
            yield tree_path(content, name)
