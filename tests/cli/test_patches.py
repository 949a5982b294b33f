"""Somebody develops an atom together with the one that needs it: ``[patch]``."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from eka.hashing import digest
from tests.story import Answer, Person, Village, git

EXIT_FAILED, EXIT_NOT_FOUND, EXIT_INTEGRITY = 1, 3, 5


@pytest.fixture
def village(published: Village, tmp_path: Path) -> Village:
    return Village.copied(published, tmp_path / "village")


@pytest.fixture
def app(person: Person, village: Village, tmp_path: Path) -> Path:
    """A project that depends on greet; beside it a copy of greet is being worked on."""
    person.does(tmp_path, "new", "app")
    app = tmp_path / "app"
    person.does(app, "add", f"{village.url}::greet@^1")
    shutil.copytree(village.mono / "greet", tmp_path / "greet")
    (tmp_path / "greet/word").write_text("bonjour\n")
    return app


def manifest(app: Path, more: str) -> None:
    """Add lines to the manifest of a project."""
    path = app / "atom.toml"
    path.write_text(path.read_text() + more)


def patch(app: Path, path: str = "../greet", *, label: str = "greet") -> None:
    """Let a directory stand for an atom of the set ``pkgs``."""
    manifest(app, f'[patch.pkgs]\n{label} = {{ path = "{path}" }}\n')


def version(directory: Path, text: str) -> None:
    """Give the atom in a directory another version."""
    path = directory / "atom.toml"
    path.write_text(path.read_text().replace('version = "1.0.0"', f'version = "{text}"'))


def built_word(answer: Answer) -> str:
    """Return the word that a build of greet put into its program."""
    (output,) = answer.document["outputs"]
    return Path(output["physical"], "bin/greet").read_text().split()[-2].strip('"')


@pytest.mark.spec("flow-patch", "flow-patch-used", "lock-patched")
def test_a_directory_is_locked_and_built_in_the_place_of_the_published_atom(
    person: Person, app: Path
) -> None:
    version(app.parent / "greet", "1.7.0")
    patch(app)

    locked = person.json(app, "lock")
    word = built_word(person.json(app, "build", "greet"))

    text = (app / "atom.lock").read_text()
    assert [each["after"] for each in locked.document["projects"][0]["changes"]] == ["1.7.0"]
    assert 'label = "greet"\nversion = "1.7.0"' in text
    assert text.count("patched = true") == 1
    assert "../greet" not in text
    assert word == "bonjour"


@pytest.mark.spec("flow-patch-used", "flow-current")
def test_a_build_takes_the_directory_as_it_is_now(person: Person, app: Path) -> None:
    patch(app)
    person.does(app, "lock")
    (app.parent / "greet/word").write_text("salut\n")

    word = built_word(person.json(app, "build", "--locked", "greet"))

    assert word == "salut"


@pytest.mark.spec("flow-patch")
def test_an_atom_that_was_never_published_can_be_patched_in(person: Person, app: Path) -> None:
    new = app.parent / "fresh"
    person.does(app.parent, "new", "fresh")
    patch(app, "../fresh", label="fresh")
    text = (app / "atom.toml").read_text()
    (app / "atom.toml").write_text(text.replace('greet = "^1"', 'greet = "^1"\nfresh = "^0.1"'))

    person.does(app, "lock")

    assert new.is_dir()
    assert 'label = "fresh"\nversion = "0.1.0"' in (app / "atom.lock").read_text()


@pytest.mark.spec("flow-patch")
def test_a_patch_counts_wherever_in_the_closure_its_atom_is_needed(
    person: Person, village: Village, app: Path
) -> None:
    shutil.copytree(village.mono / "shell", app.parent / "shell", symlinks=True)
    version(app.parent / "shell", "1.2.0")
    patch(app, "../shell", label="shell")

    person.does(app, "lock")

    text = (app / "atom.lock").read_text()
    assert 'label = "greet"\nversion = "1.0.0"' in text
    assert 'label = "shell"\nversion = "1.2.0"' in text
    assert text.count("patched = true") == 1


@pytest.mark.spec("flow-patch")
def test_needs_of_a_patched_atom_are_those_of_its_own_manifest(
    person: Person, village: Village, app: Path
) -> None:
    village.atom("extra")
    village.publish(person)
    greet = app.parent / "greet/atom.toml"
    more = 'near = "../village/server/pkgs.git"\n[deps.from.near]\nextra = "^1"\n'
    greet.write_text(greet.read_text().replace("[deps.from.here]", f"{more}[deps.from.here]"))
    patch(app)

    person.does(app, "lock")
    built = person.does(app, "build", "greet")

    text = (app / "atom.lock").read_text()
    assert 'label = "extra"\nversion = "1.0.0"' in text
    assert text.count("[[set]]") == 1
    assert built.status == 0


@pytest.mark.spec("flow-patch")
def test_a_version_that_does_not_fit_is_explained_by_its_directory(
    person: Person, app: Path
) -> None:
    version(app.parent / "greet", "2.0.0")
    patch(app)
    before = (app / "atom.lock").read_bytes()

    answer = person.json(app, "lock")

    assert (answer.status, answer.code) == (EXIT_NOT_FOUND, "no-matching-version")
    assert "greet 2.0.0 is the one in ../greet" in answer.document["error"]["why"]
    assert (app / "atom.lock").read_bytes() == before


@pytest.mark.spec("flow-patch")
def test_a_version_that_fits_nobody_below_is_explained_too(
    person: Person, village: Village, app: Path
) -> None:
    shutil.copytree(village.mono / "shell", app.parent / "shell", symlinks=True)
    version(app.parent / "shell", "2.0.0")
    patch(app, "../shell", label="shell")

    answer = person.json(app, "lock")

    assert (answer.status, answer.code) == (EXIT_FAILED, "unsatisfiable")
    assert "shell 2.0.0 is the one in ../shell" in answer.document["error"]["why"]


@pytest.mark.spec("flow-patch")
@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("../nowhere", EXIT_NOT_FOUND, "patch-not-found"),
        ("..", EXIT_NOT_FOUND, "patch-not-found"),
        ("../app", EXIT_FAILED, "patch-misplaced"),
    ],
)
def test_a_directory_without_that_atom_is_refused(
    person: Person, app: Path, path: str, status: int, code: str
) -> None:
    patch(app, path)

    answer = person.json(app, "lock")

    assert (answer.status, answer.code) == (status, code)
    assert answer.document["error"]["span"]["file"].endswith("app/atom.toml")


@pytest.mark.spec("flow-patch")
def test_one_atom_is_patched_once_whatever_the_set_is_called(
    person: Person, village: Village, app: Path
) -> None:
    text = (app / "atom.toml").read_text()
    text = text.replace("[package.sets]", f'[package.sets]\ntwin = "{village.url}"')
    (app / "atom.toml").write_text(text)
    patch(app)
    manifest(app, '[patch.twin]\ngreet = { path = "../greet" }\n')

    answer = person.json(app, "lock")

    assert answer.code == "patch-twice"


@pytest.mark.spec("flow-patch-root")
def test_who_locks_is_told_of_patches_used_and_unused(person: Person, app: Path) -> None:
    patch(app)
    manifest(app, 'shelf = { path = "../shelf" }\n')
    person.does(app.parent, "new", "shelf")

    first, second = person.does(app, "lock").err, person.does(app, "lock").err

    for told in (first, second):
        assert "greet 1.0.0 is the one in ../greet ([patch.pkgs])" in told
        assert "shelf in [patch.pkgs] is not used" in told


@pytest.mark.spec("flow-patch-root")
def test_a_patch_of_a_patched_atom_does_not_count(person: Person, app: Path) -> None:
    patch(app)
    greet = app.parent / "greet/atom.toml"
    text = greet.read_text().replace(
        'here = "::"', 'here = "::"\nother = "../village/server/pkgs.git"'
    )
    greet.write_text(text + '[patch.other]\nshell = { path = "../nowhere" }\n')

    answer = person.does(app, "lock")

    assert "[patch] of greet counts only where it is itself the project" in answer.err
    assert (app / "atom.lock").read_text().count("patched = true") == 1


@pytest.mark.spec("flow-current")
def test_a_lock_is_stale_when_the_patched_atom_changed(person: Person, app: Path) -> None:
    patch(app)
    person.does(app, "lock")
    version(app.parent / "greet", "1.0.1")

    refused = person.json(app, "build", "greet", "--locked")
    built = person.does(app, "build", "greet")

    assert (refused.status, refused.code) == (EXIT_FAILED, "lock-stale")
    assert refused.document["error"]["why"] == "upgraded greet 1.0.0 -> 1.0.1"
    assert "greet 1.0.0 -> 1.0.1" in built.err


@pytest.mark.spec("flow-current", "lock-patched")
@pytest.mark.parametrize("marked", [True, False])
def test_a_lock_and_a_manifest_that_disagree_about_patches_are_not_used(
    person: Person, app: Path, *, marked: bool
) -> None:
    plain = (app / "atom.lock").read_text()
    if not marked:
        patch(app)
    person.does(app, "lock")
    now = (app / "atom.lock").read_text()
    digest = now.partition('requirements = "')[2][:64]
    if marked:  # somebody edits the lock of a project without any patch
        begin = now.index('label = "greet"')
        end = now.index("requires", begin)
        kept = [line for line in now[begin:end].splitlines() if line[:2] in {"la", "ve", "id"}]
        forged = now[:begin] + "\n".join([*kept, "patched = true"]) + "\n" + now[end:]
    else:
        forged = plain.replace(plain.partition('requirements = "')[2][:64], digest)
    (app / "atom.lock").write_text(forged)

    answer = person.json(app, "build", "greet", "--locked")

    assert (answer.status, answer.code) == (EXIT_FAILED, "lock-stale")


@pytest.mark.spec("flow-patch-used")
def test_what_leaves_the_machine_is_without_patched_atoms_and_names_them(
    person: Person, app: Path, tmp_path: Path
) -> None:
    patch(app)
    person.does(app, "lock")

    fetched = person.json(app, "fetch")
    verified = person.json(app, "verify")
    vendored = person.json(app, "vendor", str(tmp_path / "vendored"))
    mirrored = person.json(app, "mirror", str(tmp_path / "mirror"))
    told = person.does(app, "verify").out + person.does(app, "vendor", str(tmp_path / "v")).out

    assert [atom["label"] for atom in fetched.document["atoms"]] == ["shell"]
    for answer in (verified, vendored, mirrored):
        assert answer.status == 0
        assert answer.document["patched"] == ["greet@1.0.0"]
        assert answer.document["own"] == 0
    assert told.count("greet@1.0.0") == 2


@pytest.mark.spec("publish-patch")
def test_an_atom_with_a_patch_is_not_published(
    person: Person, village: Village, tmp_path: Path
) -> None:
    person.does(tmp_path, "new", "near")
    sets = (
        f'[package.sets]\nfar = "{village.url}"\n[patch.far]\nnear = {{ path = "../../near" }}\n'
    )
    village.atom("tool", sets)
    village.commit()

    checked = person.json(village.mono, "publish", "--check", "tool")
    refused = person.json(village.mono, "publish", "--push-source", "tool")

    assert checked.status == EXIT_FAILED
    assert [each["code"] for each in checked.document["problems"]] == ["patch-not-publishable"]
    assert refused.code == "patch-not-publishable"
    assert "tool" not in git(village.server, "for-each-ref", "refs/atoms")


@pytest.mark.spec("manifest-patch-published")
def test_a_published_version_with_a_patch_is_passed_over(
    person: Person, village: Village, app: Path
) -> None:
    head = git(village.mono, "rev-parse", "HEAD")
    body = '[package]\nlabel = "odd"\nversion = "{}"\n'
    forged = body.format("1.1.0") + (
        '[package.sets]\nfar = "https://git.example.org/far"\n[patch.far]\nx = { path = "../x" }\n'
    )
    for text, number in ((body.format("1.0.0"), "1.0.0"), (forged, "1.1.0")):
        village.write("odd/atom.toml", text)
        git(village.mono, "add", "-A")
        tree = git(village.mono, "rev-parse", git(village.mono, "write-tree") + ":odd")
        blob = git(village.mono, "rev-parse", tree + ":atom.toml")
        file = digest(text.encode())
        content = digest(b"100644 atom.toml\0" + file)
        raw = village.root / "raw"
        raw.write_text(
            f"tree {tree}\nauthor  <> 0 +0000\ncommitter  <> 0 +0000\norigin {head}\npath odd\n"
            f"manifest {blob}\nblake3 {content.hex()}\nformat 2\n\npublish(odd): {number}"
        )
        commit = git(village.mono, "hash-object", "-t", "commit", "-w", "--literally", str(raw))
        git(village.mono, "push", "-q", str(village.server), f"{commit}:refs/atoms/odd/{number}")

    answer = person.eka(app, "add", f"{village.url}::odd@^1")

    assert answer.status == 0, answer.err
    assert "odd 1.1.0 cannot be used" in answer.err
    assert 'label = "odd"\nversion = "1.0.0"' in (app / "atom.lock").read_text()
