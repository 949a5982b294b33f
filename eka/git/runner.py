"""The one way eka runs git: hardened against the repository, the server and the environment.

- The environment's ``GIT_*`` are dropped, but for those that carry a person's credentials,
  certificates and configuration files; hooks, file system monitors, replace refs, background
  maintenance and remote helpers (``ext::``) are off; received objects are checked.
- Network commands run in a directory of eka's own: a hostile checkout's configuration
  (``core.sshCommand``, ``url.*.insteadOf``, ``credential.helper``) is not read.
- Output is capped, messages are made safe to show, and no child outlives its call.
"""

from __future__ import annotations

import os

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.process import ChildProcess
from eka.git.safe import safe_line, safe_text
from eka.git.spawn import ProgramMissing, Spawn
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from typing import TypedDict, Unpack

    from eka.git.http_channel import HttpChannels

ALLOWED_PROTOCOLS = "https:http:ssh:git:file"
DEFAULT_MAX_OUTPUT_BYTES = 256 * 1024 * 1024

# Where the person's own trust and name live. Everything else named GIT_* could move or replace the
# repository, its objects, its index or its configuration.
_KEPT_VARIABLES = frozenset(
    {
        "GIT_ASKPASS",
        "GIT_AUTHOR_DATE",
        "GIT_AUTHOR_EMAIL",
        "GIT_AUTHOR_NAME",
        "GIT_COMMITTER_DATE",
        "GIT_COMMITTER_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_CONFIG_GLOBAL",
        "GIT_CONFIG_NOSYSTEM",
        "GIT_CONFIG_SYSTEM",
        "GIT_PROXY_COMMAND",
        "GIT_SSH",
        "GIT_SSH_COMMAND",
        "GIT_SSH_VARIANT",
        "GIT_SSL_CAINFO",
        "GIT_SSL_CAPATH",
        "GIT_SSL_CERT",
        "GIT_SSL_CERT_PASSWORD_PROTECTED",
        "GIT_SSL_KEY",
        "GIT_SSL_NO_VERIFY",
    }
)

_HARDENING = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=true",
    "protocol.ext.allow=never",
    "fetch.fsckObjects=true",
    "receive.fsckObjects=true",
    "transfer.fsckObjects=true",
    "gc.auto=0",
    "maintenance.auto=false",
    "advice.detachedHead=false",
)


class GitFailed(EkaError):
    """A git command ended with a failure that has no class of its own."""

    code = "git-failed"
    exit_status = Exit.FAILED

    def __init__(self, command: str, status: int, stderr: bytes) -> None:
        self.command = command
        self.status = status
        self.stderr = safe_text(stderr)
        super().__init__(
            what=f"`git {command}` failed",
            why=safe_line(stderr) or f"it ended with status {status} and said nothing",
            fix=f"look at what git says; `git {command}` fails the same way outside eka",
        )


@dataclass(frozen=True, slots=True)
class Finished:
    """How a git command ended; ``stderr`` is raw (make it safe before showing it)."""

    status: int
    stdout: bytes
    stderr: bytes


if TYPE_CHECKING:

    class RunOptions(TypedDict, total=False):
        """Options of one git command."""

        git_dir: Path | None
        """The repository; without it git looks around ``cwd``."""
        cwd: Path | None
        """The working directory; eka's own one by default and for every network command."""
        stdin: bytes
        max_output: int
        """Bytes of output after which the command is ended."""
        network: bool
        """Whether it talks to a server: then ``cwd`` is eka's own directory, whatever is given."""
        timeout_s: float | None
        ok: Collection[int]
        """Exit statuses that are no failure."""
        env: Mapping[str, str]
        """Variables to add, such as ``GIT_OBJECT_DIRECTORY``."""
        config: Sequence[str]
        """Further ``key=value`` settings for this command."""
        inherited: Sequence[int]
        """File descriptors the child keeps open, such as a lock it must hold until its own end."""
        max_file: int | None
        """Bytes of the largest file git may write."""
        on_stderr: Callable[[bytes], None] | None
        """Called with each piece of stderr as it arrives."""

