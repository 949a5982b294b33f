"""The words of the commands that speak Nix's formats."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def _nix_export(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("directory", metavar="DIR", help="directory of the cache; made when missing")
    add("paths", metavar="PATH", nargs="+", help="store path, or a link to one")
    add("--key", metavar="FILE", help="sign with the key in FILE (see nix-key)")
    how = "how archives are compressed (default: xz)"
    add("--compression", choices=["xz", "none"], default="xz", help=how)


def _nix_import(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("cache", metavar="CACHE", help="directory or address of a cache in Nix's format")
    add("paths", metavar="PATH", nargs="+", help="path of Nix's store: /nix/store/...")
    trusted = "key whose signatures count; may be given several times"
    add("--trust", metavar="NAME:KEY", action="append", help=trusted)
    add("--unsigned", action="store_true", help="take what nobody you trust has signed, too")
    add("--root", metavar="LINK", help="make LINK point at it and keep it while LINK exists")


def _nix_key(command: argparse.ArgumentParser) -> None:
    command.add_argument("name", metavar="NAME", help="name of the key, such as example.org-1")
    command.add_argument("file", metavar="FILE", help="new file for the key; keep it secret")


NIX_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "nix-export": ("Write paths and all they refer to into a binary cache for Nix", _nix_export),
    "nix-import": ("Take paths and all they refer to from a binary cache of Nix", _nix_import),
    "nix-key": ("Make a key to sign a binary cache with, and print its public half", _nix_key),
}
