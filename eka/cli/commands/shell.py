"""``eka shell``."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import typer

from eka.checking import TYPE_CHECKING
from eka.cli import wiring
from eka.cli.commands.build import log_shower
from eka.cli.frame import Frame
from eka.cli.reply import Reply
from eka.workflow.build_options import BuildOptions
from eka.workflow.project import Project
from eka.workflow.shell import open_shell

if TYPE_CHECKING:
    from typing import Annotated

    from eka.build import Environment
    from eka.cli import option

_BY_SIGNAL = 128  # what a shell adds to a signal's number


def shell(  # noqa: PLR0913 - one parameter is one option
    frame: Frame,
    target: Annotated[
        str | None,
        typer.Argument(help="A direct dependency, or the project itself (the default)."),
    ] = None,
    *,
    command: Annotated[
        str | None, typer.Option("--command", "-c", help="Run this instead of an open shell.")
    ] = None,
    build: Annotated[
        bool, typer.Option("--build", help="Run the build itself, and keep nothing.")
    ] = False,
    locked: option.Locked = False,
    offline: option.OfflineBuild = False,
    frozen: option.Frozen = False,
    store: option.StorePlace = None,
) -> Reply:
    """Open a shell in the very environment in which an atom is built.

    The same sandbox, variables and inputs as the build has, its sources in place; what it needs
    is built first. Nothing that is made there is kept. A build without a shell in its root file
    system has none here.

    Exit status: that of the shell; before it starts, those of eka build, and 3 where there is no
    shell.
    """
    services = wiring.services(frame, offline=offline or frozen, store=store)
    options = BuildOptions(targets=(target,) if target else (), locked=locked or frozen, link=None)
    project = Project.at(frame.directory, frame.settings.aliases)
    with open_shell(services, project, options, log_shower(frame)) as environment:
        words = _words(environment, command, build=build)
        if frame.as_json:
            return Reply(document={"shell": environment.shell, "command": list(words)})
        frame.progress.close()
        is_open = command is None and not build
        terminal = frame.environment.get("TERM", "dumb") if is_open else ""
        return Reply(status=_stay(environment, words, terminal), has_printed=True)


def _words(environment: Environment, command: str | None, *, build: bool) -> tuple[str, ...]:
    if build:
        return environment.build
    return (environment.shell,) if command is None else (environment.shell, "-c", command)


def _stay(environment: Environment, words: tuple[str, ...], terminal: str) -> int:
    """Start a program in the environment and wait; what the keys send is for it alone."""
    sys.stdout.flush()
    sys.stderr.flush()
    opened = environment.opened
    descriptor = os.memfd_create("seccomp")
    try:
        os.write(descriptor, opened.seccomp or b"")
        os.lseek(descriptor, 0, os.SEEK_SET)
        argv = opened.command(words, seccomp=str(descriptor), terminal=terminal)
        with subprocess.Popen(argv, pass_fds=(descriptor,), env={}, cwd="/", umask=0o022) as inner:
            before = signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                status = inner.wait()
            finally:
                signal.signal(signal.SIGINT, before)
                inner.kill()  # a polite end of ours is the end of it
    finally:
        os.close(descriptor)
    return status if status >= 0 else _BY_SIGNAL - status
