"""Removals from manifests that leave all else alone."""

from __future__ import annotations

import tomllib

import pytest

from eka.atom import Dependency, Label, Requirement, parse_manifest
from eka.atom.edit import add_dependency, add_direct
from eka.atom.edit_remove import Removal, names_set, remove_dependency, remove_direct
from eka.atom.toml_edit import EditFailed
from eka.atom.toml_remove import remove_emptied, remove_key

PACKAGE = '[package]\nlabel = "tool"\nversion = "1.0.0"\n'
SETS = '\n[package.sets]\ncore = "https://a.org/core"\n'
CORE = '\n[deps.from.core]\nlib = "^1"\n'
BUILD = "\n[build]\nscript = 'make'\n"


def remove(text: str, label: str = "lib", *, set_name: str = "core", dev: bool = False) -> Removal:
    """Remove a dependency."""
    line = Dependency(set_name, Label(label), Requirement("^1"))
    removal = remove_dependency(text, line, dev=dev)
    parse_manifest(removal.text.encode(), "atom.toml")
    return removal


@pytest.mark.spec("change-remove")
def test_the_last_dependency_takes_its_table_and_its_set_along() -> None:
    removal = remove(PACKAGE + SETS + CORE + BUILD)

    assert removal == Removal(
        PACKAGE + BUILD, ("deps.from.core", "package.sets"), ("core",), commented=()
    )


@pytest.mark.spec("change-remove")
def test_one_of_several_is_one_line_with_its_comment() -> None:
    more = 'more = "^2"  # why\n# of all\n'
    text = PACKAGE + SETS + CORE + more + 'last = "^3"\n'

    assert remove(text, "more").text == text.replace('more = "^2"  # why\n', "")
    assert remove(text, "more").tables == ()


@pytest.mark.spec("change-remove")
def test_what_was_added_is_removed_without_a_trace() -> None:
    for text in (PACKAGE, PACKAGE + BUILD, PACKAGE + SETS + CORE, PACKAGE + SETS + CORE + BUILD):
        added = add_dependency(
            text,
            set_name="new",
            urls=["https://a.org/new"],
            label=Label("lib"),
            requirement="^1",
        )

        assert remove(added, set_name="new").text == text


@pytest.mark.spec("change-remove")
@pytest.mark.parametrize(
    "other",
    [
        '\n[deps.dev.from.core]\ncheck = "^1"\n',
        "\n[compose.with.lang-std]\nfrom = 'core'\n",
        "\n[pipeline.test]\nneeds = [{ atoms = ['core::lib'] }]\n",
    ],
)
def test_a_set_that_something_else_names_stays(other: str) -> None:
    removal = remove(PACKAGE + SETS + CORE + other)

    assert removal.text == PACKAGE + SETS + other
    assert removal.sets == ()


def test_what_is_only_called_like_the_set_does_not_keep_it() -> None:
    text = PACKAGE.replace("tool", "core") + SETS + CORE + "\n[service]\nport = 80\n"
    text = add_direct(text, "url", Label("core"), {"url": "https://a.org/core.tar"})

    assert remove(text).sets == ("core",)
    assert names_set(tomllib.loads('[patch.core]\nlib = "x"\n'), "core")


@pytest.mark.spec("change-remove")
def test_a_table_with_a_comment_stays_and_is_told_of() -> None:
    text = PACKAGE + SETS + CORE + '# more = "^2"\n'

    removal = remove(text + BUILD)

    assert removal.text == text.replace('lib = "^1"\n', "") + BUILD
    assert removal.commented == ("deps.from.core",)
    assert removal.tables == removal.sets == ()


def test_a_comment_right_above_the_next_header_does_not_keep_a_table() -> None:
    build = BUILD.replace("[build]", "# how\n# to build\n[build]")

    assert remove(PACKAGE + SETS + CORE + build).text == PACKAGE + build


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('deps.from.core.lib = "1"\ndeps.from.core.b = "2"\n', 'deps.from.core.b = "2"\n'),
        ('deps.from.core = { lib = "1", b = "2" }\n', 'deps.from.core = { b = "2" }\n'),
        ('deps.from.core = { b = "2", lib = "1" }\n', 'deps.from.core = { b = "2" }\n'),
        ('deps.from = { core.lib = "1", o.b = "2" }\n', 'deps.from = { o.b = "2" }\n'),
        ('deps = { from = { core = { lib = "1" }, o.b = "2" } }\n', None),
        ('[deps]\nfrom.core.lib = "1"\n', ""),
        ('[deps.from]\n[deps.from.core]\nlib = "1"\n', ""),
        ('[deps.from]\ncore.lib = "1"', ""),
    ],
)
def test_dependencies_are_found_however_they_are_written(before: str, after: str | None) -> None:
    sets = 'package.sets = { core = "::", o = "::" }\n'
    package = 'package.label = "tool"\npackage.version = "1.0.0"\n'

    text = remove(package + sets + before).text

    if after is None:
        assert tomllib.loads(text)["deps"] == {"from": {"o": {"b": "2"}}}
    elif after and "from.core" in after:
        assert text == package + sets + after
    else:
        assert text == package + sets.replace('core = "::", ', "") + after


def test_line_ends_and_blank_lines_stay_as_they_are() -> None:
    text = (PACKAGE + SETS + 'b = "::"\n' + CORE + "\n\n" + BUILD).replace("\n", "\r\n")

    edited = remove(text).text

    assert edited == (PACKAGE + SETS + 'b = "::"\n' + BUILD).replace("\n", "\r\n").replace(
        'core = "https://a.org/core"\r\n', ""
    )


@pytest.mark.spec("change-remove")
def test_a_direct_source_goes_with_its_table() -> None:
    text = PACKAGE + '\n[deps.direct.url]\na.url = "https://a.org/a"\na.unpack = true\n'
    own = text + '\n[deps.direct.url.b]\nurl = "https://a.org/b"\n'

    assert remove_direct(text, "url", Label("a")).text == PACKAGE
    assert remove_direct(own, "url", Label("b")).text == text
    assert remove_direct(own, "url", Label("a")).text == own.replace(
        'a.url = "https://a.org/a"\na.unpack = true\n', ""
    )


def test_a_key_that_is_not_there_is_an_error() -> None:
    for keys in (("package", "sets", "x"), ("package", "label", "x"), ("x",)):
        with pytest.raises(EditFailed):
            remove_key(PACKAGE, keys)


def test_arrays_of_tables_go_as_a_whole() -> None:
    with pytest.raises(EditFailed):
        remove_key("a = [{ b = 1 }]\n[[c]]\nd = 1\n", ("c", "d"))
    assert remove_key("x = 1\n[[c]]\nd = 1\n[[c]]\nd = 2\n", ("c",)) == "x = 1\n"


def test_a_text_may_become_empty() -> None:
    assert remove_key("a = 1", ("a",)) == ""
    assert remove_key("\n\na = 1\n\n", ("a",)) == ""
    assert remove_key("\n\na = 1\n\nb = 2", ("a",)) == "\n\nb = 2"
    assert remove_emptied("[a]\n[b]\n", ("a",)) == "[b]\n"
    assert remove_emptied("[a]\nc = 1\n[b]\n", ("a",)) == "[a]\nc = 1\n[b]\n"
    assert remove_emptied("[a]\n# c\n", ("a",)) == "[a]\n# c\n"
