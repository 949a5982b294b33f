"""Builds in a sandbox made by bubblewrap (atom-spec/build.md [sandbox-…])."""

from __future__ import annotations

import errno
import os
import subprocess
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from eka.build.errors import SandboxUnavailable
from eka.build.log import LogWriter
from eka.build.mounts import Mounts, can_attach
from eka.build.own_lacks import asked_by, lack_of_ours
from eka.build.process import SandboxProcess
from eka.build.sandbox import BUILD_DIR, BUILD_GID, BUILD_UID, Ended, Ending, Limits, Opened
from eka.checking import TYPE_CHECKING
from eka.store import LOGICAL_ROOT, LogFile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from eka.build.capability import Capability, Lack
    from eka.build.cgroup import BuildGroup, ControlGroups
    from eka.build.sandbox import Cancellation, SandboxRequest, Shown

HOSTNAME = "localhost"
MANY_INPUTS = 16  # from here on we bind them ourselves
MAX_OPTIONS = 8900  # bubblewrap takes 9000; each input is three
# Names below / that the sandbox makes itself; those of a root file system are not shown.
OWN_NAMES = frozenset({"build", "dev", "eka", "etc", "proc", "sys", "tmp"})
_DOCTOR = "run eka doctor to see what this machine lacks"
_INSTALL = "install bubblewrap (Debian: apt-get install bubblewrap)"


def sandbox_arguments(
    request: SandboxRequest, limits: Limits, *, has_terminal: bool = False
) -> list[str]:
    """Return the options of bubblewrap for ``request``, without program and command.

    Args:
        request: What to run on what.
        limits: What it may use up.
        has_terminal: It talks with a person; the filter keeps it from talking for them.

    Source: atom-spec/build.md [sandbox-namespaces], [sandbox-root], [sandbox-proc].
    """
    options = [
        "--unshare-all", "--die-with-parent", *([] if has_terminal else ["--new-session"]),
        "--uid", str(BUILD_UID), "--gid", str(BUILD_GID), "--hostname", HOSTNAME,
        "--cap-drop", "ALL", "--clearenv",
    ]  # fmt: skip
    for name, value in sorted(request.env.items()):
        options += ["--setenv", name, value]
    for entry in request.root:
        if entry.name not in OWN_NAMES:
            options += _shown("", entry)
    options += ["--proc", "/proc", "--dev", "/dev"]
    options += ["--size", str(limits.shared_memory_bytes), "--perms", "1777"]
    options += ["--tmpfs", "/dev/shm"]  # noqa: S108 - inside the sandbox
    options += ["--ro-bind", str(request.etc), "/etc"]
    options += ["--bind", str(request.build), BUILD_DIR]
    options += ["--bind", str(request.temporary), "/tmp"]  # noqa: S108 - inside the sandbox
    options += ["--bind", str(request.store), LOGICAL_ROOT]
    for entry in request.inputs:
        options += _shown(LOGICAL_ROOT, entry)
    # Read-only /proc is no nicety: to a build started by root, /proc/sys/kernel/core_pattern
    # would be writable, and the kernel runs what it names outside of every sandbox.
    options += ["--remount-ro", "/proc", "--remount-ro", "/dev", "--remount-ro", "/"]
    return [*options, "--chdir", request.cwd]


def _shown(parent: str, entry: Shown) -> list[str]:
    place = f"{parent}/{entry.name}"
    if entry.source is None:
        return ["--symlink", entry.target, place]
    return ["--ro-bind", str(entry.source), place]


