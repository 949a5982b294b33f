"""What can go wrong while an image is made."""

from __future__ import annotations

from eka.errors import EkaError, Exit


class InvalidImageOption(EkaError):
    """An image cannot be configured like this."""

    code = "invalid-image-option"
    exit_status = Exit.USAGE

    def __init__(self, option: str, why: str) -> None:
        super().__init__(
            what="an image cannot have this",
            where=option,
            why=why,
            fix="correct the option; --help shows what it takes",
        )


class ImagePlaceTaken(EkaError):
    """Something that is no image lies where one should go."""

    code = "image-place-taken"
    exit_status = Exit.CONFLICT

    def __init__(self, directory: str) -> None:
        super().__init__(
            what="cannot write the image here",
            where=directory,
            why="something that is neither an OCI image layout nor an empty directory is there",
            fix="remove it, or choose another directory",
        )


class ImageSourceChanged(EkaError):
    """A file of the store became longer or shorter while it was read."""

    code = "image-source-changed"
    exit_status = Exit.INTEGRITY

    def __init__(self, file: str, *, expected: int, found: int) -> None:
        super().__init__(
            what="a file of the store changed while it was read",
            where=file,
            why=f"expected {expected} bytes, found {found}",
            fix="run `eka-store verify --repair`, then make the image again",
        )
        self.expected, self.found = expected, found
