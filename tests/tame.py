"""Whether text can do nothing to a terminal or to its reader but be read."""

from __future__ import annotations

import re
import unicodedata

# The colours of eka.cli.text, and nothing else that starts with an escape.
COLOURS = re.compile(r"\x1b\[(?:0|1|2|1;31|32|33|36)m")
# Controls, invisible formatting, surrogates, and the separators that end a line or a paragraph.
WILD = {"Cc", "Cf", "Cs", "Zl", "Zp"}
FAKE = "error[fake]"
# What strangers put into names, descriptions and messages.
TRICKS = {
    "a title": "\x1b]0;owned\x07",
    "a colour": "\x1b[31mred\x1b[0m",
    "a clear screen": "\x1b[2J\x1b[H",
    "a link": "\x1b]8;;http://evil.example/\x07here\x1b]8;;\x07",
    "a C1 control": "\u009b31mred",
    "a carriage return": "good\rbad",
    "a backspace": "good\x08\x08\x08\x08bad",
    "a line": f"x\n{FAKE}: y",
    "a line separator": f"x\u2028{FAKE}: y",
    "another direction": "\u202eterces",
    "nothing to see": "a\u200bb\u2060c\u00add",
    "a tag": "a\U000e0041b",
    "markup": "[/bold] [red]x[/red] [link=http://evil.example]y[/link]",
}


def wild_letters(text: str, *, kept: str = "\n") -> list[str]:
    """Return the letters of ``text`` that do more than stand there; none is what tests want."""
    plain = COLOURS.sub("", text)
    found = [
        letter for letter in plain if letter not in kept and unicodedata.category(letter) in WILD
    ]
    lines = plain.splitlines()
    return found + [line for line in lines if line.startswith(FAKE)]
