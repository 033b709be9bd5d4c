"""What was measured, as a table, as a picture, and against what is kept."""

import difflib
import json
import os
import statistics

MARGIN = 1.05


def goals(file):
    return json.loads(file.read_text())


def missing(results, file):
    """What bench/run is to measure, and did not. bench/cluster measures the others."""
    return {name for name, goal in goals(file).items() if not goal.get("cluster")} - results["ratios"].keys()


def keep(results, file):
    """Writes them to `file`, beside what bench/run or bench/cluster, whichever this is not, has written there: all of it."""
    before = json.loads(file.read_text()) if file.exists() else {}
    kept = before | results | {"ratios": before.get("ratios", {}) | results["ratios"]}
    file.write_text(json.dumps(kept, indent=1) + "\n")
    return kept


def spread(taken):
    return {
        name: {"median": statistics.median(values), "min": min(values), "max": max(values)}
        for name, values in sorted(taken.items())
    }


def medians(figures):
    """By server and size, as `echo typical`."""
    return {
        name: {key: statistics.median(each[key] for each in of) for key in of[0]} for name, of in figures.items()
    }


def table(results, file):
    lines = [f"{'':40}{'median':>12}{'min':>12}{'max':>12}{'must':>14}{'goal':>10}"]
    for name, goal in goals(file).items():
        if name not in results["ratios"]:
            continue
        one = results["ratios"][name]
        sign, met = judged(one, goal)
        numbers = "".join(f"{one[key]:>12.4g}" if one[key] < 1e4 else f"{one[key]:>12.0f}" for key in ("median", "min", "max"))
        lines.append(f"{name:40}{numbers}{sign + ' ' + str(goal['must']):>14}{goal['goal']:>10}{'' if met else '  missed'}")
    for name, one in results.get("servers", {}).items():
        lines.append(f"{name:40}{one['rps']:>12.0f} requests/s{one['cpu_us']:>12.1f} µs of CPU each")
    for name, one in results.get("cluster", {}).items():
        way, clients = name.split()
        times = f"p50 {one['p50_us']:>6.0f} p99 {one['p99_us']:>6.0f} µs"
        cpu = f"CPU per pod: API server {one['api_server_us']:>5.0f}, webhook {one['webhook_us']:>4.0f} µs"
        lines.append(f"{way:14}{clients} at a time   {times}   {cpu}")
    return "\n".join(lines)


def judged(one, goal):
    """The sign before a bound, and whether it is met."""
    least = goal["at"] == "least"
    return "≥" if least else "≤", one["median"] >= goal["must"] if least else one["median"] <= goal["must"]


def number(value):
    return f"{value:.3g}" if value < 1e4 else f"{value:,.0f}"


def ratios(kept, goals_file, file):
    """Writes what is kept, beside the bounds that were set, as a table of the page `file`."""
    lines = ["| | median | least | most | bound | |", "|---|---|---|---|---|---|"]
    for name, goal in goals(goals_file).items():
        if name in kept["ratios"]:
            one = kept["ratios"][name]
            sign, met = judged(one, goal)
            numbers = " | ".join(number(one[key]) for key in ("median", "min", "max"))
            lines.append(f"| `{name}`: {goal['what']} | {numbers} | {sign} {number(goal['must'])} | {'' if met else 'missed'} |")
    fill(file, "ratios", lines)


def fill(file, name, lines):
    """Puts lines between the two marks of a page that are called so."""
    begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
    before, rest = file.read_text().split(begin)
    file.write_text(before + begin + "\n".join(lines) + "\n" + end + rest.split(end, 1)[1])


def page(cluster, file):
    """Writes what was measured in a cluster, by way and how many pods at a time, as a table of the page `file`."""
    lines = ["| way | at a time | p50, ms | p99, ms | CPU of the API server, ms | of the webhook | both, over none |"]
    lines.append("|---|---|---|---|---|---|---|")
    for name, one in cluster.items():
        way, clients = name.split()
        over = one["api_server_us"] + one["webhook_us"] - cluster[f"none {clients}"]["api_server_us"]
        own = f"{one['webhook_us'] / 1000:.2f}" if one["webhook_us"] else ""
        cells = [f"{one[key] / 1000:.2f}" for key in ("p50_us", "p99_us", "api_server_us")]
        lines.append(f"| {way} | {clients} | {' | '.join(cells)} | {own} | {f'{over / 1000:.2f}' if way != 'none' else ''} |")
    fill(file, "cluster", lines)


def difference(ours, theirs):
    """Between two texts, as diff shows it."""
    return "\n".join(difflib.unified_diff(ours.splitlines(), theirs.splitlines(), "ours", "theirs", lineterm="", n=3))


def compared(counted, file):
    """Fails where a count is more than 5 % above the one in `file`."""
    if os.environ.get("UPDATE") and counted:
        file.write_text("".join(f"{name} {number}\n" for name, number in counted.items()))
        return
    kept = dict(line.split() for line in file.read_text().splitlines()) if file.exists() else {}
    too_many = []
    for name, number in counted.items():
        before = int(kept.get(name, 0))
        change = f"{100 * number / before - 100:+.1f} %" if before else "SKIPPED: nothing is kept to compare it with"
        print(f"{name}: {number} instructions, {change}")
        if before and number > before * MARGIN:
            too_many.append(name)
    if too_many:
        raise SystemExit(
            f"more than 5 % above bench/instructions: {', '.join(too_many)}; "
            "UPDATE=1 bench/run --count keeps the new number, with a reason in the commit"
        )


def svg(servers):
    """CPU per request of each server and size, in bars."""
    colours = {"echo": "#8a8a8a", "product": "#2f6fb3", "conventional": "#c4622d"}
    rows, y = [], 24
    for size in ("small", "typical", "large"):
        of_size = {name: servers[f"{name} {size}"]["cpu_us"] for name in colours}
        rows.append(f'<text x="0" y="{y}" font-weight="bold">{size} pod</text>')
        for name, value in of_size.items():
            y += 20
            width = 380 * value / max(of_size.values())
            rows.append(f'<text x="100" y="{y}" text-anchor="end">{name}</text>')
            rows.append(f'<rect x="110" y="{y - 11}" width="{width:.1f}" height="13" fill="{colours[name]}"/>')
            rows.append(f'<text x="{118 + width:.1f}" y="{y}">{value:.0f} µs</text>')
        y += 34
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 {y - 14}" font-family="sans-serif" font-size="12">'
    title = "<title>CPU for each request: the limit, pod-hardener, and the conventional design</title>"
    return "\n".join([head, title, '<rect width="100%" height="100%" fill="white"/>', *rows, "</svg>", ""])
