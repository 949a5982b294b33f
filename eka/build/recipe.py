"""From a run action and its resolved inputs to what a sandbox is asked to do.

A plan may have thousands of actions that take a millisecond, so files are made by the calls of the
system here: `pathlib` would take a third of the time.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from eka.build.copies import copy_writable
from eka.build.errors import BuildFailed
from eka.build.sandbox import BUILD_DIR, GROUP, HOSTS, PASSWD, SandboxRequest, Shown
from eka.checking import TYPE_CHECKING
from eka.hashing import base32hex, digest
from eka.store import BRACES, PLACEHOLDER, StorePath, output_name

if TYPE_CHECKING:
    import re
    from collections.abc import Collection, Iterable, Mapping

    from eka.store import RunAction, Store

_PLACEHOLDER_BYTES = 20
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_ROOT_PROGRAMS = "/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin"
_TEMPORARY = "/tmp"  # noqa: S108 - inside the sandbox
_BASE_ENV = {
    "HOME": "/homeless-shelter",
    "LC_ALL": "C",
    "SOURCE_DATE_EPOCH": "1",
    "TZ": "UTC",
    "TMPDIR": _TEMPORARY,
    "TMP": _TEMPORARY,
    "TEMP": _TEMPORARY,
    "TEMPDIR": _TEMPORARY,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A run action whose inputs are known paths."""

    action: RunAction
    inputs: Mapping[str, StorePath]
    resolved: str  # `resolved_name` of the action
    cores: int
    closure: Collection[StorePath]  # of the inputs

    def output_path(self, output: str) -> StorePath:
        """Return the path the build is told to write to; the same in every build of it.

        Source: atom-spec/build.md [build-placeholder].
        """
        seed = b"\0".join((b"eka.placeholder/1", self.resolved.encode(), output.encode()))
        digest32 = base32hex(digest(seed)[:_PLACEHOLDER_BYTES])
        return StorePath(digest32, output_name(self.action, output))

    def expand(self, text: str) -> str:
        """Replace the placeholders of ``text``."""
        return PLACEHOLDER.sub(self._value, text)

    def environment(self) -> dict[str, str]:
        """Return all variables the build sees.

        Source: atom-spec/build.md [sandbox-environment].
        """
        programs = _ROOT_PROGRAMS if self.action.rootfs is not None else "/path-not-set"
        base = {**_BASE_ENV, "PATH": programs, "JOBS": str(self.cores)}
        return base | {name: self.expand(value) for name, value in self.action.env.items()}

    def command(self) -> tuple[str, ...]:
        """Return program and arguments."""
        return tuple(self.expand(text) for text in (self.action.builder, *self.action.args))

    def _value(self, match: re.Match[str]) -> str:
        kind, name = match.groups()
        if kind == "open":
            return BRACES
        if kind == "input":
            return self.inputs[name].text
        if kind == "stage":
            return f"{BUILD_DIR}/{self.action.stage[name]}"
        return self.output_path(name).text


def prepare(recipe: Recipe, store: Store, scratch: Path, log: Path) -> SandboxRequest:
    """Lay out the directories of one build below ``scratch`` and return what to run on them."""
    os.chmod(scratch, 0o700)  # nobody else on this machine has business in a running build
    build, temporary, outputs = scratch / "build", scratch / "tmp", scratch / "store"
    for directory in (build, temporary, outputs):
        os.mkdir(directory)
    os.chmod(temporary, 0o1777)  # noqa: S103 - as every /tmp is
    _stage(recipe, store, build)
    rootfs = None
    if recipe.action.rootfs is not None:
        rootfs = store.physical(recipe.inputs[recipe.action.rootfs])
        if not _is_directory(rootfs):  # a link may lead to the root of this machine
            raise BuildFailed(recipe.action.name, "its rootfs is not a directory", log=None)
    return SandboxRequest(
        command=recipe.command(),
        env=recipe.environment(),
        cwd=recipe.action.cwd,
        root=tuple(_root(rootfs)) if rootfs else (),
        etc=_etc(rootfs, scratch / "etc"),
        build=build,
        temporary=temporary,
        store=outputs,
        outputs={each: recipe.output_path(each).base for each in recipe.action.outputs},
        inputs=tuple(Shown.at(path.base, store.physical(path)) for path in recipe.closure),
        timeout_s=recipe.action.timeout_s,
        log=log,
    )


def _stage(recipe: Recipe, store: Store, build: Path) -> None:
    """Make the writable copies and the working directory.

    The directories are made first: inside a copied tree a symlink could lead out of the build.
    """
    stages = {name: Path(place) for name, place in recipe.action.stage.items()}
    cwd = Path(recipe.action.cwd)
    if cwd.is_relative_to(BUILD_DIR):
        inside = cwd.relative_to(BUILD_DIR)
        if not any(inside.is_relative_to(place) for place in stages.values()):
            os.makedirs(build / inside, exist_ok=True)
    for place in stages.values():
        os.makedirs((build / place).parent, exist_ok=True)
    for name, place in stages.items():
        copy_writable(store.physical(recipe.inputs[name]), build / place)


def _root(rootfs: Path) -> Iterable[Shown]:
    for name in sorted(os.listdir(rootfs)):
        yield Shown.at(name, rootfs / name)


def _etc(rootfs: Path | None, etc: Path) -> Path:
    """Make the /etc of the sandbox: that of the root file system, completed."""
    theirs = rootfs / "etc" if rootfs is not None else None
    if theirs is not None and _is_directory(theirs):
        copy_writable(theirs, etc)
    else:
        os.mkdir(etc)
    there = set(os.listdir(etc))
    for name, text in (("passwd", PASSWD), ("group", GROUP), ("hosts", HOSTS)):
        if name not in there:  # a link there may lead anywhere: not followed
            descriptor = os.open(etc / name, _NEW_FILE, 0o666)
            try:
                os.write(descriptor, text.encode())
            finally:
                os.close(descriptor)
    return etc


def _is_directory(place: Path) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(place).st_mode)
    except FileNotFoundError:
        return False
