"""Run a search against a provider."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING, TypeVar
from eka.resolve.model import Answer

if TYPE_CHECKING:
    from collections.abc import Generator

    from eka.resolve.model import Need, Provider

_Found = TypeVar("_Found")


def drive(search: Generator[Need, Answer, _Found], provider: Provider) -> _Found:
    """Answer all that ``search`` asks from ``provider``; returns what it returns.

    Raises:
        EkaError: what `solve` raises, and what the provider raises.
    """
    answer: Answer | None = None
    while True:
        try:
            need = search.send(answer) if answer is not None else next(search)
        except StopIteration as end:
            found: _Found = end.value
            return found
        answer = Answer(
            provider.versions(need.versions) if need.versions else {},
            provider.dependencies(need.dependencies) if need.dependencies else {},
        )
