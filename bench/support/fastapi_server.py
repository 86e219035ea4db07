"""A FastAPI application as its tutorial writes it, under uvicorn as it comes."""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Session(BaseModel):
    """The same answer as the gateway's."""

    user: str | None
    role: str | None
    scopes: list[str]
    expires_at: str | None


@app.get("/session")
async def session() -> Session:
    """Return the session."""
    scopes = ["data:read", "sky:read"]
    return Session(user=None, role=None, scopes=scopes, expires_at=None)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
