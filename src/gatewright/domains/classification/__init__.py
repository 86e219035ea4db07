"""Classification: what tells a real change on the sky from an artefact.

A forest learns from stars that were put into frames, and from people's votes. It is
measured on examples that it did not see. NumPy alone.
"""

from gatewright.domains.classification.judge import Judge, train
from gatewright.domains.classification.model import (
    Classifier,
    ClassifierState,
    Example,
    Interval,
    Method,
    Searched,
    Source,
    Trial,
)
from gatewright.domains.classification.report import labels, missed, report

__all__ = [
    "Classifier",
    "ClassifierState",
    "Example",
    "Interval",
    "Judge",
    "Method",
    "Searched",
    "Source",
    "Trial",
    "labels",
    "missed",
    "report",
    "train",
]
