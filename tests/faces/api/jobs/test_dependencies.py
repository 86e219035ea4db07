"""Dependencies in requests for jobs: what JSON and forms name, and what is refused."""

import httpx
import pytest
from tests.faces.api.jobs.conftest import submit


@pytest.mark.parametrize(
    ("json", "form"),
    [
        ({"job": "1", "condition": "after"}, {"after": "1"}),
        ({"job": "2", "condition": "after_corr"}, {"after_corr": "2"}),
        ({"condition": "singleton"}, {"singleton": "true"}),
    ],
)
async def test_what_this_scheduler_does_not_know_is_refused(
    ada: httpx.AsyncClient, json: dict[str, str], form: dict[str, str]
) -> None:
    await submit(ada, executable="true", hold=True)
    await submit(ada, executable="true", array="0-1", hold=True)
    spec = {"executable": "true", "array": "0-1"}
    for answer in (
        await ada.post("/jobs/local", json={**spec, "dependencies": [json]}),
        await ada.post("/jobs/local", data={**spec, **form}),
    ):
        assert answer.status_code == 422, answer.text
        detail = answer.json()["detail"]
        assert f"no dependencies “{json['condition']}”" in detail
        assert "after_ok, after_any, after_not_ok" in detail


async def test_a_job_is_named_where_it_has_to_be(ada: httpx.AsyncClient) -> None:
    for dependency, words in (
        ({}, "needs a “job”"),
        ({"condition": "after"}, "needs a “job”"),
        ({"job": "1", "condition": "singleton"}, "has no “job”"),
        ({"job": "1", "condition": "after_noon"}, "condition"),
    ):
        spec = {"executable": "true", "dependencies": [dependency]}
        answer = await ada.post("/jobs/local", json=spec)
        assert answer.status_code == 422, answer.text
        assert words in str(answer.json())
