// The Fiber peer: every route of the benchmark's contract in one program.
//
// One process with as many scheduler threads as it may use cores. Prefork is not used: see peer.toml.
package main

import (
	"cmp"
	"log"
	"net"
	"os"
	"runtime"
	"strconv"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/fiber/v3/middleware/static"
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

	app := fiber.New(fiber.Config{
		ServerHeader:    "Fiber",
		StructValidator: newOrderValidator(),
		Views:           newViews(),
	})
	app.Get("/", hello)
	app.Get("/plaintext", plaintext)
	app.Get("/users/:id<int>", showUser)
	app.Post("/orders", createOrder)
	app.Post("/upload", upload)
	app.Get("/auth", authenticate, greetUser)
	app.Get("/static/*", static.New(os.Getenv("BENCH_STATIC")))

	if path := os.Getenv("BENCH_LOG"); path != "" {
		addStack(app, path)
	}

	if url := os.Getenv("BENCH_DATABASE"); url != "" {
		data, err := openStore(url, workers)
		if err != nil {
			log.Fatal("cannot open the database: ", err)
		}
		pages := databasePages{data}
		app.Get("/db", pages.one)
		app.Get("/queries", pages.many)
		app.Get("/fortunes", pages.fortunes)
		app.Get("/updates", pages.updates)
	}

	address := net.JoinHostPort(os.Getenv("BENCH_LISTEN"), os.Getenv("BENCH_PORT"))
	log.Fatal(app.Listen(address, fiber.ListenConfig{
		DisableStartupMessage: true,
		CertFile:              os.Getenv("BENCH_CERT"), // "" for clear text
		CertKeyFile:           os.Getenv("BENCH_KEY"),
	}))
}

func hello(c fiber.Ctx) error {
	return c.JSON(message{"Hello, World!"})
}

func plaintext(c fiber.Ctx) error {
	return c.SendString("Hello, World!")
}

// showUser reads its parameters by hand: binding them to a struct goes through reflection and is slower.
func showUser(c fiber.Ctx) error {
	id, err := strconv.Atoi(c.Params("id"))
	if err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "id is not an integer")
	}
	page, err := strconv.Atoi(c.Query("page"))
	if err != nil {
		return fiber.NewError(fiber.StatusBadRequest, "page is not an integer")
	}
	return c.JSON(user{id, c.Query("q"), page})
}

func upload(c fiber.Ctx) error {
	return c.JSON(received{len(c.Body())})
}
