"""The code blocks of a page, and what the page says of them.

A block of ``sh`` or ``python`` is run as a reader would paste it. A block of ``text``
right after one is what it prints, where ``…`` stands for anything. A comment
``<!-- not run: why -->`` before a block says why a test cannot run it.
"""

import re
from dataclasses import dataclass
from pathlib import Path

RUN = ("sh", "python")

_FENCE = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+?) -->\n)?"
    r"^```(?P<language>\w*)(?P<title>[^\n]*)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Block:
    """One code block."""

    language: str
    """What the fence says."""
    title: str
    """What the fence says behind it: the name of a file that the page builds."""
    text: str
    """The lines between the fences."""
    reason: str
    """Why it is not run; empty if it is."""
    prints: str | None
    """What the page says that it prints; None where it says nothing."""

    @property
    def is_run(self) -> bool:
        """Whether a test runs it."""
        return self.language in RUN and not (self.reason or self.title)


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = list(_FENCE.finditer(text))
    blocks = []
    for place, match in enumerate(found):
        following = found[place + 1] if place + 1 < len(found) else None
        prints = None
        if following is not None and following["language"] == "text":
            between = text[match.end() : following.start()]
            prints = following["text"] if not between.strip() else None
        reason = match["reason"] or ""
        language, title = match["language"], match["title"].strip()
        blocks.append(Block(language, title, match["text"], reason, prints))
    return blocks


def is_printed(wanted: str, printed: str) -> bool:
    """Return whether an output is what a page says, line by line."""
    parts = (re.escape(part) for part in wanted.strip().split("…"))
    return re.search(r".*?".join(parts), printed, re.DOTALL) is not None
