"""Feeds damaged documents to a parser: ``python -m tests.fuzz PARSER NUMBER [SEED]``.

One line of JSON says what came of it. The process ends with status 1 at the first document that
makes a parser raise anything but an error of eka's, break its law, or think for longer than any
document deserves; that document is part of the answer.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from typing import TYPE_CHECKING, NoReturn

from eka.errors import EkaError
from tests.fakes.mutations import Mutator
from tests.fakes.parsers import parsers

if TYPE_CHECKING:
    from types import FrameType

THINKING_S = 5.0  # of processor time, for one document of 50 KiB at most
_LARGE_BYTES = 16 * 1024  # from which on nanoseconds per byte mean something


class TooLong(BaseException):
    """A parser thinks for too long."""


def main(name: str, number: str, seed: str = "1") -> int:
    """Parse that many documents."""
    parser = parsers()[name]
    mutator = Mutator(parser.documents, parser.tokens, int(seed))
    signal.signal(signal.SIGVTALRM, _stop)
    accepted, slowest_ns = 0, 0.0
    for _ in range(int(number)):
        data = mutator.next()
        signal.setitimer(signal.ITIMER_VIRTUAL, THINKING_S)
        started = time.process_time_ns() if len(data) > _LARGE_BYTES else 0
        try:
            parser.run(data)
            accepted += 1
        except EkaError as error:
            str(error)
        except BaseException as error:
            print(json.dumps({"error": repr(error), "document": repr(data)}))
            raise
        if started:
            slowest_ns = max(slowest_ns, (time.process_time_ns() - started) / len(data))
    spent_s = time.process_time()
    print(
        json.dumps(
            {
                "documents": int(number),
                "accepted": accepted,
                "slowest_ns_per_byte": round(slowest_ns),
                "spent_s": round(spent_s, 1),
            }
        )
    )
    return 0


def _stop(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise TooLong


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
