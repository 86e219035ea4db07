"""Bare FastAPI under uvicorn's own supervisor, with one process."""

import sys

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

MODULE = "bench.support.uvicorn_server"

app = FastAPI()


@app.get("/api/v1/session")
async def session() -> dict[str, None]:
    """Return a minimal response."""
    return {"user": None}


if __name__ == "__main__":
    config = uvicorn.Config(f"{MODULE}:app", port=int(sys.argv[1]), log_level="error")
    Multiprocess(config, sockets=[config.bind_socket()]).run()
