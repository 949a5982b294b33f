"""A talk with one HTTP server on a person's behalf: rules, redirects and credentials.

Source: atom-spec/push.md [push-http-rules], [push-redirect], [push-credentials].
"""

from __future__ import annotations

from contextlib import ExitStack
from urllib.parse import quote, urljoin

from eka.atom import Aliases, parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git.failures import AccessDenied, NetworkFailed, SourceBusy, SourceNotFound
from eka.git.http_client import HttpClient, Request
from eka.git.http_credentials import Credentials
from eka.git.http_proxy import proxy_for
from eka.git.http_rules import Follow, OnlyGitKnows, http_rules
from eka.lazy import pattern

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from eka.atom import SourceUrl
    from eka.git.http_client import Answer
    from eka.git.http_credentials import Credential
    from eka.git.push_settings import PushSettings
    from eka.git.runner import GitRunner

_USER_AGENT = "git/2.0 (eka)"  # some servers serve git only to programs named so
_MAX_REDIRECTS = 5
_HEADER_NAME = pattern(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_ASCII = "".join(map(chr, range(0x21, 0x7F)))  # a path is sent as it is written, as far as can be
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NO_LOGIN, _FORBIDDEN, _ABSENT, _FIRST_FAILURE = 401, 403, 404, 300
_BUSY = frozenset({429, 503})
_MOST_DIGITS = 10  # of the seconds a server asks for


class HttpSession:
    """Requests below one URL; used in a ``with`` block."""

    def __init__(self, url: SourceUrl, runner: GitRunner, settings: PushSettings) -> None:
        """Prepare a session; raises OnlyGitKnows where a setting is for git alone."""
        self._runner = runner
        self._settings = settings
        self._stack = ExitStack()
        self._credential: Credential | None = None
        self._is_approved = False
        self._go_to(url, settings.entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def get(self, tail: str) -> Answer:
        """Ask for ``tail`` below the URL; redirects are followed, and the URL follows them.

        Raises:
            SourceNotFound, AccessDenied, NetworkFailed, TimedOut, OnlyGitKnows.
        """
        for _ in range(_MAX_REDIRECTS):
            answer = self._ask("GET", tail, {})
            if answer.status not in _REDIRECTS:
                return self._checked(answer)
            if self._rules.follow is Follow.NEVER:
                break
            self._redirect(answer, tail)
        raise NetworkFailed(self._url, "it redirects elsewhere, and that is not followed")

    def post(
        self, tail: str, kind: str, body: bytes, on_sent: Callable[[int, int], None]
    ) -> Answer:
        """Send ``body``, of the content type ``kind``, to ``tail`` below the URL."""
        headers = {"Content-Type": kind, "Content-Length": str(len(body))}
        answer = self._ask("POST", tail, headers, body, on_sent)
        if answer.status in _REDIRECTS and self._rules.follow is Follow.ALWAYS:
            raise OnlyGitKnows
        return self._checked(answer)

    def _go_to(self, url: SourceUrl, entries: tuple[tuple[str, str | None], ...]) -> None:
        env = self._runner.env
        self._url = url
        self._rules = http_rules(entries, env, url)
        if self._rules.obstacle:
            raise OnlyGitKnows
        proxy = proxy_for(url, self._rules, env)
        self._credentials = Credentials(self._runner, url)
        self._client = self._stack.enter_context(HttpClient(url, self._rules, proxy))

    def _ask(
        self,
        method: str,
        tail: str,
        headers: dict[str, str],
        body: bytes = b"",
        on_sent: Callable[[int, int], None] | None = None,
    ) -> Answer:
        """Send a request, again with credentials where the server wants some."""
        while True:
            request = Request(
                method=method,
                target=quote(self._url.path.rstrip("/"), safe=_ASCII) + tail,
                headers={**self._headers(), **headers},
                body=body,
                on_sent=on_sent,
            )
            answer = self._client.send(request)
            if answer.status != _NO_LOGIN:
                return answer
            self._login(answer)

    def _headers(self) -> dict[str, str]:
        headers = {"User-Agent": self._rules.user_agent or _USER_AGENT, "Accept": "*/*"}
        if self._credential is not None:
            headers["Authorization"] = self._credential.header
        for line in self._rules.headers:
            name, colon, value = line.partition(":")
            if not colon or name in headers or not _HEADER_NAME.fullmatch(name):
                raise OnlyGitKnows  # curl has its own ways with odd and doubled headers
            headers[name] = value.strip()
        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise OnlyGitKnows
        return headers

    def _login(self, answer: Answer) -> None:
        """Find the next credentials to try."""
        challenges = answer.all_headers("WWW-Authenticate")
        answer.leave()
        if self._credential is not None:
            self._credentials.judge(self._credential, is_good=False)
        self._credential = self._credentials.next(challenges)
        if self._credential is None:
            raise AccessDenied(self._url, "Authentication failed")

    def _checked(self, answer: Answer) -> Answer:
        """Return an answer that is none of failure."""
        if answer.status < _FIRST_FAILURE:
            if self._credential is not None and not self._is_approved:
                self._is_approved = True
                self._credentials.judge(self._credential, is_good=True)
            return answer
        why = f"the server answers with HTTP {answer.status}"
        wait_s = answer.header("Retry-After")
        answer.leave()
        if answer.status in _BUSY:
            asks = wait_s.isascii() and wait_s.isdecimal() and len(wait_s) < _MOST_DIGITS
            raise SourceBusy(self._url, f"{why}, to be asked in {wait_s} s" if asks else why)
        if answer.status == _ABSENT:
            raise SourceNotFound(self._url, why)
        if answer.status == _FORBIDDEN:
            raise AccessDenied(self._url, why)
        raise NetworkFailed(self._url, why)

    def _redirect(self, answer: Answer, tail: str) -> None:
        """Go to where the server says the repository is.

        Source: atom-spec/push.md [push-redirect].
        """
        asked = f"{self._url.public.rstrip('/')}{tail}"
        place = urljoin(asked, answer.header("Location"))
        answer.leave()
        base = place.removesuffix(tail)
        try:
            found = parse_source_url(base, Aliases({}))
        except EkaError as error:
            raise NetworkFailed(self._url, "it redirects to no address of a repository") from error
        is_downgrade = self._url.scheme == "https" and found.scheme != "https"
        if base == place or found.scheme not in {"http", "https"} or is_downgrade:
            raise NetworkFailed(self._url, f"it redirects to {found.public}, which is refused")
        if _server(found) == _server(self._url):
            # A redirect says where, never who: the person's own words stay.
            self._url = _as(found, self._url)
            return
        # Another server: it gets nothing that was meant for this one, nor what is meant for all.
        self._credential, self._is_approved = None, False
        entries = tuple(each for each in self._settings.entries if each[0] != "http.extraheader")
        self._go_to(_as(found, None), entries)


def _server(url: SourceUrl) -> tuple[str, str | None, int | None]:
    return url.scheme, url.host, url.port


def _as(url: SourceUrl, person: SourceUrl | None) -> SourceUrl:
    """Return ``url`` with the user and password of another, or none."""
    user = None if person is None else person.user
    password = None if person is None else person.password
    return type(url)(url.scheme, url.host, url.path, user, password, url.port)
