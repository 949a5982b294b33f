"""The signatures of published versions: listed, fetched, checked against what was recomputed."""

from __future__ import annotations

from dataclasses import dataclass

from eka.atom import AtomCommit, atom_id, check_tree, content_hash
from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit
from eka.git import ObjectCache
from eka.git.signatures import (
    SignatureFinding,
    SignatureState,
    Statement,
    examine_signature,
    fingerprint,
)
from eka.workflow.objects import ensure
from eka.workflow.signatures_listing import SignatureRefs
from eka.workflow.signatures_log import GoodSignatures

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from eka.atom import ContentHash, Genesis, Label, ObjectId, SourceUrl, Version
    from eka.git.objects import PygitReader
    from eka.git.signatures import PublicKey, Trust
    from eka.workflow.services import Services
    from eka.workflow.signatures_listing import Tags, VersionKey

MOST_OF_ONE_VERSION = 64
# Whatever a ref leads to, no more than this comes in.
MAX_FETCH_BYTES = 1024 * 1024
MAX_BYTES_OF_ONE = 8 * 1024
# Each costs a request of its own: whoever heaps up more of them wastes our time.
MOST_UNAVAILABLE = 32
_TAG = "tag"
_UNSPOKEN = "no set is known that it could be of"


@dataclass(frozen=True, slots=True)
class SubjectVersion:
    """A version that signatures speak of; its commit must be in the cache."""

    label: Label
    version: Version
    commit: ObjectId
    content: ContentHash | None = None
    """The recomputed hash, where the caller has it already."""

    @property
    def key(self) -> VersionKey:
        """Label and version."""
        return self.label, self.version


def signatures_of(
    services: Services,
    urls: Sequence[SourceUrl],
    genesis: Genesis | None,
    versions: Sequence[SubjectVersion],
) -> Mapping[VersionKey, tuple[SignatureFinding, ...]]:
    """Return what every signature of some versions is worth, sorted by key.

    One request lists them, one more fetches those that are not in the cache.

    Args:
        services: Ports.
        urls: Of one set; the first lists.
        genesis: Of that set; without it no signature can be checked, and each is bad.
        versions: Published there, and fetched already.

    Raises:
        Offline: the source was never asked and must not be.
        NetworkFailed: it does not answer. A single signature that cannot be had is a finding.

    Source: atom-spec/signature.md.
    """
    listed = SignatureRefs(services).of(urls, [each.key for each in versions])
    trust = services.trust()
    chosen = {each.key: _chosen(listed[each.key], trust) for each in versions}
    tags = {
        tag: each.commit for each in versions for tag in chosen[each.key].values()
    }  # fmt: skip
    missing = _fetch(services, urls, tags)
    judge = _Judge(services, trust, genesis, missing)
    log = GoodSignatures(services.good_signatures)
    since = log.since(tags)
    found = {each.key: judge.findings(each, chosen[each.key], since) for each in versions}
    good = {each.tag for findings in found.values() for each in findings if each.is_good}
    log.record([tag for tag in good if tag is not None and tag not in since], services.now_s)
    return found


def _chosen(tags: Tags, trust: Trust) -> Tags:
    """Return the signatures to look at: all, unless somebody heaped up thousands of them."""
    if len(tags) <= MOST_OF_ONE_VERSION:
        return dict(sorted(tags.items()))
    known = {line.key.id for line in trust.signers.lines}
    ordered = sorted(tags, key=lambda key: (key not in known, key))
    return {key: tags[key] for key in ordered[:MOST_OF_ONE_VERSION]}


