"""The rules that hold for each part of a plan, whoever made it (atom-spec/plan.md)."""

from __future__ import annotations

import re
from itertools import pairwise

from eka.checking import TYPE_CHECKING
from eka.store.errors import InvalidPlan, InvalidStoreName
from eka.store.path import check_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

MAX_TIMEOUT_S = 7 * 24 * 3600
MAX_FILE_BYTES = 1 << 40
MAX_REQUIRES = 100
MAX_ITEMS = 10_000  # inputs, arguments, variables, layers or links of one action
PLACEHOLDER = re.compile(r"\{\{(input|stage|output|open):([^{}]*)\}\}")
BRACES = "{{"  # what {{open:}} stands for
_HEX64 = re.compile(r"[0-9a-f]{64}")
_SYSTEM = re.compile(r"[a-z0-9_]{1,32}-[a-z0-9_]{1,32}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,255}")
_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]{0,127}")
_CAPABILITY = re.compile(r"[a-z][a-z0-9-]{0,63}")
_URL = re.compile(r"https?://[^/\s\x00-\x1f\x7f][^\s\x00-\x1f\x7f]*")


def require(holds: bool, where: str, why: str) -> None:  # noqa: FBT001 - reads as a sentence
    """Raise `InvalidPlan` at ``where`` unless the rule holds."""
    if not holds:
        raise InvalidPlan(where, why)


def check_digest(where: str, text: str) -> None:
    """Require 64 lower-case hex digits."""
    require(_HEX64.fullmatch(text) is not None, where, "not 64 lower-case hex digits")


def check_path_name(where: str, text: str) -> None:
    """Require what can become the name of a store path."""
    try:
        check_name(text)
    except InvalidStoreName as error:
        raise InvalidPlan(where, error.why, fix=error.fix) from error


def check_system(where: str, text: str) -> None:
    """Require a machine and a kernel, such as ``x86_64-linux``."""
    require(_SYSTEM.fullmatch(text) is not None, where, f"{text!r} is not <machine>-<kernel>")


def check_keys(where: str, keys: Collection[str]) -> None:
    """Require short and plain names of inputs, stages and outputs."""
    require(len(keys) <= MAX_ITEMS, where, f"more than {MAX_ITEMS} entries")
    for key in keys:
        require(_KEY.fullmatch(key) is not None, where, f"{key!r} is not a plain name")


def check_text(where: str, text: str) -> None:
    """Require text that can become an argument of a process: no NUL, and encodable."""
    require("\0" not in text, where, "holds a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidPlan(where, "holds half of a surrogate pair") from error


def check_texts(where: str, texts: Collection[str]) -> None:
    """Require that each text of a list obeys `check_text`."""
    require(len(texts) <= MAX_ITEMS, where, f"more than {MAX_ITEMS} entries")
    for index, text in enumerate(texts):
        check_text(f"{where}[{index}]", text)


def check_variables(where: str, env: Mapping[str, str]) -> None:
    """Require portable names of environment variables."""
    require(len(env) <= MAX_ITEMS, where, f"more than {MAX_ITEMS} entries")
    for key, value in env.items():
        require(_VARIABLE.fullmatch(key) is not None, where, f"{key!r} cannot name a variable")
        check_text(f"{where}.{key}", value)


def check_relative(where: str, path: str) -> None:
    """Require a path below some directory: not absolute, no empty part, no ``.`` or ``..``."""
    check_text(where, path)
    parts = path.split("/")
    safe = all(part not in {"", ".", ".."} for part in parts)
    require(safe, where, f"{path!r} is not a plain relative path")


def check_absolute(where: str, path: str) -> None:
    """Require an absolute path without ``..``."""
    require(path.startswith("/"), where, f"{path!r} is not absolute")
    if path != "/":
        check_relative(where, path[1:])


def check_apart(where: str, paths: Collection[str]) -> None:
    """Require that no path equals another or lies below it."""
    ordered = sorted(f"{path}/" for path in paths)
    for before, after in pairwise(ordered):
        require(not after.startswith(before), where, f"{after!r} lies inside {before!r}")


def check_requires(where: str, names: Sequence[str]) -> None:
    """Require names of capabilities in order, none twice; a plan may know more than its reader."""
    require(len(names) <= MAX_REQUIRES, where, f"more than {MAX_REQUIRES} entries")
    for index, name in enumerate(names):
        ok = _CAPABILITY.fullmatch(name) is not None
        require(ok, f"{where}[{index}]", f"{name!r} cannot name a capability")
    require(list(names) == sorted(set(names)), where, "not in order, or one is named twice")


def check_url(where: str, url: str) -> None:
    """Require an http or https URL."""
    ok = _URL.fullmatch(url) is not None
    require(ok, where, f"{url!r} is not an http or https URL")


def check_range(where: str, number: int, low: int, high: int) -> None:
    """Require a number between two bounds, both included."""
    require(low <= number <= high, where, f"{number} is not between {low} and {high}")


def plain_text(text: str) -> str:
    """Return ``text`` as a plan must write it so that nothing in it is a placeholder.

    Source: atom-spec/plan.md [plan-open].
    """
    return PLACEHOLDER.sub(lambda match: f"{{{{open:}}}}{match[0][len(BRACES) :]}", text)


def check_placeholders(
    where: str, texts: Iterable[tuple[str, str]], declared: Mapping[str, Collection[str]]
) -> None:
    """Require that each placeholder names an input, stage or output the action declares."""
    for place, text in texts:
        for match in PLACEHOLDER.finditer(text):
            kind, name = match.groups()
            inside = f"{where}.{place}" if where else place
            require(name in declared[kind], inside, f"{match[0]} names no {kind} of this action")
