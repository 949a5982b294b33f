"""What ``git push --porcelain`` says became of each ref; pure."""

from __future__ import annotations

from eka.git.safe import safe_line
from eka.values import dataclass

_FLAG_LENGTH = 2
_REFUSED = "!"
_UP_TO_DATE = "="
UNREPORTED = "failed to report status"
"""The reason that stands for "the server did not say"; git's words."""
_FLAGS = frozenset(" +-*=!")


@dataclass(frozen=True, slots=True)
class PushReport:
    """The outcome of one push."""

    created: tuple[str, ...]
    """Refs of the remote that this push created or moved."""
    present: tuple[str, ...]
    """Refs that had the pushed value before."""
    refused: tuple[tuple[str, str], ...]
    """(ref, reason) of the others; reasons are safe to show."""
    messages: str = ""
    """What git and the server's hooks said besides, safe to show."""

    @property
    def is_unknown(self) -> bool:
        """Whether the server did not say what became of the push; it may have taken it."""
        return any(UNREPORTED in reason for _, reason in self.refused)

    @property
    def reasons(self) -> str:
        """The distinct reasons, the telling ones first, in one line."""
        distinct = dict.fromkeys(reason for _, reason in self.refused)
        ordered = sorted(distinct, key=lambda reason: "atomic" in reason)
        return "; ".join(ordered)


def parse_push_report(stdout: bytes, stderr: bytes) -> PushReport:
    """Return what a push reported: lines of flag, TAB, ``from:to``, TAB, summary and reason."""
    created: list[str] = []
    present: list[str] = []
    refused: list[tuple[str, str]] = []
    for line in stdout.decode(errors="surrogateescape").splitlines():
        if line[1:_FLAG_LENGTH] != "\t" or line[0] not in _FLAGS:
            continue
        refs, _, summary = line[_FLAG_LENGTH:].partition("\t")
        name = refs.rpartition(":")[2]
        if line[0] == _REFUSED:
            refused.append((name, safe_line(_reason(summary))))
        else:
            (present if line[0] == _UP_TO_DATE else created).append(name)
    return PushReport(tuple(created), tuple(present), tuple(refused), safe_line(stderr))


def _reason(summary: str) -> str:
    """Return what stands in parentheses: ``[remote rejected] (pre-receive hook declined)``."""
    _, found, reason = summary.partition("(")
    return reason.removesuffix(")") if found else summary
