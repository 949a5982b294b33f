"""Small things that unfold to large ones are refused, or worked through, in little memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.fakes.raw_git import RawRepository
from tests.limits import confined
from tests.servers.hostile import ADVERTISEMENT, listing, serve_socket
from tests.story import Answer, Person, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from eka.atom import ObjectId
    from tests.fakes.raw_git import Entry

FAILED, USAGE, NOT_FOUND, NETWORK, INTEGRITY, BUG = 1, 2, 3, 4, 5, 70
HEAD = '[package]\nlabel = "x"\nversion = "1.0.0"\n'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bombs")


@pytest.fixture(scope="module")
def person(root: Path) -> Person:
    return Person(root / "home")


@pytest.fixture
def app(person: Person, tmp_path: Path) -> Path:
    person.does(tmp_path, "new", "app")
    return tmp_path / "app"


def is_clear(answer: Answer, *statuses: int) -> bool:
    """Whether a command worked, or said why not; nobody killed it."""
    return answer.status in statuses


# --- trees and files ---------------------------------------------------------------------------


def _zeros(raw: RawRepository, _: Callable[[int, int], int]) -> list[Entry]:
    return [raw.file("zeros", bytes(513 * 1024**2))]


def _unfolding(raw: RawRepository, _: Callable[[int, int], int]) -> list[Entry]:
    """Ten directories of ten directories: a few hundred bytes, ten thousand million files."""
    tree = raw.tree(*((b"100644", b"%d" % number, raw.readme) for number in range(10)))
    for _level in range(9):
        tree = raw.tree(*((b"40000", b"%d" % number, tree) for number in range(10)))
    return [(b"40000", b"bomb", tree)]


def _deep(raw: RawRepository, rounds: Callable[[int, int], int]) -> list[Entry]:
    tree = raw.tree(raw.file("end"))
    for _level in range(rounds(1000, 5000)):
        tree = raw.tree((b"40000", b"d", tree))
    return [(b"40000", b"d", tree)]


def _crowded(raw: RawRepository, rounds: Callable[[int, int], int]) -> list[Entry]:
    """One directory of more files than an atom may have."""
    count = rounds(101_000, 1_000_000)
    names = (b"%07d" % number for number in range(count))
    tree = raw.tree(*((b"100644", name, raw.readme) for name in names))
    return [(b"40000", b"d", tree)]


def _crowd_of_directories(raw: RawRepository, rounds: Callable[[int, int], int]) -> list[Entry]:
    """Many directories of many files, each tree another one."""
    width = rounds(101, 1000)

    def directory(number: int) -> ObjectId:
        names = (b"%04d-%04d" % (number, at) for at in range(1000))
        return raw.tree(*((b"100644", name, raw.readme) for name in names))

    return [(b"40000", b"%04d" % number, directory(number)) for number in range(width)]


TREES: dict[str, Callable[[RawRepository, Callable[[int, int], int]], list[Entry]]] = {
    "zeros": _zeros,
    "unfolding": _unfolding,
    "deep": _deep,
    "crowded": _crowded,
    "crowd of directories": _crowd_of_directories,
}


@pytest.mark.spec("tree-cost", "tree-size")
@pytest.mark.parametrize("case", TREES)
def test_s15_a_tree_that_unfolds_is_refused_in_little_memory(
    case: str, person: Person, app: Path, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    raw = RawRepository(tmp_path / "evil.git")
    manifest = raw.manifest("x")
    entries = [*TREES[case](raw, rounds), manifest]
    entries.sort(key=lambda entry: entry[1] + (b"/" if entry[0] == b"40000" else b""))
    raw.publish(raw.atom_of_tree("x", raw.tree(*entries), [manifest]))
    uri = f"file://{raw.path}::x"
    before = (app / "atom.toml").read_bytes()

    for command in ("add", "verify", "info")[: rounds(1, 3)]:
        answer = confined(person, app, command, uri, thinking_s=30)
        assert is_clear(answer, FAILED, INTEGRITY, NETWORK), (command, answer)

    assert [path.name for path in app.iterdir()] == ["atom.toml"]
    assert (app / "atom.toml").read_bytes() == before


# --- listings ----------------------------------------------------------------------------------


@pytest.mark.spec("list-caps")
@pytest.mark.parametrize("labels", ["one label", "many labels"])
def test_s15_a_listing_of_very_many_versions_is_worked_through_or_refused(
    labels: str, person: Person, app: Path, rounds: Callable[[int, int], int]
) -> None:
    count = rounds(30_000, 1_000_000)
    oid = b"1" * 40
    name = b"x/%d.0.0" if labels == "one label" else b"x%d/1.0.0"
    lines = [oid + b" refs/atoms/" + name % number for number in range(count)]
    answer = listing([oid + b" refs/ekala/init", *lines])
    uris = {
        "versions": "URL::x",
        "list": "URL",
        "search": "URL",
        "add": "URL::x",
        "info": "URL::x",
    }

    for command, uri in list(uris.items())[: rounds(2, 5)]:
        with serve_socket(ADVERTISEMENT, answer) as url:
            words = [uri.replace("URL", url)]
            words = ["x", "--names", *words] if command == "search" else words
            ran = confined(person, app, command, *words, thinking_s=60)
        assert is_clear(ran, 0, FAILED, NOT_FOUND, NETWORK, INTEGRITY), (command, ran.err[-500:])

    assert [path.name for path in app.iterdir()] == ["atom.toml"]


@pytest.mark.spec("list-caps")
def test_s12_s15_a_listing_without_an_end_is_cut_off(person: Person, app: Path) -> None:
    lines = [b"1" * 40 + b" refs/atoms/x/1.0.%d" % number for number in range(1000)]
    page = listing(lines)[:-4]  # never a flush
    with serve_socket(ADVERTISEMENT, page * 5000) as url:  # 360 MB
        answer = confined(person, app, "versions", f"{url}::x", thinking_s=60)

    assert is_clear(answer, FAILED, NETWORK), answer


# --- texts -------------------------------------------------------------------------------------

TOML = {
    "long": "# " + "x" * 8_000_000,
    "one long key": "x" + ".x" * 60_000 + " = 1\n",
    "many levels": "x = " + "[" * 100_000,
    "many levels of tables": "x = " + "{x=" * 50_000,
    "many tables": "".join(f"[a{number}]\n" for number in range(20_000)),
    "tables of tables": "[" + ".".join(["a"] * 5000) + "]\nx = 1\n",
    "many keys": "".join(f"a{number} = 1\n" for number in range(20_000)),
    "many elements": "x = [" + "1," * 100_000 + "]\n",
    "a great number": "x = " + "9" * 200_000 + "\n",
    "a great float": "x = 1e" + "9" * 100_000 + "\n",
    "a long text": 'x = "' + "y" * 200_000 + '"\n',
    "a text without an end": 'x = """' + '""' * 100_000,
    "escapes": 'x = "' + "\\u0000" * 30_000 + '"\n',
    "quotes": "x = " + "'" * 200_001,
    "no UTF-8": "x = \udcff\n",
    "zeros": "\0" * 200_000,
    "dates": "x = 9999-99-99T99:99:99Z\n",
    "array tables": "[[a]]\n" * 50_000,
    "blanks": " " * 250_000 + "=",
    "dots": "." * 200_000,
}
FILES = {
    "atom.toml": [["info"], ["lock", "--offline"]],
    "atom.lock": [["lock", "--locked"], ["fetch", "--offline"]],
    "ekala.toml": [["publish", "--all", "--dry-run"]],
    ".eka.toml": [["info"]],
}


