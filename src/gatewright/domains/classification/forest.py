"""A random forest in NumPy: the probability that each example is of class 1.

Source: Breiman 2001 (Machine Learning 45, 5): each tree is trained on a bootstrap
sample, and each split chooses among a random subset of the features. Splits are sought
at quantiles of each feature, for all nodes of a level at once. An unknown feature
counts as less than every number. The predictions of trees for examples that they were
not trained on ("out of bag", section 3.1) are unbiased and serve for calibration.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Places = NDArray[np.int_]

TREES = 100
DEPTH = 12
_BINS = 48
_LEAST = 2.0
"""Least weight of the examples in a leaf."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The nodes of a decision tree, the root first; arrays of one length."""

    feature: Places
    """Column of the feature that a node splits; -1 in a leaf."""
    threshold: Numbers
    """Rows with at most this value, or with NaN, go to the first child."""
    child: Places
    """Index of the first child; the second child follows it."""
    value: Numbers
    """Fraction of class 1 in a leaf."""

    def values(self, table: Numbers) -> Numbers:
        """Return the value of the leaf that each row of a table reaches."""
        place = np.zeros(len(table), np.int_)
        row = np.arange(len(table))
        while True:
            feature = self.feature[place]
            inner = feature >= 0
            if not inner.any():
                return self.value[place]
            with np.errstate(invalid="ignore"):
                after = table[row, np.maximum(feature, 0)] > self.threshold[place]
            place = np.where(inner, self.child[place] + after, place)


@dataclass(frozen=True, slots=True)
class Forest:
    """An ensemble of trees, whose values are averaged."""

    trees: Sequence[Tree]
    """The trees; at least one."""

    def values(self, table: Numbers) -> Numbers:
        """Return the mean value of the trees for each row, 0 to 1."""
        total = np.zeros(len(table))
        for tree in self.trees:
            total += tree.values(table)
        return total / len(self.trees)

    def to_json(self) -> list[dict[str, list[float]]]:
        """Return the trees as plain lists, for JSON."""
        return [
            {
                "feature": tree.feature.tolist(),
                "threshold": [float(f"{one:.9g}") for one in tree.threshold],
                "child": tree.child.tolist(),
                "value": [float(f"{one:.6g}") for one in tree.value],
            }
            for tree in self.trees
        ]

    @staticmethod
    def from_json(told: Sequence[Mapping[str, Sequence[float]]]) -> "Forest":
        """Return the forest of lists that :meth:`to_json` returned."""
        return Forest(
            [
                Tree(
                    np.array(one["feature"], np.int_),
                    np.array(one["threshold"], np.float64),
                    np.array(one["child"], np.int_),
                    np.array(one["value"], np.float64),
                )
                for one in told
            ]
        )


def grow(
    table: Numbers, of_class: Numbers, weight: Numbers, seed: int, trees: int = TREES
) -> tuple[Forest, Numbers]:
    """Return a forest, and the out-of-bag prediction of each row.

    Parameters
    ----------
    table
        Features, one row for each example; NaN for unknown values.
    of_class
        1 or 0 for each example.
    weight
        Weight of each example.
    seed
        Seed of the random numbers; the forest is reproducible.
    trees
        Number of trees.
    """
    random = np.random.default_rng(seed)
    edges = [_edges(column) for column in table.T]
    bins = np.stack(
        [
            np.where(np.isnan(column), 0, 1 + np.searchsorted(edge, column, "left"))
            for column, edge in zip(table.T, edges, strict=True)
        ],
        axis=1,
    )
    grown, total, count = [], np.zeros(len(table)), np.zeros(len(table))
    for _ in range(trees):
        times = random.multinomial(len(table), np.full(len(table), 1 / len(table)))
        seen = times > 0
        tree = _tree(bins[seen], of_class[seen], (times * weight)[seen], edges, random)
        grown.append(tree)
        total[~seen] += tree.values(table[~seen])
        count[~seen] += 1
    prior = float((of_class * weight).sum() / weight.sum())
    fair = np.where(count > 0, total / np.maximum(count, 1), prior)
    return Forest(grown), fair


