"""The program that runs jobs: a host that forks runners, and the runner of one job.

The folder is run as ``python -I -S FOLDER JOBDIR`` or ``python -I -S FOLDER --serve
PIPE``. It uses only the standard library; nothing else of the project can be imported
in it.
"""
