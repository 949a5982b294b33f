"""HTTP GET with explicit settings: proxies from a mapping, no cookies, no other schemes.

Only imported once something is fetched: ``ssl`` alone costs more than starting the program.
The standard opener is not used: it reads the body of a redirect without any limit.
"""

from __future__ import annotations

import http.client
from base64 import b64encode
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from eka.build.patience import patient_response
from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import ClassVar

USER_AGENT = "eka/0.1"
MAX_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PORTS = {"http": 80, "https": 443}
_SAFE = "!#$%&'()*+,/:;=?@[]~-._"


class Web:
    """Opens URLs.

    Args:
        env: ``http_proxy``, ``https_proxy``, ``all_proxy``, ``no_proxy`` in either case.
        silence_s: How long to wait for the next byte.
        tick: Called twice a second while none comes; what it raises ends the waiting.
    """

    # What `open` and the reading of an answer raise when the network or the server is at fault.
    errors: ClassVar = (OSError, http.client.HTTPException, ValueError)

    def __init__(
        self,
        env: Mapping[str, str],
        silence_s: float,
        tick: Callable[[], None] = lambda: None,
    ) -> None:
        self._env = env
        self._silence_s = silence_s
        self._tick = tick

    def check(self, url: str) -> None:
        """Raise `ValueError` where `open` would refuse the URL or the proxy settings."""
        proxy_for(checked(url), self._env)

    def open(
        self,
        url: str,
        *,
        accept: str = "",
        https_only: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> http.client.HTTPResponse:
        """Return the answer to a GET, whatever its status; redirects are followed.

        ``accept`` is the header of this name, ``headers`` are more of them; ``https_only``:
        nothing else is asked.
        """
        more = {**(headers or {}), **({"Accept": accept} if accept else {})}
        for _ in range(MAX_REDIRECTS):
            place = checked(url)
            if https_only and place.scheme != "https":
                msg = "an https address leads to one that is not"
                raise ValueError(msg)
            response = self._get(place, more)
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None:
                return response
            response.close()
            url = urljoin(url, location)
        msg = f"more than {MAX_REDIRECTS} redirects"
        raise http.client.HTTPException(msg)

    def _get(self, url: SplitResult, more: Mapping[str, str]) -> http.client.HTTPResponse:
        host, port = url.hostname or "", url.port or _PORTS[url.scheme]
        target = quote(url.path or "/", safe=_SAFE)
        if url.query:
            target += "?" + quote(url.query, safe=_SAFE)
        headers = {
            "User-Agent": USER_AGENT,
            "Accept-Encoding": "identity",
            "Connection": "close",
            **more,
        }
        proxy = proxy_for(url, self._env)
        near = (proxy.hostname or "", proxy.port or 80) if proxy else (host, port)
        secret = authorization(proxy) if proxy else {}
        connection: http.client.HTTPConnection
        if url.scheme == "https":
            connection = http.client.HTTPSConnection(*near, timeout=self._silence_s)
            if proxy:
                connection.set_tunnel(host, port, headers=secret)
        else:
            connection = http.client.HTTPConnection(*near, timeout=self._silence_s)
            if proxy:
                target = f"http://{url.netloc}{target}"
                headers |= secret
        # A class, says the library; whatever makes answers will do.
        maker = patient_response(self._silence_s, self._tick)
        connection.response_class = maker  # type: ignore[assignment]
        try:
            connection.request("GET", target, headers=headers)
            return connection.getresponse()  # it keeps the socket: the connection ends with it
        except BaseException:
            connection.close()
            raise


def checked(url: str) -> SplitResult:
    """Split ``url``; raises `ValueError` unless it is plain http or https without a password."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        msg = "only http and https URLs are fetched"
        raise ValueError(msg)
    if parts.username is not None:
        msg = "the URL holds a user name or password"
        raise ValueError(msg)
    return parts


def proxy_for(url: SplitResult, env: Mapping[str, str]) -> SplitResult | None:
    """Return the proxy that the environment asks for, if any."""
    if _is_direct(url, env.get("no_proxy") or env.get("NO_PROXY") or ""):
        return None
    for name in (f"{url.scheme}_proxy", "all_proxy"):
        # In a CGI program HTTP_PROXY holds a header of the request, so only the lower-case
        # name is read for http, as curl does.
        upper = "" if name == "http_proxy" else env.get(name.upper(), "")
        if text := env.get(name) or upper:
            proxy = urlsplit(text if "://" in text else f"http://{text}")
            if proxy.scheme != "http" or not proxy.hostname:
                msg = f"only http:// proxies are supported, not {proxy.scheme}://"
                raise ValueError(msg)
            return proxy
    return None


def _is_direct(url: SplitResult, no_proxy: str) -> bool:
    host = (url.hostname or "").lower()
    for raw in no_proxy.lower().split(","):
        pattern = raw.strip().lstrip(".")
        if pattern == "*" or (pattern and (host == pattern or host.endswith(f".{pattern}"))):
            return True
    return False


def authorization(proxy: SplitResult) -> dict[str, str]:
    """Return the headers that tell a proxy who asks; none where its address names nobody."""
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(pair.encode()).decode()}"}
