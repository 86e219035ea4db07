"""Variables that attributes refer to, which an answer includes with those requested.

An answer includes the variables that a requested variable refers to, subset in the same
way. Names of variables that it does not include are removed from attributes. Source: CF
conventions 1.11 (3.4, 4.3, 5, 7.1, 7.2, 7.5 and 8.2) and UGRID 1.0 (meshes).
"""

from collections.abc import Callable, Iterator
from collections.abc import Set as AbstractSet

from gatewright.domains.arrays.model import (
    Attribute,
    Attributes,
    Description,
    Variable,
)

_KEYED = frozenset({"cell_measures", "formula_terms"})
"""Attributes whose value is a list of ``key: variable`` pairs."""
_REFERENCES = frozenset(
    {
        *("coordinates", "bounds", "climatology", "grid_mapping", "compress"),
        *("ancillary_variables", "cell_measures", "formula_terms"),
        *("mesh", "location_index_set", "geometry", "nodes", "interior_ring"),
        *("node_coordinates", "edge_coordinates", "face_coordinates"),
        *("volume_coordinates", "node_count", "part_node_count"),
    }
)
_WHOLE_OR_NONE = frozenset({"formula_terms", "compress"})
"""Attributes that are meaningless without all of the variables they name."""
_CONNECTIVITY = "_connectivity"
_RAGGED = frozenset({"sample_dimension", "instance_dimension"})


def _refers(attribute: str) -> bool:
    return attribute in _REFERENCES or attribute.endswith(_CONNECTIVITY)


def references(variable: Variable) -> Iterator[tuple[str, list[str]]]:
    """Yield each attribute that names other variables, and those names."""
    for name in variable.attributes:
        if _refers(name):
            words = variable.text(name).split()
            if name in _KEYED:
                words = [word for word in words if not word.endswith(":")]
            yield name, [word.rstrip(":") for word in words]


def renamed(attributes: Attributes, name: Callable[[str], str]) -> Attributes:
    """Return attributes in which ``name`` has translated each name of a variable."""
    found = dict(attributes)
    for key, one in attributes.items():
        if not _refers(key) or one.type.numeric:
            continue
        words = one.text.split()
        for at, word in enumerate(words):
            colon = ":" if word.endswith(":") else ""
            if not (key in _KEYED and colon):
                words[at] = name(word.removesuffix(":")) + colon
        if words != one.text.split():
            found[key] = Attribute(one.type, (" ".join(words),), one.latin1)
    return found


def companions(
    description: Description,
    variables: tuple[Variable, ...],
    gone: AbstractSet[str],
    narrowed: AbstractSet[str],
) -> list[Variable]:
    """Return the variables to which others refer, directly or through one another.

    Parameters
    ----------
    description
        Metadata of the source.
    variables
        The requested variables, which are not returned.
    gone
        Dimensions that the answer lacks; no variable that has one is returned.
    narrowed
        Dimensions of which only a part is requested. The indices in a mesh's
        connectivity would then point to other cells, so the mesh is left out.
    """
    known = description.variables
    found = {variable.name: variable for variable in variables}
    rows, lost = _of_rows(description, variables, narrowed)
    gone = {*gone, *lost}
    waiting = [*variables, *rows]
    found |= {one.name: one for one in waiting}
    while waiting:
        one = waiting.pop(0)
        named = [word for _, words in references(one) for word in words]
        for name in (*one.dimensions, *named):
            other = known.get(name)
            if other is None or name in found or gone & set(other.dimensions):
                continue
            if not narrowed & _of_mesh(description, other):
                found[name] = other
                waiting.append(other)
    return list(found.values())[len(variables) :]


def _of_rows(
    description: Description,
    variables: tuple[Variable, ...],
    narrowed: AbstractSet[str],
) -> tuple[list[Variable], set[str]]:
    """Return the variables that assign elements of ragged arrays to their features.

    They are either counts of elements for each feature, which are wrong once elements
    are left out, or the index of the feature for each element. The second value holds
    the dimensions of features whose counts had to be left out. Source: CF 1.11,
    sections 9.3.3 and 9.3.4.
    """
    chosen = {name for variable in variables for name in variable.dimensions}
    found: list[Variable] = []
    lost: set[str] = set()
    for one in description.variables.values():
        counted = one.text("sample_dimension")
        if counted in chosen and one not in variables:
            if narrowed & {counted, *one.dimensions}:
                lost |= set(one.dimensions) - chosen
            else:
                found.append(one)
        features = one.text("instance_dimension")
        if features and features not in narrowed and chosen >= set(one.dimensions):
            found += [one] if one not in variables else []
    return found, lost


def is_ragged(variable: Variable) -> bool:
    """Return whether a variable assigns elements of a ragged array to features."""
    return not _RAGGED.isdisjoint(variable.attributes)


def _of_mesh(description: Description, variable: Variable) -> set[str]:
    """Return the dimensions of a mesh's cells; empty for a variable that is no mesh.

    Source: UGRID 1.0, ``mesh_topology`` and ``location_index_set``.
    """
    if variable.text("cf_role") not in {"mesh_topology", "location_index_set"}:
        return set()
    parts = [
        description.variables[name]
        for _, names in references(variable)
        for name in names
        if name in description.variables
    ]
    return {name for part in (variable, *parts) for name in part.dimensions}


def shortened(variable: Variable, present: AbstractSet[str]) -> Attributes:
    """Return a variable's attributes without the names of variables not in the answer.

    ``present`` are the names of the answer's variables and dimensions.
    ``formula_terms`` and ``compress`` are left out if any of their names is, and
    ``location`` if the mesh is.
    """
    found: dict[str, Attribute] = {}
    for name, attribute in variable.attributes.items():
        if not _refers(name):
            found[name] = attribute
            continue
        text = attribute.text
        words = text.split()
        if name in _KEYED:
            pairs = list(zip(words[::2], words[1::2], strict=False))
            kept = [f"{key} {word}" for key, word in pairs if word in present]
            whole = len(kept) == len(pairs)
            text = " ".join(kept)
        else:
            kept = [word for word in words if word.rstrip(":") in present]
            whole = len(kept) == len(words)
            text = text if whole else " ".join(kept)
        if text and (whole or name not in _WHOLE_OR_NONE):
            found[name] = Attribute(attribute.type, (text,))
    if "mesh" in variable.attributes and "mesh" not in found:
        found.pop("location", None)
    return found
