"""All tests in one page, and the short table of the project's README."""

import cases
import goals
import report

# The text instead of a missing figure; a measured peer has none where it failed at this load.
STATES = {"measured": "failed", "no": "", "not yet": "not yet", "skipped": "skipped", "not built": "not built",
          "failed": "failed", "breaks the contract": "breaks it"}


def title(place, found):
    mode, depth, connections = place
    return f"{found['modes'][mode]}, {connections:,} connections" + (f", {depth} in a packet" if depth > 1 else "")


def cell(figures, name):
    if name not in figures.peers:
        return ""
    value = figures.median(name, figures.busiest(), "requests_per_second")
    return f"{value:,.0f}" if value is not None else STATES.get(figures.peers[name]["state"], "")


def matrix(tests):
    """Requests per second of every peer in every test, at its highest load."""
    shown = {name: figures for name, figures in tests.items() if name != "core"}
    names = list(dict.fromkeys(name for figures in shown.values() for name in figures.peers))

    def best(name):
        for figures in shown.values():
            value = figures.median(name, figures.busiest(), "requests_per_second") if name in figures.peers else None
            if value is not None:
                return -value
        return 0

    lines = report.header(["peer", *[f"[{name}]({name}.md)" for name in shown]])
    for name in sorted(names, key=best):
        cells = [cell(figures, name) for figures in shown.values()]
        if any(cells):
            peer = next(figures.peers[name] for figures in shown.values() if name in figures.peers)
            lines.append(f"| {peer['title']} | " + " | ".join(cells) + " |")
    return lines


def pictures(tests):
    lines = []
    for name, figures in tests.items():
        if figures.found["runs"]:
            has_latency = figures.ranked(figures.busiest(), "p99_us")
            lines += [f"### {name}", "",
                      f"![Requests per second of each peer in the test {name}]({name}-throughput.svg)",
                      *([f"![Latency of each peer in the test {name}]({name}-latency.svg)"] if has_latency else []),
                      f"![Memory of each peer in the test {name}]({name}-memory.svg)", ""]
    return lines


def markdown(tests):
    lines = ["# Results", "",
             "Made by `./scripts/bench`; [bench/README.md](../../README.md) says how it is measured and what that cannot "
             "show. Each test's page has its machine, settings and all figures; its .json has every run.", ""]
    measured = {name: figures for name, figures in tests.items() if figures.found["runs"]}
    for name, figures in measured.items():
        lines.append(f"- [{name}]({name}.md): {figures.found['title']} ({figures.found['machine']['date']}, "
                     f"commit {figures.found['machine']['commit'] or 'unknown'})")
    if measured:
        first = next(iter(measured.values()))
        lines += ["", "## Requests per second", "",
                  f"{title(first.busiest(), first.found)}; medians. {report.machine_line(first.found)}", "",
                  *matrix(tests), ""]
    missing = [case.name for case in cases.CASES if case.name not in measured]
    if missing:
        lines += [f"Not measured yet: {', '.join(missing)}.", ""]
    lines += ["## Goals", "", *goals.table(tests), "", "## Pictures", "", *pictures(tests)]
    return "\n".join(lines).rstrip() + "\n"


def compact(tests):
    """The table of the project's README; "" before the test json was measured."""
    figures = tests.get("json")
    place = figures.busiest() if figures else None
    if place is None:
        return ""
    lines = report.header(["", "requests/s", "latency avg", "p99", "requests per CPU second", "memory", "start", "ships",
                           "validate: requests/s"])
    for name in figures.ranked(place):
        peer = figures.peers[name]
        bold = "**" if name == "tern" else ""
        starts = figures.everywhere(name, "start_ms")
        validate = cell(tests["validate"], name) if "validate" in tests else ""
        lines.append("| " + " | ".join([
            f"{bold}{peer['title']}{bold}", f"{figures.median(name, place, 'requests_per_second'):,.0f}",
            report.ms(figures.median(name, place, "avg_us")), report.ms(figures.median(name, place, "p99_us")),
            f"{1e6 / figures.median(name, place, 'cpu_us_per_request'):,.0f}",
            report.mib(figures.median(name, place, "pss_load_kib")), f"{report.summary(starts)['median']:,.0f} ms",
            report.size(peer.get("ships_bytes")), validate]) + " |")
    found = figures.found
    return "\n".join([
        f"JSON under load: {title(place, found)}; {found['machine']['processor']}, {found['machine']['date']}, "
        f"medians of {report.plural(found['settings']['rounds'], 'round')}. Rerun it with `./scripts/bench`; [every test, figure and "
        "picture](bench/results/http/README.md), and [how it is measured](bench/README.md).", "", *lines])
