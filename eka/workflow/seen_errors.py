"""What is wrong when sources contradict one another, or what they said before."""

from __future__ import annotations

from eka.errors import EkaError, Exit


class SourcesDisagree(EkaError):
    """Two sources of one set name different commits for one version."""

    code = "sources-disagree"
    exit_status = Exit.INTEGRITY

    def __init__(self, atom: str, *, expected: tuple[str, str], found: tuple[str, str]) -> None:
        """Tell both sides: each is who says it, and the commit."""
        super().__init__(
            what=f"sources of one set disagree about {atom}",
            where=f"{expected[0]} and {found[0]}",
            why=f"expected commit {expected[1]}, as {expected[0]} says; "
            f"found commit {found[1]} at {found[0]}",
            fix="ask the owner of the set which is right, and leave the other out; "
            f"--accept-changed {atom} takes what was found",
        )
        self.atom, self.expected, self.found = atom, expected, found


class GenesisDisagrees(EkaError):
    """A mirror says that it is another set than the URL that it stands in for."""

    code = "genesis-disagrees"
    exit_status = Exit.INTEGRITY

    def __init__(self, first: str, mirror: str, *, expected: str, found: str) -> None:
        super().__init__(
            what="a mirror is not of the set that it stands in for",
            where=f"{first} and {mirror}",
            why=f"expected genesis {expected}, as {first} said; found {found} at {mirror}",
            fix="take the mirror out of [package.sets], or wait until the first URL answers",
        )
        self.first, self.mirror, self.expected, self.found = first, mirror, expected, found


class SetReplaced(EkaError):
    """A source is another set than the lock says: everything in it could be something else."""

    code = "set-replaced"
    exit_status = Exit.INTEGRITY

    def __init__(self, url: str, *, expected: str, found: str) -> None:
        super().__init__(
            what="a source is not the set any more that atom.lock pins",
            where=url,
            why=f"expected genesis {expected}, as atom.lock says; found {found}",
            fix="ask its owner whether the set was begun anew; if so, "
            f"--accept-source {url} takes it as it is now",
        )
        self.url, self.expected, self.found = url, expected, found


class ContentChanged(EkaError):
    """A version is not what it was when this machine first saw it."""

    code = "content-changed"
    exit_status = Exit.INTEGRITY

    def __init__(self, atom: str, source: str, *, expected: str, found: str, seen: str) -> None:
        super().__init__(
            what=f"{atom} has been changed since it was first seen",
            where=source,
            why=f"expected {expected}, seen {seen}; found {found}",
            fix="published versions never change: ask its publisher what happened; "
            f"--accept-changed {atom} takes it as it is now",
        )
        self.atom, self.expected, self.found = atom, expected, found


class VersionUnnamed(EkaError):
    """An option that takes a version of an atom was given something else."""

    code = "version-unnamed"
    exit_status = Exit.USAGE

    def __init__(self, text: str) -> None:
        super().__init__(
            what="--accept-changed takes one version of an atom",
            where=text,
            why="expected LABEL@VERSION",
            fix="copy it from the error that speaks of the change, such as zlib@1.3.1",
        )
