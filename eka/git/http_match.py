"""Which URLs a ``http.<url>.*`` setting is about, by git's own rules; pure.

Source: git-config(1), ``http.<url>.*``.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from eka.atom import SourceUrl

DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class UrlPattern:
    """The URL in the key of a setting; ``*`` stands for one component of the host's name."""

    scheme: str
    host: str
    port: int
    path: str
    """Without its final slash."""
    user: str | None

    @classmethod
    def parse(cls, text: str) -> UrlPattern | None:
        """Return the pattern, None for what matches no URL."""
        try:
            parts = urlsplit(text)
            port = parts.port or DEFAULT_PORTS.get(parts.scheme)
        except ValueError:
            return None
        if not parts.hostname or port is None:
            return None
        user = None if parts.username is None else unquote(parts.username)
        return cls(parts.scheme, parts.hostname, port, unquote(parts.path).rstrip("/"), user)

    def match(self, url: SourceUrl) -> tuple[int, int, bool] | None:
        """Return how well ``url`` matches (a greater value is better), None when it does not.

        A longer host counts most, then a longer path, then a user name.
        """
        port = url.port or DEFAULT_PORTS.get(url.scheme)
        path = unquote(url.path)
        if (self.scheme, self.port) != (url.scheme, port) or not self._is_host(url.host or ""):
            return None
        if self.path and path != self.path and not path.startswith(f"{self.path}/"):
            return None
        if self.user is not None and self.user != url.user:
            return None
        return len(self.host), len(self.path) + 1, self.user is not None

    def _is_host(self, host: str) -> bool:
        ours, theirs = self.host.split("."), host.lower().split(".")
        return len(ours) == len(theirs) and all(
            mine in {"*", other} for mine, other in zip(ours, theirs, strict=True)
        )
