"""Opens connections to git servers and holds conversations over them.

file: a spawned ``git upload-pack``; http(s): git's own remote helper, so that credentials,
proxies and certificates work; ssh: the person's ssh; git: a socket.

Source: atom-spec/transport.md.
"""

from __future__ import annotations

from eka.atom import Aliases, parse_source_url
from eka.checking import TYPE_CHECKING, TypeVar, cast
from eka.errors import EkaError
from eka.git.dialogue import Dialogue
from eka.git.failures import NetworkFailed, SourceNotFound, redirected, source_failure
from eka.git.pktline import MalformedAnswer, packet
from eka.git.process import ChildProcess
from eka.git.protocol import Conversation, ServerRefused
from eka.git.settings import RemoteSettings, ask_settings, read_settings
from eka.git.spawn import Spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from eka.atom import SourceUrl
    from eka.git.channel import Channel, SocketChannel
    from eka.git.runner import GitRunner

_WANT_V2 = {"GIT_PROTOCOL": "version=2"}
# A foreign repository on this machine may name a server to fetch missing objects from, and a
# program to do so: serving it must not run that. Whether the repository of another user may be
# served at all is git's decision (`safe.directory`).
SERVE_ENV = {**_WANT_V2, "GIT_NO_LAZY_FETCH": "1"}
_HELPED = ("http", "https")
_MANY = 4  # sources, from which on loading an HTTP client pays
_AHEAD = ("file", *_HELPED)
_MOST_PLACES = 5  # each redirected to by the one before

C = TypeVar("C", bound=Conversation)


