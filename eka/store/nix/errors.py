"""What can be wrong with what comes from Nix, or goes there: one class per fact."""

from __future__ import annotations

from eka.errors import EkaError, Exit

_SHOWN_CHARACTERS = 80


class InvalidNixText(EkaError):
    """A text is not what Nix would write."""

    code = "invalid-nix-text"
    exit_status = Exit.USAGE

    def __init__(self, kind: str, raw: str, why: str) -> None:
        super().__init__(
            what=f"this is not {kind}",
            where=repr(raw[:_SHOWN_CHARACTERS]),
            why=why,
            fix="copy it again from where Nix shows it",
        )
        self.raw = raw


class InvalidNar(EkaError):
    """An archive is not a NAR, or not in the one form that Nix writes."""

    code = "invalid-nar"
    exit_status = Exit.INTEGRITY

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="the archive is not a NAR as Nix writes it",
            where=where,
            why=why,
            fix="do not use it; get it again from a source you trust",
        )


class InvalidNarInfo(EkaError):
    """A binary cache describes a path in a way that Nix would not."""

    code = "invalid-narinfo"
    exit_status = Exit.INTEGRITY

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="the description of a path in a binary cache is not valid",
            where=where,
            why=why,
            fix="do not use this cache; tell its owner",
        )


class UnorderedTree(EkaError):
    """Nodes do not come in the order in which a NAR holds them."""

    code = "unordered-tree"
    exit_status = Exit.INTEGRITY

    def __init__(self, where: str) -> None:
        super().__init__(
            what="a tree cannot be written as a NAR",
            where=where,
            why="it does not come after its neighbours in the order of their bytes",
            fix="give the nodes of the tree as `read_tree` yields them",
        )


class NarChanged(EkaError):
    """A file changed while it was written into a NAR."""

    code = "nar-changed"
    exit_status = Exit.FAILED

    def __init__(self, where: str, *, expected: int, found: int) -> None:
        super().__init__(
            what="a file changed while it was read",
            where=where,
            why=f"expected {expected} bytes, found {found}",
            fix="try again while nobody writes to it",
        )
        self.expected, self.found = expected, found


class UnusableNixKey(EkaError):
    """A file does not hold a key for signing as Nix writes it."""

    code = "unusable-nix-key"
    exit_status = Exit.USAGE

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="this is not a key to sign with",
            where=where,
            why=why,
            fix="make one with `eka-store nix-key` or `nix-store --generate-binary-cache-key`",
        )


class NotANixCache(EkaError):
    """A directory or an address is no binary cache for Nix's store."""

    code = "not-a-nix-cache"
    exit_status = Exit.NOT_FOUND

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="this is not a binary cache of Nix",
            where=where,
            why=why,
            fix="name the directory or address that holds its file `nix-cache-info`",
        )


class NixCacheUnreadable(EkaError):
    """A binary cache cannot be read."""

    code = "nix-cache-unreadable"
    exit_status = Exit.NETWORK

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="the binary cache cannot be read",
            where=where,
            why=why,
            fix="check the address and the network, and try again",
        )


class NotInNixCache(EkaError):
    """A binary cache does not hold a path."""

    code = "not-in-nix-cache"
    exit_status = Exit.NOT_FOUND

    def __init__(self, path: str, cache: str) -> None:
        super().__init__(
            what="the binary cache does not hold this path",
            where=path,
            why=f"there is no description of it in {cache}",
            fix="copy it there with all it refers to: `nix copy --to`, or `eka-store nix-export`",
        )
        self.path = path


class NixPathUntrusted(EkaError):
    """Nobody who is trusted has signed a path, and its name does not prove its content."""

    code = "nix-path-untrusted"
    exit_status = Exit.INTEGRITY

    def __init__(self, path: str, names: tuple[str, ...]) -> None:
        signers = ", ".join(names)
        super().__init__(
            what="nobody you trust has signed this path",
            where=path,
            why=f"it is signed by {signers}" if signers else "it is not signed",
            fix="name a key with --trust NAME:KEY, or take it as it is with --unsigned",
        )
        self.signers = names


class NixMismatch(EkaError):
    """A binary cache gave other bytes than it described, or than the path's name promises."""

    code = "nix-mismatch"
    exit_status = Exit.INTEGRITY

    def __init__(self, path: str, *, expected: str, found: str) -> None:
        super().__init__(
            what="the binary cache gave something else than it described",
            where=path,
            why=f"expected {expected}, found {found}",
            fix="do not use this cache; tell its owner",
        )
        self.expected, self.found = expected, found


class NixKeyFileExists(EkaError):
    """A new key would overwrite a file."""

    code = "nix-key-file-exists"
    exit_status = Exit.CONFLICT

    def __init__(self, file: str) -> None:
        super().__init__(
            what="a key is not written over a file",
            where=file,
            why="something exists at this path",
            fix="choose another file; what an old key signed needs it",
        )
