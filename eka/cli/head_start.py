"""Asks the server of a plain question while the rest of the program is still being loaded.

A near server answers in about the time that takes. Nothing is asked that would not be asked
anyway: whoever has settings, wants no network or says anything unusual gets no head start.
"""

from __future__ import annotations

import os

from eka.checking import TYPE_CHECKING
from eka.cli.defaults import (
    GIT,
    GIT_HOME,
    SYSTEM_FILE,
    TIMEOUT_S,
    VARIABLES,
    default_cache,
    user_file,
)
from eka.cli.plain import plain_call
from eka.errors import EkaError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Self

    from eka.cli.call import Call
    from eka.git import GitRunner, Transport


class HeadStart:
    """A question under way, and what asks it; a context manager that gives it up."""

    def __init__(self, runner: GitRunner, transport: Transport) -> None:
        self.runner = runner
        self.transport = transport

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.transport.forget()

    def advance(self) -> None:
        """Go on as far as that needs no waiting; what fails does so again when it is needed."""
        try:
            self.transport.advance()
        except (EkaError, OSError):
            self.transport.forget()


def begin(words: Sequence[str], environment: Mapping[str, str]) -> HeadStart | None:
    """Begin to ask what ``words`` ask for; None where they are not plain, or a setting may count.

    Args:
        words: Of the command line, ``versions`` or ``list`` first.
        environment: The person's.
    """
    call = plain_call(words[0], words[1:])
    if call is None or "offline" in call.options:
        return None
    try:
        home = _home(environment)
        if home is None or "://" not in _address(call):
            return None
        from eka.git import GitRunner, Transport  # noqa: PLC0415 - costs time

        runner = GitRunner(GIT, environment, home, prompt=not call.globals.json)
        transport = Transport(runner, timeout_s=float(TIMEOUT_S))
    except (EkaError, OSError):
        return None  # the same goes wrong again, and is then told properly
    started = HeadStart(runner, transport)
    try:
        if _ask(call, words[0], transport):
            return started
    except (EkaError, OSError):
        pass  # as above
    transport.forget()
    return None


def _ask(call: Call, command: str, transport: Transport) -> bool:
    """Begin to ask; False where it is not known what."""
    from eka.atom import BUILT_IN, Aliases, parse_atom_uri  # noqa: PLC0415 - costs time

    uri = parse_atom_uri(_address(call), Aliases.layered(BUILT_IN, {}, {}))
    if uri.source is None or (uri.label is None and command != "list"):
        return False
    transport.start(uri.source)  # the slower one first
    transport.warm_up()
    from eka.git import VersionIndex  # noqa: PLC0415 - the same

    if uri.label is None:
        VersionIndex(transport).ahead_all(uri.source)
    else:
        VersionIndex(transport).ahead(uri.source, uri.label)
    return True


def _home(environment: Mapping[str, str]) -> str | None:
    """Return where git runs; None where a setting may say otherwise, or eka never ran."""
    if not environment.keys().isdisjoint(VARIABLES.values()):
        return None
    if any(os.path.lexists(path) for path in (SYSTEM_FILE, user_file(environment))):
        return None
    home = f"{default_cache(environment)}/{GIT_HOME}"
    return home if os.path.isdir(home) else None  # noqa: PTH112 - pathlib is not loaded yet


def _address(call: Call) -> str:
    """Return the address in a call: where it is no whole one, an alias might be in it."""
    text: str = call.options.get("uri") or call.options["source"]
    return text
