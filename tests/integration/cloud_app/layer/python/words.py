"""Proof that a layer of another stack is on the path."""

WORD = "layer"
