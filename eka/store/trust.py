"""Who may assert what: keys, the statements they sign, and the policy of a store.

A signature is kept beside what was signed and is checked whenever it matters, so that taking
trust away is felt at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.hashing import digest
from eka.store import reduction as reductions
from eka.store.nix.keys import NixPublicKey, NixSignature
from eka.store.reduction import LOCAL, Reduction, ReductionKind
from eka.store.reduction_errors import BadSignature, KeyConflict, KeyNotFound, NotTrusted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from eka.store.database import Database
    from eka.store.facts import PathInfo
    from eka.store.nix.keys import NixSecretKey
    from eka.store.plan import Json

EVERY_KIND = frozenset(ReductionKind)


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key, and the kinds of reductions that it may assert."""

    key: NixPublicKey
    kinds: frozenset[ReductionKind]


def reduction_statement(reduction: Reduction) -> bytes:
    """Return the bytes that are signed for a reduction.

    Source: atom-spec/store.md [reduction-signed].
    """
    return _statement(
        schema="eka.reduction/1",
        kind=reduction.kind,
        name=reduction.name,
        refined=reduction.refined,
        by=reduction.by,
        evidence=reduction.evidence,
    )


def path_statement(info: PathInfo) -> bytes:
    """Return the bytes that are signed for a path.

    Source: atom-spec/store.md [path-signed].
    """
    return _statement(
        schema="eka.path/1",
        path=info.path.text,
        kind=info.kind,
        content=info.content,
        size_bytes=info.size_bytes,
        references=[path.text for path in info.references],
    )


def trusted(database: Database) -> dict[str, TrustedKey]:
    """Return the trusted keys by name."""
    found: dict[str, TrustedKey] = {}
    for row in database.query("SELECT name, public, kinds FROM trusted_keys ORDER BY name"):
        name, public, kinds = map(str, row)
        named = frozenset(ReductionKind(each) for each in kinds.split())
        found[name] = TrustedKey(NixPublicKey.parse(public), named)
    return found


def added(
    known: Mapping[str, TrustedKey], key: NixPublicKey, kinds: Collection[ReductionKind]
) -> dict[str, TrustedKey]:
    """Return the trusted keys with one more, or with other kinds for one of them.

    Raises:
        KeyConflict: Another key of its name is trusted, or it is called as the store itself.
    """
    if key.name == LOCAL or (key.name in known and known[key.name].key != key):
        raise KeyConflict(key.name)
    return {**known, key.name: TrustedKey(key, frozenset(kinds))}


def removed(known: Mapping[str, TrustedKey], name: str) -> dict[str, TrustedKey]:
    """Return the trusted keys without one; raises `KeyNotFound`."""
    if name not in known:
        raise KeyNotFound(name, list(known))
    return {each: key for each, key in known.items() if each != name}


def trust(
    database: Database, key: NixPublicKey, kinds: Collection[ReductionKind] = EVERY_KIND
) -> None:
    """Let a key assert reductions of some kinds; raises `KeyConflict`."""
    with database.write():
        added(trusted(database), key, kinds)
        database.query(
            "INSERT OR REPLACE INTO trusted_keys VALUES (?, ?, ?)",
            (key.name, key.text, " ".join(sorted(kinds))),
        )


def distrust(database: Database, name: str) -> None:
    """Trust a key no more; what it asserted is kept, but not used. Raises `KeyNotFound`."""
    with database.write():
        removed(trusted(database), name)
        database.query("DELETE FROM trusted_keys WHERE name = ?", (name,))


def sign(database: Database, statement: bytes, key: NixSecretKey) -> NixSignature:
    """Sign a statement and keep the signature; ed25519 signs the same thing the same way."""
    made = key.sign(statement)
    keep(database, statement, made)
    return made


def keep(database: Database, statement: bytes, signature: NixSignature) -> None:
    """Keep a signature."""
    database.query(
        "INSERT OR IGNORE INTO signatures VALUES (?, ?, ?)",
        (digest(statement).hex(), signature.key_name, signature.text),
    )


def signatures(database: Database, statement: bytes) -> list[NixSignature]:
    """Return what signatures are kept of a statement, none of them checked."""
    rows = database.query(
        "SELECT signature FROM signatures WHERE statement = ? ORDER BY key",
        (digest(statement).hex(),),
    )
    return [NixSignature.parse(str(text)) for (text,) in rows]


def is_trusted(database: Database, reduction: Reduction) -> bool:
    """Tell whether a reduction may be used: seen here, or signed by who may say so."""
    if reduction.by == LOCAL:
        return True
    known = trusted(database).get(reduction.by)
    if known is None or reduction.kind not in known.kinds:
        return False
    statement = reduction_statement(reduction)
    return any(each.is_by(known.key, statement) for each in signatures(database, statement))


def record_signed(database: Database, reduction: Reduction, signature: NixSignature) -> None:
    """Append what somebody else asserts.

    Raises:
        NotTrusted: The key is unknown, or may not assert this kind.
        BadSignature: The signature is not by that key, or the key is not who asserts it.
    """
    known = trusted(database).get(signature.key_name)
    if known is None or reduction.kind not in known.kinds:
        raise NotTrusted(signature.key_name, reduction.kind)
    statement = reduction_statement(reduction)
    if reduction.by != signature.key_name or not signature.is_by(known.key, statement):
        raise BadSignature(f"{reduction.kind} {reduction.name}", signature.key_name)
    with database.write():
        reductions.record_all(database, (reduction,))
        keep(database, statement, signature)


def record_path_signature(database: Database, info: PathInfo, signature: NixSignature) -> bool:
    """Keep a signature of a path, if its key is trusted; tell whether it was.

    Raises:
        BadSignature: It names a trusted key that did not make it.
    """
    known = trusted(database).get(signature.key_name)
    if known is None:
        return False
    statement = path_statement(info)
    if not signature.is_by(known.key, statement):
        raise BadSignature(info.path.text, signature.key_name)
    keep(database, statement, signature)
    return True


def sign_reduction(database: Database, reduction: Reduction, key: NixSecretKey) -> NixSignature:
    """Assert under the name of a key what this store knows; the older fact stays as it is."""
    own = Reduction(
        reduction.kind, reduction.name, reduction.refined, key.name, reduction.evidence
    )
    with database.write():
        reductions.record_all(database, (own,))
        # What this key said first stays, so its evidence is what is signed.
        said = next(
            each
            for each in reductions.reduce(database, own.kind, own.name)
            if each.refined == own.refined and each.by == own.by
        )
        return sign(database, reduction_statement(said), key)


def _statement(**fields: Json) -> bytes:
    from eka.store.plan import canonical_json  # noqa: PLC0415 - costs start-up time

    return canonical_json(fields)
