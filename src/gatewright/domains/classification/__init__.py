"""Classification of detections: real changes on the sky, or artefacts (bogus).

A random forest learns from stars that were injected into frames, and from people's
votes. It is evaluated on held-out examples. It needs NumPy alone.
"""

from gatewright.domains.classification.fields import field_parity
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
from gatewright.domains.classification.ports import ClassifierStore, Content
from gatewright.domains.classification.report import labels, missed, report

__all__ = [
    "Classifier",
    "ClassifierState",
    "ClassifierStore",
    "Content",
    "Example",
    "Interval",
    "Judge",
    "Method",
    "Searched",
    "Source",
    "Trial",
    "field_parity",
    "labels",
    "missed",
    "report",
    "train",
]
