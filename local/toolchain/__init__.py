"""What turns a machine with only Python, make and package registries into one that runs Leanda.

These modules run before any environment exists, so they use the standard library alone and stay valid on Python 3.8.
"""
