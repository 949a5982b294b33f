"""Somebody builds from sources that are not atoms: files, archives, repositories, npm packages."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fakes.archives import Entry, directory, file, tar, zipped
from tests.fakes.web_server import WebServer, reply, web_server
from tests.story import Answer, Person, Village, git

if TYPE_CHECKING:
    from collections.abc import Iterator

EXIT_USAGE, EXIT_NOT_FOUND, EXIT_NETWORK, EXIT_INTEGRITY, HASH_MISMATCH = 2, 3, 4, 5, 102
DEPENDS = '[package.sets]\nhere = "::"\n[deps.from.here]\nshell = "^1"\n'


@pytest.fixture
def person(tmp_path: Path, server: WebServer) -> Person:
    return Person(tmp_path / "home", EKA_NPM_REGISTRY=server.url("/npm"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Village:
    village = Village(tmp_path_factory.mktemp("village"))
    village.commit()
    Person(tmp_path_factory.mktemp("home")).does(village.mono, "init")
    return village


@pytest.fixture
def village(made: Village, tmp_path: Path) -> Village:
    return Village.copied(made, tmp_path / "village")


@pytest.fixture
def server() -> Iterator[WebServer]:
    with web_server() as found:
        yield found


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """A git repository with the versions 1.2.0 and 1.3.0 of one file."""
    path = tmp_path / "upstream"
    git(tmp_path, "init", "-q", "-b", "main", str(path))
    for version in ("1.2.0", "1.3.0"):
        (path / "lib").mkdir(exist_ok=True)
        (path / "lib" / "word").write_text(f"{version}\n")
        git(path, "add", "-A")
        git(path, "commit", "-q", "-m", version)
        git(path, "tag", "-a", f"v{version}", "-m", version)
    return path


def work(village: Village, sources: str, build: str, *, version: str = "1.4.0") -> Path:
    """Write the atom ``work``; returns its directory."""
    village.atom("work", f"{DEPENDS}{sources}\n[build]\n{build}\n", version=version)
    return village.mono / "work"


def script(text: str) -> str:
    """Return a recipe that runs a script."""
    return f"rootfs = \"shell\"\nscript = '''\n{text}\n'''"


def built(answer: Answer) -> Path:
    """Return where the one output is."""
    assert answer.status == 0, answer.out
    (output,) = answer.document["outputs"]
    return Path(output["physical"])


def tree(place: Path) -> dict[str, str]:
    """Return path -> text of the files below a place."""
    return {
        str(path.relative_to(place)): path.read_text()
        for path in sorted(place.rglob("*"))
        if path.is_file()
    }


def archive(*entries: Entry) -> bytes:
    return tar(directory("top"), *entries)


def publish_npm(
    server: WebServer, package: str, version: str, data: bytes, *, latest: str = ""
) -> None:
    """Serve one version of an npm package, in the form the registry has."""
    name = package.rpartition("/")[2]
    address = server.serve(f"/npm/{package}/-/{name}-{version}.tgz", reply("200 OK", data))
    digest = base64.b64encode(hashlib.sha512(data).digest()).decode()
    dist = {"tarball": address, "integrity": f"sha512-{digest}", "shasum": "0" * 40}
    document = {
        "name": package,
        "dist-tags": {"latest": latest or version},
        "versions": {version: {"name": package, "version": version, "dist": dist}},
    }
    body = json.dumps(document).encode()
    server.serve(f"/npm/{package.replace('/', '%2F')}", reply("200 OK", body))


@pytest.mark.spec("url-version", "manifest-url-version")
def test_the_version_of_the_atom_leads_to_its_archive(
    village: Village, person: Person, server: WebServer
) -> None:
    for version in ("1.4.0", "1.5.0"):
        data = archive(file("top/word", version.encode()))
        server.serve(f"/{version[:3]}/tool-{version}.tar", reply("200 OK", data))
    url = server.url("/{major}.{minor}/tool-{version}.tar")
    sources = f'[deps.direct.url]\nsrc = {{ url = "{url}", unpack = true }}'

    first = tree(built(person.json(work(village, sources, 'unpack = ["src"]'), "build")))
    place = work(village, sources, 'unpack = ["src"]', version="1.5.0")
    stale = person.json(place, "build", "--locked")
    second = tree(built(person.json(place, "build")))

    assert first == {"word": "1.4.0"}
    assert (stale.status, stale.code) == (1, "lock-outdated") or stale.code == "lock-stale"
    assert second == {"word": "1.5.0"}
    assert "/1.5/tool-1.5.0.tar" in (place / "atom.lock").read_text()


@pytest.mark.spec("url-version", "manifest-url-version")
def test_the_version_of_a_dependency_leads_to_what_belongs_to_it(
    village: Village, person: Person, server: WebServer
) -> None:
    for version in ("1.0.0", "1.1.0"):
        server.serve(f"/data-{version}", reply("200 OK", version.encode()))
    url = server.url("/data-{version}")
    sources = f'[deps.direct.url]\ndata = {{ url = "{url}", version_of = "shell" }}'
    place = work(village, sources, script("cat $data > $out"))

    first = built(person.json(place, "build")).read_text()
    village.atom("shell", version="1.1.0")
    second = built(person.json(place, "build")).read_text()

    assert (first, second) == ("1.0.0", "1.1.0")


@pytest.mark.spec("direct-checked")
def test_a_file_that_changed_on_its_server_is_never_used(
    village: Village, person: Person, server: WebServer
) -> None:
    url = server.serve("/x", reply("200 OK", b"honest"))
    sources = f'[deps.direct.url]\nx = {{ url = "{url}" }}'
    place = work(village, sources, script("cat $x > $out"))
    person.does(place, "lock")
    server.serve("/x", reply("200 OK", b"hostil"))

    answer = person.json(place, "build")

    assert (answer.status, answer.code) == (HASH_MISMATCH, "fetch-mismatch")
    assert not (place / "result").exists()


@pytest.mark.spec("url-mirrors", "compose-fetch")
def test_a_mirror_serves_when_the_first_server_is_gone(
    village: Village, person: Person, server: WebServer
) -> None:
    first, mirror = server.serve("/x", reply("200 OK", b"data")), server.url("/mirror")
    server.serve("/mirror", reply("200 OK", b"data"))
    sources = f'[deps.direct.url]\nx = {{ url = "{first}", mirrors = ["{mirror}"] }}'
    place = work(village, sources, script("cat $x > $out"))
    person.does(place, "lock")
    server.serve("/x", reply("404 Not Found"))

    answer = person.json(place, "build")

    assert built(answer).read_text() == "data"
    assert server.asked()[-1] == "/mirror"


@pytest.mark.spec("compose-fetch", "manifest-url")
def test_a_program_behind_an_address_can_be_run(
    village: Village, person: Person, server: WebServer
) -> None:
    url = server.serve("/tool", reply("200 OK", b'#!/bin/sh\necho "ran $1"\n'))
    sources = f'[deps.direct.url]\ntool = {{ url = "{url}", executable = true }}'
    place = work(village, sources, script("$tool well > $out"))

    assert built(person.json(place, "build")).read_text() == "ran well\n"


@pytest.mark.spec("manifest-url-unpack", "compose-strip", "unpack-part")
def test_archives_are_unpacked_as_the_manifest_says(
    village: Village, person: Person, server: WebServer
) -> None:
    data = archive(file("top/lib/in/f", b"deep"), file("top/other", b"other"))
    packed = zipped(("z-1/bin/x", b"program", 0o100755), ("z-1/doc", b"doc", 0))
    tarball = server.serve("/a.tar", reply("200 OK", data))
    zip_file = server.serve("/z", reply("200 OK", packed))
    sources = (
        "[deps.direct.url]\n"
        f'whole = {{ url = "{tarball}", unpack = true, strip = 0 }}\n'
        f'inner = {{ url = "{tarball}", unpack = true, strip = 2, subdir = "in" }}\n'
        f'zip = {{ url = "{zip_file}", unpack = true, archive = "zip", subdir = "bin" }}\n'
    )
    place = work(village, sources, 'unpack = ["whole", "inner", "zip"]')

    output = built(person.json(place, "build"))

    assert tree(output) == {
        "f": "deep", "top/lib/in/f": "deep", "top/other": "other", "x": "program",
    }  # fmt: skip
    assert os.access(output / "x", os.X_OK)


@pytest.mark.spec("unpack-part")
def test_a_directory_that_an_archive_lacks_is_named(
    village: Village, person: Person, server: WebServer
) -> None:
    url = server.serve("/a.tar", reply("200 OK", archive(file("top/f", b""))))
    sources = f'[deps.direct.url]\na = {{ url = "{url}", unpack = true, subdir = "lib" }}'

    answer = person.json(work(village, sources, 'unpack = ["a"]'), "build")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "archive-lacks")
    assert "lib" in answer.document["error"]["where"]


@pytest.mark.spec("git-pin", "compose-source", "compose-staged")
def test_a_git_repository_is_built_from_in_a_copy_that_may_be_changed(
    village: Village, person: Person, upstream: Path
) -> None:
    sources = (
        "[deps.direct.git]\n"
        f'src = {{ url = "file://{upstream}", version = "^1.2" }}\n'
        f'old = {{ url = "file://{upstream}", tag = "v1.2.0", subdir = "lib" }}\n'
    )
    text = "cd $src\necho more >> lib/word\ncat lib/word $old/word > $out"

    output = built(person.json(work(village, sources, script(text)), "build"))

    assert output.read_text() == "1.3.0\nmore\n1.2.0\n"


@pytest.mark.spec("compose-unpack", "unpack-kinds")
def test_a_git_repository_is_laid_over_archives(
    village: Village, person: Person, upstream: Path, server: WebServer
) -> None:
    data = archive(file("top/lib/word", b"old"), file("top/lib/more", b"more"))
    url = server.serve("/a.tar", reply("200 OK", data))
    rev = git(upstream, "rev-parse", "v1.2.0^{commit}")
    sources = (
        f'[deps.direct.url]\na = {{ url = "{url}", unpack = true }}\n'
        f'[deps.direct.git]\nb = {{ url = "file://{upstream}", rev = "{rev}" }}\n'
    )

    output = built(person.json(work(village, sources, 'unpack = ["a", "b"]'), "build"))

    assert tree(output) == {"lib/more": "more", "lib/word": "1.2.0\n"}


@pytest.mark.spec("direct-kept", "git-moved")
def test_a_locked_commit_stays_until_it_is_asked_for_anew(
    village: Village, person: Person, upstream: Path
) -> None:
    sources = f'[deps.direct.git]\nsrc = {{ url = "file://{upstream}", branch = "main" }}'
    place = work(village, sources, script("cat $src/lib/word > $out"))
    first = built(person.json(place, "build")).read_text()
    (upstream / "lib" / "word").write_text("newer\n")
    git(upstream, "commit", "-q", "-a", "-m", "newer")

    person.does(place, "lock")
    kept = built(person.json(place, "build")).read_text()
    person.does(place, "lock", "--refresh")
    renewed = built(person.json(place, "build")).read_text()

    assert (first, kept, renewed) == ("1.3.0\n", "1.3.0\n", "newer\n")


@pytest.mark.spec("git-moved")
def test_a_tag_that_was_moved_is_an_error_unless_it_is_accepted(
    village: Village, person: Person, upstream: Path
) -> None:
    sources = f'[deps.direct.git]\nsrc = {{ url = "file://{upstream}", tag = "v1.2.0" }}'
    place = work(village, sources, script("cat $src/lib/word > $out"))
    person.does(place, "lock")
    before = (place / "atom.lock").read_bytes()
    git(upstream, "tag", "-f", "v1.2.0", "v1.3.0^{commit}")

    untouched = person.json(place, "lock")
    moved = person.json(place, "lock", "--refresh")
    after_error = (place / "atom.lock").read_bytes()
    other = person.json(place, "lock", "--refresh", "--accept-moved", "other")
    accepted = person.json(place, "lock", "--refresh", "--accept-moved", "src")

    assert untouched.status == 0
    assert (moved.status, moved.code) == (EXIT_INTEGRITY, "tag-moved")
    assert after_error == before
    assert other.code == "tag-moved"
    assert accepted.status == 0
    assert built(person.json(place, "build")).read_text() == "1.3.0\n"


@pytest.mark.spec("npm-pin", "compose-source", "compose-staged")
def test_an_npm_package_is_built_from(village: Village, person: Person, server: WebServer) -> None:
    publish_npm(server, "left-pad", "1.3.0", tar(file("package/index.js", b"pad")))
    publish_npm(server, "@scope/name", "2.0.0", tar(file("name/index.js", b"scoped")))
    sources = (
        '[deps.direct.npm]\npad = { package = "left-pad", version = "^1.2" }\n'
        'scoped = { package = "@scope/name" }\n'
    )
    text = "echo changed > $pad/new\ncat $pad/new $pad/index.js $scoped/index.js > $out"
    place = work(village, sources, script(text))

    output = built(person.json(place, "build"))

    assert output.read_text() == "changed\npadscoped"
    assert 'name = "left-pad", version = "1.3.0"' in (place / "atom.lock").read_text()


@pytest.mark.spec("npm-pin", "direct-checked")
def test_an_npm_archive_is_held_against_the_registry_and_then_against_the_lock(
    village: Village, person: Person, server: WebServer
) -> None:
    publish_npm(server, "left-pad", "1.3.0", tar(file("package/index.js", b"pad")))
    sources = '[deps.direct.npm]\npad = { package = "left-pad", version = "^1.2" }\n'
    place = work(village, sources, 'unpack = ["pad"]')
    address = "/npm/left-pad/-/left-pad-1.3.0.tgz"
    honest = server.replies[address]
    hostile = tar(file("package/index.js", b"bad"))

    server.serve(address, reply("200 OK", hostile))
    at_pin = person.json(place, "lock")
    server.replies[address] = honest
    person.does(place, "lock")
    server.serve(address, reply("200 OK", hostile))
    at_use = person.json(place, "build")

    assert (at_pin.status, at_pin.code) == (EXIT_INTEGRITY, "npm-mismatch")
    assert (at_use.status, at_use.code) == (HASH_MISMATCH, "fetch-mismatch")


@pytest.mark.spec("direct-checked")
def test_what_was_fetched_builds_without_any_network(
    village: Village, person: Person, upstream: Path, server: WebServer
) -> None:
    publish_npm(server, "left-pad", "1.3.0", tar(file("package/index.js", b"pad\n")))
    url = server.serve("/x", reply("200 OK", b"file\n"))
    sources = (
        f'[deps.direct.url]\nx = {{ url = "{url}" }}\n'
        '[deps.direct.npm]\npad = { package = "left-pad" }\n'
        f'[deps.direct.git]\nsrc = {{ url = "file://{upstream}", tag = "v1.3.0" }}\n'
    )
    place = work(village, sources, script("cat $x $pad/index.js $src/lib/word > $out"))
    person.does(place, "lock")
    nothing = person.json(place, "build", "--offline")
    first, second = person.json(place, "fetch"), person.json(place, "fetch")
    upstream.rename(upstream.with_name("gone"))
    server.replies.clear()

    answer = person.json(place, "build", "--offline")

    assert nothing.status == EXIT_NETWORK
    assert (first.document["files"], first.document["downloaded"]) == (3, 2)
    assert second.document["downloaded"] == 0
    assert built(answer).read_text() == "file\npad\n1.3.0\n"


@pytest.mark.spec("git-tree")
def test_a_tree_that_no_source_may_hold_is_refused(
    village: Village, person: Person, upstream: Path
) -> None:
    commit = git(upstream, "rev-parse", "HEAD")
    git(upstream, "update-index", "--add", "--cacheinfo", f"160000,{commit},vendored")
    (upstream / "lib" / "way-out").symlink_to("../../../etc/passwd")
    git(upstream, "add", "lib")
    git(upstream, "commit", "-q", "-m", "hostile")
    whole = f'[deps.direct.git]\nsrc = {{ url = "file://{upstream}", branch = "main" }}'
    part = whole.replace('branch = "main"', 'tag = "v1.3.0", subdir = "lib"')

    refused = person.json(work(village, whole, 'unpack = ["src"]'), "lock")
    taken = person.json(work(village, part, 'unpack = ["src"]'), "lock")

    assert (refused.status, refused.code) == (EXIT_INTEGRITY, "source-tree-refused")
    assert "way-out" in refused.document["error"]["why"] or "vendored" in str(refused.document)
    assert taken.status == 0


FORGED = [
    ("rev", "1" * 40),
    ("tree", "1" * 40),
    ("blake3", "1" * 64),
    ("url", "file:///somewhere/else"),
    ("ref", "refs/heads/other"),
    ("path", "other"),
]


@pytest.mark.spec("direct-checked", "git-tree")
@pytest.mark.parametrize(("field", "value"), FORGED)
def test_a_forged_pin_of_a_git_source_builds_nothing(
    village: Village, person: Person, upstream: Path, field: str, value: str
) -> None:
    where = f'url = "file://{upstream}", branch = "main", subdir = "lib"'
    sources = f"[deps.direct.git]\nsrc = {{ {where} }}"
    place = work(village, sources, 'unpack = ["src"]')
    person.does(place, "lock")
    lock = place / "atom.lock"
    lines = [
        f'{field} = "{value}"' if line.startswith(f"{field} = ") else line
        for line in lock.read_text().split("\n")
    ]
    lock.write_text("\n".join(lines))

    answer = Person(place.parent / "someone").json(place, "build", "--locked")

    assert answer.status in {EXIT_NOT_FOUND, EXIT_INTEGRITY}
    assert answer.code in {
        "pin-mismatch", "content-mismatch", "lock-source-refused", "objects-unavailable",
        "server-refused",
    }  # fmt: skip
    assert not (place / "result").exists()


@pytest.mark.spec("npm-pin", "url-pin")
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name = "left-pad"', 'name = "right-pad"'),
        ('version = "1.3.0"', 'version = "2.0.0"'),
        ('version = "1.3.0"', 'version = "one"'),
    ],
)
def test_a_pin_of_another_npm_package_is_refused(
    village: Village, person: Person, server: WebServer, old: str, new: str
) -> None:
    publish_npm(server, "left-pad", "1.3.0", tar(file("package/index.js", b"pad")))
    sources = '[deps.direct.npm]\npad = { package = "left-pad", version = "^1.2" }\n'
    place = work(village, sources, 'unpack = ["pad"]')
    person.does(place, "lock")
    lock = place / "atom.lock"
    lock.write_text(lock.read_text().replace(old, new))

    answer = person.json(place, "build", "--locked")

    assert (answer.status, answer.code) == (EXIT_INTEGRITY, "lock-source-refused")


@pytest.mark.parametrize(
    ("sources", "code", "status"),
    [
        ('[deps.direct.git]\nx = { url = "file://UP", tag = "v9" }', "ref-missing", 3),
        ('[deps.direct.git]\nx = { url = "file://UP", version = "^9" }', "ref-missing", 3),
        (
            '[deps.direct.git]\nx = { url = "file://UP/no", branch = "main" }',
            "source-not-found",
            3,
        ),
        ('[deps.direct.npm]\nx = { package = "absent" }', "direct-source-not-found", 3),
        ('[deps.direct.url]\nx = { url = "WEB/absent" }', "direct-source-not-found", 3),
        ('[deps.direct.url]\nx = { url = "WEB/broken" }', "url-unavailable", 4),
        ('[deps.direct.url]\nx = { url = "WEB/away" }', "url-unavailable", 4),
    ],
)
def test_what_cannot_be_found_is_said(  # noqa: PLR0913 - fixtures and one case
    village: Village,
    person: Person,
    upstream: Path,
    server: WebServer,
    sources: str,
    code: str,
    status: int,
) -> None:
    server.serve("/broken", reply("200 OK", b"short", length=100))
    server.serve("/away", reply("302 Found", b"", "Location: file:///etc/passwd"))
    text = sources.replace("UP", str(upstream)).replace("WEB", server.url(""))

    answer = person.json(work(village, text, 'unpack = ["x"]'), "lock")

    assert (answer.code, answer.status) == (code, status)


@pytest.mark.spec("bump-lock")
def test_a_new_version_leaves_a_lock_that_names_the_old_one(
    village: Village, person: Person, server: WebServer
) -> None:
    for version in ("1.4.0", "1.5.0"):
        server.serve(f"/{version}", reply("200 OK", version.encode()))
    url = server.url("/{version}")
    place = work(village, f'[deps.direct.url]\nx = {{ url = "{url}" }}', script("cat $x > $out"))
    person.does(place, "lock")

    answer = person.eka(place, "bump", "work", "minor")

    assert answer.status == 0
    assert "eka lock" in answer.err + answer.out
    assert built(person.json(place, "build")).read_text() == "1.5.0"


@pytest.mark.spec("change-add-direct")
def test_sources_are_added_in_one_line(
    village: Village, person: Person, upstream: Path, server: WebServer
) -> None:
    publish_npm(server, "@scope/name", "2.0.0", tar(file("package/index.js", b"scoped")))
    zip_file = server.serve("/tool-1.0.zip", reply("200 OK", zipped(("t/x", b"x", 0))))
    place = work(village, "", script("cat $name/index.js $up/lib/word > $out"))
    texts = [
        "npm:@scope/name@^2", f"up=git:file://{upstream}@^1.2", f"url:{zip_file}",
        f"part=git:file://{upstream}#tag=v1.2.0&subdir=lib",
    ]  # fmt: skip

    person.does(place, "add", *texts)

    manifest = (place / "atom.toml").read_text()
    assert 'name = { package = "@scope/name", version = "^2" }' in manifest
    assert f'up = {{ url = "file://{upstream}", version = "^1.2" }}' in manifest
    assert 'tag = "v1.2.0", subdir = "lib" }' in manifest
    assert "unpack = true" in manifest
    assert built(person.json(place, "build")).read_text() == "scoped1.3.0\n"


@pytest.mark.spec("change-add-direct")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("git:https://example.org/x.git", "invalid-direct-source"),
        ("git:https://example.org/x.git#v1", "invalid-direct-source"),
        ("git:https://example.org/x.git#tag=v1&tag=v2", "invalid-direct-source"),
        ("git:https://example.org/x.git#tag=v1&branch=b", "invalid-value"),
        ("git:https://me:pw@example.org/x.git@^1", "credentials-in-url"),
        ("npm:left-pad@>=1", "unsupported-range"),
        ("x=npm:.hidden", "invalid-value"),
    ],
)
def test_a_line_that_names_no_source_changes_nothing(
    village: Village, person: Person, text: str, code: str
) -> None:
    place = work(village, "", script("true"))
    before = (place / "atom.toml").read_bytes()

    answer = person.json(place, "add", text)

    assert answer.code == code, answer.out
    assert (place / "atom.toml").read_bytes() == before
    assert not (place / "atom.lock").exists()


def test_what_an_atom_declares_is_shown(village: Village, person: Person) -> None:
    sources = (
        '[deps.direct.git]\nsrc = { url = "https://a.org/x.git", version = "^1.2" }\n'
        '[deps.direct.npm]\npad = { package = "left-pad" }\n'
        '[deps.direct.url]\nx = { url = "https://a.org/{version}", unpack = true, strip = 0 }\n'
        '[deps.direct.deb]\ntools = { packages = ["gcc", "make"] }\n'
    )

    told = person.does(work(village, sources, 'unpack = ["x"]'), "info").out

    assert "git src  url=https://a.org/x.git  version=^1.2\n" in told
    assert "npm pad  package=left-pad  version=*\n" in told
    assert "url x  url=https://a.org/1.4.0  unpack=true  strip=0\n" in told
    assert 'deb tools  packages=["gcc", "make"]\n' in told


@pytest.mark.spec("direct-copied")
def test_a_dependency_that_pins_something_else_than_it_declares_is_refused(
    village: Village, person: Person, server: WebServer, tmp_path: Path
) -> None:
    url = server.serve("/x", reply("200 OK", b"x"))
    place = work(village, f'[deps.direct.url]\nx = {{ url = "{url}" }}', script("cat $x > $out"))
    person.does(village.mono, "lock")
    lock = place / "atom.lock"
    lock.write_text(lock.read_text().replace(url, server.url("/other")))
    village.commit()
    person.does(village.mono, "publish", "--all", "--push-source")
    person.does(tmp_path, "new", "app")

    answer = person.json(tmp_path / "app", "add", f"{village.url}::work")

    assert (answer.status, answer.code) == (EXIT_INTEGRITY, "dependency-lock-missing")
    assert "/other" in answer.document["error"]["why"]


@pytest.mark.spec("direct-copied", "compose-source")
def test_whoever_depends_on_an_atom_builds_from_its_sources(
    village: Village, person: Person, server: WebServer, tmp_path: Path
) -> None:
    publish_npm(server, "left-pad", "1.3.0", tar(file("package/index.js", b"pad\n")))
    data = archive(file("top/f", b"f\n"))
    server.serve("/work-1.4.0.tar", reply("200 OK", data))
    url = server.url("/work-{version}.tar")
    sources = (
        f'[deps.direct.url]\nx = {{ url = "{url}", unpack = true }}\n'
        '[deps.direct.npm]\npad = { package = "left-pad" }\n'
    )
    work(village, sources, script("cat $x/f $pad/index.js > $out"))
    village.publish(person)
    someone = Person(tmp_path / "someone")
    someone.does(tmp_path, "new", "app")
    someone.does(tmp_path / "app", "add", f"{village.url}::work")

    answer = someone.json(tmp_path / "app", "build", "work")

    assert built(answer).read_text() == "f\npad\n"
