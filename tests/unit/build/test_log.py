from __future__ import annotations

import io

import pytest

from eka.build.log import TAIL_LINES, LogWriter
from eka.store import MAX_LINE_BYTES


class Listener:
    def __init__(self, limit: int = 1 << 20) -> None:
        self.file = io.BytesIO()
        self.lines: list[bytes] = []
        self.log = LogWriter(self.file, limit, self.lines.append)

    def hear(self, *chunks: bytes) -> None:
        for chunk in chunks:
            self.log.write(chunk)
        self.log.finish()


@pytest.mark.spec("sandbox-log")
def test_lines_are_put_together_and_bytes_kept_as_they_are() -> None:
    listener = Listener()

    listener.hear(b"on", b"e\ntwo\n\n\x1b[31m\xff", b"end")

    assert listener.lines == [b"one", b"two", b"", b"\x1b[31m\xffend"]
    assert listener.file.getvalue() == b"one\ntwo\n\n\x1b[31m\xffend"


@pytest.mark.spec("sandbox-log")
def test_beyond_its_limit_only_the_tail_goes_on() -> None:
    listener = Listener(limit=10)

    listener.hear(b"12345\n", b"6789012345\n", b"last\n")

    notice = b"[the log was cut here, at 10 bytes]"
    assert listener.file.getvalue() == b"12345\n6789\n" + notice + b"\n"
    assert listener.lines == [b"12345", notice]
    assert listener.log.tail == ("12345", "6789012345", "last")


def test_a_line_without_end_is_cut_into_pieces() -> None:
    listener = Listener()

    listener.hear(b"x" * (3 * MAX_LINE_BYTES), b"\n")

    assert max(map(len, listener.lines)) == MAX_LINE_BYTES
    assert b"".join(listener.lines) == b"x" * (3 * MAX_LINE_BYTES)


def test_the_tail_has_a_fixed_length() -> None:
    listener = Listener()

    listener.hear(*(b"%d\n" % number for number in range(100)))

    assert listener.log.tail == tuple(str(number) for number in range(100 - TAIL_LINES, 100))


def test_the_tail_is_text() -> None:
    listener = Listener()

    listener.hear(b"caf\xc3\xa9 \xff\n")

    assert listener.log.tail == ("café \\xff",)
