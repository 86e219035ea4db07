"""The ``#SBATCH`` lines of scripts: what is kept, understood and refused."""

import pytest

from gatewright.backends.slurm.directives import directives
from gatewright.core.errors import InvalidContent


class TestDirectives:
    def test_they_are_kept_until_the_first_command(self) -> None:
        kept = "#SBATCH -p debug  # short\n\n# x\n#SBATCH\t-n 2\n"
        script = f"#!/bin/sh\n{kept}true\n#SBATCH -a 1\n"
        assert directives(script).lines == (
            "#SBATCH -p debug  # short",
            "#SBATCH\t-n 2",
        )
        assert directives("").lines == ()

    @pytest.mark.parametrize("text", ["--signal=B:USR1@60", "--signal B:USR1"])
    def test_a_signal_for_the_script_itself(self, text: str) -> None:
        assert directives(f"#!/bin/sh\n#SBATCH {text}\n").signal_to_script
        assert not directives("#!/bin/sh\n#SBATCH --signal=USR1\n").signal_to_script

    @pytest.mark.parametrize(
        "text",
        [
            "--array=0-3", "--arr 0-3", "-a 0-3", "-a0-3", "-Ha 3", "-W", "--wait",
            "--uid=0", "--wrap=x", "-M other", "--test-only", "hetjob", "-V",
            "--export-file=x", "'open", "-J a\x1b",
        ],
    )  # fmt: skip
    def test_what_could_not_be_followed_is_refused(self, text: str) -> None:
        with pytest.raises(InvalidContent):
            directives(f"#!/bin/sh\n#SBATCH {text}\n")

    @pytest.mark.parametrize("text", ["-Jarray", "--wait-all-nodes=1", "-t 5", "-H"])
    def test_others_are_taken(self, text: str) -> None:
        assert directives(f"#!/bin/sh\n#SBATCH {text}\n").lines

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("-J run", "run"), ("-Jrun", "run"), ("-HJ run", "run"), ("-H", ""),
            ("--job-name=run", "run"), ("--job-name run", "run"), ("--job=run", "run"),
            ("-J 'a run'  # its name", "a run"), ("-t 5 -J a -J run", "run"),
            ("-p Jobs", ""), ("-J a\n#SBATCH -t 5", "a"), ("-J a\n#SBATCH -Jb", "b"),
            ("-t 5\ntrue\n#SBATCH -J late", ""), ("-J", ""), ("--j=run", ""),
        ],
    )  # fmt: skip
    def test_the_name_that_a_script_gives(self, text: str, name: str) -> None:
        assert directives(f"#!/bin/sh\n#SBATCH {text}\n").name == name
