"""Puts signatures beside the new versions of a publish.

Source: atom-spec/signature.md [sign-beside].
"""

from __future__ import annotations

from dataclasses import replace

from eka.atom import atom_id, content_hash, object_id
from eka.checking import TYPE_CHECKING
from eka.git.publication import SideObject
from eka.git.refs import signature_ref
from eka.git.signature_signer import sign_statements
from eka.git.signature_tag import Statement

if TYPE_CHECKING:
    from eka.atom import TreeReader
    from eka.git.publication import PublicationPlan
    from eka.git.signature_signer import Signer
    from eka.git.signature_tag import SignedStatement

TAG = "tag"


def signed_plan(plan: PublicationPlan, signer: Signer, reader: TreeReader) -> PublicationPlan:
    """Return a plan whose new versions carry a signature, pushed and recorded with them."""
    new = plan.new
    statements = [
        Statement(
            id=atom_id(plan.genesis, atom.source.label),
            label=atom.source.label,
            version=atom.source.version,
            commit=atom.oid,
            content=atom.commit.content or content_hash(atom.commit.tree, reader),
        )
        for atom in new
    ]
    signed = sign_statements(signer, statements)
    beside = {
        atom.key: side_object(each, plan.commit.algorithm)
        for atom, each in zip(new, signed, strict=True)
    }
    atoms = tuple(
        replace(atom, beside=(*atom.beside, beside[atom.key])) if atom.key in beside else atom
        for atom in plan.atoms
    )
    return replace(plan, atoms=atoms, signed_by=signer.key.fingerprint)


def side_object(signed: SignedStatement, algorithm: str) -> SideObject:
    """Return a signature as an object to be pushed, with the ref that names it."""
    statement, body = signed.statement, signed.encode()
    return SideObject(
        ref=signature_ref(statement.label, statement.version, signed.signature.key.id),
        oid=object_id(TAG, body, algorithm),
        kind=TAG,
        target=statement.commit,
        body=body,
    )
