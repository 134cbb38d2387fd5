"""Parsing: kinds and signatures, formats, chunk plans, compressed input. Pure."""
