"""Parses job specifications from requests: JSON, a script, or a form."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from gatewright.core.errors import (
    InvalidContent,
    InvalidRequest,
    UnsupportedMediaType,
)
from gatewright.domains.compute import (
    Attributes,
    Condition,
    Dependency,
    JobSpec,
    Resources,
    TokenRequest,
)
from gatewright.web.form_text import unix_lines
from gatewright.web.json_body import decode_json, is_json
from gatewright.web.json_model import schema_of, validated

_SCRIPT_TYPES = ("text/x-shellscript", "application/x-sh", "text/plain")
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_PART_BYTES = 2 << 20
_COUNT = 2**53
_STRICT = ConfigDict(extra="forbid", strict=True)


class ResourcesBody(BaseModel):
    """Resources that a job needs."""

    model_config = _STRICT

    node_count: int | None = Field(
        None, ge=1, le=_COUNT, description="Number of nodes."
    )
    process_count: int | None = Field(
        None, ge=1, le=_COUNT, description="Total number of processes."
    )
    processes_per_node: int | None = Field(
        None, ge=1, le=_COUNT, description="Number of processes on each node."
    )
    cpu_cores_per_process: int = Field(
        1, ge=1, le=_COUNT, description="CPU cores of each process."
    )
    gpu_cores_per_process: int = Field(
        0, ge=0, le=_COUNT, description="GPUs of each process."
    )
    memory: int | None = Field(
        None,
        ge=1,
        le=_COUNT,
        description="Memory of the whole job in bytes; a job that uses more is killed.",
    )


class AttributesBody(BaseModel):
    """How the scheduler treats a job."""

    model_config = _STRICT

    duration: int | None = Field(
        None, ge=1, le=_COUNT, description="Longest time it may run, in seconds."
    )
    queue_name: str | None = Field(None, description="Queue or partition.")
    project_name: str | None = Field(None, description="Project that is charged.")
    reservation: str | None = Field(None, description="Reservation to run in.")
    qos: str | None = Field(None, min_length=1, description="Quality of service.")
    constraint: str | None = Field(
        None,
        min_length=1,
        description="Features that its nodes must have, in Slurm's notation.",
        examples=["haswell&ssd"],
    )
    licenses: str | None = Field(
        None,
        min_length=1,
        description="Licences that it uses, in Slurm's notation.",
        examples=["matlab:2"],
    )


class DependencyBody(BaseModel):
    """A job that must end first."""

    model_config = _STRICT

    job: str = Field(
        description="Id of the job; the id of an array means all its elements.",
        examples=["17"],
    )
    condition: Annotated[Condition, Field(strict=False)] = Field(
        Condition.AFTER_OK,
        description="How it must end: after_ok with exit code 0, after_any in any way, "
        "after_not_ok with a failure.",
    )


class JobTokenBody(BaseModel):
    """A token that a job gets: narrower and shorter than what submits the job."""

    model_config = _STRICT

    scopes: list[str] = Field(
        description="Scopes of the token, all of which you have.",
        min_length=1,
        max_length=64,
        examples=[["store:observations"]],
    )
    seconds: int | None = Field(
        None,
        ge=1,
        le=_COUNT,
        description="Seconds until it expires, from the submission; by default as long "
        "as your own token or session and the gateway allow.",
        examples=[86_400],
    )


class JobSpecBody(BaseModel):
    """An executable or a script to run, and how, in the terms of PSI/J."""

    model_config = _STRICT

    executable: str | None = Field(
        None,
        description="Program: a path, or a name to look up in PATH.",
        examples=["/usr/bin/python3"],
    )
    script: str | None = Field(
        None,
        description="Text of a script, instead of an executable. Its “#!” line names "
        "the interpreter; without one it is /bin/sh.",
        examples=["#!/bin/sh\necho hello\n"],
    )
    arguments: list[str] = Field(
        [], description="Arguments of the program or script.", examples=[["analyse.py"]]
    )
    directory: str | None = Field(
        None,
        description="Working directory; relative to your home, which is the default.",
    )
    name: str | None = Field(None, description="Name of the job, for people.")
    inherit_environment: bool = Field(
        True,
        description="Whether the job starts from a login environment (PATH, HOME and "
        "so on).",
    )
    environment: dict[str, str] = Field({}, description="Environment variables to set.")
    stdin_path: str | None = Field(None, description="File for standard input.")
    stdout_path: str | None = Field(
        None,
        description="File for standard output, relative to the directory; “{id}” and "
        "“{index}” stand for the job's id and array index. By default job-{id}.out.",
    )
    stderr_path: str | None = Field(
        None,
        description="File for standard error, by default job-{id}.err. It may be the "
        "same file as stdout_path.",
    )
    resources: ResourcesBody = Field(
        default_factory=ResourcesBody, description="Resources that it needs."
    )
    attributes: AttributesBody = Field(
        default_factory=AttributesBody, description="How the scheduler treats it."
    )
    array: str | None = Field(
        None,
        description="Indices of a job array. “%2” means that at most two elements run "
        "at once. Each element has its index in GATEWRIGHT_ARRAY_INDEX.",
        examples=["0-9%2"],
    )
    dependencies: list[DependencyBody] = Field(
        [], description="Jobs that must end first."
    )
    hold: bool = Field(False, description="Whether it waits until it is released.")
    token: JobTokenBody | None = Field(
        None,
        description="A token for the job, in a file of its owner that "
        "GATEWRIGHT_TOKEN_FILE names. It ends with the job.",
    )

    def spec(self) -> JobSpec:
        """Return the specification as the domain's :class:`JobSpec`."""
        fields = self.model_dump(
            exclude={"arguments", "resources", "attributes", "dependencies", "token"}
        )
        asked = self.token
        token = TokenRequest(tuple(asked.scopes), asked.seconds) if asked else None
        return JobSpec(
            **fields,
            arguments=tuple(self.arguments),
            resources=Resources(**self.resources.model_dump()),
            attributes=Attributes(**self.attributes.model_dump()),
            dependencies=tuple(
                Dependency(one.job, one.condition) for one in self.dependencies
            ),
            token=token,
        )


