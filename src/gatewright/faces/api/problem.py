"""The one form of errors, as the OpenAPI document shows it (RFC 9457)."""

from pydantic import BaseModel, Field


class Fault(BaseModel):
    """What is wrong with a field of a request."""

    where: str = Field(description="The field.")
    what: str = Field(description="What is wrong with it.")


class Problem(BaseModel):
    """Why a request was not answered (RFC 9457)."""

    type: str = Field(description="A URI of the kind of problem.")
    title: str = Field(description="The kind of problem in words.")
    status: int = Field(description="The HTTP status.")
    code: str = Field(description="The kind of problem for programs.")
    detail: str = Field(description="What went wrong, what to do next.")
    request_id: str = Field(
        description="Id of the request, by which the operator finds it."
    )
    faults: list[Fault] = Field(
        [], description="What is wrong with the fields of the request."
    )
