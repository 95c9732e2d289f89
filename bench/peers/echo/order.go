package main

import (
	"net/http"
	"regexp"

	"github.com/go-playground/validator/v10"
	"github.com/labstack/echo/v5"
)

type line struct {
	SKU        string `json:"sku" validate:"required,sku"`
	Quantity   int    `json:"quantity" validate:"min=1,max=100"`
	PriceCents int    `json:"price_cents" validate:"min=1,max=1000000"`
}

// order has a pointer where the zero value is a valid one, so that a missing field is told from false.
type order struct {
	Customer string `json:"customer" validate:"required,max=80"`
	Email    string `json:"email" validate:"required,email"`
	Currency string `json:"currency" validate:"required,oneof=EUR USD GBP"`
	Express  *bool  `json:"express" validate:"required"`
	Lines    []line `json:"lines" validate:"required,min=1,max=50,dive"`
	Note     string `json:"note" validate:"max=200"`
}

type summary struct {
	Customer   string `json:"customer"`
	Lines      int    `json:"lines"`
	Units      int    `json:"units"`
	TotalCents int    `json:"total_cents"`
}

// orderValidator is what Context.Validate calls.
type orderValidator struct {
	validate *validator.Validate
}

func newOrderValidator() *orderValidator {
	sku := regexp.MustCompile(`^[A-Z]{3}-[0-9]{4}$`)
	v := validator.New(validator.WithRequiredStructEnabled())
	err := v.RegisterValidation("sku", func(field validator.FieldLevel) bool {
		return sku.MatchString(field.Field().String())
	})
	if err != nil {
		panic(err)
	}
	return &orderValidator{v}
}

func (v *orderValidator) Validate(i any) error {
	return v.validate.Struct(i)
}

func createOrder(c *echo.Context) error {
	var o order
	if err := c.Bind(&o); err != nil {
		return echo.NewHTTPError(http.StatusUnprocessableEntity, err.Error())
	}
	if err := c.Validate(&o); err != nil {
		return echo.NewHTTPError(http.StatusUnprocessableEntity, err.Error())
	}
	reply := summary{Customer: o.Customer, Lines: len(o.Lines)}
	for _, l := range o.Lines {
		reply.Units += l.Quantity
		reply.TotalCents += l.Quantity * l.PriceCents
	}
	return c.JSON(http.StatusOK, reply)
}
