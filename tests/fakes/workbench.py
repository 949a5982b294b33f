"""A small bench to build on: a store, a root file system of busybox, and what was reported."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eka.build import (
    Bubblewrap,
    ControlGroups,
    Demands,
    HttpDownloader,
    Limits,
    Patience,
    Realiser,
)
from eka.build import seccomp_filter as machine_filter
from eka.store import (
    ActionFinished,
    ActionInput,
    ActionLog,
    DirNode,
    FileNode,
    LinkNode,
    Outcome,
    Plan,
    RunAction,
    Store,
    TreeInput,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.build import Downloader, Sandbox
    from eka.store import Action, Event, Node, StorePath

SYSTEM = f"{os.uname().machine}-linux"
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


@cache
def _program(name: str) -> str:
    found = shutil.which(name)
    assert found is not None, f"{name} is not installed; ./run check says how to get it"
    return found


@cache
def _busybox() -> tuple[bytes, tuple[str, ...]]:
    program = _program("busybox")
    listed = subprocess.run([program, "--list"], capture_output=True, check=True)
    return Path(program).read_bytes(), tuple(listed.stdout.decode().split())


def rootfs_nodes(extra: Mapping[str, bytes] | None = None) -> list[Node]:
    """Return a root file system: busybox under all its names, a merged /usr, an /etc."""
    content, applets = _busybox()
    nodes: list[Node] = [DirNode(()), LinkNode((b"bin",), b"usr/bin"), DirNode((b"etc",))]
    for name, data in (extra or {"os-release": b"ID=busybox\n"}).items():
        nodes.append(_file(f"etc/{name}", data))
    nodes += [DirNode((b"usr",)), DirNode((b"usr", b"bin"))]
    nodes.append(_file("usr/bin/busybox*", content))
    links = sorted(set(applets) - {"busybox"})
    nodes += [LinkNode((b"usr", b"bin", name.encode()), b"busybox") for name in links]
    return nodes


def tree_nodes(files: Mapping[str, bytes | str]) -> list[Node]:
    """Return a tree: bytes are files (executable when the name ends in ``*``), text is links."""
    nodes: list[Node] = [DirNode(())]
    made: set[tuple[bytes, ...]] = {()}
    for name, content in sorted(files.items()):
        path = tuple(part.encode() for part in name.rstrip("*").split("/"))
        for depth in range(1, len(path)):
            if path[:depth] not in made:
                made.add(path[:depth])
                nodes.append(DirNode(path[:depth]))
        if isinstance(content, str):
            nodes.append(LinkNode(path, content.encode()))
        else:
            nodes.append(_file(name, content))
    return nodes


def _file(name: str, content: bytes) -> FileNode:
    path = tuple(part.encode() for part in name.rstrip("*").split("/"))
    return FileNode(path, executable=name.endswith("*"), chunks=(content,))


def real_sandbox(limits: Limits | None = None) -> Bubblewrap:
    """Return the sandbox as the programs wire it."""
    return Bubblewrap(
        _program("bwrap"),
        seccomp=machine_filter(os.uname().machine),
        limits=limits,
        groups=ControlGroups.find(),
    )


class Workbench:
    """A store, and the means to realise plans in it."""

    def __init__(
        self,
        store: Store,
        *,
        sandbox: Sandbox | None = None,
        downloader: Downloader | None = None,
        keep_failed: Path | None = None,
        jobs: int = 2,
    ) -> None:
        self.store = store
        self.events: list[Event] = []
        quick = Patience(attempts=3, first_pause_s=0.01, silence_s=5.0)
        self.realiser = Realiser(
            store,
            sandbox=sandbox or real_sandbox(),
            downloader=downloader or HttpDownloader({}, patience=quick),
            emit=self.events.append,
            jobs=jobs,
            keep_failed=keep_failed,
        )

    def tree(self, files: Mapping[str, bytes | str], name: str = "source") -> TreeInput:
        """Add a tree and return it as an input."""
        return self._input(self.store.add_tree(name, tree_nodes(files)))

    def rootfs(self, extra: Mapping[str, bytes] | None = None) -> TreeInput:
        """Add the root file system and return it as an input."""
        return self._input(self.store.add_tree("rootfs", rootfs_nodes(extra)))

    def script(self, text: str, name: str = "thing", **changes: Any) -> RunAction:  # noqa: ANN401
        """Return an action that runs a shell script on the root file system."""
        inputs = {"rootfs": self.rootfs(), **changes.pop("inputs", {})}
        env = {"out": "{{output:out}}", **changes.pop("env", {})}
        return RunAction(
            name=name,
            builder="/bin/sh",
            args=("-eu", "-c", text),
            env=env,
            inputs=inputs,
            rootfs=changes.pop("rootfs", "rootfs"),
            system=changes.pop("system", SYSTEM),
            timeout_s=changes.pop("timeout_s", 60),
            **changes,
        )

    def realise(self, *actions: Action, **demands: Any) -> StorePath:  # noqa: ANN401 - of `Demands`
        """Realise a plan whose root is the last action; returns that action's output."""
        plan = plan_of(*actions)
        (path,) = self.realiser.realise(plan, Demands(**demands)).values()
        return path

    def build(self, text: str, *, rounds: int = 1, **changes: Any) -> StorePath:  # noqa: ANN401 - as for `script`
        """Realise one script."""
        return self.realise(self.script(text, **changes), rounds=rounds)

    def read(self, path: StorePath, below: str = "") -> str:
        """Return the text of a file of an output."""
        return (self.store.physical(path) / below).read_text()

    def log(self) -> list[str]:
        """Return all lines that builds said."""
        return [event.line.decode() for event in self.events if isinstance(event, ActionLog)]

    def outcomes(self) -> list[tuple[str, Outcome]]:
        """Return the names of finished actions and how they finished, and forget the events."""
        found = [
            (event.name, event.outcome)
            for event in self.events
            if isinstance(event, ActionFinished)
        ]
        self.events.clear()
        return found

    def _input(self, path: StorePath) -> TreeInput:
        return TreeInput(self.store.path_info(path).content, path.name)


def plan_of(*actions: Action) -> Plan:
    """Return a plan whose root is the output of the last action."""
    plan = Plan.of(actions, ())
    last = list(plan.actions)[-1]
    return Plan(plan.actions, (ActionInput(last),))
