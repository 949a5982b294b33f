"""The last layer of an image: what no store path holds, and every program expects.

Source: atom-spec/image.md [image-top].
"""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.store.image.archive import END, Entry, EntryKind, header, padding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PASSWD = b"root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
GROUP = b"root:x:0:\nnogroup:x:65534:\n"
OPEN_BITS = 0o1777
DIRECTORY_BITS = 0o755
FILE_BITS = 0o644
LINK_BITS = 0o777


def top_layer(
    programs: Mapping[bytes, bytes], workdir: str, present: Iterable[bytes] = ()
) -> bytes:
    """Return the archive of the top layer.

    Args:
        programs: Name below ``/bin`` -> where that symlink leads.
        workdir: Directory to start in; made when the image has none.
        present: Names that the rootfs has below ``/`` and ``/etc``: those are left alone.
    """
    there = set(present)
    files = {b"etc/group": GROUP, b"etc/passwd": PASSWD}
    entries: dict[bytes, Entry] = {}

    def directory(name: bytes, mode: int = DIRECTORY_BITS) -> None:
        if name not in there:
            entries[name] = Entry(name, EntryKind.DIRECTORY, mode)

    for name, data in files.items():
        directory(b"etc")
        if name not in there:
            entries[name] = Entry(name, EntryKind.FILE, FILE_BITS, len(data))
    for name, target in programs.items():
        directory(b"bin")
        place = b"bin/" + name
        entries[place] = Entry(place, EntryKind.LINK, LINK_BITS, target=target)
    steps = workdir.strip("/").encode().split(b"/") if workdir.strip("/") else []
    for number in range(len(steps)):
        directory(b"/".join(steps[: number + 1]))
    entries[b"tmp"] = Entry(b"tmp", EntryKind.DIRECTORY, OPEN_BITS)
    pieces: list[bytes] = []
    for name in sorted(entries):
        data = files.get(name, b"")
        pieces += [header(entries[name]), data, padding(len(data))]
    return b"".join([*pieces, END])
