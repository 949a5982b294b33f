"""Which source speaks for which set: the one nearest the root project, and nobody else."""

from __future__ import annotations

from dataclasses import dataclass, field

from eka.atom import Genesis, LockedSet
from eka.checking import TYPE_CHECKING
from eka.workflow.errors import ForeignGenesis
from eka.workflow.seen_errors import SetReplaced

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from eka.atom import SetDeclaration, SourceUrl
    from eka.workflow.listing import Listings

OWN = "this repository"


@dataclass(slots=True)
class KnownSets:
    """The sets met so far, by genesis.

    Source: atom-spec/lockfile.md; a set is (genesis, source). A genesis says lineage, not
    authority: a fork has the same one, so another URL for it must be accepted by name.
    """

    listings: Listings
    own: Genesis | None = None
    accepted: Collection[str] = ()  # addresses, for any set
    remembered: Mapping[Genesis, Collection[str]] = field(
        default_factory=dict["Genesis", "Collection[str]"]
    )  # addresses that the previous lock accepts
    pinned: Mapping[str, Genesis] = field(
        default_factory=dict[str, "Genesis"]
    )  # what the previous lock says that addresses are, those that list
    typed: Collection[SourceUrl] = ()  # with the credentials that are never written
    _urls: dict[Genesis, tuple[SourceUrl, ...]] = field(
        default_factory=dict[Genesis, "tuple[SourceUrl, ...]"]
    )
    _others: dict[Genesis, set[str]] = field(default_factory=dict[Genesis, set[str]])

    def declare(
        self, declaration: SetDeclaration, *, within: Genesis | None, base: str
    ) -> Genesis:
        """Return the genesis of a declared set, and remember who speaks for it.

        Args:
            declaration: From ``[package.sets]`` of some manifest.
            within: The set the manifest itself comes from; what ``::`` means there.
            base: The directory that relative paths start from.

        Raises:
            ForeignGenesis: another source already speaks for this set.
            SetReplaced: the source is another set than the previous lock says.
        """
        if declaration.own:
            return _own(within)
        urls = self.addresses(declaration, base)
        genesis = self.listings.genesis(urls)
        pinned = self.pinned.get(urls[0].public, genesis)
        if pinned != genesis and urls[0].public not in self.accepted:
            raise SetReplaced(urls[0].public, expected=pinned.hex, found=genesis.hex)
        known = self._urls.get(genesis)
        first = urls[0]
        if known is None and genesis != self.own:
            self._urls[genesis] = urls
        elif first not in (known or ()):
            self._accept(genesis, first, known[0].public if known else OWN)
        return genesis

    def _accept(self, genesis: Genesis, url: SourceUrl, expected: str) -> None:
        """Note another address for a known set, which a person must have accepted by name."""
        allowed = (*self.accepted, *self.remembered.get(genesis, ()))
        if url.public not in allowed:
            raise ForeignGenesis(genesis.hex, expected=expected, found=url.public)
        self._others.setdefault(genesis, set()).add(url.public)

    def addresses(self, declaration: SetDeclaration, base: str) -> tuple[SourceUrl, ...]:
        """Return where a declared set is asked for; relative paths start from ``base``."""
        return tuple(self._as_typed(url.absolute(base)) for url in declaration.urls)

    def urls(self, genesis: Genesis) -> tuple[SourceUrl, ...]:
        """Return the URLs of a declared set, the listing one first; none for the own set."""
        return self._urls.get(genesis, ())

    def _as_typed(self, url: SourceUrl) -> SourceUrl:
        return next((each for each in self.typed if each.public == url.public), url)

    def locked(self, used: Collection[Genesis]) -> tuple[LockedSet, ...]:
        """Return the lock's table of the sets in ``used``."""
        return tuple(
            LockedSet(
                genesis=genesis,
                urls=tuple(url.public for url in self.urls(genesis)),
                own=genesis == self.own,
                accepted=self._accepted(genesis),
            )
            for genesis in sorted(used)
        )

    def _accepted(self, genesis: Genesis) -> tuple[str, ...]:
        """Return the further addresses that manifests name for a set, now or before.

        Which manifests are read depends on what was locked before; what is accepted must not.
        """
        named = self._others.get(genesis, set()).union(self.remembered.get(genesis, ()))
        return tuple(sorted(named - {url.public for url in self.urls(genesis)}))


def _own(within: Genesis | None) -> Genesis:
    if within is None:
        message = "a manifest with an own set was read without its set"
        raise AssertionError(message)
    return within
