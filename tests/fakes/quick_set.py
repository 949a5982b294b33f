"""A set that is published in a moment: what its atoms need is all that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fakes.raw_git import RawRepository

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class QuickSet(RawRepository):
    """A bare repository; its atoms hold a manifest and nothing else.

    Sets of one name have one genesis, as forks have.
    """

    def __init__(self, path: Path, name: str = "far") -> None:
        super().__init__(path)
        self.genesis = self.commit(self.tree(self.file("NAME", name)))
        self.ref("refs/ekala/init", self.genesis)
        self.ref("refs/heads/main", self.genesis)

    @property
    def url(self) -> str:
        """Its address."""
        return f"file://{self.path}"

    def release(
        self,
        name: str,
        needs: Mapping[str, str] | None = None,
        *,
        package: str = "",
        more: str = "",
    ) -> None:
        """Publish ``label@version``.

        Args:
            name: The version.
            needs: Requirements on atoms of the same set.
            package: Lines of ``[package]``.
            more: Tables of the manifest.
        """
        label, _, version = name.partition("@")
        text = package
        if needs:
            lines = "".join(f'{other} = "{wanted}"\n' for other, wanted in needs.items())
            text += f'[package.sets]\nown = "::"\n[deps.from.own]\n{lines}'
        self.publish(self.atom(label, self.manifest(label, version, text + more), version=version))

    def project(self, lines: Mapping[str, str], more: str = "") -> str:
        """Return the manifest of a project that requires atoms of this set, called ``far``."""
        wanted = "".join(f'{label} = "{text}"\n' for label, text in lines.items())
        return (
            '[package]\nlabel = "app"\nversion = "0.1.0"\n'
            f'[package.sets]\nfar = "{self.url}"\n[deps.from.far]\n{wanted}{more}'
        )
