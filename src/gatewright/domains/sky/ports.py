"""Ports of the sky domain: the index of images, and the reader of image files."""

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from gatewright.core.pages import Page
from gatewright.domains.sky.model import (
    ColourRequest,
    Content,
    Coverage,
    CutoutRequest,
    Image,
    ImageQuery,
    ImageTable,
    Reading,
    ScannedFile,
    Survey,
    SurveyFile,
)


class ImageIndex(Protocol):
    """A durable index of surveys and images, shared by all gateway processes."""

    async def surveys(self) -> Sequence[Survey]:
        """Return all surveys, ordered by id."""
        ...

    async def survey(self, survey: str) -> Survey | None:
        """Return the survey of an id; None if there is none."""
        ...

    async def save_survey(self, survey: Survey) -> None:
        """Add a survey, or change its title, pattern, access and rules.

        If the rules changed, the next scan reads all its files again.
        """
        ...

    async def remove_survey(self, survey: str) -> None:
        """Remove a survey and its images from the index, but leave its files."""
        ...

    async def coverage(self, survey: str) -> Coverage:
        """Return what the index holds of a survey."""
        ...

    async def search(
        self, query: ImageQuery, *, limit: int, cursor: str | None = None
    ) -> Page[Image]:
        """Return images ordered by time, those without a time last.

        A page may hold fewer than ``limit`` images and still have a next one.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page of this index.
        """
        ...

    async def table(
        self, query: ImageQuery, *, limit: int, cursor: str | None = None
    ) -> ImageTable:
        """Return the page that :meth:`search` returns, as columns.

        Raises
        ------
        InvalidRequest
            The cursor does not come from an earlier page of this index.
        """
        ...

    async def image(self, image: str) -> Image | None:
        """Return the image of an id; None if there is none."""
        ...

    async def files(self, survey: str) -> Mapping[str, str]:
        """Return the identity of each indexed file of a survey, by path."""
        ...

    async def put_files(self, survey: str, files: Sequence[ScannedFile]) -> None:
        """Replace what the index holds of these files by what was found in them.

        Nothing is stored for a survey that was removed.
        """
        ...

    async def remove_files(self, survey: str, paths: Sequence[str]) -> None:
        """Remove files of a survey, and their images, from the index."""
        ...

    async def claim(self, survey: str, holder: str, now: float, until: float) -> bool:
        """Claim or renew the lease to scan a survey; return whether ``holder`` has it.

        The lease ends at ``until``; times are in seconds since 1970. A survey that was
        removed cannot be claimed.
        """
        ...

    async def tell(self, survey: str, holder: str, reading: Reading) -> None:
        """Record the progress of a scan, if ``holder`` has the lease."""
        ...

    async def finish(self, survey: str, holder: str, now: float) -> None:
        """Give up the lease to scan a survey, and record the end of the scan."""
        ...


class ImageReader(Protocol):
    """Reads image files, in processes other than the gateway's own."""

    async def find(self, pattern: str) -> Sequence[SurveyFile]:
        """Return the image files that match a pattern or lie below a folder.

        They are sorted by path.
        """
        ...

    async def scan(self, survey: Survey, file: SurveyFile) -> ScannedFile:
        """Return the images of a file, described according to the survey's rules.

        Images that cannot be described are named in ``left_out``.
        """
        ...

    async def cut(self, image: Image, request: CutoutRequest) -> Content:
        """Return a cut-out of an image.

        Raises
        ------
        NotFound
            The file is gone, or the region contains no pixel of the image.
        Conflict
            The file changed since it was indexed.
        TooLarge
            The answer would be larger than is allowed; the message gives both sizes.
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


@runtime_checkable
class PartnerReader(Protocol):
    """What a reader of images has too if it can cut several at the same pixels."""

    async def cut_together(
        self, images: Sequence[Image], request: CutoutRequest
    ) -> Content:
        """Return cut-outs of an image and its partners as extensions of a FITS file.

        All have the pixels that the request finds in the first image. The extensions
        are named by the kinds of the images: SCI, WHT, ERR or VAR, MSK.

        Raises
        ------
        NotFound
            A file is gone, or the region contains no pixel of the first image.
        Conflict
            A file changed since it was indexed.
        InvalidContent
            The images have other pixels, or cannot stand in one file with others.
        TooLarge
            The answer would be larger than is allowed.
        """
        ...


@runtime_checkable
class ColourReader(Protocol):
    """What a reader of images has too if it can combine three of them in colour."""

    async def colour(
        self, images: tuple[Image, Image, Image], request: ColourRequest
    ) -> Content:
        """Return a PNG of three images, north up, with the place in its middle.

        They are resampled to one grid: the tangent plane at the place.

        Raises
        ------
        NotFound
            A file is gone, or the place has no pixel of an image.
        Conflict
            A file changed since it was indexed.
        InvalidContent
            An image cannot be shown in colour.
        TooLarge
            The place has too many pixels.
        """
        ...
