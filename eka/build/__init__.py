"""Plans become outputs: downloads, unpacked archives, and programs run in a sandbox."""
