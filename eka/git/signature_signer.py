"""Signs with the person's own ssh key: from its file, through the ssh-agent, or by ssh-keygen.

An encrypted key never comes into this process: the agent signs, or ssh-keygen asks for the
passphrase, once for all signatures of a command.

Source: atom-spec/signature.md [sign-key].
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from eka.checking import TYPE_CHECKING, Protocol
from eka.ed25519 import UnusablePrivateKey, load_private_key
from eka.git.process import ChildProcess
from eka.git.safe import safe_line
from eka.git.scratch import scratch_directory
from eka.git.signature_agent import Agent
from eka.git.signature_armor import NAMESPACE, SshSignature, WrongSignature, to_be_signed
from eka.git.signature_errors import AgentFailed, NoSigningKey, SigningKeyUnusable
from eka.git.signature_file import KeyFile, read_key_file
from eka.git.signature_key import FINGERPRINT_PREFIX, PublicKey, parse_fingerprint
from eka.git.signature_tag import SignedStatement, Statement
from eka.git.spawn import Spawn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eka.git.runner import GitRunner

AGENT_VARIABLE = "SSH_AUTH_SOCK"
KEYGEN = "ssh-keygen"
LITERAL_PREFIX = "key::"
_KEY_WORD = "ssh-"
_ASKING_S = 600.0  # a person types a passphrase


class Signer(Protocol):
    """Port: makes ed25519 signatures with one key."""

    @property
    def key(self) -> PublicKey:
        """The public half."""
        ...

    def sign(self, messages: Sequence[bytes]) -> Sequence[SshSignature]:
        """Return a signature of each message; raises what `find_signer` names."""
        ...


def sign_statements(signer: Signer, statements: Sequence[Statement]) -> Sequence[SignedStatement]:
    """Return each statement with its signature, which was checked."""
    payloads = [statement.payload(signer.key.id) for statement in statements]
    made = signer.sign(payloads) if payloads else ()
    found: list[SignedStatement] = []
    for statement, payload, signature in zip(statements, payloads, made, strict=True):
        try:
            signature.check(payload)
        except WrongSignature as error:
            where = signer.key.fingerprint
            raise SigningKeyUnusable(where, "what it signed does not verify") from error
        found.append(SignedStatement(statement, signature))
    return found


def find_signer(runner: GitRunner, directory: Path, choice: str | None) -> Signer:
    """Return what signs with the key a person chose.

    Args:
        runner: Knows the environment, and reads the person's git settings.
        directory: What a relative path starts from.
        choice: A path, ``SHA256:…`` or a public key; None: git's ``user.signingKey``.

    Raises:
        NoSigningKey: nothing is chosen.
        SigningKeyUnusable, AgentFailed, InvalidPublicKey: the choice cannot sign.

    Source: atom-spec/signature.md [sign-key].
    """
    chosen = choice or _key_of_git(runner)
    if chosen is None:
        raise NoSigningKey
    found = _locate(chosen, runner, directory)
    if isinstance(found, str):
        return _AgentSigner(runner, lambda key: key.id == found, chosen)
    if not found.key.is_ed25519:
        raise SigningKeyUnusable(chosen, f"it is of kind {safe_line(found.key.kind)}")
    if found.text is not None:
        return _file_signer(found.text, chosen)
    try:
        return _AgentSigner(runner, lambda key: key == found.key, chosen)
    except (AgentFailed, SigningKeyUnusable):
        if found.private is None:
            raise
        return _KeygenSigner(runner, found.key, found.private)


def _locate(chosen: str, runner: GitRunner, directory: Path) -> KeyFile | str:
    """Return the key that is meant, or the hex of its fingerprint."""
    if chosen.startswith(FINGERPRINT_PREFIX):
        return parse_fingerprint(chosen)
    literal = chosen.removeprefix(LITERAL_PREFIX)
    if literal != chosen or chosen.startswith(_KEY_WORD):
        return KeyFile(PublicKey.parse(literal), None)
    if chosen.startswith("~/") and (home := runner.env.get("HOME")):
        return read_key_file(Path(home) / chosen[2:])
    return read_key_file(directory / chosen)


def _key_of_git(runner: GitRunner) -> str | None:
    """Return ``user.signingKey`` of the person's git settings, if ``gpg.format`` is ``ssh``.

    The settings of the repository do not count: it may be a stranger's.
    """

    def value(key: str, *options: str) -> str:
        # As a network command: git then looks at the person's settings alone.
        args = ["config", "--null", *options, "--get", key]
        return runner.run(args, ok=(0, 1), network=True).decode(errors="replace").rstrip("\0")

    if value("gpg.format") != "ssh":
        return None
    return value("user.signingkey", "--type=path") or None


@dataclass(frozen=True, slots=True)
class _FileSigner:
    key: PublicKey
    make: Callable[[bytes], bytes]

    def sign(self, messages: Sequence[bytes]) -> Sequence[SshSignature]:
        return [SshSignature(self.key, self.make(to_be_signed(message))) for message in messages]


def _file_signer(text: bytes, chosen: str) -> Signer:
    try:
        raw, make = load_private_key(text)
    except UnusablePrivateKey as error:
        raise SigningKeyUnusable(chosen, safe_line(str(error))) from error
    return _FileSigner(PublicKey.ed25519(raw), make)


class _AgentSigner:
    def __init__(
        self, runner: GitRunner, is_meant: Callable[[PublicKey], bool], chosen: str
    ) -> None:
        """Look for the key in the agent; raises AgentFailed, SigningKeyUnusable."""
        self._path = runner.env.get(AGENT_VARIABLE, "")
        if not self._path:
            why = "no ssh-agent runs here, and there is no file with its private half"
            raise SigningKeyUnusable(chosen, why)
        with Agent(self._path) as agent:
            found = [key for key in agent.held() if is_meant(key)]
        if not found:
            raise SigningKeyUnusable(
                chosen, "the ssh-agent does not hold it", fix="add it with `ssh-add FILE`"
            )
        self.key = found[0]

    def sign(self, messages: Sequence[bytes]) -> Sequence[SshSignature]:
        with Agent(self._path) as agent:
            signed = [agent.sign(self.key, to_be_signed(message)) for message in messages]
        return [SshSignature(self.key, raw) for raw in signed]


@dataclass(frozen=True, slots=True)
class _KeygenSigner:
    """An encrypted key that no agent holds: ssh-keygen asks for its passphrase."""

    runner: GitRunner
    key: PublicKey
    private: Path

    def sign(self, messages: Sequence[bytes]) -> Sequence[SshSignature]:
        with ExitStack() as stack:
            place = stack.enter_context(scratch_directory(self.runner.home))
            names = [str(number) for number in range(len(messages))]
            for name, message in zip(names, messages, strict=True):
                (place / name).write_bytes(message)
            self._run(place, names)
            return [SshSignature.decode((place / f"{name}.sig").read_bytes()) for name in names]

    def _run(self, place: Path, names: Sequence[str]) -> None:
        argv = [KEYGEN, "-Y", "sign", "-n", NAMESPACE, "-f", str(self.private), *names]
        spawn = Spawn(
            argv=argv,
            env=self.runner.env,
            cwd=place,
            title=KEYGEN,
            timeout_s=_ASKING_S,
            own_session=not self.runner.prompt,
        )
        with ChildProcess(spawn) as child:
            child.exchange(b"")
            if child.finish() != 0:
                raise SigningKeyUnusable(
                    str(self.private),
                    f"it is encrypted, and ssh-keygen says: {safe_line(child.stderr)}",
                    fix=f"add it to the ssh-agent first: ssh-add {self.private}",
                )
