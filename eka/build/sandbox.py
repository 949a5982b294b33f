"""What the executor asks of a sandbox, and what it is told afterwards."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from enum import Enum

from eka.checking import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from eka.build.capability import Capability, Lack

BUILD_UID = 1000
BUILD_GID = 100
BUILD_DIR = "/build"

# Written where a root file system has none: programs ask who they run as.
PASSWD = (
    "root:x:0:0:root:/:/noshell\n"
    f"builder:x:{BUILD_UID}:{BUILD_GID}:builder:{BUILD_DIR}:/noshell\n"
    "nobody:x:65534:65534:nobody:/:/noshell\n"
)
GROUP = f"root:x:0:\nusers:x:{BUILD_GID}:\nnogroup:x:65534:\n"
HOSTS = "127.0.0.1 localhost\n::1 localhost\n"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one build may use up; time is a matter of each action."""

    processes: int = 8192  # by the kernel's own count where this is not root, or by control group
    memory_bytes: int | None = None  # by control group; who asks for it has it, or is refused
    open_files: int = 4096
    file_bytes: int = 32 << 30  # one file
    shared_memory_bytes: int = 1 << 28
    log_bytes: int = 64 << 20
    free_disk_bytes: int = 256 << 20  # a build is stopped before less than this is left


@dataclass(frozen=True, slots=True)
class Shown:
    """One name directly below ``/`` or ``/eka/store``: a directory or file, or a symlink.

    A symlink is made anew inside: to bind one would show what it leads to on this machine.
    """

    name: str
    source: Path | None = None
    target: str = ""  # of a symlink, when there is no source

    @classmethod
    def at(cls, name: str, place: Path) -> Shown:
        """Return ``place`` to be shown as ``name``."""
        try:
            return cls(name, target=os.readlink(place))  # noqa: PTH115 - of very many
        except OSError:  # it is no link
            return cls(name, source=place)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxRequest:
    """One program to run; all paths are of this machine, except in ``command`` and ``cwd``."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    root: tuple[Shown, ...]  # directly below /
    etc: Path  # shown as /etc
    build: Path  # writable as /build
    temporary: Path  # writable as /tmp
    store: Path  # writable as /eka/store; outputs appear in it
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])  # name -> its name there
    inputs: tuple[Shown, ...]  # read-only, below /eka/store
    timeout_s: int
    log: Path  # written anew


class Ending(Enum):
    """How a run ended."""

    EXITED = "exited"
    NOT_STARTED = "not started"
    TIMED_OUT = "timed out"
    INTERRUPTED = "interrupted"
    DISK_FULL = "disk full"
    OUT_OF_MEMORY = "out of memory"
    KILLED = "killed"  # by somebody outside, and with it all that ran in the sandbox


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of a run; no process of it is left."""

    ending: Ending
    status: int  # of the program, 128 + N after signal N
    tail: tuple[str, ...]  # last lines of the log

    @property
    def is_success(self) -> bool:
        """Whether the program ended by itself, with status 0."""
        return self.ending is Ending.EXITED and self.status == 0


class Cancellation:
    """Tells running builds to stop; may be waited for together with file descriptors."""

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._is_set = False

    @property
    def is_set(self) -> bool:
        """Whether builds should stop."""
        return self._is_set

    def set(self) -> None:
        """Stop all builds, now and later."""
        self._is_set = True
        os.eventfd_write(self._fd, 1)

    def fileno(self) -> int:
        """Return a descriptor that is readable once `set` was called."""
        return self._fd

    def close(self) -> None:
        """Give the descriptor back."""
        os.close(self._fd)


@dataclass(frozen=True, slots=True)
class Opened:
    """A sandbox for a person: how to start something in it."""

    arguments: tuple[str, ...]  # program and options; ``--`` and a command follow
    seccomp: bytes | None  # filter, to be given with ``--seccomp FD``

    def command(self, words: Sequence[str], *, seccomp: str, terminal: str) -> list[str]:
        """Return the whole command line.

        Args:
            words: What to start.
            seccomp: Number of a descriptor with the filter, if there is one.
            terminal: Value of ``TERM``, empty for none.
        """
        options = ["--seccomp", seccomp] if self.seccomp is not None else []
        if terminal:
            options += ["--setenv", "TERM", terminal]
        return [*self.arguments, *options, "--", *words]


class Sandbox(Protocol):
    """Runs one program so that it sees nothing but its inputs."""

    @property
    def name(self) -> str:
        """What it is called in the evidence of builds, and in errors."""
        ...

    @property
    def asked(self) -> frozenset[Capability]:
        """What every build needs, because of the limits that the user asks for."""
        ...

    def lack(self, capability: Capability) -> Lack | None:
        """Return why it lacks a capability, None when it has it."""
        ...

    def run(
        self,
        request: SandboxRequest,
        on_line: Callable[[bytes], None],
        cancellation: Cancellation,
    ) -> Ended:
        """Run ``request.command`` to its end.

        Args:
            request: What to run on what.
            on_line: Called with each line of output, without its end.
            cancellation: Stops the run early.

        Raises:
            SandboxUnavailable: the sandbox does not work on this machine.
        """
        ...

    def opened(self, request: SandboxRequest) -> Opened:
        """Return how a person can start something else in the sandbox of ``request``."""
        ...