class JobListBody(BaseModel):
    """Specifications of several jobs."""

    model_config = _STRICT

    jobs: list[JobSpecBody] = Field(
        description="The specifications.", min_length=1, max_length=1000
    )


class FlatJobBody(BaseModel):
    """A job as the fields of a form, or as query parameters beside a script."""

    model_config = ConfigDict(extra="forbid")

    script: str | None = Field(None, description="Text or file of a script.")
    executable: str | None = Field(None, description="Program, instead of a script.")
    arguments: list[str] = Field([], description="Arguments, one in each field.")
    name: str | None = Field(None, description="Name of the job, for people.")
    directory: str | None = Field(None, description="Working directory.")
    stdin_path: str | None = Field(None, description="File for standard input.")
    stdout_path: str | None = Field(None, description="File for standard output.")
    stderr_path: str | None = Field(None, description="File for standard error.")
    environment: list[str] = Field(
        [], description="Environment variables, each as NAME=value."
    )
    cores: int = Field(1, ge=1, le=_COUNT, description="Number of CPU cores.")
    memory: int | None = Field(None, ge=1, le=_COUNT, description="Memory, in bytes.")
    duration: int | None = Field(
        None, ge=1, le=_COUNT, description="Longest time it may run, in seconds."
    )
    queue_name: str | None = Field(None, description="Queue or partition.")
    project_name: str | None = Field(None, description="Project that is charged.")
    array: str | None = Field(None, description="Indices of a job array: 0-9%2.")
    after_ok: list[str] = Field([], description="Ids of jobs that must succeed first.")
    after_any: list[str] = Field([], description="Ids of jobs that must end first.")
    after_not_ok: list[str] = Field([], description="Ids of jobs that must fail first.")
    hold: bool = Field(False, description="Whether it waits until it is released.")

    def spec(self) -> JobSpec:
        """Return the specification as the domain's :class:`JobSpec`."""
        same = {
            "script",
            "executable",
            "name",
            "directory",
            "stdin_path",
            "stdout_path",
            "stderr_path",
            "array",
            "hold",
        }
        return JobSpec(
            **self.model_dump(include=same),
            arguments=tuple(self.arguments),
            environment=dict(_variable(text) for text in self.environment),
            resources=Resources(cpu_cores_per_process=self.cores, memory=self.memory),
            attributes=Attributes(
                duration=self.duration,
                queue_name=self.queue_name,
                project_name=self.project_name,
            ),
            dependencies=tuple(
                Dependency(job, condition)
                for condition in Condition
                for job in getattr(self, condition.value)
            ),
        )


