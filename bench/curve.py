"""What something costs at each size, and whether that grows as a straight line does, or faster.

A curve is a list of pairs of a size and a cost, three or more, the smallest size first.
"""

import math

# The most that the exponent of instructions may be, which repeat.
STEEPEST = 1.15
# How much dearer each unit may be at the largest size than at the one before, in time and memory, which vary by a tenth and by what a
# cache holds. A parabola makes it twice as dear where the size is doubled.
DEAREST = 1.75
# By which part of what the smallest size costs a curve may rise in all and still be flat.
FLAT = 0.2


def exponent(curve):
    """How the cost grows towards the largest size: 1 is a straight line, 2 a parabola, 0 is flat. What the smallest size costs is
    taken off, since every size has that."""
    (size, cost), *_, (size_before, cost_before), (size_most, cost_most) = curve
    if cost_most - cost < FLAT * cost:
        return 0.0
    if cost_before <= cost:
        return math.inf
    return math.log((cost_most - cost) / (cost_before - cost)) / math.log((size_most - size) / (size_before - size))


def dearer(curve):
    """What a unit costs at the largest size, divided by what it costs at the one before."""
    *_, (size_before, cost_before), (size, cost) = curve
    return (cost / size) / (cost_before / size_before)


def each(curve):
    """What one more costs, between the smallest size and the largest."""
    (size, cost), *_, (size_most, cost_most) = curve
    return (cost_most - cost) / (size_most - size)


def judged(curves, by, most):
    """A line for each curve; fails where `by` finds more than `most`."""
    lines, steep = [], []
    for name, curve in curves.items():
        grows = by(curve)
        costs = "  ".join(f"{size:,}: {cost:.3g}" if cost < 1e3 else f"{size:,}: {cost:,.0f}" for size, cost in curve)
        lines.append(f"{name:36}{grows:6.2f}   {costs}")
        if grows > most:
            steep.append(name)
    if steep:
        raise SystemExit("\n".join([*lines, f"more than a straight line: {'; '.join(steep)}"]))
    return "\n".join(lines)
