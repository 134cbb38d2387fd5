"""Pixels of microscopes: one plane of an image as viewers show it first, or the small picture that a CZI brings along.

LIF and ND2 are read with liffile and nd2, CZI by `czi`: programs that write CZI put a small picture of the file beside the pixels,
which is shown where there is one scene; else the pixels are read.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from typing import Any, BinaryIO, Final, cast

from PIL import Image

from functions.parsers.pictures.domain import NotDrawable
from functions.parsers.pictures.drawings import czi, raster
from leanda.errors import FileCorrupt, FormatMismatch, LeandaError

MAX_CHANNELS: Final = 6
_COLOURS: Final = ((0, 255, 0), (255, 0, 255), (0, 160, 255), (255, 200, 0), (255, 60, 60), (200, 200, 200))
"""Of the channels of a composite, in their order; the first two are told apart by everybody."""
_SHOWN: Final = (0.2, 99.8)
"""Percentiles that become black and white, so that a hot pixel does not darken all others."""


class PlaneNotReadable(NotDrawable):
    summary = "No picture can be made of this file: its pixels cannot be read."


def plane(file: BinaryIO, format: str, index: int, side: int = raster.SIDE) -> bytes:
    """A PNG of one image of a file, at most `side` pixels wide and high: of a stack the middle, of a series the beginning.

    Args:
        index: of the record: the image of a LIF, the position of an ND2, the scene of a CZI.

    Raises:
        NotDrawable: the pixels cannot be read, or there is no small picture.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _READERS[format](file, index, side)
        except (FormatMismatch, FileCorrupt) as broken:
            raise PlaneNotReadable(detail=broken.detail) from broken
        except (LeandaError, MemoryError):
            raise
        except Exception as problem:  # whatever the libraries make of damage
            raise PlaneNotReadable(detail=f"{type(problem).__name__}: {problem}"[:300]) from problem


def _lif(file: BinaryIO, index: int, side: int) -> bytes:
    import liffile
    import numpy as np

    with liffile.LifFile(file) as opened:
        image: Any = opened.images[index]
        sizes = {str(axis): int(size) for axis, size in image.sizes.items()}
        axes = [axis for axis in sizes if axis in ("Y", "X", "S")]
        if list(sizes)[-len(axes) :] != axes:  # a frame has other axes: lines in time, say
            return shown(image.asarray(), list(sizes), side)
        # No more is read than what is shown: the file may hold gigabytes.
        middle = {"Z": sizes["Z"] // 2} if "Z" in sizes else {}
        if "C" not in sizes:
            return shown(image.frame(**middle), axes, side)
        channels = [image.frame(C=channel, **middle) for channel in range(min(sizes["C"], MAX_CHANNELS))]
        return shown(np.stack(channels), ["C", *axes], side)


def _nd2(file: BinaryIO, index: int, side: int) -> bytes:
    import nd2

    with nd2.ND2File(cast("Any", file)) as opened:
        sizes = opened.sizes
        wanted = {"P": index, "Z": sizes.get("Z", 1) // 2}
        places = [{axis: at.get(axis, 0) for axis in wanted} for at in opened.loop_indices]
        frame = opened.read_frame(places.index(wanted) if wanted in places else 0)
        if not frame.any():  # What nd2 gives for a frame that is not in the file.
            raise PlaneNotReadable(detail="the frame is empty")
        axes = [str(axis) for axis in sizes if axis in ("C", "Y", "X", "S")]
        return shown(frame, axes, side)


def shown(pixels: Any, axes: list[str], side: int) -> bytes:
    """A plane of an array with these axes: the middle of Z, the first of everything else but channels and samples."""
    if "X" not in axes or "Y" not in axes or len(axes) != pixels.ndim or not pixels.size:
        raise PlaneNotReadable(detail=f"axes {axes} of an array of {pixels.shape}")
    for at in reversed(range(len(axes))):
        if axes[at] not in ("X", "Y", "C", "S"):
            pixels = pixels.take(pixels.shape[at] // 2 if axes[at] == "Z" else 0, axis=at)
            del axes[at]
    order = [axes.index(axis) for axis in ("C", "S", "Y", "X") if axis in axes]
    pixels = pixels.transpose(order).reshape(-1, *(pixels.shape[axes.index(axis)] for axis in ("Y", "X")))
    step = max(1, max(pixels.shape[1:]) // (2 * side))
    pixels = pixels[:MAX_CHANNELS, ::step, ::step]
    return raster.png_of(_rgb(pixels) if "S" in axes and len(pixels) >= 3 else _composite(pixels), side)


def _composite(pixels: Any) -> Image.Image:
    """Grey for one channel; else each channel in a colour of its own, added up."""
    import numpy as np

    levels = [_stretched(channel) for channel in pixels]
    if len(levels) == 1:
        return Image.fromarray((levels[0] * 255).astype(np.uint8))
    total = sum(level[..., None] * np.array(colour) for level, colour in zip(levels, _COLOURS, strict=False))
    return Image.fromarray(np.clip(total, 0, 255).astype(np.uint8))


def _rgb(pixels: Any) -> Image.Image:
    """Samples of one picture are stretched together, or their colours would change."""
    import numpy as np

    if pixels.dtype != np.uint8:
        pixels = _stretched(pixels[:3]) * 255
    return Image.fromarray(np.ascontiguousarray(pixels[:3].astype(np.uint8).transpose(1, 2, 0)))


def _stretched(values: Any) -> Any:
    """From 0 to 1; a plane of one value is black."""
    import numpy as np

    values = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = (float(value) for value in np.percentile(values, _SHOWN))
    if high <= low:
        low, high = float(values.min()), float(values.max())
    return np.zeros_like(values) if high <= low else np.clip((values - low) / (high - low), 0, 1)


def _czi(file: BinaryIO, index: int, side: int) -> bytes:
    opened = czi.Czi(file)
    small = opened.small_picture() if index == 0 else None
    if small is not None and _one_scene(opened):
        return raster.thumbnail(io.BytesIO(small), side)
    try:
        return shown(*opened.plane(index, side), side)
    except NotDrawable:
        if small is None:
            raise
        return raster.thumbnail(io.BytesIO(small), side)


def _one_scene(opened: czi.Czi) -> bool:
    try:
        return len(opened.scenes) <= 1
    except FileCorrupt:
        return True


_READERS: Final[dict[str, Callable[[BinaryIO, int, int], bytes]]] = {"czi": _czi, "lif": _lif, "nd2": _nd2}
