"""The binary caches that settings name."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING, cast
from eka.cli.errors import SettingInvalid

if TYPE_CHECKING:
    from eka.cli.setting_value import Value

MAX_CACHES = 32


def caches_setting(key: str, value: Value) -> tuple[str, ...]:
    """Return the caches, in the order they are asked; raises `SettingInvalid`."""
    raw = value.raw
    if isinstance(raw, str):  # a variable: parted by spaces
        found: list[object] = list(raw.split())
    else:
        found = cast("list[object]", raw) if isinstance(raw, list) else [None]
    names = [each for each in found if isinstance(each, str) and _is_name(each)]
    if len(names) != len(found) or len(names) > MAX_CACHES:
        why = f"expected at most {MAX_CACHES} addresses or absolute paths, found {raw!r}"
        raise SettingInvalid(key, where=value.origin, why=why, span=value.span)
    return tuple(names)


def _is_name(text: str) -> bool:
    return text.startswith(("http://", "https://", "file://", "/")) and "\0" not in text
