"""A question to a set: its first URL answers it, a mirror only while that one is down.

Source: atom-spec/mirrors.md.
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING, TypeVar
from eka.errors import EkaError, Exit
from eka.git import AccessDenied
from eka.values import dataclass, field

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eka.atom import Genesis, Label, SourceUrl
    from eka.git import VersionIndex, VersionListing
    from eka.workflow.services import Services

_Told = TypeVar("_Told")
_Down = tuple["SourceUrl", EkaError, "SourceUrl"]  # who, why, and who is asked instead


@dataclass(frozen=True, slots=True)
class Found:
    """What a set answered."""

    by: SourceUrl
    genesis: Genesis | None
    listing: VersionListing | None


@dataclass(slots=True)
class Inquiry:
    """What is to be asked of a set, in a thread of its own: nothing is said or changed there."""

    urls: Sequence[SourceUrl]
    labels: Sequence[Label]
    is_first: bool
    """Whether its genesis is to be told."""
    down: list[_Down] = field(default_factory=list[_Down])

    def ask(self, index: VersionIndex) -> Found:
        """Ask; both things at once where the source is as sets are today."""
        by, (genesis, listing) = _in_turn(self.urls, lambda url: self._ask(index, url), self._note)
        return Found(by, genesis, listing)

    def tell(self, services: Services) -> None:
        """Say who was down; called when everybody has been asked."""
        for url, error, following in self.down:
            _tell_down(services, url, error, following)

    def _ask(
        self, index: VersionIndex, url: SourceUrl
    ) -> tuple[Genesis | None, VersionListing | None]:
        if not self.labels:
            return index.genesis(url), None
        listing = index.versions(url, self.labels)
        if self.is_first and listing.genesis is None:
            return index.genesis(url), listing
        return listing.genesis if self.is_first else None, listing

    def _note(self, url: SourceUrl, error: EkaError, following: SourceUrl) -> None:
        self.down.append((url, error, following))


def first_answer(
    services: Services,
    urls: Sequence[SourceUrl],
    ask: Callable[[SourceUrl], _Told],
    what: str = "",
) -> tuple[SourceUrl, _Told]:
    """Ask the first URL; a mirror lists only when that one is down, and that is said.

    Args:
        services: Remember who is down, and say so.
        urls: Of one set, one at least.
        ask: Asks one of them.
        what: What is asked for, to be added to what is said, such as `` for signatures``.
    """
    left = [url for url in urls if not services.answers.is_down(url)] or list(urls)
    return _in_turn(
        left,
        ask,
        lambda url, error, following: _tell_down(services, url, error, following, what),
    )


def is_down(error: EkaError) -> bool:
    """Return whether a source does not answer: what is absent or refused is an answer."""
    return error.exit_status == Exit.NETWORK and not isinstance(error, AccessDenied)


def _in_turn(
    urls: Sequence[SourceUrl],
    ask: Callable[[SourceUrl], _Told],
    on_down: Callable[[SourceUrl, EkaError, SourceUrl], None],
) -> tuple[SourceUrl, _Told]:
    left = list(urls)
    while True:
        url, *left = left
        try:
            return url, ask(url)
        except EkaError as error:
            if not left or not is_down(error):
                raise
            on_down(url, error, left[0])


def _tell_down(
    services: Services, url: SourceUrl, error: EkaError, following: SourceUrl, what: str = ""
) -> None:
    services.answers.mark_down(url)
    services.progress.note(
        f"{url.public} does not answer ({error.why}); asking {following.public}{what}"
    )
