"""Every command with its one help line: all that ``eka --help`` needs, so nothing else is loaded.

A command is a function ``name(frame: Frame, ...) -> Reply`` in ``eka/cli/commands/<name>.py``;
its parameters after ``frame`` are declared as typer options and arguments.
"""

from __future__ import annotations

# name -> (module:function, help line)
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("eka.cli.commands.init:init", "Make this git repository a set of atoms"),
    "new": ("eka.cli.commands.new:new", "Write the manifest of a new atom"),
    "publish": ("eka.cli.commands.publish:publish", "Publish atoms from a commit, all or nothing"),
    "sign": ("eka.cli.commands.sign:sign", "Sign versions that are published already"),
    "bump": ("eka.cli.commands.bump:bump", "Give an atom of this set a new version"),
    "hook": ("eka.cli.commands.hook:hook", "Let a server refuse to change what is published"),
    "yank": ("eka.cli.commands.yank:yank", "Let new resolutions pass over a version"),
    "deprecate": ("eka.cli.commands.deprecate:deprecate", "Warn those who use a version"),
    "list": ("eka.cli.commands.list:list_atoms", "List the atoms of a repository"),
    "search": ("eka.cli.commands.search:search", "Search atoms by label, tag and description"),
    "versions": ("eka.cli.commands.versions:versions", "List published versions of an atom"),
    "log": ("eka.cli.commands.log:log", "Show the versions of an atom as a history"),
    "diff": ("eka.cli.commands.diff:diff", "Compare two versions of an atom"),
    "info": ("eka.cli.commands.info:info", "Show what an atom says about itself"),
    "add": ("eka.cli.commands.add:add", "Add dependencies to atom.toml and lock them"),
    "remove": ("eka.cli.commands.remove:remove", "Remove dependencies from atom.toml and lock"),
    "update": ("eka.cli.commands.update:update", "Take newer versions into atom.lock"),
    "pin": ("eka.cli.commands.pin:pin", "Let atom.toml accept one version of a dependency"),
    "unpin": ("eka.cli.commands.unpin:unpin", "Let it accept compatible versions again"),
    "import": (
        "eka.cli.commands.import_lock:import_command",
        "Take over what another tool's lock file pins",
    ),
    "lock": ("eka.cli.commands.lock:lock", "Pin the whole closure in atom.lock"),
    "tree": ("eka.cli.commands.tree:tree", "Show what is locked, and who needs what"),
    "why": ("eka.cli.commands.why:why", "Show why an atom is locked"),
    "outdated": ("eka.cli.commands.outdated:outdated", "Show what is newer than what is locked"),
    "verify": ("eka.cli.commands.verify:verify", "Recompute atoms, prove where they come from"),
    "fetch": ("eka.cli.commands.fetch:fetch", "Download everything atom.lock pins"),
    "build": ("eka.cli.commands.build:build", "Build the locked closure in a sandbox"),
    "run": ("eka.cli.commands.run:run", "Build an atom and start its program"),
    "image": ("eka.cli.commands.image:image", "Build, and write an OCI image of the outputs"),
    "shell": ("eka.cli.commands.shell:shell", "Open a shell where an atom is built"),
    "mirror": ("eka.cli.commands.mirror:mirror", "Put what atom.lock pins into a bare repository"),
    "vendor": ("eka.cli.commands.vendor:vendor", "Put what atom.lock pins into plain directories"),
    "doctor": ("eka.cli.commands.doctor:doctor", "Say what works on this machine"),
}

# Every command takes these; they may stand before its name as well.
GLOBAL_OPTIONS: tuple[tuple[str, str], ...] = (
    ("-C, --directory DIR", "Work as if started in DIR"),
    ("-q, --quiet", "Say nothing but results and errors"),
    ("-v, --verbose", "Say more; twice for even more"),
    ("--color WHEN", "auto, always or never"),
    ("--json", "Print one JSON document on standard output"),
    ("--help", "Show help and exit"),
)
# Those of them that take the next word.
VALUED_OPTIONS = ("-C", "--directory", "--color")
