"""The tables of the database, and how those of older versions become these."""

from __future__ import annotations

_TABLES = """
CREATE TABLE paths (
    id INTEGER PRIMARY KEY,
    base TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    content BLOB NOT NULL CHECK (length(content) = 32),
    size_bytes INTEGER NOT NULL,
    registered INTEGER NOT NULL,
    boot TEXT  -- boot of the machine in which it was added, until its bytes are on the medium
);
CREATE INDEX paths_by_boot ON paths (boot) WHERE boot IS NOT NULL;
CREATE TABLE machine (id INTEGER PRIMARY KEY CHECK (id = 1), boot TEXT NOT NULL);
INSERT INTO machine VALUES (1, '');
CREATE TABLE refs (
    referrer INTEGER NOT NULL REFERENCES paths ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    reference INTEGER NOT NULL REFERENCES paths DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (referrer, reference)
) WITHOUT ROWID;
CREATE INDEX refs_by_reference ON refs (reference);
CREATE TABLE aliases (
    scheme TEXT NOT NULL,
    digest TEXT NOT NULL,
    name TEXT NOT NULL,
    path INTEGER NOT NULL REFERENCES paths ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (scheme, digest, name)
) WITHOUT ROWID;
CREATE INDEX aliases_by_path ON aliases (path);
CREATE TABLE reductions (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    refined TEXT NOT NULL,
    asserted_by TEXT NOT NULL,
    evidence TEXT NOT NULL,
    UNIQUE (kind, name, refined, asserted_by)
);
CREATE TRIGGER reductions_stay BEFORE UPDATE ON reductions
    BEGIN SELECT RAISE(ABORT, 'reductions are append-only'); END;
CREATE TRIGGER reductions_remain BEFORE DELETE ON reductions
    BEGIN SELECT RAISE(ABORT, 'reductions are append-only'); END;
"""
# What other systems call a path, such as the SHA-256 of its NAR (atom-spec/nix.md).
_DIGESTS = """
CREATE TABLE digests (
    path INTEGER NOT NULL REFERENCES paths ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    scheme TEXT NOT NULL,
    value TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (path, scheme)
) WITHOUT ROWID;
"""
# When a path was last used, by the clock of the file system; 0 is never since it was registered.
_USES = "ALTER TABLE paths ADD COLUMN used INTEGER NOT NULL DEFAULT 0;"
_KEPT = """
CREATE TABLE kept (
    name TEXT PRIMARY KEY,
    path INTEGER NOT NULL REFERENCES paths DEFERRABLE INITIALLY DEFERRED
) WITHOUT ROWID;
CREATE INDEX kept_by_path ON kept (path);
"""
# Who asserts a reduction when, signed by which key, and whose word counts for what.
_SIGNATURES = """
ALTER TABLE reductions ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0;
DROP TRIGGER reductions_stay;
UPDATE reductions SET kind = 'resolved' WHERE kind = 'action';
CREATE TRIGGER reductions_stay BEFORE UPDATE ON reductions
    BEGIN SELECT RAISE(ABORT, 'reductions are append-only'); END;
CREATE INDEX reductions_by_name ON reductions (name);
CREATE INDEX reductions_by_refined ON reductions (refined);
CREATE TABLE signatures (
    statement TEXT NOT NULL,  -- BLAKE3 of what was signed
    key TEXT NOT NULL,
    signature TEXT NOT NULL,
    PRIMARY KEY (statement, key, signature)
) WITHOUT ROWID;
CREATE TABLE trusted_keys (
    name TEXT PRIMARY KEY,
    public TEXT NOT NULL,
    kinds TEXT NOT NULL
) WITHOUT ROWID;
"""
# How many builders must agree before what they assert counts; 1 where nothing is said.
_REQUIREMENTS = """
CREATE TABLE requirements (
    kind TEXT PRIMARY KEY,
    builders INTEGER NOT NULL CHECK (builders > 0)
) WITHOUT ROWID;
CREATE INDEX digests_by_value ON digests (scheme, value);
"""
# Step by step from an empty file to today's tables; an older store is taken through what it
# lacks. A step that was released never changes.
STEPS = (_TABLES, _DIGESTS, _USES, _KEPT, _SIGNATURES, _REQUIREMENTS)
SCHEMA_VERSION = len(STEPS)
