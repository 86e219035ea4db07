"""Classes and tags of candidates and objects, and the list of classes."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gatewright.core.clock import timestamp
from gatewright.core.errors import InvalidContent
from gatewright.core.pages import MAXIMUM_LARGE_LIMIT, Page, page_limit
from gatewright.domains.discovery import Label, LabelKind
from gatewright.faces.api.candidates import GONE, SAYING, CandidateId
from gatewright.faces.api.objects import ObjectId
from gatewright.faces.api.product_answers import BASE
from gatewright.web.context import Context, RequestContext
from gatewright.web.json_model import json_body, read_model
from gatewright.web.listing import Cursor, LargeLimit, json_response, listing

router = APIRouter(tags=["discovery"])

_READING: dict[int | str, dict[str, Any]] = {**GONE, 401: SAYING[401]}
_FULL: dict[int | str, dict[str, Any]] = {
    409: {"description": "You gave too many labels to this candidate."}
}


class LabelBody(BaseModel):
    """A label; exactly one of the two members."""

    model_config = ConfigDict(extra="forbid", strict=True)

    class_: str | None = Field(
        default=None,
        alias="class",
        max_length=100,
        description="What it is: one of “/classes”. It takes the place of your last.",
    )
    tag: str | None = Field(
        default=None,
        max_length=100,
        description="A free word of 1 to 40 letters, digits, spaces, “_.+-”.",
    )


class LabelLinks(BaseModel):
    """URLs of a label."""

    self: str = Field(description="The label; DELETE removes your own.")
    candidate: str = Field(description="The candidate that it was given to.")


class LabelAnswer(BaseModel):
    """A class or tag that a person gave."""

    id: str = Field(description="Name in URLs.")
    candidate: str = Field(description="Id of the candidate that it was given to.")
    kind: Literal["class", "tag"] = Field(description="Whether it is a class or tag.")
    name: str = Field(description="The class or tag.")
    person: str = Field(description="Account that gave it.")
    at: str = Field(description="Time when it was given, RFC 3339.")
    links: LabelLinks = Field(description="URLs of the label.")


class LabelList(BaseModel):
    """A page of labels."""

    labels: list[LabelAnswer] = Field(description="Labels, oldest first.")
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class ClassList(BaseModel):
    """The classes that people choose from."""

    classes: list[str] = Field(
        max_length=60, description="Classes, in the operator's order."
    )
    next: None = Field(description="Always null: the list is whole.")


@router.get(
    "/classes",
    operation_id="listClasses",
    response_model=ClassList,
    summary="Classes of objects",
)
async def list_classes(context: Context) -> Response:
    """List the classes that people choose from for candidates and objects."""
    classes = list(context.services.images.labels.classes)
    return json_response({"classes": classes, "next": None})


@router.get(
    "/candidates/{candidate}/labels",
    operation_id="listLabels",
    response_model=LabelList,
    summary="Classes and tags of a candidate",
    responses=_READING,
)
async def list_labels(
    request: Request,
    context: Context,
    candidate: CandidateId,
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """List the classes and tags of a candidate, with who gave them."""
    page = await context.services.images.labels.of_candidate(
        context.caller,
        candidate,
        limit=page_limit(limit, MAXIMUM_LARGE_LIMIT),
        cursor=cursor,
    )
    return _label_list(request, context, page)


@router.post(
    "/candidates/{candidate}/labels",
    operation_id="giveLabel",
    response_model=LabelAnswer,
    summary="Classify or tag a candidate",
    openapi_extra=json_body(LabelBody),
    responses={
        **SAYING,
        **_FULL,
        201: {"description": "The new label.", "model": LabelAnswer},
    },
)
async def give_label(
    request: Request, context: Context, candidate: CandidateId
) -> Response:
    """Give a class or a tag to a candidate.

    The status is 201 for a new label, and 200 for one that you gave before.
    """
    kind, name = _said(await read_model(request, LabelBody))
    labels = context.services.images.labels
    given, new = await labels.give(context.caller, candidate, kind, name)
    return _given_label(context, given, new=new)


@router.delete(
    "/candidates/{candidate}/labels/{label}",
    operation_id="removeLabel",
    status_code=204,
    summary="Remove my label",
    responses={**_READING, 403: SAYING[403]},
)
async def remove_label(
    context: Context,
    candidate: CandidateId,
    label: Annotated[
        str, Path(title="Label", description="“id” of the label.", max_length=80)
    ],
) -> Response:
    """Remove a class or tag that you gave."""
    await context.services.images.labels.take(context.caller, candidate, label)
    return Response(status_code=204)


@router.get(
    "/objects/{object}/labels",
    operation_id="listObjectLabels",
    response_model=LabelList,
    summary="Classes and tags of an object",
    responses=_READING,
)
async def list_object_labels(
    request: Request,
    context: Context,
    object: ObjectId,  # noqa: A002  # the path's name
    limit: LargeLimit = None,
    cursor: Cursor = None,
) -> Response:
    """List the classes and tags of the object's candidates that you may see."""
    page = await context.services.images.labels.of_object(
        context.caller,
        object,
        limit=page_limit(limit, MAXIMUM_LARGE_LIMIT),
        cursor=cursor,
    )
    return _label_list(request, context, page)


@router.post(
    "/objects/{object}/labels",
    operation_id="giveObjectLabel",
    response_model=LabelAnswer,
    summary="Classify or tag an object",
    openapi_extra=json_body(LabelBody),
    responses={
        **SAYING,
        **_FULL,
        201: {"description": "The new label.", "model": LabelAnswer},
    },
)
async def give_object_label(
    request: Request,
    context: Context,
    object: ObjectId,  # noqa: A002  # the path's name
) -> Response:
    """Give a class or a tag to an object.

    It is kept with the most significant of its candidates that you may see, so that
    whoever may see that candidate sees the label.
    """
    kind, name = _said(await read_model(request, LabelBody))
    labels = context.services.images.labels
    given, new = await labels.give_object(context.caller, object, kind, name)
    return _given_label(context, given, new=new)


def _label_list(
    request: Request, context: RequestContext, page: Page[Label]
) -> Response:
    prefix = context.services.config.prefix
    return listing(request, "labels", page.map(lambda one: label_answer(one, prefix)))


def _given_label(context: RequestContext, label: Label, *, new: bool) -> Response:
    answer = label_answer(label, context.services.config.prefix)
    return json_response(answer, 201 if new else 200)


def _said(body: LabelBody) -> tuple[LabelKind, str]:
    """Return the kind and the name of the label in a body."""
    if body.class_ is not None and body.tag is None:
        return LabelKind.CLASS, body.class_
    if body.tag is not None and body.class_ is None:
        return LabelKind.TAG, body.tag
    raise InvalidContent("Say either “class” or “tag”.")


def label_answer(label: Label, prefix: str) -> dict[str, object]:
    """Return a label as JSON values."""
    place = f"{prefix}{BASE}/candidates/{quote(label.candidate)}"
    return {
        "id": label.id,
        "candidate": label.candidate,
        "kind": str(label.kind),
        "name": label.name,
        "person": label.person,
        "at": timestamp(label.at),
        "links": {"self": f"{place}/labels/{quote(label.id)}", "candidate": place},
    }
