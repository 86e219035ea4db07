"""Limits and checks of job specifications that hold on every system."""

import os
import re
from collections.abc import Iterable, Iterator

from gatewright.core.errors import InvalidContent
from gatewright.domains.compute.model import (
    Capabilities,
    Condition,
    JobSpec,
    Resources,
)
from gatewright.domains.compute.token_request import check_token_request

MAXIMUM_SCRIPT = 1 << 20
"""Largest script, in bytes."""
MAXIMUM_STRING = 131_071
"""Largest argument or environment variable, in bytes (Linux's MAX_ARG_STRLEN minus the
NUL)."""
MAXIMUM_STRINGS = 1 << 20
"""Largest size of all arguments and environment variables together, in bytes (half of
Linux's usual ARG_MAX)."""
MAXIMUM_NAME = 200
"""Longest job name, in characters."""
MAXIMUM_COUNT = 1_000_000
"""Largest number of nodes, processes, or cores per process."""
MAXIMUM_DURATION = 10 * 366 * 86_400
"""Longest time limit, in seconds: ten years."""
MAXIMUM_DEPENDENCIES = 100
"""Largest number of jobs on which a job may depend."""
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def check_spec(spec: JobSpec) -> None:
    """Refuse a job specification that no system could run.

    Raises
    ------
    InvalidContent
        The message says which field is wrong and what it must be.
    """
    _check_program(spec)
    _check_text(spec)
    _check_environment(spec)
    _check_counts(spec)
    if spec.token is not None:
        check_token_request(spec.token)
    _check_dependencies(spec)


def check_capacity(resources: Resources, capabilities: Capabilities) -> None:
    """Refuse resources that no job can have on a system.

    Raises
    ------
    InvalidContent
        The message names the requested amount, and the largest possible one.
    """
    for asked, most, unit in (
        (resources.cores, capabilities.cores, "cores"),
        (resources.memory or 0, capabilities.memory_bytes, "bytes (“memory”)"),
        (resources.node_count or 1, capabilities.nodes, "nodes (“node_count”)"),
    ):
        if asked > most:
            raise InvalidContent(
                f"The job asks for {asked} {unit}, and a job has {most} here at most."
            )


def _check_dependencies(spec: JobSpec) -> None:
    if len(spec.dependencies) > MAXIMUM_DEPENDENCIES:
        raise InvalidContent(f"A job waits for {MAXIMUM_DEPENDENCIES} others at most.")
    for dependency in spec.dependencies:
        if dependency.condition is Condition.SINGLETON:
            if dependency.job:
                raise InvalidContent(
                    "A dependency “singleton” is on all your earlier jobs of the same "
                    "name, so it has no “job”."
                )
        elif not dependency.job:
            raise InvalidContent(
                f"A dependency “{dependency.condition}” needs a “job”, the id of "
                "another job of yours."
            )
        elif dependency.condition is Condition.AFTER_CORR and (
            spec.array is None or "_" in dependency.job
        ):
            raise InvalidContent(
                "A dependency “after_corr” pairs the elements of two arrays: give the "
                "job an “array”, and “job” the id of a whole array."
            )


def _check_program(spec: JobSpec) -> None:
    if bool(spec.executable) == bool(spec.script):
        raise InvalidContent(
            "A job needs an “executable” or a “script”, one of the two."
        )
    if spec.script is None:
        return
    if len(_utf8(spec.script, "script")) > MAXIMUM_SCRIPT:
        raise InvalidContent(f"The script is larger than {MAXIMUM_SCRIPT} bytes.")
    if spec.script.startswith("\ufeff"):
        raise InvalidContent(
            "The script begins with a byte order mark, as Windows writes it, and Unix "
            "does not see its “#!” line then. Save it as UTF-8 without the mark."
        )
    if "\0" in spec.script:
        raise InvalidContent("The script has a NUL byte in it: it is not text.")
    if spec.script.partition("\n")[0].endswith("\r"):
        raise InvalidContent(
            "The script has the line ends of Windows (CR LF), which no shell reads. "
            "Save it with Unix line ends (LF)."
        )


