"""The script that Slurm is given: it does its work once."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

from tests.backends.slurm.made import JOB

from gatewright.backends.slurm.script import (
    DONE_ALREADY,
    Claim,
    claim_in,
    claim_name,
    done_name,
    script_of,
)
from gatewright.backends.slurm.statuses import claimed
from gatewright.domains.compute import (
    JobSpec,
    JobState,
    Resources,
)


class TestScript:
    """The scripts are run here, by the shell that would run them in a job."""

    def run(
        self, script: str, folder: Path, job: str = "5", **more: str
    ) -> "subprocess.CompletedProcess[bytes]":
        return subprocess.run(
            ["/bin/sh"], input=script.encode(), check=False, capture_output=True,
            cwd=folder, env={"PATH": os.defpath, "SLURM_JOB_ID": job, **more},
        )  # fmt: skip

    def test_the_work_is_done_once(self, tmp_path: Path) -> None:
        job = replace(JOB, spec=JobSpec(script="#!/bin/sh\necho $1 >>log; exit 3\n",
                                        arguments=("a b",)))  # fmt: skip
        script = script_of(job, "01hv", f"{tmp_path}/home/.gatewright")
        assert self.run(script, tmp_path).returncode == 3
        for other in ("5", "6"):
            assert self.run(script, tmp_path, other).returncode == DONE_ALREADY
        assert (tmp_path / "log").read_text() == "a b\n"
        text = (tmp_path / "home/.gatewright/01hv").read_text()
        claim = claim_in(text)
        assert claim is not None
        assert (claim.number, claim.exit_code) == ("5", 3)
        assert claimed(claim, "n").state is JobState.FAILED
        again = self.run(script, tmp_path, SLURM_RESTART_COUNT="1")
        assert again.returncode == 3
        assert (tmp_path / "log").read_text() == "a b\n" * 2
        assert [p.name for p in (tmp_path / "home/.gatewright").iterdir()] == ["01hv"]

    def test_a_restart_that_is_forbidden_does_nothing(self, tmp_path: Path) -> None:
        job = replace(JOB, spec=JobSpec(script="#!/bin/sh\necho done >>log\n"))
        script = script_of(job, "01hv", str(tmp_path))
        assert self.run(script, tmp_path).returncode == 0
        Path(done_name(f"{tmp_path}/01hv", 1)).touch()
        for restarts, code in (("1", DONE_ALREADY), ("2", 0)):
            done = self.run(script, tmp_path, SLURM_RESTART_COUNT=restarts)
            assert done.returncode == code
        assert (tmp_path / "log").read_text() == "done\n" * 2
        claim = claim_in((tmp_path / "01hv").read_text())
        assert claim is not None
        assert claim.restarts == 2

    def test_the_output_of_the_work_is_emptied_by_the_work_alone(
        self, tmp_path: Path
    ) -> None:
        """Not by a job that finds it done; and it is added to where that is asked."""
        out, err = (tmp_path / f"o' {name}" for name in ("out", "err"))
        text = "#!/bin/sh\n{}\necho done; echo failed >&2; exit 3\n"
        for name, line, kept in (
            ("a", "", ""),
            ("b", "#SBATCH --open-mode=append", "old\n"),
            ("c", "#SBATCH --open-mode append", "old\n"),
            ("d", "#SBATCH --open-mode=truncate", ""),
        ):
            job = replace(
                JOB, spec=JobSpec(script=text.format(line)), stdout_path=str(out),
                stderr_path=str(err), directory=str(tmp_path),
            )  # fmt: skip
            for path in (out, err):
                path.write_text("old\n")
            for number, code in (("5", 3), ("6", DONE_ALREADY)):
                # As Slurm opens them with --open-mode=append.
                with out.open("ab") as one, err.open("ab") as two:
                    ended = subprocess.run(
                        ["/bin/sh"], check=False, stdout=one, stderr=two, cwd=tmp_path,
                        input=script_of(job, name, f"{tmp_path}/c").encode(),
                        env={"PATH": os.defpath, "SLURM_JOB_ID": number},
                    )  # fmt: skip
                assert ended.returncode == code
                assert out.read_text() == f"{kept}done\n", name
                assert err.read_text() == f"{kept}failed\n", name

    def test_standard_error_says_that_the_working_folder_could_not_be_entered(
        self, tmp_path: Path
    ) -> None:
        script = script_of(replace(JOB, directory="/no where"), "01hv", str(tmp_path))
        assert str(tmp_path) in self.run(script, tmp_path).stderr.decode()

    def test_a_home_that_cannot_be_written_is_no_hindrance(
        self, tmp_path: Path
    ) -> None:
        script = script_of(JOB, "01hv", "/proc/none")
        for _ in range(2):
            assert self.run(script, tmp_path).returncode == 0

    def test_elements_write_files_of_their_own(self, tmp_path: Path) -> None:
        spec = JobSpec(executable="printenv", arguments=("GATEWRIGHT_JOB_ID",))
        parts = [
            replace(JOB, spec=spec, id=f"7_{index}", array_id="7", array_index=index,
                    stdout_path=f"{tmp_path}/o'{index}", stderr_path=f"{tmp_path}/{e}")
            for index, e in ((1, "o'1"), (2, "e2"))
        ]  # fmt: skip
        script = script_of(parts[0], "a1", f"{tmp_path}/c", parts)
        for index in ("1", "2"):
            done = self.run(script, tmp_path, SLURM_ARRAY_TASK_ID=index)
            assert (done.returncode, done.stdout) == (0, b"")
            assert (tmp_path / f"o'{index}").read_text() == f"7_{index}\n"
            assert (tmp_path / "c" / claim_name("a1", index)).exists()

    def test_a_script_without_interpreter_and_one_with_signals(
        self, tmp_path: Path
    ) -> None:
        plain = replace(
            JOB, spec=JobSpec(script="echo $VALUE", environment={"VALUE": "=$'"})
        )
        done = self.run(script_of(plain, "p", str(tmp_path)), tmp_path)
        assert done.stdout == b"=$'\n"
        spec = JobSpec(script="#!/bin/sh\n#SBATCH --signal=B:USR1@60\necho x\n")
        text = script_of(replace(JOB, spec=spec), "q", str(tmp_path))
        assert text.splitlines()[1] == "#SBATCH --signal=B:USR1@60"
        assert self.run(text, tmp_path).stdout == b"x\n"
        claim = claim_in((tmp_path / "q").read_text())
        assert claim is not None
        assert claim.exit_code is None

    def test_a_job_finds_its_number_of_cores_in_its_environment(
        self, tmp_path: Path
    ) -> None:
        """Those that Slurm gave it, and where it does not say those it asked for."""
        names = "$OMP_NUM_THREADS $GATEWRIGHT_JOB_CORES"
        for name, resources, variables, told in (
            ("a", Resources(), {}, "1 1"),
            ("b", Resources(process_count=2, cpu_cores_per_process=3), {}, "3 6"),
            ("c", Resources(), {"SLURM_CPUS_PER_TASK": "4"}, "4 4"),
            (
                "d",
                Resources(),
                {"SLURM_CPUS_PER_TASK": "4", "SLURM_NTASKS": "2"},
                "4 8",
            ),
        ):
            spec = JobSpec(script=f"echo {names}", resources=resources)
            text = script_of(replace(JOB, spec=spec), name, str(tmp_path))
            done = self.run(text, tmp_path, **variables)
            assert done.stdout.decode().strip() == told

    def test_claims_that_tell_nothing(self) -> None:
        assert claim_in("") is None
        assert claim_in("ended 5 0 9\nbegun 5 x 9\n") is None
        assert claim_in("begun 5 0 9\nended 6 0 9\n") == Claim("5", 9.0)
