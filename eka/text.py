"""Foreign text made harmless, and secrets made unreadable, before anybody sees them."""

from __future__ import annotations

from eka.lazy import pattern

# Controls but tab and newline, DEL and C1, soft hyphens, bidirectional and invisible formatting,
# byte order marks, annotation and tag characters, and lone surrogates, which is what bytes that
# are not UTF-8 become in names.
_UNSAFE = pattern(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)


def safe(text: str) -> str:
    r"""Return ``text`` with all that could steer a terminal or deceive a reader as ``\u{hex}``."""
    if text.isascii() and text.isprintable():
        return text  # nearly all text, and the pattern takes long to compile
    return _UNSAFE.sub(lambda found: f"\\u{{{ord(found[0]):x}}}", text)


def safe_line(text: str) -> str:
    """Return ``text`` made safe for the middle of a line: it holds no line end and no tab."""
    return safe(text).replace("\n", "\\u{a}").replace("\t", "\\u{9}")


# `https://user:secret@`, `https://token@`: nothing before the host may be read. For other schemes
# the user is part of the address (`ssh://git@host`), a password never is.
_SECRETS = (
    pattern(r"(?i)(https?://)([^/\s'\"]+)(?=@)"),
    # Without the scheme: to look for one from each letter of a long word would take for ever.
    pattern(r"(://[^/\s:'\"@]*:)([^/\s'\"]+)(?=@)"),
    pattern(r"(?<![\w:/.+~-])([\w.+~-]+:)([^/\s'\":@]+)(?=@[\w\[])"),
)


def discreet(text: str) -> str:
    """Return ``text`` with what may be a password in an address as ``*``, of the same length."""
    for secret in _SECRETS:
        text = secret.sub(lambda found: found[1] + "*" * len(found[2]), text)
    return text
