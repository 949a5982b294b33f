"""What the words of ``eka add`` mean to a project: which atoms of which sets, which sources.

Source: atom-spec/changes.md [change-add-set], [change-add-bare].
"""

from __future__ import annotations

from dataclasses import replace

from eka.atom import Requirement, parse_atom_uri
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, raise_problems
from eka.values import dataclass
from eka.workflow.add_kinds import TypedSource, typed_source
from eka.workflow.add_sets import DeclaredSets
from eka.workflow.cooldown import Cooldown
from eka.workflow.errors import AtomNotFound, OwnSetOnly, TargetAmbiguous, UriIncomplete
from eka.workflow.own_set import find_set_root, open_own_set
from eka.workflow.statuses import read_statuses
from eka.workflow.targets import DELIMITER
from eka.workflow.versions import newest, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from eka.atom import AtomUri, Label, Manifest, SourceUrl, Version
    from eka.workflow.listing import Listings
    from eka.workflow.own_set import OwnSet
    from eka.workflow.services import Services


class AddedTwice(EkaError):
    """One command asks for different versions of one atom."""

    code = "added-twice"
    exit_status = Exit.USAGE

    def __init__(self, label: str, texts: Sequence[str]) -> None:
        super().__init__(
            what=f"{label} is to be added twice, and differently",
            where=", ".join(texts),
            fix=f"name it once, with one requirement: LABEL@{texts[0]}, {texts[1]}"
            if all(texts)
            else "name it once",
        )


class DevelopmentSource(EkaError):
    """Direct sources are never for development alone."""

    code = "development-source"
    exit_status = Exit.USAGE

    def __init__(self, text: str) -> None:
        super().__init__(
            what="a direct source cannot be for development alone",
            where=text,
            why="[deps.dev] holds atoms; direct sources are inputs of the build",
            fix="leave --dev out, or add it in a command of its own",
        )


class SetNamedTwice(EkaError):
    """An atom of one set is asked of another."""

    code = "set-named-twice"
    exit_status = Exit.USAGE

    def __init__(self, text: str, named: str, wish: str) -> None:
        super().__init__(
            what="two sets are named for one atom",
            where=text,
            why=f"it starts with {named}::, and --set says {wish}",
            fix="leave one of them out",
        )


class SetUnknown(EkaError):
    """An atom of a set that the manifest does not declare."""

    code = "set-unknown"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str, label: str, declared: Sequence[str]) -> None:
        from eka.atom import nearest  # noqa: PLC0415 - only this error needs it

        guess = nearest(name, declared)
        super().__init__(
            what=f"atom.toml declares no set {name}",
            why=f"it has {', '.join(declared) or 'none'}; nor is there a directory {name}",
            fix=f"did you mean {guess}::{label}?"
            if guess
            else f"name a source: eka add SOURCE::{label}, gh:owner/repo::{label}",
        )


@dataclass(frozen=True, slots=True)
class Wish:
    """An atom to be added."""

    text: str
    label: Label
    requirement: Requirement | None
    urls: tuple[SourceUrl, ...] = ()  # of its set; none: the project's own
    set_name: str | None = None  # in the manifest, where the person named a set by it
    typed: SourceUrl | None = None  # as typed, credentials included

    @property
    def source(self) -> SourceUrl | None:
        """The URL that lists its versions; None for the own set."""
        return self.urls[0] if self.urls else None


class Place:
    """Where words are said: in which project, and beside which atoms."""

    def __init__(self, services: Services, manifest: Manifest, directory: Path) -> None:
        self.services = services
        self.manifest = manifest
        self.directory = directory
        self._own: tuple[OwnSet | None] | None = None

    @property
    def own(self) -> OwnSet | None:
        """The set around the project, read when it is first asked for; None: there is none."""
        if self._own is None:
            root = find_set_root(self.directory)
            self._own = (None if root is None else open_own_set(self.services, self.directory),)
        return self._own[0]

    def own_versions(self, label: Label) -> tuple[Version, ...]:
        """Return the version that an atom of the own set has; none for one that is not there."""
        return self.own.versions(label) if self.own is not None else ()


def understood(
    place: Place, texts: Iterable[str], set_name: str | None, *, dev: bool
) -> tuple[list[Wish], list[TypedSource]]:
    """Return the atoms and the direct sources that ``texts`` name.

    Raises:
        InvalidUri, UriIncomplete, InvalidDirectSource: one of them names neither.
        OwnSetOnly: a label without a set means nothing here.
        AddedTwice: two of them want one atom, differently.
        Problems: several of these.
    """
    wishes: list[Wish] = []
    sources: list[TypedSource] = []
    problems: list[EkaError] = []
    for text in texts:
        try:
            source = typed_source(text, place.services.aliases)
            if source is None:
                wishes.append(_wish(place, text, set_name))
            elif dev:
                raise DevelopmentSource(text)
            else:
                sources.append(source)
        except EkaError as error:
            problems.append(error)
    raise_problems(problems)
    return _distinct(wishes), sources


