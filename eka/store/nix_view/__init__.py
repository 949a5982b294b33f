"""The store as Nix sees it: what its paths are called there, and binary caches of them."""

from __future__ import annotations
