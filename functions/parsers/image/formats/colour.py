"""The name of a colour profile. ICC.1 (profile specification) section 9.2, `profileDescriptionTag`."""

from __future__ import annotations

import io
from typing import Final

MAX_PROFILE_BYTES: Final = 4 * 1024 * 1024
MAX_CHARACTERS: Final = 200


def profile_name(profile: bytes | None) -> str | None:
    """How an ICC profile calls itself; None when there is none, it is very large, or it cannot be read."""
    if not profile or len(profile) > MAX_PROFILE_BYTES:
        return None
    from PIL import ImageCms

    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(io.BytesIO(profile)))
    except Exception:
        # The reader raises its own error, OSError or TypeError, by where the profile is damaged.
        return None
    return name.strip()[:MAX_CHARACTERS] or None
