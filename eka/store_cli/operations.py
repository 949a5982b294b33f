"""What carries out each operation: the same for the command line and for the protocol."""

from __future__ import annotations

from importlib import import_module
from keyword import iskeyword

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from typing import TypeAlias

    from eka.store_cli.console import Console
    from eka.store_cli.place import Place

    Operation: TypeAlias = Callable[[argparse.Namespace, Place, Console], int]

# Where the function of an operation is; each module is loaded when it is needed.
_MODULES = {
    "realise": "realise",
    "closure": "look",
    "ls": "look",
    "cat": "look",
    "roots": "roots",
    "log": "log",
    "serve": "serve",
    "add-tree": "put",
    "put-plan": "put",
    "reduce": "reduce",
    "sign": "sign",
    "trust": "sign",
    "stats": "stats",
    "export": "exchange",
    "import": "exchange",
    "gc": "gc",
    "keep": "keep",
    "push": "push",
    "image": "image",
    "nix-export": "nix",
    "nix-import": "nix",
    "nix-key": "nix",
}


def perform(arguments: argparse.Namespace, place: Place, console: Console) -> int:
    """Carry out the operation ``arguments.command``; return its exit status."""
    return operation(arguments.command)(arguments, place, console)


def operation(command: str) -> Operation:
    """Return the function that carries out ``command``."""
    from eka.store_cli.commands import COMMANDS  # noqa: PLC0415 - --help needs no store

    if command in COMMANDS:
        return COMMANDS[command]
    module = import_module(f"eka.store_cli.{_MODULES[command]}")
    name = command.replace("-", "_")
    found: Operation = getattr(module, f"{name}_" if iskeyword(name) else name)
    return found