def _edges(column: Numbers) -> Numbers:
    """Return the values at which a feature may be split, in ascending order."""
    known = np.unique(column[~np.isnan(column)])
    if len(known) > _BINS:
        known = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)))
    middles: Numbers = (known[:-1] + known[1:]) / 2.0
    return middles


def _tree(
    bins: Places,
    of_class: Numbers,
    weight: Numbers,
    edges: Sequence[Numbers],
    random: np.random.Generator,
) -> Tree:
    features = bins.shape[1]
    some = max(1, round(np.sqrt(features)))
    node = np.zeros(len(bins), np.int_)
    feature, threshold, child, value = [-1], [0.0], [0], [0.0]
    level, depth = [0], 0
    while level:
        first = level[0]
        inside = node >= first
        local = node[inside] - first
        mass = np.bincount(local, weight[inside], len(level))
        good = np.bincount(local, (weight * of_class)[inside], len(level))
        for place, share in zip(level, good / np.maximum(mass, 1e-30), strict=True):
            value[place] = float(share)
        if depth == DEPTH:
            break
        depth += 1
        chosen = random.permuted(np.tile(np.arange(features), (len(level), 1)), axis=1)[
            :, :some
        ]
        found = _splits(bins[inside], of_class[inside], weight[inside], local, chosen)
        start, level = len(feature), []
        for n, (which, at, gain) in enumerate(zip(*found, strict=True)):
            if gain <= 1e-9 * mass[n]:
                continue
            place = first + n
            feature[place], child[place] = int(which), start + len(level)
            # Bin 0 holds unknown values, which are below every number.
            edge = edges[which][at - 1] if at else -np.finfo(np.float64).max
            threshold[place] = float(edge)
            level += [start + len(level), start + len(level) + 1]
        feature += [-1] * len(level)
        threshold += [0.0] * len(level)
        child += [0] * len(level)
        value += [0.0] * len(level)
        own = np.array(feature)[node]
        moves = inside & (own >= 0)
        cut = np.zeros(start, np.int_)
        cut[first:start] = found[1]
        after = bins[moves, own[moves]] > cut[node[moves]]
        node[moves] = np.array(child)[node[moves]] + after
    return Tree(
        np.array(feature, np.int_),
        np.array(threshold),
        np.array(child, np.int_),
        np.array(value),
    )


def _splits(
    bins: Places, of_class: Numbers, weight: Numbers, local: Places, chosen: Places
) -> tuple[Places, Places, Numbers]:
    """Return each node's best feature, the last bin of its first child, and the gain.

    The gain is the decrease of the Gini impurity, times the weight.
    """
    nodes, some = chosen.shape
    many = _BINS + 2
    mine = chosen[local]
    cell = bins[np.arange(len(bins))[:, None], mine]
    cell += (local[:, None] * some + np.arange(some)) * many
    shape = (nodes, some, many)
    flat = cell.ravel()
    mass = np.bincount(flat, np.repeat(weight, some), nodes * some * many)
    good = np.bincount(flat, np.repeat(weight * of_class, some), nodes * some * many)
    left, left_good = (
        sums.reshape(shape).cumsum(axis=2)[:, :, :-1] for sums in (mass, good)
    )
    whole = mass.reshape(shape).sum(axis=2, keepdims=True)
    whole_good = good.reshape(shape).sum(axis=2, keepdims=True)
    right, right_good = whole - left, whole_good - left_good
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = left_good**2 / left + right_good**2 / right - whole_good**2 / whole
    allowed = (left >= _LEAST) & (right >= _LEAST)
    gain = np.where(allowed, gain, 0.0).reshape(nodes, -1)
    best = gain.argmax(axis=1)
    node = np.arange(nodes)
    return chosen[node, best // (many - 1)], best % (many - 1), gain[node, best]
