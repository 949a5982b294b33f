"""Conversations with many repositories over few connections to their HTTP server.

git's own helper is a program to be started, and a connection to be made, for each repository.
Where hundreds are asked in one run, plain requests are sent from here instead, as long as nothing
about the server needs git: a login, a redirection or a setting that is not understood to the
letter sends the conversation to the helper, which begins it anew.

Source: atom-spec/transport.md [source-direct]; gitprotocol-http(5).
"""

from __future__ import annotations

from time import monotonic
from urllib.parse import quote

from eka.checking import TYPE_CHECKING
from eka.git.failures import NetworkFailed
from eka.git.http_client import HttpClient, Request
from eka.git.http_proxy import proxy_for
from eka.git.http_rules import OnlyGitKnows, http_rules
from eka.git.process import OutputTooLarge, TimedOut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Self

    from eka.atom import SourceUrl
    from eka.git.http_client import Answer
    from eka.git.http_proxy import Proxy
    from eka.git.http_rules import HttpRules

    _Server = tuple[str, str | None, int | None, HttpRules, Proxy | None]

_SERVICE = "git-upload-pack"
_ADVERTISEMENT = f"application/x-{_SERVICE}-advertisement"
_RESULT = f"application/x-{_SERVICE}-result"
_RESPONSE_END = b"0002"  # as git's helper ends each answer
_OK = 200
_SILENCE_S = 60.0  # without a byte; as the helper is told
_MOST_ADVERTISED_BYTES = 64 * 1024
_USER_AGENT = "git/2.0 (eka)"  # some servers serve git only to programs named so
_HEADERS = {"Accept": "*/*", "Git-Protocol": "version=2"}
_SAFE = "".join(map(chr, range(0x21, 0x7F)))  # a path is sent as it is written


class HttpChannels:
    """Opens channels over connections that are kept until the end of the run."""

    def __init__(self, env: Mapping[str, str], entries: Sequence[tuple[str, str | None]]) -> None:
        """Prepare channels for a person's environment and all their ``http.*`` settings."""
        self._env = env
        self._entries = entries
        self._idle: dict[_Server, list[HttpClient]] = {}
        self._advertised: dict[SourceUrl, bytes] = {}
        self._left_to_git: set[SourceUrl] = set()

    def open(
        self, url: SourceUrl, about: SourceUrl, *, timeout_s: float | None, max_bytes: int
    ) -> HttpChannel | None:
        """Return a channel to the repository at ``url``; None where only git knows the way.

        ``about`` is what a person calls it.
        """
        if url in self._left_to_git or url.user is not None:
            return None
        rules = http_rules(self._entries, self._env, url)
        if rules.obstacle or rules.headers:
            return None
        try:
            server = (url.scheme, url.host, url.port, rules, proxy_for(url, rules, self._env))
            place = (url, about, server)
            return HttpChannel(self, place, timeout_s=timeout_s, max_bytes=max_bytes)
        except OnlyGitKnows:
            self.leave_to_git(url)
            return None

    def leave_to_git(self, url: SourceUrl) -> None:
        """Remember that only git knows the way to a repository."""
        self._left_to_git.add(url)

    def advertised(self, url: SourceUrl, ask: Callable[[], bytes]) -> bytes:
        """Return what a repository can do; it is asked once in a run."""
        if url not in self._advertised:
            self._advertised[url] = ask()
        return self._advertised[url]

    def take(self, url: SourceUrl, server: _Server) -> tuple[HttpClient, bool]:
        """Return a connection to a server, and whether it was used before."""
        idle = self._idle.setdefault(server, [])
        try:
            return idle.pop(), True
        except IndexError:
            return HttpClient(url, server[3], server[4], _SILENCE_S), False

    def give_back(self, server: _Server, client: HttpClient) -> None:
        """Keep a connection for whoever talks to the same server next."""
        self._idle[server].append(client)

    def close(self) -> None:
        """End the connections that nobody uses now."""
        for idle in self._idle.values():
            while idle:
                idle.pop().close()


