"""Nix and eka exchange paths by way of binary caches: each reads what the other wrote."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from eka.build.nix_cache import DirectoryCache
from eka.build.nix_import import NixImport
from eka.build.nix_trust import NixTrust
from eka.store import Store, StorePath
from eka.store.nix.errors import NixPathUntrusted
from eka.store.nix.keys import NixPublicKey, NixSecretKey
from eka.store.nix.path import NixPath
from eka.store.nix_view.export import Exported, NixExport
from tests.fakes.nix import Nix, silent
from tests.servers.nix_cache import served
from tests.store_nodes import SAMPLE, nodes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = NixSecretKey.make("eka.example.org-1", bytes(range(32)))
# A library, and a program that knows where it is itself, in a file and in a link.
CLOSURE = """
  let library = make "library" "mkdir $out; echo some code > $out/code";
  in make "program" ''
    mkdir $out
    echo "#!/bin/sh" > $out/run
    echo "$out uses ${library}/code and says $out" >> $out/run
    chmod +x $out/run
    ln -s $out/run $out/link
    ln -s ${library} $out/library
  ''
"""


@pytest.fixture
def nix(tmp_path: Path) -> Nix:
    return Nix(tmp_path / "nix")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "store", durable=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Nix, str]:
    """A store of Nix, and a program it has built."""
    nix = Nix(tmp_path_factory.mktemp("nix"))
    return nix, nix.build(CLOSURE, nix.add_tools())


def make_closure(store: Store) -> StorePath:
    """Add what CLOSURE builds, as a build of eka leaves it."""
    library = store.add_tree("library", nodes(SAMPLE))
    placeholder = StorePath("u" * 32, "program")
    built = store.staging("program") / "program"
    built.mkdir()
    (built / "run").write_text(f"#!/bin/sh\n{placeholder.text} uses {library.text}/code\n")
    (built / "run").chmod(0o755)
    (built / "large").write_bytes(bytes(700_001) + placeholder.text.encode() + bytes(700_001))
    (built / "link").symlink_to(f"{placeholder.text}/run")
    (built / "library").symlink_to(library.text)
    return store.register_output("program", built, placeholder=placeholder, candidates=[library])


def export(store: Store, directory: Path, compression: str = "none") -> list[Exported]:
    exporter = NixExport(store, directory, key=KEY, compression=compression)
    return exporter.write([make_closure(store)], silent)


def without_content_address(cache: Path) -> None:
    """Leave nothing but signatures to believe in."""
    for file in cache.glob("*.narinfo"):
        lines = file.read_text("utf-8").splitlines(keepends=True)
        file.write_text("".join(each for each in lines if not each.startswith("CA:")), "utf-8")


@pytest.mark.spec("nix-lower")
@pytest.mark.spec("nix-export")
@pytest.mark.parametrize("compression", ["none", "xz"])
def test_nix_takes_paths_and_all_they_refer_to(
    nix: Nix, store: Store, tmp_path: Path, compression: str
) -> None:
    exported = export(store, tmp_path / "cache", compression)
    library, program = (each.info.path.text for each in exported)

    copied = nix.alone(
        "nix", "copy", "--from", f"file://{tmp_path}/cache", "--to", nix.root, program
    )
    checked = nix.run("nix-store", "--verify", "--check-contents")

    assert copied.returncode == 0, copied.stderr
    assert (checked.returncode, b"modified" in checked.stderr) == (0, False)
    assert nix.says("nix-store", "-q", "--references", program).split() == [library, program]
    run = nix.physical(program) / "run"
    assert run.read_text() == f"#!/bin/sh\n{program} uses {library}/code\n"
    assert os.access(run, os.X_OK)
    assert str((nix.physical(program) / "link").readlink()) == f"{program}/run"
    assert str((nix.physical(program) / "library").readlink()) == library
    assert (nix.physical(program) / "large").read_bytes().strip(b"\0") == program.encode()


@pytest.mark.spec("nix-signature")
@pytest.mark.spec("nix-fingerprint")
def test_nix_verifies_signatures_and_hashes(nix: Nix, store: Store, tmp_path: Path) -> None:
    program = export(store, tmp_path / "cache")[-1].info.path.text
    without_content_address(tmp_path / "cache")
    stranger = NixSecretKey.make(KEY.name, b"x" * 32).public.text
    verify = ("nix", "store", "verify", "--recursive", "--store", f"file://{tmp_path}/cache")

    believed = nix.alone(*verify, program, trusted_public_keys=KEY.public.text)
    doubted = nix.alone(*verify, program, trusted_public_keys=stranger)

    assert believed.returncode == 0, believed.stderr
    assert doubted.returncode == 2
    assert doubted.stderr.count(b"is untrusted") == 2


@pytest.mark.spec("nix-signature")
def test_nix_substitutes_over_http_what_a_trusted_key_signed(
    nix: Nix, store: Store, tmp_path: Path
) -> None:
    program = export(store, tmp_path / "cache", "xz")[-1].info.path.text
    without_content_address(tmp_path / "cache")
    stranger = NixSecretKey.make(KEY.name, b"x" * 32).public.text

    with served(tmp_path / "cache") as url:
        source = {"substitute": "true", "substituters": url}
        refused = nix.run("nix-store", "-r", program, **source, trusted_public_keys=stranger)
        taken = nix.run("nix-store", "-r", program, **source, trusted_public_keys=KEY.public.text)

    assert refused.returncode != 0
    assert b"not signed by any of the keys" in refused.stderr
    assert taken.returncode == 0, taken.stderr
    assert (nix.physical(program) / "run").is_file()


def test_nix_notices_a_changed_archive(nix: Nix, store: Store, tmp_path: Path) -> None:
    exported = export(store, tmp_path / "cache")
    archive = tmp_path / "cache" / exported[-1].info.url
    archive.write_bytes(archive.read_bytes().replace(b"uses", b"eats"))

    copied = nix.alone(
        "nix", "copy", "--from", f"file://{tmp_path}/cache", "--to", nix.root,
        exported[-1].info.path.text,
    )  # fmt: skip

    assert copied.returncode != 0
    assert b"hash mismatch" in copied.stderr


@pytest.mark.spec("nix-import")
@pytest.mark.parametrize("compression", ["xz", "none", "bzip2", "gzip"])
def test_a_cache_made_by_nix_is_read(
    built: tuple[Nix, str], store: Store, tmp_path: Path, compression: str
) -> None:
    nix, program = built
    secret, public = nix.keys()
    to = f"file://{tmp_path}/cache?secret-key={secret}&compression={compression}"
    nix.says("nix", "copy", "--to", to, program)
    trust = NixTrust((NixPublicKey.parse(public),))

    cache = DirectoryCache(tmp_path / "cache")
    found = NixImport(store, cache, trust).fetch([NixPath.parse(program)], silent)

    paths = {each.nix.name: each.path for each in found}
    theirs, ours = nix.physical(program), store.physical(paths["program"])
    mapped = {each.nix.text: each.path.text for each in found}
    assert (ours / "run").read_text() == translated((theirs / "run").read_text(), mapped)
    assert str((ours / "link").readlink()) == f"{paths['program'].text}/run"
    assert str((ours / "library").readlink()) == paths["library"].text
    assert os.access(ours / "run", os.X_OK)
    assert set(store.path_info(paths["program"]).references) == {
        path for name, path in paths.items() if name == "library"
    }
    assert store.verify() == []


def translated(text: str, mapped: dict[str, str]) -> str:
    for nix, eka in mapped.items():
        text = text.replace(nix, eka)
    return text


@pytest.mark.spec("nix-trust")
def test_what_nobody_trusted_signed_is_refused(
    built: tuple[Nix, str], store: Store, tmp_path: Path
) -> None:
    nix, program = built
    secret, _ = nix.keys()
    nix.says("nix", "copy", "--to", f"file://{tmp_path}/cache?secret-key={secret}", program)
    stranger = NixPublicKey(KEY.name, KEY.public.raw)

    with pytest.raises(NixPathUntrusted) as refused:
        NixImport(store, DirectoryCache(tmp_path / "cache"), NixTrust((stranger,))).fetch(
            [NixPath.parse(program)], silent
        )

    assert refused.value.signers == ("nix.example.org-1",)
    assert store.info().paths == 0


@pytest.mark.spec("nix-trust")
def test_what_its_content_names_needs_no_signature(
    built: tuple[Nix, str], store: Store, tmp_path: Path
) -> None:
    nix, program = built
    cache = f"file://{tmp_path}/cache"
    said = nix.run("nix", "store", "make-content-addressed", "--to", cache, program).stderr
    (named,) = re.findall(rf"rewrote '{program}' to '([^']*)'", said.decode())

    found = NixImport(store, DirectoryCache(tmp_path / "cache"), NixTrust()).fetch(
        [NixPath.parse(named)], silent
    )

    # Named by content, it comes back under the very names that Nix gave it.
    back = NixExport(store, tmp_path / "back", key=None, compression="none").write(
        [found[-1].path], silent
    )
    assert [each.info.path for each in back] == [each.nix for each in found]


def test_what_went_to_nix_comes_back_as_it_was(nix: Nix, tmp_path: Path) -> None:
    with Store.open(tmp_path / "store", durable=False) as store:
        exported = export(store, tmp_path / "cache")
        wanted = [each.path for each in exported]
        program = exported[-1].info.path
    nix.alone("nix", "copy", "--from", f"file://{tmp_path}/cache", "--to", nix.root, program.text)
    nix.says("nix", "copy", "--to", f"file://{tmp_path}/second", program.text)

    with Store.open(tmp_path / "other", durable=False) as other:
        files = DirectoryCache(tmp_path / "second")
        found = NixImport(other, files, NixTrust()).fetch([program], silent)
        faults = other.verify()

    assert [each.path for each in found] == wanted
    assert faults == []
    same = ["diff", "-r", f"{tmp_path}/store/store", f"{tmp_path}/other/store"]
    assert subprocess.run(same, check=False, capture_output=True).stdout == b""
