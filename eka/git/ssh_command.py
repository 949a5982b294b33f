"""How a server program is started over the person's ssh."""

from __future__ import annotations

from urllib.parse import unquote

from eka.checking import TYPE_CHECKING
from eka.git.settings import RemoteSettings, ssh_argv

if TYPE_CHECKING:
    from eka.atom import SourceUrl
    from eka.git.runner import GitRunner


def ssh_words(
    url: SourceUrl,
    service: str,
    runner: GitRunner,
    settings: RemoteSettings,
    *,
    is_v2: bool = False,
) -> list[str] | None:
    """Return the command that starts ``service`` at ``url``; None where only git knows the way.

    Args:
        url: An ssh URL.
        service: ``git-upload-pack`` or ``git-receive-pack``.
        runner: Whose environment ssh gets.
        settings: Which ssh, as the person's configuration says.
        is_v2: Whether the server is to take over ``GIT_PROTOCOL``.
    """
    import shlex  # noqa: PLC0415 - few sources are ssh ones

    argv = ssh_argv(settings, runner.env)
    if argv is None or url.host is None:
        return None
    if is_v2:
        argv += ["-o", "SendEnv=GIT_PROTOCOL"]
    if not runner.prompt:
        argv += ["-o", "BatchMode=yes"]
    if url.port is not None:
        argv += ["-p", str(url.port)]
    # As git does: `/~name` is a path relative to a home directory.
    path = unquote(url.path)
    path = path[1:] if path.startswith("/~") else path
    user = "" if url.user is None else f"{url.user}@"
    return [*argv, user + url.host, f"{service} {shlex.quote(path)}"]
