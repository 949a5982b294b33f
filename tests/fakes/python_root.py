"""A root file system made of this machine's Python and one static program, as a tar archive.

Builds with a Python need one; this saves fetching a distribution's packages every time.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
LEFT_OUT = frozenset(
    {
        "__pycache__", "dist-packages", "ensurepip", "idlelib", "lib2to3", "pydoc_data",
        "site-packages", "test", "tests", "tkinter", "turtledemo",
    }
)  # fmt: skip
SHELL = ("sh", "cat", "chmod", "cp", "echo", "mkdir", "readlink")
# What wheels may expect of every machine, beside what Python itself loads (PEP 600).
EXPECTED = (
    "libdl.so.2", "libgcc_s.so.1", "libpthread.so.0", "libresolv.so.2", "librt.so.1",
    "libstdc++.so.6", "libutil.so.1",
)  # fmt: skip
MULTIARCH = "usr/lib/x86_64-linux-gnu"
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)


def write_python_root(archive: Path) -> None:
    """Write the archive; everything in it lies in one directory."""
    program = Path(sys.base_prefix, "bin", f"python{VERSION}").resolve()
    library = Path(sysconfig.get_path("stdlib", vars={"installed_base": sys.base_prefix}))
    busybox = shutil.which("busybox")
    assert busybox is not None, "the tests need busybox-static"
    modules = sorted((library / "lib-dynload").glob("*.so"))
    with tarfile.open(archive, "w") as tar:
        tar.add(program, f"root/usr/bin/python{VERSION}")
        tar.add(busybox, "root/bin/busybox")
        for name in SHELL:
            link = tarfile.TarInfo(f"root/bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        tar.add(library, f"root/usr/lib/python{VERSION}", filter=_kept)
        for each in shared_libraries([program, *modules]):
            tar.add(each.resolve(), f"root/{MULTIARCH}/{each.name}")


def shared_libraries(programs: list[Path]) -> list[Path]:
    """Return what programs load when they start, loader included."""
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False)
    paths = [Path(match[1]) for match in _LIBRARY.finditer(listed.stdout)]
    found = {path.name: path for path in paths}
    near = found["libc.so.6"].parent
    found.update({name: near / name for name in EXPECTED if (near / name).exists()})
    return [found[name] for name in sorted(found)]


def _kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    name = entry.name.rpartition("/")[2]
    is_config = re.match(r"config-\d", name) is not None
    return None if name in LEFT_OUT or name.endswith((".pyc", ".a")) or is_config else entry
