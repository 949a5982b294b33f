"""How long ago something was, in words."""

from __future__ import annotations

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"), (1, "second"))


def ago(when_s: int, now_s: int) -> str:
    """Return ``3 hours ago``; ``just now`` within the same second, or for a time to come."""
    age_s = now_s - when_s
    for unit_s, name in _UNITS:
        count = age_s // unit_s
        if count > 0:
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"
