"""Who signed what a lock had before and has now, as far as this machine knows it already.

Source: atom-spec/workflow.md [changes-signers].
"""

from __future__ import annotations

from dataclasses import replace

from eka.atom import Label, Version, parse_source_url
from eka.checking import TYPE_CHECKING
from eka.workflow.lock_changes import diff_locks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from eka.atom import Lock
    from eka.workflow.lock_changes import Change
    from eka.workflow.services import Services

Signed = tuple[str, str, str]  # genesis, label, version
_OWN_SOURCE_HAS_NONE = ""


def lock_changes(
    services: Services, before: Lock | None, after: Lock | None
) -> tuple[Change, ...]:
    """Return what differs between two locks, with the signers where those changed.

    Nobody is asked: signatures are those that were listed when something else asked for them.
    """
    changes = diff_locks(before, after)
    pairs = [each for each in changes if each.before is not None and each.after is not None]
    if not pairs:
        return changes
    old = _signers(services, before, [(each, each.before) for each in pairs])
    new = _signers(services, after, [(each, each.after) for each in pairs])
    return tuple(_with_signers(each, old, new) for each in changes)


def _with_signers(
    change: Change, old: Mapping[Signed, tuple[str, ...]], new: Mapping[Signed, tuple[str, ...]]
) -> Change:
    was = old.get((change.set, change.label, change.before or ""))
    now = new.get((change.set, change.label, change.after or ""))
    if was is None or now is None or was == now:
        return change
    return replace(change, signers_before=was, signers_after=now)


def _signers(
    services: Services, lock: Lock | None, wanted: Iterable[tuple[Change, str | None]]
) -> dict[Signed, tuple[str, ...]]:
    """Return the fingerprints that are known of versions in a lock."""
    groups: dict[str, list[tuple[Label, Version]]] = {}
    for change, version in wanted:
        key = (Label(change.label), Version.parse(version or ""))
        groups.setdefault(change.set, []).append(key)
    found: dict[Signed, tuple[str, ...]] = {}
    for each in lock.sets if lock else ():
        versions = groups.get(each.genesis.hex)
        if versions and each.urls:
            found.update(_known(services, each.urls[0], each.genesis.hex, versions))
    return found


def _known(
    services: Services, url: str, genesis: str, versions: list[tuple[Label, Version]]
) -> dict[Signed, tuple[str, ...]]:
    from eka.workflow.signatures_listing import SignatureRefs  # noqa: PLC0415 - few changes

    source = parse_source_url(url, services.aliases)
    listed = SignatureRefs(services).remembered(source, versions)
    if not any(listed.values()):
        return {(genesis, label.text, version.text): () for label, version in listed}
    from eka.git.signatures import fingerprint  # noqa: PLC0415 - few sets have signatures

    return {
        (genesis, label.text, version.text): tuple(fingerprint(key) for key in sorted(tags))
        for (label, version), tags in listed.items()
    }
