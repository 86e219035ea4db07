"""What the sky domain needs of the world: an index of images, and their files."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from gatewright.core.pages import Page
from gatewright.domains.sky.model import (
    Content,
    Coverage,
    CutoutRequest,
    Image,
    ImageQuery,
    Reading,
    ScannedFile,
    Survey,
    SurveyFile,
)


class ImageIndex(Protocol):
    """A durable index of surveys and images, shared by all gateway processes."""

    async def surveys(self) -> Sequence[Survey]:
        """Return all surveys, by id."""
        ...

    async def survey(self, survey: str) -> Survey | None:
        """Return one survey."""
        ...

    async def save_survey(self, survey: Survey) -> None:
        """Add a survey, or change its title, pattern, access and rules.

        Where the rules change, all its files are read again at the next look.
        """
        ...

    async def remove_survey(self, survey: str) -> None:
        """Remove a survey with all its images from the index; no file is touched."""
        ...

    async def coverage(self, survey: str) -> Coverage:
        """Return what a survey holds."""
        ...

    async def search(
        self, query: ImageQuery, *, limit: int, cursor: str | None = None
    ) -> Page[Image]:
        """Return images in order of time, those without a time last.

        A page may hold fewer than ``limit`` images and still have a next one.

        Raises
        ------
        InvalidRequest
            The cursor is not one that was given here.
        """
        ...

    async def image(self, image: str) -> Image | None:
        """Return one image."""
        ...

    async def files(self, survey: str) -> Mapping[str, str]:
        """Return the identity of each file of a survey by its path."""
        ...

    async def put_files(self, survey: str, files: Sequence[ScannedFile]) -> None:
        """Put what was found in files in the place of what was there of them.

        Of a survey that was removed nothing is put.
        """
        ...

    async def remove_files(self, survey: str, paths: Sequence[str]) -> None:
        """Remove files and their images from a survey."""
        ...

    async def claim(self, survey: str, holder: str, now: float, until: float) -> bool:
        """Claim or renew the right to scan a survey; return whether it is held.

        It is not given for a survey that was removed.
        """
        ...

    async def tell(self, survey: str, holder: str, reading: Reading) -> None:
        """Note how far the scan of the one who has the right to it has come."""
        ...

    async def finish(self, survey: str, holder: str, now: float) -> None:
        """Give the right to scan back, and note when the scan ended."""
        ...


class ImageReader(Protocol):
    """Reads image files, out of the gateway's own process."""

    async def find(self, pattern: str) -> Sequence[SurveyFile]:
        """Return the image files of a pattern, or below a folder, by path."""
        ...

    async def scan(self, survey: Survey, file: SurveyFile) -> ScannedFile:
        """Return the images of a file, by the survey's rules.

        One that cannot be read is left out.
        """
        ...

    async def cut(self, image: Image, request: CutoutRequest) -> Content:
        """Return a cut-out.

        Raises
        ------
        NotFound
            The file is gone, or the region has no pixel of the image.
        Conflict
            The file changed since it was indexed.
        TooLarge
            The answer would be larger than is allowed; the text says how large.
        """
        ...

    async def open(self, image: Image) -> Content:
        """Return the whole file of an image.

        Raises
        ------
        NotFound
            The file is gone.
        Conflict
            The file changed since it was indexed.
        """
        ...
