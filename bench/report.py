"""One test's results as Markdown."""

import cases
from machine import plural
from measure import summary

COMPARED = ("fiber", "floor")  # where the test does not say it


def spread(values, form, scale=1.0):
    """`median (least to most)`."""
    low, middle, high = (form.format(values[key] * scale) for key in ("least", "median", "most"))
    return f"{middle} ({low} to {high})" if low != high else middle


def ratio(value, base):
    return "" if base is None or value is None or base == 0 else f"{value / base:.2f}"


def ms(microseconds):
    return "-" if microseconds is None else f"{microseconds / 1000:,.2f} ms"


def mib(kib):
    return f"{kib / 1024:.1f} MiB"


def size(count):
    if count is None:
        return "-"
    return f"{count / 1024:,.0f} KiB" if count < 1024 * 1024 else f"{count / 1024 / 1024:,.1f} MiB"


def machine_line(found):
    about, how = found["machine"], found["settings"]
    kind = "virtual machine, " if about.get("is_virtual") else ""
    return (f"{about['processor']} ({kind}{about['cores']} cores, {about['memory_gib']} GiB), Linux {about['kernel']}, "
            f"{about['compiler']}, {about['wrk']}, commit {about['commit'] or 'unknown'}, {about['date']}. "
            f"{plural(how['rounds'], 'round')} of {how['duration_s']} s in turns; medians, with the lowest and highest "
            f"round in brackets. The cores were {how['busy_before']:.0%} busy before it began.")


def header(columns):
    return ["| " + " | ".join(columns) + " |", "|---|" + "---:|" * (len(columns) - 1)]


def load_table(figures, place):
    """The peers' results under maximum load."""
    mode, depth, connections = place
    title = f"{figures.found['modes'][mode]}: {connections:,} connections"
    if depth > 1:
        title += f", {depth} requests in each packet"
    case = cases.find(figures.test)
    bases = [name for name in (case.compared if case else COMPARED) if figures.all(name, place, "requests_per_second")]
    named = [figures.peers[name]["title"].split()[0] for name in bases]  # "Go net/http" is Go
    lines = [f"### {title[0].upper()}{title[1:]}", "",
             *header(["peer", "requests/s", *[f"of {name}" for name in named], "latency avg", "p50", "p99", "max",
                      "CPU a request", *[f"of {name}'s" for name in named], "memory under load"])]
    notes = []
    for name in figures.ranked(place):
        rate, cpu = (figures.spread(name, place, key) for key in ("requests_per_second", "cpu_us_per_request"))
        times = [ms(figures.median(name, place, key)) for key in ("avg_us", "p50_us", "p99_us", "max_us")]
        if depth > 1:  # wrk does not time the single requests of a packet
            times = ["-"] * 4
        slow = sum(figures.all(name, place, "load_was_slower"))
        lines.append("| " + " | ".join([
            figures.peers[name]["title"] + ("*" if slow else ""), spread(rate, "{:,.0f}"),
            *[ratio(rate["median"], figures.median(base, place, "requests_per_second")) for base in bases], *times,
            spread(cpu, "{:.1f}") + " µs",
            *[ratio(cpu["median"], figures.median(base, place, "cpu_us_per_request")) for base in bases],
            mib(figures.median(name, place, "pss_load_kib"))]) + " |")
        errors = sum(figures.all(name, place, "socket_errors")) + sum(figures.all(name, place, "timeouts"))
        if errors:
            notes.append(f"{figures.peers[name]['title']}: {errors} connections broken or timed out.")
        if slow:
            notes.append(f"* {figures.peers[name]['title']}: in {slow} of {len(figures.all(name, place, 'round'))} runs "
                         "the load generator's cores were full and the server's were not: it can do more.")
    return lines + ([""] + [f"{note}  " for note in notes] if notes else []) + [""]