class HttpChannel:
    """A conversation with one repository, as git's helper would hold it (stateless)."""

    def __init__(
        self,
        channels: HttpChannels,
        place: tuple[SourceUrl, SourceUrl, _Server],
        *,
        timeout_s: float | None,
        max_bytes: int,
    ) -> None:
        self._channels = channels
        self._url, self._about, self._server = place
        self._client: HttpClient | None = None
        self._answer: Answer | None = None
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._deadline = None if timeout_s is None else monotonic() + timeout_s
        self._has_heard = False
        self.received_bytes = 0
        self._is_begun = False
        self._waiting = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._client is not None:  # in the middle of an answer
            self._client.close()

    def write(self, data: bytes) -> None:
        """Send a request; the answer is what `read` returns from now on."""
        if not data:
            return
        headers = {"Content-Type": f"application/x-{_SERVICE}-request", "Accept": _RESULT}
        self._answer = self._ask("POST", f"/{_SERVICE}", _RESULT, headers, data)

    def read(self) -> bytes:
        """Return the next bytes that come in, ``b""`` where there are none."""
        if not self._is_begun:
            self._is_begun = True
            self._waiting = self._channels.advertised(self._url, self._advertisement)
        if self._waiting:
            data, self._waiting = self._waiting, b""
            return data
        if self._answer is None:
            return b""
        data = self._next(self._answer)
        if data:
            self._has_heard = True
            return data
        self._answer = None
        self._free()
        return _RESPONSE_END

    def hang_up(self) -> None:
        """End the conversation while another thread holds it."""
        if self._client is not None:
            self._client.hang_up()

    def _advertisement(self) -> bytes:
        answer = self._ask("GET", f"/info/refs?service={_SERVICE}", _ADVERTISEMENT, {})
        found = b""
        while data := self._next(answer):
            found += data
            if len(found) > _MOST_ADVERTISED_BYTES:
                raise OnlyGitKnows  # it lists its refs: an older protocol
        self._free()
        if not found.startswith(b"000eversion 2\n"):
            raise OnlyGitKnows
        return found

    def _ask(
        self, method: str, tail: str, kind: str, headers: dict[str, str], body: bytes = b""
    ) -> Answer:
        if body:
            headers["Content-Length"] = str(len(body))
        agent = self._server[3].user_agent or _USER_AGENT
        request = Request(
            method=method,
            target=quote(self._url.path.rstrip("/"), safe=_SAFE) + tail,
            headers={"User-Agent": agent, **_HEADERS, **headers},
            body=body,
        )
        answer = self._sent(request)
        is_right = answer.header("Content-Type").partition(";")[0].strip() == kind
        if answer.status != _OK or not is_right:
            self.__exit__()
            if self._has_heard:
                raise NetworkFailed(self._about, f"the server answers with HTTP {answer.status}")
            raise OnlyGitKnows
        return answer

    def _sent(self, request: Request) -> Answer:
        while True:
            self._client, is_used = self._channels.take(self._url, self._server)
            try:
                return self._client.send(request)
            except NetworkFailed as error:
                self._client.close()
                # The server may have closed an idle connection; nothing that is asked here
                # changes anything, so it can be asked again.
                if not is_used:
                    raise NetworkFailed(self._about, error.why) from error

    def _next(self, answer: Answer) -> bytes:
        if self._deadline is not None and monotonic() > self._deadline:
            raise TimedOut(self._about.public, self._timeout_s or 0.0)
        try:
            data = answer.read()
        except NetworkFailed as error:
            raise NetworkFailed(self._about, error.why) from error
        self.received_bytes += len(data)
        if self.received_bytes > self._max_bytes:
            raise OutputTooLarge(self._about.public, self._max_bytes)
        return data

    def _free(self) -> None:
        if self._client is not None:
            self._channels.give_back(self._server, self._client)
            self._client = None
