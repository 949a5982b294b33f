"""What can be wrong with vendored directories."""

from __future__ import annotations

from eka.errors import EkaError, Exit


class VendorPlaceTaken(EkaError):
    """Something else is where a vendored atom goes."""

    code = "vendor-place-taken"
    exit_status = Exit.CONFLICT

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="an atom cannot be vendored here",
            where=where,
            why=why,
            fix="move it away, or choose another directory",
        )


class VendorChanged(EkaError):
    """A vendored directory is not what the lock pins."""

    code = "vendor-changed"
    exit_status = Exit.INTEGRITY

    def __init__(self, where: str, *, expected: str, found: str) -> None:
        super().__init__(
            what="a vendored atom is not what atom.lock pins",
            where=where,
            why=f"expected {expected}, found {found}",
            fix="see what was changed there; eka vendor --force writes it anew",
        )
        self.expected, self.found = expected, found


class VendorStale(EkaError):
    """A vendored directory belongs to another lock."""

    code = "vendor-stale"

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="the vendored atoms are not those of atom.lock",
            where=where,
            why=why,
            fix="run eka vendor there again",
        )


class UnhashableTree(EkaError):
    """A vendored directory holds what no atom may hold."""

    code = "vendor-tree-unusable"
    exit_status = Exit.INTEGRITY

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="a vendored directory holds what no atom holds",
            where=where,
            why=why,
            fix="remove it, or let eka vendor --force write the directory anew",
        )
