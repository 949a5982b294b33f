"""Where a URI points to, seen from the directory a command runs in."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from eka.atom import AtomUri, SourceUrl
    from eka.workflow.services import Services


def source_of(uri: AtomUri, text: str, services: Services) -> SourceUrl:
    """Return the absolute source of a URI.

    Raises:
        UriIncomplete: it names none, and there is no repository around the directory.
    """
    if uri.source is None:
        from eka.workflow.errors import UriIncomplete  # noqa: PLC0415 - rarely needed

        raise UriIncomplete(text, "source")
    return uri.source.absolute(services.place)


def relative_to(path: Path, base: Path) -> str:
    """Return ``path`` as seen from ``base`` where it lies below it, else whole."""
    try:
        return path.relative_to(base).as_posix() or "."
    except ValueError:
        return str(path)
