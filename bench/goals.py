"""What Tern sets out to reach, and whether it did."""

from dataclasses import dataclass

CONNECTIONS = 1000


@dataclass(frozen=True)
class Goal:
    test: str
    what: str
    peer: str
    key: str
    limit: float
    is_least: bool  # the ratio must be at least, else at most, the limit
    is_inverted: bool = False  # the figure is per request, and the goal speaks of requests per it
    modes: tuple = ("apart", "shared")


def per_cpu(test, peer, limit):
    return Goal(test, "requests per second of the server's CPU", peer, "cpu_us_per_request", limit, True, True)


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
]


def reached(goal, tests):
    """mode -> (Tern's figure by the peer's, whether that reaches the goal), for the modes that were measured."""
    found = {}
    figures = tests.get(goal.test)
    for mode in goal.modes if figures else ():
        place = figures.place(mode, 1, CONNECTIONS)
        ours, theirs = (figures.median(name, place, goal.key) if place else None for name in ("tern", goal.peer))
        if not ours or not theirs:
            continue
        value = theirs / ours if goal.is_inverted else ours / theirs
        found[mode] = (value, value >= goal.limit if goal.is_least else value <= goal.limit)
    return found


def verdict(found):
    if not found:
        return "not measured"
    missed = [mode for mode, (_, is_reached) in found.items() if not is_reached]
    if not missed:
        return "reached"
    return "missed" if len(missed) == len(found) else f"missed {missed[0]}"


def table(tests):
    lines = [f"| test, at {CONNECTIONS:,} connections | Tern's | by | goal | apart | shared | |",
             "|---|---|---|---:|---:|---:|---|"]
    for goal in GOALS:
        found = reached(goal, tests)
        shown = [f"{found[mode][0]:.2f}" if mode in found else "-" for mode in ("apart", "shared")]
        wanted = f"at {'least' if goal.is_least else 'most'} {goal.limit:.3g}"
        figures = tests.get(goal.test)
        title = figures.peers[goal.peer]["title"] if figures and goal.peer in figures.peers else goal.peer
        lines.append(f"| {goal.test} | {goal.what} | {title} | {wanted} | {' | '.join(shown)} | {verdict(found)} |")
    return lines
