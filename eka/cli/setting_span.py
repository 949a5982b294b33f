"""A setting that is a span of time, such as ``7d``."""

from __future__ import annotations

from eka.checking import TYPE_CHECKING
from eka.cli.errors import SettingInvalid
from eka.workflow.ages import InvalidSpan, parse_span

if TYPE_CHECKING:
    from eka.cli.setting_value import Value


def span_setting(key: str, value: Value) -> int:
    """Return a span in seconds.

    Raises:
        SettingInvalid: the value is none.
    """
    if not isinstance(value.raw, str):
        why = f'expected a span of time in quotes, such as "7d", found {value.raw!r}'
        raise SettingInvalid(key, where=value.origin, why=why, span=value.span)
    try:
        return parse_span(value.raw)
    except InvalidSpan as error:
        why = f"{error.where} is no span of time: {error.why}"
        raise SettingInvalid(key, where=value.origin, why=why, span=value.span) from None
