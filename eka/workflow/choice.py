"""Which versions a resolution may choose, as far as their owners and their age have a say.

Source: atom-spec/status.md [status-skipped], [status-told]; first-seen.md [seen-cooldown].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.resolve import Unavailable
from eka.workflow.cooldown import Cooldown
from eka.workflow.passed_over import PassedOver
from eka.workflow.statuses import read_statuses, told

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from eka.atom import Genesis, Label, SourceUrl, Version
    from eka.git import VersionStatus
    from eka.resolve import Request, ResolveKey, Solution
    from eka.workflow.listing import Listings
    from eka.workflow.services import Services


class ChoiceOfVersions:
    """Keeps yanked and too new versions out of a resolution, and tells what became of them."""

    def __init__(
        self,
        services: Services,
        listings: Listings,
        kept: Mapping[ResolveKey, Collection[Version]],
        locked: Mapping[ResolveKey, Collection[Version]],
    ) -> None:
        """Prepare a choice.

        Args:
            services: Ports.
            listings: Of the sources.
            kept: The versions of a former lock that stay if they fit, though they are yanked.
            locked: All versions of a former lock: they are not too new.
        """
        self._services = services
        self._listings = listings
        self._kept = kept
        self._cooldown = Cooldown(services, locked)
        self._statuses: dict[Request, VersionStatus] = {}
        self._refused: dict[Request, PassedOver] = {}

    def keep(self, kept: Mapping[ResolveKey, Collection[Version]]) -> None:
        """Let these versions, and no others, stay though they are yanked."""
        self._kept = kept

    def learn(self, genesis: Genesis, urls: Sequence[SourceUrl], labels: Sequence[Label]) -> None:
        """Read what the source of a set says of versions of ``labels``, and since when."""
        found = read_statuses(self._services, self._listings, urls, labels)
        for (label, version), status in found.items():
            self._statuses[(genesis, label), version] = status
        self._cooldown.learn(genesis, urls, labels)

    def refusal(self, request: Request) -> Unavailable | None:
        """Return why a version may not be chosen, None when it may."""
        status = self._statuses.get(request)
        key, version = request
        if status is not None and status.is_yanked and version not in self._kept.get(key, ()):
            passed_over = PassedOver(request, "yanked", status.sentences[0])
        elif (wait := self._cooldown.wait(request)) is not None:
            clause = self._cooldown.reason(wait)
            passed_over = PassedOver(request, "cooldown", clause, wait)
        else:
            return None
        self._refused[request] = passed_over
        is_yanked = passed_over.reason == "yanked"
        return Unavailable(f"it {passed_over.clause}", "yanked" if is_yanked else "young")

    def tell(self, solution: Solution) -> None:
        """Tell the person which selected versions are warned of, and which were passed over."""
        services = self._services
        selected = {key for key, _ in solution.edges}
        for request in sorted(each for each in self._refused if each[0] in selected):
            passed_over = self._refused[request]
            (_, label), version = request
            services.progress.note(
                f"{label.text} {version.text} {passed_over.clause} (passed over)"
            )
            if passed_over not in services.passed_over:
                services.passed_over.append(passed_over)
        for request in sorted(solution.edges):
            if request in self._statuses:
                (_, label), version = request
                for sentence in told(label, version, self._statuses[request]):
                    services.progress.note(sentence)
        for note in self._cooldown.notes(sorted(solution.edges)):
            services.progress.note(note)
