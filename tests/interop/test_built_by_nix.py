"""Published atoms built by real Nix are those that eka's own sandbox builds, path for path.

Always played with a set that builds in a moment; the long run builds zlib and lua from Debian's
sources, with a compiler made of Debian's packages.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.interop.test_real_builds import SETS, Stranger, open_directory
from tests.servers.git_http import serve
from tests.story import Person

if TYPE_CHECKING:
    from collections.abc import Callable

EKA_STORE = Path(sys.executable).with_name("eka-store")
__all__ = ["open_directory"]


@pytest.mark.spec("nix-backend")
def test_nix_builds_what_eka_builds(
    open_directory: Path,
    rounds: Callable[[int, int], int],
) -> None:
    for number, publish in enumerate(SETS[: rounds(1, len(SETS))]):
        root = open_directory / str(number)
        root.mkdir()
        published = publish(root / "set", Person(root / "owner"))
        person = Stranger(root / "person", ())
        person.home.mkdir()
        store, plan = root / "another store", root / "plan"

        with serve(published.folder) as server:
            ours = person.builds(f"{server.url}/pkgs.git", published.labels)
            # The plan brings the trees it needs into the store.
            words = ("build", *published.labels, "--plan", "--store", str(store))
            plan.write_text(person.eka(*words))
        command = [EKA_STORE, "realise", plan, "--nix", root / "nix", "--store", store, "--json"]
        ran = subprocess.run(
            list(map(str, command)), env=person.environment, capture_output=True, check=False
        )

        assert ran.returncode == 0, ran.stdout[-2000:]
        theirs = json.loads(ran.stdout.splitlines()[-1])["outputs"]
        assert {each["path"] for each in theirs} == {each["path"] for each in ours["outputs"]}
