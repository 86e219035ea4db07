"""Checks the ``#SBATCH`` lines of a script, and refuses those that would mislead."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from gatewright.core.errors import InvalidContent

_WITHOUT_VALUE = frozenset("hHIkKOQsVWX")
_WITH_WORD = frozenset({"--signal", "--open-mode"})
_REFUSED = {
    "array": "Give it as “array” of the job, so that each element is followed.",
    "clusters": "The system's cluster is the only one.",
    "export-file": "Give variables as “environment” of the job.",
    "gid": "Jobs run for you.",
    "help": "It submits nothing.",
    "test-only": "It submits nothing.",
    "uid": "Jobs run for you.",
    "usage": "It submits nothing.",
    "version": "It submits nothing.",
    "wait": "Ask for the job with “wait” to be told of its end.",
    "wrap": "The script is what is run.",
}
_LETTERS = {
    "a": "array",
    "M": "clusters",
    "h": "help",
    "V": "version",
    "W": "wait",
}


@dataclass(frozen=True, slots=True)
class Directives:
    """The ``#SBATCH`` lines of a script."""

    lines: tuple[str, ...] = ()
    """The lines."""
    signal_to_script: bool = False
    """Whether a signal is sent to the script's own process (``--signal=B:``)."""
    appends: bool = False
    """Whether output is added to what its files have (``--open-mode=append``)."""
    name: str = ""
    """Name of the job (``--job-name``); empty if none is given."""


def directives(script: str) -> Directives:
    """Return the ``#SBATCH`` lines before the first command of a script.

    Raises
    ------
    InvalidContent
        A line requests something that the gateway could not follow.
    """
    lines: list[str] = []
    to_script = appends = False
    job_name = ""
    for line in script.splitlines():
        if line.strip() and not line.startswith("#"):
            break
        if line.startswith("#SBATCH"):
            if not line.isprintable() and not line.replace("\t", " ").isprintable():
                raise InvalidContent("A line “#SBATCH” has control characters in it.")
            options = _options(line.removeprefix("#SBATCH"))
            job_name = _job_name(options) or job_name
            for option in options:
                for name in _names(option):
                    if name in _REFUSED:
                        raise InvalidContent(
                            f"“#SBATCH {option[:80]}” is not taken here. "
                            f"{_REFUSED[name]}"
                        )
                to_script = to_script or option.startswith("--signal=B")
                appends = appends or option.startswith("--open-mode=a")
            lines.append(line)
    return Directives(tuple(lines), to_script, appends, job_name)


def _options(text: str) -> list[str]:
    try:
        words = shlex.split(text, comments=True)
    except ValueError as error:
        raise InvalidContent(
            f"The line “#SBATCH{text[:80]}” has a quote that is not closed."
        ) from error
    if "hetjob" in words or "packjob" in words:
        raise InvalidContent(
            "A job of several different parts (“#SBATCH hetjob”) cannot be submitted "
            "here. Submit its parts as jobs."
        )
    return [
        f"{word}={after}" if word in _WITH_WORD or _names_job(word) else word
        for word, after in zip(words, [*words[1:], ""], strict=True)
    ]


def _job_name(options: Sequence[str]) -> str:
    """Return the last job name among the options of a line; "" if there is none."""
    found = ""
    for option, after in zip(options, [*options[1:], ""], strict=True):
        if option.startswith("--"):
            name, _, value = option.partition("=")
            found = value if _names_job(name) else found
            continue
        flags, letter, value = option.partition("J")
        if letter and flags[:1] == "-" and _WITHOUT_VALUE.issuperset(flags[1:]):
            found = value or after
    return found


def _names_job(word: str) -> bool:
    """Return whether a word is ``--job-name``, which Slurm also takes abbreviated."""
    return len(word) > len("--j") and "--job-name".startswith(word)


def _names(option: str) -> list[str]:
    """Return the refused options that a word may mean, also abbreviated."""
    if option.startswith("--"):
        name = option[2:].partition("=")[0]
        return [one for one in _REFUSED if name and one.startswith(name)]
    if not option.startswith("-"):
        return []
    found = []
    for letter in option[1:]:
        found.append(_LETTERS.get(letter, ""))
        if letter not in _WITHOUT_VALUE:
            break
    return found