class Bubblewrap:
    """The real `Sandbox`.

    Args:
        program: The ``bwrap`` program.
        seccomp: Filter program for the kernel, or None on machines none is known for.
        limits: What each build may use.
        groups: Control groups for memory and process limits, where this machine lets us.
    """

    def __init__(
        self,
        program: str,
        *,
        seccomp: bytes | None,
        limits: Limits | None = None,
        groups: ControlGroups | None = None,
    ) -> None:
        self._program = program
        self._seccomp = seccomp
        self._limits = limits or Limits()
        self._binds = True  # until it is found out that this machine does not let us
        self._groups = groups

    @property
    def name(self) -> str:
        """See `Sandbox`."""
        return "bubblewrap"

    @property
    def asked(self) -> frozenset[Capability]:
        """See `Sandbox`."""
        return asked_by(self._limits)

    def lack(self, capability: Capability) -> Lack | None:
        """See `Sandbox`."""
        return lack_of_ours(
            capability, self._groups, self._limits, has_filter=self._seccomp is not None
        )

    def run(
        self,
        request: SandboxRequest,
        on_line: Callable[[bytes], None],
        cancellation: Cancellation,
    ) -> Ended:
        """See `Sandbox`."""
        with LogFile(request.log) as file:
            log = LogWriter(file, self._limits.log_bytes, on_line)
            with self._group() as group, SandboxProcess(log, self._limits) as process:
                with group.joined() if group is not None else nullcontext():
                    complaint = self._start(process, request)
                if complaint is not None:
                    log.write(complaint.encode())
                    log.finish()
                    return Ended(Ending.NOT_STARTED, -1, log.tail)
                process.release(group)
                ending = process.watch(request.timeout_s, request.build, cancellation)
                is_failed = ending is Ending.KILLED or (ending is Ending.EXITED and process.status)
                if is_failed and group is not None and group.ran_out_of_memory():
                    ending = Ending.OUT_OF_MEMORY
            log.finish()
        if ending is Ending.NOT_STARTED and not _is_request_wrong(log.tail):
            raise SandboxUnavailable("; ".join(log.tail), _DOCTOR)
        return Ended(ending, process.status, log.tail)

    def opened(self, request: SandboxRequest) -> Opened:
        """See `Sandbox`."""
        # Without a filter the person has no job control, rather than words put into their mouth.
        has_filter = self._seccomp is not None
        options = sandbox_arguments(request, self._limits, has_terminal=has_filter)
        return Opened((self._program, *options), self._seccomp)

    @contextmanager
    def _group(self) -> Generator[BuildGroup | None, None, None]:
        group = self._groups.make(self._limits) if self._groups else None
        try:
            yield group
        finally:
            if group is not None:
                group.remove()

    def _start(self, process: SandboxProcess, request: SandboxRequest) -> str | None:
        """Start the sandbox; returns what is wrong with the request, if anything."""
        told = process.options()
        if self._seccomp is not None:
            told += ["--seccomp", str(process.data(self._seccomp))]
        try:
            if len(request.inputs) < MANY_INPUTS or not self._binds:
                return self._begin(process, request, told)
            links = tuple(each for each in request.inputs if each.source is None)
            mounts = Mounts.of(request.inputs, request.store)
            process.clear = mounts.clear
            bound = replace(request, inputs=links)
            if can_attach():
                process.attach = mounts.attach
                return self._begin(process, bound, told)
            try:
                return self._begin(process, bound, told, mounts.bind)
            except subprocess.SubprocessError:
                self._binds = False  # this machine does not let us
                mounts.clear()
                return self._begin(process, request, told)
        except FileNotFoundError as error:
            raise SandboxUnavailable(f"{self._program} is not there", _INSTALL) from error
        except OSError as error:
            if error.errno == errno.E2BIG:
                return "its command line is too long"
            raise SandboxUnavailable(f"{self._program} cannot start: {error}", _DOCTOR) from error

    def _begin(
        self,
        process: SandboxProcess,
        request: SandboxRequest,
        told: list[str],
        prepare: Callable[[], None] | None = None,
    ) -> str | None:
        options = [*sandbox_arguments(request, self._limits), *told]
        if len(options) > MAX_OPTIONS:
            return f"{len(request.inputs)} inputs and {len(request.env)} variables are too many"
        packed = os.fsencode("\0".join(options) + "\0")
        arguments = str(process.data(packed))
        process.start([self._program, "--args", arguments, "--", *request.command], prepare)
        return None


def _is_request_wrong(tail: tuple[str, ...]) -> bool:
    """Whether bubblewrap could make the sandbox, but not start the command in it."""
    return any(line.startswith(("bwrap: execvp", "bwrap: Can't chdir")) for line in tail)
