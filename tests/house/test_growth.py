"""Work grows linearly: callgrind counts instructions, so the result does not depend on time.

If the cost of a thing depends on their number (such as a search through all others), eight times as many show it.
"""

import os
import shutil
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))

import growth  # noqa: E402

FEW, MANY = 200, 1600
MOST = 1.25  # a table that doubles, a tree with one more level


def start(kind, arguments=("--check",)):
    return lambda count: growth.of_start(kind, arguments, count)


def request(title):
    build = next(build for name, build, _ in growth.REQUESTS if name.startswith(title))
    return lambda count: growth.of_requests([build(1), build(count)])


# (sentence, measure)
TESTS = [
    ("a_start_takes_constant_time_for_each_route_of_one_handler", start("routes-of-one-handler")),
    ("a_start_takes_constant_time_for_each_route_with_its_models", start("application")),
    ("a_start_takes_constant_time_for_each_table", start("tables")),
    ("a_document_takes_constant_time_for_each_route_of_one_handler", start("routes-of-one-handler", ("openapi",))),
    ("a_document_takes_constant_time_for_each_tag", start("tags", ("openapi",))),
    ("a_document_takes_constant_time_for_each_model_of_one_name", start("models-of-one-name", ("openapi",))),
    ("a_body_takes_constant_time_for_each_member_of_an_object", request("members of free JSON")),
    ("a_body_takes_constant_time_for_each_unknown_member", request("unknown members")),
    ("a_body_takes_constant_time_for_each_different_item", request("items of a list, .unique_items")),
]


def main():
    lacks = [name for name in ("valgrind", growth.PROGRAM) if shutil.which(name) is None]
    failed = 0
    for number, (sentence, measure) in enumerate(TESTS, 1):
        if lacks:
            print(f"ok {number} - {sentence} # SKIP {lacks[0]} is missing")
            continue
        few, many = growth.figures((FEW, MANY), measure).values()
        if many > MOST * few:
            failed += 1
            print(f"# {few:.0f} instructions for each of {FEW}, {many:.0f} for each of {MANY}\nnot ", end="")
        print(f"ok {number} - {sentence}", flush=True)
    print(f"1..{len(TESTS)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
