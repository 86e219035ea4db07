"""A folder that is downloaded from the portal's list of files."""

import zipfile

import pytest
from playwright.async_api import Page
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_folder_is_downloaded_as_one_file(
    page: Page, gateway: RunningGateway
) -> None:
    folder = "/api/v1/files/local/as%20one%3F"
    with gateway.client(gateway.token()) as client:
        client.post(folder, json={"op": "mkdir"}).raise_for_status()
        client.put(f"{folder}/in%20it", content=b"content").raise_for_status()
    await page.goto(f"{gateway.url}/files")
    async with page.expect_download() as saving:
        await page.get_by_role("link", name="Download as one?").click()
    path = await (await saving.value).path()
    with zipfile.ZipFile(path) as found:
        assert found.read("as one?/in it") == b"content"
