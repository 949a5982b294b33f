"""Which versions a resolution may choose, as far as their owners have a say.

Source: atom-spec/status.md [status-skipped], [status-told].
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eka.resolve import Unavailable
from eka.workflow.statuses import read_statuses, told

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from eka.atom import Genesis, Label, SourceUrl, Version
    from eka.git import VersionStatus
    from eka.resolve import Request, ResolveKey, Solution
    from eka.workflow.listing import Listings
    from eka.workflow.services import Services


class ChoiceOfVersions:
    """Keeps yanked versions out of a resolution, and tells what became of them."""

    def __init__(
        self,
        services: Services,
        listings: Listings,
        kept: Mapping[ResolveKey, Collection[Version]],
    ) -> None:
        """Prepare a choice; ``kept`` are the versions of a former lock that stay if they fit."""
        self._services = services
        self._listings = listings
        self._kept = kept
        self._statuses: dict[Request, VersionStatus] = {}
        self._refused: dict[Request, None] = {}

    def keep(self, kept: Mapping[ResolveKey, Collection[Version]]) -> None:
        """Let these versions, and no others, stay though they are yanked."""
        self._kept = kept

    def learn(self, genesis: Genesis, urls: Sequence[SourceUrl], labels: Sequence[Label]) -> None:
        """Read what the source of a set says of versions of ``labels``."""
        found = read_statuses(self._services, self._listings, urls, labels)
        for (label, version), status in found.items():
            self._statuses[(genesis, label), version] = status

    def refusal(self, request: Request) -> Unavailable | None:
        """Return why a version may not be chosen, None when it may."""
        status = self._statuses.get(request)
        key, version = request
        if status is None or not status.is_yanked or version in self._kept.get(key, ()):
            return None
        self._refused[request] = None
        return Unavailable(f"it {status.sentences[0]}", "yanked")

    def tell(self, solution: Solution) -> None:
        """Tell the person which selected versions are warned of, and which were passed over."""
        selected = {key for key, _ in solution.edges}
        passed_over = sorted(each for each in self._refused if each[0] in selected)
        for request in passed_over:
            (_, label), version = request
            clause = self._statuses[request].sentences[0]
            self._services.progress.note(f"{label.text} {version.text} {clause} (passed over)")
        for request in sorted(solution.edges):
            if request in self._statuses:
                (_, label), version = request
                for sentence in told(label, version, self._statuses[request]):
                    self._services.progress.note(sentence)
