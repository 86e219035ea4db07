"""Contract tests of every port, for this project's backends and for outside ones."""
