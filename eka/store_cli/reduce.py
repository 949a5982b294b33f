"""``reduce``: from a loose name to content, or from a path back to what led to it."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import Chain, InvalidStorePath, NotReduced
from eka.store_cli.paths import counted, typed_path

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from eka.store import Step, Store, StorePath
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place


def reduce(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Tell what a name comes to, who says so and why."""
    with place.store() as store:
        path = _path(store, arguments.name)
        if path is not None:
            chain = Chain(path.text, store.origins(path), (path,))
        else:
            chain = store.chain(arguments.name)
        name, steps, content = chain.name, chain.steps, chain.content
        if not steps:
            raise NotReduced(name)
        documents = [_document(store, step) for step in steps]
        there = {each: store.has(each) for each in content}
    _show(name, steps, console)
    for each, is_there in there.items():
        console.data(f"= {each.text}{'' if is_there else ' (not in the store)'}")
    disputed = sum(step.is_disputed for step in steps)
    if disputed:
        console.talk(f"{counted(disputed, 'step')} with another outcome as well: nondeterminism")
    console.document(
        "reduce",
        {
            "name": name,
            "steps": documents,
            "content": [
                {"path": each.text, "is_there": is_there} for each, is_there in there.items()
            ],
        },
    )
    return Exit.OK


def _path(store: Store, text: str) -> StorePath | None:
    try:
        return typed_path(store, text)
    except InvalidStorePath:
        return None


def _show(name: str, steps: Sequence[Step], console: Console) -> None:
    console.data(name)
    for step in steps:
        fact = step.reduction
        indent = "  " * (step.depth + 1)
        said = f", {fact.evidence}" if fact.evidence else ""
        mark = " !" if step.is_disputed else ""
        console.data(f"{indent}{fact.kind} {fact.name}")
        console.data(f"{indent}  -> {fact.refined}{mark}  ({fact.by}{said})")


def _document(store: Store, step: Step) -> dict[str, object]:
    fact = step.reduction
    return {
        "kind": fact.kind,
        "name": fact.name,
        "refined": fact.refined,
        "by": fact.by,
        "evidence": fact.evidence,
        "recorded": fact.recorded,
        "depth": step.depth,
        "is_disputed": step.is_disputed,
        "is_trusted": store.is_trusted(fact),
        "signatures": [each.text for each in store.signatures(fact)],
    }
