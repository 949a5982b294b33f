"""A process that forks others to use a store, and kills them or takes their rights away.

Run as ``python -m tests.fault.store.lives NAME ARGUMENTS…``; it prints JSON, one value per line.
A process of its own, because forking inside pytest would carry its threads and files along.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from eka.store import Reduction, Store, StorePath
from tests.store_nodes import SAMPLE, nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.store_nodes import Shape

PLACEHOLDER = StorePath("p" * 32, "out")
# What the hook counts as a step: all that changes files.
STEPS = {
    "open", "os.chmod", "os.link", "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.symlink",
    "os.utime", "os.scandir", "fcntl.flock",
}  # fmt: skip


def tell(value: object) -> None:
    """Print a value at once: what was told before a kill was acknowledged."""
    os.write(1, json.dumps(value).encode() + b"\n")


def in_child(work: Callable[[], None]) -> int:
    """Run ``work`` in a child; return its exit status, or minus the signal that ended it."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        work()
        os._exit(0)
    except BaseException:  # noqa: BLE001 - the child must end here, whatever happens
        traceback.print_exc()
        os._exit(1)


def live(root: Path, told: Path) -> None:
    """Do all that changes a store; note each acknowledged path in ``told``."""

    def note(path: StorePath) -> None:
        with told.open("a") as file:
            file.write(f"{path.text}\n")

    with Store.open(root) as store:
        dep = store.add_tree("dep", nodes(SAMPLE))
        note(dep)
        built = store.staging("out") / "out"
        built.mkdir()
        built.chmod(0o700)  # a umask is the business of the build
        (built / "run").touch()
        (built / "run").chmod(0o600)
        (built / "run").write_text(f"{PLACEHOLDER.text} {dep.text}")
        out = store.register_output("out", built, placeholder=PLACEHOLDER, candidates=[dep])
        note(out)
        store.record(Reduction("action", "name", out.base))
        store.add_root(root.parent / f"{root.name}-result", out)
        note(store.add_path("file", told))
    with Store.open(root) as store:
        store.gc()


def kill_at(step: int) -> None:
    """Make the process kill itself at a step."""
    count = 0

    def hook(event: str, _: tuple[object, ...]) -> None:
        nonlocal count
        if event in STEPS:
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def warm_up(base: Path) -> None:
    """Live once, so that what is loaded late is not counted as a step of later lives."""
    base.mkdir()
    (base / "told").touch()
    live(base / "store", base / "told")
    examine(base / "store", base / "told")


def steps(base: Path) -> None:
    """Tell how many steps a whole life has."""
    warm_up(base / "warm-steps")

    def work() -> None:
        count = 0

        def hook(event: str, _: tuple[object, ...]) -> None:
            nonlocal count
            count += event in STEPS

        sys.addaudithook(hook)
        live(base / "whole", base / "whole-told")
        tell(count)

    if in_child(work):
        tell("failed")


def killed(base: Path, first: int, last: int, stride: int) -> None:
    """Kill a life at each of the steps; tell what is wrong with the store afterwards."""
    warm_up(base / "warm-killed")
    for step in range(first, last, stride):
        root, told = base / f"s{step}", base / f"told{step}"
        told.touch()

        def work(step: int = step, root: Path = root, told: Path = told) -> None:
            kill_at(step)
            live(root, told)

        status = in_child(work)
        tell({"step": step, "status": status, **examine(root, told)})


def examine(root: Path, told: Path) -> dict[str, object]:
    """Return what is wrong with a store in which a process died."""
    acknowledged = [StorePath.parse(line) for line in told.read_text().splitlines()]
    rooted = (root.parent / f"{root.name}-result").is_symlink()
    with Store.open(root) as store:
        wrong: dict[str, object] = {
            "faults": [str(fault) for fault in store.verify()],
            "left": [
                str(entry.relative_to(root))
                for area in ("tmp", "trash", "sessions")
                for entry in (root / area).iterdir()
            ],
            # The last life step is gc: only what the root keeps must be there after it began.
            "lost": [
                path.text
                for path in acknowledged
                if not store.has(path) and not (rooted and path.name == "file")
            ],
        }
        again = store.add_tree("dep", nodes(SAMPLE))
        wrong["again"] = store.has(again)
    return wrong


def rights(base: Path, user: int, umask: int) -> None:
    """Live as another user, under a umask; tell what is wrong."""
    warm_up(base / "warm")  # the other user may not be able to read Python's own files
    os.chown(base, user, user)

    def work() -> None:
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        os.umask(umask)
        (base / "told").touch()
        (base / "told").chmod(0o600)
        live(base / "store", base / "told")
        tell(examine(base / "store", base / "told"))

    if in_child(work):
        tell("failed")


def adding(root: Path, names: list[str]) -> None:
    """Add trees; tell each path once it is acknowledged and is still there."""
    with Store.open(root, durable=False) as store:
        for name in names:
            shape: Shape = {name.encode(): name.encode() * 1000, b"d": SAMPLE}
            path = store.add_tree(name, nodes(shape))
            tell(path.text if store.has(path) else f"lost {path.text}")


def building(root: Path, names: list[str]) -> None:
    """Add an input, lease it and register an output that refers to it; tell the output."""
    for name in names:
        with Store.open(root, durable=False) as store:
            dep = store.add_tree(f"dep-{name}", nodes(name.encode()))
        with Store.open(root, durable=False) as store:
            if not store.has(dep):
                continue  # collected between two processes, as it may be
            built = store.staging("out") / "out"
            dep = store.add_tree(f"dep-{name}", nodes(name.encode()))
            with store.lease([dep]):
                built.write_text(f"{PLACEHOLDER.text} {dep.text}")
                out = store.register_output(
                    "out", built, placeholder=PLACEHOLDER, candidates=[dep]
                )
            sound = store.has(out) and store.has(dep) and not store.verify([out, dep])
            tell(out.text if sound else f"lost {out.text}")


def collecting(root: Path, rounds: int) -> None:
    """Collect garbage again and again."""
    for _ in range(rounds):
        with Store.open(root, durable=False) as store:
            store.gc()


def filling(root: Path, size_limit: int) -> None:
    """Add a tree larger than any file may be; tell how it ends."""
    import resource  # noqa: PLC0415 - for this life alone

    from eka.errors import EkaError  # noqa: PLC0415

    with Store.open(root, durable=False) as store:
        kept = store.add_tree("small", nodes(SAMPLE))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size_limit, resource.RLIM_INFINITY))
        try:
            store.add_tree("big", nodes({b"a": b"x", b"big": b"x" * 2 * size_limit}))
        except EkaError as error:
            tell({"code": error.code, "why": error.why})
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        faults = [str(fault) for fault in store.verify()]
        tell({"kept": store.has(kept), "faults": faults, "paths": store.info().paths})


def main(words: list[str]) -> None:
    """Live the life that is named."""
    name, base, *rest = words
    root = Path(base)
    if name == "steps":
        steps(root)
    elif name == "killed":
        killed(root, int(rest[0]), int(rest[1]), int(rest[2]))
    elif name == "rights":
        rights(root, int(rest[0]), int(rest[1], 8))
    elif name == "collecting":
        collecting(root, int(rest[0]))
    elif name == "filling":
        filling(root, int(rest[0]))
    else:
        {"adding": adding, "building": building}[name](root, rest)


if __name__ == "__main__":
    main(sys.argv[1:])
