"""The documents' statistics, and the measurements as Markdown."""

import json
import os
import statistics

from measure import summary

# Of the original files, as they are published.
ORIGINALS = {"tweets": ("twitter.json", 631515), "programme": ("citm_catalog.json", 1727204),
             "country": ("canada.json", 2251051)}


def statistics_of(path):
    counts = {"bytes": os.path.getsize(path), "objects": 0, "arrays": 0, "texts": 0, "numbers": 0, "nulls": 0, "bools": 0,
              "keys": 0, "depth": 0}

    def walk(value, depth):
        counts["depth"] = max(counts["depth"], depth)
        if isinstance(value, dict):
            counts["objects"] += 1
            counts["keys"] += len(value)
            for item in value.values():
                walk(item, depth + 1)
        elif isinstance(value, list):
            counts["arrays"] += 1
            for item in value:
                walk(item, depth + 1)
        else:
            kind = ("texts" if isinstance(value, str) else "nulls" if value is None else
                    "bools" if isinstance(value, bool) else "numbers")
            counts[kind] += 1

    with open(path, encoding="utf-8") as file:
        text = file.read()
    walk(json.loads(text), 0)
    counts["escapes"] = text.count("\\")
    return counts


def document_table(documents):
    kinds = ("bytes", "objects", "arrays", "keys", "texts", "numbers", "bools", "nulls", "escapes", "depth")
    lines = ["### The documents", "", f"| document | {' | '.join(kinds)} | twin of |", "|---" + "|---:" * len(kinds) + "|---|"]
    for name, counts in documents.items():
        twin = ORIGINALS.get(name)
        of = f"{twin[0]} ({twin[1]:,} bytes)" if twin else ""
        lines.append(f"| {name} | {' | '.join(f'{counts[kind]:,}' for kind in kinds)} | {of} |")
    return lines


def ratio(libraries, library):
    """The library's time as a multiple of Tern's: the median of the rounds' ratios."""
    pairs = zip(libraries[library]["ns"], libraries["tern"]["ns"])
    return summary([other / own for other, own in pairs])


def time_of(values):
    scale, unit = (1000, "µs") if values["median"] >= 10000 else (1, "ns")
    middle, low, high = (f"{values[key] / scale:,.0f}" for key in ("median", "least", "most"))
    return f"{middle} {unit} ({low} to {high})"


def library_table(operation, documents, goals):
    lines = [f"### {'Decoding and validating' if operation == 'decode' else 'Encoding'}", "",
             "| document | library | CPU for a document | MB/s | Tern is faster by | goal | reached |",
             "|---|---|---:|---:|---:|---:|---|"]
    for name, libraries in documents.items():
        for library, runs in libraries.items():
            values = summary(runs["ns"])
            cells = [name, library, time_of(values), f"{runs['bytes'] * 1000 / values['median']:,.0f}"]
            if library == "tern":
                cells += ["", "", ""]
            else:
                by = ratio(libraries, library)
                goal = goals[library]
                cells += [f"{by['median']:.2f} ({by['least']:.2f} to {by['most']:.2f})", f"{goal:g}",
                          "yes" if by["median"] >= goal else "no"]
            lines.append(f"| {' | '.join(cells)} |")
    return lines


def request_table(requests):
    lines = ["### Whole requests", "", "| request | server CPU a request | requests/s | bytes of the reply |", "|---|---:|---:|---:|"]
    for name, runs in requests.items():
        cost = summary([run["cpu_us_per_request"] for run in runs])
        rate = statistics.median(run["requests_per_second"] for run in runs)
        lines.append(f"| {name} | {cost['median']:.2f} µs ({cost['least']:.2f} to {cost['most']:.2f}) | {rate:,.0f} | "
                     f"{runs[0]['bytes']:,.0f} |")

    def pairs(over, under, key):
        return summary([a[key] / b[key] for a, b in zip(requests[over], requests[under])])

    cost = pairs("POST /todos", "GET /", "cpu_us_per_request")
    rate = pairs("100 to-dos by tern_json_list", "the same bytes by tern_bytes", "requests_per_second")
    return [*lines, "",
            f"- CPU of `POST /todos` over `GET /`: {cost['median']:.2f} ({cost['least']:.2f} to {cost['most']:.2f}); "
            f"goal at most 1.25: {'reached' if cost['median'] <= 1.25 else 'missed'}.",
            f"- Requests per second of 100 to-dos over the same bytes: {rate['median']:.2f} ({rate['least']:.2f} to "
            f"{rate['most']:.2f}); goal at least 0.8: {'reached' if rate['median'] >= 0.8 else 'missed'}."]


def markdown(result):
    about, how = result["machine"], result["settings"]
    versions = "; ".join(f"{name}: {version}" for name, version in result["versions"].items())
    lines = [f"{about['processor']}, {about['cores']} cores, Linux {about['kernel']}, {about['compiler']}, commit "
             f"{about['commit'] or 'unknown'}, {about['date']}. {how['rounds']} rounds in turns, {how['milliseconds']} ms of CPU "
             "each; medians, with the lowest and highest round in brackets.", "", f"{versions}.", ""]
    lines += [*document_table(result["documents"]), ""]
    for operation, documents in result["libraries"].items():
        lines += [*library_table(operation, documents, result["goals"]), ""]
    if result["requests"]:
        lines += request_table(result["requests"])
    return "\n".join([*lines, ""])
