"""Contract tests of all ports, for backends of the gateway and of other packages."""
