"""The layers of an unpack action: one file, or tree, over another (atom-spec/plan.md)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from eka.store.plan_rules import check_range, check_relative, require

MAX_STRIP = 16


class LayerFormat(StrEnum):
    """How a layer's file is unpacked."""

    DEB = "deb"
    TAR = "tar"  # plain, gzip, xz or bzip2, told apart by content
    DEBIAN_SOURCE = "debian-source"  # adjacent layers are the files of one source package
    ZIP = "zip"
    TREE = "tree"  # no file, but a directory of the store
    WHEEL = "wheel"  # of Python; the action says for which one


PACKED = frozenset({LayerFormat.TAR, LayerFormat.ZIP})
"""Formats of archives that are about nothing in particular: they may be taken in part."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One file, or tree, laid over those before it."""

    input: str
    format: LayerFormat
    strip: int | None = None  # leading directories dropped from names; None: as the action says
    subdir: str = ""  # what of it is taken, after stripping; empty: all

    def to_json(self) -> dict[str, str | int]:
        """Return the layer as JSON; what nobody asked for is left out."""
        found: dict[str, str | int] = {"input": self.input, "format": self.format.value}
        if self.strip is not None:
            found["strip"] = self.strip
        if self.subdir:
            found["subdir"] = self.subdir
        return found

    def check(self, where: str) -> None:
        """Raise `InvalidPlan` unless it keeps the rules."""
        if self.strip is not None:
            check_range(f"{where}.strip", self.strip, 0, MAX_STRIP)
        if self.subdir:
            check_relative(f"{where}.subdir", self.subdir)
        is_whole = self.strip is None and not self.subdir
        require(is_whole or self.format in PACKED, where, "only tar and zip are taken in part")
