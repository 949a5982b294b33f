"""What can go wrong with reductions, signatures and trust: one class per fact."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit

if TYPE_CHECKING:
    from collections.abc import Sequence


class NotReduced(EkaError):
    """Nothing is known of a name."""

    code = "not-reduced"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str) -> None:
        super().__init__(
            what="no reduction of this name is recorded",
            where=name,
            why="nothing of this name was locked, fetched or built with this store",
            fix="name a request, an atom, an action, sha256:<hash> or a store path",
        )
        self.name = name


class AmbiguousName(EkaError):
    """Several names begin like the one that was typed."""

    code = "ambiguous-name"
    exit_status = Exit.USAGE

    def __init__(self, name: str, found: Sequence[str]) -> None:
        super().__init__(
            what="more than one name begins like this",
            where=name,
            why=", ".join(found),
            fix="write more letters",
        )
        self.found = tuple(found)


class BadSignature(EkaError):
    """A signature was not made by the key it names."""

    code = "bad-signature"
    exit_status = Exit.INTEGRITY

    def __init__(self, subject: str, key: str) -> None:
        super().__init__(
            what="a signature is not by the key it names",
            where=subject,
            why=f"the key {key} did not sign this",
            fix="do not use it; get it again from a source you trust",
        )
        self.key = key


class NotTrusted(EkaError):
    """Somebody asserts what the store does not take from them."""

    code = "not-trusted"
    exit_status = Exit.INTEGRITY

    def __init__(self, key: str, kind: str) -> None:
        super().__init__(
            what="this key may not say that",
            where=key,
            why=f"it is not trusted for reductions of kind {kind}",
            fix="trust it with `eka-store trust --add`, if you know whose it is",
        )
        self.key, self.kind = key, kind


class KeyConflict(EkaError):
    """A name is trusted already, with another key."""

    code = "key-conflict"
    exit_status = Exit.CONFLICT

    def __init__(self, name: str) -> None:
        super().__init__(
            what="another key of this name is trusted",
            where=name,
            fix="remove it first with `eka-store trust --remove`",
        )
        self.name = name


class KeyNotFound(EkaError):
    """No key of a name is trusted."""

    code = "key-not-found"
    exit_status = Exit.NOT_FOUND

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(
            what="no key of this name is trusted",
            where=name,
            why=f"trusted are {', '.join(known)}" if known else "none is trusted",
            fix="see all with `eka-store trust`",
        )
        self.name = name
