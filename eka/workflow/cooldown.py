"""``--cooldown``: versions that are too new to be chosen, by the time this machine first saw them.

Dates of commits are whatever their author writes; what counts is when the source first listed a
version here. Of what it listed when it was first asked about an atom nothing is known, and a
cooldown that refused it could never be met on a new machine: it counts as old, and that is said.

Source: atom-spec/first-seen.md [seen-cooldown], [seen-cooldown-unknown].
"""

from __future__ import annotations

from eka.atom import atom_id
from eka.checking import TYPE_CHECKING
from eka.workflow.ages import ago, in_time, span
from eka.workflow.passed_over import Wait
from eka.workflow.progress import counted

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from eka.atom import Genesis, Label, SourceUrl, Version
    from eka.resolve import Request, ResolveKey
    from eka.workflow.first_seen import Record
    from eka.workflow.services import Services

SHOWN = 5  # atoms named in one note


class Cooldown:
    """Tells versions that are too new from those that may be chosen."""

    def __init__(
        self, services: Services, locked: Mapping[ResolveKey, Collection[Version]] | None = None
    ) -> None:
        """Judge by the log of a person; ``locked`` are chosen already and never wait."""
        self._services = services
        self._locked = locked or {}
        self._records: dict[ResolveKey, Record] = {}
        self._whole_at: dict[ResolveKey, int | None] = {}

    def learn(self, genesis: Genesis, urls: Sequence[SourceUrl], labels: Sequence[Label]) -> None:
        """Read what is on record of some atoms of a set."""
        if not self._services.cooldown_s:
            return
        log, source = self._services.first_seen, urls[0]
        ids = {atom_id(genesis, label): label for label in labels}
        known, whole_at = log.known(source, list(ids)), log.whole_at(source)
        for atom, label in ids.items():
            if (record := known.get(atom.text)) is not None:
                self._records[genesis, label] = record
                self._whole_at[genesis, label] = whole_at

    def wait(self, request: Request) -> Wait | None:
        """Return why a version must wait; None when it may be chosen."""
        key, version = request
        if version in self._locked.get(key, ()) or not self._is_dated(request):
            return None
        when_s = self._records[key].versions[version.text].when_s
        eligible_s = when_s + self._services.cooldown_s
        return Wait(when_s, eligible_s) if self._services.now_s < eligible_s else None

    def reason(self, wait: Wait) -> str:
        """Return why a version must wait, as a clause about it."""
        services = self._services
        return (
            f"was first seen {ago(wait.first_seen_s, services.now_s)}, and the cooldown is "
            f"{span(services.cooldown_s)}; it can be chosen "
            f"{in_time(wait.eligible_s, services.now_s)}"
        )

    def notes(self, chosen: Iterable[Request]) -> Iterator[str]:
        """Yield what is said of chosen versions that count as old only for want of knowledge."""
        services = self._services
        names: list[str] = []
        for key, version in chosen:
            record = self._records.get(key)
            sighting = record.versions.get(version.text) if record else None
            if sighting is None or version in self._locked.get(key, ()):
                continue
            is_old = sighting.when_s + services.cooldown_s <= services.now_s
            if not is_old and not self._is_dated((key, version)):
                names.append(f"{key[1].text} {version.text}")
        if names:
            what = ", ".join(names) if len(names) <= SHOWN else counted(len(names), "version")
            yield (
                f"the age of {what} is not known: there when first asked for, less than "
                f"{span(services.cooldown_s)} ago; what was there then counts as old"
            )

    def _is_dated(self, request: Request) -> bool:
        """Return whether it is known when a version appeared: after its atom was asked for."""
        key, version = request
        record = self._records.get(key)
        sighting = record.versions.get(version.text) if record else None
        if record is None or sighting is None:
            return False
        whole_at = self._whole_at[key]
        return sighting.when_s > record.first_s or (
            whole_at is not None and whole_at < record.first_s
        )
