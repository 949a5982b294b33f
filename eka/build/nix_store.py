"""Real Nix, with a store of its own in a directory: paths go in, derivations are built."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager

from eka.build.errors import NixFailed, SandboxUnavailable
from eka.checking import TYPE_CHECKING, TypeVar
from eka.store.nix.export_stream import import_stream
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Sequence
    from pathlib import Path

    from eka.store.nix.path import NixPath

_SETTINGS = """\
sandbox = true
sandbox-fallback = false
build-users-group =
substitute = false
sync-before-registering = false
"""
_INSTALL = "install Nix (Debian: apt-get install nix-bin), or build without --nix"
BUSY_TRIES = 50
_BUSY_PAUSE_S = 0.2
T = TypeVar("T")
_SHOWN_BYTES = 2000


@dataclass(frozen=True, slots=True)
class NixSource:
    """One path to be put into Nix's store."""

    path: NixPath
    nar: Callable[[], Iterable[bytes]]
    references: tuple[NixPath, ...]


class NixStore:
    """Runs ``nix-store`` on a store whose paths begin with /nix/store and lie below ``root``."""

    def __init__(self, program: str, root: Path, path: str) -> None:
        self._program = program
        self._root = root
        self._env = {"NIX_CONFIG": _SETTINGS, "HOME": str(root), "PATH": path, "LC_ALL": "C"}

    def physical(self, path: NixPath) -> Path:
        """Return where a path lies on this machine."""
        return self._root / path.text.lstrip("/")

    def add(self, sources: Sequence[NixSource]) -> None:
        """Put paths into the store, referred paths first; those that are there stay."""
        wanted = [each.path.text for each in sources]
        ran = self._run("--check-validity", "--print-invalid", *wanted)
        missing = set(ran.stdout.decode().split())
        lacking = [each for each in sources if each.path.text in missing]
        if lacking:
            patiently(lambda: self._import(lacking))

    def _import(self, lacking: Sequence[NixSource]) -> None:
        with self.started("--import", stdin=subprocess.PIPE) as process:
            if process.stdin is None:
                return
            try:
                for chunk in import_stream(
                    (each.path, each.nar(), each.references) for each in lacking
                ):
                    process.stdin.write(chunk)
                process.stdin.close()
            except BrokenPipeError:
                pass  # it tells why
            said = process.stdout.read() if process.stdout is not None else b""
            if process.wait() != 0:
                raise _failed(said)

    def forget(self, paths: Sequence[NixPath]) -> None:
        """Delete outputs of an earlier build, so that they are built again."""
        wanted = [each.text for each in paths]
        ran = self._run("--check-validity", "--print-invalid", *wanted)
        valid = set(wanted) - set(ran.stdout.decode().split())
        if valid:
            self._run("--delete", "--ignore-liveness", *sorted(valid))

    @contextmanager
    def started(
        self, *words: str, stdin: int = subprocess.DEVNULL
    ) -> Generator[subprocess.Popen[bytes], None, None]:
        """Start ``nix-store``; what it says comes by its standard output. It ends with this."""
        command = self._command(words)
        try:
            process = subprocess.Popen(
                command,
                env=self._env,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise SandboxUnavailable(f"{self._program} cannot start: {error}", _INSTALL) from error
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()

    def _run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        return patiently(lambda: self._run_once(words))

    def _run_once(self, words: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        try:
            ran = subprocess.run(
                self._command(words), env=self._env, capture_output=True, check=False
            )
        except OSError as error:
            raise SandboxUnavailable(f"{self._program} cannot start: {error}", _INSTALL) from error
        if ran.returncode != 0:
            raise _failed(ran.stderr)
        return ran

    def _command(self, words: Sequence[str]) -> list[str]:
        return [self._program, "--store", str(self._root), *words]


def patiently(ask: Callable[[], T], *, pause_s: float = _BUSY_PAUSE_S) -> T:
    """Return what Nix answers, asked again while another Nix opens or makes the database.

    Nix itself waits for its database in most places, but not there.
    """
    for _ in range(BUSY_TRIES):
        try:
            return ask()
        except NixFailed as error:
            if "SQLite database" not in error.why or "is busy" not in error.why:
                raise
            time.sleep(pause_s)
    return ask()


def _failed(said: bytes) -> NixFailed:
    text = said[-_SHOWN_BYTES:].decode("utf-8", "backslashreplace").strip()
    return NixFailed(text.removeprefix("error: "))
