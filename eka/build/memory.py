"""What actions came to before, from the reductions of the store."""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.store import FetchAction, Reduction, ReductionKind, Store, StorePath
from eka.text import discreet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from eka.build.work import Work

_SHA256 = "sha256:"


@dataclass(frozen=True, slots=True)
class Memory:
    """Outputs by the resolved name of their action."""

    store: Store

    def recall(self, resolved: str, outputs: Iterable[str]) -> dict[str, StorePath] | None:
        """Return what each output was, whether it is still there or not; None when unknown.

        Of several outcomes one that is there is preferred, then the oldest. What others assert
        counts when enough whom the store trusts agree.
        """
        found: dict[str, StorePath] = {}
        for output in outputs:
            known = [
                StorePath.parse(each.refined)
                for each in self.store.counted(ReductionKind.RESOLVED, _name(resolved, output))
            ]
            if not known:
                return None
            found[output] = next(filter(self.store.has, known), known[0])
        return found

    def record(self, work: Work, outputs: Mapping[str, StorePath], evidence: str) -> None:
        """Remember an outcome; others of the same action are kept beside it.

        Source: atom-spec/build.md [build-resolved], [build-check]; store.md [reduction-kinds].
        """
        facts = [
            Reduction(
                ReductionKind.RESOLVED,
                _name(work.resolved, output),
                path.base,
                evidence=evidence,
            )
            for output, path in outputs.items()
        ]
        self.store.record_all([*facts, *_links(work, outputs)])

    def link(self, work: Work, outputs: Mapping[str, StorePath]) -> None:
        """Remember what an action resolved to, whose outcome was known before."""
        self.store.record_all(_links(work, outputs))


def _links(work: Work, outputs: Mapping[str, StorePath]) -> Iterator[Reduction]:
    inputs = " ".join(f"{name}={path.base}" for name, path in sorted(work.inputs.items()))
    yield Reduction(ReductionKind.ACTION, work.identity, work.resolved, evidence=inputs)
    if isinstance(work.action, FetchAction):
        # The path depends on these as well.
        can_run = "!x" if work.action.executable else ""
        name = f"{_SHA256}{work.action.sha256}!{work.action.name}{can_run}"
        for path in outputs.values():
            url = discreet(work.action.urls[0])
            yield Reduction(ReductionKind.FETCH, name, path.base, evidence=url)


def _name(resolved: str, output: str) -> str:
    return f"{resolved}!{output}"
