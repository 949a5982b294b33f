"""Derivations: what Nix builds, in the form in which Nix keeps and hashes them.

Source: atom-spec/nix.md [nix-derivation].
"""

from __future__ import annotations

import hashlib

from eka.checking import TYPE_CHECKING
from eka.lazy import pattern
from eka.store.nix.path import NixPath, make_path, text_path
from eka.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_SUFFIX = ".drv"
_DEFAULT_OUTPUT = "out"
_ESCAPED = pattern(r'["\\\n\r\t]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """One build, all of whose inputs are paths that are there already."""

    name: str
    outputs: tuple[str, ...]  # one at least; their paths are in variables of the same names
    sources: tuple[NixPath, ...]
    system: str
    builder: str
    args: tuple[str, ...]
    env: Mapping[str, str]

    def output_name(self, output: str) -> str:
        """Return the name part of an output's path."""
        return self.name if output == _DEFAULT_OUTPUT else f"{self.name}-{output}"

    def output_paths(self) -> dict[str, NixPath]:
        """Return the path of each output: it follows from all that goes into the build."""
        masked = dict.fromkeys(self.outputs, "")
        sha256 = hashlib.sha256(self._encoded(masked)).digest()
        return {
            output: make_path(f"output:{output}", sha256, self.output_name(output))
            for output in self.outputs
        }

    def encode(self) -> bytes:
        """Return the file that Nix reads."""
        return self._encoded({name: path.text for name, path in self.output_paths().items()})

    def path(self) -> NixPath:
        """Return the path of that file."""
        return text_path(f"{self.name}{_SUFFIX}", self.encode(), self.sources)

    def _encoded(self, outputs: Mapping[str, str]) -> bytes:
        env = {**self.env, **outputs}
        fields = (
            _listed(_tuple(name, outputs[name], "", "") for name in sorted(outputs)),
            "[]",  # derivations whose outputs would be inputs
            _texts(path.text for path in sorted(self.sources)),
            _text(self.system),
            _text(self.builder),
            _texts(self.args),
            _listed(_tuple(name, env[name]) for name in sorted(env)),
        )
        return f"Derive({','.join(fields)})".encode("utf-8", "surrogateescape")


def _text(raw: str) -> str:
    escaped = _ESCAPED.sub(lambda found: _ESCAPES[found[0]], raw)
    return f'"{escaped}"'


def _texts(each: Iterable[str]) -> str:
    return _listed(map(_text, each))


def _tuple(*each: str) -> str:
    return f"({','.join(map(_text, each))})"


def _listed(each: Iterable[str]) -> str:
    return f"[{','.join(each)}]"
