"""Versions and genesis of sources, remembered on disk so that ``--offline`` can answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeVar

from eka.atom import Genesis, Label, ObjectId, Version
from eka.errors import EkaError
from eka.git import NetworkFailed
from eka.hashing import digest
from eka.values import dataclass, field
from eka.workflow.errors import Offline
from eka.workflow.pair import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from eka.atom import SourceUrl
    from eka.workflow.services import Services

READ_CAP = 256 * 1024 * 1024  # bytes of one remembered listing
Versions = dict[Version, ObjectId]
_Answer = TypeVar("_Answer")


@dataclass(slots=True)
class Remembered:
    """What is known of one source."""

    genesis: Genesis | None = None
    labels: dict[Label, Versions] = field(default_factory=dict[Label, Versions])
    statuses: dict[Label, Versions] = field(default_factory=dict[Label, Versions])


class Listings:
    """Asks a source once per run, and the disk when the network is forbidden."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known: dict[SourceUrl, Remembered] = {}
        self._asked: dict[SourceUrl, set[Label]] = {}
        self._told: dict[SourceUrl, Genesis] = {}

    def genesis(self, urls: Sequence[SourceUrl]) -> Genesis:
        """Return the genesis of the set at ``urls``; the first that answers is believed."""
        first = urls[0]
        known = self._remembered(first)
        if self._services.offline:
            if known.genesis is None:
                raise Offline(f"the set at {first.public}")
            return known.genesis
        if first not in self._told:
            self._told[first] = self._first_answer(urls, self._services.index.genesis)
            known.genesis = self._told[first]
            self._remember(first)
        return self._told[first]

    def versions(
        self, urls: Sequence[SourceUrl], labels: Sequence[Label]
    ) -> Mapping[Label, Mapping[Version, ObjectId]]:
        """Return the published versions of ``labels``: those of the first URL that answers.

        Raises:
            Offline: the network is forbidden and the source was never asked for a label.
            NetworkFailed: no URL of the set answers.
        """
        first = urls[0]
        known = self._remembered(first)
        if self._services.offline:
            missing = [label.text for label in labels if label not in known.labels]
            if missing:
                raise Offline(f"the list of versions of {', '.join(missing)} at {first.public}")
        asked = self._asked.setdefault(first, set())
        unknown = [label for label in labels if label not in asked]
        if unknown and not self._services.offline:
            found = self._first_answer(
                urls, lambda url: self._services.index.versions(url, unknown)
            )
            for label in unknown:
                known.labels[label] = dict(found.get(label, {}))
                known.statuses[label] = {
                    version: oid
                    for (about, version), oid in found.statuses.items()
                    if about == label
                }
            asked.update(unknown)
            self._remember(first)
        return {label: known.labels[label] for label in labels}

    def statuses(
        self, urls: Sequence[SourceUrl], labels: Sequence[Label]
    ) -> Mapping[tuple[Label, Version], ObjectId]:
        """Return what the status refs of ``labels`` lead to; asks as `versions` does."""
        self.versions(urls, labels)
        known = self._remembered(urls[0]).statuses
        return {
            (label, version): oid
            for label in labels
            for version, oid in known.get(label, {}).items()
        }

    def _first_answer(
        self, urls: Sequence[SourceUrl], ask: Callable[[SourceUrl], _Answer]
    ) -> _Answer:
        """Ask the first URL; a mirror lists only when that one is down, and that is said."""
        for at, url in enumerate(urls):
            try:
                return ask(url)
            except NetworkFailed as error:
                if at + 1 == len(urls):
                    raise
                self._services.progress.note(
                    f"{url.public} does not answer ({error.why}); asking {urls[at + 1].public}"
                )
        message = "a set has one URL at least"
        raise AssertionError(message)

    def _remembered(self, url: SourceUrl) -> Remembered:
        if url not in self._known:
            self._known[url] = _read(self._path(url))
        return self._known[url]

    def _remember(self, url: SourceUrl) -> None:
        known = self._known[url]
        document = {
            "url": url.public,
            "genesis": known.genesis.hex if known.genesis else None,
            "labels": {
                label.text: {version.text: oid.hex for version, oid in sorted(versions.items())}
                for label, versions in sorted(known.labels.items())
            },
            "statuses": {
                label.text: {version.text: oid.hex for version, oid in sorted(versions.items())}
                for label, versions in sorted(known.statuses.items())
                if versions
            },
        }
        path = self._path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, json.dumps(document, ensure_ascii=False).encode())

    def _path(self, url: SourceUrl) -> Path:
        return self._services.listings / f"{digest(url.public.encode()).hex()}.json"


def _read(path: Path) -> Remembered:
    """Read a remembered listing; one that is damaged counts as none, for it can be asked again."""
    try:
        with path.open("rb") as stream:
            document = json.loads(stream.read(READ_CAP))
        genesis = document["genesis"]
        return Remembered(
            genesis=Genesis(ObjectId(genesis)) if genesis else None,
            labels=_versions(document["labels"]),
            statuses=_versions(document.get("statuses", {})),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EkaError):
        return Remembered()


def _versions(document: Mapping[str, Mapping[str, str]]) -> dict[Label, Versions]:
    return {
        Label(label): {Version.parse(version): ObjectId(oid) for version, oid in versions.items()}
        for label, versions in document.items()
    }
