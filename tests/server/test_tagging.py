"""Entity tags and related rows on both engines: a program of tests (tagging.c), and clients that write with the same
tag at once."""

import sys
import threading

import harness
from harness import check_equal, test
from json_caller import Caller, check_program, new_database, served


@test
def the_tests_of_tags_pass_on_sqlite():
    check_program("tagging")


@test
def the_tests_of_tags_pass_on_postgres():
    check_program("tagging", "--database-url", new_database("tagging_tests"))


def check_one_wins(server, path, value, field):
    """Several clients read the same tag and write with it; only one write succeeds."""
    caller = Caller(server)
    status, _, headers = caller.send("POST", path, value)
    check_equal(status, 201)
    address = headers["Location"]
    for turn in range(20):
        tag = caller.send("GET", address)[2]["ETag"]
        replies = []

        def write(number, turn=turn, tag=tag, replies=replies):
            replies.append(Caller(server).send("PATCH", address, {field: 100 * turn + number + 2}, If_Match=tag)[0])

        clients = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        check_equal(sorted(replies), [200, 412, 412, 412])


@test
def of_clients_that_write_with_the_same_tag_one_wins_on_sqlite():
    with served("tagging", None) as server:
        check_one_wins(server, "/labels", {"name": "x"}, "price")
        check_one_wins(server, "/strict", {"text": "x"}, "stars")


@test
def of_clients_that_write_with_the_same_tag_one_wins_on_postgres():
    with served("tagging", new_database("tagging_winner")) as server:
        check_one_wins(server, "/labels", {"name": "x"}, "price")
        check_one_wins(server, "/strict", {"text": "x"}, "stars")


if __name__ == "__main__":
    sys.exit(harness.main(programs=("tagging",)))
