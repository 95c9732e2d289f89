// The middleware of the test stack, with Echo's own pieces as its documentation shows them.
package main

import (
	"log"
	"log/slog"
	"os"
	"sync/atomic"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
)

var replies [6]atomic.Int64 // by the status' first digit

func count(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) error {
		err := next(c)
		if response, unwrapErr := echo.UnwrapResponse(c.Response()); unwrapErr == nil {
			replies[response.Status/100].Add(1)
		}
		return err
	}
}

func addStack(e *echo.Echo, path string) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		log.Fatal("cannot open the log: ", err)
	}
	e.Logger = slog.New(slog.NewJSONHandler(file, nil))
	e.GET("/stack", hello,
		middleware.RequestID(),
		middleware.RequestLogger(),
		middleware.Secure(),
		middleware.CORS("https://app.example.org"),
		middleware.RateLimiter(middleware.NewRateLimiterMemoryStore(1_000_000_000)),
		count)
}