class Connector:
    """Talks to the servers of sources."""

    def __init__(
        self,
        runner: GitRunner,
        *,
        timeout_s: float | None,
        max_bytes: int,
        on_redirected: Callable[[SourceUrl, str], None] | None = None,
    ) -> None:
        self._on_redirected = on_redirected
        self._places: dict[SourceUrl, SourceUrl] = {}
        self._runner = runner
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._settings: RemoteSettings | None = None
        self._asked: ChildProcess | None = None  # for the settings
        self._open_channels: set[Channel] = set()
        self._started: dict[SourceUrl, ChildProcess] = {}
        self._ahead: dict[SourceUrl, tuple[SourceUrl, Dialogue]] = {}

    def prepare(self, sources: int) -> None:
        """Get ready to talk to so many sources at once, each in a thread of its own."""
        if sources > 1:
            self._known_settings(None)
        if sources >= _MANY and self._runner.http is None:
            from eka.git.http_channel import HttpChannels  # noqa: PLC0415 - few runs ask many
            from eka.git.push_settings import read_push_settings  # noqa: PLC0415 (as above)

            entries = read_push_settings(self._runner).entries
            self._runner.http = HttpChannels(self._runner.env, entries)

    def hang_up(self) -> None:
        """End all conversations that other threads hold now."""
        for channel in list(self._open_channels):
            channel.hang_up()

    def talk(
        self,
        url: SourceUrl,
        begin: Callable[[bool], C],
        on_received: Callable[[C, int], None] | None = None,
    ) -> tuple[C, int] | None:
        """Hold a conversation with the server of ``url``.

        Args:
            url: The source; a local path must be absolute.
            begin: Makes the conversation; told whether the connection is stateless.
            on_received: Called with the conversation, and the bytes received so far, whenever
                something arrived.

        Returns:
            The finished conversation and the bytes of protocol received; None when only git
            itself knows the way, or the server speaks an older protocol that git's helper hides.

        Raises:
            ServerRefused, SourceNotFound, NetworkFailed, AccessDenied, UnsafeOwnership,
            MalformedAnswer, TimedOut, OutputTooLarge, and what the conversation raises.
        """
        if url.is_local and not url.path.startswith("/"):
            raise SourceNotFound(url, "expected an absolute path")
        target, dialogue = self._connected(url)
        direct = None if dialogue else self._talk_directly(url, target, begin, on_received)
        if direct is not None:
            return direct
        for _ in range(_MOST_PLACES):
            dialogue = dialogue or (None if target is None else self._open(target))
            if target is None or dialogue is None:
                return None
            with dialogue.channel as opened:
                self._open_channels.add(opened)
                try:
                    place = self._place(url, target, dialogue)
                    if place is target:
                        said = self._finished(dialogue, begin, on_received)
                        if isinstance(opened, ChildProcess) and target.scheme in _HELPED:
                            opened.drop()  # it would close its connections one by one
                        return said
                except (MalformedAnswer, ServerRefused, OSError) as error:
                    raise _explained(url, opened, error) from error
                finally:
                    self._open_channels.discard(opened)
            target, dialogue = place, None
        raise NetworkFailed(url, "it redirects again and again")

    def start(self, url: SourceUrl) -> None:
        """Start what talks to the server of ``url``; nothing is said to it, nor known of it."""
        if self._settings is None and _can_start(url) and url not in self._started:
            self._started[url] = self._child(url)

    def ahead(self, url: SourceUrl) -> None:
        """Connect to a server before it is known what `talk` will have to say to it.

        Loading the rest of a program takes as long as a near server takes to answer.
        """
        if not _can_start(url):
            return
        target, dialogue = self._connected(url)
        if target is not None and (dialogue := dialogue or self._open(target)) is not None:
            self._ahead[url] = target, dialogue
            dialogue.wish()

    def advance(self, url: SourceUrl, begin: Callable[[bool], Conversation]) -> None:
        """Begin the conversation that `talk` will ask for, as far as that needs no waiting."""
        target, dialogue = self._ahead.get(url, (url, None))
        channel = None if dialogue is None else dialogue.channel
        if dialogue is None or not isinstance(channel, ChildProcess) or not channel.has_output():
            return
        try:
            # One that leads elsewhere is told nothing more: `talk` sees to it.
            if self._place(url, target, dialogue) is not target or not dialogue.begin(begin):
                return
            if target.scheme not in _HELPED:  # else the request went out, and is to be waited for
                dialogue.go_on()
        except BaseException:
            self.forget()
            raise

    def forget(self) -> None:
        """End the connections that nobody talked over."""
        while self._started:
            _, child = self._started.popitem()
            child.kill()
        if self._asked is not None:
            self._asked.kill()
            self._asked = None
        while self._ahead:
            _, (_, dialogue) = self._ahead.popitem()
            with dialogue.channel:
                pass

    def _connected(self, url: SourceUrl) -> tuple[SourceUrl | None, Dialogue | None]:
        """Return where to talk for ``url``, if others than git know, and a connection, if any."""
        if url in self._ahead:
            return self._ahead.pop(url)
        early = self._started.pop(url, None)
        if early is None and self._settings is None and url.scheme in _AHEAD:
            early = self._child(url)
        target = self._known_settings(early).rewritten(url)
        if early is not None and target == url:
            return url, Dialogue(early, is_helped=url.scheme in _HELPED)
        if early is not None:
            early.kill()
        return target, None

    def _finished(
        self,
        dialogue: Dialogue,
        begin: Callable[[bool], C],
        on_received: Callable[[C, int], None] | None,
    ) -> tuple[C, int] | None:
        """Hold the conversation to its end; None where the server speaks no protocol 2."""
        channel = dialogue.channel
        if not dialogue.begin(begin):
            return None
        conversation = cast("C", dialogue.conversation)
        while dialogue.go_on():
            if on_received is not None:
                on_received(conversation, channel.received_bytes)
        return conversation, channel.received_bytes

    def _talk_directly(
        self,
        url: SourceUrl,
        target: SourceUrl | None,
        begin: Callable[[bool], C],
        on_received: Callable[[C, int], None] | None,
    ) -> tuple[C, int] | None:
        """Talk without git's helper where many are asked; None where it is needed after all."""
        http = self._runner.http
        if http is None or target is None or target.scheme not in _HELPED:
            return None
        from eka.git.http_rules import OnlyGitKnows  # noqa: PLC0415 - loaded already

        try:
            channel = http.open(target, url, timeout_s=self._timeout_s, max_bytes=self._max_bytes)
            if channel is None:
                return None
            with channel:
                self._open_channels.add(channel)
                dialogue = Dialogue(channel, is_helped=False, is_stateless=True)
                try:
                    return self._finished(dialogue, begin, on_received)
                except (MalformedAnswer, ServerRefused, OSError) as error:
                    raise _explained(url, channel, error) from error
                finally:
                    self._open_channels.discard(channel)
        except OnlyGitKnows:
            http.leave_to_git(target)
            return None

    def _known_settings(self, early: ChildProcess | None) -> RemoteSettings:
        """Return the person's settings; ``early`` is ended when they cannot be read.

        Reading them takes as long as a server on this machine takes to start, or git's helper,
        which connects to nobody before it is told to. Hardly anybody rewrites an address, so both
        start at once.
        """
        try:
            self.ask_settings()
            if self._settings is None and self._asked is not None:
                self._settings, self._asked = read_settings(self._asked), None
        except BaseException:
            if early is not None:
                early.kill()
            raise
        return self._settings or RemoteSettings()

    def ask_settings(self) -> None:
        """Start to read the person's settings, unless they are known."""
        if self._settings is None and self._asked is None:
            self._asked = ask_settings(self._runner)

    def _child(self, url: SourceUrl) -> ChildProcess:
        """Start what talks to a server of a path, or of http."""
        if url.is_local:
            return self._serve(url)
        return self._git([f"remote-{url.scheme}", url.text, url.text], {})

    def _serve(self, url: SourceUrl) -> ChildProcess:
        return self._git(["upload-pack", url.path], SERVE_ENV)

    def place(self, url: SourceUrl) -> SourceUrl:
        """Return the other server that ``url`` was found to lead to; itself when to none."""
        return self._places.get(url, url)

    def _place(self, url: SourceUrl, target: SourceUrl, dialogue: Dialogue) -> SourceUrl:
        """Return where to talk on: ``target``, or the server that this one sends to.

        git's helper follows a redirection with headers that were meant for the first server
        (`http.<url>.extraHeader`). A helper started anew for the other server has none of them.

        Source: atom-spec/transport.md [source-redirect].
        """
        if target.scheme not in _HELPED:
            return target
        dialogue.wait_for_greeting()
        channel = dialogue.channel
        text = redirected(channel.complaint()) if isinstance(channel, ChildProcess) else ""
        if not text:
            return target
        try:
            found = parse_source_url(text, Aliases({}))
        except EkaError as error:
            raise NetworkFailed(url, "it redirects to no address of a repository") from error
        if found.scheme not in _HELPED or (target.scheme, found.scheme) == ("https", "http"):
            raise NetworkFailed(url, f"it redirects to {found.public}, which is refused")
        if self._on_redirected is not None:
            self._on_redirected(url, found.public)
        if _server(found) == _server(target):
            return target
        self._places[url] = found
        return found

    def _open(self, url: SourceUrl) -> Dialogue | None:
        """Return a connection to the server; None where only git knows the way."""
        settings = self._known_settings(None)
        channel: Channel | None
        match url.scheme:
            case "file" | "http" | "https":
                channel = self._child(url)
            case "ssh":
                channel = self._ssh(url, settings)
            case _:
                channel = self._socket(url, settings)
        return None if channel is None else Dialogue(channel, is_helped=url.scheme in _HELPED)

    def _git(self, args: Sequence[str], env: Mapping[str, str]) -> ChildProcess:
        return self._runner.popen(
            args,
            env=env,
            network=True,
            config=["protocol.version=2", "http.lowSpeedLimit=1", "http.lowSpeedTime=60"],
            max_output=self._max_bytes,
            timeout_s=self._timeout_s,
        )

    def _ssh(self, url: SourceUrl, settings: RemoteSettings) -> ChildProcess | None:
        from eka.git.ssh_command import ssh_words  # noqa: PLC0415 - few sources are ssh ones

        argv = ssh_words(url, "git-upload-pack", self._runner, settings, is_v2=True)
        if argv is None:
            return None
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

    def _socket(self, url: SourceUrl, settings: RemoteSettings) -> SocketChannel | None:
        from eka.git.channel import GIT_PORT, SocketChannel  # noqa: PLC0415 - as above

        if settings.has_git_proxy or "GIT_PROXY_COMMAND" in self._runner.env or url.host is None:
            return None
        from urllib.parse import unquote  # noqa: PLC0415 - the same

        port = url.port or GIT_PORT
        host = url.host if url.port is None else f"{url.host}:{port}"
        request = f"git-upload-pack {unquote(url.path)}\0host={host}\0\0version=2\0"
        try:
            channel = SocketChannel(
                url.host, port, timeout_s=self._timeout_s, max_bytes=self._max_bytes
            )
            channel.write(packet(request.encode()))
        except OSError as error:
            raise source_failure(url, b"", error.strerror or str(error)) from error
        return channel


def _can_start(url: SourceUrl) -> bool:
    """Whether a program of git's talks to the server of ``url``, which may be any."""
    return url.scheme in _AHEAD and (not url.is_local or url.path.startswith("/"))


def _server(url: SourceUrl) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port


def _explained(url: SourceUrl, channel: Channel, error: EkaError | OSError) -> EkaError:
    """Return what a broken conversation means, from what the child said on its way out."""
    if isinstance(error, OSError):
        return source_failure(url, b"", error.strerror or str(error))
    if isinstance(error, ServerRefused):
        refused = source_failure(url, error.message.encode())
        return refused if isinstance(refused, SourceNotFound) else error.about(url.public)
    if isinstance(channel, ChildProcess) and (complaint := channel.complaint().strip()):
        return source_failure(url, complaint)
    error.where = url.public
    return error
