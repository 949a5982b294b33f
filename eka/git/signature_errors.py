"""What can stop a person from signing, one class per fact."""

from __future__ import annotations

from eka.errors import EkaError, Exit
from eka.git.safe import safe_line


class NoSigningKey(EkaError):
    """Nothing says which key to sign with."""

    code = "no-signing-key"
    exit_status = Exit.USAGE

    def __init__(self, why: str = "") -> None:
        super().__init__(
            what="there is no key to sign with",
            why=why or "expected --sign-key, the setting sign.key, or git's user.signingKey",
            fix="`ssh-keygen -t ed25519` makes a key; "
            "name it with --sign-key ~/.ssh/id_ed25519, or once for all in the setting sign.key",
        )


class SigningKeyUnusable(EkaError):
    """The chosen key cannot sign."""

    code = "signing-key-unusable"
    exit_status = Exit.FAILED

    def __init__(self, key: str, why: str, fix: str = "") -> None:
        super().__init__(
            what="this key cannot sign",
            where=safe_line(key),
            why=why,
            fix=fix or "choose an ed25519 key; `ssh-add -l` lists those that the agent holds",
        )


class AgentFailed(EkaError):
    """The ssh-agent does not do what it is asked to."""

    code = "agent-failed"
    exit_status = Exit.FAILED

    def __init__(self, where: str, why: str) -> None:
        super().__init__(
            what="the ssh-agent did not sign",
            where=safe_line(where),
            why=why,
            fix="`ssh-add -l` says whether it runs and which keys it holds",
        )
