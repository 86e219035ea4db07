"""Generates the reference pages of the browser kit from its JSDoc comments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

KIT = Path(__file__).resolve().parents[1] / "src" / "gatewright" / "kit"
ELEMENTS, CLIENT = KIT / "elements", KIT / "client"

_REGISTERED = re.compile(r'"(gw-[\w-]+)": async .*import\("\./([\w-]+\.js)"\)\)\.(\w+)')
_SIBLING = re.compile(r'^import \{ (\w+) \} from "\./([\w-]+\.js)"', re.MULTILINE)
_FAMILY = re.compile(r"this\.(\w+) = new (\w+)\(")
_CLASS = r"/\*\*((?:(?!\*/).)*)\*/\s*export class {name} "
_HEAD = re.compile(r"^/\*\*((?:(?!\*/).)*)\*/", re.DOTALL)
_METHOD = re.compile(
    r"^  /\*\*((?:(?!\*/).)*)\*/\n  (static )?(async )?(\*)?(get )?([a-z]\w*)"
    r"\(([^\n]*)\) \{$",
    re.DOTALL | re.MULTILINE,
)
_TYPEDEF = re.compile(r"/\*\*\s*((?:(?!\*/).)*@typedef(?:(?!\*/).)*)\*/", re.DOTALL)
_IMPORTED = re.compile(r'import\("[^"]+"\)\.(\w+)')
_TAG = re.compile(r"(?:^|\s)@(\w+)")
_ROWS = (
    ("attr", "attribute", "is"),
    ("property", "property", "is"),
    ("fires", "event", "`detail`, and when it is sent"),
    ("slot", "slot", "is shown"),
    ("csspart", "part", "is"),
)
_OF_LIT = {"render", "update", "updated", "willUpdate", "firstUpdated"}
_OF_LIT |= {"connectedCallback", "disconnectedCallback", "constructor"}

ELEMENTS_HEAD = """\
# Elements

All elements of the kit, from its sources: `/kit/gw.js` registers each when a page
first has it. [Build a page](../how-to/pages.md) begins with a whole one.

What they share:

- Every attribute is a property too. An element that shows a thing of the gateway has
  the method `reload()`, and the property `gateway`, the [client](client.md) that it
  uses.
- Events bubble out of the elements, and `event.detail` is what the table says. Those
  that are cancelable come before something is done, and `preventDefault()` keeps it
  from being done. Where something fails, the element shows it and sends `gw-error`.
- The slots `loading` and `error`, where an element has such a state, take the place
  of what it shows then. An element that needs a scope which the person lacks shows
  its slot `denied` alone, has the attribute `denied`, and asks for nothing.
- `::part()` and the custom properties of `gw.css` (`--gw-accent`, `--gw-line`, ...)
  change how they look; the parts `loading`, `empty`, `error` and `code` are in many.

This page is generated; each example is run by a test.
"""
CLIENT_HEAD = """\
# The client

`gw.js` gives `gateway`, the client of the gateway that served it, the class `Gateway`
for another one, and `GatewayError`. It works in pages and in Node:

```js
import { gateway, Gateway, GatewayError } from "/kit/gw.js";
```

Every method that asks the gateway takes an `AbortSignal`, or leaves out what has no
end to wait for, and fails with a `GatewayError`. What creates something carries a
key, so that a request which is sent again makes one thing. Iterators (`for await`)
read page after page, or event after event.

This page is generated from the client's sources; each example is run by a test.
"""


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a JSDoc comment, such as ``@param {string} name - words``."""

    kind: str
    """Name of the tag, such as ``param``."""
    type: str
    """Type in braces; empty if there is none."""
    name: str
    """First word after the type."""
    words: str
    """Rest of the tag, in one line."""


@dataclass(frozen=True, slots=True)
class Comment:
    """A parsed JSDoc comment."""

    words: str
    """Text before the first tag, in one line."""
    tags: tuple[Tag, ...]
    """All tags except ``@example``."""
    example: str
    """Text of ``@example``, with its line breaks."""

    def of(self, kind: str) -> list[Tag]:
        """Return the tags of one kind."""
        return [tag for tag in self.tags if tag.kind == kind]


def read_comment(text: str) -> Comment:
    """Parse the text of a JSDoc comment, without its delimiters."""
    lines = [re.sub(r"^\s*\* ?", "", line) for line in text.splitlines()]
    text, _, example = "\n".join(lines).partition("@example\n")
    starts = [match.start() for match in _TAG.finditer(text)] + [len(text)]
    words = " ".join(text[: starts[0]].split())
    pieces = [text[a:b].strip() for a, b in pairwise(starts)]
    return Comment(words, tuple(_tag(piece) for piece in pieces), example.rstrip())


def _tag(text: str) -> Tag:
    kind, _, rest = text.removeprefix("@").partition(" ")
    kind_of, rest = _braces(rest.strip())
    if kind == "returns":
        return Tag(kind, kind_of, "", " ".join(rest.split()))
    name = re.match(r"\[[^\]]*\]|\S*", rest)
    assert name is not None
    words = " ".join(rest[name.end() :].split()).removeprefix("- ")
    return Tag(kind, kind_of, name[0], words)


def _braces(text: str) -> tuple[str, str]:
    """Split text into a type in braces, which may be nested, and the rest."""
    if not text.startswith("{"):
        return "", text
    depth = 0
    for i, sign in enumerate(text):
        depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth == 0:
            return " ".join(text[1:i].split()), text[i + 1 :].strip()
    raise ValueError(text)


