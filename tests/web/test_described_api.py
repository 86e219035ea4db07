"""Operations that FastAPI describes are found and called as it would do it."""

import json
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from pydantic import AliasChoices, BaseModel
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from tests.support.asgi import ask, scope_of

from gatewright.core.errors import NotFound
from gatewright.web.described_api import DescribedApi
from gatewright.web.problems import exception_handlers

CALLS: list[str] = []


class Range(BaseModel):
    low: int = 1
    high: int = 9


async def asked(request: Request) -> str:
    CALLS.append("asked")
    return request.headers.get("x-word", "")


async def page(limit: Annotated[int, Query(ge=1, le=9)] = 5) -> int:
    CALLS.append("page")
    return limit


async def refuse(word: Annotated[str, Depends(asked)]) -> None:
    if word == "refused":
        raise NotFound("Not for you.")


def described() -> FastAPI:
    router = APIRouter()

    @router.get("/things/{number}")
    async def thing(
        number: int,
        word: Annotated[str, Depends(asked)],
        limit: Annotated[int, Depends(page)],
        names: Annotated[list[str] | None, Query()] = None,
        note: str = "none",
    ) -> Response:
        return JSONResponse([number, word, limit, names, note])

    @router.put("/things/{number}")
    async def put(number: int) -> Response:
        return JSONResponse(number)

    @router.get("/things/last")
    async def last() -> Response:
        return JSONResponse("last")

    @router.get("/ranges")
    async def ranges(within: Annotated[Range, Query()] = Range()) -> Response:  # noqa: B008  # a default that is a model
        return JSONResponse([within.low, within.high])

    @router.get("/aliases")
    async def aliases(
        word: Annotated[str, Query(validation_alias=AliasChoices("of", "from"))] = "-",
        limit: Annotated[int, Query(ge=1, validate_default=True)] = 0,
    ) -> Response:
        return JSONResponse([word, limit])

    @router.get("/broken")
    async def broken() -> Response:
        raise OSError("/etc/secret")

    app = FastAPI(exception_handlers=exception_handlers())
    app.include_router(router, dependencies=[Depends(refuse)])
    return app


TARGETS = [
    "/things/3",
    "/things/3?limit=7&names=a&names=b&note=x",
    "/things/3?limit=10",
    "/things/x?limit=10&limit=3",
    "/things/3?limit=",
    "/things/3?limit=2",
    "/things/3?names=a",
    "/things/3?names=",
    "/things/3?note=",
    "/things/3?note=a&note=b",
    "/things/3?other=1",
    "/ranges",
    "/ranges?high=3",
    "/ranges?low=x",
    "/aliases",
    "/aliases?limit=3&from=a",
    "/aliases?of=a&from=b&limit=2",
    "/things/%33?note=%C3%A9",
    "/things/last",
    "/openapi.json",
]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("word", ["", "hello", "refused"])
async def test_answers_are_those_of_fastapi(target: str, word: str) -> None:
    fields = [(b"x-word", word.encode())] if word else []
    theirs = await ask(described(), scope_of(target=target, headers=fields))
    ours = await ask(DescribedApi(described()), scope_of(target=target, headers=fields))
    assert ours.status == theirs.status
    assert json.loads(ours.body) == json.loads(theirs.body)


async def test_a_dependency_is_called_once_for_a_request() -> None:
    CALLS.clear()
    await ask(DescribedApi(described()), scope_of(target="/things/3"))
    assert sorted(CALLS) == ["asked", "page"]


@pytest.mark.parametrize(
    ("method", "status", "allow"),
    [
        ("HEAD", 200, None),
        ("PUT", 200, None),
        ("DELETE", 405, "GET, HEAD, PUT"),
        ("OPTIONS", 405, "GET, HEAD, PUT"),
    ],
)
async def test_methods(method: str, status: int, allow: str | None) -> None:
    answer = await ask(DescribedApi(described()), scope_of(method, "/things/3"))
    assert (answer.status, answer.headers.get("allow")) == (status, allow)


@pytest.mark.parametrize(
    ("target", "status", "location"),
    [
        ("/things/3/", 307, "http://127.0.0.1/outer/things/3"),
        ("/things/3/?limit=2", 307, "http://127.0.0.1/outer/things/3?limit=2"),
        ("/things", 404, None),
        ("/things//", 404, None),
        ("/", 404, None),
        ("/other/3", 404, None),
    ],
)
async def test_a_slash_too_many_leads_on(
    target: str, status: int, location: str | None
) -> None:
    scope = scope_of(target=f"/outer{target}") | {"root_path": "/outer"}
    answer = await ask(DescribedApi(described()), scope)
    assert (answer.status, answer.headers.get("location")) == (status, location)


async def test_a_fault_of_ours_says_nothing_of_the_machine() -> None:
    answer = await ask(DescribedApi(described()), scope_of(target="/broken"))
    assert answer.status == 500
    assert b"secret" not in answer.body


def plain() -> Response:
    return Response()


async def with_body(body: dict[str, int]) -> Response:
    return Response(str(body))


async def with_answer(response: Response) -> Response:
    return response


@pytest.mark.parametrize("function", [plain, with_body, with_answer])
def test_a_function_that_is_not_called_as_fastapi_would_is_refused(
    function: Any,
) -> None:
    app = FastAPI()
    app.add_api_route("/x", function, methods=["POST"])
    with pytest.raises(TypeError, match=function.__name__):
        DescribedApi(app)


def test_what_is_no_operation_is_refused() -> None:
    with pytest.raises(TypeError, match="no operation"):
        DescribedApi(FastAPI(routes=[Mount("/x", described())]))