@pytest.mark.spec("tree-manifest-size")
@pytest.mark.parametrize("name", FILES)
def test_s16_s17_no_text_of_a_project_costs_more_than_it_may(
    name: str, person: Person, app: Path, rounds: Callable[[int, int], int]
) -> None:
    git(app, "init", "-q", "-b", "main")
    person.does(app, "lock")
    sound = (app / name).read_text() if (app / name).exists() else ""
    step = rounds(4, 1)

    for case in list(TOML)[list(FILES).index(name) % step :: step]:
        (app / name).write_text(sound + TOML[case], errors="surrogateescape")
        if name == "ekala.toml":
            git(app, "add", "-A")
            git(app, "commit", "-q", "-m", case)
        for words in FILES[name]:
            answer = confined(person, app, *words, thinking_s=4)
            assert is_clear(answer, 0, FAILED, USAGE, NOT_FOUND, INTEGRITY, NETWORK), (
                case,
                answer,
            )
            assert answer.status or name == ".eka.toml" or case in ("long", "many keys"), case


@pytest.mark.spec("tree-manifest-size")
def test_s16_no_published_manifest_costs_more_than_it_may(
    person: Person, app: Path, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    raw = RawRepository(tmp_path / "evil.git")
    for case in list(TOML)[:: rounds(4, 1)]:
        text = (HEAD + TOML[case]).encode(errors="surrogateescape")
        manifest = (b"100644", b"atom.toml", raw.blob(text))
        raw.publish(raw.atom_of_tree("x", raw.tree(manifest), [manifest]))

        for command in ("add", "verify", "info")[: rounds(1, 3)]:
            answer = confined(person, app, command, f"file://{raw.path}::x", thinking_s=4)
            assert is_clear(answer, FAILED, INTEGRITY, NETWORK), (case, command, answer)


JSON = {
    "many levels": "[" * 100_000,
    "many levels of objects": '{"a":' * 100_000,
    "a great number": '{"atoms": ' + "9" * 200_000 + "}",
    "endless": '{"atoms": [' + "1," * 400_000,
    "not a number": '{"atoms": NaN}',
    "twice": '{"atoms": [], "atoms": 1}',
    "another kind": "1",
    "no UTF-8": '{"\udcff": 1}',
    "surrogates": '{"atoms": ["\\ud800"]}',
    "zeros": "\0" * 1000,
    "nothing": "",
}


@pytest.mark.parametrize("place", [".atom.pending", "vendored/vendored.json", "listings"])
def test_s16_no_document_of_eka_costs_more_than_it_may(
    place: str, app: Path, tmp_path: Path, rounds: Callable[[int, int], int]
) -> None:
    raw = RawRepository(tmp_path / "set.git")
    raw.publish(raw.atom("x", raw.manifest("x")))
    reader = Person(tmp_path / "home")
    reader.does(app, "add", f"file://{raw.path}::x")
    reader.does(app, "vendor", "vendored")
    cached = sorted((reader.home / ".cache").rglob("*.json*"))
    paths = cached if place == "listings" else [app / place]
    assert paths
    words = ["vendor", "vendored"] if place.startswith("vendored") else ["lock"]
    step = rounds(3, 1)

    for case in list(JSON)[len(place) % step :: step]:
        for path in paths:
            path.write_text(JSON[case], errors="surrogateescape")
        answer = confined(reader, app, *words, thinking_s=4)
        assert is_clear(answer, 0, FAILED, INTEGRITY, 6), (case, answer)


@pytest.mark.parametrize("case", JSON)
def test_s16_a_status_that_is_none_counts_as_a_warning(
    case: str, person: Person, app: Path, tmp_path: Path
) -> None:
    raw = RawRepository(tmp_path / "set.git")
    raw.publish(raw.atom("x", raw.manifest("x")))
    status = raw.blob(json.dumps({}).encode() + JSON[case].encode(errors="surrogateescape"))
    raw.ref("refs/ekala/status/x/1.0.0", status)

    answer = person.json(app, "add", f"file://{raw.path}::x")

    assert answer.status == FAILED, answer


@pytest.mark.parametrize(
    "name", ["atom.toml", "atom.lock", "ekala.toml", ".eka.toml", ".atom.pending"]
)
def test_s16_an_endless_file_of_a_project_is_refused(name: str, person: Person, app: Path) -> None:
    git(app, "init", "-q")
    (app / name).unlink(missing_ok=True)
    (app / name).symlink_to("/dev/zero")

    for words in (["info"], ["lock"], ["build"], ["publish", "--all"]):
        answer = confined(person, app, *words)
        assert answer.status != BUG, answer
        assert answer.status >= 0, answer
