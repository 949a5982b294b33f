"""Why versions were selected, as people and programs read it (``eka lock --explain``)."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.text import Table, bold, columns_of, cyan
from eka.errors import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from eka.cli.reply import Json
    from eka.cli.text import Line
    from eka.resolve import AskedBy, Request
    from eka.workflow.explain import Explained

_FEW = 2  # of several lines that hold a version back so many are named


def reasons_document(explained: Sequence[Explained]) -> Json:
    """Return what programs read."""
    return [_document(each) for each in explained]


def reason_lines(explained: Sequence[Explained], *, at_length: bool) -> Iterator[Line | Table]:
    """Yield a table of reasons; at length, what asks for a version and stands in the way too."""
    if not at_length:
        rows = tuple((_name(each.why.request), _in_short(each)) for each in explained)
        yield Table(("atom", "why"), rows)
        return
    for each in explained:
        yield (bold(_name(each.why.request)), f": {_reason(each)}")
        lines = [(f"  asked for by {_line(line)}", _place(line)) for line in each.why.asked_by]
        width = max((columns_of(text) for text, _ in lines), default=0)
        for text, place in lines:
            yield (text, " " * (width - columns_of(text) + 2) if place else "", cyan(place))
        yield from (f"  {said}" for said in _further(each))


def _name(request: Request) -> str:
    return f"{request[0][1].text} {request[1].text}"


def _reason(explained: Explained) -> str:
    why = explained.why
    fitting = why.fitting.text if why.fitting else ""
    if why.ground == "newest":
        return "the newest"
    if why.ground == "refused":
        version, refusal = why.refused[0]
        return f"{version.text} cannot be used: {refusal.reason}"
    if why.ground == "held":
        return f"{_newest(explained)} is refused by {_holders(why.held_by)}"
    if why.ground == "kept":
        return f"kept from the lock; {fitting} is newer and all lines accept it"
    if why.ground == "oldest":
        return f"the oldest that fits; {fitting} is newer"
    return f"{fitting} does not go with the rest"


def _in_short(explained: Explained) -> str:
    """Return the reason, and what tells more where it leaves a question."""
    why = explained.why
    asks = why.ground == "others"
    more = f": eka lock --explain {why.request[0][1].text}" if asks else ""
    return f"{_reason(explained)}{more}"


def _further(explained: Explained) -> Iterator[str]:
    """Yield what else there is to say of a version."""
    why = explained.why
    for version, refusal in why.refused if why.ground != "refused" else why.refused[1:]:
        yield f"{version.text} cannot be used: {refusal.reason}"
    if why.ground != "held" and why.held_by:
        yield f"{_newest(explained)} is refused by {_holders(why.held_by)}"
    for other in why.beside:
        yield f"{other.text} is selected beside it"
    if why.fitting and explained.obstacle:
        yield f"{why.fitting.text} does not fit:"
        yield from (f"  {each}" for each in explained.obstacle)
    for label, now, then in explained.instead:
        yield f"{label.text} {now.text} would be {then.text} with {_fitting(explained)}"
    if why.ground == "kept" and not explained.obstacle:
        yield f"eka update {why.request[0][1].text} takes {_fitting(explained)}"


def _newest(explained: Explained) -> str:
    return explained.why.newest.text if explained.why.newest else ""


def _fitting(explained: Explained) -> str:
    return explained.why.fitting.text if explained.why.fitting else ""


def _holders(lines: Sequence[AskedBy]) -> str:
    named = [f"{each.wanted.requirement.text} of {_owner(each)}" for each in lines[:_FEW]]
    more = len(lines) - _FEW
    return " and ".join(named) + (f" and {more} more" if more > 0 else "")


def _line(line: AskedBy) -> str:
    wanted = line.wanted
    return f"{_owner(line)}: {wanted.key[1].text} {wanted.requirement.text}"


def _owner(line: AskedBy) -> str:
    return _name(line.owner) if line.owner else "your project"


def _place(line: AskedBy) -> str:
    """Return where a line of the project stands."""
    span = line.wanted.origin
    if line.owner is not None or not isinstance(span, Span):
        return ""
    return f"{span.file.rpartition('/')[2]}:{span.line}"


def _document(explained: Explained) -> Json:
    why = explained.why
    (genesis, label), version = why.request
    return {
        "set": genesis.hex,
        "label": label.text,
        "version": version.text,
        "ground": why.ground,
        "newest": why.newest.text if why.newest else None,
        "fitting": why.fitting.text if why.fitting else None,
        "asked_by": [_line_document(each) for each in why.asked_by],
        "held_by": [_line_document(each) for each in why.held_by],
        "refused": [
            {"version": each.text, "cause": refusal.cause, "reason": refusal.reason}
            for each, refusal in why.refused
        ],
        "beside": [each.text for each in why.beside],
        "obstacle": list(explained.obstacle),
        "instead": [
            {"label": each.text, "now": now.text, "then": then.text}
            for each, now, then in explained.instead
        ],
    }


def _line_document(line: AskedBy) -> Json:
    span = line.wanted.origin if isinstance(line.wanted.origin, Span) else None
    owner = line.owner
    return {
        "owner": {"label": owner[0][1].text, "version": owner[1].text} if owner else None,
        "requirement": line.wanted.requirement.text,
        "file": span.file if span else None,
        "line": span.line if span else None,
    }
