"""Bare FastAPI under the gateway's server, with routes as in a tutorial."""

import struct
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import h5py
import netCDF4
from fastapi import FastAPI, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from gatewright.core.config import Config
from gatewright.web.server.supervisor import serve

MODULE = "bench.support.fastapi_server"


class Session(BaseModel):
    """A response equal to the gateway's."""

    user: str | None
    role: str | None
    scopes: list[str]
    expires_at: str | None


class Job(BaseModel):
    """A job."""

    id: str
    state: str


class Jobs(BaseModel):
    """A response equal to the gateway's."""

    jobs: list[Job]
    next: str | None


def create(config: Config) -> FastAPI:
    """Return the application, which serves the first data set of the configuration."""
    app = FastAPI()
    path = config.datasets[0].source

    @app.get("/api/v1/session")
    async def session() -> Session:
        scopes = ["data:read", "sky:read"]
        return Session(user=None, role=None, scopes=scopes, expires_at=None)

    @app.get("/api/v1/jobs/{system}")
    async def jobs(
        system: str,
        limit: Annotated[int | None, Query(ge=1, le=1000)] = None,
        cursor: str | None = None,
    ) -> Jobs:
        return Jobs(jobs=[], next=None)

    @app.get("/dap/{name}.dods")
    def dods(name: str, request: Request) -> Response:
        return Response(one_value(path, name, request.url.query))

    @app.get("/h5py/{name}.dods")
    def dods_by_h5py(name: str, request: Request) -> Response:
        return Response(one_value_by_h5py(path, name, request.url.query))

    return app


def one_value(path: Path, name: str, constraint: str) -> bytes:
    """Return a DAP2 response for ``variable[i][j][k]``, made as simply as possible."""
    variable, place = asked(constraint)
    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        value = float(file[variable][place])
        names: Sequence[str] = file[variable].dimensions
    return answer(name, variable, names, value)


def one_value_by_h5py(path: Path, name: str, constraint: str) -> bytes:
    """Return the response of :func:`one_value`, but read with h5py."""
    variable, place = asked(constraint)
    with h5py.File(path, "r") as file:
        value = float(file[variable][place])
        names = [axis[0].name.rpartition("/")[2] for axis in file[variable].dims]
    return answer(name, variable, names, value)


def asked(constraint: str) -> tuple[str, tuple[int, ...]]:
    """Return the variable and the indices in a constraint."""
    variable, *parts = constraint.replace("]", "").split("[")
    return variable, tuple(map(int, parts))


def answer(name: str, variable: str, names: Sequence[str], value: float) -> bytes:
    """Return a DAP2 response with one value."""
    axes = "".join(f"[{dimension} = 1]" for dimension in names)
    head = f"Dataset {{\n    Float32 {variable}{axes};\n}} {name};\n\nData:\n"
    return head.encode() + struct.pack(">IIf", 1, 1, value)


if __name__ == "__main__":
    sys.exit(
        serve(
            lambda: Config.model_validate_json(sys.argv[1]),
            lambda url: None,  # noqa: ARG005  # the port is known
            factory=f"{MODULE}:create",
        )
    )
