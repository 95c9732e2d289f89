// The Echo peer: every route of the benchmark's contract in one program.
package main

import (
	"cmp"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"

	"github.com/labstack/echo/v5"
	"github.com/labstack/echo/v5/middleware"
)

type message struct {
	Message string `json:"message"`
}

type user struct {
	ID   int    `json:"id"`
	Q    string `json:"q"`
	Page int    `json:"page"`
}

type received struct {
	Bytes int `json:"bytes"`
}

func main() {
	workers, err := strconv.Atoi(cmp.Or(os.Getenv("BENCH_WORKERS"), "1"))
	if err != nil {
		log.Fatal("BENCH_WORKERS is not a number: ", err)
	}
	runtime.GOMAXPROCS(workers)

	e := echo.New()
	e.Validator = newOrderValidator()
	e.Use(middleware.Recover(), serverHeader)
	e.GET("/", hello)
	e.GET("/plaintext", plaintext)
	e.GET("/users/:id", showUser)
	e.POST("/orders", createOrder)
	e.POST("/upload", upload)
	e.StaticFS("/static", os.DirFS(os.Getenv("BENCH_STATIC")))

	if path := os.Getenv("BENCH_LOG"); path != "" {
		addStack(e, path)
	}

	if url := os.Getenv("BENCH_DATABASE"); url != "" {
		data, err := openStore(url, workers)
		if err != nil {
			log.Fatal("cannot open the database: ", err)
		}
		pages := databasePages{data}
		e.Renderer = &echo.TemplateRenderer{Template: views}
		e.GET("/db", pages.one)
		e.GET("/queries", pages.many)
		e.GET("/fortunes", pages.fortunes)
		e.GET("/updates", pages.updates)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	start := echo.StartConfig{
		Address:    net.JoinHostPort(os.Getenv("BENCH_LISTEN"), os.Getenv("BENCH_PORT")),
		HideBanner: true,
		HidePort:   true,
	}
	if err := start.Start(ctx, e); err != nil {
		log.Fatal(err)
	}
}

func serverHeader(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c *echo.Context) error {
		c.Response().Header().Set(echo.HeaderServer, "Echo")
		return next(c)
	}
}

func hello(c *echo.Context) error {
	return c.JSON(http.StatusOK, message{"Hello, World!"})
}

func plaintext(c *echo.Context) error {
	return c.String(http.StatusOK, "Hello, World!")
}

func showUser(c *echo.Context) error {
	id, err := echo.PathParam[int](c, "id")
	if err != nil {
		return err
	}
	page, err := echo.QueryParam[int](c, "page")
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, user{id, c.QueryParam("q"), page})
}

func upload(c *echo.Context) error {
	body, err := io.ReadAll(c.Request().Body)
	if err != nil {
		return echo.ErrBadRequest.Wrap(err)
	}
	return c.JSON(http.StatusOK, received{len(body)})
}
