"""Jobs that go on when their test says so, by a file ``go`` in their folder."""

WAIT_FOR_GO = "for _ in $(seq 2400); do [ -e go ] && break; sleep 0.05; done\n"
"""Line of a shell script. It does not wait for ever, for a test that has failed."""
