"""Pictures: PNG, JPEG, GIF, BMP, WebP and TIFF. Their headers are read, their pixels never."""

from functions.parsers.handling import Parser
from leanda import limits


def parser() -> Parser:
    """The parser; its formats are imported on first use, because Pillow costs time."""
    from functions.parsers.image.formats import FORMATS

    return Parser("image", FORMATS, whole_bytes=limits.MAX_IMAGE_BYTES)