def _fetch(
    services: Services, urls: Sequence[SourceUrl], tags: Mapping[ObjectId, ObjectId]
) -> dict[ObjectId, str]:
    """Bring tag objects into the cache; return why some cannot be had.

    One that nobody can give, or that is no sound object, must not hide the others.
    """
    here = services.cache.has(tags)
    missing = [tag for tag in tags if tag not in here]
    limit = MAX_FETCH_BYTES + len(missing) * MAX_BYTES_OF_ONE
    cache = ObjectCache(services.cache.git_dir, services.runner, max_pack_bytes=limit)
    if services.offline:
        return dict.fromkeys(missing, "it is not in the local cache, and --offline was given")
    whole = cache.has(tags[tag] for tag in missing)
    found: dict[ObjectId, str] = {}
    pending = [missing] if missing else []
    while pending:
        part = pending.pop()
        if len(found) >= MOST_UNAVAILABLE:
            found |= dict.fromkeys(part, "too many others could not be fetched")
            continue
        haves = sorted({tags[tag] for tag in part} & whole)
        error = _fetch_part(cache, urls, part, haves)
        if error is None:
            continue
        if error.exit_status == Exit.NETWORK:
            raise error
        if len(part) == 1:
            found[part[0]] = str(error)
        else:
            half = len(part) // 2
            pending += [part[:half], part[half:]]
    return found


def _fetch_part(
    cache: ObjectCache,
    urls: Sequence[SourceUrl],
    part: Sequence[ObjectId],
    haves: Sequence[ObjectId],
) -> EkaError | None:
    """Fetch some tags from the first URL that has them all; return the last one's error."""
    last: EkaError | None = None
    for url in urls:
        try:
            cache.ensure(url, part, haves=haves)
        except EkaError as error:
            last = error
        else:
            return None
    return last


class _Judge:
    """Checks fetched signatures of one set."""

    def __init__(
        self,
        services: Services,
        trust: Trust,
        genesis: Genesis | None,
        missing: Mapping[ObjectId, str],
    ) -> None:
        self._reader = services.reader()
        self._trust = trust
        self._genesis = genesis
        self._missing = missing
        self._now_s = services.now_s

    def findings(
        self, version: SubjectVersion, tags: Tags, since: Mapping[ObjectId, int]
    ) -> tuple[SignatureFinding, ...]:
        """Return what each signature of a version is worth; ``since``: when it was good first."""
        if not tags:
            return ()
        statement = self._statement(version)
        return tuple(self._finding(statement, key, tag, since) for key, tag in tags.items())

    def _finding(
        self,
        statement: Statement | None,
        key_id: str,
        tag: ObjectId,
        since: Mapping[ObjectId, int],
    ) -> SignatureFinding:
        shown = fingerprint(key_id)
        if tag in self._missing:
            state = SignatureState.UNAVAILABLE
            return SignatureFinding(shown, None, state, self._missing[tag], tag)
        found = self._examined(statement, key_id, tag)
        if isinstance(found, SignatureFinding):
            return found
        # What was good once, on this machine, is judged as of then.
        return self._trust.judge(found, tag, min(since.get(tag, self._now_s), self._now_s))

    def _examined(
        self, statement: Statement | None, key_id: str, tag: ObjectId
    ) -> PublicKey | SignatureFinding:
        why = _UNSPOKEN
        if statement is not None:
            try:
                kind, body = self._reader.read(tag)
            except EkaError as error:
                why = str(error)
            else:
                if kind == _TAG:
                    return examine_signature(body, tag, key_id, statement)
                why = f"its ref leads to a {kind}, expected a tag object"
        return SignatureFinding(fingerprint(key_id), None, SignatureState.BAD, why, tag)

    def _statement(self, version: SubjectVersion) -> Statement | None:
        if self._genesis is None:
            return None
        return statement_of(self._reader, self._genesis, version)


def statement_of(reader: PygitReader, genesis: Genesis, version: SubjectVersion) -> Statement:
    """Return what a signature of a fetched version must say, recomputed.

    Raises:
        NotAnAtomCommit, TreePolicyViolation: what is published there is no atom.
    """
    content = version.content
    if content is None:
        tree = AtomCommit.decode(reader.commit(version.commit)).tree
        check_tree(tree, reader)
        content = content_hash(tree, reader)
    return Statement(
        id=atom_id(genesis, version.label),
        label=version.label,
        version=version.version,
        commit=version.commit,
        content=content,
    )


def version_signatures(
    services: Services,
    urls: Sequence[SourceUrl],
    genesis: Genesis | None,
    version: SubjectVersion,
) -> tuple[SignatureFinding, ...]:
    """Return what the signatures of one version are worth; fetches its commit if need be."""
    ensure(services, urls, [version.commit])
    return signatures_of(services, urls, genesis, [version])[version.key]
