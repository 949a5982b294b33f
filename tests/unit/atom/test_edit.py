"""Edits of manifests that leave all else alone."""

from __future__ import annotations

import tomllib

import pytest

from eka.atom import Aliases, Label, Requirement, Version, parse_manifest, parse_set_manifest
from eka.atom.edit import (
    add_dependency,
    add_direct,
    add_package,
    new_manifest,
    new_set_manifest,
    set_requirement,
    set_version,
)
from eka.atom.toml_edit import (
    EditFailed,
    append_value,
    render_value,
    set_string,
    set_value,
    value_at,
)

PACKAGE = '[package]\nlabel = "tool"\nversion = "1.0.0"\n'
URL = "https://a.org/core"


def add(text: str, label: str = "lib", *, set_name: str = "core", dev: bool = False) -> str:
    """Add a dependency on a set at `URL`."""
    return add_dependency(
        text, set_name=set_name, urls=[URL], label=Label(label), requirement="^2", dev=dev
    )


@pytest.mark.spec("manifest-edit")
def test_a_first_dependency_brings_its_tables() -> None:
    text = PACKAGE + "\n# how to build\n[build]\nscript = 'make'\n"

    edited = add(text)

    assert edited == (
        PACKAGE + f'\n[package.sets]\ncore = "{URL}"\n\n[deps.from.core]\nlib = "^2"\n'
        "\n# how to build\n[build]\nscript = 'make'\n"
    )
    assert parse_manifest(edited.encode(), "atom.toml").dependencies[0].label == Label("lib")


@pytest.mark.spec("manifest-edit")
def test_a_further_dependency_is_one_line() -> None:
    text = add(PACKAGE) + "# end\n"

    edited = add(text, "more")

    assert edited == text.replace('lib = "^2"\n', 'lib = "^2"\nmore = "^2"\n')


@pytest.mark.spec("manifest-edit")
def test_a_comment_of_the_next_table_stays_with_it() -> None:
    text = (
        PACKAGE
        + f'[package.sets]\ncore = "{URL}"\n[deps.from.core]\nx = "1" # x\n\n# of build\n[build]\n'
    )
    text += 'script = "make"\n'

    assert add(text) == text.replace("# x\n", '# x\nlib = "^2"\n')


@pytest.mark.spec("manifest-edit")
def test_another_requirement_replaces_the_old_one() -> None:
    text = add(PACKAGE).replace('"^2"', "'^1'   # old")

    assert add(text) == text.replace("'^1'", '"^2"')


@pytest.mark.spec("manifest-edit")
def test_adding_what_is_there_changes_no_byte() -> None:
    text = add(PACKAGE).replace("\n", "\r\n").replace(" = ", "  =")

    assert add(text) == text


@pytest.mark.spec("manifest-edit")
def test_a_second_url_makes_an_array_of_a_string() -> None:
    text = PACKAGE + "[package.sets]\ncore = 'https://b.org/core' # main\n"

    assert f"core = ['https://b.org/core', \"{URL}\"] # main\n" in add(text)


def test_an_alias_that_means_the_url_is_enough() -> None:
    text = PACKAGE + '[package.sets]\ncore = "a:core"\nrest = "lost:x"\n'
    aliases = Aliases({"a": "a.org"})

    edited = add_dependency(
        text,
        set_name="core",
        urls=[URL],
        label=Label("lib"),
        requirement="*",
        aliases=aliases,
    )

    assert edited == text + '\n[deps.from.core]\nlib = "*"\n'
    assert '["lost:x", ' in add(text, set_name="rest")


def test_the_own_set_is_declared_as_such() -> None:
    edited = add_dependency(
        PACKAGE, set_name="here", urls=None, label=Label("lib"), requirement="*"
    )

    assert '\n[package.sets]\nhere = "::"\n' in edited
    again = add_dependency(edited, set_name="here", urls=None, label=Label("b"), requirement="*")
    assert again == edited + 'b = "*"\n'


def test_mirrors_come_after_the_first_url() -> None:
    edited = add_dependency(
        PACKAGE,
        set_name="core",
        urls=[URL, "https://b.org/core"],
        label=Label("lib"),
        requirement="*",
    )

    assert f'core = ["{URL}", "https://b.org/core"]\n' in edited


def test_a_development_dependency_has_a_table_of_its_own() -> None:
    edited = add(add(PACKAGE), "check", dev=True)

    found = parse_manifest(edited.encode(), "atom.toml")
    assert [each.label.text for each in found.dependencies] == ["lib"]
    assert [each.label.text for each in found.dev_dependencies] == ["check"]


