"""OpenAPI schema of error responses (RFC 9457)."""

from pydantic import BaseModel, Field


class Fault(BaseModel):
    """A mistake in a field of a request."""

    where: str = Field(description="Name of the field.")
    what: str = Field(description="What is wrong with the field.")


class Problem(BaseModel):
    """An error response (RFC 9457)."""

    type: str = Field(description="URI of the kind of problem.")
    title: str = Field(description="Kind of problem in words.")
    status: int = Field(description="HTTP status.")
    code: str = Field(description="Kind of problem for programs; it never changes.")
    detail: str = Field(description="What went wrong, and what to do next.")
    request_id: str = Field(
        description="Id of the request, by which the operator finds it in the logs."
    )
    faults: list[Fault] = Field([], description="Mistakes in fields of the request.")
