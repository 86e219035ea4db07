"""The HTTP server: uvicorn's processes with zero-copy answers and time limits."""
