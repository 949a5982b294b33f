"""Laws of the readers: nothing but our errors comes out, and what is written is read again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eka.atom import (
    Aliases,
    AtomKey,
    Genesis,
    Label,
    Lock,
    LockedAtom,
    LockedDirect,
    LockedFile,
    LockedSet,
    LockedTree,
    SourceUrl,
    Version,
    atom_id,
    encode_lock,
    parse_atom_uri,
    parse_lock,
    parse_manifest,
    parse_set_manifest,
    parse_source_url,
    read_toml,
)
from eka.atom.lock_v1 import read_lock_v1
from eka.atom.source_url import UNSAFE
from eka.errors import EkaError
from tests.strategies import content_hashes, geneses, labels, object_ids, versions
from tests.vectors import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Callable

ALIASES = Aliases()
URI_PARTS = st.sampled_from(
    [
        "https", "ssh", "file", "git", "ext", "://", ":", "::", "/", "@", "[", "]", "[::1]", ".",
        "..", "-", "~", "%", "%0a", "%2d", "gh", "gl", "host", "a.org", "22", "user", "pw", "?",
        "#", " ", "\\", "é", "\u202e", "\x00", "^1", "*", "label", "localhost", "1.2.3.4", ".git",
    ]
)  # fmt: skip
TOML_PARTS = st.sampled_from(
    [
        "[package]\n", 'label = "a"\n', 'version = "1.0.0"\n', "[package.sets]\n", "core",
        " = ", '"::"', '"gh:a/b"', "[deps.from.core]\n", "[deps.direct.deb]\n", "[build]\n",
        'script = "x"\n', 'unpack = ["a"]\n', "[", "]", "{", "}", "[[", "]]", ".", ",", "\n",
        '"', "'", '"""', "'''", "#", "=", "1", "nan", "0xff", "true", "1979-05-27", "07:32:00",
        "\\", "\\u0041", "\r\n", "\r", "\x00", "é", "a.b.c", "[set]\n", 'packages = ["a"]\n',
        "version = 2\n", "version = 1\n", "[[atom]]\n", "[[deps]]\n", 'type = "atom"\n', "9" * 30,
    ]
)  # fmt: skip
GOOD_FILES = [
    path.read_bytes()
    for path in sorted(FIXTURES.glob("*/golden/*.toml"))
    + sorted(FIXTURES.glob("*/*/golden/*.toml"))
]
READERS = (parse_manifest, parse_set_manifest, parse_lock, read_lock_v1, read_toml)


