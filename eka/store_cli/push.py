"""``push``: paths, all they need and what led to them, into a binary cache."""

from __future__ import annotations

from pathlib import Path

from eka.build.caches import find_cache, find_sink
from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import LOCAL, StorePath
from eka.store.cache.push import push as push_to
from eka.store_cli.amounts import in_words
from eka.store_cli.cache_words import VARIABLE
from eka.store_cli.paths import counted, typed_path
from eka.store_cli.progress import shown_paths
from eka.store_cli.sign import read_key

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from eka.store import Store
    from eka.store.cache.push import Pushed
    from eka.store.cache.reading import Cache
    from eka.store.nix.keys import NixSecretKey
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place


def push(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Write paths and all they refer to into a binary cache, as far as it lacks them."""
    key = None if arguments.key is None else read_key(Path(arguments.key))
    sink = find_sink(arguments.cache, Path.cwd(), place.environment)

    with place.store() as store, shown_paths(console, place, "paths pushed") as show:
        roots = list(dict.fromkeys(typed_path(store, text) for text in arguments.paths))

        def tell(path: StorePath, number: int, total: int) -> None:
            if show is not None:
                show(number, total)
            console.talk(f"{number} of {total}: {path.text}", verbosity=1)

        with store.lease(roots):
            signed = 0
            if key is not None and not arguments.dry_run:
                signed = sign_closure(store, roots, key)
            done = push_to(store, sink, roots, dry_run=arguments.dry_run, on_path=tell)
            is_unsigned = not done.reductions and bool(store.ancestry(store.closure(roots)))
    for path in done.pushed:
        console.data(path.text)
    console.talk(_summary(done, sink.where, dry_run=arguments.dry_run))
    if is_unsigned and not arguments.dry_run:
        console.talk("nobody signed what was built: others build it anew; --key FILE signs it")
    console.document(
        "push",
        {
            "cache": sink.where,
            "pushed": [path.text for path in done.pushed],
            "known": done.known,
            "size_bytes": done.size_bytes,
            "reductions": done.reductions,
            "ignored": done.ignored,
            "signed": signed,
            "dry_run": bool(arguments.dry_run),
        },
    )
    return Exit.OK


def sign_closure(store: Store, roots: Sequence[StorePath], key: NixSecretKey) -> int:
    """Sign paths, all they refer to, and what this store saw lead to them.

    Returns:
        How many reductions were signed.
    """
    closure = store.closure(roots)
    for path in closure:
        store.sign_path(store.path_info(path), key)
    facts = [fact for fact in store.ancestry(closure) if fact.by == LOCAL]
    for fact in facts:
        store.sign_reduction(fact, key)
    return len(facts)


def caches(arguments: argparse.Namespace, place: Place) -> list[Cache]:
    """Return the caches that a command was told to ask, in order."""
    if arguments.offline:
        return []
    named: list[str] = getattr(arguments, "from") or []
    named = [*named, *place.environment.get(VARIABLE, "").split()]
    base = Path.cwd()
    return [find_cache(each, base, place.environment) for each in dict.fromkeys(named)]


def _summary(done: Pushed, where: str, *, dry_run: bool) -> str:
    if dry_run:
        return f"would push {counted(len(done.pushed), 'path')} to {where}; {done.known} are there"
    text = f"pushed {counted(len(done.pushed), 'path')} to {where}, {in_words(done.size_bytes)}"
    text += f"; {done.known} were there already"
    text += f"; {counted(done.reductions, 'signed reduction')}"
    if done.ignored:
        text += f", {done.ignored} by keys that it does not trust left out"
    return text
