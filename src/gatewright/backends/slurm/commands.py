"""The command lines of Slurm's programs; none is interpreted by a shell."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from gatewright.backends.slurm.marks import Mark
from gatewright.backends.slurm.numbers import together
from gatewright.domains.compute import Condition, Submission

_IN_UTC = {"TZ": "UTC0", "SLURM_TIME_FORMAT": "standard"}
_CONDITIONS = {
    Condition.AFTER_OK: "afterok",
    Condition.AFTER_ANY: "afterany",
    Condition.AFTER_NOT_OK: "afternotok",
    Condition.AFTER: "after",
    Condition.AFTER_CORR: "aftercorr",
    Condition.SINGLETON: "singleton",
}

QUEUE_FIELDS = (
    "JobID,ArrayJobID,ArrayTaskID,JobArrayID,UserName,State,Reason,Dependency,NumCPUs,"
    "NumNodes,Partition,Account,PriorityLong,MinMemory,TimeLimit,SubmitTime,StartTime,"
    "EndTime,NodeList,RestartCnt,Name,Comment"
)
"""Fields of ``squeue --Format``, in the order in which they are requested."""
ACCOUNTING_FIELDS = (
    "JobID,JobIDRaw,User,State,Submit,Start,End,TotalCPU,MaxRSS,TRESUsageInTot,"
    "TRESUsageInMax,NTasks,AllocCPUS,AllocTRES,ElapsedRaw,Comment,ExitCode"
)
"""Columns of ``sacct``. The last one cannot contain text that a user wrote."""
COMMENT, SUBMIT_LINE = "Comment", "SubmitLine"
"""Columns of ``sacct`` that may hold the marks of jobs. The second one is the command
that submitted the job, and is kept also where comments are not."""
MOST_ARRAY_TEXT = 8192
"""Longest text of ``sbatch --array`` in characters (``_validate_job_desc`` of Slurm's
controller)."""
NODE_FIELDS = "NTCmeGEfP"
"""Fields of ``sinfo --Node --format``."""
PARTITION_FIELDS = "PalDCsmG"
"""Fields of ``sinfo --format``, which prints a line for each partition."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a command."""

    argv: tuple[str, ...]
    """Program and arguments."""
    environment: Mapping[str, str]
    """Environment variables that are added to those of the user."""
    stdin: bytes = b""
    """Standard input."""
    word: str = ""
    """The word for the places of the call that a grant leaves open."""
    number: str | None = None
    """Number of a job for other such places; None if there are none."""
    only: tuple[str, ...] = ()
    """End of a record of output, and a text: records without it are left out."""


