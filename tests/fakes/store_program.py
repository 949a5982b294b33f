"""``eka-store`` run inside the test, its documents checked against their schemas."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eka.store import Store, TreeInput
from eka.store_cli.console import Console
from eka.store_cli.main import dispatch
from tests.fakes.workbench import Workbench, plan_of
from tests.schemas import check_store_line

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """How one run of the program ended."""

    status: int
    stdout: str
    stderr: str

    @property
    def documents(self) -> list[Any]:
        """The JSON documents of standard output, each checked against its schema."""
        found = [json.loads(line) for line in self.stdout.splitlines()]
        for document in found:
            check_store_line(document)
        return found

    @property
    def document(self) -> Any:  # noqa: ANN401 - JSON
        """The one document of standard output."""
        (found,) = self.documents
        return found


@dataclass(frozen=True)
class StoreProgram:
    """Runs commands on the store ``s`` of a directory: ``eka_store("gc", "--json")``."""

    home: Path

    def __call__(self, *words: object, stdin: bytes = b"", **environment: str) -> Ran:
        """Run one command to its end."""
        stdout, stderr = io.StringIO(), io.StringIO()
        world = {"HOME": str(self.home), "EKA_STORE_DIR": str(self.home / "s"), **environment}
        console = Console(io.BytesIO(stdin), stdout, stderr)
        status = dispatch([str(word) for word in words], world, console)
        return Ran(status, stdout.getvalue(), stderr.getvalue())


def script_plan(root: Path, script: str) -> bytes:
    """Return a plan that runs a script; its tree is in the store, and a link keeps it."""
    with Store.open(root) as store:
        action = Workbench(store).script(script)
        for wanted in action.inputs.values():
            assert isinstance(wanted, TreeInput)
            store.add_root(root.parent / "rootfs", wanted.path)
        return plan_of(action).encode()