_ONE = TypeAdapter(JobSpecBody)
_MANY = TypeAdapter(list[JobSpecBody])
DRY_RUN = "dry_run"
"""Query parameter of a submission that is only tried: no field of the job."""
_LISTS = ("arguments", "environment", "after_ok", "after_any", "after_not_ok")


async def read_specs(request: Request) -> tuple[Sequence[JobSpec], bool]:
    """Return the specifications in a request, and whether they were sent as a list.

    Raises
    ------
    UnsupportedMediaType
        The media type of the body is not one that describes a job.
    InvalidRequest
        The body is malformed.
    InvalidContent
        A field is unknown, wrong or given twice.
    """
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if is_json(content_type):
        value = decode_json(await request.body())
        if isinstance(value, list):
            return [
                body.spec() for body in validated(_MANY.validate_python, value)
            ], True
        return [validated(_ONE.validate_python, value).spec()], False
    asked = request.query_params.multi_items()
    query = [pair for pair in asked if pair[0] != DRY_RUN]
    if kind in _SCRIPT_TYPES:
        fields = _fields(query)
        fields["script"] = _text(await request.body())
        return [validated(FlatJobBody.model_validate, fields).spec()], False
    if kind in _FORM_TYPES:
        fields = _fields([*query, *await _form(request)])
        return [validated(FlatJobBody.model_validate, fields).spec()], False
    raise UnsupportedMediaType(
        "Send a job as application/json, a script as text/x-shellscript, or a form."
    )


def _fields(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in _LISTS:
            fields.setdefault(name, []).append(value)
        elif name in fields:
            raise InvalidContent(f"“{name[:80]}” is given twice.")
        elif value != "":
            # Browsers send empty fields of a form, too.
            fields[name] = value
    return fields


async def _form(request: Request) -> Sequence[tuple[str, str]]:
    try:
        form = await request.form(max_files=8, max_part_size=_PART_BYTES)
    except HTTPException as error:
        raise InvalidRequest(f"The form cannot be read: {error.detail}") from error
    except UnicodeError as error:  # of a “charset” such as Python's “undefined”
        raise InvalidRequest("The form is not text in its “charset”.") from error
    try:
        return [
            (
                name,
                _text(await value.read())
                if isinstance(value, UploadFile)
                else unix_lines(value),
            )
            for name, value in form.multi_items()
        ]
    finally:
        await form.close()


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise InvalidRequest("The script is not valid UTF-8 text.") from error


def _variable(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark:
        raise InvalidContent("“environment” has to be NAME=value.")
    return name, value


def submit_body() -> dict[str, Any]:
    """Return the ``openapi_extra`` that describes the bodies of a submission."""
    spec = schema_of(JobSpecBody)
    form = schema_of(FlatJobBody)
    script = {"type": "string", "examples": ["#!/bin/sh\necho hello\n"]}
    content = {
        "application/json": {"schema": spec},
        "text/x-shellscript": {"schema": script},
        **{kind: {"schema": form} for kind in _FORM_TYPES},
    }
    return {"requestBody": {"required": True, "content": content}}


def script_parameters() -> list[dict[str, Any]]:
    """Return the OpenAPI query parameters that may be sent with a script as body."""
    properties: Mapping[str, Any] = schema_of(FlatJobBody)["properties"]
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": f"With a script: {schema.get('description', '')}",
            "schema": {k: v for k, v in schema.items() if k != "description"},
        }
        for name, schema in properties.items()
        if name not in {"script", "executable"}
    ]
