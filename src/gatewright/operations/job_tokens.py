"""Tokens of jobs: the ports of ``compute`` on those of ``identity`` and ``files``."""

import os
from collections.abc import Sequence

from gatewright.core.caller import Caller
from gatewright.core.errors import GatewayError
from gatewright.domains.compute import IssuedToken, TokenRequest
from gatewright.domains.files import FileSystem, Precondition
from gatewright.domains.identity import RequestedIdentity


class IdentityTokens:
    """Implements :class:`gatewright.domains.compute.TokenIssuer` with identity."""

    def __init__(self, identity: RequestedIdentity) -> None:
        self._identity = identity

    async def issue(
        self, caller: Caller, request: TokenRequest, name: str
    ) -> IssuedToken:
        new = await self._identity.tokens.delegate(
            caller, label=name, scopes=request.scopes, seconds=request.seconds
        )
        return IssuedToken(new.token.key, new.text)

    async def end(self, keys: Sequence[str]) -> None:
        await self._identity.tokens.end_delegated(keys)


class PrivateFiles:
    """Implements :class:`gatewright.domains.compute.TokenFiles` on a file system.

    Parameters
    ----------
    files
        File system in which paths are those of the machine, as jobs see them.
    """

    def __init__(self, files: FileSystem) -> None:
        self._files = files

    async def write(self, user: str, path: str, text: str) -> None:
        file = os.fsencode(path)
        folder = os.path.dirname(file)  # noqa: PTH120  # bytes paths
        await self._files.mkdir(user, folder, parents=True)
        # Nobody else reaches the file, whatever its mode is until it has its own.
        await self._files.chmod(user, folder, 0o700)
        writing = await self._files.begin(user, file)
        try:
            await writing.write([text.encode() + b"\n"])
            await writing.commit(Precondition(create=True))
            await self._files.chmod(user, file, 0o600)
        except GatewayError:
            await writing.abort()
            raise

    async def remove(self, user: str, path: str) -> None:
        await self._files.remove(user, os.fsencode(path))
