"""The database tests: SQLAlchemy's asyncio ORM over asyncpg or aiosqlite, a session for each request."""

import os
import random
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, ConfigDict
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

# PostgreSQL connections of all workers together, well under the server's default limit of 100.
POSTGRES_CONNECTIONS = 64
# Each SQLite connection is a thread, and only one of them can write at a time.
SQLITE_CONNECTIONS = 4
# Seconds to wait for a connection, and for SQLite's lock.
PATIENCE = 30

ROWS = 10_000
BATCH = 20


class Base(DeclarativeBase):
    pass


class World(Base):
    __tablename__ = "world"

    id: Mapped[int] = mapped_column(primary_key=True)
    random_number: Mapped[int]


class Fortune(Base):
    __tablename__ = "fortune"

    id: Mapped[int] = mapped_column(primary_key=True)
    message: Mapped[str]


class WorldRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    random_number: int


def connect(url: str) -> AsyncEngine:
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite":
        return create_async_engine(
            f"sqlite+aiosqlite:///{rest}",
            pool_size=SQLITE_CONNECTIONS,
            max_overflow=0,
            pool_timeout=PATIENCE,
            # A write takes the lock when it begins: a reader that turns writer could only fail.
            connect_args={"timeout": PATIENCE, "isolation_level": "IMMEDIATE"},
        )
    return create_async_engine(
        f"postgresql+asyncpg:{rest}",
        pool_size=max(1, POSTGRES_CONNECTIONS // int(os.environ["BENCH_WORKERS"])),
        max_overflow=0,
        pool_timeout=PATIENCE,
    )


engine = connect(os.environ["BENCH_DATABASE"])
new_session = async_sessionmaker(engine, expire_on_commit=False)
templates = Jinja2Templates(directory="templates")
router = APIRouter()


async def session_of_request() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


Session = Annotated[AsyncSession, Depends(session_of_request)]


def random_ids() -> list[int]:
    """Distinct, as the session would answer the second of two equal ones from memory."""
    return random.sample(range(1, ROWS + 1), BATCH)


@router.get("/db", response_model=WorldRow)
async def db(session: Session) -> World:
    return await session.get_one(World, random.randint(1, ROWS))


@router.get("/queries", response_model=list[WorldRow])
async def queries(session: Session) -> list[World]:
    return [await session.get_one(World, id) for id in random_ids()]


@router.get("/fortunes", response_class=HTMLResponse)
async def fortunes(request: Request, session: Session):
    fortunes = list(await session.scalars(select(Fortune)))
    fortunes.append(Fortune(id=0, message="Additional fortune added at request time."))
    fortunes.sort(key=lambda fortune: fortune.message)
    return templates.TemplateResponse(request, "fortunes.html", {"fortunes": fortunes})


@router.get("/updates", response_model=list[WorldRow])
async def updates(session: Session) -> list[World]:
    async with session.begin():
        # In the order of their ids, so that two requests lock the rows they share in the same order.
        rows = [await session.get_one(World, id) for id in sorted(random_ids())]
        for row in rows:
            row.random_number = random.randint(1, ROWS)
    return rows
