"""``nix-export``, ``nix-import``, ``nix-key``: exchange with Nix by way of binary caches."""

from __future__ import annotations

import os
from pathlib import Path

from eka.build.nix_cache import DirectoryCache, WebCache
from eka.build.nix_import import NixImport
from eka.build.nix_trust import NixTrust
from eka.checking import TYPE_CHECKING
from eka.ed25519 import KEY_BYTES
from eka.errors import Exit
from eka.store.nix.errors import NixKeyFileExists, UnusableNixKey
from eka.store.nix.keys import NixPublicKey, NixSecretKey
from eka.store.nix.path import NixPath
from eka.store.nix_view.export import NixExport
from eka.store_cli.errors import StoreUsage
from eka.store_cli.paths import counted, typed_path

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from eka.build.nix_cache import CacheFiles
    from eka.store.nix.narinfo import NarInfo
    from eka.store.nix_view.lower import Lowered
    from eka.store_cli.console import Console
    from eka.store_cli.place import Place

_MAX_KEY_BYTES = 4096


def nix_export(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Write paths into a binary cache; print what Nix calls them."""
    key = None if arguments.key is None else _read_key(Path(arguments.key))

    def progress(number: int, total: int, lowered: Lowered) -> None:
        console.talk(f"[{number}/{total}] {lowered.path.base}, {_size(lowered.nar.size_bytes)}")

    with place.store() as store:
        paths = [typed_path(store, text) for text in arguments.paths]
        export = NixExport(
            store, Path(arguments.directory), key=key, compression=arguments.compression
        )
        found = export.write(paths, progress)
    wanted = set(paths)
    for each in found:
        if each.path in wanted:
            console.data(each.info.path.text)
    new = sum(each.is_new for each in found)
    console.talk(f"{counted(new, 'path')} written, {len(found) - new} there already")
    if key is not None:
        console.talk(f"signed; for Nix: trusted-public-keys = {key.public.text}")
    console.document(
        "nix-export",
        {
            "paths": [
                {
                    "path": each.path.text,
                    "nix_path": each.info.path.text,
                    "nar_sha256": each.info.nar_sha256.hex(),
                    "nar_size_bytes": each.info.nar_size_bytes,
                    "written": each.is_new,
                }
                for each in found
            ],
            "public_key": None if key is None else key.public.text,
        },
    )
    return Exit.OK


def nix_import(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Take paths from a binary cache; print what the store calls them."""
    wanted = [NixPath.parse(text) for text in arguments.paths]
    if arguments.root is not None and len(wanted) > 1:
        raise StoreUsage("eka-store nix-import", "--root LINK keeps one PATH, not several")
    trust = NixTrust(
        tuple(NixPublicKey.parse(text) for text in arguments.trust or ()),
        unsigned=arguments.unsigned,
    )
    files = _cache(arguments.cache, place.environment)

    def progress(number: int, total: int, info: NarInfo) -> None:
        console.talk(f"[{number}/{total}] {info.path.base}, {_size(info.nar_size_bytes)}")

    with place.store() as store:
        found = NixImport(store, files, trust).fetch(wanted, progress)
        known = {each.nix: each.path for each in found}
        if arguments.root is not None:
            store.add_root(Path(arguments.root), known[wanted[0]])
    for path in wanted:
        console.data(known[path].text)
    new = sum(each.is_new for each in found)
    console.talk(f"{counted(new, 'path')} fetched, {len(found) - new} there already")
    paths = [
        {"path": each.path.text, "nix_path": each.nix.text, "fetched": each.is_new}
        for each in found
    ]
    console.document("nix-import", {"paths": paths})
    return Exit.OK


def nix_key(arguments: argparse.Namespace, _: Place, console: Console) -> int:
    """Write a new key; print its public half."""
    key = NixSecretKey.make(arguments.name, os.urandom(KEY_BYTES))
    file = Path(arguments.file)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as opened:
            opened.write(f"{key.text}\n")
    except FileExistsError as error:
        raise NixKeyFileExists(str(file)) from error
    except OSError as error:
        raise UnusableNixKey(str(file), error.strerror or str(error)) from error
    console.data(key.public.text)
    console.talk(f"the secret half is in {file}; keep it to yourself")
    console.document("nix-key", {"file": str(file), "public_key": key.public.text})
    return Exit.OK


def _read_key(file: Path) -> NixSecretKey:
    try:
        with file.open("rb") as opened:
            data = opened.read(_MAX_KEY_BYTES)
    except OSError as error:
        raise UnusableNixKey(str(file), error.strerror or str(error)) from error
    return NixSecretKey.parse(data.decode("ascii", "replace"), str(file))


def _cache(text: str, environment: Mapping[str, str]) -> CacheFiles:
    if text.startswith(("http://", "https://")):
        return WebCache(text, environment)
    return DirectoryCache(Path(text.removeprefix("file://")).absolute())


def _size(size_bytes: int) -> str:
    return counted(size_bytes, "byte")
