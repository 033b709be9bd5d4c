"""What bench/scale measured: as tables, as curves, and as a picture of them."""

import json

import curve
import picture
import report

TITLE = "Cost by size: connections, handshakes, overrides, bindings, containers and bytes, with the limit's beside it"
UNITS = {
    "cpu_us": "CPU, µs",
    "echo_cpu_us": "the limit's",
    "p50_us": "p50, µs",
    "p99_us": "p99, µs",
    "last_ms": "the last, ms",
    "check_ms": "checked, ms",
    "ready_ms": "ready, ms",
    "rss_mb": "memory after, MB",
    "most_mb": "the most, MB",
}
# Of what each takes memory for as long as it is there.
HELD = ["connections", "handshakes at once", "bindings"]
# What is drawn: of what there is more of, what it costs, and beside it the limit's.
DRAWN = [
    ("connections", "cpu_us", "echo_cpu_us"),
    ("connections", "most_mb", None),
    ("handshakes at once", "last_ms", "echo_last_ms"),
    ("overrides", "cpu_us", None),
    ("bindings", "ready_ms", None),
    ("bindings", "rss_mb", None),
    ("containers", "cpu_us", "echo_cpu_us"),
    ("containers, a volume each", "cpu_us", "echo_cpu_us"),
    ("containers, folders each", "cpu_us", "echo_cpu_us"),
    ("bytes, skipped", "cpu_us", "echo_cpu_us"),
    ("bytes, read", "cpu_us", "echo_cpu_us"),
    ("bytes, cut out", "cpu_us", "echo_cpu_us"),
]


def points(measured, name, key):
    return [(size, found[key]) for size, found in measured[name].items()]


def curves(measured):
    """What must not grow faster than a straight line: the CPU of a request, the time until all is answered, checked or ready, and the memory
    of what each takes some of."""
    judged = {}
    for name, by_size in measured.items():
        keys = ["cpu_us", "last_ms", "check_ms", "ready_ms"] + (["most_mb"] if name in HELD else [])
        for key in keys:
            if all(key in found for found in by_size.values()):
                judged[f"{name}: {UNITS[key]}"] = points(measured, name, key)
    return judged


def rows(measured):
    """A table of all of it."""
    lines = [f"| | | {' | '.join(UNITS.values())} |", "|---" * (2 + len(UNITS)) + "|"]
    for name, by_size in measured.items():
        for index, (size, found) in enumerate(by_size.items()):
            cells = [number(found[key]) if key in found else "" for key in UNITS]
            lines.append(f"| {'' if index else name} | {size:,} | {' | '.join(cells)} |")
    return lines


def number(value):
    return f"{value:.3g}" if value < 1e3 else f"{value:,.0f}"


def counted_rows(counted):
    """A table of instructions, and of how they grow."""
    lines = ["| | instructions by size | of one more | exponent |", "|---|---|---|---|"]
    for name, of in counted.items():
        sizes = "; ".join(f"{size:,}: {cost:,}" for size, cost in of)
        lines.append(f"| {name} | {sizes} | {number(curve.each(of))} | {curve.exponent(of):.2f} |")
    return lines


def keep(measured, counted, root):
    """Writes bench/scale.json, docs/scale.svg and the tables of docs/performance.md."""
    kept = {"measured": measured, "instructions": counted}
    (root / "bench/scale.json").write_text(json.dumps(kept, indent=1) + "\n")
    panels = [
        (f"{name}: {UNITS[key]}", points(measured, name, key), points(measured, name, beside) if beside else [])
        for name, key, beside in DRAWN
    ]
    (root / "docs/scale.svg").write_text(picture.panels(TITLE, panels))
    shown = f"![{TITLE}](scale.svg)"
    report.fill(root / "docs/performance.md", "scale", [shown, "", *rows(measured)])
    report.fill(root / "docs/performance.md", "scale instructions", counted_rows(counted))
