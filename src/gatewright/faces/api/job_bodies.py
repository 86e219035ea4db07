"""Job specifications in the bodies of requests: as JSON, and as fields of a form."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gatewright.core.errors import (
    InvalidContent,
)
from gatewright.domains.compute import (
    Attributes,
    Condition,
    Dependency,
    JobSpec,
    Resources,
    TokenRequest,
)

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
    """What must have become of another job first."""

    model_config = _STRICT

    job: str = Field(
        "",
        description="Id of the job; the id of an array means all its elements. All "
        "conditions but singleton need it.",
        examples=["17"],
    )
    condition: Annotated[Condition, Field(strict=False)] = Field(
        Condition.AFTER_OK,
        description="What must have become of it. after_ok: it ended with exit code 0; "
        "after_any: it ended in any way; after_not_ok: it failed or was canceled; "
        "after: it has begun, or was canceled; after_corr, of two arrays: for each "
        "element, the one of its index ended with exit code 0; singleton, without job: "
        "all your earlier jobs of the same name ended. The last three are Slurm's.",
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
        [], description="What must have become of other jobs before it starts."
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
    after: list[str] = Field([], description="Ids of jobs that must begin first.")
    after_corr: list[str] = Field(
        [],
        description="Ids of arrays of which the element of the same index must succeed "
        "first.",
    )
    singleton: bool = Field(
        False,
        description="Whether all your earlier jobs of the same name must end first.",
    )
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
            dependencies=(
                *(
                    Dependency(job, condition)
                    for condition in Condition
                    if condition is not Condition.SINGLETON
                    for job in getattr(self, condition.value)
                ),
                *([Dependency("", Condition.SINGLETON)] if self.singleton else []),
            ),
        )


def _variable(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark:
        raise InvalidContent("“environment” has to be NAME=value.")
    return name, value
