"""What an ``atom.toml`` says, as values; `eka.atom.manifest` reads them."""

from __future__ import annotations

from dataclasses import dataclass, field

from eka.checking import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from eka.atom.label import Label, Tag
    from eka.atom.requirement import Requirement
    from eka.atom.source_url import SourceUrl
    from eka.atom.toml import TomlValue
    from eka.atom.version import Version
    from eka.errors import Span


@dataclass(frozen=True, slots=True)
class SetDeclaration:
    """Where a set is: this atom's own set, or URLs; the first lists versions, others mirror it."""

    own: bool
    urls: tuple[SourceUrl, ...] = ()
    written: tuple[str, ...] = ()
    """The strings of the manifest, aliases and all."""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """The ``[package]`` table."""

    label: Label
    version: Version
    description: str = ""
    license: str = ""
    tags: tuple[Tag, ...] = ()
    systems: tuple[str, ...] = ()
    sets: Mapping[str, SetDeclaration] = field(default_factory=dict[str, SetDeclaration])
    single: bool = False
    """Whether a closure may hold one version of this atom only."""


@dataclass(frozen=True, slots=True)
class Dependency:
    """One line of ``[deps.from.<set>]``."""

    set_name: str
    label: Label
    requirement: Requirement
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Patch:
    """One line of ``[patch.<set>]``: a directory that stands for an atom in development."""

    set_name: str
    label: Label
    path: str
    """Relative to the manifest's directory."""
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SingleAtom:
    """An atom of which the project allows one version only: an item of ``single``."""

    set_name: str
    label: Label
    span: Span | None = field(default=None, compare=False)

    @property
    def text(self) -> str:
        """The item as it is written, such as ``core::zlib``."""
        return f"{self.set_name}::{self.label.text}"


class DirectSource(Protocol):
    """One line of ``[deps.direct.<kind>]``; each kind has its own class, see `direct_kinds`."""

    @property
    def kind(self) -> str:
        """Name of the kind."""
        ...

    @property
    def name(self) -> Label:
        """What the manifest calls the source."""
        ...

    def content(self) -> TomlValue:
        """Return what digests of the declaration are made of: all that decides on its pin."""
        ...


@dataclass(frozen=True, slots=True)
class ForeignSource:
    """A direct source of a kind this version cannot pin; kept as data."""

    kind: str
    name: Label
    raw: TomlValue

    def content(self) -> TomlValue:
        """Return the declaration as it is written."""
        return self.raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """The ``[build]`` table: a script, or direct sources laid over one another."""

    rootfs: str | None = None
    script: str | None = None
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    unpack: tuple[str, ...] = ()
    links: Mapping[str, str] = field(default_factory=dict[str, str])
    timeout_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A whole ``atom.toml``."""

    package: Package
    dependencies: tuple[Dependency, ...] = ()
    dev_dependencies: tuple[Dependency, ...] = ()
    direct: tuple[DirectSource, ...] = ()
    patches: tuple[Patch, ...] = ()
    single: tuple[SingleAtom, ...] = ()
    build: Build | None = None
    compose: Mapping[str, TomlValue] | None = None
    pipelines: Mapping[str, Mapping[str, TomlValue]] = field(
        default_factory=dict[str, "Mapping[str, TomlValue]"]
    )
    service: Mapping[str, TomlValue] | None = None
