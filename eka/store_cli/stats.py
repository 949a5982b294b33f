"""``stats``: what a store holds, in numbers."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store_cli.paths import counted

if TYPE_CHECKING:
    import argparse

    from eka.store_cli.console import Console
    from eka.store_cli.place import Place

_LARGEST = 10


def stats(arguments: argparse.Namespace, place: Place, console: Console) -> int:  # noqa: ARG001 - it takes no words
    """Tell how much of everything a store holds."""
    with place.store() as store:
        found = store.stats(largest=_LARGEST)
        roots = len(store.roots())
        disputed = len(store.nondeterminism())
    console.data(f"{counted(found.paths, 'path')}, {counted(found.size_bytes, 'byte')}")
    for kind, (count, size_bytes) in found.kinds.items():
        console.data(f"  {kind}: {count}, {counted(size_bytes, 'byte')}")
    console.data(f"{counted(found.references, 'reference')}, {counted(roots, 'root')}")
    for kind, count in found.reductions.items():
        console.data(f"{counted(count, 'reduction')} of kind {kind}")
    console.data(f"{counted(disputed, 'name')} with more than one outcome")
    console.data(f"{counted(found.plans, 'plan')}, {counted(found.runs, 'run')}")
    for path, size_bytes in found.largest:
        console.data(f"  {size_bytes:>14} {path.text}")
    console.document(
        "stats",
        {
            "paths": found.paths,
            "size_bytes": found.size_bytes,
            "kinds": {
                kind: {"paths": count, "size_bytes": size}
                for kind, (count, size) in found.kinds.items()
            },
            "references": found.references,
            "roots": roots,
            "reductions": found.reductions,
            "disputed": disputed,
            "plans": found.plans,
            "runs": found.runs,
            "log_bytes": found.log_bytes,
            "largest": [{"path": path.text, "size_bytes": size} for path, size in found.largest],
        },
    )
    return Exit.OK
