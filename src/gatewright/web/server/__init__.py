"""The HTTP server: uvicorn processes with zero-copy responses and time limits."""
