"""Lock files of Python's tools, and which wheels an environment needs of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from eka.atom import Label, PypiSource
from eka.direct import (
    ForeignLockInvalid,
    ForeignLockUnfit,
    NotInForeignLock,
    PackagesUnmapped,
    choose_wheels,
    read_foreign_lock,
)

if TYPE_CHECKING:
    from eka.errors import EkaError

SHA = "sha256:" + "a" * 64
HEX = "a" * 64


def chosen(
    lock: str,
    *,
    project: str = "",
    system: str = "x86_64-linux",
    **wish: Any,  # noqa: ANN401 - fields of the source
) -> list[str]:
    """Return the wheels that a lock stands for."""
    wish = {"python": "3.11", **wish}
    source = PypiSource(name=Label("site"), lock="x", **wish)
    read = read_foreign_lock(lock.encode(), "x.lock", project.encode() if project else None)
    return [each.wheel.file for each in choose_wheels(read, source, system, "x.lock")]


def refused(kind: type[EkaError], lock: str, **wish: Any) -> EkaError:  # noqa: ANN401 - the same
    """Return the error that a lock ends in."""
    with pytest.raises(kind) as caught:
        chosen(lock, **wish)
    return caught.value


def uv(*packages: str, root: str = "") -> str:
    """Return a ``uv.lock`` whose project needs ``a``."""
    needs = root or 'dependencies = [{ name = "a" }]'
    head = 'version = 1\nrevision = 3\nrequires-python = ">=3.9"\n'
    project = f'[[package]]\nname = "me"\nversion = "0"\nsource = {{ virtual = "." }}\n{needs}\n'
    return head + project + "\n".join(packages)


def uv_package(
    name: str, more: str = "", *, tags: str = "py3-none-any", version: str = "1"
) -> str:
    """Return a package with one wheel."""
    url = f"https://w.org/{name}-{version}-{tags}.whl"
    return (
        f'[[package]]\nname = "{name}"\nversion = "{version}"\n'
        f'source = {{ registry = "https://i.org/simple" }}\n{more}\n'
        f'wheels = [{{ url = "{url}", hash = "{SHA}", size = 7 }}]\n'
        if "source" not in more and "wheels" not in more
        else f'[[package]]\nname = "{name}"\nversion = "{version}"\n{more}\n'
    )


A, B, C = "a-1-py3-none-any.whl", "b-1-py3-none-any.whl", "c-1-py3-none-any.whl"
WINDOWS = "sys_platform == 'win32'"
LINUX = "sys_platform == 'linux'"


@pytest.mark.spec("pypi-lock")
def test_what_is_needed_is_followed_and_the_rest_left() -> None:
    a = uv_package(
        "a", f'dependencies = [{{ name = "b" }}, {{ name = "c", marker = "{WINDOWS}" }}]'
    )

    assert chosen(uv(a, uv_package("b"), uv_package("c"))) == [A, B]


@pytest.mark.spec("pypi-lock")
def test_extras_and_groups_count_when_they_are_named() -> None:
    root = (
        'dependencies = [{ name = "a" }]\n'
        '[package.optional-dependencies]\nweb = [{ name = "b" }]\n'
        '[package.dev-dependencies]\ndev = [{ name = "c" }]\n'
    )
    lock = uv(uv_package("a"), uv_package("b"), uv_package("c"), root=root)

    assert chosen(lock) == [A]
    assert chosen(lock, extras=("web",)) == [A, B]
    assert chosen(lock, groups=("dev",)) == [A, C]


@pytest.mark.spec("pypi-lock")
def test_an_extra_of_a_package_brings_what_it_needs() -> None:
    root = 'dependencies = [{ name = "a", extra = ["fast"] }]'
    a = uv_package("a") + '[package.optional-dependencies]\nfast = [{ name = "b" }]\n'

    assert chosen(uv(a, uv_package("b"), root=root)) == [A, B]
    assert chosen(uv(a, uv_package("b"))) == [A]


@pytest.mark.spec("pypi-lock")
def test_of_a_fork_the_version_of_this_environment_is_taken() -> None:
    root = (
        'dependencies = [{ name = "a", version = "1", marker = "python_version < \'3.12\'" }, '
        '{ name = "a", version = "2", marker = "python_version >= \'3.12\'" }]'
    )
    lock = uv(uv_package("a"), uv_package("a", version="2"), root=root)

    assert chosen(lock) == [A]
    assert chosen(lock, python="3.13") == ["a-2-py3-none-any.whl"]


@pytest.mark.spec("pypi-lock")
def test_what_is_skipped_takes_along_what_only_it_needs() -> None:
    root = 'dependencies = [{ name = "a" }, { name = "b" }]'
    lock = uv(
        uv_package("a", 'dependencies = [{ name = "c" }]'),
        uv_package("b"),
        uv_package("c"),
        root=root,
    )

    assert chosen(lock, skip=("a",)) == [B]


@pytest.mark.spec("pypi-wheel")
@pytest.mark.parametrize(
    ("system", "wish", "tags"),
    [
        ("x86_64-linux", {}, "cp311-cp311-manylinux_2_28_x86_64"),
        ("x86_64-linux", {"platform": "manylinux_2_17"}, "cp311-cp311-manylinux2014_x86_64"),
        ("x86_64-linux", {"python": "3.12"}, "cp39-abi3-manylinux_2_17_x86_64"),
        ("x86_64-linux", {"python": "3.12", "platform": "manylinux_2_5"}, "py3-none-any"),
        ("x86_64-linux", {"platform": "musllinux_1_2"}, "cp311-cp311-musllinux_1_1_x86_64"),
        ("aarch64-linux", {}, "py3-none-any"),
    ],
)
def test_the_wheel_that_fits_best_is_taken(system: str, wish: dict[str, str], tags: str) -> None:
    every = (
        "py3-none-any", "cp39-abi3-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64",
        "cp311-cp311-manylinux_2_28_x86_64", "cp311-cp311-musllinux_1_1_x86_64",
        "cp313-cp313-manylinux_2_17_x86_64", "cp311-cp311-win_amd64",
    )  # fmt: skip
    wheels = ", ".join(
        f'{{ url = "https://w.org/a-1-{each}.whl", hash = "{SHA}" }}' for each in every
    )
    more = f'source = {{ registry = "https://i.org/" }}\nwheels = [{wheels}]'

    assert chosen(uv(uv_package("a", more)), system=system, **wish) == [f"a-1-{tags}.whl"]


@pytest.mark.spec("pypi-wheel")
def test_of_two_builds_the_later_one_is_taken() -> None:
    wheels = ", ".join(
        f'{{ url = "https://w.org/a-1-{build}py3-none-any.whl", hash = "{SHA}" }}'
        for build in ("", "2-", "10-")
    )
    more = f'source = {{ registry = "https://i.org/" }}\nwheels = [{wheels}]'

    assert chosen(uv(uv_package("a", more))) == ["a-1-10-py3-none-any.whl"]


UNMAPPED = {
    "git": 'source = { git = "https://g.org/a?rev=1#2" }',
    "path": 'source = { path = "a.whl" }',
    "directory": 'source = { directory = "../a" }',
    "editable": 'source = { editable = "../a" }',
    "virtual": 'source = { virtual = "../a" }',
    "local index": 'source = { registry = "w" }\nwheels = [{ path = "a-1-py3-none-any.whl" }]',
    "source only": 'source = { registry = "https://i.org/" }',
    "weak hash": 'source = { registry = "https://i.org/" }\nwheels = [{ url = '
    '"https://w.org/a-1-py3-none-any.whl", hash = "md5:1" }]',
    "other system": f'source = {{ registry = "https://i.org/" }}\nwheels = [{{ url = '
    f'"https://w.org/a-1-cp311-cp311-win_amd64.whl", hash = "{SHA}" }}]',
    "other package": f'source = {{ registry = "https://i.org/" }}\nwheels = [{{ url = '
    f'"https://w.org/b-1-py3-none-any.whl", hash = "{SHA}" }}]',
    "other version": f'source = {{ registry = "https://i.org/" }}\nwheels = [{{ url = '
    f'"https://w.org/a-2-py3-none-any.whl", hash = "{SHA}" }}]',
    "no name of a wheel": f'source = {{ registry = "https://i.org/" }}\nwheels = [{{ url = '
    f'"https://w.org/a.whl", hash = "{SHA}" }}]',
    "many tags": 'source = { registry = "https://i.org/" }\nwheels = [{ url = "https://w.org/a-1-'
    f'{".".join(["p"] * 60)}-{".".join(["n"] * 60)}-any.whl", hash = "{SHA}" }}]',
}  # fmt: skip


@pytest.mark.spec("pypi-unmapped")
@pytest.mark.parametrize("case", UNMAPPED)
def test_what_no_wheel_installs_is_named(case: str) -> None:
    error = refused(PackagesUnmapped, uv(uv_package("a", UNMAPPED[case])))

    assert isinstance(error, PackagesUnmapped)
    assert [name for name, _ in error.faults] == ["a"]


@pytest.mark.spec("pypi-unmapped")
def test_all_that_does_not_map_is_named_at_once() -> None:
    root = 'dependencies = [{ name = "a" }, { name = "b" }, { name = "gone" }]'
    lock = uv(uv_package("a", UNMAPPED["git"]), uv_package("b", UNMAPPED["path"]), root=root)

    error = refused(PackagesUnmapped, lock)

    assert isinstance(error, PackagesUnmapped)
    assert [name for name, _ in error.faults] == ["a", "b", "gone"]


@pytest.mark.spec("pypi-unmapped")
def test_two_versions_of_one_package_are_one_too_many() -> None:
    root = 'dependencies = [{ name = "a", version = "1" }, { name = "a", version = "2" }]'

    error = refused(PackagesUnmapped, uv(uv_package("a"), uv_package("a", version="2"), root=root))

    assert isinstance(error, PackagesUnmapped)
    assert "1, 2" in error.faults[0][1]


@pytest.mark.spec("pypi-fit")
def test_a_lock_for_another_python_is_refused() -> None:
    refused(ForeignLockUnfit, uv(uv_package("a")), python="3.8")


@pytest.mark.spec("pypi-fit")
@pytest.mark.parametrize("wish", [{"extras": ("x",)}, {"groups": ("x",)}, {"skip": ("x",)}])
def test_what_the_lock_does_not_know_is_refused(wish: dict[str, tuple[str, ...]]) -> None:
    refused(NotInForeignLock, uv(uv_package("a")), **wish)


@pytest.mark.spec("pypi-fit")
def test_a_lock_of_which_nothing_is_needed_is_refused() -> None:
    refused(ForeignLockUnfit, uv(uv_package("a"), root="dependencies = []"))


NEW = f"""
[[package]]
name = "A"
version = "1"
optional = false
python-versions = ">=3.8"
groups = ["main"]
files = [{{ file = "a-1-py3-none-any.whl", hash = "{SHA}" }}]
[[package]]
name = "b"
version = "1"
optional = true
python-versions = "*"
groups = ["main"]
markers = "extra == 'web'"
files = [
  {{ file = "b-1.tar.gz", hash = "{SHA}" }},
  {{ file = "b-1-py3-none-any.whl", hash = "{SHA}" }},
]
[[package]]
name = "c"
version = "1"
optional = false
python-versions = "^3.8"
groups = ["main", "dev"]
markers = {{ main = "sys_platform == 'win32'" }}
files = [{{ file = "c-1-py3-none-any.whl", hash = "{SHA}" }}]
[package.source]
type = "legacy"
url = "https://i.org/simple"
reference = "mine"
[extras]
web = ["b"]
[metadata]
lock-version = "2.1"
python-versions = ">=3.9,<4.0"
content-hash = "x"
"""


@pytest.mark.spec("pypi-lock")
def test_poetry_says_the_condition_of_each_package() -> None:
    assert chosen(NEW) == [A]
    assert chosen(NEW, extras=("web",)) == [A, B]
    assert chosen(NEW, groups=("dev",)) == [A, C]


OLD = f"""
[[package]]
name = "a"
version = "1"
optional = false
python-versions = ">=3.8"
files = [{{ file = "a-1-py3-none-any.whl", hash = "{SHA}" }}]
[package.dependencies]
b = {{ version = "*", markers = "sys_platform == 'linux'", optional = true }}
C = [{{ version = "*", markers = "sys_platform == 'linux'" }}]
[package.extras]
more = ["b (>=1) ; python_version > '3'"]
[[package]]
name = "b"
version = "1"
optional = true
python-versions = ">=3.8"
files = []
[[package]]
name = "c"
version = "1"
optional = false
python-versions = ">=3.8"
files = [{{ file = "c-1-py3-none-any.whl", hash = "{SHA}" }}]
[extras]
web = ["b"]
[metadata]
lock-version = "2.0"
python-versions = "^3.9"
content-hash = "x"
[metadata.files]
"""
PROJECT = """
[tool.poetry.dependencies]
python = "^3.9"
A = "*"
b = { version = "*", optional = true }
[tool.poetry.dev-dependencies]
c = "*"
[tool.poetry.group.docs.dependencies]
a = { version = "*", extras = ["more"] }
"""


@pytest.mark.spec("pypi-lock")
def test_older_poetry_is_read_with_the_project_beside_it() -> None:
    lock = OLD.replace("files = []", f'files = [{{ file = "{B}", hash = "{SHA}" }}]')

    assert chosen(lock, project=PROJECT) == [A, C]
    assert chosen(lock, project=PROJECT, extras=("web",)) == [A, B, C]
    assert chosen(lock, project=PROJECT, groups=("docs",)) == [A, B, C]
    assert chosen(lock, project='[project]\ndependencies = ["c>=1"]\n') == [C]
    refused(ForeignLockInvalid, lock)


@pytest.mark.spec("pypi-lock")
def test_the_oldest_poetry_keeps_files_apart() -> None:
    lock = OLD.replace(f'files = [{{ file = "{A}", hash = "{SHA}" }}]\n', "").replace(
        f'files = [{{ file = "{C}", hash = "{SHA}" }}]\n', ""
    ).replace('"2.0"', '"1.1"')  # fmt: skip
    files = f'a = [{{ file = "{A}", hash = "{SHA}" }}]\nc = [{{ file = "{C}", hash = "{SHA}" }}]\n'

    assert chosen(lock + files, project=PROJECT) == [A, C]


@pytest.mark.parametrize(
    ("source", "works"),
    [
        (f'type = "url"\nurl = "https://w.org/{A}"', True),
        ('type = "url"\nurl = "https://w.org/a.tar.gz"', False),
        ('type = "git"\nurl = "https://g.org/a"', False),
        ('type = "directory"\nurl = "../a"', False),
        (f'type = "file"\nurl = "{A}"', False),
    ],
)
def test_sources_of_poetry(source: str, *, works: bool) -> None:
    lock = NEW.replace(
        '[[package]]\nname = "b"', f'[package.source]\n{source}\n[[package]]\nname = "b"'
    )

    if works:
        assert chosen(lock) == [A]
    else:
        refused(PackagesUnmapped, lock)


PYLOCK = f"""
lock-version = "1.0"
environments = ["sys_platform == 'linux'"]
requires-python = ">=3.9"
extras = ["web"]
dependency-groups = ["dev", "default"]
default-groups = ["default"]
created-by = "test"
[[packages]]
name = "a"
version = "1"
wheels = [{{ url = "https://w.org/{A}", size = 3, hashes = {{ sha256 = "{HEX}" }} }}]
[[packages]]
name = "b"
version = "1"
marker = "'web' in extras or 'dev' in dependency_groups"
archive = {{ url = "https://w.org/{B}", hashes = {{ sha256 = "{HEX}" }} }}
[[packages]]
name = "c"
version = "1"
marker = "'default' in dependency_groups"
wheels = [{{ name = "{C}", url = "https://w.org/{C}", hashes = {{ sha256 = "{HEX}" }} }}]
[[packages]]
name = "c"
version = "2"
requires-python = ">=3.12"
marker = "python_version >= '3.12'"
directory = {{ path = "." }}
"""


@pytest.mark.spec("pypi-lock")
def test_a_pylock_lists_packages_with_their_conditions() -> None:
    assert chosen(PYLOCK) == [A, C]
    assert chosen(PYLOCK, extras=("web",)) == [A, B, C]
    assert chosen(PYLOCK, groups=("dev",)) == [A, B]


@pytest.mark.spec("pypi-fit")
def test_a_pylock_for_other_environments_is_refused() -> None:
    refused(ForeignLockUnfit, PYLOCK.replace("== 'linux'", "== 'darwin'"))
    refused(PackagesUnmapped, PYLOCK, python="3.12")


@pytest.mark.parametrize(
    "kind", ['vcs = { url = "x" }', 'directory = { path = "x" }', 'sdist = { url = "x" }']
)
def test_a_pylock_may_name_what_is_no_wheel(kind: str) -> None:
    lock = PYLOCK.replace(
        f'wheels = [{{ url = "https://w.org/{A}", size = 3, hashes = {{ sha256 = "{HEX}" }} }}]',
        kind,
    )

    refused(PackagesUnmapped, lock)


def needing(marker: str) -> str:
    """Return a lock in which ``a`` needs ``b`` where a marker holds."""
    edge = f'dependencies = [{{ name = "b", marker = "{marker}" }}]'
    return uv(uv_package("a", edge), uv_package("b"))


HOSTILE = {
    "not TOML": "version = ",
    "nothing": "",
    "another file": 'name = "x"',
    "a later uv": 'version = 2\nrequires-python = "x"',
    "no project": 'version = 1\nrequires-python = ">=3"\n' + uv_package("a"),
    "a later pylock": 'lock-version = "2.0"',
    "a later poetry": '[metadata]\nlock-version = "3.0"',
    "a name": uv(uv_package("a").replace('name = "a"', 'name = "../a"')),
    "a version": uv(uv_package("a", version="1 2")),
    "a table": uv("[[package]]\nname = 1"),
    "a list": uv('[[package]]\nname = "a"\nwheels = 3'),
    "a flag": OLD.replace("optional = true }", "optional = 1 }"),
    "a size": uv(uv_package("a").replace("size = 7", "size = -1")),
    "a package": 'version = 1\nrequires-python = ">=3"\npackage = [1]',
    "no marker": needing("import os"),
    "an unknown variable": needing("x == 'y'"),
    "a long marker": needing("(" * 60),
    "conflicts": needing("extra == 'extra-2-me-x'"),
    "a specifier": uv(uv_package("a")).replace(">=3.9", "three"),
    "a long text": uv(uv_package("a", f'dependencies = [{{ name = "{"b" * 9000}" }}]')),
    "texts": PYLOCK.replace('extras = ["web"]', "extras = [1]"),
    "an extra": OLD.replace("b (>=1)", "!"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_what_makes_no_sense_is_refused_in_words(case: str) -> None:
    refused(ForeignLockInvalid, HOSTILE[case], project=PROJECT)


def test_a_graph_with_a_circle_ends() -> None:
    a = uv_package("a", 'dependencies = [{ name = "b" }]')
    b = uv_package("b", 'dependencies = [{ name = "a", extra = ["x"] }]')

    assert chosen(uv(a, b)) == [A, B]
