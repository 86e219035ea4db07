"""An SSH server on loopback, by asyncssh, with SFTP and commands, for one key."""

import asyncio
import sys
from pathlib import Path

import asyncssh


async def run(process: "asyncssh.SSHServerProcess[str]") -> None:
    """Run a command by a shell, as sshd does."""
    command = process.command or "true"
    child = await asyncio.create_subprocess_exec(
        "/bin/sh", "-c", command, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    process.stdout.write(out.decode())
    process.exit(child.returncode or 0)


async def serve(port: int, host_key: Path, authorized: Path) -> None:
    """Serve the files of this machine until it is ended, and run commands."""
    await asyncssh.listen(
        "127.0.0.1",
        port,
        server_host_keys=[str(host_key)],
        authorized_client_keys=str(authorized),
        sftp_factory=True,
        process_factory=run,
        allow_scp=False,
    )
    await asyncio.Event().wait()


def main() -> None:
    """Run the server of the arguments: port, host's key, file of the user's key."""
    port, host_key, authorized = sys.argv[1:]
    asyncio.run(serve(int(port), Path(host_key), Path(authorized)))


if __name__ == "__main__":
    main()
