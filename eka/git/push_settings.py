"""The person's git settings that decide where a push goes, and what HTTP it speaks; pure.

Source: atom-spec/push.md [push-http-rules], [push-left-to-git].
"""

from __future__ import annotations

from eka.atom import Aliases, parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.values import dataclass, field

if TYPE_CHECKING:
    from eka.atom import SourceUrl
    from eka.git.runner import GitRunner

PATTERN = r"^(url\..*\.(push)?insteadof|http\..*|protocol\..*)$"
_NO_MATCH = 1  # exit status of `git config --get-regexp`


@dataclass(frozen=True, slots=True)
class PushSettings:
    """Settings in the order git read them; keys as git writes them: names in lower case."""

    entries: tuple[tuple[str, str | None], ...] = field(default=(), repr=False)
    """(key, value); None where the key stood alone, which means true."""

    def rewritten(self, url: SourceUrl) -> SourceUrl | None:
        """Return where git would push for ``url``; None when only git itself understands that.

        ``pushInsteadOf`` goes before ``insteadOf``; of each the longest match counts.
        """
        for kind in (".pushinsteadof", ".insteadof"):
            found = [
                (value, key.removeprefix("url.")[: -len(kind)])
                for key, value in self.entries
                if key.startswith("url.") and key.endswith(kind)
                if value and url.text.startswith(value)
            ]
            if found:
                prefix, replacement = max(found, key=lambda pair: len(pair[0]))
                return _parsed(replacement + url.text[len(prefix) :])
        return url

    def allows(self, scheme: str) -> bool:
        """Return whether no setting of ``protocol.*`` speaks of ``scheme``: then git decides."""
        keys = ("protocol.allow", f"protocol.{scheme}.allow")
        return all(value == "always" for key, value in self.entries if key in keys)


def read_push_settings(runner: GitRunner) -> PushSettings:
    """Return the person's settings, with what of the repository's own may be used."""
    output = runner.run(
        ["config", "--null", "--get-regexp", PATTERN], ok=(0, _NO_MATCH), network=True
    )
    return parse_push_settings(output)


def parse_push_settings(output: bytes) -> PushSettings:
    """Return the settings that ``git config --null --get-regexp`` printed."""
    entries: list[tuple[str, str | None]] = []
    for item in output.decode(errors="surrogateescape").split("\0"):
        key, found, value = item.partition("\n")
        if key:
            entries.append((key, value if found else None))
    return PushSettings(tuple(entries))


def _parsed(text: str) -> SourceUrl | None:
    try:
        found = parse_source_url(text, Aliases({}))
    except EkaError:
        return None
    return found if not found.is_local or found.path.startswith("/") else None
