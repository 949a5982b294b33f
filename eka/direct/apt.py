"""apt with private state: its own lists, cache and configuration, never the machine's.

The machine's apt is read in one point: the ``Acquire`` settings (proxies, certificates, validity
rules) are taken over, because they say how this machine reaches an archive. Signatures are checked
by apt against the keyring given.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.direct.errors import AptMissing, ArchiveUnavailable, UnsupportedSystem

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

ARCHITECTURES = {
    "aarch64-linux": "arm64",
    "armv7l-linux": "armhf",
    "i686-linux": "i386",
    "powerpc64le-linux": "ppc64el",
    "riscv64-linux": "riscv64",
    "s390x-linux": "s390x",
    "x86_64-linux": "amd64",
}
ROLLING = frozenset({"sid", "unstable", "experimental"})
OUTPUT_CAP = 64 * 1024 * 1024  # bytes that one apt command may print
ERROR_LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """A Debian archive: where it is and which keys sign it."""

    mirror: str = "http://deb.debian.org/debian"
    security_mirror: str = "http://deb.debian.org/debian-security"  # "" leaves it out
    keyring: str = "/usr/share/keyrings/debian-archive-keyring.gpg"
    components: str = "main"

    def sources(self, suite: str) -> str:
        """Return the text of a sources list for ``suite``, its updates and security fixes."""
        places = [(self.mirror, suite)]
        if suite not in ROLLING:
            places.append((self.mirror, f"{suite}-updates"))
            if self.security_mirror:
                places.append((self.security_mirror, f"{suite}-security"))
        return "".join(
            f"{kind} [signed-by={self.keyring}] {mirror} {name} {self.components}\n"
            for mirror, name in places
            for kind in ("deb", "deb-src")
        )


class PrivateApt:
    """apt commands over one private state directory, for one suite and one system."""

    def __init__(
        self, state: Path, archive: Archive, suite: str, system: str, env: Mapping[str, str]
    ) -> None:
        if system not in ARCHITECTURES:
            raise UnsupportedSystem(system, tuple(ARCHITECTURES))
        self._state = state / f"{suite}-{ARCHITECTURES[system]}"
        self._archive = archive
        self._suite = suite
        self._architecture = ARCHITECTURES[system]
        self._env = {**env, "APT_CONFIG": str(self._state / "apt.conf"), "LC_ALL": "C"}
        self._host_env = {**env, "LC_ALL": "C"}

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the state directory for one process at a time, made and configured."""
        for part in ("lists/partial", "cache/archives/partial", "empty"):
            (self._state / part).mkdir(parents=True, exist_ok=True)
        with (self._state / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (self._state / "status").touch()
            (self._state / "sources.list").write_text(self._archive.sources(self._suite))
            (self._state / "apt.conf").write_text(self._configuration())
            yield

    def update(self) -> None:
        """Download the archive's signed metadata."""
        self.run("apt-get", ["-qq", "-o", "APT::Update::Error-Mode=any", "update"])

    def run(self, program: str, arguments: Sequence[str]) -> str:
        """Run one apt command in the private state and return what it prints.

        Raises:
            AptMissing: the program is not installed.
            ArchiveUnavailable: it failed; the reason is apt's own, shortened.
        """
        done = _run([program, *arguments], self._env)
        if done.returncode != 0:
            raise ArchiveUnavailable(self._archive.mirror, _reason(done.stderr))
        return done.stdout[:OUTPUT_CAP].decode("utf-8", "replace")

    def _configuration(self) -> str:
        state = self._state
        settings = {
            "Dir::State": state,
            "Dir::State::lists": state / "lists",
            "Dir::State::status": state / "status",
            "Dir::Cache": state / "cache",
            "Dir::Etc::sourcelist": state / "sources.list",
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::sourceparts": state / "empty",
            "Dir::Etc::parts": state / "empty",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": state / "empty",
            "APT::Architecture": self._architecture,
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        own = "".join(f'{key} "{value}";\n' for key, value in settings.items())
        return (
            self._machine_acquire_settings()
            + own
            + f'#clear APT::Architectures;\nAPT::Architectures {{ "{self._architecture}"; }};\n'
        )

    def _machine_acquire_settings(self) -> str:
        done = _run(["apt-config", "dump"], self._host_env)
        lines = done.stdout.decode("utf-8", "replace").splitlines()
        return "".join(
            f"{line}\n"
            for line in lines
            if line.startswith(("Acquire::http", "Acquire::https", "Acquire::Check-"))
        )


def _run(command: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    if shutil.which(command[0], path=env.get("PATH")) is None:
        raise AptMissing(command[0])
    return subprocess.run(
        command, env=dict(env), stdin=subprocess.DEVNULL, capture_output=True, check=False
    )


def _reason(stderr: bytes) -> str:
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "Err:"))] or lines
    shown = "; ".join(line.removeprefix("E: ") for line in errors[:ERROR_LINES])
    return shown or "apt failed without a message"
