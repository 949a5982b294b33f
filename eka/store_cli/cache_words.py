"""The words that speak of binary caches."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

VARIABLE = "EKA_CACHES"


def add_cache_words(command: argparse.ArgumentParser) -> None:
    """Add what tells ``realise`` which caches to ask."""
    add = command.add_argument
    where = (
        "ask this binary cache, a directory or an address, before anything is built; may be given"
        f" several times, asked in order, before those of {VARIABLE} (parted by spaces)"
    )
    add("--from", metavar="CACHE", action="append", help=where)
    add("--no-build", action="store_true", help="take what is there or in a cache, build nothing")
    add("--offline", action="store_true", help="ask no cache")


def _push(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("cache", metavar="CACHE", help="directory, made when missing, or address of a server")
    add("paths", metavar="PATH", nargs="+", help="store path, or a link to one")
    add("--key", metavar="FILE", help="sign the paths and what led to them first")
    add("--dry-run", action="store_true", help="tell what the cache lacks")


CACHE_COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "push": ("Write paths and all they refer to into a binary cache that lacks them", _push),
}
