"""What an order must look like. Strict: a number in quotes is no number, and "yes" is no boolean."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, EmailStr, Field


class Line(BaseModel):
    model_config = ConfigDict(strict=True)

    sku: Annotated[str, Field(pattern=r"^[A-Z]{3}-[0-9]{4}$")]
    quantity: Annotated[int, Field(ge=1, le=100)]
    price_cents: Annotated[int, Field(ge=1, le=1_000_000)]


class Order(BaseModel):
    model_config = ConfigDict(strict=True)

    customer: Annotated[str, Field(min_length=1, max_length=80)]
    email: EmailStr
    currency: Literal["EUR", "USD", "GBP"]
    express: bool
    lines: Annotated[list[Line], Field(min_length=1, max_length=50)]
    note: Annotated[str | None, Field(max_length=200)] = None


def totals(order: Order) -> dict[str, str | int]:
    return {
        "customer": order.customer,
        "lines": len(order.lines),
        "units": sum(line.quantity for line in order.lines),
        "total_cents": sum(line.quantity * line.price_cents for line in order.lines),
    }
