"""The environment of a build, opened for a person: to try things, or to look at a failure."""

from __future__ import annotations

import os
import shlex
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from eka.build.errors import NoShell
from eka.build.recipe import Recipe, prepare
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path

    from eka.build.sandbox import Opened, Sandbox, SandboxRequest
    from eka.store import RunAction, Store, StorePath

SCRIPT = "enter"
FILTER = "seccomp"
PARTS = ("build", "tmp", "store", "etc")  # what a build could write to, and its /etc
_FILTER_FD = "9"
# With /usr first: /bin may be a link there that only holds inside.
_SHELLS = ("usr/bin/bash", "bin/bash", "usr/bin/sh", "bin/sh")
_SHELL_NAMES = {"ash", "bash", "dash", "sh"}


@dataclass(frozen=True, slots=True)
class Environment:
    """What a build would see."""

    opened: Opened
    shell: str  # a path inside
    build: tuple[str, ...]  # the command of the build itself


@contextmanager
def entered(
    action: RunAction,
    inputs: Mapping[str, StorePath],
    resolved: str,
    *,
    store: Store,
    sandbox: Sandbox,
) -> Generator[Environment, None, None]:
    """Lay out the environment of a build; it is gone at the end.

    Args:
        action: What would be built.
        inputs: Its inputs, all in the store.
        resolved: `resolved_name` of the action.
        store: Where the inputs are.
        sandbox: Which sandbox the build would have.

    Raises:
        NoShell: there is none in the environment.

    Source: atom-spec/build.md [build-enter].
    """
    closure = store.closure(inputs.values())
    recipe = Recipe(action, inputs, resolved, len(os.sched_getaffinity(0)), closure)
    scratch = store.staging(action.name)
    try:
        with store.lease(inputs.values()):
            request = prepare(recipe, store, scratch, scratch / "log")
            rootfs = store.physical(inputs[action.rootfs]) if action.rootfs else None
            shell = find_shell(action.name, request.command[0], rootfs)
            yield Environment(sandbox.opened(request), shell, request.command)
    finally:
        store.discard(scratch)


def find_shell(name: str, builder: str, rootfs: Path | None) -> str:
    """Return the shell of an environment, a path inside; bash where there is one.

    Raises:
        NoShell: there is none.
    """
    for place in _SHELLS if rootfs is not None else ():
        if rootfs is not None and os.path.lexists(rootfs / place):
            return f"/{place}"
    if PurePosixPath(builder).name in _SHELL_NAMES:
        return builder
    raise NoShell(name)


def keep(request: SandboxRequest, sandbox: Sandbox, shell: str, kept: Path) -> None:
    """Move what a build left to ``kept``, with a program that opens its environment.

    Args:
        request: What the build was asked to do; its directories lie side by side.
        sandbox: Which sandbox the build had.
        shell: What to start, a path inside.
        kept: A directory that does not exist.
    """
    kept.mkdir(parents=True, mode=0o700)
    scratch = request.build.parent
    for part in PARTS:
        if (scratch / part).is_dir():
            shutil.move(scratch / part, kept / part)
    there = replace(
        request,
        build=kept / "build",
        temporary=kept / "tmp",
        store=kept / "store",
        etc=kept / "etc",
    )
    opened = sandbox.opened(there)
    if opened.seccomp is not None:
        (kept / FILTER).write_bytes(opened.seccomp)
    script = kept / SCRIPT
    script.write_text(_script(kept, opened, shell, request.command), errors="surrogateescape")
    script.chmod(0o755)


def _script(kept: Path, opened: Opened, shell: str, build: tuple[str, ...]) -> str:
    filtered = f"exec {_FILTER_FD}<{shlex.quote(str(kept / FILTER))}\n" if opened.seccomp else ""

    filter_option = ["--seccomp", _FILTER_FD] if opened.seccomp is not None else []
    start = f"exec {shlex.join([*opened.arguments, *filter_option])}"
    return (
        "#!/bin/sh\n"
        "# Opens a shell where a build failed: the same sandbox, variables and inputs.\n"
        "# With --build it runs the build again, on the files as they are.\n"
        f"{filtered}"
        'if [ "$1" = --build ]; then\n'
        f"  {start} -- {shlex.join(build)}\n"
        "fi\n"
        f'{start} --setenv TERM "${{TERM:-dumb}}" -- {shlex.quote(shell)}\n'
    )
