"""What actions came to before, from the reductions of the store."""

from __future__ import annotations

from dataclasses import dataclass

from eka.checking import TYPE_CHECKING
from eka.store import Reduction, Store, StorePath

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

KIND = "action"


@dataclass(frozen=True, slots=True)
class Memory:
    """Outputs by the resolved name of their action."""

    store: Store

    def recall(self, resolved: str, outputs: Iterable[str]) -> dict[str, StorePath] | None:
        """Return what each output was, whether it is still there or not; None when unknown.

        Of several outcomes one that is there is preferred, then the oldest.
        """
        found: dict[str, StorePath] = {}
        for output in outputs:
            known = [
                StorePath.parse(reduction.refined)
                for reduction in self.store.reduce(KIND, _name(resolved, output))
            ]
            if not known:
                return None
            found[output] = next(filter(self.store.has, known), known[0])
        return found

    def record(self, resolved: str, outputs: Mapping[str, StorePath], evidence: str) -> None:
        """Remember an outcome; others of the same action are kept beside it.

        Source: atom-spec/build.md [build-resolved], [build-check].
        """
        for output, path in outputs.items():
            fact = Reduction(KIND, _name(resolved, output), path.base, evidence=evidence)
            self.store.record(fact)


def _name(resolved: str, output: str) -> str:
    return f"{resolved}!{output}"
