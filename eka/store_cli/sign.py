"""``sign`` and ``trust``: keys that vouch for paths and reductions, and whose word counts."""

from __future__ import annotations

import os
from pathlib import Path

from eka.checking import TYPE_CHECKING
from eka.errors import Exit
from eka.store import LOCAL, InvalidStorePath, ReductionKind
from eka.store.nix.keys import NixPublicKey, NixSecretKey
from eka.store.trust import added, removed
from eka.store_cli.errors import KeyUnreadable, StoreUsage
from eka.store_cli.paths import typed_path

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from eka.store import Reduction, Step, Store, StorePath, TrustedKey
    from eka.store.nix.keys import NixSignature
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place

_MAX_KEY_BYTES = 4096
_SEED_BYTES = 32


def sign(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Make a key, or sign paths and what names reduce to."""
    file = Path(arguments.key)
    if arguments.generate is not None:
        return _generate(file, arguments, console)
    key = read_key(file)
    paths: dict[StorePath, None] = {}
    facts: dict[Reduction, None] = {}
    with place.store() as store:
        for name in arguments.names:
            _gather(store, name, paths, facts)
        if arguments.closure:
            closure = store.closure(list(paths))
            for path in closure:
                paths[path] = None
                facts |= dict.fromkeys(_local(store.origins(path)))
            led = [fact for fact in store.ancestry(closure) if fact.by == LOCAL]
            facts |= dict.fromkeys(led)
        if arguments.dry_run:
            infos = [store.path_info(path) for path in paths]  # are they there?
            subjects = [info.path.text for info in infos] + [_subject(fact) for fact in facts]
            signed = [{"subject": subject} for subject in subjects]
        else:
            signed = [_signed(path.text, _sign_path(store, path, key)) for path in paths]
            signed += [_signed(_subject(each), store.sign_reduction(each, key)) for each in facts]
    for each in signed:
        console.data(" ".join(each.values()))
    _tell(console, key.public, signed, dry_run=arguments.dry_run)
    return Exit.OK


def trust(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Trust a key, trust it no more, or list the keys that are trusted."""
    if arguments.add is not None and arguments.remove is not None:
        raise StoreUsage("eka-store trust", "--add and --remove are two things")
    kinds = [ReductionKind(each) for each in arguments.kind or ReductionKind]
    with place.store() as store:
        known = store.trusted_keys()
        if arguments.add is not None:
            key = NixPublicKey.parse(arguments.add)
            known = added(known, key, kinds)
            if not arguments.dry_run:
                store.trust(key, kinds)
        elif arguments.remove is not None:
            known = removed(known, arguments.remove)
            if not arguments.dry_run:
                store.distrust(arguments.remove)
        required = _required(store, kinds, arguments)
    for each in known.values():
        console.data(f"{each.key.text} {' '.join(sorted(each.kinds))}")
    for kind, builders in required.items():
        if builders > 1:
            console.data(f"{builders} builders must agree on {kind}")
    fields: dict[str, object] = {
        "keys": [_key_document(each) for each in known.values()],
        "required": {kind.value: builders for kind, builders in required.items()},
        "dry_run": bool(arguments.dry_run),
    }
    console.document("trust", fields)
    return Exit.OK


def _required(
    store: Store, kinds: list[ReductionKind], arguments: argparse.Namespace
) -> dict[ReductionKind, int]:
    """Return how many builders must agree, after the wish of the user."""
    builders: int | None = arguments.require
    if builders is None:
        return store.required_builders()
    if not arguments.dry_run:
        store.require_builders(kinds, builders)
    return {**store.required_builders(), **dict.fromkeys(kinds, builders)}


def _generate(file: Path, arguments: argparse.Namespace, console: Console) -> int:
    if arguments.names:
        raise StoreUsage("eka-store sign", "--generate makes a key and signs nothing")
    if arguments.dry_run:
        raise StoreUsage("eka-store sign", "--generate makes a key; --dry-run would make none")
    key = NixSecretKey.make(arguments.generate, os.urandom(_SEED_BYTES))
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(file, flags, 0o600), "w", encoding="ascii") as opened:
            opened.write(f"{key.text}\n")
    except OSError as error:
        raise KeyUnreadable(str(file), error.strerror or str(error)) from error
    console.data(key.public.text)
    console.talk(f"{file} is secret; give the line above to those who should trust it")
    _tell(console, key.public, [], dry_run=False)
    return Exit.OK


def _tell(
    console: Console, key: NixPublicKey, signed: list[dict[str, str]], *, dry_run: bool
) -> None:
    console.document("sign", {"key": key.text, "signed": signed, "dry_run": dry_run})


def read_key(file: Path) -> NixSecretKey:
    """Return the secret key in a file; raises `KeyUnreadable` or `UnusableNixKey`."""
    try:
        with file.open("rb") as opened:
            text = opened.read(_MAX_KEY_BYTES).decode("ascii", "replace")
    except OSError as error:
        raise KeyUnreadable(str(file), error.strerror or str(error)) from error
    return NixSecretKey.parse(text, str(file))


def _gather(
    store: Store, name: str, paths: dict[StorePath, None], facts: dict[Reduction, None]
) -> None:
    """Add what a name means: a path, or what this store knows the name to stand for."""
    try:
        paths[typed_path(store, name)] = None
    except InvalidStorePath:
        chain = store.chain(name)
        facts |= dict.fromkeys(_local(chain.steps))


def _local(steps: Iterable[Step]) -> list[Reduction]:
    return [step.reduction for step in steps if step.reduction.by == LOCAL]


def _sign_path(store: Store, path: StorePath, key: NixSecretKey) -> NixSignature:
    return store.sign_path(store.path_info(path), key)


def _subject(fact: Reduction) -> str:
    return f"{fact.kind} {fact.name}"


def _signed(subject: str, signature: NixSignature) -> dict[str, str]:
    return {"subject": subject, "signature": signature.text}


def _key_document(known: TrustedKey) -> dict[str, object]:
    return {"key": known.key.text, "kinds": sorted(kind.value for kind in known.kinds)}
