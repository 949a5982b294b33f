"""Carries a push over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eka.atom import SourceUrl
    from eka.git.parcel import Parcel
    from eka.git.push_report import PushReport
    from eka.git.push_settings import PushSettings
    from eka.git.runner import GitRunner


def push_over_http(
    url: SourceUrl, runner: GitRunner, settings: PushSettings, parcel: Parcel
) -> PushReport | None:
    """Push over HTTP; None when only git itself knows how."""
    return None
