"""Nix's formats: what the store needs to give paths to Nix and to take paths from it."""

from __future__ import annotations
