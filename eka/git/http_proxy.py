"""Which proxy a request goes through, as git and curl choose it; pure.

Source: git-config(1), ``http.proxy``; curl(1), ENVIRONMENT.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from eka.checking import TYPE_CHECKING
from eka.git.http_rules import OnlyGitKnows
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom import SourceUrl
    from eka.git.http_rules import HttpRules

_DEFAULT_PORT = 1080  # curl's
# In this order. `HTTP_PROXY` is none of them: a CGI program gets it from whoever asks.
_VARIABLES = {
    "http": ("http_proxy", "all_proxy", "ALL_PROXY"),
    "https": ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy that is spoken to in plain HTTP."""

    host: str
    port: int
    user: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def token(self) -> str | None:
        """What basic authentication sends; None without a user."""
        from base64 import b64encode  # noqa: PLC0415 - few proxies want it

        if self.user is None:
            return None
        return b64encode(f"{self.user}:{self.password or ''}".encode()).decode()


def proxy_for(url: SourceUrl, rules: HttpRules, env: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for ``url``; None to go directly; raises OnlyGitKnows."""
    text = rules.proxy
    if text is None:
        found = (env.get(name) for name in _VARIABLES[url.scheme])
        text = next((value for value in found if value), "")
    if not text or _is_exempt(url, env):
        return None
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port or _DEFAULT_PORT
    except ValueError:
        raise OnlyGitKnows from None
    is_half_known = parts.username is not None and parts.password is None
    if parts.scheme != "http" or not parts.hostname or is_half_known:
        raise OnlyGitKnows
    user = None if parts.username is None else unquote(parts.username)
    password = None if parts.password is None else unquote(parts.password)
    return Proxy(parts.hostname, port, user, password)


def _is_exempt(url: SourceUrl, env: Mapping[str, str]) -> bool:
    host = (url.host or "").lower()
    text = env.get("no_proxy") or env.get("NO_PROXY") or ""
    for word in text.replace(",", " ").lower().split():
        if "/" in word:
            raise OnlyGitKnows  # a network: newer versions of curl know such, older do not
        name = word.lstrip(".")
        if word == "*" or host == name or host.endswith(f".{name}"):
            return True
    return False
