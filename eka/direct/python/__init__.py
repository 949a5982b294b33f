"""Lock files of Python's tools into pins of wheels.

The readers are pure: bytes in, values out. Only `pinning` asks indexes, and only `pip` starts a
program.
"""