@dataclass(frozen=True, slots=True)
class Slurm:
    """Builds the command lines for one installation of Slurm.

    Text written by users can contain any character, also newlines. So the fields of an
    answer are separated by a random word, the ``nonce``, that is made for this one call
    and cannot occur in such text.
    """

    bin_dir: str = ""
    """Folder of the programs; empty to search ``PATH``."""
    conf: str = ""
    """Configuration file, for ``SLURM_CONF``; empty for the default."""

    def queue(self, nonce: str, *selection: str) -> Call:
        """List jobs, also recently ended ones; each array element separately."""
        return self.question(
            "squeue",
            "--noheader",
            "--all",
            "--array",
            "--states=all",
            f"--Format={_long_format(QUEUE_FIELDS, nonce)}",
            *selection,
        )

    def marked(self, nonce: str, account: str, mark: Mark, place: str = "") -> Call:
        """List the jobs of an account that have a mark.

        With ``place``, the call has this text where the nonce is filled in later.
        """
        call = self.queue(place or nonce, f"--user={account}")
        end = parting(place or nonce)[1]
        return replace(call, word=nonce, only=(end, mark.comment))

    def exit_codes(self, numbers: Sequence[str]) -> Call:
        """List exit codes that the controller still knows."""
        return self.question(
            "squeue",
            "--noheader",
            "--all",
            "--array",
            "--states=all",
            f"--jobs={_listed(numbers)}",
            "--Format=JobArrayID:24,exit_code:24",
        )

    def accounting(
        self, nonce: str, numbers: Sequence[str], column: str = COMMENT
    ) -> Call:
        """List the accounting records of jobs, and of older jobs with the same ids.

        ``column`` stands in the place of the comment.
        """
        return self.question(
            "sacct",
            "--noheader",
            "--allusers",
            "--duplicates",
            "--parsable2",
            f"--delimiter={nonce}",
            f"--format={_with(column)}",
            f"--jobs={_listed(numbers)}",
        )

    def marked_accounting(
        self,
        account: str,
        mark: Mark,
        places: tuple[str, str],
        nonce: str,
        number: str,
        column: str = COMMENT,
    ) -> Call:
        """List the accounting records of a job of an account, if they have a mark.

        ``places`` stand in the call where the nonce and the number are filled in later.
        The records of its steps, which have no mark, are left out.
        """
        parts, of_job = places
        call = self.question(
            "sacct",
            "--noheader",
            f"--user={account}",
            "--duplicates",
            "--parsable2",
            f"--delimiter={parts}",
            f"--format={_with(column)}",
            f"--jobs={of_job}",
        )
        return replace(call, word=nonce, number=number, only=("\n", mark.comment))

    def nodes(self, nonce: str) -> Call:
        """List the nodes, once for each partition that contains them."""
        chosen = f"--format={_format(NODE_FIELDS, nonce)}"
        return self.question("sinfo", "--noheader", "--all", "--Node", chosen)

    def partitions(self, nonce: str) -> Call:
        """List the partitions."""
        chosen = f"--format={_format(PARTITION_FIELDS, nonce)}"
        return self.question("sinfo", "--noheader", "--all", chosen)

    def reservations(self) -> Call:
        """List the reservations, one on a line."""
        return self.question("scontrol", "--oneliner", "show", "reservation")

    def settings(self) -> Call:
        """Show the configuration of the cluster."""
        return self.question("scontrol", "show", "config")

    def cancel(self, numbers: Sequence[str]) -> Call:
        """Cancel jobs."""
        return self._order("scancel", "--quiet", *together(numbers))

    def hold(self, numbers: Sequence[str]) -> Call:
        """Hold jobs."""
        return self._order("scontrol", "uhold", _all(numbers))

    def release(self, numbers: Sequence[str]) -> Call:
        """Release held jobs."""
        return self._order("scontrol", "release", _all(numbers))

    def signal(self, numbers: Sequence[str], name: str) -> Call:
        """Send a signal to all processes of jobs, including their scripts' children."""
        return self._order("scancel", "--full", f"--signal={name}", *numbers)

    def limit(self, numbers: Sequence[str], minutes: int) -> Call:
        """Change the time limit of jobs, in minutes."""
        chosen = f"JobId={_all(numbers)}"
        return self._order("scontrol", "update", chosen, f"TimeLimit={minutes}")

    def array_limit(self, numbers: Sequence[str], limit: int) -> Call:
        """Change how many elements of arrays may run at once; 0 for no limit."""
        chosen = f"JobId={_listed(numbers)}"
        return self._order("scontrol", "update", chosen, f"ArrayTaskThrottle={limit}")

    def requeue(self, numbers: Sequence[str]) -> Call:
        """End running jobs and put them back into the queue."""
        return self._order("scontrol", "requeue", _all(numbers))

    def dry_run(self, call: Call) -> Call:
        """Ask where and when a submission would run, instead of submitting it.

        The answer has the time in seconds since 1970.
        """
        program, *arguments = call.argv
        return Call(
            (program, "--test-only", *arguments),
            {**call.environment, "SLURM_TIME_FORMAT": "%s"},
            call.stdin,
        )

    def submit(
        self,
        submission: Submission,
        mark: Mark,
        script: str,
        dependencies: Sequence[tuple[str, Condition]],
        indices: Sequence[int] = (),
    ) -> Call:
        """Submit a job, or the elements of an array with these indices."""
        options = {
            "comment": mark.comment,
            "job-name": submission.name,
            "chdir": submission.directory,
            "export": "ALL" if submission.spec.inherit_environment else "NIL",
            "kill-on-invalid-dep": "yes",
            **_files(submission),
            **_sizes(submission),
            **_treatment(submission),
        }
        if indices:
            limit = submission.array_limit
            options["array"] = array_text(indices) + (
                f"%{limit}" if limit is not None else ""
            )
        if dependencies:
            # Of a pair of arrays, the numbers of the whole arrays are given.
            pairs = Condition.AFTER_CORR
            waits = [
                f"{_CONDITIONS[c]}:{number.partition('_')[0] if c is pairs else number}"
                for number, c in dependencies
            ]
            options["dependency"] = _listed(
                [one.removesuffix(":") for one in dict.fromkeys(waits)]
            )
        argv = [f"--{name}={value}" for name, value in options.items()]
        flags = ["--parsable", "--ignore-pbs"]
        if submission.spec.hold:
            flags.append("--hold")
        return self._order("sbatch", *flags, *argv, stdin=script.encode())

    def question(self, program: str, *arguments: str) -> Call:
        """Call a program that changes nothing, and prints times in UTC."""
        call = self._order(program, *arguments)
        return Call(call.argv, {**call.environment, **_IN_UTC})

    def _order(self, program: str, *arguments: str, stdin: bytes = b"") -> Call:
        path = f"{self.bin_dir.rstrip('/')}/{program}" if self.bin_dir else program
        environment = {"SLURM_CONF": self.conf} if self.conf else {}
        return Call((path, *arguments), environment, stdin)


