"""eka: git-native atom registry and package CLI."""

__version__ = "0.1.0"
