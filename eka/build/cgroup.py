"""Control groups, where this machine lets its user make them; both versions of the kernel's API.

A hybrid machine mounts version 2 without controllers: only what was read back counts as set.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from eka.build.sandbox import Limits

_SYSTEM = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_COUNTER = itertools.count()
_PROCESSES = "pids.max"
_THREADS, _MYSELF = "tasks", "0"
_EVENTS = ("memory.events", "memory.oom_control")  # of version 2 and 1
_KILLS = re.compile(r"^oom_kill (\d+)$", re.MULTILINE)
_MEMORY = {1: "memory.limit_in_bytes", 2: "memory.max"}


@dataclass(frozen=True, slots=True)
class _Parent:
    """A directory in which groups can be made, and what can be limited there."""

    directory: Path
    version: int
    controllers: frozenset[str]


@dataclass(slots=True)
class BuildGroup:
    """The control groups of one build, one per hierarchy."""

    directories: list[Path] = field(default_factory=list[Path])
    _holds_threads: set[Path] = field(default_factory=set[Path])  # that were joined

    @contextmanager
    def joined(self) -> Generator[None, None, None]:
        """Be in the group with this thread, so that what it starts is in it from the first.

        Only version 1 has groups for threads. There a thread moves itself at once, while moving
        another process waits some milliseconds for all processors. The others need `add`.
        """
        own = [place for place in self.directories if os.path.exists(f"{place}/{_THREADS}")]  # noqa: PTH110 - twice a build
        try:
            for directory in own:
                _write(f"{directory}/{_THREADS}", _MYSELF)
                self._holds_threads.add(directory)
            yield
        finally:
            for directory in own:
                _write(f"{directory}/../{_THREADS}", _MYSELF)

    def add(self, pid: int) -> None:
        """Move the process into the group; what it starts later is in it too.

        Where the kernel refuses, the process stays unlimited: `ControlGroups.works` finds out.
        """
        for directory in self.directories:
            if directory in self._holds_threads:
                continue
            with contextlib.suppress(OSError):
                _write(f"{directory}/cgroup.procs", str(pid))

    def holds(self, pid: int) -> bool:
        """Whether the process is in all groups."""
        files = [directory / "cgroup.procs" for directory in self.directories]
        try:
            return bool(files) and all(str(pid) in file.read_text().split() for file in files)
        except OSError:
            return False

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel ended a process of the group because its memory was used up."""
        return any(_count_of_kills(directory) > 0 for directory in self.directories)

    def remove(self) -> None:
        """Remove the group; its processes are gone."""
        for directory in self.directories:
            with contextlib.suppress(OSError):  # an empty directory is no harm
                directory.rmdir()


class ControlGroups:
    """Makes a group for each build below those this process may write to."""

    def __init__(self, parents: tuple[_Parent, ...]) -> None:
        self._parents = parents

    @classmethod
    def find(cls, system: Path = _SYSTEM, own: Path = _OWN) -> ControlGroups | None:
        """Return what this process may use, or None where it may limit nothing."""
        try:
            lines = own.read_text().splitlines()
        except OSError:
            return None
        parents = tuple(_usable(system, lines))
        return cls(parents) if parents else None

    @property
    def controllers(self) -> frozenset[str]:
        """What can be limited: ``pids``, ``memory``."""
        return frozenset[str]().union(*(parent.controllers for parent in self._parents))

    def works(self, limits: Limits) -> bool:
        """Try to limit a process."""
        group = self.make(limits)
        # Ends when its standard input is closed.
        with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as trial:
            group.add(trial.pid)
            held = group.holds(trial.pid)
        group.remove()
        return held and len(group.directories) == len(self._parents)

    def make(self, limits: Limits) -> BuildGroup:
        """Return a new group with ``limits``; where a limit cannot be set, there is none."""
        group = BuildGroup()
        for parent in self._parents:
            directory = parent.directory / f"eka-{os.getpid()}-{next(_COUNTER)}"
            with contextlib.suppress(OSError):
                directory.mkdir()
                group.directories.append(directory)
                _limit(directory, parent, limits)
        return group


def _limit(directory: Path, parent: _Parent, limits: Limits) -> None:
    if "pids" in parent.controllers:
        _write(f"{directory}/{_PROCESSES}", str(limits.processes))
    if "memory" in parent.controllers and limits.memory_bytes is not None:
        _write(f"{directory}/{_MEMORY[parent.version]}", str(limits.memory_bytes))


def _count_of_kills(directory: Path) -> int:
    for name in _EVENTS:
        with contextlib.suppress(OSError):
            found = _KILLS.search((directory / name).read_text())
            return int(found[1]) if found else 0
    return 0


def _write(file: str, text: str) -> None:
    """Tell the kernel something, in one call, for it takes such a file line by line."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _usable(system: Path, lines: list[str]) -> Iterator[_Parent]:
    for line in lines:
        number, names, path = line.split(":", 2)
        if number == "0":
            yield from _version_2(system, path)
            continue
        wanted = frozenset(names.split(",")) & {"pids", "memory"}
        directory = system / names / path.lstrip("/")
        if wanted and os.access(directory, os.W_OK):
            yield _Parent(directory, 1, wanted)


def _version_2(system: Path, path: str) -> Iterator[_Parent]:
    # A group that holds processes gives its children no controllers, so a sibling is tried too.
    own = system / path.lstrip("/")
    for directory in (own, own.parent):
        control = directory / "cgroup.subtree_control"
        if not os.access(directory, os.W_OK) or not control.is_file():
            continue
        enabled = frozenset(control.read_text().split()) & {"pids", "memory"}
        if enabled:
            yield _Parent(directory, 2, enabled)
            return