def array_text(indices: Sequence[int]) -> str:
    """Return the ascending indices of an array in Slurm's notation.

    Those at equal distances become a range (``0-999``, ``0-90:10``), since Slurm takes
    :data:`MOST_ARRAY_TEXT` characters at most.
    """
    parts = []
    first = 0
    while first < len(indices):
        last = first + 1
        step = indices[last] - indices[first] if last < len(indices) else 0
        while last < len(indices) and indices[last] - indices[last - 1] == step:
            last += 1
        if last - first < 3:
            parts.append(str(indices[first]))
            first += 1
            continue
        by = f":{step}" if step > 1 else ""
        parts.append(f"{indices[first]}-{indices[last - 1]}{by}")
        first = last
    return _listed(parts)


def touched(paths: Sequence[str]) -> Call:
    """Create files that are empty."""
    return Call(("touch", "--", *paths), {})


def claims_of_array(folder: str, name: str) -> Call:
    """List the claim files of the elements of an array, of which some have begun."""
    chosen = ("-maxdepth", "1", "-name", f"{name}_*", "-printf", "%f\\n")
    return Call(("find", f"{folder}/", *chosen), {})


def parting(nonce: str) -> tuple[str, str]:
    """Return the separators of fields and of records in an answer."""
    return f"{nonce}-", f"{nonce}."


def _format(fields: str, nonce: str) -> str:
    between, end = parting(nonce)
    return between.join(f"%{field}" for field in fields) + end


def _long_format(fields: str, nonce: str) -> str:
    """Return the format for whole fields (size 0), each followed by its separator."""
    between, end = parting(nonce)
    *others, last = fields.split(",")
    return ",".join([*(f"{field}:0{between}" for field in others), f"{last}:0{end}"])


def _with(column: str) -> str:
    """Return the columns of ``sacct`` with another one in the place of the comment."""
    return ACCOUNTING_FIELDS.replace(COMMENT, column)


def _listed(numbers: Sequence[str]) -> str:
    return ",".join(numbers)


def _all(numbers: Sequence[str]) -> str:
    """Return jobs as ``scontrol`` takes them, each array as one."""
    return _listed(together(numbers))


def _files(submission: Submission) -> dict[str, str]:
    """Return the options for standard streams; the script sets those of an array.

    Slurm would empty the files before the script sees whether the work was done.
    """
    found = {"output": "/dev/null", "error": "/dev/null"}
    if submission.array_index is None:
        found["output"] = _plain(submission.stdout_path)
        found["error"] = _plain(submission.stderr_path)
        found["open-mode"] = "append"
    if submission.spec.stdin_path is not None:
        found["input"] = _plain(submission.spec.stdin_path)
    return found


def _plain(path: str) -> str:
    """Return a path in which ``%`` is escaped, so that Slurm replaces nothing."""
    return path.replace("%", "%%")


def _sizes(submission: Submission) -> dict[str, str]:
    """Return the ``sbatch`` options for what a job requests beyond one core.

    One core is Slurm's default; an option for it would override the script's
    directives.
    """
    resources = submission.spec.resources
    found = {}
    if resources.cpu_cores_per_process > 1:
        found["cpus-per-task"] = str(resources.cpu_cores_per_process)
    if resources.node_count is not None:
        found["nodes"] = str(resources.node_count)
    if resources.processes_per_node is not None:
        found["ntasks-per-node"] = str(resources.processes_per_node)
    if resources.process_count is not None:
        found["ntasks"] = str(resources.processes)
    if resources.gpu_cores_per_process:
        found["gpus-per-task"] = str(resources.gpu_cores_per_process)
    if resources.memory is not None:
        # Slurm's is that of each node, in MiB.
        each = resources.memory / (resources.node_count or 1)
        found["mem"] = f"{math.ceil(each / 2**20)}M"
    return found


def _treatment(submission: Submission) -> dict[str, str]:
    attributes = submission.spec.attributes
    found = {}
    if attributes.duration is not None:
        found["time"] = str(math.ceil(attributes.duration / 60))
    if attributes.queue_name is not None:
        found["partition"] = attributes.queue_name
    if attributes.project_name is not None:
        found["account"] = attributes.project_name
    named = ("reservation", "qos", "constraint", "licenses")
    values = {name: getattr(attributes, name) for name in named}
    found |= {name: value for name, value in values.items() if value is not None}
    return found
