"""Gridded data: the catalogue, descriptions, and subsets by coordinates."""

import hashlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from gatewright.core.pages import Page
from gatewright.domains.arrays import axes
from gatewright.faces.api.dataset_answers import (
    DatasetDetail,
    DatasetList,
    EstimateAnswer,
    dataset_detail,
    dataset_item,
    estimate_answer,
)
from gatewright.faces.api.dataset_query import subset_request
from gatewright.web.bytes import DescriptorFile, file_response
from gatewright.web.conditional import check_preconditions, not_modified
from gatewright.web.context import Context
from gatewright.web.json_model import BINARY, schema_of
from gatewright.web.listing import Cursor, Limit, json_response, listing
from gatewright.web.user_content import content_disposition

router = APIRouter(tags=["data"])

_GONE: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such data set, or you may not see it."}
}

DatasetId = Annotated[
    str,
    Path(
        title="Data set",
        description="Name of a data set; “.nc” at its end is ignored.",
        examples=["20CR2c.1987101606.prmsl"],
        max_length=200,
    ),
]
Words = list[str] | None


@router.get(
    "/datasets",
    operation_id="listDatasets",
    response_model=DatasetList,
    summary="The catalogue",
)
async def list_datasets(
    request: Request, context: Context, limit: Limit = None, cursor: Cursor = None
) -> Response:
    """List the gridded data sets that you may see, ordered by id.

    The state of a data set is “missing” if its file does not exist, and “unread” if the
    file cannot be read, or not soon enough. In both cases its id stands for its title.
    """
    datasets = context.services.datasets
    page = datasets.page(context.caller, limit, cursor)
    known = await datasets.look(page.items)
    items = [
        dataset_item(dataset, published, there=datasets.is_there(dataset))
        for dataset, published in zip(page.items, known, strict=True)
    ]
    answers: Page[object] = Page(items, page.next)
    return listing(request, "datasets", answers)


@router.get(
    "/datasets/{dataset}",
    operation_id="getDataset",
    response_model=DatasetDetail,
    summary="One data set",
    responses=_GONE,
)
async def one_dataset(context: Context, dataset: DatasetId) -> Response:
    """Describe a data set: variables, axes, bounds, sizes, URLs and example code."""
    datasets = context.services.datasets
    published = await datasets.open(context.caller, dataset)
    known = await datasets.axes(published)
    grids = await datasets.grids(published)
    config = context.services.config
    return json_response(dataset_detail(published, known, grids, config))


_VALUES = {"type": "object", "required": ["coordinates", "variables"]}


@router.get(
    "/datasets/{dataset}/subset",
    operation_id="subsetDataset",
    summary="A subset by coordinates",
    response_class=Response,
    openapi_extra={"x-open-parameters": True},  # each axis is a parameter
    responses={
        200: {
            "content": {
                "application/x-netcdf": {"schema": BINARY},
                "text/csv": {},
                "application/json": {
                    "schema": {"anyOf": [_VALUES, schema_of(EstimateAnswer)]}
                },
                "image/png": {"schema": BINARY},
            },
            "description": "The subset, or with “estimate” its size.",
            "headers": {
                "Gatewright-Nearest": {
                    "description": "Coordinates that replace the requested ones, at "
                    "most half a step away, such as lat=45.5; level=850.",
                    "schema": {"type": "string"},
                }
            },
        },
        304: {"description": "The subset has not changed."},
        400: {"description": "The request does not fit the data set; see the text."},
        **_GONE,
        413: {"description": "The subset would be too large; the text says how large."},
    },
)
async def subset(
    request: Request,
    context: Context,
    dataset: DatasetId,
    var: Annotated[
        Words,
        Query(
            title="Variables",
            description="Names, with commas between; by default all data variables.",
            examples=[["prmsl"]],
        ),
    ] = None,
    lat: Annotated[
        str | None,
        Query(
            title="Latitude",
            description="south:north in degrees, ends included, or one latitude, which "
            "selects the cell that contains it. On a rotated or projected grid, cells "
            "outside the box are missing.",
            examples=["10:60"],
            max_length=100,
        ),
    ] = None,
    lon: Annotated[
        str | None,
        Query(
            title="Longitude",
            description="west:east in degrees, across the end of the grid if needed: "
            "-20:40 is 60 degrees wide whether longitudes run to 180 or to 360.",
            examples=["-20:40"],
            max_length=100,
        ),
    ] = None,
    time: Annotated[
        str | None,
        Query(
            title="Time",
            description="A year, month, day or moment (1987, 1987-10, 1987-10-16, "
            "1987-10-16T06:00; UTC, or with an offset such as +01:00), or first:last. "
            "A period selects the times within it. A moment selects the nearest time, "
            "at most half a step away; if it differs, the header Gatewright-Nearest "
            "names it.",
            examples=["1987-10-16"],
            max_length=100,
        ),
    ] = None,
    level: Annotated[
        str | None,
        Query(
            title="Level",
            description="One level or a range, in the units of the axis. One level "
            "selects the nearest, at most half a step away; if it differs, the header "
            "Gatewright-Nearest names it.",
            examples=["850"],
            max_length=100,
        ),
    ] = None,
    member: Annotated[
        str | None,
        Query(
            title="Ensemble member",
            description="One ensemble member or a range, by number or label. Every "
            "other axis has a parameter with the name of its dimension, such as "
            "quantile=0.9 or station=Uccle. Each axis also accepts positions from 0, "
            "such as index:3 or index:0:9.",
            examples=["1:10"],
            max_length=100,
        ),
    ] = None,
    stat: Annotated[
        Words,
        Query(
            title="Statistics",
            description="Statistics over the members, which replace the members: mean, "
            "spread (sample standard deviation), median, min, max, p0 to p100.",
            examples=[["mean,spread,p95"]],
        ),
    ] = None,
    form: Annotated[
        Literal["netcdf4", "csv", "json", "png"],
        Query(
            alias="format",
            title="Form",
            description="netcdf4 keeps stored values and attributes; csv has a row for "
            "each cell; json has “coordinates” and “variables” with “dimensions”, "
            "“shape” and flat, row-major “values”; png is a map of two axes, or lines "
            "along one axis, with the spread as a band around the mean.",
        ),
    ] = "netcdf4",
    estimate: Annotated[
        bool,
        Query(title="Estimate", description="Return only the size of the subset."),
    ] = False,
) -> Response:
    """Return a part of a data set by coordinates, with statistics over members."""
    datasets = context.services.datasets
    published = await datasets.open(context.caller, dataset)
    names = axes(published.description)
    asked = subset_request(request.query_params, names, var or (), stat or (), form)
    prepared = await datasets.prepare(published, asked)
    if estimate:
        return json_response(estimate_answer(prepared, datasets.limit_bytes))
    # The source's version and the request decide every byte of the answer.
    text = f"subset 3 {prepared.published.description.version} {prepared.order}"
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    if check_preconditions(request, etag):
        return not_modified(etag)
    caller = context.caller
    made = await datasets.make(prepared, caller.user or caller.address)
    kind = "inline" if form in {"png", "json"} else "attachment"
    disposition = content_disposition(kind, made.filename.encode())
    headers = {"Content-Disposition": disposition}
    given = [f"{name}={value}" for name, (_, value) in prepared.nearest.items()]
    if given:
        headers["Gatewright-Nearest"] = "; ".join(given)
    return file_response(
        request,
        DescriptorFile(made.descriptor),
        made.size,
        media_type=made.media_type,
        etag=etag,
        headers=headers,
    )
