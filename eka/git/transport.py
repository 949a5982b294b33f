"""Lists the refs of a source, filtered by the server: protocol 2 over whatever reaches it.

``git ls-remote URL PATTERN`` downloads every ref and filters at home. Here the server filters:
file: a spawned ``git upload-pack``; http(s): git's own remote helper, so that credentials,
proxies and certificates work; ssh: the person's ssh; git: a socket. Where the server speaks an
older protocol, its whole listing is filtered at home, and the answer says so.

Source: atom-spec/transport.md.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote

from eka.git.channel import GIT_PORT, SocketChannel
from eka.git.failures import SourceNotFound, source_failure
from eka.git.pktline import MalformedAnswer, packet
from eka.git.process import ChildProcess, Spawn
from eka.git.protocol import LsRefsConversation, ServerRefused, chunks, parse_ls_remote
from eka.git.settings import RemoteSettings, read_settings, ssh_argv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from eka.atom import ObjectId, SourceUrl
    from eka.errors import EkaError
    from eka.git.channel import Channel
    from eka.git.protocol import RefsFound
    from eka.git.runner import GitRunner

DEFAULT_TIMEOUT_S = 120.0
MAX_LISTING_BYTES = 256 * 1024 * 1024
_WANT_V2 = {"GIT_PROTOCOL": "version=2"}
# A foreign repository on this machine may name a server to fetch missing objects from, and a
# program to do so: serving it must not run that.
_SERVE = {**_WANT_V2, "GIT_NO_LAZY_FETCH": "1"}


@dataclass(frozen=True, slots=True)
class ListedRefs:
    """What a source lists below the prefixes asked for."""

    refs: Mapping[str, ObjectId]
    received_bytes: int
    """Bytes of protocol that came in, without those of HTTP or ssh around it."""
    protocol: int
    """2: the server filtered. 0 or 1: it sent every ref, and the filter is ours."""
    dropped: int = 0
    """Refs whose names no well-behaved server sends."""
    peeled: Mapping[str, ObjectId] = field(default_factory=dict["str", "ObjectId"])


class Transport:
    """Asks sources for their refs."""

    def __init__(
        self,
        runner: GitRunner,
        *,
        timeout_s: float | None = DEFAULT_TIMEOUT_S,
        max_bytes: int = MAX_LISTING_BYTES,
    ) -> None:
        self._runner = runner
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._settings: RemoteSettings | None = None

    def ls_refs(self, url: SourceUrl, prefixes: Sequence[str]) -> ListedRefs:
        """Return the refs of ``url`` whose names begin with one of ``prefixes``.

        Raises:
            SourceNotFound: exit 3; NetworkFailed, AccessDenied, MalformedAnswer, ServerRefused,
            TimedOut: exit 4; UnsafeOwnership, OutputTooLarge, ListingTooLarge: exit 1.

        Source: atom-spec/transport.md [list-by-prefix].
        """
        if url.is_local and not url.path.startswith("/"):
            raise SourceNotFound(url, "expected an absolute path")
        if self._settings is None:
            self._settings = read_settings(self._runner)
        asked = tuple(dict.fromkeys(prefixes))
        target = self._settings.rewritten(url)
        channel = None if target is None else self._open(target)
        if channel is None:
            return self._ls_remote(url, asked)
        is_helper = target is not None and target.scheme in ("http", "https")
        conversation = LsRefsConversation(chunks(asked), is_stateless=is_helper)
        with channel as opened:
            try:
                if is_helper and not _is_connected(opened, conversation):
                    return self._ls_remote(url, asked)
                _converse(opened, conversation)
            except (MalformedAnswer, ServerRefused, OSError) as error:
                raise _explained(url, opened, error) from error
            return _listed(conversation.found, opened.received_bytes, conversation.protocol)

    def _open(self, url: SourceUrl) -> AbstractContextManager[Channel] | None:
        """Return a connection to the server; None where only git knows the way."""
        match url.scheme:
            case "file":
                return self._child(["upload-pack", url.path], _SERVE)
            case "http" | "https":
                return self._child([f"remote-{url.scheme}", url.text, url.text], {})
            case "ssh":
                return self._ssh(url)
            case _:
                return self._socket(url)

    def _child(self, args: Sequence[str], env: Mapping[str, str]) -> ChildProcess:
        return self._runner.popen(
            args,
            env=env,
            network=True,
            config=["protocol.version=2"],
            max_output=self._max_bytes,
            timeout_s=self._timeout_s,
        )

    def _ssh(self, url: SourceUrl) -> ChildProcess | None:
        argv = ssh_argv(self._settings or RemoteSettings(), self._runner.env)
        if argv is None or url.host is None:
            return None
        argv += ["-o", "SendEnv=GIT_PROTOCOL"]
        if not self._runner.prompt:
            argv += ["-o", "BatchMode=yes"]
        if url.port is not None:
            argv += ["-p", str(url.port)]
        # As git does: `/~name` is a path relative to a home directory.
        path = unquote(url.path)
        path = path[1:] if path.startswith("/~") else path
        user = "" if url.user is None else f"{url.user}@"
        argv += [user + url.host, f"git-upload-pack {shlex.quote(path)}"]
        return ChildProcess(
            Spawn(
                argv=argv,
                env={**self._runner.env, **_WANT_V2},
                cwd=self._runner.home,
                title="ssh",
                max_output_bytes=self._max_bytes,
                timeout_s=self._timeout_s,
                own_session=not self._runner.prompt,
            )
        )

    def _socket(self, url: SourceUrl) -> SocketChannel | None:
        settings = self._settings or RemoteSettings()
        if settings.has_git_proxy or "GIT_PROXY_COMMAND" in self._runner.env or url.host is None:
            return None
        port = url.port or GIT_PORT
        try:
            channel = SocketChannel(
                url.host, port, timeout_s=self._timeout_s, max_bytes=self._max_bytes
            )
        except OSError as error:
            raise source_failure(url, b"", error.strerror or str(error)) from error
        host = url.host if url.port is None else f"{url.host}:{port}"
        request = f"git-upload-pack {unquote(url.path)}\0host={host}\0\0version=2\0"
        channel.write(packet(request.encode()))
        return channel

    def _ls_remote(self, url: SourceUrl, prefixes: Sequence[str]) -> ListedRefs:
        """List everything with git itself, and filter at home."""
        finished = self._runner.execute(
            ["ls-remote", "--", url.text],
            network=True,
            max_output=self._max_bytes,
            timeout_s=self._timeout_s,
        )
        if finished.status != 0:
            raise source_failure(url, finished.stderr)
        found = parse_ls_remote(finished.stdout, prefixes)
        return _listed(found, len(finished.stdout), 0)


def _is_connected(channel: Channel, conversation: LsRefsConversation) -> bool:
    """Ask git's http helper for a tunnel; False when the server speaks no protocol 2."""
    channel.write(b"stateless-connect git-upload-pack\n")
    answer = b""
    while b"\n" not in answer:
        data = channel.read()
        if not data:
            raise MalformedAnswer("the server sent nothing")
        answer += data
    word, _, rest = answer.partition(b"\n")
    if word:
        return False
    channel.write(conversation.receive(rest))
    return True


def _converse(channel: Channel, conversation: LsRefsConversation) -> None:
    while not conversation.is_done:
        data = channel.read()
        if not data:
            conversation.end_of_stream()
        if reply := conversation.receive(data):
            channel.write(reply)


def _listed(found: RefsFound, received_bytes: int, protocol: int) -> ListedRefs:
    return ListedRefs(found.refs, received_bytes, protocol, found.dropped, found.peeled)


def _explained(url: SourceUrl, channel: Channel, error: EkaError | OSError) -> EkaError:
    """Return what a broken conversation means, from what the child said on its way out."""
    if isinstance(error, OSError):
        return source_failure(url, b"", error.strerror or str(error))
    if isinstance(channel, ChildProcess) and (complaint := channel.complaint().strip()):
        return source_failure(url, complaint)
    if isinstance(error, ServerRefused):
        refused = source_failure(url, error.message.encode())
        return refused if isinstance(refused, SourceNotFound) else error
    error.where = url.public
    return error
