"""How many signatures, and whose, a source must show; pure.

Source: atom-spec/signature.md, the clauses on rules.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from eka.atom import parse_source_url
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git.safe import safe_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from eka.atom import Aliases, SourceUrl
    from eka.git.signature_trust import AllowedSigner

EVERY_SOURCE = "*"
MAX_PRINCIPALS = 64
_COUNTED = re.compile(r"([1-9][0-9]?)\s+of\s+\[([^\[\]]*)\]", re.ASCII)
_PRINCIPAL = re.compile(r"[^\s,\[\]\"'!*?#]{1,254}")


class InvalidTrustRule(EkaError):
    """A rule of ``[[trust.source]]`` that says nothing that could be checked."""

    code = "invalid-trust-rule"
    exit_status = Exit.USAGE

    def __init__(self, what: str, why: str) -> None:
        super().__init__(
            what="this rule about signatures cannot be used",
            where=safe_line(what),
            why=why,
            fix='write url = "https://host/path" or "*", and require = "2 of [alice@example.org, '
            'bob@example.org]", "any" or "none"',
        )


@dataclass(frozen=True, slots=True)
class SignatureDemand:
    """How many signatures by how many people."""

    count: int
    principals: tuple[str, ...] = ()
    """Empty: whoever the allowed signers name."""

    @classmethod
    def parse(cls, text: str) -> SignatureDemand:
        """Return what ``none``, ``any`` or ``2 of [a, b, c]`` says; raises InvalidTrustRule.

        Source: atom-spec/signature.md [rule-demand].
        """
        if text in ("none", "any"):
            return cls(int(text == "any"))
        found = _COUNTED.fullmatch(text.strip())
        if found is None:
            raise InvalidTrustRule(text, "expected `none`, `any`, or such as `2 of [a, b, c]`")
        principals = tuple(name.strip() for name in found[2].split(","))
        if bad := [name for name in principals if _PRINCIPAL.fullmatch(name) is None]:
            raise InvalidTrustRule(text, f"{safe_line(bad[0])!r} is no name of a signer")
        if len(set(principals)) != len(principals):
            raise InvalidTrustRule(text, "a name stands there twice")
        count = int(found[1])
        if not count <= len(principals) <= MAX_PRINCIPALS:
            raise InvalidTrustRule(text, f"{count} of {len(principals)} cannot be had")
        return cls(count, principals)

    @property
    def text(self) -> str:
        """The demand as it is written."""
        if not self.principals:
            return "any" if self.count else "none"
        return f"{self.count} of [{', '.join(self.principals)}]"

    def met_by(self, signers: Sequence[Sequence[AllowedSigner]]) -> tuple[str, ...]:
        """Return the principals whose signatures count, each for a key of its own.

        Args:
            signers: For each key that made a good signature, the lines that let it count.

        Returns:
            For ``any``: one name for each key. Otherwise as many names of the demand as can be
            had: a key that speaks for two people counts for one of them only.

        Source: atom-spec/signature.md [rule-distinct].
        """
        if not self.principals:
            return tuple(lines[0].principals for lines in signers if lines)
        speaks = {
            name: [
                at for at, lines in enumerate(signers) if any(x.speaks_for(name) for x in lines)
            ]
            for name in self.principals
        }
        return _matched(speaks)

    def is_met_by(self, signers: Sequence[Sequence[AllowedSigner]]) -> bool:
        """Return whether enough signatures are there."""
        return len(self.met_by(signers)) >= self.count


def _matched(speaks: Mapping[str, Sequence[int]]) -> tuple[str, ...]:
    """Return the most names that can each have a key of their own."""
    owner: dict[int, str] = {}

    def place(name: str, tried: set[int]) -> bool:
        for key in speaks[name]:
            if key in tried:
                continue
            tried.add(key)
            if key not in owner or place(owner[key], tried):
                owner[key] = name
                return True
        return False

    for name in speaks:
        place(name, set())
    return tuple(name for name in speaks if name in owner.values())


@dataclass(frozen=True, slots=True)
class TrustRule:
    """What versions of some sources must show."""

    place: SourceUrl | None
    """None: every source that no other rule is about."""
    demand: SignatureDemand
    origin: str = ""
    """The file that has it."""

    @classmethod
    def parse(cls, url: str, require: str, aliases: Aliases, origin: str = "") -> TrustRule:
        """Return the rule of one ``[[trust.source]]`` table; raises InvalidTrustRule."""
        demand = SignatureDemand.parse(require)
        if url == EVERY_SOURCE:
            return cls(None, demand, origin)
        try:
            place = parse_source_url(url, aliases)
        except EkaError as error:
            raise InvalidTrustRule(url, error.why or str(error)) from error
        if place.is_local and not place.path.startswith("/"):
            raise InvalidTrustRule(url, "a path must be absolute")
        return cls(place, demand, origin)

    def covers(self, url: SourceUrl) -> bool:
        """Return whether the rule is about a source.

        A rule that demands something holds for every way to write the place: scheme, user, port,
        capitals, ``.git`` and slashes make no difference. One that demands nothing holds for
        exactly what it names.

        Source: atom-spec/signature.md [rule-place].
        """
        if self.place is None:
            return True
        here, there = _parts(self.place), _parts(url)
        is_below = there[: len(here)] == here
        if self.demand.count:
            return is_below
        return is_below and _exactly(self.place, url)

    @property
    def rank(self) -> int:
        """How narrow the rule is: of two that cover a source, the higher one counts."""
        return 0 if self.place is None else len(_parts(self.place))

    @property
    def text(self) -> str:
        """The place as it is shown."""
        return EVERY_SOURCE if self.place is None else self.place.public


def rules_for(rules: Sequence[TrustRule], urls: Iterable[SourceUrl]) -> tuple[TrustRule, ...]:
    """Return the rules that a set at ``urls`` must meet, those that demand nothing left out.

    For each URL the narrowest rule counts, of equal ones the later.

    Source: atom-spec/signature.md [rule-choice].
    """
    found: dict[TrustRule, None] = {}
    for url in urls:
        covering = [rule for rule in rules if rule.covers(url)]
        if covering:
            top = max(rule.rank for rule in covering)
            found[[rule for rule in covering if rule.rank == top][-1]] = None
    return tuple(rule for rule in found if rule.demand.count)


def _parts(url: SourceUrl) -> tuple[str, ...]:
    """Return host and path of a URL, with all that servers commonly treat alike made equal."""
    parts = [part.casefold() for part in unquote(url.path).split("/") if part]
    if parts:
        parts[-1] = parts[-1].removesuffix(".git")
    return (url.host or "", *parts)


def _exactly(rule: SourceUrl, url: SourceUrl) -> bool:
    same = (rule.scheme, rule.host, rule.port) == (url.scheme, url.host, url.port)
    place = rule.path.rstrip("/")
    return same and (url.path == place or url.path.startswith(f"{place}/"))