def comment_of(source: str, name: str) -> Comment:
    """Return the comment of a class."""
    found = re.search(_CLASS.format(name=name), source, re.DOTALL)
    assert found is not None, name
    return read_comment(found[1])


def source_of(file: Path) -> str:
    """Return the text of an element's file, and of the file of a class it extends.

    What all elements share, in ``base.js``, is told once for all of them.
    """
    text = file.read_text(encoding="utf-8")
    more = [
        (ELEMENTS / name).read_text(encoding="utf-8")
        for class_, name in _SIBLING.findall(text)
        if name != "base.js" and f" extends {class_} " in text
    ]
    return "".join([text, *more])


def body_of(source: str, name: str) -> str:
    """Return the text of a class, and of classes of the source that it extends."""
    head = re.compile(rf"^(?:export )?class {name} (?:extends (\w+) )?", re.MULTILINE)
    found = head.search(source)
    if found is None:
        return ""
    own = source[found.start() : source.index("\n}\n", found.start()) + 2]
    return own + (body_of(source, found[1]) if found[1] else "")


def methods_of(body: str) -> Iterator[str]:
    """Yield a Markdown list item for each public method that has a comment."""
    for text, static, _, _, getter, name, parameters in _METHOD.findall(body):
        if name in _OF_LIT or (name == "reload" and "@param" not in text):
            continue
        comment = read_comment(text)
        given = ", ".join(_parameter(tag) for tag in comment.of("param"))
        assert bool(given) == bool(parameters.strip()), (name, text)
        returns = "".join(f": {_plain(tag.type)}" for tag in comment.of("returns"))
        signature = name if getter else f"{name}({given})"
        more = [f"`{t.name.strip('[]')}`: {t.words}" for t in comment.of("param")]
        told = " ".join([comment.words, *(m for m in more if not m.endswith(": "))])
        assert told, (name, "has no words")
        yield f"- `{'static ' if static else ''}{signature}{returns}`\n  {told}"


def _parameter(tag: Tag) -> str:
    name = tag.name.strip("[]")
    optional = "?" if tag.name.startswith("[") else ""
    return f"{name}{optional}: {_plain(tag.type)}"


def _plain(type_: str) -> str:
    return _IMPORTED.sub(r"\1", type_)


def elements_page() -> str:
    """Return the reference page of all elements, as Markdown."""
    registry = (ELEMENTS / "registry.js").read_text(encoding="utf-8")
    parts = [ELEMENTS_HEAD]
    for name, file, class_ in _REGISTERED.findall(registry):
        source = source_of(ELEMENTS / file)
        parts += _section(name, comment_of(source, class_), body_of(source, class_))
    for name, file in (
        ("data-gw-store", "gw-store.js"),
        ("data-gw-scope", "scoped.js"),
    ):
        head = _HEAD.match((ELEMENTS / file).read_text(encoding="utf-8"))
        assert head is not None
        parts += _section(name, read_comment(head[1]), "")
    return "\n".join(parts)


def _section(name: str, comment: Comment, body: str) -> Iterator[str]:
    words = re.sub(rf"^`<{name}>`: ", "", comment.words)
    yield f"## `{name}`\n\n{words[0].upper()}{words[1:]}\n"
    for kind, one, means in _ROWS:
        rows = comment.of(kind)
        if not rows:
            continue
        typed = any(tag.type for tag in rows)
        yield f"| {one} | {'type | ' if typed else ''}{means} |"
        yield f"|---|---|{'---|' if typed else ''}"
        for tag in rows:
            type_ = _plain(tag.type).replace(" | ", " or ")
            cell = f"`{type_}` | " if typed else ""
            yield f"| `{tag.name}` | {cell}{tag.words} |"
        yield ""
    methods = list(methods_of(body))
    if methods:
        yield "\n".join(["Methods and values that a script reads:\n", *methods, ""])
    yield f"```html\n{comment.example}\n```\n"


def client_page() -> str:
    """Return the reference page of the client, as Markdown."""
    sources = {
        path.name: path.read_text(encoding="utf-8") for path in CLIENT.glob("*.js")
    }
    parts = [CLIENT_HEAD]
    families = _FAMILY.findall(sources["gateway.js"])
    named = [("Gateway", "gateway"), *((c, f"gateway.{f}") for f, c in families)]
    for class_, title in [*named, ("GatewayError", "GatewayError")]:
        (source,) = [s for s in sources.values() if f"export class {class_} " in s]
        comment = comment_of(source, class_)
        methods = list(methods_of(body_of(source, class_)))
        parts += [f"## `{title}`\n", f"{comment.words}\n", *methods, ""]
        parts.append(f"```js\n{comment.example}\n```\n")
    parts.append("## Shapes\n")
    parts += _shapes("\n".join(sources[name] for name in sorted(sources)))
    return "\n".join(parts) + "\n"


def _shapes(source: str) -> Iterator[str]:
    for text in _TYPEDEF.findall(source):
        comment = read_comment(text)
        (shape,) = comment.of("typedef")[:1]
        if shape.name == "Message" or shape.type.startswith("import("):
            continue
        kind = f": `{_plain(shape.type)}`" if shape.type != "object" else ""
        yield f"- `{shape.name}`{kind} {shape.words or comment.words}".rstrip()
        for tag in comment.of("property"):
            yield f"  - `{_parameter(tag)}` {tag.words}".rstrip()
