"""Foreign text made harmless: what manifests, refs, servers and build logs say is not trusted."""

from __future__ import annotations

import re

# Controls but tab and newline, DEL and C1, soft hyphens, bidirectional and invisible formatting,
# byte order marks, annotation and tag characters, and lone surrogates, which is what bytes that
# are not UTF-8 become in names.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def safe(text: str) -> str:
    r"""Return ``text`` with all that could steer a terminal or deceive a reader as ``\u{hex}``."""
    return _UNSAFE.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text)


def safe_line(text: str) -> str:
    """Return ``text`` made safe for the middle of a line: it holds no line end and no tab."""
    return safe(text).replace("\n", "\\u{a}").replace("\t", "\\u{9}")
