"""The tables of the database."""

from __future__ import annotations

SCHEMA_VERSION = 1
TABLES = """
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
