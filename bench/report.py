"""From measurements to a Markdown table and an SVG picture."""

from html import escape

from measure import summary

YARDSTICK = "floor"


def column(runs, key):
    return summary([run[key] for run in runs])


def spread(values, form, scale=1.0):
    """`median (least to most)`."""
    low, middle, high = (form.format(values[key] * scale) for key in ("least", "median", "most"))
    return f"{middle} ({low} to {high})" if low != high else middle


def mode_table(mode, servers):
    title = mode["title"]
    base = column(servers[YARDSTICK], "requests_per_second")["median"]
    lines = [f"### {title[0].upper()}{title[1:]}", "",
             "| server | requests/s | of the floor | latency avg | p50 | p99 | max | CPU per request | memory under load |",
             "|---|---:|---:|---:|---:|---:|---:|---:|---:|"]
    for name, runs in servers.items():
        rate = column(runs, "requests_per_second")
        times = [f"{column(runs, key)['median'] / 1000:.2f} ms" for key in ("avg_us", "p50_us", "p99_us", "max_us")]
        if mode["depth"] > 1:  # wrk does not time the single requests of a packet
            times = ["-"] * 4
        lines.append(f"| {name} | {spread(rate, '{:,.0f}')} | {rate['median'] / base:.0%} | {' | '.join(times)} | "
                     f"{spread(column(runs, 'cpu_us_per_request'), '{:.2f}')} µs | "
                     f"{column(runs, 'pss_load_kib')['median'] / 1024:.1f} MiB |")
    errors = {name: sum(run["socket_errors"] + run["timeouts"] for run in runs) for name, runs in servers.items()}
    if any(errors.values()):
        lines += ["", "Socket errors and time-outs that wrk saw: " +
                  ", ".join(f"{name} {count}" for name, count in errors.items()) + "."]
    return lines


def footprint_table(result):
    lines = ["### Footprint", "",
             "| server | start to first answer | idle memory | each idle connection | stripped binary |",
             "|---|---:|---:|---:|---:|"]
    for name, runs in result["runs"]["one"].items():
        lines.append(f"| {name} | {spread(column(runs, 'start_ms'), '{:.1f}')} ms | "
                     f"{column(runs, 'pss_idle_kib')['median'] / 1024:.1f} MiB | "
                     f"{result['idle_bytes'][name]:,.0f} bytes | {result['stripped_bytes'][name] / 1024:,.0f} KiB |")
    return lines


def markdown(result):
    about, how = result["machine"], result["settings"]
    lines = [f"{about['processor']}, {about['cores']} cores, Linux {about['kernel']}, {about['compiler']}, "
             f"{about['wrk']}, commit {about['commit'] or 'unknown'}, {about['date']}. {how['connections']} connections, "
             f"{how['rounds']} rounds of {how['duration_s']} s in turns, replies of {how['reply_bytes']} bytes; "
             "medians, with the lowest and highest round in brackets.", ""]
    for mode, servers in result["runs"].items():
        lines += [*mode_table(result["modes"][mode], servers), ""]
    return "\n".join([*lines, *footprint_table(result), ""])


STYLE = """
    text { font: 13px system-ui, sans-serif; fill: #24292f }
    .title { font-weight: 600 }
    .note { fill: #57606a; font-size: 12px }
    .floor { fill: #8c959f }
    .tern { fill: #0969da }
    .spread { stroke: #24292f; stroke-width: 1.5 }
    @media (prefers-color-scheme: dark) {
        text { fill: #e6edf3 }
        .note { fill: #9198a1 }
        .floor { fill: #6e7681 }
        .tern { fill: #4493f8 }
        .spread { stroke: #e6edf3 }
    }
"""
WIDTH, LEFT, BAR_ROOM, BAR, STEP = 760, 70, 520, 18, 24


def bars(title, servers, key, form, top):
    """One group of horizontal bars; returns the elements and where the next group begins."""
    values = {name: column(runs, key) for name, runs in servers.items()}
    longest = max(value["most"] for value in values.values()) or 1
    parts = [f'<text class="title" x="16" y="{top}">{escape(title)}</text>']
    y = top + 12
    for name, value in values.items():
        ends = {point: LEFT + BAR_ROOM * value[point] / longest for point in value}
        middle = y + BAR / 2
        parts += [
            f'<text x="{LEFT - 8}" y="{middle + 4.5:.1f}" text-anchor="end">{escape(name)}</text>',
            f'<rect class="{name}" x="{LEFT}" y="{y}" width="{ends["median"] - LEFT:.1f}" height="{BAR}" rx="2"/>',
            f'<line class="spread" x1="{ends["least"]:.1f}" x2="{ends["most"]:.1f}" y1="{middle}" y2="{middle}"/>',
            f'<text x="{ends["most"] + 8:.1f}" y="{middle + 4.5:.1f}">{form.format(value["median"])}</text>',
        ]
        y += STEP
    return parts, y + 26


def picture(result):
    parts, top = [], 58
    for mode, servers in result["runs"].items():
        title = "Requests per second: " + result["modes"][mode]["title"]
        group, top = bars(title, servers, "requests_per_second", "{:,.0f}", top)
        parts += group
    group, top = bars("CPU time per request, one worker (shorter is better)", result["runs"]["one"], "cpu_us_per_request",
                      "{:.2f} µs", top)
    parts += group
    about = result["machine"]
    note = f"{about['processor']}, {result['settings']['connections']} connections; bar: median, line: lowest to highest round"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" role="img" '
        'aria-label="Requests per second and CPU time of Tern and the floor">',
        f"<style>{STYLE}</style>",
        f'<text class="note" x="16" y="26">{escape(note)}</text>', *parts, "</svg>", ""])
