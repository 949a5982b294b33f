"""The native binary cache: a directory of documents and objects (atom-spec/store-cache.md)."""

from __future__ import annotations
