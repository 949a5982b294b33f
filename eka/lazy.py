"""What is loaded or compiled when it is first used: names of a package, regular expressions.

A command uses few of a package's names, and start-up is counted: see tests/bench/startup.py.
"""

from __future__ import annotations

import sys
from importlib import import_module

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    import re
    from collections.abc import Callable
    from typing import AnyStr


def on_demand(package: str, homes: dict[str, str]) -> Callable[[str], object]:
    """Return the ``__getattr__`` of a package (PEP 562).

    Args:
        package: Its name.
        homes: Module of the package, without its prefix -> the names that live there, as words.
    """
    modules = {name: module for module, names in homes.items() for name in names.split()}

    def find(name: str) -> object:
        if name not in modules:
            message = f"module {package!r} has no attribute {name!r}"
            raise AttributeError(message)
        found: object = getattr(import_module(f"{package}.{modules[name]}"), name)
        setattr(sys.modules[package], name, found)
        return found

    return find


class _Pattern:
    """Stands for a compiled regular expression, and becomes it when first used."""

    def __init__(self, compiled: Callable[[], object]) -> None:
        self._compiled = compiled

    def __getattr__(self, name: str) -> object:
        found: object = getattr(self._compiled(), name)
        setattr(self, name, found)  # from now on no slower than the real one
        return found


def pattern(text: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """Return ``re.compile(text, flags)``, compiled when it is first used."""

    def compiled() -> object:
        import re  # noqa: PLC0415 - as the docstring says

        return re.compile(text, flags)  # which remembers it

    made: object = _Pattern(compiled)
    return made  # type: ignore[return-value] # all its attributes are those of a pattern
