"""One module per user story; each takes `Services` and returns what came of it.

The modules are imported one by one, not through this package: a command loads only its own story.
"""
