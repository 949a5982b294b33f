"""A real SSH server on the loopback interface, with keys and accounts of its own.

``with serve_ssh(root) as server``: ``server.command`` is what GIT_SSH_COMMAND needs to reach it;
repositories stand at ``server.url`` plus their path, and at ``server.short(path)`` in the form
``user@host:path``.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tests.servers.caged import USER, caged_somewhere

if TYPE_CHECKING:
    from collections.abc import Generator

# The usual exchange of keys costs both sides more than all that git says afterwards.
_CHEAP = "KexAlgorithms curve25519-sha256"
HOST = "git.test"  # a name only the client's configuration knows
_SERVER = """\
ListenAddress 127.0.0.1:{port}
HostKey {home}/host_key
PidFile none
AuthorizedKeysFile {home}/client_key.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
StrictModes no
UsePAM no
LogLevel VERBOSE
{cheap}
{accepted}
"""
_CLIENT = """\
Host {host}
  HostName 127.0.0.1
  Port {port}
Host *
  User {user}
  IdentityFile {home}/{key}
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile {home}/known_hosts
  GlobalKnownHostsFile none
  StrictHostKeyChecking yes
  {cheap}
"""


@dataclass(frozen=True, slots=True)
class SshServer:
    """A running server."""

    root: Path
    home: Path
    port: int

    @property
    def url(self) -> str:
        """The directory of the repositories, with the port in the address."""
        return f"ssh://{USER}@127.0.0.1:{self.port}{self.root}"

    @property
    def command(self) -> str:
        """An ssh that knows the server and has a key."""
        return f"ssh -F {self.home / 'client'}"

    @property
    def strange_command(self) -> str:
        """An ssh that has a key, but does not know the server."""
        return f"{self.command} -o UserKnownHostsFile=/dev/null"

    @property
    def keyless_command(self) -> str:
        """An ssh that knows the server and has a key the server does not know."""
        return f"ssh -F {self.home / 'keyless'}"

    def short(self, path: str) -> str:
        """Return ``user@host:path``; ssh's configuration knows the host's port."""
        return f"{USER}@{HOST}:{path}"

    def log(self) -> str:
        """Return what the server has said."""
        return (self.home / "said").read_text(errors="replace")


@contextmanager
def serve_ssh(root: Path, *, passes_protocol: bool = True) -> Generator[SshServer]:
    """Let whoever has the key run git on the repositories below ``root``.

    Args:
        root: What the server's home directory holds; `SshServer.short` starts there.
        passes_protocol: Whether the server accepts GIT_PROTOCOL; stock servers do not.
    """
    root = root.resolve()
    with tempfile.TemporaryDirectory(prefix="ssh-") as directory:
        home = Path(directory)
        for name in ("host_key", "client_key"):
            keygen = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)]
            subprocess.run(keygen, check=True)
        write = partial(_configured, home, "AcceptEnv GIT_PROTOCOL" if passes_protocol else "")
        # sshd asks the list of accounts for the home directory, where git's commands start.
        with caged_somewhere(write, home, account=root) as port:
            host_key = " ".join((home / "host_key.pub").read_text().split()[:2])
            (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n")
            client = partial(
                _CLIENT.format, host=HOST, port=port, user=USER, home=home, cheap=_CHEAP
            )
            (home / "client").write_text(client(key="client_key"))
            (home / "keyless").write_text(client(key="host_key"))
            yield SshServer(root, home, port)


def _configured(home: Path, accepted: str, port: int) -> list[str]:
    settings = _SERVER.format(home=home, port=port, accepted=accepted, cheap=_CHEAP)
    (home / "server").write_text(settings)
    program = shutil.which("sshd", path="/usr/sbin:/usr/bin")
    assert program is not None, "the tests need openssh-server"
    return [program, "-D", "-e", "-f", str(home / "server")]
