"""Manifests read into values; the vectors are in tests/conformance."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from eka.atom import (
    RESERVED_VARIABLES,
    Aliases,
    DebSource,
    DirectSource,
    ForeignSource,
    ForeignUrl,
    InvalidValue,
    Label,
    Manifest,
    SourceUrl,
    Tag,
    UnknownInput,
    UnknownKey,
    UrlSource,
    Version,
    WrongType,
    check_foreign,
    parse_manifest,
    requirements_digest,
    source_digest,
    variable_name,
)
from eka.errors import EkaError, Problems
from eka.hashing import digest
from tests.vectors import FIXTURES

PACKAGE = '[package]\nlabel = "tool"\nversion = "1.0.0"\n'
FULL = (FIXTURES / "manifest/golden/full.toml").read_text(encoding="utf-8")


def manifest(text: str) -> Manifest:
    """Read a manifest."""
    return parse_manifest(text.encode(), "atom.toml")


def error_of(text: str) -> EkaError:
    """Return the error of a manifest."""
    with pytest.raises(EkaError) as caught:
        manifest(text)
    return caught.value


@pytest.mark.spec("manifest-package", "manifest-tags", "manifest-systems", "manifest-single")
def test_the_package_table_is_read() -> None:
    package = manifest(FULL).package

    assert package.label == Label("größe-3")
    assert package.version == Version.parse("1.2.0-rc.1")
    assert package.description == "Measures things.\n\n\tIn several lines."
    assert package.license == "MIT OR Apache-2.0"
    assert package.tags == (Tag("cli"), Tag("unit:metric"), Tag("v1.x"))
    assert package.systems == ("x86_64-linux", "aarch64-linux")
    assert package.single


@pytest.mark.spec("manifest-sets")
def test_sets_are_own_or_addresses() -> None:
    sets = manifest(FULL).package.sets

    assert (sets["here"].own, sets["here"].urls) == (True, ())
    assert [url.public for url in sets["both"].urls] == [
        "https://git.example.org/both",
        "ssh://git@mirror.example.org:2222/both",
    ]
    assert sets["both"].own
    assert sets["short"].urls == (SourceUrl("https", "github.com", "/owner/repo"),)
    assert sets["short"].written == ("gh:owner/repo",)
    assert sets["near"].urls == (SourceUrl("file", None, "../other"),)


def test_the_callers_aliases_count() -> None:
    text = PACKAGE + '[package.sets]\ncore = "corp:core"\n'

    found = parse_manifest(text.encode(), "atom.toml", Aliases({"corp": "git.corp.example"}))

    assert found.package.sets["core"].urls == (SourceUrl("https", "git.corp.example", "/core"),)
    assert error_of(text).code == "unknown-alias"


@pytest.mark.spec("manifest-deps", "manifest-dev")
def test_dependencies_carry_their_place() -> None:
    found = manifest(FULL)

    named = [(each.set_name, each.label.text) for each in found.dependencies]
    assert named == [("core", "toolchain"), ("core", "lib-a"), ("here", "größe-1")]
    assert [each.requirement.text for each in found.dev_dependencies] == ["=12.0.0", "~2.1"]
    span = found.dependencies[1].span
    assert span is not None
    assert span.text == 'lib-a = ">=1.2, <3"'


@pytest.mark.spec("manifest-deb", "manifest-url", "manifest-direct-foreign")
def test_direct_sources_are_read_by_kind() -> None:
    direct = {source.name.text: source for source in manifest(FULL).direct}

    assert direct["src"] == DebSource(Label("src"), (), "zlib", None)
    assert direct["root"] == DebSource(
        Label("root"), ("gcc", "libc6-dev", "g++"), None, "bookworm"
    )
    assert direct["one"] == DebSource(Label("one"), ("hello",), None, "stable/updates")
    assert direct["plain"] == UrlSource(Label("plain"), "http://[2001:db8::1]:8080")
    assert isinstance(direct["data"], UrlSource)
    assert direct["data"].unpack
    assert direct["pair"] == ForeignSource("conan", Label("pair"), ["a", "b"])
    assert {source.kind for source in direct.values()} == {"conan", "deb", "url"}


@pytest.mark.spec("manifest-build", "manifest-env", "manifest-timeout")
def test_a_script_is_read() -> None:
    build = manifest(FULL).build

    assert build is not None
    assert build.rootfs == "toolchain"
    assert build.script == "make -j$JOBS install DESTDIR=$out LIB=$lib_a"
    assert build.env == {"CFLAGS": "-O2", "_x1": ""}
    assert build.timeout_s == 3600


@pytest.mark.spec("manifest-build", "manifest-links")
def test_a_list_of_sources_to_unpack_is_read() -> None:
    build = manifest((FIXTURES / "manifest/golden/unpack.toml").read_text()).build

    assert build is not None
    assert build.script is None
    assert build.unpack == ("root", "more")
    assert build.links["usr/bin/cc"] == "../lib/gcc/cc"


@pytest.mark.spec("manifest-data")
def test_other_tables_are_data() -> None:
    found = manifest(FULL)

    assert found.compose is not None
    assert found.compose["use"] == "star"
    assert found.pipelines["test"]["run"] == "make test"
    assert found.service == {"port": 8080}
    assert manifest(PACKAGE).compose is None


@pytest.mark.spec("manifest-wild")
def test_the_wild_keeps_its_description_elsewhere() -> None:
    text = (FIXTURES / "manifest/golden/wild-composer.toml").read_text(encoding="utf-8")

    package = manifest(text).package

    assert package.description == "kept here by the wild"
    assert package.tags == (Tag("one"), Tag("two"))
    both = manifest(
        f'{PACKAGE}description = "own"\ntags = ["own"]\n{text[text.index("[package.m") :]}'
    )
    assert (both.package.description, both.package.tags) == ("own", (Tag("own"),))


@pytest.mark.spec("manifest-problems")
def test_all_problems_come_in_the_order_of_the_file() -> None:
    error = error_of(
        '[service]\n[pipeline]\n"a b" = {}\n[package]\nlabel = "1"\n'
        'version = 1\nlicence = "MIT"\n[deps.from.core]\nx = "no"\n'
    )

    assert isinstance(error, Problems)
    spans = [problem.span for problem in error.problems]
    assert [(span.line, span.column) for span in spans if span] == [
        (3, 1),
        (5, 9),
        (6, 11),
        (7, 1),
        (8, 12),
        (9, 5),
    ]


@pytest.mark.spec("manifest-unknown")
def test_an_unknown_key_comes_with_the_nearest_one() -> None:
    error = error_of(PACKAGE + 'licence = "MIT"\n')

    assert isinstance(error, UnknownKey)
    assert (error.key, error.suggestion) == ("licence", "license")
    assert error.fix == "did you mean `license`?"
    assert error.where == "atom.toml:4:1"
    assert error_of(PACKAGE + "zzzzzz = 1\n").fix == "remove it"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("true", "a boolean"),
        ("1", "an integer"),
        ("1.5", "a float"),
        ("[]", "an array"),
        ("{}", "a table"),
        ("2026-01-01", "a date or time"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(value: str, found: str) -> None:
    error = error_of(PACKAGE + f"license = {value}\n")

    assert isinstance(error, WrongType)
    assert (error.key, error.expected, error.found) == ("package.license", "a string", found)


def test_an_unknown_input_comes_with_those_there_are() -> None:
    error = error_of(
        PACKAGE + '[deps.direct.deb]\nsrc = { source = "zlib" }\n'
        '[build]\nscript = "make"\nrootfs = "scr"\n'
    )

    assert isinstance(error, UnknownInput)
    assert error.name == "scr"
    assert "`src`" in error.why
    assert "none" in error_of(PACKAGE + '[build]\nunpack = ["x"]\n').why


def test_an_undeclared_set_comes_with_those_declared() -> None:
    assert "declares no set" in error_of(PACKAGE + '[deps.from.x]\ny = "1"\n').why
    both = PACKAGE + '[package.sets]\nb = "::"\na = "::"\n[deps.from.x]\ny = "1"\n'
    assert "`a`, `b`" in error_of(both).why


def test_a_broken_package_table_hides_no_other_problem() -> None:
    error = error_of('package = 1\n[deps.from.core]\nx = "no"\n')

    assert isinstance(error, Problems)
    assert [problem.code for problem in error.problems] == [
        "wrong-type",
        "undeclared-set",
        "invalid-requirement",
    ]


@pytest.mark.spec("manifest-variables")
def test_a_label_is_a_variable_with_underscores() -> None:
    assert variable_name(Label("lib-a-b")) == "lib_a_b"
    assert variable_name(Label("ü-x")) == "u_c3bc2d78"
    assert variable_name(Label("ü" * 31)) == "u_" + "c3bc" * 31
    assert variable_name(Label("ü" * 32)) == "u_" + digest(("ü" * 32).encode()).hex()
    assert "out" in RESERVED_VARIABLES


@pytest.mark.spec("manifest-variables")
def test_inputs_may_share_a_name_where_no_script_is() -> None:
    text = PACKAGE + '[package.sets]\na = "::"\nb = "gh:o/r"\n[deps.from.a]\nx = "1"\n'
    text += '[deps.from.b]\nx = "1"\nout = "1"\n'

    assert len(manifest(text).dependencies) == 3


@pytest.mark.spec("manifest-foreign")
@pytest.mark.parametrize(
    "address",
    ["gh:o/r", "/srv/set", "../set", "http://a.org/x", "git://a.org/x", "git@a.org:x", "a.org/x"],
)
def test_a_foreign_manifest_names_full_urls_only(address: str) -> None:
    found = manifest(PACKAGE + f'[package.sets]\ngood = "::"\nbad = ["::", "{address}"]\n')

    with pytest.raises(ForeignUrl) as caught:
        check_foreign(found)

    assert caught.value.set_name == "bad"
    assert caught.value.span is not None
    assert caught.value.span.line == 6


@pytest.mark.spec("manifest-foreign")
def test_a_foreign_manifest_with_full_urls_is_good() -> None:
    check_foreign(
        manifest(PACKAGE + '[package.sets]\na = "https://a.org/x"\nb = "ssh://a.org/x"\n')
    )


def test_every_foreign_address_is_reported() -> None:
    found = manifest(PACKAGE + '[package.sets]\na = "gh:o/r"\nb = ["gh:o/s", "../x"]\n')

    with pytest.raises(Problems) as caught:
        check_foreign(found)

    assert len(caught.value.problems) == 3


DIGEST_BASE = (
    PACKAGE
    + """\
