"""``eka sign``: a signature for versions that are published already."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from eka.atom import parse_atom_uri, parse_set_manifest
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, raise_problems
from eka.git import (
    ExpectedAtom,
    NotARepository,
    Remote,
    Status,
    WorkRepository,
    choose_remote,
    claimed_origin,
    signature_ref,
    verify_atom,
)
from eka.git.signatures import (
    SignatureState,
    push_signatures,
    record_signatures,
    side_object,
    sign_statements,
)
from eka.workflow.errors import AtomNotFound, UriIncomplete
from eka.workflow.objects import ensure
from eka.workflow.progress import counted
from eka.workflow.project import SET_MANIFEST, read_capped
from eka.workflow.published import source_at
from eka.workflow.signatures import SubjectVersion, signatures_of, statement_of
from eka.workflow.signatures_listing import SignatureRefs
from eka.workflow.versions import newest, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import AtomUri, Genesis, Label, ObjectId, Requirement, SourceUrl, Version
    from eka.git import History, SideObject
    from eka.git.signatures import Signer
    from eka.workflow.services import Services


class SignaturePlaceTaken(EkaError):
    """Something else stands where the signature of a key belongs."""

    code = "signature-place-taken"
    exit_status = Exit.CONFLICT

    def __init__(self, ref: str, why: str) -> None:
        super().__init__(
            what="another object stands where this key's signature belongs",
            where=ref,
            why=why,
            fix="ask the owner of the repository to delete that ref, then sign again",
        )
        self.ref = ref


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """Which published versions to sign, and with what."""

    targets: tuple[str, ...]
    """``LABEL`` or a URI, with a requirement or without: then the newest version is meant."""
    signer: Signer
    remote: str | None = None
    """For labels: where they are published, as for a publish."""
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedVersion:
    """One version, and its signature."""

    source: str
    """Its public URL."""
    label: Label
    version: Version
    commit: ObjectId
    ref: str
    is_new: bool
    """False: the key has signed it already."""


@dataclass(frozen=True, slots=True)
class SignReport:
    """What was signed."""

    key: str
    """The fingerprint, ``SHA256:…``."""
    versions: tuple[SignedVersion, ...]
    dry_run: bool


@dataclass(frozen=True, slots=True)
class _Place:
    """Where versions are published."""

    source: SourceUrl
    own: WorkRepository | None = None
    """The repository around the command, when its labels are meant."""
    is_remote: bool = True


def sign_versions(services: Services, request: SignRequest) -> SignReport:
    """Add a signature to published versions; each is recomputed before it is signed.

    Raises:
        UriIncomplete: a target names no label, or no source outside of a repository.
        AtomNotFound: no such version is published there.
        ProvenanceMismatch: a version is not what it claims to be; nothing was signed.
        SigningKeyUnusable, AgentFailed: the key does not sign.
        PushRefused, NetworkFailed: the remote does not take it.

    Source: atom-spec/signature.md [sign-later].
    """
    places: dict[_Place, list[AtomUri]] = {}
    for target in request.targets:
        uri = parse_atom_uri(target, services.aliases)
        if uri.label is None:
            raise UriIncomplete(target, "label")
        places.setdefault(_place(services, uri, target, request.remote), []).append(uri)
    signed = [
        each
        for place, uris in places.items()
        for each in _Signing(services, request, place).sign(uris)
    ]
    return SignReport(request.signer.key.fingerprint, tuple(signed), request.dry_run)


def _place(services: Services, uri: AtomUri, text: str, remote: str | None) -> _Place:
    if uri.source is not None:
        return _Place(uri.source.absolute(services.place))
    try:
        own = WorkRepository.open(services.directory, services.runner)
    except NotARepository as error:
        raise UriIncomplete(text, "source") from error
    path = own.work_tree / SET_MANIFEST if own.work_tree else None
    configured = None
    if path is not None and path.is_file():
        configured = parse_set_manifest(read_capped(path), str(path)).remote
    chosen = choose_remote(own, argument=remote, configured=configured, aliases=services.aliases)
    if chosen is None:
        return _Place(source_at(own), own, is_remote=False)
    return _Place(chosen.url, own)


class _Signing:
    """Signs versions at one place."""

    def __init__(self, services: Services, request: SignRequest, place: _Place) -> None:
        self._services = services
        self._request = request
        self._place = place
        self._urls = (place.source,)

    def sign(self, uris: Sequence[AtomUri]) -> Sequence[SignedVersion]:
        """Return what became of the versions that are meant."""
        self._services.progress.step(f"asking {self._place.source.public}")
        chosen = self._chosen(uris)
        key_id = self._request.signer.key.id
        known = SignatureRefs(self._services).of(self._urls, list(chosen))
        new = {key: commit for key, commit in chosen.items() if key_id not in known[key]}
        self._check_known({key: chosen[key] for key in chosen.keys() - new.keys()})
        if new:
            self._deliver(self._signatures(new))
        return [
            SignedVersion(
                source=self._place.source.public,
                label=label,
                version=version,
                commit=commit,
                ref=signature_ref(label, version, key_id),
                is_new=(label, version) in new,
            )
            for (label, version), commit in chosen.items()
        ]

    def _chosen(self, uris: Sequence[AtomUri]) -> dict[tuple[Label, Version], ObjectId]:
        labels = [uri.label for uri in uris if uri.label is not None]
        listed = self._services.index.versions(self._place.source, labels)
        chosen: dict[tuple[Label, Version], ObjectId] = {}
        for label, uri in zip(labels, uris, strict=True):
            found = meant(listed[label], uri.requirement)
            if not found:
                why = "no such version is published there"
                raise AtomNotFound(label.text, self._place.source.public, why=why)
            chosen |= {(label, version): commit for version, commit in found.items()}
        return chosen

    def _check_known(self, versions: Mapping[tuple[Label, Version], ObjectId]) -> None:
        """Refuse to call signed what somebody else's object only makes look so."""
        if not versions:
            return
        services, key = self._services, self._request.signer.key
        ensure(services, self._urls, list(versions.values()))
        subjects = [SubjectVersion(*version, commit) for version, commit in versions.items()]
        genesis = services.index.genesis(self._place.source)
        found = signatures_of(services, self._urls, genesis, subjects)
        raise_problems(
            [
                SignaturePlaceTaken(signature_ref(*version, key.id), finding.reason)
                for version, findings in sorted(found.items())
                for finding in findings
                if finding.key == key.fingerprint and finding.state is SignatureState.BAD
            ]
        )

    def _signatures(
        self, versions: Mapping[tuple[Label, Version], ObjectId]
    ) -> Sequence[SideObject]:
        services = self._services
        genesis = services.index.genesis(self._place.source)
        services.progress.step(f"checking {counted(len(versions), 'version')}")
        ensure(services, self._urls, list(versions.values()))
        history = services.history(self._place.source)
        self._prepare(history, list(versions.values()))
        subjects = [
            self._checked(SubjectVersion(label, version, commit), genesis, history)
            for (label, version), commit in versions.items()
        ]
        reader = services.reader()
        statements = [statement_of(reader, genesis, subject) for subject in subjects]
        services.progress.step(f"signing {counted(len(statements), 'version')}")
        signed = sign_statements(self._request.signer, statements)
        return [side_object(each, genesis.algorithm) for each in signed]

    def _prepare(self, history: History, commits: Sequence[ObjectId]) -> None:
        """Bring the source commits of all versions here at once."""
        reader = self._services.reader()
        # What cannot be read, or reached, is told of each version that it concerns.
        with suppress(EkaError):
            claimed = [claimed_origin(reader.commit(commit)) for commit in commits]
            history.prepare(dict.fromkeys(origin for origin in claimed if origin is not None))

    def _checked(
        self, subject: SubjectVersion, genesis: Genesis, history: History
    ) -> SubjectVersion:
        """Recompute a version: nobody should sign what was not looked at."""
        services = self._services
        expected = ExpectedAtom(label=subject.label, version=subject.version, genesis=genesis)
        report = verify_atom(
            subject.commit, expected=expected, reader=services.reader(), history=history
        )
        report.raise_failures()
        for level in report.levels:
            if level.status is Status.UNAVAILABLE:
                name = f"{subject.label.text} {subject.version.text}"
                services.progress.note(f"{name}: {level.level} was not checked: {level.note}")
        return SubjectVersion(subject.label, subject.version, subject.commit, report.content)

    def _deliver(self, signatures: Sequence[SideObject]) -> None:
        if self._request.dry_run:
            return
        services, place = self._services, self._place
        if place.is_remote:
            services.progress.step(f"pushing {counted(len(signatures), 'signature')}")
            cache = WorkRepository.open(services.cache.git_dir, services.runner)
            push_signatures(cache, place.own or cache, Remote(place.source), signatures)
        if place.own is not None:
            record_signatures(place.own, signatures)


def meant(
    found: Mapping[Version, ObjectId], requirement: Requirement | None
) -> Mapping[Version, ObjectId]:
    """Return the versions to sign: the newest; or the one that is named; or all that match."""
    if requirement is None:
        matching = select(found, None)
        return {newest(matching).version: newest(matching).commit} if matching else {}
    exact = [version for version in found if version.text == requirement.text.strip()]
    versions = exact or [each.version for each in reversed(select(found, requirement))]
    return {version: found[version] for version in versions}