def _check_text(spec: JobSpec) -> None:
    for field, value in _strings(spec):
        text = _utf8(value, field)
        if b"\0" in text:
            raise InvalidContent(f"“{field}” has a NUL character in it.")
        if len(text) > MAXIMUM_STRING:
            raise InvalidContent(f"“{field}” is longer than {MAXIMUM_STRING} bytes.")
        if field != "arguments" and not value.isprintable():
            raise InvalidContent(f"“{field}” has control characters in it.")
    if len(spec.name or "") > MAXIMUM_NAME:
        raise InvalidContent(f"“name” is longer than {MAXIMUM_NAME} characters.")
    paths = {"stdout_path": spec.stdout_path, "stderr_path": spec.stderr_path}
    for field, path in paths.items():
        if not spec.array or not path or path == os.devnull:
            continue
        if "{id}" not in path and "{index}" not in path:
            raise InvalidContent(
                f"All elements of the array would write the one “{field}”. "
                "Put {id} or {index} in it."
            )


def _strings(spec: JobSpec) -> Iterator[tuple[str, str]]:
    attributes = spec.attributes
    single = {
        "executable": spec.executable,
        "directory": spec.directory,
        "name": spec.name,
        "stdin_path": spec.stdin_path,
        "stdout_path": spec.stdout_path,
        "stderr_path": spec.stderr_path,
        "queue_name": attributes.queue_name,
        "project_name": attributes.project_name,
        "reservation": attributes.reservation,
        "qos": attributes.qos,
        "constraint": attributes.constraint,
        "licenses": attributes.licenses,
    }
    yield from ((field, value) for field, value in single.items() if value is not None)
    yield from (("arguments", argument) for argument in spec.arguments)


def _check_environment(spec: JobSpec) -> None:
    for name, value in spec.environment.items():
        if not _VARIABLE.fullmatch(name):
            raise InvalidContent(
                f"“environment” has a variable named {name[:80]!a}, which no shell can "
                "read. A name has the letters A to Z and a to z, digits and “_”, and "
                "does not begin with a digit."
            )
        pair = _utf8(name, "environment") + b"=" + _utf8(value, "environment")
        if b"\0" in pair:
            raise InvalidContent(
                f"The variable “{name[:80]}” has a NUL character in it."
            )
        if len(pair) > MAXIMUM_STRING:
            raise InvalidContent(
                f"The variable “{name[:80]}” is longer than {MAXIMUM_STRING} bytes."
            )
    pairs = (f"{name}={value}" for name, value in spec.environment.items())
    if _total(spec.arguments) + _total(pairs) > MAXIMUM_STRINGS:
        raise InvalidContent(
            f"“arguments” and “environment” together are more than {MAXIMUM_STRINGS} "
            "bytes. Put them in a file."
        )


def _total(strings: Iterable[str]) -> int:
    return sum(len(string.encode()) + 9 for string in strings)


def _check_counts(spec: JobSpec) -> None:
    resources, attributes = spec.resources, spec.attributes
    for field in ("node_count", "process_count", "processes_per_node"):
        _check_range(field, getattr(resources, field), 1, MAXIMUM_COUNT)
    _check_range(
        "cpu_cores_per_process", resources.cpu_cores_per_process, 1, MAXIMUM_COUNT
    )
    _check_range(
        "gpu_cores_per_process", resources.gpu_cores_per_process, 0, MAXIMUM_COUNT
    )
    _check_range("memory", resources.memory, 1, 1 << 60)
    _check_range("duration", attributes.duration, 1, MAXIMUM_DURATION)
    nodes, each, all_ = (
        resources.node_count,
        resources.processes_per_node,
        resources.process_count,
    )
    if nodes and each and all_ and nodes * each != all_:
        raise InvalidContent(
            f"“process_count” is {all_}, and “node_count” times “processes_per_node” "
            f"is {nodes * each}. Leave one of the three out."
        )


def _check_range(field: str, value: int | None, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidContent(f"“{field}” is a number from {least} to {most}.")


def _utf8(value: str, field: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise InvalidContent(
            f"“{field}” contains an unpaired surrogate, which is not a character."
        ) from error
