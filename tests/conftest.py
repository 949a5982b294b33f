"""What every test shares: a fixed environment, the long rounds, the options of a full run."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING

import pytest
from coverage import Coverage
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from tests.story import Village

# A test must not see the machine it runs on: not its git identity, colours, aliases or caches.
FOREIGN_PREFIXES = ("GIT_", "EKA_", "XDG_", "SSH_", "LC_", "PYTHON")
FOREIGN_NAMES = (
    "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "DISPLAY", "EDITOR", "EMAIL", "FORCE_COLOR",
    "LANGUAGE", "LINES", "NO_COLOR", "SOURCE_DATE_EPOCH", "TERM",
)  # fmt: skip
FIXED = {
    "LANG": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "TERM": "dumb",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "Author",
    "GIT_AUTHOR_EMAIL": "author@example.org",
    "GIT_COMMITTER_NAME": "Committer",
    "GIT_COMMITTER_EMAIL": "committer@example.org",
}
HOME = pytest.StashKey[Path]()
# These alone are traced, for tracing doubles what a test takes: they reach every line and branch
# of the pure packages, the same ones in every run.
PURE = ("eka.atom", "eka.resolve", "eka.compose")
MEASURED = tuple(Path(__file__).parent / name for name in ("unit", "conformance"))

settings.register_profile("short", max_examples=60, derandomize=True, database=None, deadline=None)
settings.register_profile(
    "long",
    max_examples=2000,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options of this test suite."""
    parser.addoption("--long", action="store_true", help="play the long rounds too")
    parser.addoption(
        "--repositories",
        metavar="DIR",
        help="bare copies of the public repositories in fixtures/atoms, as DIR/OWNER/NAME.git",
    )
    parser.addoption(
        "--all-clauses",
        action="store_true",
        help="this is a full run: a clause of atom-spec without a test is a failure",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Fix the environment before any test module is imported."""
    # Those started in the background of a shell would pass on that interrupts are ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in list(os.environ):
        if name.startswith(FOREIGN_PREFIXES) or name in FOREIGN_NAMES:
            del os.environ[name]
    home = Path(tempfile.mkdtemp(prefix="eka-tests-"))
    config.stash[HOME] = home
    os.environ.update(FIXED, HOME=str(home))
    settings.load_profile("long" if config.getoption("--long") else "short")
    config.pluginmanager.register(Measurement())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the home directory of the tests."""
    shutil.rmtree(config.stash[HOME], ignore_errors=True)


class Measurement:
    """Pauses the measurement of coverage during tests that are not `MEASURED`, or ``untraced``."""

    def __init__(self) -> None:
        self._paused: list[Coverage] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Load what is measured while it is: much of it is loaded on demand, by whatever test."""
        for name in PURE:
            package = import_module(name)
            for found in walk_packages(package.__path__, f"{name}."):
                import_module(found.name)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Pause or go on, with all that the test sets up and tears down."""
        is_measured = any(item.path.is_relative_to(folder) for folder in MEASURED)
        if is_measured and not item.get_closest_marker("untraced"):
            if self._paused:
                _forget()
            while self._paused:
                self._paused.pop().start()
        else:
            # Each worker of pytest-cov has two, and the end of one wakes the other.
            while running := Coverage.current():
                running.stop()
                self._paused.append(running)
        # Threads of the tests' servers stay untraced. Python 3.11 sometimes cannot trace one
        # ("while another trace function is being installed"), and it ends before it began.
        threading.settrace(None)  # type: ignore[arg-type] # what `settrace` documents for the others
        return (yield)


def _forget() -> None:
    """Let what functions remember be computed again, now that it is measured."""
    for name, module in list(sys.modules.items()):
        if name.startswith(PURE):
            for value in vars(module).values():
                if clear := getattr(value, "cache_clear", None):
                    clear()


@pytest.fixture(scope="session")
def rounds(pytestconfig: pytest.Config) -> Callable[[int, int], int]:
    """Choose how often a test repeats itself: ``rounds(short, long)``."""
    long = bool(pytestconfig.getoption("--long"))
    return lambda short, full: full if long else short


@pytest.fixture(scope="session")
def calm_village(tmp_path_factory: pytest.TempPathFactory) -> Village:
    """Greet in two versions; whoever changes something changes a copy."""
    # Not at the top: what is imported before the tests are collected is not measured.
    from tests.story import Person, Village  # noqa: PLC0415 (see above)

    made = Village(tmp_path_factory.mktemp("village"))
    owner = Person(made.root / "owner")
    made.publish(owner)
    made.greet("good day", version="1.1.0")
    made.release(owner, "greet")
    return made
