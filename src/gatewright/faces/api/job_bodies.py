"""Job specifications as requests carry them: JSON, a script, or a form."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
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
)
from gatewright.web.form_text import unix_lines
from gatewright.web.json_body import decode_json, is_json
from gatewright.web.json_model import schema_of

_SCRIPT_TYPES = ("text/x-shellscript", "application/x-sh", "text/plain")
_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_PART_BYTES = 2 << 20
_COUNT = 2**53
_STRICT = ConfigDict(extra="forbid", strict=True)


class ResourcesBody(BaseModel):
    """What a job needs to run."""

    model_config = _STRICT

    node_count: int | None = Field(None, ge=1, le=_COUNT, description="Machines.")
    process_count: int | None = Field(
        None, ge=1, le=_COUNT, description="Processes in all."
    )
    processes_per_node: int | None = Field(
        None, ge=1, le=_COUNT, description="Processes on each machine."
    )
    cpu_cores_per_process: int = Field(
        1, ge=1, le=_COUNT, description="Cores of each process."
    )
    gpu_cores_per_process: int = Field(
        0, ge=0, le=_COUNT, description="Graphics processors of each process."
    )
    memory: int | None = Field(
        None,
        ge=1,
        le=_COUNT,
        description="Memory of the whole job in bytes; above it the job is ended.",
    )


class AttributesBody(BaseModel):
    """How the scheduler is to treat a job."""

    model_config = _STRICT

    duration: int | None = Field(
        None, ge=1, le=_COUNT, description="Longest time it may run, in seconds."
    )
    queue_name: str | None = Field(None, description="Queue or partition.")
    project_name: str | None = Field(None, description="Project that is charged.")
    reservation: str | None = Field(None, description="Reservation it belongs to.")


class DependencyBody(BaseModel):
    """A job that must end first."""

    model_config = _STRICT

    job: str = Field(
        description="Its id; the id of an array means all elements.", examples=["17"]
    )
    condition: Annotated[Condition, Field(strict=False)] = Field(
        Condition.AFTER_OK,
        description="How it must end: with exit code 0, in any way, or otherwise.",
    )


class JobSpecBody(BaseModel):
    """What to run, and how, in the words of PSI/J: an executable or a script."""

    model_config = _STRICT

    executable: str | None = Field(
        None, description="Program: a path, or a name.", examples=["/usr/bin/python3"]
    )
    script: str | None = Field(
        None,
        description="Text of a script, in place of an executable; its “#!” line names "
        "the interpreter, /bin/sh if there is none.",
        examples=["#!/bin/sh\necho hello\n"],
    )
    arguments: list[str] = Field(
        [], description="Arguments of the program or script.", examples=[["analyse.py"]]
    )
    directory: str | None = Field(
        None,
        description="Working directory; relative to your home, which is the default.",
    )
    name: str | None = Field(None, description="A name for people.")
    inherit_environment: bool = Field(
        True,
        description="Whether the job starts from the environment of a login (PATH, "
        "HOME and so on).",
    )
    environment: dict[str, str] = Field({}, description="Variables to set.")
    stdin_path: str | None = Field(None, description="File to read as input.")
    stdout_path: str | None = Field(
        None,
        description="File for the output, relative to the directory; “{id}” and "
        "“{index}” stand for the job's. By default job-{id}.out.",
    )
    stderr_path: str | None = Field(
        None,
        description="File for the errors. By default job-{id}.err; the same as "
        "stdout_path joins the two.",
    )
    resources: ResourcesBody = Field(
        default_factory=ResourcesBody, description="What it needs."
    )
    attributes: AttributesBody = Field(
        default_factory=AttributesBody, description="How it is treated."
    )
    array: str | None = Field(
        None,
        description="Indices that it runs for, two at once in this example; each finds "
        "its own in GATEWRIGHT_ARRAY_INDEX.",
        examples=["0-9%2"],
    )
    dependencies: list[DependencyBody] = Field(
        [], description="Jobs that must end first."
    )
    hold: bool = Field(False, description="Whether it waits until it is released.")

    def spec(self) -> JobSpec:
        """Return the same as the domain has it."""
        fields = self.model_dump(
            exclude={"arguments", "resources", "attributes", "dependencies"}
        )
        return JobSpec(
            **fields,
            arguments=tuple(self.arguments),
            resources=Resources(**self.resources.model_dump()),
            attributes=Attributes(**self.attributes.model_dump()),
            dependencies=tuple(
                Dependency(one.job, one.condition) for one in self.dependencies
            ),
        )


class JobListBody(BaseModel):
    """Several jobs."""

    model_config = _STRICT

    jobs: list[JobSpecBody] = Field(
        description="What to run.", min_length=1, max_length=1000
    )


class FlatJobBody(BaseModel):
    """A job as fields of a form, or as parameters of the URL beside a script."""

    model_config = ConfigDict(extra="forbid")

    script: str | None = Field(None, description="Text of a script, or a file of it.")
    executable: str | None = Field(None, description="Program, in place of a script.")
    arguments: list[str] = Field([], description="Arguments, each as a field.")
    name: str | None = Field(None, description="A name for people.")
    directory: str | None = Field(None, description="Working directory.")
    stdin_path: str | None = Field(None, description="File to read as input.")
    stdout_path: str | None = Field(None, description="File for the output.")
    stderr_path: str | None = Field(None, description="File for the errors.")
    environment: list[str] = Field([], description="Variables, each as NAME=value.")
    cores: int = Field(1, ge=1, le=_COUNT, description="Cores.")
    memory: int | None = Field(None, ge=1, le=_COUNT, description="Memory, in bytes.")
    duration: int | None = Field(
        None, ge=1, le=_COUNT, description="Longest time it may run, in seconds."
    )
    queue_name: str | None = Field(None, description="Queue or partition.")
    project_name: str | None = Field(None, description="Project that is charged.")
    array: str | None = Field(None, description="Indices that it runs for: 0-9%2.")
    after_ok: list[str] = Field([], description="Jobs that must complete first.")
    after_any: list[str] = Field([], description="Jobs that must end first.")
    after_not_ok: list[str] = Field([], description="Jobs that must fail first.")
    hold: bool = Field(False, description="Whether it waits until it is released.")

    def spec(self) -> JobSpec:
        """Return the same as the domain has it."""
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
_LISTS = ("arguments", "environment", "after_ok", "after_any", "after_not_ok")


async def read_specs(request: Request) -> tuple[Sequence[JobSpec], bool]:
    """Return the specifications in a request, and whether they came as a list.

    Raises
    ------
    UnsupportedMediaType
        The body is of another type.
    InvalidRequest
        The body cannot be read.
    InvalidContent
        A field is unknown or wrong.
    """
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if is_json(content_type):
        value = decode_json(await request.body())
        if isinstance(value, list):
            return [body.spec() for body in _validated(_MANY, value)], True
        return [_validated(_ONE, value).spec()], False
    query = request.query_params.multi_items()
    if kind in _SCRIPT_TYPES:
        fields = _fields(query)
        fields["script"] = _text(await request.body())
        return [_validated(TypeAdapter(FlatJobBody), fields).spec()], False
    if kind in _FORM_TYPES:
        fields = _fields([*query, *await _form(request)])
        return [_validated(TypeAdapter(FlatJobBody), fields).spec()], False
    raise UnsupportedMediaType(
        "Send a job as application/json, a script as text/x-shellscript, or a form."
    )


def _validated(adapter: TypeAdapter[Any], value: object) -> Any:
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        faults = [
            {"where": ".".join(map(str, fault["loc"])), "what": fault["msg"]}
            for fault in error.errors(include_url=False, include_input=False)
        ]
        text = "; ".join(f"{f['where'] or 'body'}: {f['what']}" for f in faults[:5])
        raise InvalidContent(text, faults=faults[:50]) from error


def _fields(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in _LISTS:
            fields.setdefault(name, []).append(value)
        elif name in fields:
            raise InvalidContent(f"“{name[:80]}” is there twice.")
        elif value != "":
            # An empty field of a form is one that was not filled in.
            fields[name] = value
    return fields


async def _form(request: Request) -> Sequence[tuple[str, str]]:
    try:
        form = await request.form(max_files=8, max_part_size=_PART_BYTES)
    except HTTPException as error:
        raise InvalidRequest(f"The form cannot be read: {error.detail}") from error
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
        raise InvalidContent("“environment” holds variables as NAME=value.")
    return name, value


def submit_body() -> dict[str, Any]:
    """Return the ``openapi_extra`` by which FastAPI documents the bodies."""
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
    """Return the URL's parameters beside a script, for the OpenAPI document."""
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
