"""The program ``eka``: words in, text out; here alone eka reads the environment and exits.

Nothing is imported here, so that ``eka --version`` costs little more than Python itself.
"""
