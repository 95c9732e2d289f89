// The test auth. Fiber's JWT middleware calls the same parser with a function that returns the key.
package main

import (
	"strings"

	"github.com/gofiber/fiber/v3"
	"github.com/golang-jwt/jwt/v5"
)

var secret = []byte("the-benchmark-secret-of-40-characters-xx")

func keyOf(*jwt.Token) (any, error) {
	return secret, nil
}

func authenticate(c fiber.Ctx) error {
	text, found := strings.CutPrefix(c.Get("Authorization"), "Bearer ")
	if !found {
		return fiber.ErrUnauthorized
	}
	token, err := jwt.Parse(text, keyOf, jwt.WithValidMethods([]string{"HS256"}), jwt.WithExpirationRequired())
	if err != nil {
		return fiber.ErrUnauthorized
	}
	c.Locals("user", token)
	return c.Next()
}

func greetUser(c fiber.Ctx) error {
	subject, err := c.Locals("user").(*jwt.Token).Claims.GetSubject()
	if err != nil {
		return fiber.ErrUnauthorized
	}
	return c.JSON(message{"Hello, " + subject + "!"})
}