@pytest.mark.spec("manifest-edit")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (  # dotted keys at the top
            'package.label = "a"\npackage.version = "1.0.0"\npackage.sets.core = "::"\n'
            'deps.from.core.x = "1"\n[build]\nscript = "make"\n',
            'deps.from.core.x = "1"\ndeps.from.core.lib = "^2"\n[build]\n',
        ),
        (  # dotted keys in a table
            PACKAGE + 'sets.core = "::"\n[deps.from]\n  core.x = "1"\n',
            '[deps.from]\n  core.x = "1"\n  core.lib = "^2"\n',
        ),
        (  # inline tables
            PACKAGE + 'sets = { core = "::" }\n[deps]\nfrom = { core = { x = "1" } }\n',
            'from = { core = { x = "1", lib = "^2" } }\n',
        ),
        (  # an inline table that lacks the set
            PACKAGE + 'sets = {core = "::"}\n[deps]\nfrom = {}\n',
            '[deps]\nfrom = { core.lib = "^2" }\n',
        ),
        (  # an empty table
            PACKAGE + 'sets.core = "::"\n[deps.from.core]\n\n[build]\n',
            '[deps.from.core]\nlib = "^2"\n\n[build]\n',
        ),
        (  # a value of several lines
            PACKAGE + "sets.core = '::'\n[deps]\nfrom.core.x = '''1'''\n\n[build]\n",
            "from.core.x = '''1'''\nfrom.core.lib = \"^2\"\n\n[build]\n",
        ),
        (  # no end of the last line
            PACKAGE + 'sets.core = "::"\n[deps.from.core]\nx = "1"',
            'x = "1"\nlib = "^2"\n',
        ),
        (  # no end of the last line, and a new table
            PACKAGE + 'sets.core = "::"',
            f'sets.core = ["::", "{URL}"]\n\n[deps.from.core]\nlib = "^2"\n',
        ),
        (  # a sister table elsewhere
            '[deps.from.other]\nx = "1"\n\n' + PACKAGE + 'sets.core = "::"\nsets.other = "::"\n',
            '[deps.from.other]\nx = "1"\n\n[deps.from.core]\nlib = "^2"\n\n[package]\n',
        ),
        (  # no empty line between tables
            PACKAGE + 'sets.core = "::"\n[build]\nscript = "make"\n',
            '\n[deps.from.core]\nlib = "^2"\n\n[build]\n',
        ),
        (  # a name that must be quoted
            PACKAGE + 'sets."größe" = "::"\nsets.core = "::"\n',
            '[deps.from.core]\nlib = "^2"\n',
        ),
    ],
)
def test_a_line_is_added_in_the_style_of_the_file(text: str, expected: str) -> None:
    edited = add(text)

    assert expected in edited
    assert tomllib.loads(edited)["deps"]["from"]["core"]["lib"] == "^2"


@pytest.mark.spec("manifest-edit")
def test_a_file_of_windows_keeps_its_line_ends() -> None:
    text = add(PACKAGE).replace("\n", "\r\n")

    edited = add(text, "more", set_name="other")

    assert "\n" not in edited.replace("\r\n", "")
    assert edited.replace("\r\n", "\n") == add(add(PACKAGE), "more", set_name="other")


def test_an_empty_file_gets_no_empty_first_line() -> None:
    assert set_value("", ("a", "b"), 1) == "[a]\nb = 1\n"
    assert set_value("# note\n", ("a", "b"), 1) == "# note\n\n[a]\nb = 1\n"


@pytest.mark.spec("bump-bytes")
def test_another_version_changes_its_letters_alone() -> None:
    text = PACKAGE.replace('"1.0.0"', "  '1.0.0'  # the first")

    assert set_version(text, Version.parse("1.0.1")) == text.replace("1.0.0", "1.0.1")


@pytest.mark.spec("bump-bytes")
@pytest.mark.parametrize("dev", [False, True])
def test_another_requirement_changes_its_letters_alone(*, dev: bool) -> None:
    text = add(add(PACKAGE, "more", dev=not dev), dev=dev)
    manifest = parse_manifest(text.encode(), "atom.toml")
    lines = (*manifest.dependencies, *manifest.dev_dependencies)
    (line,) = (each for each in lines if each.label == Label("lib"))

    edited = set_requirement(text, line, Requirement.parse("^3"), dev=dev)

    assert edited == text.replace('lib = "^2"', 'lib = "^3"')


def test_a_direct_source_is_an_inline_table() -> None:
    edited = add_direct(PACKAGE, "deb", Label("src"), {"packages": ["gcc", "make"], "suite": "x"})

    assert '[deps.direct.deb]\nsrc = { packages = ["gcc", "make"], suite = "x" }\n' in edited
    replaced = add_direct(edited, "deb", Label("src"), {"source": "zlib"})
    assert 'src = { source = "zlib" }\n' in replaced
    assert "gcc" not in replaced


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[set]\npackages = []\n", '[set]\npackages = ["new"]\n'),
        ("[set]\npackages = [ ]\n", '[set]\npackages = [ "new"]\n'),
        ('[set]\npackages = ["a"]\n', '[set]\npackages = ["a", "new"]\n'),
        ('[set]\npackages = ["a",]\n', '[set]\npackages = ["a", "new",]\n'),
        ("[set]\npackages = [\n  'a',\n]\n", "[set]\npackages = [\n  'a',\n  \"new\",\n]\n"),
        (
            '[set]\npackages = [\n\t"a" # why\n]\n',
            '[set]\npackages = [\n\t"a", # why\n\t"new",\n]\n',
        ),
        (
            '[set]\npackages = [\n  "a", "b",\n]\n',
            '[set]\npackages = [\n  "a", "b", "new",\n]\n',
        ),
        ("[set]\n", '[set]\npackages = ["new"]\n'),
        ("", '[set]\npackages = ["new"]\n'),
        ('[set]\npackages = ["new"]\n', '[set]\npackages = ["new"]\n'),
        (
            '[set]\r\npackages = [\r\n  "a",\r\n]\r\n',
            '[set]\r\npackages = [\r\n  "a",\r\n  "new",\r\n]\r\n',
        ),
    ],
)
def test_a_directory_joins_the_set(text: str, expected: str) -> None:
    assert add_package(text, "new") == expected


