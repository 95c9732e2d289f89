package main

import (
	"errors"
	"net/http"
	"regexp"

	"github.com/gin-gonic/gin"
	"github.com/gin-gonic/gin/binding"
	"github.com/go-playground/validator/v10"
)

type line struct {
	SKU        string `json:"sku" binding:"required,sku"`
	Quantity   int    `json:"quantity" binding:"min=1,max=100"`
	PriceCents int    `json:"price_cents" binding:"min=1,max=1000000"`
}

// order has a pointer where the zero value is a valid one, so that a missing field is told from false.
type order struct {
	Customer string `json:"customer" binding:"required,max=80"`
	Email    string `json:"email" binding:"required,email"`
	Currency string `json:"currency" binding:"required,oneof=EUR USD GBP"`
	Express  *bool  `json:"express" binding:"required"`
	Lines    []line `json:"lines" binding:"required,min=1,max=50,dive"`
	Note     string `json:"note" binding:"max=200"`
}

type summary struct {
	Customer   string `json:"customer"`
	Lines      int    `json:"lines"`
	Units      int    `json:"units"`
	TotalCents int    `json:"total_cents"`
}

// addOrderRules teaches Gin's validator the one rule that it has no tag for.
func addOrderRules() error {
	v, ok := binding.Validator.Engine().(*validator.Validate)
	if !ok {
		return errors.New("Gin's validator is not the one that its tags are for")
	}
	sku := regexp.MustCompile(`^[A-Z]{3}-[0-9]{4}$`)
	return v.RegisterValidation("sku", func(field validator.FieldLevel) bool {
		return sku.MatchString(field.Field().String())
	})
}

func createOrder(c *gin.Context) {
	var o order
	if err := c.ShouldBindJSON(&o); err != nil {
		c.JSON(http.StatusUnprocessableEntity, gin.H{"error": err.Error()})
		return
	}
	reply := summary{Customer: o.Customer, Lines: len(o.Lines)}
	for _, l := range o.Lines {
		reply.Units += l.Quantity
		reply.TotalCents += l.Quantity * l.PriceCents
	}
	c.JSON(http.StatusOK, reply)
}