systems = ["x86_64-linux", "aarch64-linux"]
[package.sets]
core = ["https://a.org/x", "https://b.org/x"]
own = "::"
spare = "https://c.org/x"
[deps.from.core]
x = "^1"
y = "^2"
[deps.dev.from.own]
z = "^3"
[deps.direct.deb]
src = { source = "zlib" }
root = { packages = ["gcc", "make"], suite = "bookworm" }
[deps.direct.url]
data = { url = "https://a.org/data" }
[deps.direct.other]
thing = { at = 2026-01-01T00:00:00Z, n = 1 }
"""
)


@pytest.mark.spec("lock-requirements")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"1.0.0"', '"2.0.0"'),
        ('label = "tool"', "# a comment\nlabel  =  'other'\ndescription = 'd'\nlicense = 'MIT'"),
        ('["x86_64-linux", "aarch64-linux"]', '["aarch64-linux", "x86_64-linux"]'),
        ('x = "^1"\ny = "^2"', "y = '^2'\nx = '^1'"),
        ('spare = "https://c.org/x"\n', ""),
        ('"https://a.org/x"', '"https://A.org/x"'),
        ("[deps.direct.deb]", "[compose]\nuse = 'star'\n[deps.direct.deb]"),
    ],
)
def test_what_the_lock_does_not_depend_on_keeps_the_digest(old: str, new: str) -> None:
    assert old in DIGEST_BASE

    assert requirements_digest(manifest(DIGEST_BASE.replace(old, new))) == requirements_digest(
        manifest(DIGEST_BASE)
    )


@pytest.mark.spec("lock-requirements")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"x86_64-linux", ', ""),
        ('x = "^1"', 'x = "^1.0"'),
        ('y = "^2"\n', ""),
        ('z = "^3"', 'z = "^4"'),
        ("deps.dev.from.own", "deps.from.own"),
        ('"https://a.org/x", "https://b.org/x"', '"https://b.org/x", "https://a.org/x"'),
        ('own = "::"', 'own = ["::", "https://d.org/x"]'),
        ('source = "zlib"', 'source = "xz"'),
        ('source = "zlib"', 'package = "zlib"'),
        ('"gcc", "make"', '"make", "gcc"'),
        ("bookworm", "trixie"),
        ("a.org/data", "a.org/date"),
        ('a.org/data"', 'a.org/data", unpack = true'),
        ("n = 1", "n = 2"),
        ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"),
    ],
)
def test_what_the_lock_depends_on_changes_the_digest(old: str, new: str) -> None:
    assert old in DIGEST_BASE

    assert requirements_digest(manifest(DIGEST_BASE.replace(old, new))) != requirements_digest(
        manifest(DIGEST_BASE)
    )


@pytest.mark.spec("lock-requirements")
def test_the_digest_is_the_same_for_ever() -> None:
    assert requirements_digest(manifest(PACKAGE)) == (
        "066f3d56d2e6bd0ed056fa138666438c430efd691c165847c15b7a5983c9a4b6"
    )
    assert requirements_digest(manifest(DIGEST_BASE)) == (
        "a59ecf4eb9b05b71b238a46b57a6d8e489e34352c1eb19dd9a3071b787efb102"
    )


@pytest.mark.spec("lock-direct-declared")
def test_each_declaration_of_a_direct_source_has_its_digest() -> None:
    name = Label("src")
    sources: list[DirectSource] = [
        DebSource(name, ("gcc",)),
        DebSource(name, (), "gcc"),
        DebSource(name, ("gcc",), None, "bookworm"),
        UrlSource(name, "https://a.org/"),
        UrlSource(name, "https://a.org/", "0" * 64),
        ForeignSource("other", name, {"url": "https://a.org/"}),
        ForeignSource("third", name, {"url": "https://a.org/"}),
        ForeignSource("other", name, datetime(2026, 1, 1, tzinfo=UTC)),
    ]

    digests = {source_digest(source) for source in sources}

    assert len(digests) == len(sources)
    assert all(len(digest) == 64 for digest in digests)


def test_a_problem_of_an_item_points_at_the_item() -> None:
    error = error_of(PACKAGE + 'systems = [\n  "x86_64-linux",\n  "linux",\n]\n')

    assert isinstance(error, InvalidValue)
    assert error.where == "atom.toml:6:3"
