"""The benchmark's routes in FastAPI. Replies are declared as return types, so pydantic serialises them in Rust."""

import os

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from orders import Order, OrderTotal


class Greeting(BaseModel):
    message: str


class UserPage(BaseModel):
    id: int
    q: str
    page: int


class Upload(BaseModel):
    bytes: int


app = FastAPI()
app.mount("/static", StaticFiles(directory=os.environ["BENCH_STATIC"]))

if "BENCH_DATABASE" in os.environ:
    from database import router

    app.include_router(router)


@app.get("/")
async def hello() -> Greeting:
    return Greeting(message="Hello, World!")


@app.get("/plaintext", response_class=PlainTextResponse)
async def plaintext() -> str:
    return "Hello, World!"


@app.get("/users/{id}")
async def user(id: int, q: str, page: int) -> UserPage:
    return UserPage(id=id, q=q, page=page)


SECRET = "the-benchmark-secret-of-40-characters-xx"


async def current_user(given: HTTPAuthorizationCredentials = Depends(HTTPBearer())) -> str:
    try:
        return jwt.decode(given.credentials, SECRET, algorithms=["HS256"], options={"require": ["exp", "sub"]})["sub"]
    except jwt.InvalidTokenError as reason:
        raise HTTPException(401, "the token is wrong") from reason


@app.get("/auth")
async def auth(user: str = Depends(current_user)) -> Greeting:
    return Greeting(message=f"Hello, {user}!")


@app.post("/orders")
async def order(order: Order) -> OrderTotal:
    return OrderTotal(
        customer=order.customer,
        lines=len(order.lines),
        units=sum(line.quantity for line in order.lines),
        total_cents=sum(line.quantity * line.price_cents for line in order.lines),
    )


@app.post("/upload")
async def upload(request: Request) -> Upload:
    return Upload(bytes=len(await request.body()))