@pytest.mark.spec("manifest-edit")
@pytest.mark.parametrize(
    "text",
    [
        "[set]\npackages = 1\n",
        "[set.packages]\n",
        "set = 1\n",
        "[[set]]\npackages = []\n",
        '[set]\npackages = [\n  "a" # why\n  ,\n]\n',
    ],
)
def test_a_file_that_cannot_be_edited_is_left_alone(text: str) -> None:
    with pytest.raises(EditFailed) as caught:
        add_package(text, "new")

    assert caught.value.keys == ("set", "packages")


def test_a_table_of_its_own_is_not_replaced_by_a_value() -> None:
    text = PACKAGE + '[deps.direct.deb.src]\nsource = "zlib"\n'

    assert add_direct(text, "deb", Label("src"), {"source": "zlib"}) == text
    with pytest.raises(EditFailed):
        add_direct(text, "deb", Label("src"), {"source": "xz"})


def test_a_value_in_the_way_of_a_table_is_an_error() -> None:
    with pytest.raises(EditFailed):
        set_value("a = 1\n", ("a", "b", "c"), 1)
    with pytest.raises(EditFailed):
        set_value("a = [1]\n", ("a", "b"), 1)


@pytest.mark.parametrize(
    "value",
    [
        "plain",
        'quote " backslash \\ tab \t line \n return \r bell \x07 del \x7f é 中',
        True,
        -7,
        1.5,
        ["a", ["b"], []],
        {"a-b": {"c d": 1}, "": {}, "é": False},
    ],
)
def test_every_value_survives_being_written(value: bool | float | str | list[object]) -> None:  # noqa: FBT001 - any value of TOML
    text = set_value("", ("x y", "z"), value)  # type: ignore[arg-type]  # lists of lists of values

    assert value_at(text, ("x y", "z")) == value
    assert tomllib.loads(f"v = {render_value(value)}")["v"] == value  # type: ignore[arg-type]  # as above


def test_a_value_that_equals_nothing_is_no_obstacle() -> None:
    assert set_value("a = nan\n[t]\nb = 1\n", ("t", "c"), 2) == "a = nan\n[t]\nb = 1\nc = 2\n"
    assert set_value("a = 1\n", ("a",), True) == "a = true\n"  # noqa: FBT003 - a value


def test_a_string_that_is_there_is_not_added_twice() -> None:
    assert append_value('a = "x"\n', ("a",), "x") == 'a = "x"\n'
    assert append_value('[t]\na = "x"\n', ("t", "a"), "y") == '[t]\na = ["x", "y"]\n'


def test_a_new_manifest_is_valid_and_names_its_schema() -> None:
    text = new_manifest(Label("größe-2"), Version.parse("0.1.0"))

    found = parse_manifest(text.encode(), "atom.toml").package

    assert (found.label, found.version) == (Label("größe-2"), Version(0, 1, 0))
    assert text.startswith("#:schema https://")
    assert text.split("\n")[0].endswith("/atom.schema.json")


def test_a_new_set_manifest_is_valid_and_grows() -> None:
    text = add_package(add_package(new_set_manifest(), "pkgs/*"), "app")

    assert parse_set_manifest(text.encode(), "ekala.toml").packages == ("pkgs/*", "app")
    assert text.split("\n")[0].endswith("/ekala.schema.json")


def test_a_string_keeps_its_quotes() -> None:
    text = "[package]\nlabel = 'tool'\nversion = '''1.0.0'''  # now\n"

    assert set_string(text, ("package", "version"), "2.0.0") == text.replace("1.0.0", "2.0.0")


@pytest.mark.parametrize("text", ["[package]\n", "[package]\nversion = 1\n", "package = 1\n"])
def test_what_is_no_string_is_not_changed_like_one(text: str) -> None:
    with pytest.raises(EditFailed):
        set_string(text, ("package", "version"), "2.0.0")


def test_a_string_that_its_quotes_cannot_hold_gets_others() -> None:
    edited = set_string(PACKAGE, ("package", "label"), "it's")

    assert tomllib.loads(edited)["package"]["label"] == "it's"
