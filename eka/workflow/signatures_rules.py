"""Which signatures a source must show, and whether a version shows them."""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.errors import EkaError, Exit, raise_problems
from eka.git import Level, LevelReport, Status
from eka.git.signatures import rules_for
from eka.workflow.signatures import SubjectVersion, signatures_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from eka.atom import Genesis, Lock, LockedAtom, SourceUrl
    from eka.git.signatures import AllowedSigner, SignatureFinding, Trust, TrustRule
    from eka.workflow.services import Services
    from eka.workflow.signatures_listing import VersionKey

_NONE = "none"


class SignaturesMissing(EkaError):
    """A version does not carry the signatures that its source must show."""

    code = "signatures-missing"
    exit_status = Exit.INTEGRITY

    def __init__(self, atom: str, rule: TrustRule, verdict: Verdict, trust: Trust) -> None:
        counted = rule.demand.met_by(verdict.counting)
        super().__init__(
            what=f"{atom} does not carry the signatures that its source must show",
            where=f"{rule.text} in {rule.origin}",
            why=f"expected {rule.demand.text}, found {', '.join(counted) or _NONE}",
            fix="ask the signers to add theirs with `eka sign`, or choose a version that has them",
        )
        self.details = (*_expected(rule, trust), *map(described, verdict.findings))
        self.rule = rule
        self.findings = verdict.findings


def _expected(rule: TrustRule, trust: Trust) -> Iterator[str]:
    for name in rule.demand.principals:
        keys = [line.key.fingerprint for line in trust.signers.naming(name)]
        yield f"expected {name}: {', '.join(keys) or 'the allowed signers name no key'}"
    if not trust.signers.lines:
        yield "there are no allowed signers (setting trust.allowed_signers)"


def described(finding: SignatureFinding) -> str:
    """Return one line about a signature: its key, whose that is, and what it is worth."""
    whose = f" {finding.principal}" if finding.principal else ""
    why = f": {finding.reason}" if finding.reason else ""
    return f"found {finding.key}{whose}: {finding.state}{why}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The signatures of a version, and the rules that it must meet."""

    rules: tuple[TrustRule, ...]
    findings: tuple[SignatureFinding, ...]

    @property
    def counting(self) -> list[tuple[AllowedSigner, ...]]:
        """For each good signature the lines that let it count."""
        return [finding.lines for finding in self.findings if finding.is_good]

    @property
    def unmet(self) -> tuple[TrustRule, ...]:
        """The rules that ask for more."""
        return tuple(rule for rule in self.rules if not rule.demand.is_met_by(self.counting))

    @property
    def signers(self) -> tuple[str, ...]:
        """Whom the good signatures are by, sorted."""
        return tuple(
            sorted({each.principal or each.key for each in self.findings if each.is_good})
        )

    def level(self) -> LevelReport:
        """Return how the level *signature* stands.

        Source: atom-spec/signature.md [level-signature].
        """
        expected = "; ".join(rule.demand.text for rule in self.rules)
        found = ", ".join(self.signers) or _NONE
        note = "; ".join(described(each) for each in self.findings if not each.is_good)
        if self.unmet:
            return LevelReport(Level.SIGNATURE, Status.FAILED, expected, found, note)
        status = Status.OK if self.rules or self.signers else Status.ABSENT
        if not self.findings:
            note = "nobody has signed it"
        return LevelReport(Level.SIGNATURE, status, expected, found, note)


def judged(
    services: Services,
    urls: Sequence[SourceUrl],
    genesis: Genesis | None,
    versions: Sequence[SubjectVersion],
) -> Mapping[VersionKey, Verdict]:
    """Return the signatures of versions of one set, and whether they are enough.

    Raises: as `signatures_of`.
    """
    rules = rules_for(services.trust().rules, urls)
    found = signatures_of(services, urls, genesis, versions)
    return {key: Verdict(rules, findings) for key, findings in found.items()}


def require_signatures(
    services: Services,
    atoms: Sequence[LockedAtom],
    urls_of: Callable[[Genesis], Sequence[SourceUrl]],
    previous: Lock | None,
) -> None:
    """Refuse to lock versions that do not carry the signatures their sources must show.

    Sources that no rule is about are not asked. Where the signers of an atom change from the
    locked version to the new one, the person is told.

    Args:
        services: Ports.
        atoms: What is to be locked, all fetched.
        urls_of: The URLs of a set.
        previous: The lock that stood there before.

    Raises:
        SignaturesMissing: `Problems` if several.
        Offline, NetworkFailed: the signatures cannot be listed.

    Source: atom-spec/signature.md [rule-lock].
    """
    trust = services.trust()
    problems: list[EkaError] = []
    for genesis in sorted({atom.key.genesis for atom in atoms if atom.rev is not None}):
        urls = urls_of(genesis)
        if not rules_for(trust.rules, urls):
            continue
        new = _subjects(atoms, genesis)
        old = [each for each in _subjects(previous.atoms if previous else (), genesis)
               if each.label in {one.label for one in new}]  # fmt: skip
        services.progress.step("checking signatures")
        verdicts = judged(
            services, urls, genesis, [*{each.key: each for each in [*old, *new]}.values()]
        )
        for each in new:
            verdict = verdicts[each.key]
            name = f"{each.label.text}@{each.version.text}"
            problems += [SignaturesMissing(name, rule, verdict, trust) for rule in verdict.unmet]
            _tell_change(services, each, verdict, old, verdicts)
    raise_problems(problems, what="nothing was locked: required signatures are missing")


def _subjects(atoms: Sequence[LockedAtom], genesis: Genesis) -> list[SubjectVersion]:
    return [
        SubjectVersion(atom.key.label, atom.key.version, atom.rev, atom.content)
        for atom in atoms
        if atom.key.genesis == genesis and atom.rev is not None and atom.content is not None
    ]


def _tell_change(
    services: Services,
    subject: SubjectVersion,
    verdict: Verdict,
    old: Sequence[SubjectVersion],
    verdicts: Mapping[VersionKey, Verdict],
) -> None:
    """Tell the person when others sign than signed what was locked before."""
    before = [each for each in old if each.label == subject.label]
    if verdict.unmet or not before or subject.key in {each.key for each in before}:
        return
    last = max(before, key=lambda each: each.version)
    known = verdicts[last.key].signers
    if known and known != verdict.signers:
        services.progress.note(
            f"{subject.label.text} {subject.version.text} is signed by "
            f"{', '.join(verdict.signers)}; {last.version.text} was signed by {', '.join(known)}"
        )


def signature_levels(
    services: Services,
    urls: Sequence[SourceUrl],
    genesis: Genesis | None,
    versions: Sequence[SubjectVersion],
) -> Mapping[VersionKey, tuple[LevelReport, tuple[SignatureFinding, ...]]]:
    """Return how the level *signature* of versions stands, and each signature.

    Where the source cannot be asked, the level is unavailable.
    """
    try:
        verdicts = judged(services, urls, genesis, versions)
    except EkaError as error:
        if error.exit_status != Exit.NETWORK:
            raise
        expected = "; ".join(rule.demand.text for rule in rules_for(services.trust_rules, urls))
        report = LevelReport(Level.SIGNATURE, Status.UNAVAILABLE, expected, note=str(error))
        return {each.key: (report, ()) for each in versions}
    return {key: (verdict.level(), verdict.findings) for key, verdict in verdicts.items()}
