"""The words of one line of an ``allowed_signers`` file: quoting, options, patterns, times; pure.

They mean what ``ssh-keygen(1)`` says under ALLOWED SIGNERS.
"""

from __future__ import annotations

import calendar
import re
import time
from dataclasses import dataclass

NAMESPACES = "namespaces"
VALID_AFTER = "valid-after"
VALID_BEFORE = "valid-before"
AUTHORITY = "cert-authority"
_VALUED = (NAMESPACES, VALID_AFTER, VALID_BEFORE)

_PRINCIPALS = re.compile(r'(?:"(?P<quoted>[^"]+)"|(?P<plain>[^\s"]+))[ \t]+')
_OPTION = re.compile(r'(?P<name>[A-Za-z-]+)(?:="(?P<value>(?:[^"\\]|\\.)*)")?(?P<more>,|[ \t]+)')
_TIME = re.compile(
    r"(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z|UTC)?", re.ASCII | re.IGNORECASE
)
_KEY_KIND = re.compile(r"(?:ssh|ecdsa|sk-ssh|sk-ecdsa|webauthn)-[A-Za-z0-9@.-]+[ \t]")
MAX_PATTERN_CHARACTERS = 1024


class LineFault(ValueError):
    """A line that is not written as it must be."""


@dataclass(frozen=True, slots=True)
class SignerLine:
    """The parts of a line."""

    principals: str
    options: dict[str, str]
    """Names in lower case; those that take no value have an empty one."""
    key: str


def split_line(line: str) -> SignerLine:
    """Return the parts of a line that is neither empty nor a comment; raises LineFault."""
    found = _PRINCIPALS.match(line)
    if found is None:
        raise LineFault("expected principals, then a key")
    principals = found["quoted"] or found["plain"]
    if len(principals) > MAX_PATTERN_CHARACTERS:
        raise LineFault(f"the principals are longer than {MAX_PATTERN_CHARACTERS} characters")
    rest = line[found.end() :]
    if _KEY_KIND.match(rest):
        return SignerLine(principals, {}, rest)
    options, rest = _split_options(rest)
    return SignerLine(principals, options, rest)


def _split_options(text: str) -> tuple[dict[str, str], str]:
    options: dict[str, str] = {}
    more = ","
    while more == ",":
        found = _OPTION.match(text)
        if found is None:
            raise LineFault('expected a key or options such as `namespaces="git"`')
        name, more = found["name"].lower(), found["more"]
        if name in options:
            raise LineFault(f"the option {name} stands there twice")
        if name not in (*_VALUED, AUTHORITY):
            raise LineFault(f"the option {name} is not known")
        if (found["value"] is None) is (name in _VALUED):
            raise LineFault(f"the option {name} takes {'a' if name in _VALUED else 'no'} value")
        options[name] = re.sub(r"\\(.)", r"\1", found["value"] or "")
        text = text[found.end() :]
    return options, text


def parse_time(text: str) -> int:
    """Return seconds since 1970 of ``YYYYMMDD``, ``YYYYMMDDHHMM`` or ``YYYYMMDDHHMMSS``.

    With ``Z`` behind it is UTC, otherwise the time zone of this machine.

    Raises:
        LineFault: it is no such time.
    """
    found = _TIME.fullmatch(text)
    if found is None:
        raise LineFault(f"{text!r} is no time such as 20271231 or 20271231235959Z")
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    parts = (year, month, day, hour, minute, second, 0, 0, -1)
    in_range = 1 <= month <= 12 and hour < 24 and minute < 60 and second < 60  # noqa: PLR2004
    if year < 1970 or not in_range or not 1 <= day <= calendar.monthrange(year, month)[1]:  # noqa: PLR2004
        raise LineFault(f"{text!r} is no time that exists")
    try:
        return calendar.timegm(parts) if found[7] else int(time.mktime(parts))
    except OverflowError as error:
        raise LineFault(f"{text!r} is too far away") from error


def matches(text: str, patterns: str) -> bool:
    """Return whether ``text`` fits a list of patterns, such as ``*@example.org,!eve@*``."""
    is_found = False
    for pattern in patterns.split(","):
        negated = pattern.startswith("!")
        if _fits(text, pattern[1:] if negated else pattern):
            if negated:
                return False
            is_found = True
    return is_found


def _fits(text: str, pattern: str) -> bool:
    """Match ``*`` and ``?``; takes at most as many steps as both lengths multiplied."""
    at, star, retry, here = 0, -1, 0, 0
    while here < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, retry, at = at, here, at + 1
        elif at < len(pattern) and pattern[at] in ("?", text[here]):
            at, here = at + 1, here + 1
        elif star >= 0:
            retry += 1
            at, here = star + 1, retry
        else:
            return False
    return not pattern[at:].strip("*")
