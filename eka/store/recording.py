"""What an open store remembers: reductions, who asserts them, and signatures."""

from __future__ import annotations

from functools import partial

from eka.checking import TYPE_CHECKING
from eka.store import reduction as reductions

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from eka.store.chain import Chain, Step
    from eka.store.database import Database
    from eka.store.facts import PathInfo
    from eka.store.nix.keys import NixPublicKey, NixSecretKey, NixSignature
    from eka.store.path import StorePath
    from eka.store.plans import Plans
    from eka.store.reduction import Nondeterminism, Reduction, ReductionKind
    from eka.store.session import Layout, Session
    from eka.store.stats import Stats
    from eka.store.trust import TrustedKey

# The modules about chains and keys are loaded when they are needed: each command opens a store.


class Recording:
    """The part of `Store` that remembers what names stand for."""

    _database: Database
    _layout: Layout
    _session: Session
    _has_added: bool

    @property
    def plans(self) -> Plans:
        """The plans that were put into this store."""
        from eka.store.plans import PLANS, Plans  # noqa: PLC0415

        scratch = partial(self._session.scratch, self._layout.tmp)
        return Plans(self._layout.root / PLANS, scratch, self._must_last)

    def stats(self, *, largest: int) -> Stats:
        """Return how much of everything the store holds, and its largest paths."""
        from eka.store.stats import take  # noqa: PLC0415

        return take(self._database, plans=self.plans.count(), largest=largest)

    def reduce(self, kind: str, name: str) -> list[Reduction]:
        """Return what a name is known to reduce to, the oldest fact first, whoever says so."""
        return reductions.reduce(self._database, kind, name)

    def counted(self, kind: str, name: str) -> list[Reduction]:
        """Return what a name reduces to, as far as it may be used here.

        What this store has seen itself, and what enough trusted keys agree on.
        """
        known = reductions.reduce(self._database, kind, name)
        if all(each.by == reductions.LOCAL for each in known):
            return known
        from eka.store import counting  # noqa: PLC0415

        return counting.counted(self._database, known)

    def trusted_outcomes(self, kind: str, name: str) -> dict[str, list[str]]:
        """Return what trusted keys say that a name reduces to: outcome -> their names."""
        from eka.store import counting  # noqa: PLC0415

        known = reductions.reduce(self._database, kind, name)
        found = counting.votes(self._database, known)
        return {refined: [each.by for each in by.values()] for refined, by in found.items()}

    def outcomes(self, kind: str, head: str) -> list[Reduction]:
        """Return what is known of names that begin with ``head`` and a ``!``, the oldest first."""
        # '"' comes right after '!'.
        within = "WHERE kind = ? AND name >= ? AND name < ?"
        return reductions.find(self._database, within, (kind, f"{head}!", f'{head}"'))

    def leading_to(self, path: StorePath) -> list[Reduction]:
        """Return the reductions whose outcome a path is, the oldest first."""
        return reductions.find(self._database, "WHERE refined = ?", (path.base,))

    def ancestry(self, paths: Iterable[StorePath]) -> list[Reduction]:
        """Return what led to paths, and to all that went into them, down to the sources."""
        from eka.store.ancestry import ancestry  # noqa: PLC0415

        return ancestry(self._database, paths)

    def required_builders(self) -> dict[ReductionKind, int]:
        """Return how many builders must agree, by kind of reduction."""
        from eka.store import counting  # noqa: PLC0415

        return counting.required(self._database)

    def require_builders(self, kinds: Collection[ReductionKind], builders: int) -> None:
        """Let reductions of some kinds count only when so many trusted keys signed the same."""
        from eka.store import counting  # noqa: PLC0415

        counting.require(self._database, kinds, builders)

    def reductions(self, kind: str, *, limit: int) -> list[Reduction]:
        """Return the reductions of a kind, the oldest first, at most ``limit`` of them."""
        return reductions.find(self._database, "WHERE kind = ?", (kind,), limit=limit)

    def record(self, reduction: Reduction) -> tuple[Reduction, ...]:
        """Append a fact; return the facts that contradict it (all are kept)."""
        return reductions.record(self._database, reduction)

    def record_all(self, facts: Iterable[Reduction]) -> None:
        """Append facts at once; those that are known cost a look only."""
        reductions.record_all(self._database, facts)

    def nondeterminism(self) -> list[Nondeterminism]:
        """Return every name with more than one outcome."""
        return reductions.nondeterminism(self._database)

    def chain(self, name: str) -> Chain:
        """Follow a name, or its first letters, to content.

        Raises:
            NotReduced: Nothing is known of it.
            AmbiguousName: Several names begin like this.
        """
        from eka.store.chain import follow  # noqa: PLC0415

        return follow(self._database, name)

    def origins(self, path: StorePath) -> tuple[Step, ...]:
        """Return the reductions that lead to a path, the nearest first."""
        from eka.store.chain import origins  # noqa: PLC0415

        return origins(self._database, path)

    def is_trusted(self, reduction: Reduction) -> bool:
        """Tell whether a reduction may be used: seen here, or signed by who may say so."""
        if reduction.by == reductions.LOCAL:
            return True
        from eka.store import trust  # noqa: PLC0415

        return trust.is_trusted(self._database, reduction)

    def record_signed(self, reduction: Reduction, signature: NixSignature) -> None:
        """Append what somebody else asserts; raises `NotTrusted` or `BadSignature`."""
        from eka.store import trust  # noqa: PLC0415

        trust.record_signed(self._database, reduction, signature)

    def sign_reduction(self, reduction: Reduction, key: NixSecretKey) -> NixSignature:
        """Assert under the name of a key what this store knows."""
        from eka.store import trust  # noqa: PLC0415

        return trust.sign_reduction(self._database, reduction, key)

    def sign_path(self, info: PathInfo, key: NixSecretKey) -> NixSignature:
        """Sign what is known of a path and keep the signature."""
        from eka.store import trust  # noqa: PLC0415

        return trust.sign(self._database, trust.path_statement(info), key)

    def record_path_signature(self, info: PathInfo, signature: NixSignature) -> bool:
        """Keep a signature of a path, if its key is trusted; raises `BadSignature`."""
        from eka.store import trust  # noqa: PLC0415

        return trust.record_path_signature(self._database, info, signature)

    def signatures(self, what: PathInfo | Reduction) -> list[NixSignature]:
        """Return the signatures of a path or a reduction, none of them checked."""
        from eka.store import trust  # noqa: PLC0415

        if isinstance(what, reductions.Reduction):
            return trust.signatures(self._database, trust.reduction_statement(what))
        return trust.signatures(self._database, trust.path_statement(what))

    def trusted_keys(self) -> dict[str, TrustedKey]:
        """Return the trusted keys by name."""
        from eka.store import trust  # noqa: PLC0415

        return trust.trusted(self._database)

    def trust(self, key: NixPublicKey, kinds: Collection[ReductionKind]) -> None:
        """Let a key assert reductions of some kinds; raises `KeyConflict`."""
        from eka.store import trust  # noqa: PLC0415

        trust.trust(self._database, key, kinds)

    def distrust(self, name: str) -> None:
        """Trust a key no more; raises `KeyNotFound`."""
        from eka.store import trust  # noqa: PLC0415

        trust.distrust(self._database, name)
        self._must_last()  # or trust that was taken away could come back with the power

    def _must_last(self) -> None:
        """Have the store wait for the medium when it is closed."""
        self._has_added = True
