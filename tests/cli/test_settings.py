"""Where settings come from, who wins, and what a stranger's project may not do."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from eka.cli.errors import SettingInvalid
from eka.cli.settings import Settings, load_settings
from eka.errors import EkaError


@dataclass
class Machine:
    """A machine with its configuration files below one directory."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict[str, str])

    def write(self, place: str, text: str) -> Path:
        path = self.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def load(self, directory: str = "project") -> Settings:
        (self.root / directory).mkdir(parents=True, exist_ok=True)
        environment = {"HOME": str(self.root / "home"), **self.environment}
        return load_settings(
            environment, str(self.root / directory), system=str(self.root / "etc/config.toml")
        )


SYSTEM = "etc/config.toml"
USER = "home/.config/eka/config.toml"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_any_file_defaults_hold(machine: Machine) -> None:
    settings = machine.load()

    assert settings.cache_dir == machine.root / "home/.cache/eka"
    assert settings.store_dir == machine.root / "home/.local/share/eka/store"
    assert set(settings.origins.values()) == {"default"}
    assert settings.files == ()
    assert settings.jobs >= 1


def test_base_directories_are_respected_when_absolute(machine: Machine) -> None:
    machine.environment |= {"XDG_CACHE_HOME": "/c", "XDG_DATA_HOME": "relative"}

    settings = machine.load()

    assert settings.cache_dir == Path("/c/eka")
    assert settings.store_dir == machine.root / "home/.local/share/eka/store"
    assert settings.state_dir == machine.root / "home/.local/state/eka"


def test_the_later_layer_wins_and_is_named(machine: Machine) -> None:
    system = machine.write(SYSTEM, "[build]\njobs = 1\n[network]\ntimeout_s = 10\n")
    user = machine.write(USER, "[network]\ntimeout_s = 20\n[cache]\ndir = '/user'\n")
    machine.environment |= {"EKA_CACHE_DIR": "/mine", "EKA_STORE_DIR": ""}

    settings = machine.load()

    assert (settings.jobs, settings.timeout_s) == (1, 20)
    assert settings.cache_dir == Path("/mine")
    assert settings.origins == {
        "build.jobs": str(system),
        "network.timeout_s": str(user),
        "cache.dir": "EKA_CACHE_DIR",
        "store.dir": "default",
        "state.dir": "default",
        "listing.max_age_s": "default",
        "lock.cooldown": "default",
    }
    assert settings.files == (str(system), str(user))


def test_an_empty_home_falls_back_to_the_password_file(machine: Machine) -> None:
    machine.environment["HOME"] = ""

    assert machine.load().cache_dir.is_absolute()


def test_debian_settings_are_kept_as_given(machine: Machine) -> None:
    machine.write(USER, "[deb]\nmirror = 'http://m/debian'\nsecurity_mirror = ''\n")
    machine.environment["EKA_DEB_SUITE"] = "trixie"

    deb = machine.load().deb

    assert deb == {"mirror": "http://m/debian", "security_mirror": "", "suite": "trixie"}


def test_a_limit_of_memory_is_a_size(machine: Machine) -> None:
    machine.write(USER, "[build]\nmax_memory = '3G'\n")

    first = machine.load().max_memory_bytes
    machine.environment["EKA_MAX_MEMORY"] = "512M"
    second = machine.load().max_memory_bytes
    machine.environment["EKA_MAX_MEMORY"] = "0"
    with pytest.raises(SettingInvalid) as refused:
        machine.load()

    assert (first, second) == (3 << 30, 512 << 20)
    assert "4G" in refused.value.why


def test_aliases_of_all_files_come_together(machine: Machine) -> None:
    machine.write(SYSTEM, "[aliases]\ncorp = 'git.corp'\nteam = 'git.corp/old'\n")
    user = machine.write(USER, "[aliases]\nteam = 'git.corp/new'\n")
    project = machine.write("project/.eka.toml", "[aliases]\nours = 'corp:ours'\n")

    settings = machine.load()

    assert settings.aliases.expand("team") == "git.corp/new"
    assert settings.aliases.expand("ours", "x") == "git.corp/ours/x"
    assert settings.aliases.expand("gh", "a/b") == "github.com/a/b"
    assert settings.alias_origins["team"] == str(user)
    assert settings.alias_origins["ours"] == str(project)


