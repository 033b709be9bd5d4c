"""Small curves beside each other, as SVG: cost by size, both from nothing, and the straight line that a curve must not leave upwards."""

OURS, LIMIT, LINE = "#2f6fb3", "#8a8a8a", "#c4622d"
# Of one panel: its width and height, the plot's within it, and the space before and above the plot.
WIDTH, HEIGHT, WIDE, HIGH, LEFT, TOP = 250, 180, 180, 110, 52, 34
ACROSS = 3


def panels(title, of):
    """A picture of panels, each a title, the points of the program, and those of the limit, which may be none."""
    down = -(-len(of) // ACROSS)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {ACROSS * WIDTH} {down * HEIGHT + 24}" font-family="sans-serif" font-size="11">'
    lines = [head, f"<title>{title}</title>", '<rect width="100%" height="100%" fill="white"/>', *legend(down * HEIGHT + 12)]
    for index, panel in enumerate(of):
        x, y = index % ACROSS * WIDTH, index // ACROSS * HEIGHT
        lines += [f'<g transform="translate({x},{y})">', *drawn(*panel), "</g>"]
    return "\n".join([*lines, "</svg>", ""])


def legend(y):
    signs = [(OURS, "pod-hardener"), (LIMIT, "echo, the limit"), (LINE, "a straight line through its first and its last point")]
    for index, (colour, what) in enumerate(signs):
        x = LEFT + 130 * index
        dash = ' stroke-dasharray="4 3"' if colour == LINE else ""
        yield f'<line x1="{x}" y1="{y - 4}" x2="{x + 18}" y2="{y - 4}" stroke="{colour}" stroke-width="2"{dash}/>'
        yield f'<text x="{x + 24}" y="{y}">{what}</text>'


def drawn(title, ours, limit):
    """One panel."""
    most_x = max(size for size, _ in ours)
    most_y = round_up(max(cost for _, cost in ours + limit))

    def at(size, cost):
        return f"{LEFT + WIDE * size / most_x:.1f},{TOP + HIGH * (1 - cost / most_y):.1f}"

    yield f'<text x="{LEFT}" y="{TOP - 12}" font-weight="bold">{title}</text>'
    yield f'<path d="M{LEFT},{TOP} V{TOP + HIGH} H{LEFT + WIDE}" fill="none" stroke="#444444"/>'
    for cost in (0, most_y / 2, most_y):
        y = TOP + HIGH * (1 - cost / most_y)
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{short(cost)}</text>'
    for size in (most_x / 2, most_x):
        yield f'<text x="{LEFT + WIDE * size / most_x:.1f}" y="{TOP + HIGH + 16}" text-anchor="middle">{short(size)}</text>'
    yield f'<path d="M{at(*ours[0])} L{at(*ours[-1])}" stroke="{LINE}" stroke-dasharray="4 3"/>'
    for points, colour in ((limit, LIMIT), (ours, OURS)):
        if points:
            yield f'<path d="M{" L".join(at(*point) for point in points)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for point in points:
            x, y = at(*point).split(",")
            yield f'<circle cx="{x}" cy="{y}" r="2.5" fill="{colour}"/>'


def round_up(value):
    """The next of 1, 2, 4, 6, 8 with noughts."""
    unit = 1
    while unit * 10 <= value:
        unit *= 10
    return next(step * unit for step in (1, 2, 4, 6, 8, 10) if step * unit >= value)


def short(value):
    for unit, letter in ((1e6, "M"), (1e3, "k")):
        if value >= unit:
            return f"{value / unit:.3g}{letter}"
    return f"{value:.3g}"
