"""Addresses that files are downloaded from, as manifests and locks may hold them."""

from __future__ import annotations

import re

from eka.atom.source_url import MAX_PORT, MAX_URI_CHARACTERS, host_fault, ipv6, without_password
from eka.errors import EkaError

_URL = re.compile(r"https?://([^/?#]*)(?:[/?][!-~]*)?", re.ASCII)
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?", re.ASCII)


class CredentialsInUrl(EkaError):
    """An address in a file holds a user or password, which everybody would read."""

    code = "credentials-in-url"

    def __init__(self, url: str, where: str = "") -> None:
        super().__init__(
            what=f"this address holds credentials: {without_password(url)}",
            where=where,
            why="manifests and locks are published with the atom",
            fix="remove the user and password; git's credential helper or ~/.netrc supplies them",
        )
        self.url = without_password(url)


def holds_userinfo(url: str) -> bool:
    """Whether the authority of an http(s) address names a user."""
    match = _URL.match(url)
    return match is not None and "@" in match[1]


def download_url_fault(url: str) -> str:
    """Say why a file cannot be downloaded from ``url``; empty when it can be tried."""
    if len(url) > MAX_URI_CHARACTERS:
        return f"it is longer than {MAX_URI_CHARACTERS} characters"
    match = _URL.fullmatch(url)
    if match is None:
        return "expected an http:// or https:// address in ASCII, without spaces"
    if "#" in url:
        return "a fragment (`#`) never reaches the server"
    authority = _AUTHORITY.fullmatch(match[1])
    if authority is None or int(authority[2] or 1) not in range(1, MAX_PORT + 1):
        return "the part after `//` is not a host with an optional port"
    host = authority[1]
    if host.startswith("["):
        return "" if ipv6(host[1:-1]) else "what stands in brackets is not an IPv6 address"
    return host_fault(host)