def failures(figures):
    lines = [f"- {figures.peers[failure['peer']]['title']}, {failure['what']}: {failure['why']}"
             for failure in figures.found["failures"]]
    return ["### What failed", "", *lines, ""] if lines else []


def rate_table(figures, kind):
    """Latency at a constant rate, from the moment each request was due."""
    runs = {}
    for run in figures.found["rates"]:
        if run["kind"] == kind:
            runs.setdefault(run["peer"], []).append(run)
    if not runs:
        return []
    first = next(iter(runs.values()))[0]
    title = f"at {first['wanted']:,} requests/s" if kind == "common" else "at half of each peer's own most"
    lines = [f"### Latency {title}: {figures.found['modes'][first['mode']]}, {first['connections']} connections", "",
             *header(["peer", "requests/s wanted", "kept", "avg", "p50", "p99", "p99.9", "max", "unanswered"])]

    def median(name, key):
        return summary([run[key] for run in runs[name]])["median"]

    for name in sorted(runs, key=lambda name: median(name, "p99_us")):
        slow = any(run["load_was_slower"] for run in runs[name])
        lines.append("| " + " | ".join([
            figures.peers[name]["title"] + ("*" if slow else ""), f"{median(name, 'wanted'):,.0f}",
            f"{median(name, 'rate'):,.0f}",
            *[ms(median(name, key)) for key in ("avg_us", "p50_us", "p99_us", "p999_us", "max_us")],
            f"{sum(run['unanswered'] for run in runs[name])}"]) + " |")
    if kind == "common":
        left = [figures.peers[name]["title"] for name, peer in figures.peers.items()
                if peer["state"] == "measured" and name not in runs]
        if left:
            lines += ["", f"Not up to that rate: {', '.join(left)}."]
    return [*lines, ""]


def footprint_table(figures):
    has_idle = bool(figures.found["idle"])
    lines = ["### Footprint", "",
             *header(["peer", "version", "start to first answer", "idle memory",
                      *(["each idle connection"] if has_idle else []), "to be shipped"])]
    for name, peer in figures.peers.items():
        starts, idle = figures.everywhere(name, "start_ms"), {}
        for run in figures.found["runs"]:
            if run["peer"] == name:
                idle.setdefault(run["mode"], []).append(run["pss_idle_kib"])
        if not starts:
            continue
        shown = ", ".join(f"{mib(summary(values)['median'])} {mode}" for mode, values in idle.items())
        each = figures.found["idle"].get(name)
        lines.append("| " + " | ".join([
            peer["title"], peer.get("version") or "-", spread(summary(starts), "{:,.0f}") + " ms", shown,
            *([f"{each['bytes']:,.0f} bytes" if each else "-"] if has_idle else []),
            size(peer.get("ships_bytes"))]) + " |")
    return [*lines, ""]


def absent(figures):
    """The peers that are not in the tables, and why."""
    words = {"not yet": "Not yet", "skipped": "Skipped for want of a tool", "not built": "Not built",
             "failed": "Failed under load", "breaks the contract": "Break the contract"}
    lines = []
    for state, title in words.items():
        names = [f"{peer['title']}" + (f" ({peer['why']})" if peer.get("why") else "")
                 for peer in figures.peers.values() if peer["state"] == state]
        if names:
            lines.append(f"{title}: {', '.join(names)}.  ")
    return [*lines, ""] if lines else []


def markdown(figures):
    found = figures.found
    lines = [f"# {found['test']}: {found['title']}", "", f"`{found['request']}`. {machine_line(found)}", ""]
    if found.get("load"):
        lines[-2] += f" {found['load']}."
    if found.get("database"):
        lines[-2] += f" {found['database']}."
    lines += absent(figures)
    if not found["runs"]:
        return "\n".join([*lines, *failures(figures), "Nothing was measured.", ""])
    for place in figures.places():
        lines += load_table(figures, place)
    for kind in ("own", "common"):
        lines += rate_table(figures, kind)
    return "\n".join([*lines, *failures(figures), *footprint_table(figures)])
