"""How a plan is to be realised, where its user has a wish."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.values import dataclass

if TYPE_CHECKING:
    from pathlib import Path

MAX_OUTPUT_BYTES = 64 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Demands:
    """What is asked of one realisation beyond its plan."""

    check: bool = False  # perform the run actions of the roots once more, and compare
    rounds: int = 1  # how often each run action that is not there yet is performed; all compared
    keep_going: bool = False  # after a failure go on with what does not need it
    jobs: int | None = None  # builds at once; None: as many as the realiser was told
    keep_failed: Path | None = None  # directory for the files of failed builds
    no_build: bool = False  # take what is there or in a cache; perform nothing
    max_output_bytes: int = MAX_OUTPUT_BYTES  # that the outputs of one run action may hold
