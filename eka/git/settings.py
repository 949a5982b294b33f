"""The person's git settings that decide how a source is reached; parsing is pure."""

from __future__ import annotations

from eka.atom import Aliases, parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git.runner import GitFailed
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import SourceUrl
    from eka.git.process import ChildProcess
    from eka.git.runner import GitRunner

PATTERN = r"^(url\..*\.insteadof|core\.sshcommand|core\.gitproxy|ssh\.variant)$"
_QUESTION = ("config", "--null", "--get-regexp", PATTERN)
_NO_MATCH = 1  # exit status of `git config --get-regexp`


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """How the person wants sources to be reached."""

    rewrites: tuple[tuple[str, str], ...] = ()
    """(prefix, replacement) pairs of ``url.<replacement>.insteadOf = <prefix>``."""
    ssh_command: str | None = None
    ssh_variant: str | None = None
    has_git_proxy: bool = False

    def rewritten(self, url: SourceUrl) -> SourceUrl | None:
        """Return where git would go for ``url``; None when only git itself understands that."""
        text = url.text
        matches = [pair for pair in self.rewrites if text.startswith(pair[0])]
        if not matches:
            return url
        prefix, replacement = max(matches, key=lambda pair: len(pair[0]))
        try:
            found = parse_source_url(replacement + text[len(prefix) :], Aliases())
        except EkaError:
            return None
        return found if not found.is_local or found.path.startswith("/") else None


def ask_settings(runner: GitRunner) -> ChildProcess:
    """Start to read the person's settings; `read_settings` takes what comes of it."""
    return runner.popen(_QUESTION, network=True)


def read_settings(asked: ChildProcess) -> RemoteSettings:
    """Return the person's settings; those of any repository are left out."""
    with asked:
        output = asked.exchange(b"")
        status = asked.finish()
        if status not in (0, _NO_MATCH):
            raise GitFailed(_QUESTION[0], status, asked.stderr)
    return parse_settings(output)


def parse_settings(output: bytes) -> RemoteSettings:
    """Return the settings that ``git config --null --get-regexp`` printed."""
    rewrites: list[tuple[str, str]] = []
    single: dict[str, str] = {}
    for item in output.decode(errors="replace").split("\0"):
        key, _, value = item.partition("\n")
        if key.startswith("url.") and value:
            rewrites.append((value, key.removeprefix("url.").rpartition(".")[0]))
        elif key:
            single[key] = value
    return RemoteSettings(
        tuple(rewrites),
        single.get("core.sshcommand"),
        single.get("ssh.variant"),
        "core.gitproxy" in single,
    )


def ssh_argv(settings: RemoteSettings, env: Mapping[str, str]) -> list[str] | None:
    """Return how to start the person's ssh, None when it is no OpenSSH (git knows the others)."""
    variant = env.get("GIT_SSH_VARIANT", settings.ssh_variant)
    command = env.get("GIT_SSH_COMMAND", settings.ssh_command)
    program = env.get("GIT_SSH", "ssh") if command is None else _first_word(command)
    name = program.rpartition("/")[2]
    if variant != "ssh" and (variant not in (None, "auto") or name != "ssh"):
        return None
    # As git does: a command is given to the shell, with the arguments behind it.
    return [program] if command is None else ["sh", "-c", f'{command} "$@"', command]


def _first_word(command: str) -> str:
    import shlex  # noqa: PLC0415 - few sources are ssh ones

    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    return words[0] if words else ""
