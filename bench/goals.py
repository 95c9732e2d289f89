"""Tern's goals, and whether they are reached."""

from dataclasses import dataclass

import cases

DATABASE_CONNECTIONS = (64, 256)


@dataclass(frozen=True)
class Goal:
    test: str
    what: str
    peer: str
    key: str
    limit: float
    is_least: bool  # the ratio must be at least, otherwise at most, the limit
    is_inverted: bool = False  # the figure is per request, and the goal is requests per unit
    modes: tuple = ("apart", "shared")
    connections: tuple = (1000,)


def per_cpu(test, peer, limit, **more):
    return Goal(test, "requests per second of the server's CPU", peer, "cpu_us_per_request", limit, True, True, **more)


def of_tls(test, peers):
    """The same figure against several peers: peer -> the least ratio."""
    connections = cases.find(test).connections or (1000,)
    return [per_cpu(test, peer, limit, connections=connections) for peer, limit in peers.items()]


def of_database(test):
    """The same goal for each test on each engine."""
    limits = {"fiber": 1.5, "fastapi": 8, "django": 8, "floor": 0.85}
    return [per_cpu(test, peer, limit, connections=DATABASE_CONNECTIONS) for peer, limit in limits.items()]


GOALS = [
    per_cpu("json", "fiber", 1.8),
    per_cpu("json", "gin", 2.6),
    per_cpu("json", "fastapi", 12),
    per_cpu("json", "django", 30),
    Goal("json", "average latency", "fiber", "avg_us", 0.65, False, modes=("shared",)),
    Goal("json", "p99 latency", "fiber", "p99_us", 0.65, False, modes=("shared",)),
    Goal("json", "memory under load", "fiber", "pss_load_kib", 1 / 6, False),
    per_cpu("validate", "fastapi", 15),
    per_cpu("validate", "fiber", 2.5),
    per_cpu("stack", "fiber", 2),
    per_cpu("stack", "echo", 3),
    per_cpu("auth", "fiber", 3),
    per_cpu("auth", "fastapi", 20),
    *of_tls("tls-json", {"nginx": 1, "net-http": 1 / 0.6, "fiber": 1 / 0.6}),
    *of_tls("tls-full", {"openssl": 0.95, "nginx": 1}),
    *of_tls("tls-resumed", {"openssl": 0.95, "nginx": 1}),
    *of_tls("h2-clear", {"nghttpd": 1, "h2o": 1, "net-http": 2.5}),
    *of_tls("h2-tls", {"nghttpd": 1, "h2o": 1, "net-http": 2.5}),
    *(goal for case in cases.CASES if case.engine for goal in of_database(case.name)),
]


def reached(goal, tests):
    """(mode, connections) -> (Tern's figure by the peer's, whether that reaches the goal), if it was measured."""
    found = {}
    figures = tests.get(goal.test)
    for mode, connections in ((mode, count) for mode in goal.modes for count in goal.connections):
        place = figures.place(mode, 1, connections) if figures else None
        ours, theirs = (figures.median(name, place, goal.key) if place else None for name in ("tern", goal.peer))
        if not ours or not theirs:
            continue
        value = theirs / ours if goal.is_inverted else ours / theirs
        found[mode, connections] = (value, value >= goal.limit if goal.is_least else value <= goal.limit)
    return found


def verdict(found):
    if not found:
        return "not measured"
    missed = [place for place, (_, is_reached) in found.items() if not is_reached]
    if not missed:
        return "reached"
    if len(missed) == len(found):
        return "missed"
    return "missed " + ", ".join(f"{mode} at {connections:,}" for mode, connections in missed)


def table(tests):
    lines = ["| test | connections | Tern's | by | goal | apart | shared | |", "|---|---|---|---|---:|---:|---:|---|"]
    for goal in GOALS:
        found = reached(goal, tests)
        shown = [", ".join(f"{found[mode, count][0]:.2f}" if (mode, count) in found else "-"
                           for count in goal.connections) for mode in ("apart", "shared")]
        wanted = f"at {'least' if goal.is_least else 'most'} {goal.limit:.3g}"
        figures = tests.get(goal.test)
        title = figures.peers[goal.peer]["title"] if figures and goal.peer in figures.peers else goal.peer
        counts = ", ".join(f"{count:,}" for count in goal.connections)
        lines.append(f"| {goal.test} | {counts} | {goal.what} | {title} | {wanted} | {' | '.join(shown)} | "
                     f"{verdict(found)} |")
    return lines
