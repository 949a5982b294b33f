"""What a source says now, held against what it said first, and against what its mirrors say.

Source: atom-spec/first-seen.md.
"""

from __future__ import annotations

from eka.atom import atom_id
from eka.checking import TYPE_CHECKING
from eka.values import dataclass, field
from eka.workflow.ages import ago
from eka.workflow.answers import Gone, Moved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import AtomId, Genesis, Label, ObjectId, SourceUrl, Version
    from eka.workflow.first_seen import HeldLog, Record, Sighting
    from eka.workflow.listing_cache import Entry
    from eka.workflow.services import Services

SHOWN = 5  # versions named in one note


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What was listed just now.

    Attributes:
        source: The first URL of the set, which speaks for it.
        by: Who listed: the source, or a mirror while it is down.
        genesis: Of the set.
        versions: By label; with ``fingerprint`` all that there are, else of the labels asked for.
        fingerprint: Of a listing of all labels, else empty.
    """

    source: SourceUrl
    by: SourceUrl
    genesis: Genesis
    versions: Mapping[Label, Mapping[Version, ObjectId]]
    fingerprint: str = ""


@dataclass(slots=True)
class _Findings:
    new: list[tuple[AtomId, Label, dict[str, str]]] = field(
        default_factory=list["tuple[AtomId, Label, dict[str, str]]"]
    )
    moved: list[Moved] = field(default_factory=list[Moved])
    gone: list[Gone] = field(default_factory=list[Gone])


def check_listing(services: Services, said: Said) -> tuple[list[Moved], list[Gone]]:
    """Record what is seen for the first time; return what moved, and what went away.

    Raises:
        SourcesDisagree: the source and a mirror name different commits for one version.
    """
    with services.first_seen.held(said.source) as log:
        if said.fingerprint and log.is_whole(said.fingerprint):
            return [], []
        found = _compare(said, log)
        for moved in found.moved:
            _check_sides(services, said, moved)
        log.add_seen(found.new, services.now_s, said.by.public)
        if said.fingerprint and not found.moved and not found.gone:
            log.mark_whole(said.fingerprint, services.now_s)
    return found.moved, found.gone


def _compare(said: Said, log: HeldLog) -> _Findings:
    ids = {atom_id(said.genesis, label): label for label in said.versions}
    known = log.known(None if said.fingerprint else list(ids))
    found = _Findings()
    for atom, label in ids.items():
        _compare_atom(atom, label, said.versions[label], known.pop(atom.text, None), found)
    if said.fingerprint:
        # What remains was listed once, and its label has no version any more. The ids of
        # another set that was at this address have nothing to do with this one.
        for text, record in known.items():
            if text == _id_text(said.genesis, record.label):
                found.gone += _gone(record, frozenset())
    return found


def _compare_atom(
    atom: AtomId,
    label: Label,
    versions: Mapping[Version, ObjectId],
    record: Record | None,
    found: _Findings,
) -> None:
    new: dict[str, str] = {}
    known = record.versions if record else {}
    for version, oid in versions.items():
        sighting = known.get(version.text)
        if sighting is None:
            new[version.text] = oid.hex
        elif sighting.commit != oid.hex:
            found.moved.append(Moved(label.text, version.text, sighting, oid.hex))
    if new:
        found.new.append((atom, label, new))
    if record is not None and len(known) + len(new) > len(versions):
        record.label = label.text
        found.gone += _gone(record, frozenset(version.text for version in versions))


def _gone(record: Record, listed: frozenset[str]) -> list[Gone]:
    from eka.atom import InvalidVersion, Version  # noqa: PLC0415 - rarely needed

    order: dict[str, Version] = {}
    for text in record.versions:
        try:
            order[text] = Version.parse(text)
        except InvalidVersion:
            continue  # the line is damaged
    newest = max((order[text] for text in order.keys() & listed), default=None)
    return [
        Gone(record.label, text, record.versions[text], newest is None or order[text] > newest)
        for text in sorted(order.keys() - listed, key=lambda text: order[text], reverse=True)
    ]


def _id_text(genesis: Genesis, label: str) -> str:
    from eka.atom import InvalidLabel, Label  # noqa: PLC0415 - rarely needed

    try:
        return atom_id(genesis, Label(label)).text
    except InvalidLabel:
        return ""


def _check_sides(services: Services, said: Said, moved: Moved) -> None:
    """Refuse a commit that only a mirror names, or that a mirror named otherwise."""
    sighting = moved.expected
    if sighting.by == said.by.public or is_accepted(services, moved.label, moved.version):
        return
    from eka.workflow.seen_errors import SourcesDisagree  # noqa: PLC0415 - rarely needed

    raise SourcesDisagree(
        f"{moved.label}@{moved.version}",
        expected=(sighting.by, sighting.commit),
        found=(said.by.public, moved.found),
    )


def check_mirror(
    services: Services,
    label: Label,
    listed: Entry,
    mirror: tuple[SourceUrl, Mapping[Version, ObjectId]],
) -> None:
    """Compare what was listed of a label with what a mirror lists; tell what that one lacks.

    Raises:
        SourcesDisagree: it names another commit for a version.
    """
    url, versions = mirror
    for version, oid in listed.versions.items():
        found = versions.get(version, oid)
        if found != oid and not is_accepted(services, label.text, version.text):
            from eka.workflow.seen_errors import SourcesDisagree  # noqa: PLC0415 - rarely needed

            raise SourcesDisagree(
                f"{label.text}@{version.text}",
                expected=(listed.by.public, oid.hex),
                found=(url.public, found.hex),
            )
    newest = max(listed.versions, default=None)
    if newest is not None and newest not in versions:
        services.progress.note(
            f"{url.public} does not have {label.text} {newest.text}, the newest version"
        )


def is_accepted(services: Services, label: str, version: str) -> bool:
    """Return whether the person takes this version whatever it was before."""
    return any(
        (each.text, number.text) == (label, version) for each, number in services.accepted_changes
    )


def notes(said: Said, moved: Sequence[Moved], gone: Sequence[Gone], now_s: int) -> list[str]:
    """Return what a person should know of a listing."""
    told = [
        f"{each.label} {each.version} names another commit than when it was first seen "
        f"{ago(each.expected.when_s, now_s)}: expected {each.expected.commit}, found {each.found}"
        for each in moved[:SHOWN]
    ]
    if len(moved) > SHOWN:
        told.append(f"{len(moved) - SHOWN} more versions name other commits than at first")
    newest = [each for each in gone if each.is_newest]
    older = [each for each in gone if not each.is_newest]
    who = said.by.public
    if newest:
        told.append(
            f"the newest version went away: {who} does not list {_named(newest, now_s)}; "
            "it was withdrawn, or this is an older state of the set"
        )
    if older:
        told.append(f"{who} does not list {_named(older, now_s)} any more")
    return told


def _named(gone: Sequence[Gone], now_s: int) -> str:
    shown = [f"{g.label} {g.version} (first seen {_when(g.seen, now_s)})" for g in gone[:SHOWN]]
    more = f" and {len(gone) - SHOWN} more" if len(gone) > SHOWN else ""
    return ", ".join(shown) + more


def _when(sighting: Sighting, now_s: int) -> str:
    return ago(sighting.when_s, now_s)
