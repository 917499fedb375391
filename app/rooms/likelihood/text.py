"""The likelihood view in words and numbers."""

from __future__ import annotations

from app.rooms.likelihood.pictures import LikelihoodPicture


def describe(picture: LikelihoodPicture) -> str:
    """The picture in sentences, with its numbers."""
    words = f"{picture.words}." if picture.words else ""
    return " ".join(filter(None, (picture.message, words, picture.now, picture.share, *picture.notes)))
