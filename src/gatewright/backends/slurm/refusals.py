"""Says in plain words why Slurm refuses a job for good, and what to change.

Slurm's own words are those of its ``slurm_errno.c`` and ``job_state_reason_string``,
and what sbatch and slurmctld print before them. They differ a little between versions,
so the patterns look for their lasting parts.
"""

import re

_LIMIT = re.compile(
    r"\b(Assoc|QOS|(?=Max(?:Submit)?JobsPerAccount))"
    r"((?:Grp|Max|Min|Job|Time|Resource|Usage|NotAllowed)\w*)"
)
"""The name of a limit, which sbatch prints on a line of its own: whose, and of what."""
_LIMITS = {
    r"Jobs|SubmitJob|^Job": (
        "You have as many jobs as {whose} allows at once. Wait until some have "
        "ended, or cancel some{other}."
    ),
    r"Wall|^Time": (
        "The time limit is longer than {whose} allows. Ask for a shorter one{other}."
    ),
    r"Minutes|^Usage": (
        "It may use more than is left of what {whose} allows. Ask for less or "
        "for a shorter time{other}."
    ),
    r"^Min": "It asks for less than {whose} is for. Ask for more{other}.",
    r"^NotAllowed": "You may not use {whose}. Choose another QOS.",
    r"": (
        "It asks for more cores, memory, GPUs or machines than {whose} allows. "
        "Ask for less{other}."
    ),
}
_SENTENCES = {
    r"Invalid --[\w-]+ ": (
        "A value that it asks for cannot be read, or is not for you to choose. "
        "Correct the option that Slurm names."
    ),
    r"[Uu]nrecognized option|option .*(?:is ambiguous|requires an argument)|"
    r"[Ii]nvalid option|Invalid directive": (
        "A line “#SBATCH” of the script has an option that this version of Slurm "
        "does not know, or that lacks its value. Correct it."
    ),
    r"[Ii]nvalid account": (
        "There is no such account, or you may not charge jobs of this partition "
        "to it. Choose one of your accounts, and a partition that it may use."
    ),
    r"Invalid partition": (
        "There is no such partition. Choose one of the partitions of this system."
    ),
    r"No partition specified": (
        "This system has no partition for jobs that name none. Choose a partition."
    ),
    r"group not permitted to use this partition": (
        "You may not use this partition, which is for other groups. Choose another."
    ),
    r"partition not available|[Pp]artition.* (?:in DOWN state|not available now)": (
        "The partition takes no jobs now. Choose another, or ask the operators "
        "when it will be back."
    ),
    r"Invalid qos": (
        "There is no such QOS, or your account may not use it. Choose another, "
        "or leave it out."
    ),
    r"QOS usage threshold": (
        "Your account has used too much to use this QOS. Choose another."
    ),
    r"Memory (?:specification|required)": (
        "No machine of the partition has as much memory as the job asks for on "
        "one machine. Ask for less, or choose another partition."
    ),
    r"CPU count|[Mm]ore processors|more tasks than available|"
    r"core and/or thread specification": (
        "It asks for more cores than the partition has, or allows a job on one "
        "machine. Ask for less, or choose another partition."
    ),
    r"Node count|[Nn]umber of nodes": (
        "It asks for more machines than the partition has or allows a job, or "
        "for fewer than it must. Change the number of machines, or choose "
        "another partition."
    ),
    r"[Tt]ime limit is invalid": (
        "The time limit is longer than the partition allows, or is missing. Ask "
        "for a shorter one, or choose a partition for longer jobs."
    ),
    r"[Ff]eature (?:specification|requirements)|features not subset": (
        "No machine has the features that are asked for as constraint. Check how "
        "they are spelled, or leave the constraint out."
    ),
    r"[Dd]ependency": (
        "A job that this one is to wait for is not known to Slurm any more, or "
        "waits for this one. Leave out the dependencies that are over."
    ),
    r"[Ll]icen[cs]e": (
        "There is no such licence here, or not as many of it. Check its name and "
        "number."
    ),
    r"Access denied to requested reservation": (
        "The reservation is for other people or accounts. Use one of yours, or none."
    ),
    r"reservation (?:is invalid|not usable|is in use|already)|maintenance reserv": (
        "There is no such reservation, or it cannot be used at this time. Check "
        "its name and when it is, or leave it out."
    ),
    r"generic resource|GRES|[Gg]res|TRES|--gpu": (
        "No machine has GPUs (or other generic resources) of this type or "
        "number. Choose a type that the partition has, or fewer."
    ),
    r"job array spec": (
        "The array has more elements, or larger indices, than Slurm takes. "
        "Submit it as several smaller ones."
    ),
    r"nodes not in this partition|Invalid node name|[Nn]ode name.*invalid": (
        "A machine that is asked for by name does not exist or is not in the "
        "partition. Leave the names out, or correct them."
    ),
    r"Requested node configuration|[Nn]ot available|can ?not be satisfied": (
        "No machine of the partition has all that the job asks for on one "
        "machine: cores, memory, GPUs, features. Ask for less, or choose another "
        "partition."
    ),
    r"accounting/QOS policy": (
        "The job is above a limit of your account or of its QOS: how many jobs "
        "you may have, their size, or their time. Ask for less, or wait until "
        "some of your jobs have ended."
    ),
    r"wckey": "There is no such workload key. Leave it out, or correct it.",
    r"submissions disabled": (
        "The operators have closed the system to new jobs. Submit it again later."
    ),
    r"DOS line breaks": (
        "The script has the line ends of Windows. Save it with those of Unix."
    ),
    r"[Pp]ermission denied|not permitted": (
        "You may not ask for this on this system. Leave out what needs the "
        "rights of an administrator."
    ),
}
_PATTERNS = tuple((re.compile(pattern), text) for pattern, text in _SENTENCES.items())


def advice(said: str) -> str:
    """Return why a job is refused and what to change; empty if it is not known.

    ``said`` is what sbatch printed. The name of a limit in it says more than the line
    that follows, so it is looked for first.
    """
    limit = _LIMIT.search(said)
    if limit is not None:
        of_account = limit[1] == "Assoc"
        whose = "your account" if of_account else "the QOS"
        other = "" if of_account else ", or choose another QOS"
        text = next(
            text for pattern, text in _LIMITS.items() if re.search(pattern, limit[2])
        )
        return text.format(whose=whose, other=other)
    return next((text for pattern, text in _PATTERNS if pattern.search(said)), "")
