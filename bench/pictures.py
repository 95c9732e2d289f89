"""One test's results as SVG bars, readable on light and dark pages."""

from html import escape

import cases

STYLE = """
    text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
    .title { font-weight: 600; font-size: 15px }
    .note { fill: #59636e; font-size: 12px }
    .peer { fill: #8aa4c0 }
    .yardstick { fill: #b9bfc6 }
    .tern { fill: #0969da }
    .own { font-weight: 700 }
    .spread { stroke: #1f2328; stroke-width: 1.5 }
    @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3 }
        .note { fill: #9198a1 }
        .peer { fill: #55708d }
        .yardstick { fill: #59616b }
        .tern { fill: #4493f8 }
        .spread { stroke: #e6edf3 }
    }
"""
WIDTH, LEFT, ROOM, BAR, STEP, TOP = 820, 170, 430, 18, 25, 62


def place_title(figures, place):
    mode, depth, connections = place
    packed = f", {depth} in a packet" if depth > 1 else ""
    return f"{connections:,} connections, {figures.found['modes'][mode]}{packed}"


def bars(rows):
    """Elements of horizontal bars. A row: (css class, label, values: median/least/most, text)."""
    longest = max(values["most"] for _, _, values, _ in rows) or 1
    parts, y = [], TOP
    for kind, label, values, text in rows:
        ends = {key: LEFT + ROOM * value / longest for key, value in values.items()}
        middle = y + BAR / 2
        own = ' class="own"' if kind == "tern" else ""
        parts += [
            f'<text{own} x="{LEFT - 10}" y="{middle + 4.5:.1f}" text-anchor="end">{escape(label)}</text>',
            f'<rect class="{kind}" x="{LEFT}" y="{y}" width="{max(1, ends["median"] - LEFT):.1f}" height="{BAR}" '
            'rx="2"/>',
        ]
        if ends["most"] - ends["least"] >= 1:
            parts.append(f'<line class="spread" x1="{ends["least"]:.1f}" x2="{ends["most"]:.1f}" y1="{middle}" '
                         f'y2="{middle}"/>')
        parts.append(f'<text{own} x="{ends["most"] + 8:.1f}" y="{middle + 4.5:.1f}">{escape(text)}</text>')
        y += STEP
    return parts, y


def picture(title, note, rows):
    parts, bottom = bars(rows)
    height = bottom + 12
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<text class="title" x="16" y="24">{escape(title)}</text>',
        f'<text class="note" x="16" y="44">{escape(note)}</text>', *parts, "</svg>", ""])


def kind_of(figures, name):
    if name == "tern":
        return "tern"
    return "yardstick" if figures.peers[name]["is_yardstick"] else "peer"


def rows_of(figures, place, key, rising, text):
    """A row for each peer, best first."""
    return [(kind_of(figures, name), figures.peers[name]["title"], figures.spread(name, place, key),
             text(name, figures.median(name, place, key))) for name in figures.ranked(place, key, rising)]


def of(figures):
    """name -> SVG: throughput, latency and memory at the test's highest load."""
    place = figures.busiest()
    if place is None:
        return {}
    test, where = figures.test, place_title(figures, place)
    case = cases.find(test)
    counted = "handshakes" if case and case.load == "handshakes" else "requests"

    def latency_text(name, value):
        return f"{value / 1000:,.1f} ms  (average {figures.median(name, place, 'avg_us') / 1000:,.1f})"

    found = {
        "throughput": picture(
            f"{test}: {counted} per second", f"{where}; longer is better; line: lowest to highest round",
            rows_of(figures, place, "requests_per_second", False, lambda _, value: f"{value:,.0f}")),
        "memory": picture(
            f"{test}: memory of all processes under load", f"{where}; proportional set size; shorter is better",
            rows_of(figures, place, "pss_load_kib", True, lambda _, value: f"{value / 1024:,.1f} MiB")),
    }
    if figures.ranked(place, "p99_us"):  # h2load does not tell it
        found["latency"] = picture(
            f"{test}: latency of the slowest hundredth (p99)", f"{where}; shorter is better",
            rows_of(figures, place, "p99_us", True, latency_text))
    return found
