"""The worker's program, which acts on files as its user with the standard library only.

The folder is run as ``python -I -S FOLDER DESCRIPTOR``; nothing else of the project can
be imported in it.
"""
