"""Combines several readers of images: the reader of its format reads each file."""

from collections.abc import Sequence

from gatewright.core.errors import InvalidContent
from gatewright.domains.sky.model import (
    ColourRequest,
    Content,
    CutoutRequest,
    Image,
    ScannedFile,
    Survey,
    SurveyFile,
)
from gatewright.domains.sky.ports import ColourReader, ImageReader, PartnerReader


class ImageReaders:
    """An :class:`ImageReader` that passes each file to the reader of the file's format.

    Parameters
    ----------
    readers
        Pairs of file name endings in lower case and the reader for them. The first pair
        that matches is used; the last reader takes all other files.
    """

    def __init__(self, readers: Sequence[tuple[tuple[str, ...], ImageReader]]) -> None:
        self._readers = readers

    async def find(self, pattern: str) -> Sequence[SurveyFile]:
        found = {}
        for _, reader in self._readers:
            for file in await reader.find(pattern):
                if self._reader_of(file.path) is reader:
                    found[file.path] = file
        return [found[path] for path in sorted(found)]

    async def scan(self, survey: Survey, file: SurveyFile) -> ScannedFile:
        return await self._reader_of(file.path).scan(survey, file)

    async def cut(self, image: Image, request: CutoutRequest) -> Content:
        return await self._reader_of(image.path).cut(image, request)

    async def colour(
        self, images: tuple[Image, Image, Image], request: ColourRequest
    ) -> Content:
        reader = self._common_reader(images)
        if not isinstance(reader, ColourReader):
            raise InvalidContent(
                "These three images cannot be combined in colour: their format cannot, "
                "or they have several. Choose FITS images."
            )
        return await reader.colour(images, request)

    async def cut_together(
        self, images: Sequence[Image], request: CutoutRequest
    ) -> Content:
        reader = self._common_reader(images)
        if not isinstance(reader, PartnerReader):
            raise InvalidContent(
                "Images of this format cannot be extensions of one FITS file. Ask for "
                "them one by one, or without “partners”."
            )
        return await reader.cut_together(images, request)

    async def open(self, image: Image) -> Content:
        return await self._reader_of(image.path).open(image)

    def _common_reader(self, images: Sequence[Image]) -> object:
        """Return the reader of several images; None if they have different ones."""
        first, *others = [self._reader_of(image.path) for image in images]
        return first if all(other is first for other in others) else None

    def _reader_of(self, path: str) -> ImageReader:
        name = path.lower()
        for suffixes, reader in self._readers:
            if name.endswith(suffixes):
                return reader
        return self._readers[-1][1]
