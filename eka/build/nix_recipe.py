"""From what a sandbox is asked to do to a derivation of Nix.

Nix knows no root file system, so a static program makes one inside its sandbox: a mount and user
namespace of its own, in which the trees of the request lie where they should.

Source: atom-spec/nix.md [nix-backend].
"""

from __future__ import annotations

import os
from shlex import quote

from eka.build.nix_store import NixSource
from eka.checking import TYPE_CHECKING
from eka.store import DirNode, FileNode, LinkNode, read_tree
from eka.store.nix.derivation import Derivation
from eka.store.nix.nar import digest_chunks, nar_chunks
from eka.store.nix.path import NixPath, content_path
from eka.store.nix.translate import EKA_PREFIX, NIX_PREFIX, Translator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from eka.build.sandbox import SandboxRequest, Shown
    from eka.store import Node
    from eka.store.nix_view.lower import Lowered

_DEFAULT_OUTPUT = "out"
# Names below / that are made here; those of a root file system are not shown.
_OWN_NAMES = frozenset({"build", "dev", "eka", "etc", "nix", "proc", "sys", "tmp"})
# Nix takes the end of what a builder says for the end of the build: the shell that waits for the
# inner one holds the descriptors open.
_OUTER = '{tools}/busybox unshare -r -m {tools}/sh -eu -c "$1" sh "$@"; exit $?'
_BEGIN = """\
shift
PATH={tools}; R=$NIX_BUILD_TOP/.root; B=$NIX_BUILD_TOP/.build; T=$NIX_BUILD_TOP/.tmp
mkdir -p $R $B $T
mount -t tmpfs none $R
mkdir -p $R/proc $R/dev $R/etc $R/build $R/tmp $R/nix/store
"""
_END = """\
mount --rbind /proc $R/proc
mount --rbind /dev $R/dev
mount --rbind {etc} $R/etc
mount --rbind /nix/store $R/nix/store
cp -a {build}/. $B/
chmod -R u+w $B
mount --rbind $B $R/build
mount --rbind $T $R/tmp
"""
_OUTPUT = """\
to=$(env | sed -n 's/^{name}=//p')
n=$#
while [ $n -gt 0 ]; do
    a=$1; shift; n=$((n-1)); set -- "$@" "${{a//{place}/$to}}"
done
"""
_ENTER = """\
chroot $R {tools}/sh -c 'cd "$1" || exit 125; shift; exec {tools}/busybox env -i "$@"' sh "$@"
"""


class NixRecipe:
    """One request in Nix's words.

    Args:
        request: What to run on what.
        inputs: Everything it may read, and what Nix knows it by.
        physical_root: Where the store's paths lie on this machine.
        busybox: The static program.
    """

    def __init__(
        self,
        request: SandboxRequest,
        inputs: Sequence[Lowered],
        physical_root: Path,
        busybox: Path,
    ) -> None:
        self._request = request
        self._nix = {each.path.base: each.nix for each in inputs}
        self._physical_root = physical_root
        digests = {each.path.digest32.encode(): each.nix.digest32.encode() for each in inputs}
        self._translator = Translator(EKA_PREFIX, NIX_PREFIX, digests)
        self._build = self._tree("build", request.build)
        self._etc = self._tree("etc", request.etc)
        self._tools = _source("tools", lambda: nar_chunks(_tools(busybox.read_bytes())))

    def trees(self) -> tuple[NixSource, ...]:
        """Return what Nix needs besides the inputs."""
        return self._build, self._etc, self._tools

    def derivation(self) -> Derivation:
        """Return the derivation."""
        request = self._request
        variables = [f"{name}={value}" for name, value in sorted(request.env.items())]
        words = [self._text(each) for each in (request.cwd, *variables, *request.command)]
        tools = f"{self._tools.path.text}/bin"
        return Derivation(
            name=self._name(),
            outputs=tuple(sorted(request.outputs)),
            sources=(*self._nix.values(), *(each.path for each in self.trees())),
            system=f"{os.uname().machine}-linux",
            builder=f"{tools}/sh",
            args=("-c", _OUTER.format(tools=tools), "sh", self._script(tools), *words),
            env={},
        )

    @staticmethod
    def file_nar(data: bytes) -> Iterator[bytes]:
        """Yield the NAR of a file."""
        return nar_chunks([FileNode((), executable=False, chunks=(data,))])

    def _name(self) -> str:
        """Return the name from which Nix derives those of all outputs."""
        (output, base), *_ = sorted(
            self._request.outputs.items(), key=lambda pair: pair[0] != _DEFAULT_OUTPUT
        )
        name = base.partition("-")[2]
        return name if output == _DEFAULT_OUTPUT else name.removesuffix(f"-{output}")

    def _script(self, tools: str) -> str:
        parts = [_BEGIN.format(tools=tools)]
        parts += [self._mount(each) for each in self._request.root if each.name not in _OWN_NAMES]
        parts.append(_END.format(etc=self._etc.path.text, build=self._build.path.text))
        parts += [
            _OUTPUT.format(name=name.replace(".", "\\."), place=f"\\/eka\\/store\\/{base}")
            for name, base in sorted(self._request.outputs.items())
        ]
        return "".join((*parts, _ENTER.format(tools=tools)))

    def _mount(self, shown: Shown) -> str:
        place = f"$R/{quote(shown.name)}"
        if shown.source is None:
            return f"ln -s {quote(shown.target)} {place}\n"
        base, *below = shown.source.relative_to(self._physical_root).parts
        source = quote("/".join((self._nix[base].text, *below)))
        make = "mkdir" if shown.source.is_dir() else "touch"
        return f"{make} {place}\nmount --rbind {source} {place}\n"

    def _text(self, raw: str) -> str:
        data = raw.encode("utf-8", "surrogateescape")
        return b"".join(self._translator.stream([data])).decode("utf-8", "surrogateescape")

    def _tree(self, name: str, place: Path) -> NixSource:
        return _source(name, lambda: self._translator.stream(nar_chunks(read_tree(place))))


def _source(name: str, nar: Callable[[], Iterable[bytes]]) -> NixSource:
    path: NixPath = content_path(name, digest_chunks(nar()).sha256)
    return NixSource(path, nar, ())


def _tools(busybox: bytes) -> Iterator[Node]:
    """Yield a directory with one program under the names that scripts here use."""
    yield DirNode(())
    yield DirNode((b"bin",))
    yield FileNode((b"bin", b"busybox"), executable=True, chunks=(busybox,))
    for name in sorted(
        ("chmod", "chroot", "cp", "env", "ln", "mkdir", "mount", "sed", "sh", "touch")
    ):
        yield LinkNode((b"bin", name.encode()), b"busybox")
