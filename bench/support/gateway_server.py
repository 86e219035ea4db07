"""The gateway with its native API alone, on the port that the argument names."""

import sys

from gatewright.core.config import Config
from gatewright.web.server.supervisor import serve


def main() -> int:
    """Serve until a signal."""
    config = Config.model_validate(
        {
            "gateway": {
                "listen": f"127.0.0.1:{sys.argv[1]}",
                "state": f"{sys.argv[2]}/state",
                "faces": ["api"],
            },
            "limits": {"requests_per_second": 1e6, "requests_burst": 10**9},
        }
    )
    return serve(config, lambda url: None)  # noqa: ARG005  # the port is known


if __name__ == "__main__":
    sys.exit(main())
