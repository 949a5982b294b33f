"""Which signatures a source names beside versions: from refs alone, remembered on disk."""

from __future__ import annotations

import json

from eka.atom import ObjectId
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError
from eka.git import (
    SIGNATURES_PREFIX,
    is_key_id,
    parse_signature_ref,
    signature_prefix,
)
from eka.hashing import digest
from eka.workflow.durable import replace_file
from eka.workflow.errors import Offline
from eka.workflow.inquiry import first_answer

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from eka.atom import Label, SourceUrl, Version
    from eka.workflow.services import Services

READ_CAP = 64 * 1024 * 1024  # bytes of one remembered list
MOST_PREFIXES = 2000  # beyond it one full list costs both sides less
_FOLDER = "signatures"

VersionKey = tuple["Label", "Version"]
Tags = dict[str, ObjectId]
"""Fingerprint of a key in hex -> the tag object that holds its signature."""


class SignatureRefs:
    """Asks a source for the signature refs of versions."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def of(
        self, urls: Sequence[SourceUrl], versions: Collection[VersionKey]
    ) -> Mapping[VersionKey, Tags]:
        """Return the signatures that the first URL that answers names beside ``versions``.

        Raises:
            Offline: the network is forbidden and the source was never asked for one of them.
            NetworkFailed: no URL of the set answers.
        """
        if not versions:
            return {}
        first = urls[0]
        known = self._read(first)
        if self._services.offline:
            missing = [key for key in versions if _name(key) not in known]
            if missing:
                label, version = missing[0]
                where = f"{label.text} {version.text} at {first.public}"
                raise Offline(f"the list of signatures of {where}")
        else:
            listed = self._ask(urls, versions)
            known |= {_name(key): listed.get(key, {}) for key in versions}
            self._write(first, known)
        return {key: known[_name(key)] for key in versions}

    def remembered(
        self, first: SourceUrl, versions: Collection[VersionKey]
    ) -> Mapping[VersionKey, Tags]:
        """Return what was listed before of ``versions`` at the first URL of a set; asks nobody."""
        known = self._read(first)
        return {key: known[_name(key)] for key in versions if _name(key) in known}

    def _ask(
        self, urls: Sequence[SourceUrl], versions: Collection[VersionKey]
    ) -> dict[VersionKey, Tags]:
        prefixes = [SIGNATURES_PREFIX]
        if len(versions) <= MOST_PREFIXES:
            prefixes = [signature_prefix(*key) for key in versions]
        found: dict[VersionKey, Tags] = {key: {} for key in versions}
        ask = self._services.transport.ls_refs
        _, listed = first_answer(
            self._services, urls, lambda url: ask(url, prefixes), " for signatures"
        )
        for name, oid in listed.refs.items():
            parsed = parse_signature_ref(name)
            if parsed is not None and (key := parsed[:2]) in found:
                found[key][parsed[2]] = oid
        return found

    def _path(self, url: SourceUrl) -> Path:
        name = f"{digest(url.public.encode()).hex()}.json"
        return self._services.listings / _FOLDER / name

    def _read(self, url: SourceUrl) -> dict[str, Tags]:
        """Return what is remembered; what is damaged counts as nothing."""
        try:
            with self._path(url).open("rb") as stream:
                document = json.loads(stream.read(READ_CAP))
            return {
                str(name): {key: ObjectId(oid) for key, oid in tags.items() if is_key_id(key)}
                for name, tags in document["versions"].items()
            }
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
            RecursionError,
            EkaError,
        ):
            return {}

    def _write(self, url: SourceUrl, known: Mapping[str, Tags]) -> None:
        tables = {
            name: {key: oid.hex for key, oid in sorted(tags.items())}
            for name, tags in sorted(known.items())
        }
        path = self._path(url)
        path.parent.mkdir(parents=True, exist_ok=True)
        document = {"source": url.public, "versions": tables}
        replace_file(path, json.dumps(document, ensure_ascii=False).encode())


def _name(key: VersionKey) -> str:
    return f"{key[0].text}/{key[1].text}"
