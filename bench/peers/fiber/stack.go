// The middleware of the test stack, with Fiber's own pieces as its documentation shows them.
package main

import (
	"log"
	"os"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/cors"
	"github.com/gofiber/fiber/v3/middleware/helmet"
	"github.com/gofiber/fiber/v3/middleware/limiter"
	"github.com/gofiber/fiber/v3/middleware/logger"
	"github.com/gofiber/fiber/v3/middleware/requestid"
)

var replies [6]atomic.Int64 // by the status' first digit

func count(c fiber.Ctx) error {
	err := c.Next()
	replies[c.Response().StatusCode()/100].Add(1)
	return err
}

func addStack(app *fiber.App, path string) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		log.Fatal("cannot open the log: ", err)
	}
	app.Get("/stack",
		requestid.New(),
		logger.New(logger.Config{
			Stream: file,
			Format: "${time} ${method} ${path} ${status} ${bytesSent} ${latency} ${ip} ${requestid}\n",
		}),
		helmet.New(),
		cors.New(cors.Config{AllowOrigins: []string{"https://app.example.org"}}),
		limiter.New(limiter.Config{Max: 1_000_000_000, Expiration: time.Minute}),
		count, hello)
}
