"""What the database views of both Django peers share."""

import random

from django.db import transaction

from .models import Fortune, World

ROWS = 10_000
BATCH = 20


def random_number():
    return random.randint(1, ROWS)


def random_ids():
    """Distinct, so that each costs its query and its update."""
    return random.sample(range(1, ROWS + 1), BATCH)


def as_json(world):
    return {"id": world.id, "random_number": world.random_number}


def with_added(fortunes):
    added = Fortune(id=0, message="Additional fortune added at request time.")
    return sorted([*fortunes, added], key=lambda fortune: fortune.message)


@transaction.atomic
def renumber():
    """Gives 20 rows a new number, and returns them."""
    # Locked in the order of their ids, so that two requests that share rows cannot wait for each other.
    worlds = [World.objects.select_for_update().get(pk=id) for id in sorted(random_ids())]
    for world in worlds:
        world.random_number = random_number()
    World.objects.bulk_update(worlds, ["random_number"])
    return worlds