def test_the_file_of_a_project_counts_below_its_root_but_not_above(machine: Machine) -> None:
    machine.write("project/.git/HEAD", "")
    machine.write("project/.eka.toml", "[aliases]\nours = 'git.example.org'\n")
    machine.write("loose/.eka.toml", "[aliases]\ntheirs = 'git.example.org'\n")

    inside, loose = machine.load("project/pkgs/zlib"), machine.load("loose/deep")

    assert "ours" in inside.aliases
    assert "theirs" not in loose.aliases


@pytest.mark.parametrize("text", ["[aliases]\ngh = 'evil'\n", "[aliases]\ncorp = 'evil'\n"])
def test_a_project_may_not_shadow_an_alias(machine: Machine, text: str) -> None:
    machine.write(USER, "[aliases]\ncorp = 'git.corp'\n")
    project = machine.write("project/.eka.toml", text)

    with pytest.raises(EkaError) as caught:
        machine.load()

    assert caught.value.code == "alias-shadowed"
    assert caught.value.span is not None
    assert (caught.value.span.file, caught.value.span.line) == (str(project), 2)


@pytest.mark.parametrize("text", [
    "[cache]\ndir = '/tmp/x'\n",
    "[store]\ndir = '/tmp/x'\n",
    "[deb]\nmirror = 'http://evil'\n",
    "[git]\nprogram = 'evil'\n",
    "aliases = 1\n",
])  # fmt: skip
def test_a_project_may_set_nothing_but_aliases(machine: Machine, text: str) -> None:
    machine.write("project/.eka.toml", text)

    with pytest.raises(EkaError) as caught:
        machine.load()

    assert caught.value.code in ("setting-unknown", "setting-invalid")
    assert caught.value.exit_status == 2


@pytest.mark.parametrize(("text", "code", "line"), [
    ("[cache]\ndir = 'relative'\n", "setting-invalid", 2),
    ("[cache]\ndir = 3\n", "setting-invalid", 2),
    ("[build]\njobs = 0\n", "setting-invalid", 2),
    ("[build]\njobs = true\n", "setting-invalid", 2),
    ("[build]\n\njobs = 'two'\n", "setting-invalid", 3),
    ("[network]\ntimeout_s = 1.5\n", "setting-invalid", 2),
    ("[deb]\nmirror = 'ftp://x'\n", "setting-invalid", 2),
    ("[aliases]\nx = 1\n", "setting-invalid", 2),
    ("[aliases]\nx = ''\n", "invalid-alias", 2),
    ("[build]\njob = 2\n", "setting-unknown", 2),
    ("jobs = 2\n", "setting-unknown", 1),
    ("[build\n", "invalid-toml", 1),
])  # fmt: skip
def test_a_wrong_setting_is_pointed_at(machine: Machine, text: str, code: str, line: int) -> None:
    path = machine.write(USER, text)

    with pytest.raises(EkaError) as caught:
        machine.load()

    assert caught.value.code == code
    assert caught.value.span is not None
    assert (caught.value.span.file, caught.value.span.line) == (str(path), line)


@pytest.mark.parametrize(("variable", "value"), [
    ("EKA_JOBS", "many"),
    ("EKA_JOBS", "0"),
    ("EKA_JOBS", "99999999999999999999"),
    ("EKA_TIMEOUT_S", "-1"),
    ("EKA_CACHE_DIR", "here"),
    ("EKA_DEB_SUITE", "a b"),
])  # fmt: skip
def test_a_wrong_variable_is_named(machine: Machine, variable: str, value: str) -> None:
    machine.environment[variable] = value

    with pytest.raises(EkaError) as caught:
        machine.load()

    assert caught.value.code == "setting-invalid"
    assert caught.value.where == variable


def test_caches_are_a_list_in_a_file_and_words_in_the_environment(machine: Machine) -> None:
    machine.write(USER, '[build]\ncaches = ["https://cache.example.org", "/srv/cache"]\n')
    of_the_file = machine.load().caches
    machine.environment["EKA_CACHES"] = "/one  http://two.example"

    assert of_the_file == ("https://cache.example.org", "/srv/cache")
    assert machine.load().caches == ("/one", "http://two.example")


@pytest.mark.parametrize("value", ["1", '["relative"]', '["/a", 1]', '"ftp://example.org"'])
def test_what_is_no_cache_is_refused(machine: Machine, value: str) -> None:
    machine.write(USER, f"[build]\ncaches = {value}\n")

    with pytest.raises(SettingInvalid):
        machine.load()
