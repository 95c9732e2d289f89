"""What an order must look like, and its totals. Strict: a number in quotes is no number, and "yes" is no boolean."""

from rest_framework import serializers


class Text(serializers.CharField):
    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Integer(serializers.IntegerField):
    def to_internal_value(self, data):
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class Boolean(serializers.BooleanField):
    def to_internal_value(self, data):
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class LineSerializer(serializers.Serializer):
    sku = serializers.RegexField(r"^[A-Z]{3}-[0-9]{4}\Z", trim_whitespace=False)
    quantity = Integer(min_value=1, max_value=100)
    price_cents = Integer(min_value=1, max_value=1_000_000)


class OrderSerializer(serializers.Serializer):
    customer = Text(max_length=80)
    email = serializers.EmailField()
    currency = serializers.ChoiceField(choices=["EUR", "USD", "GBP"])
    express = Boolean()
    lines = LineSerializer(many=True, min_length=1, max_length=50)
    note = Text(max_length=200, required=False, allow_blank=True)


def totals(order):
    lines = order["lines"]
    return {
        "customer": order["customer"],
        "lines": len(lines),
        "units": sum(line["quantity"] for line in lines),
        "total_cents": sum(line["quantity"] * line["price_cents"] for line in lines),
    }
