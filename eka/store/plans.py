"""Plans kept in a store under their ids, to be realised later or by somebody else."""

from __future__ import annotations

import os

from eka.checking import TYPE_CHECKING
from eka.hashing import digest
from eka.store.errors import PlanNotFound, StoreDamaged
from eka.store.files import make_directory
from eka.store.write import write_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.store.plan import Plan

PLANS = "plans"  # directory below that of the store
ID_DIGITS = 64
_DIGITS = frozenset("0123456789abcdef")


class Plans:
    """The plans of one store, one file each.

    Args:
        directory: Where they are.
        scratch: Returns a new directory on the same file system.
        on_put: Told of each plan that has to reach the medium.
    """

    def __init__(
        self, directory: Path, scratch: Callable[[], Path], on_put: Callable[[], None]
    ) -> None:
        self._directory = directory
        self._scratch = scratch
        self._on_put = on_put

    def put(self, plan: Plan) -> str:
        """Keep a plan; return its id, BLAKE3 of its canonical bytes in 64 hex digits.

        Source: atom-spec/plan.md [plan-kept].
        """
        data = plan.encode()
        identity = digest(data).hex()
        place = self._directory / identity
        if not _holds(place, data):  # what a loss of power left of it is written anew
            make_directory(self._directory)
            fresh = self._scratch() / identity
            descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
            try:
                write_all(descriptor, data)
            finally:
                os.close(descriptor)
            fresh.rename(place)
        self._on_put()  # whoever put it first may not have waited
        return identity

    def read(self, identity: str) -> bytes:
        """Return the canonical bytes of a plan.

        Raises:
            PlanNotFound: It was never put.
            StoreDamaged: What is kept under the id is something else.
        """
        if not is_plan_id(identity):
            raise PlanNotFound(identity)
        try:
            data = (self._directory / identity).read_bytes()
        except FileNotFoundError as error:
            raise PlanNotFound(identity) from error
        if digest(data).hex() != identity:
            raise StoreDamaged(str(self._directory / identity), "it is not the plan it is named")
        return data

    def count(self) -> int:
        """Return how many plans are kept."""
        return sum(1 for _ in self._directory.iterdir()) if self._directory.is_dir() else 0


def _holds(place: Path, data: bytes) -> bool:
    try:
        return place.stat().st_size == len(data) and place.read_bytes() == data
    except FileNotFoundError:
        return False


def is_plan_id(text: str) -> bool:
    """Tell whether a text looks like the id of a plan."""
    return len(text) == ID_DIGITS and set(text) <= _DIGITS
