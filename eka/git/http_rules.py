"""What a person's configuration says about HTTP to one server, as git understands it; pure.

Only what is understood to the letter is used. A setting that is not makes the rules unusable, and
git itself speaks to that server instead.

Source: git-config(1), ``http.*`` and ``http.<url>.*``; atom-spec/push.md [push-http-rules].
"""

from __future__ import annotations

from enum import Enum

from eka.checking import TYPE_CHECKING
from eka.git.http_match import UrlPattern
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eka.atom import SourceUrl

_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off", ""})
# Settings that change nothing here: sizes and limits of git's own transfers, which HTTP version is
# preferred, what to do for dumb servers.
_HARMLESS = frozenset(
    {
        "lowspeedlimit",
        "lowspeedtime",
        "maxrequests",
        "maxretries",
        "maxretrytime",
        "minsessions",
        "noepsv",
        "postbuffer",
        "retryafter",
        "savecookies",  # what there is to save comes from a file that is a reason to leave it
        "ssltry",
        "version",
    }
)
_FILES = {
    "sslcainfo": "GIT_SSL_CAINFO",
    "sslcapath": "GIT_SSL_CAPATH",
    "sslcert": "GIT_SSL_CERT",
    "sslkey": "GIT_SSL_KEY",
}
_VERIFY = "sslverify"
_UNDERSTOOD = frozenset({*_FILES, _VERIFY, "extraheader", "followredirects", "proxy", "useragent"})


class OnlyGitKnows(Exception):
    """Something about a server that git can cope with and eka does not try to."""


class Follow(Enum):
    """Which redirects are followed."""

    NEVER = "false"
    INITIAL = "initial"
    """Those of the first request; the next goes to where it led."""
    ALWAYS = "true"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRules:
    """How to speak HTTP to one server."""

    verifies: bool = True
    """Whether the server must prove who it is."""
    ca_file: str | None = None
    ca_directory: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    proxy: str | None = field(default=None, repr=False)
    """Empty: none, whatever the environment says. None: what the environment says."""
    headers: tuple[str, ...] = field(default=(), repr=False)
    user_agent: str | None = None
    follow: Follow = Follow.INITIAL
    obstacle: str = ""
    """The setting that only git itself honours; empty when there is none."""


def http_rules(
    entries: Iterable[tuple[str, str | None]], env: Mapping[str, str], url: SourceUrl
) -> HttpRules:
    """Return the rules for ``url``.

    Args:
        entries: (key, value) of all ``http.*`` settings, in the order git read them; None stands
            for a key without a value.
        env: The person's environment; its ``GIT_SSL_*`` go before the settings.
        url: The server, and the path there.
    """
    values = _values_for(entries, url)
    unknown = values.keys() - _HARMLESS - _UNDERSTOOD
    files = {key: env.get(name) or _last(values, key) for key, name in _FILES.items()}
    paths = {key: _expanded(path, env) for key, path in files.items() if path}
    strange = [key for key, path in paths.items() if path is None]
    if "GIT_SSL_CERT_PASSWORD_PROTECTED" in env:
        strange.append("sslcertpasswordprotected")
    verifies = _boolean(_last(values, _VERIFY, "true"))
    follow = _follow(_last(values, "followredirects", Follow.INITIAL.value))
    if verifies is None:
        strange.append(_VERIFY)
    if follow is None:
        strange.append("followredirects")
    return HttpRules(
        verifies=verifies is not False and "GIT_SSL_NO_VERIFY" not in env,
        ca_file=paths.get("sslcainfo"),
        ca_directory=paths.get("sslcapath"),
        cert_file=paths.get("sslcert"),
        key_file=paths.get("sslkey"),
        proxy=_last(values, "proxy"),
        headers=_headers(values.get("extraheader", ())),
        user_agent=_last(values, "useragent"),
        follow=follow or Follow.NEVER,
        obstacle=", ".join(sorted({*unknown, *strange})),
    )


def _values_for(
    entries: Iterable[tuple[str, str | None]], url: SourceUrl
) -> dict[str, list[str | None]]:
    """Return the values that count for ``url``: none that matches it worse than one before."""
    values: dict[str, list[str | None]] = {}
    best: dict[str, tuple[int, int, bool]] = {}
    for key, value in entries:
        if not key.startswith("http."):
            continue
        pattern, dot, name = key.removeprefix("http.").rpartition(".")
        match = _match(pattern, url) if dot else (0, 0, False)
        if match is None or match < best.get(name, match):
            continue
        best[name] = match
        values.setdefault(name, []).append(value)
    return values


def _match(pattern: str, url: SourceUrl) -> tuple[int, int, bool] | None:
    found = UrlPattern.parse(pattern)
    return None if found is None else found.match(url)


def _last(
    values: Mapping[str, Sequence[str | None]], key: str, default: str | None = None
) -> str | None:
    """Return the value that counts; a key without a value is true."""
    if key not in values:
        return default
    value = values[key][-1]
    return "true" if value is None else value


def _boolean(text: str | None) -> bool | None:
    if text is None or text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    return int(text) != 0 if text.isascii() and text.isdigit() else None


def _follow(text: str | None) -> Follow | None:
    if text == Follow.INITIAL.value:
        return Follow.INITIAL
    match _boolean(text):
        case True:
            return Follow.ALWAYS
        case False:
            return Follow.NEVER
        case None:
            return None


def _headers(values: Iterable[str | None]) -> tuple[str, ...]:
    """Return the headers to add; an empty value takes back those before it."""
    found: list[str] = []
    for value in values:
        if value:
            found.append(value)
        else:
            found.clear()
    return tuple(found)


def _expanded(path: str, env: Mapping[str, str]) -> str | None:
    """Return a path with ``~/`` replaced; None for other people's homes and git's own prefix."""
    if path.startswith("~/") and "HOME" in env:
        return env["HOME"] + path[1:]
    return None if path.startswith(("~", "%(")) else path
