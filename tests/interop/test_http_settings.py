"""Which of git's HTTP settings count for a URL: git itself is asked."""

from __future__ import annotations

import os
import subprocess
from itertools import product
from typing import TYPE_CHECKING

import pytest

from eka.atom import Aliases, parse_source_url
from eka.git import GitRunner
from eka.git.http_rules import http_rules
from eka.git.push_settings import read_push_settings

if TYPE_CHECKING:
    from pathlib import Path

HOSTS = ("git.example.org", "*.example.org", "example.org", "git.*.org", "GIT.example.org")
PATHS = ("", "/", "/team", "/team/", "/team/core", "/te", "/Team", "/a%20b")
PORTS = ("", ":443", ":8443")
USERS = ("", "ann@")
PATTERNS = [
    f"{scheme}://{user}{host}{port}{path}"
    for scheme, user, host, port, path in product(("https", "http"), USERS, HOSTS, PORTS, PATHS)
]
URLS = (
    "https://git.example.org/team/core",
    "https://git.example.org/team",
    "https://git.example.org:8443/team/core",
    "https://ann@git.example.org/team/core",
    "http://git.example.org/team/core",
    "https://example.org/x",
    "https://git.example.org/a%20b/c",
)


@pytest.mark.spec("push-http-rules")
@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("step", [1, 7, 31, -1, -13])
def test_the_setting_that_counts_is_the_one_git_chooses(
    tmp_path: Path, url: str, step: int
) -> None:
    file = tmp_path / "gitconfig"
    chosen = PATTERNS[::step]
    sections = (f'[http "{p}"]\n\tuserAgent = agent {n}\n' for n, p in enumerate(chosen))
    file.write_text("[http]\n\tuserAgent = general\n" + "".join(sections))
    env = {**os.environ, "GIT_CONFIG_GLOBAL": str(file), "GIT_CONFIG_NOSYSTEM": "1"}

    entries = read_push_settings(GitRunner("git", env, tmp_path)).entries
    found = http_rules(entries, {}, parse_source_url(url, Aliases({})))

    asked = ["git", "config", "--get-urlmatch", "http.userAgent", url]
    expected = subprocess.run(asked, env=env, capture_output=True, text=True, check=True)
    assert found.user_agent == expected.stdout.rstrip("\n")
