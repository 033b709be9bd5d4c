"""What something costs at each size, and whether that grows as a straight line does, or faster.

A curve is a list of pairs of a size and a cost, three or more, the smallest size first.
"""

import math

# The steepest that a curve may be: of instructions, and of time, which varies by a tenth.
STEEPEST, STEEPEST_OF_TIME = 1.15, 1.4
# What is known to be steeper, which docs/performance.md tells of, and how steep it may be.
KNOWN = dict.fromkeys(
    ["containers", "containers, a volume each", "containers, folders each", "containers, an override each"], 1.9
)
# By which part of what the smallest size costs a curve may rise in all and still be flat.
FLAT = 0.2


def exponent(curve):
    """How the cost grows towards the largest size: 1 is a straight line, 2 a parabola, 0 is flat. What the smallest size costs is
    taken off, since every size has that."""
    (size, cost), *_, (size_before, cost_before), (size_most, cost_most) = curve
    if cost_most - cost < FLAT * cost:
        return 0.0
    # Of a cost that rises in its last step alone, which may be a fall by chance in the step before, it is as if it had been flat until then.
    before = max(cost_before - cost, (cost_most - cost) / (size_most - size) * (size_before - size) / 4)
    return math.log((cost_most - cost) / before) / math.log((size_most - size) / (size_before - size))


def each(curve):
    """What one more costs, between the smallest size and the largest."""
    (size, cost), *_, (size_most, cost_most) = curve
    return (cost_most - cost) / (size_most - size)


def judged(curves, steepest):
    """A line for each curve; fails where one is steeper than `steepest`, or than it is known to be."""
    lines, steep = [], []
    for name, curve in curves.items():
        grows = exponent(curve)
        costs = "  ".join(f"{size:,}: {cost:,.4g}" if cost < 1e4 else f"{size:,}: {cost:,.0f}" for size, cost in curve)
        lines.append(f"{name:36}{grows:6.2f}   {costs}")
        if grows > KNOWN.get(name.split(":")[0], steepest):
            steep.append(name)
    if steep:
        raise SystemExit("\n".join([*lines, f"more than a straight line: {'; '.join(steep)}"]))
    return "\n".join(lines)