def _wish(place: Place, text: str, set_name: str | None) -> Wish:
    head, delimiter, rest = text.rpartition(DELIMITER)
    sets = place.manifest.package.sets
    if delimiter and head in sets:
        if set_name not in (None, head):
            raise SetNamedTwice(text, head, str(set_name))
        uri = parse_atom_uri(rest, place.services.aliases)
        return _of_set(place, text, uri, head)
    uri = parse_atom_uri(text, place.services.aliases)
    if uri.label is None:
        raise UriIncomplete(text, "label")
    if uri.source is not None:
        is_word = uri.source.is_local and _is_word(head)
        if is_word and not (place.services.directory / head).exists():
            raise SetUnknown(head, uri.label.text, sorted(sets))
        source = uri.source.absolute(str(place.services.directory))
        if set_name is not None:
            DeclaredSets(place.manifest, str(place.directory)).check(set_name, source)
        return Wish(text, uri.label, uri.requirement, (source,), None, source)
    if set_name is not None and set_name in sets:
        return _of_set(place, text, uri, set_name)
    return _bare(place, text, uri, uri.label)


def _of_set(place: Place, text: str, uri: AtomUri, name: str) -> Wish:
    """Return an atom of a set that the manifest declares."""
    if uri.label is None:
        raise UriIncomplete(text, "label", fix=f"write {name}::LABEL, such as {name}::zlib@^1")
    declared = place.manifest.package.sets[name]
    urls = (
        () if declared.own else tuple(url.absolute(str(place.directory)) for url in declared.urls)
    )
    return Wish(text, uri.label, uri.requirement, urls, name)


def _bare(place: Place, text: str, uri: AtomUri, label: Label) -> Wish:
    """Return what a label alone means: an atom of the own set, else one required already."""
    if place.own_versions(label):
        return Wish(text, label, uri.requirement)
    manifest = place.manifest
    lines = (*manifest.dependencies, *manifest.dev_dependencies)
    names = sorted({line.set_name for line in lines if line.label == label})
    if len(names) > 1:
        raise TargetAmbiguous(label.text, [f"{name}{DELIMITER}{label.text}" for name in names])
    if not names:
        raise OwnSetOnly(label.text, tuple(manifest.package.sets))
    return _of_set(place, text, uri, names[0])


def _distinct(wishes: Iterable[Wish]) -> list[Wish]:
    found: dict[tuple[str | None, Label], Wish] = {}
    for wish in wishes:
        name = (wish.source.public if wish.source else None, wish.label)
        other = found.setdefault(name, wish)
        if other.requirement != wish.requirement:
            texts = [each.requirement.text if each.requirement else "" for each in (other, wish)]
            raise AddedTwice(wish.label.text, texts)
    return list(found.values())


def required(place: Place, wishes: Sequence[Wish], listings: Listings) -> list[Wish]:
    """Return wishes that all have a requirement: ``^`` the newest version where none was given.

    Each source is asked once.

    Raises:
        AtomNotFound, OwnSetOnly: there is no such atom (`Problems` if several are missing).

    Source: atom-spec/workflow.md [flow-caret].
    """
    groups: dict[tuple[SourceUrl, ...], list[Label]] = {}
    for wish in wishes:
        groups.setdefault(wish.urls, []).append(wish.label)
    found: dict[tuple[tuple[SourceUrl, ...], Label], Version] = {}
    problems: list[EkaError] = []
    for urls, labels in groups.items():
        newest_of = _newest_of(place, urls, labels, listings) if urls else _own(place, labels)
        for label, version in newest_of.items():
            if isinstance(version, EkaError):
                problems.append(version)
            else:
                found[urls, label] = version
    raise_problems(problems)
    return [
        replace(
            wish,
            requirement=wish.requirement or Requirement(f"^{found[wish.urls, wish.label].text}"),
        )
        for wish in wishes
    ]


def _own(place: Place, labels: Sequence[Label]) -> dict[Label, Version | EkaError]:
    versions = {label: place.own_versions(label) for label in labels}
    return {label: max(has) if has else OwnSetOnly(label.text) for label, has in versions.items()}


def _newest_of(
    place: Place, urls: tuple[SourceUrl, ...], labels: Sequence[Label], listings: Listings
) -> dict[Label, Version | EkaError]:
    listed = listings.versions(urls, labels)
    statuses = read_statuses(place.services, listings, urls, labels)
    found: dict[Label, Version | EkaError] = {}
    cooldown = Cooldown(place.services)
    if place.services.cooldown_s:
        genesis = listings.genesis(urls)
        cooldown.learn(genesis, urls, labels)
    for label in labels:
        said = {version: each for (of, version), each in statuses.items() if of == label}
        versions = select(listed[label], None, said)
        if place.services.cooldown_s:
            key = listings.genesis(urls), label
            old = [each for each in versions if cooldown.wait((key, each.version)) is None]
            versions = tuple(old) or versions
        found[label] = (
            newest(versions).version if versions else _missing(place.services, urls[0], label)
        )
    return found


def _missing(services: Services, source: SourceUrl, label: Label) -> AtomNotFound:
    from eka.workflow.suggest import hint  # noqa: PLC0415 - only an error needs it

    return AtomNotFound(
        label.text,
        source.public,
        why="no version of it is published there",
        known=hint(services, source, label),
    )


def _is_word(head: str) -> bool:
    """Whether a text may be meant as the name of a set, and not as a path."""
    return not any(mark in head for mark in "/.@\\")
