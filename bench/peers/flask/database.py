"""The database tests: SQLAlchemy's ORM over psycopg or the sqlite3 module, a session for each request."""

import os
import random

from flask import Blueprint, render_template
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, sessionmaker

# Seconds to wait for SQLite's lock.
PATIENCE = 30

ROWS = 10_000
BATCH = 20


class Base(DeclarativeBase):
    pass


class World(Base):
    __tablename__ = "world"

    id: Mapped[int] = mapped_column(primary_key=True)
    random_number: Mapped[int]

    def as_json(self):
        return {"id": self.id, "random_number": self.random_number}


class Fortune(Base):
    __tablename__ = "fortune"

    id: Mapped[int] = mapped_column(primary_key=True)
    message: Mapped[str]


def connect(url: str) -> Engine:
    """The pool's default of five connections is one more than a worker has threads."""
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        # A write takes the lock when it begins: a reader that turns writer could only fail.
        return create_engine(
            f"sqlite:///{rest}", connect_args={"timeout": PATIENCE, "isolation_level": "IMMEDIATE"}
        )
    return create_engine(f"postgresql+psycopg:{rest}")


Session = sessionmaker(connect(os.environ["BENCH_DATABASE"]), expire_on_commit=False)
blueprint = Blueprint("database", __name__)


def random_ids() -> list[int]:
    """Distinct, as the session would answer the second of two equal ones from memory."""
    return random.sample(range(1, ROWS + 1), BATCH)


@blueprint.get("/db")
def db():
    with Session() as session:
        return session.get_one(World, random.randint(1, ROWS)).as_json()


@blueprint.get("/queries")
def queries():
    with Session() as session:
        return [session.get_one(World, id).as_json() for id in random_ids()]


@blueprint.get("/fortunes")
def fortunes():
    with Session() as session:
        fortunes = list(session.scalars(select(Fortune)))
    fortunes.append(Fortune(id=0, message="Additional fortune added at request time."))
    fortunes.sort(key=lambda fortune: fortune.message)
    return render_template("fortunes.html", fortunes=fortunes)


@blueprint.get("/updates")
def updates():
    with Session.begin() as session:
        # In the order of their ids, so that two requests lock the rows they share in the same order.
        worlds = [session.get_one(World, id) for id in sorted(random_ids())]
        for world in worlds:
            world.random_number = random.randint(1, ROWS)
    return [world.as_json() for world in worlds]
