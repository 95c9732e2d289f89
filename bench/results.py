"""Results: one JSON file for each test, and the tables and pictures made from them."""

import glob
import json
import os
import re

import cases
import overview
import pictures
import report
from console import say
from machine import ROOT, generator_version
from measure import summary

README = os.path.join(ROOT, "README.md")
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def about(args, machine, busy_before, field):
    """What all tests of one run of the harness have in common."""
    return {
        "machine": machine,
        "settings": {"duration_s": args.duration, "rounds": args.rounds, "connections": args.connections,
                     "busy_before": round(busy_before, 3)},
        "modes": {name: how["title"] for name, how in field.modes.items()},
    }


def state_of(peer, case, run, states, broken):
    if not peer.serves(case):
        return "not yet" if peer.will_serve(case) else "no"
    if (peer.name, case.name) in broken:
        return "breaks the contract"
    return states.get(peer.name, "measured" if any(one["peer"] == peer.name for one in run.runs) else "failed")


def gather(common, run, states, broken):
    case = run.case
    peers = {}
    for peer in run.field.peers:
        state = state_of(peer, case, run, states, broken)
        peers[peer.name] = {"title": peer.title, "language": peer.language, "is_yardstick": peer.is_yardstick,
                            "state": state}
        if (peer.name, case.name) in broken:
            peers[peer.name]["why"] = broken[peer.name, case.name]
        if state == "measured":
            peers[peer.name].update(version=peer.release(), ships_bytes=peer.shipped_bytes())
    found = {"test": case.name, "title": case.title, "request": f"{case.method} {case.path}", **common,
             "load": generator_version(case), "peers": peers, "runs": [short(one) for one in run.runs],
             "rates": [short(one) for one in run.rates], "idle": run.idle,
             "failures": run.failures}
    if case.engine and run.runs:
        found["database"] = run.field.databases.get(case.engine).version()
    return found


def short(run):
    """Figures to four digits: the rest is noise."""
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in run.items()}


class Figures:
    """One test's results, asked by peer and place."""

    def __init__(self, found):
        self.found, self.test = found, found["test"]
        self.peers = found["peers"]

    def places(self):
        """(mode, depth, connections) in the order measured."""
        return sorted({(run["mode"], run["depth"], run["connections"]) for run in self.found["runs"]})

    def busiest(self, depth=1):
        """The place that stands for the test: shared cores where measured, the most connections."""
        places = [place for place in self.places() if place[1] == depth]
        return max(places, key=lambda place: (place[0] == "shared", place[2]), default=None)

    def place(self, mode, depth, connections):
        place = (mode, depth, connections)
        return place if place in self.places() else None

    def all(self, peer, place, key):
        return [run[key] for run in self.found["runs"]
                if run["peer"] == peer and (run["mode"], run["depth"], run["connections"]) == place and key in run]

    def median(self, peer, place, key):
        """None where it was not measured."""
        values = self.all(peer, place, key)
        return summary(values)["median"] if values else None

    def spread(self, peer, place, key):
        return summary(self.all(peer, place, key))

    def ranked(self, place, key="requests_per_second", rising=False):
        """The peers measured at a place, best first."""
        names = [name for name in self.peers if self.all(name, place, key)]
        return sorted(names, key=lambda name: self.median(name, place, key), reverse=not rising)

    def everywhere(self, peer, key):
        return [run[key] for run in self.found["runs"] if run["peer"] == peer and key in run]


def load(folder):
    """test -> Figures, in the order of cases.CASES."""
    found = {}
    for case in cases.CASES:
        path = os.path.join(folder, f"{case.name}.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                found[case.name] = Figures(json.load(file))
    return found


def put(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def write(folder, found):
    """A test's file, tables and pictures. What was measured before is not replaced by nothing."""
    os.makedirs(folder, exist_ok=True)
    test, figures = found["test"], Figures(found)
    if not found["runs"] and os.path.exists(os.path.join(folder, f"{test}.json")):
        return
    put(folder, f"{test}.json", one_run_a_line(found))
    put(folder, f"{test}.md", report.markdown(figures))
    for old in glob.glob(os.path.join(glob.escape(folder), f"{test}-*.svg")):
        if re.fullmatch(rf"{re.escape(test)}-(throughput|latency|memory)\.svg", os.path.basename(old)):
            os.remove(old)
    for name, text in pictures.of(figures).items():
        put(folder, f"{test}-{name}.svg", text)


def one_run_a_line(found):
    """JSON in which a change of one figure is a change of one line."""
    parts = []
    for key, value in found.items():
        if isinstance(value, list) and value:
            text = "[\n" + ",\n".join("  " + json.dumps(item) for item in value) + "\n ]"
        elif isinstance(value, dict) and value and all(isinstance(item, dict) for item in value.values()):
            text = "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(item)}" for name, item in value.items()) + "\n }"
        else:
            text = json.dumps(value)
        parts.append(f" {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write_overview(folder, is_published):
    """What all tests say together; of published results also the table of the project's README."""
    tests = load(folder)
    put(folder, "README.md", overview.markdown(tests))
    table = overview.compact(tests)
    if not is_published or not table:
        return
    with open(README, encoding="utf-8") as file:
        text = file.read()
    if BEGIN not in text or END not in text:
        return
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if (new := f"{before}{BEGIN}\n{table}\n{END}{after}") != text:
        put(ROOT, "README.md", new)
        say("README.md has the new table")