else:
    RunOptions = dict  # making the real one compiles each of its annotations, a millisecond


class GitRunner:
    """Runs git commands."""

    def __init__(
        self, git: str, env: Mapping[str, str], home: Path | str, *, prompt: bool = False
    ) -> None:
        """Prepare a runner.

        Args:
            git: The program, a name on PATH or a path.
            env: The person's environment.
            home: An existing directory of eka's own, outside of every working tree.
            prompt: Whether git and ssh may ask for passwords at the terminal.
        """
        self.git = git
        self.prompt = prompt
        self.http: HttpChannels | None = None
        """Connections of runs that ask many repositories; opened by whoever asks first."""
        self._home = os.fspath(home)
        self._env = _scrubbed(env, self._home, prompt=prompt)

    @property
    def home(self) -> Path:
        """The directory of eka's own."""
        from pathlib import Path  # noqa: PLC0415 - the first of git's answers needs none

        return Path(self._home)

    @property
    def env(self) -> Mapping[str, str]:
        """The environment children get."""
        return self._env

    def close(self) -> None:
        """End the connections that were kept."""
        if self.http is not None:
            self.http.close()

    def run(self, args: Sequence[str], **options: Unpack[RunOptions]) -> bytes:
        """Run git and return its output; raises GitFailed unless the status is in ``ok`` (0)."""
        finished = self.execute(args, **options)
        if finished.status not in options.get("ok", (0,)):
            raise GitFailed(args[0], finished.status, finished.stderr)
        return finished.stdout

    def execute(self, args: Sequence[str], **options: Unpack[RunOptions]) -> Finished:
        """Run git and return how it ended, whatever the status."""
        with self.popen(args, **options) as child:
            stdout = child.exchange(options.get("stdin", b""))
            return Finished(child.finish(), stdout, child.stderr)

    def popen(self, args: Sequence[str], **options: Unpack[RunOptions]) -> ChildProcess:
        """Start git for a conversation, in a ``with`` block; ``stdin`` and ``ok`` are not used."""
        git_dir = options.get("git_dir")
        settings = [*_HARDENING, *options.get("config", ())]
        is_network = options.get("network", False)
        cwd = None if is_network else options.get("cwd")
        if cwd is not None and not cwd.is_dir():
            raise ProgramMissing(self.git, f"no directory {cwd}")
        argv = [
            self.git,
            "-C",
            str(cwd or self._home),
            "--no-replace-objects",
            "--no-optional-locks",
        ]
        argv += [part for setting in settings for part in ("-c", setting)]
        if git_dir is not None:
            argv.append(f"--git-dir={git_dir}")
        return ChildProcess(
            Spawn(
                argv=[*argv, *args],
                env={**self._env, **options.get("env", {})},
                title=f"git {args[0]}",
                max_output_bytes=options.get("max_output", DEFAULT_MAX_OUTPUT_BYTES),
                timeout_s=options.get("timeout_s"),
                own_session=not (self.prompt and is_network),
                inherited=options.get("inherited", ()),
                max_file_bytes=options.get("max_file"),
                on_stderr=options.get("on_stderr"),
            )
        )


def _scrubbed(env: Mapping[str, str], home: str, *, prompt: bool) -> dict[str, str]:
    kept = {
        name: value
        for name, value in env.items()
        if not name.startswith("GIT_") or name in _KEPT_VARIABLES
    }
    return kept | {
        "LC_ALL": "C",  # messages we can recognise
        "GIT_ALLOW_PROTOCOL": ALLOWED_PROTOCOLS,
        # Without it git would walk up from our own directory, perhaps into a foreign checkout.
        "GIT_CEILING_DIRECTORIES": os.path.dirname(os.path.realpath(home)),  # noqa: PTH120 - as above
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "1" if prompt else "0",
    }
