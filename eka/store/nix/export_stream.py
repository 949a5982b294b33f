"""The stream of ``nix-store --import``: NARs with what has to be known of each path.

Source: atom-spec/nix.md [nix-import-stream].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store.nix.nar import nar_string

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from eka.store.nix.path import NixPath

_MAGIC = 0x4558494E
_WORD_BYTES = 8


def import_stream(
    paths: Iterable[tuple[NixPath, Iterable[bytes], Iterable[NixPath]]],
) -> Iterator[bytes]:
    """Yield the stream for paths: name, NAR and references of each, referred paths first."""
    for path, nar, references in paths:
        known = sorted(references)
        yield _number(1)
        yield from nar
        yield _number(_MAGIC) + nar_string(path.text.encode()) + _number(len(known))
        yield b"".join(nar_string(each.text.encode()) for each in known)
        yield nar_string(b"") + _number(0)  # made by nobody, and not signed
    yield _number(0)


def _number(value: int) -> bytes:
    return value.to_bytes(_WORD_BYTES, "little")