def texts_of(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts put together from meaningful parts, which random text would hardly hit."""
    return st.lists(parts, max_size=25).map("".join)


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """Good files with one stretch replaced."""
    data = draw(st.sampled_from(GOOD_FILES))
    start = draw(st.integers(0, len(data)))
    end = min(len(data), start + draw(st.integers(0, 20)))
    return (
        data[:start]
        + draw(st.one_of(st.binary(max_size=6), texts_of(TOML_PARTS).map(str.encode)))
        + data[end:]
    )


@pytest.mark.spec("uri-characters", "uri-options", "uri-credentials")
@given(st.one_of(st.text(max_size=60), texts_of(URI_PARTS)))
@example("[" * 3000)
@example(":" * 4096)
@example("@" * 4096)
def test_an_address_is_read_or_refused_and_never_dangerous(text: str) -> None:
    try:
        source = parse_atom_uri(text, ALIASES).source
    except EkaError:
        return

    if source is not None:
        assert source.scheme in {"https", "http", "ssh", "git", "file"}
        assert not source.text.startswith("-")
        assert "::" not in source.text or source.is_local or "[" in source.text
        assert not UNSAFE.search(source.text)
        assert not (source.host or "").startswith("-")
        assert not (source.user or "").startswith("-")
        assert not source.path.lstrip("/").startswith("-")


@given(st.one_of(st.text(max_size=60), texts_of(URI_PARTS)))
@example("user:<@host")
def test_an_address_without_an_alias_is_the_same_after_a_round_trip(text: str) -> None:
    try:
        source = parse_source_url(text, ALIASES)
    except EkaError:
        return

    again = parse_source_url(source.text, Aliases({}))
    public = parse_source_url(source.public, Aliases({}))

    # A password is kept as it was written; the whole address for git holds it encoded.
    assert unquote(again.password or "") == unquote(source.password or "")
    assert replace(again, password=source.password).absolute("/base") == source.absolute("/base")
    assert public.public == source.public
    assert not public.has_credentials


@given(st.one_of(st.binary(max_size=200), texts_of(TOML_PARTS).map(str.encode), damaged_files()))
def test_readers_raise_nothing_but_our_errors(data: bytes) -> None:
    errors = [error_of(read, data) for read in READERS]

    assert all(error is None or (error.what and str(error)) for error in errors)


def error_of(read: Callable[[bytes, str], object], data: bytes) -> EkaError | None:
    """Return the error of a reader, if it is one of ours."""
    try:
        read(data, "file.toml")
    except EkaError as error:
        return error
    return None


@given(damaged_files())
def test_what_is_accepted_as_a_lock_is_canonical(data: bytes) -> None:
    try:
        lock = parse_lock(data, "atom.lock")
    except EkaError:
        return

    assert encode_lock(lock) == data


def urls() -> st.SearchStrategy[str]:
    """Public URLs of repositories."""
    name = st.text("abc019-é ", min_size=1, max_size=5).filter(lambda text: text[0] not in "- ")
    path = st.lists(name, min_size=1, max_size=3).map("/".join)
    file = path.map(lambda text: SourceUrl("file", None, f"/{text}"))
    remote = st.builds(
        SourceUrl,
        st.sampled_from(["https", "http", "git"]),
        st.sampled_from(["a.org", "host", "::1", "192.0.2.1"]),
        path.map(lambda text: f"/{text}".replace(" ", "%20")),
        port=st.one_of(st.none(), st.integers(1, 65535)),
    )
    ssh = remote.map(lambda url: SourceUrl("ssh", url.host, url.path, "git", None, url.port))
    return st.one_of(file, remote, ssh).map(lambda url: url.public)


@st.composite
def locked_files(draw: st.DrawFn) -> tuple[LockedFile, ...]:
    """Files of one direct source."""
    names = draw(
        st.lists(
            st.text("abc+~_.%2b", min_size=3, max_size=9), min_size=1, max_size=3, unique=True
        )
    )
    return tuple(
        LockedFile(
            "http://deb.example/debian",
            f"pool/x{name}",
            draw(st.sampled_from(["", "bookworm", "bookworm/updates"])),
            draw(st.integers(0, 2**63 - 1)),
            draw(content_hashes()).hex,
        )
        for name in names
    )


@st.composite
def locked_atoms(draw: st.DrawFn, geneses_: list[Genesis], own: list[Genesis]) -> list[LockedAtom]:
    """Atoms of some sets, each of which requires only earlier ones."""
    atoms: list[LockedAtom] = []
    for genesis in geneses_:
        oids, is_own = object_ids(genesis.algorithm), genesis in own
        pairs = st.lists(st.tuples(labels(), versions()), min_size=1, max_size=3, unique=True)
        for label, version in draw(pairs):
            known = [atom.key for atom in atoms]
            chosen = draw(st.lists(st.sampled_from(known), unique=True)) if known else []
            patched = not is_own and draw(st.booleans())
            is_local = is_own or patched
            atoms.append(
                LockedAtom(
                    AtomKey(genesis, label, version),
                    atom_id(genesis, label),
                    None if is_local else draw(oids),
                    None if is_local else draw(content_hashes()),
                    None if is_local else draw(oids),
                    tuple(chosen),
                    patched,
                )
            )
    return atoms


@st.composite
def locked_trees(draw: st.DrawFn) -> LockedTree:
    """The directory of a commit."""
    oids = object_ids(draw(st.sampled_from(["sha1", "sha256"])))
    name = draw(st.text("abc/-_é", min_size=1, max_size=9))
    return LockedTree(
        draw(urls()),
        draw(oids),
        draw(oids),
        draw(content_hashes()),
        draw(st.sampled_from(["", f"refs/tags/{name}", f"refs/heads/{name}"])),
        draw(st.sampled_from(["", "lib", "lib/a b"])),
    )


@st.composite
def packages(draw: st.DrawFn) -> tuple[LockedFile, ...]:
    """One package of another ecosystem."""
    return (
        LockedFile(
            "https://npm.example/x.tgz",
            "",
            "",
            draw(st.integers(0, 2**63 - 1)),
            draw(content_hashes()).hex,
            draw(st.sampled_from(["", "left-pad", "@scope/name"])),
            draw(st.sampled_from(["", "1.0.0-rc.1+x", "2!1.0"])),
            draw(st.sampled_from([(), ("http://a.org/",), ("http://b.org/", "http://a.org/")])),
            draw(st.sampled_from(["", f"sha512-{'A' * 86}=="])),
        ),
    )


def locked_direct(atoms: list[LockedAtom]) -> st.SearchStrategy[list[LockedDirect]]:
    """Direct sources of the project and of some atoms."""
    owners = st.sampled_from([None, *(atom.key for atom in atoms)])
    names = labels().map(lambda label: label.text)
    systems = st.sampled_from(["", "x86_64-linux"])
    digests = content_hashes().map(lambda found: found.hex)
    kinds = st.sampled_from(["deb", "url"])
    of_files = st.builds(LockedDirect, owners, kinds, names, systems, digests, locked_files())
    of_npm = st.builds(LockedDirect, owners, st.just("npm"), names, systems, digests, packages())
    of_git = st.builds(
        LockedDirect, owners, st.just("git"), names, systems, digests, tree=locked_trees()
    )
    return st.lists(st.one_of(of_files, of_npm, of_git), max_size=3, unique_by=_identity)


def _identity(each: LockedDirect) -> tuple[AtomKey | None, str, str, str]:
    return (each.owner, each.kind, each.name, each.system)


@st.composite
def locks(draw: st.DrawFn) -> Lock:
    """Locks of every kind: own, patched and foreign atoms, both hash functions, direct sources."""
    all_sets = draw(st.lists(geneses(), max_size=3, unique=True))
    own = all_sets[: draw(st.integers(0, 1))]
    addresses = st.lists(urls(), min_size=1, max_size=3, unique=True).map(tuple)
    atoms = draw(locked_atoms(all_sets, own))
    required = {key for atom in atoms for key in atom.requires}
    roots = [atom.key for atom in atoms if atom.key not in required]
    return Lock(
        requirements=draw(content_hashes()).hex,
        sets=tuple(
            LockedSet(each, () if each in own else named, each in own, tuple(sorted(further)))
            for each in all_sets
            for named in (draw(addresses),)
            for further in (set(draw(st.lists(urls(), max_size=2))) - set(named),)
        ),
        atoms=tuple(draw(st.permutations(atoms))),
        direct=tuple(draw(locked_direct(atoms))),
        requires=tuple(draw(st.permutations(roots))),
    )


@pytest.mark.spec("lock-canonical", "lock-values", "lock-order", "lock-patched")
@given(locks())
def test_a_lock_survives_being_written(lock: Lock) -> None:
    data = encode_lock(lock)

    found = parse_lock(data, "atom.lock")

    assert encode_lock(found) == data
    assert set(found.sets) == set(lock.sets)
    assert {atom.key for atom in found.atoms} == {atom.key for atom in lock.atoms}
    assert set(found.direct) == set(lock.direct)
    assert set(found.requires) == set(lock.requires)


@given(geneses(), labels(), versions())
def test_a_key_survives_being_written(genesis: Genesis, label: Label, version: Version) -> None:
    key = AtomKey(genesis, label, version)

    assert AtomKey.parse(key.text) == key
