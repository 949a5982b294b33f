"""What Nix says of a build: its own words told from those of the builder.

Source: nix-store of Nix 2.8; tests/interop/store/test_nix_backend.py hears it say each of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_EXIT_CODE = re.compile(rb"error: builder for '/nix/store/[^']*' failed with exit code (\d{1,3})")
_NO_OUTPUT = re.compile(
    rb"error: builder for '/nix/store/[^']*' failed to produce output path for output '([\w.+-]+)'"
)
_UNFIT = re.compile(rb"error: file '[^']*' has an unsupported type")
_ERROR = b"error: "
# What Nix says of its own work; the rest is the build's.
_CHATTER = re.compile(
    rb"this derivation will be built:|building '/nix/store/[^']*'\.\.\.|  /nix/store/[^ ]*\.drv"
    rb"|/nix/store/[^ /]*|warning: you did not specify '--add-root'.*"
)


@dataclass(slots=True)
class NixWords:
    """What was learned from the lines of one ``nix-store --realise``."""

    status: int | None = None  # of the builder, where it failed
    fault: str = ""  # of a builder that ended well: what is wrong with its outputs
    error: str = ""  # the last one

    def hear(self, line: bytes) -> bool:
        """Learn from a line; return whether it belongs into the log."""
        if _CHATTER.fullmatch(line):
            return False
        if line.startswith(_ERROR):
            self.error = line.removeprefix(_ERROR).decode("utf-8", "backslashreplace")
            if found := _EXIT_CODE.match(line):
                self.status = int(found[1])
            if found := _NO_OUTPUT.match(line):
                self.fault = f"it did not make its output {found[1].decode()!r}"
            if _UNFIT.match(line):
                self.fault = f"its output cannot be kept: {self.error}"
        return True
