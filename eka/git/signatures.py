"""The door to all that concerns signatures: keys, tags, trust, rules, signing."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.lazy import on_demand

if TYPE_CHECKING:
    from eka.git.signature_armor import InvalidSshSignature, SshSignature, WrongSignature
    from eka.git.signature_check import SignatureFinding, SignatureState, Trust, examine_signature
    from eka.git.signature_errors import AgentFailed, NoSigningKey, SigningKeyUnusable
    from eka.git.signature_key import InvalidPublicKey, PublicKey, fingerprint, parse_fingerprint
    from eka.git.signature_policy import InvalidTrustRule, SignatureDemand, TrustRule, rules_for
    from eka.git.signature_publish import side_object
    from eka.git.signature_push import push_signatures, record_signatures
    from eka.git.signature_signer import Signer, find_signer, sign_statements
    from eka.git.signature_tag import (
        InvalidSignatureTag,
        SignatureMismatch,
        SignedStatement,
        Statement,
        check_signature,
    )
    from eka.git.signature_trust import (
        AllowedSigner,
        AllowedSigners,
        InvalidTrustFile,
        RevokedKeys,
        parse_allowed_signers,
        parse_revoked_keys,
    )

__all__ = [
    "AgentFailed",
    "AllowedSigner",
    "AllowedSigners",
    "InvalidPublicKey",
    "InvalidSignatureTag",
    "InvalidSshSignature",
    "InvalidTrustFile",
    "InvalidTrustRule",
    "NoSigningKey",
    "PublicKey",
    "RevokedKeys",
    "SignatureDemand",
    "SignatureFinding",
    "SignatureMismatch",
    "SignatureState",
    "SignedStatement",
    "Signer",
    "SigningKeyUnusable",
    "SshSignature",
    "Statement",
    "Trust",
    "TrustRule",
    "WrongSignature",
    "check_signature",
    "examine_signature",
    "find_signer",
    "fingerprint",
    "parse_allowed_signers",
    "parse_fingerprint",
    "parse_revoked_keys",
    "push_signatures",
    "record_signatures",
    "rules_for",
    "side_object",
    "sign_statements",
]

if not TYPE_CHECKING:  # pragma: no branch - a checker must notice a missing name
    __getattr__ = on_demand(
        "eka.git",
        {
            "signature_armor": "InvalidSshSignature SshSignature WrongSignature",
            "signature_check": "SignatureFinding SignatureState Trust examine_signature",
            "signature_errors": "AgentFailed NoSigningKey SigningKeyUnusable",
            "signature_key": "InvalidPublicKey PublicKey fingerprint parse_fingerprint",
            "signature_policy": "InvalidTrustRule SignatureDemand TrustRule rules_for",
            "signature_publish": "side_object",
            "signature_push": "push_signatures record_signatures",
            "signature_signer": "Signer find_signer sign_statements",
            "signature_tag": "InvalidSignatureTag SignatureMismatch SignedStatement "
            "Statement check_signature",
            "signature_trust": "AllowedSigner AllowedSigners InvalidTrustFile RevokedKeys "
            "parse_allowed_signers parse_revoked_keys",
        },
    )
