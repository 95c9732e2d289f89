// The Gin peer: every route of the benchmark's contract in one program.
package main

import (
	"cmp"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"

	"github.com/gin-gonic/gin"
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
	if err := addOrderRules(); err != nil {
		log.Fatal(err)
	}

	gin.SetMode(gin.ReleaseMode)
	router := gin.New()
	router.Use(gin.Recovery(), serverHeader)
	router.GET("/", hello)
	router.GET("/plaintext", plaintext)
	router.GET("/users/:id", showUser)
	router.POST("/orders", createOrder)
	router.POST("/upload", upload)
	router.Static("/static", os.Getenv("BENCH_STATIC"))

	if url := os.Getenv("BENCH_DATABASE"); url != "" {
		data, err := openStore(url, workers)
		if err != nil {
			log.Fatal("cannot open the database: ", err)
		}
		pages := databasePages{data}
		router.SetHTMLTemplate(views)
		router.GET("/db", pages.one)
		router.GET("/queries", pages.many)
		router.GET("/fortunes", pages.fortunes)
		router.GET("/updates", pages.updates)
	}

	log.Fatal(router.Run(net.JoinHostPort(os.Getenv("BENCH_LISTEN"), os.Getenv("BENCH_PORT"))))
}

func serverHeader(c *gin.Context) {
	c.Header("Server", "Gin")
}

func hello(c *gin.Context) {
	c.JSON(http.StatusOK, message{"Hello, World!"})
}

func plaintext(c *gin.Context) {
	c.String(http.StatusOK, "Hello, World!")
}

// showUser reads its parameters by hand: binding them to a struct goes through reflection and is slower.
func showUser(c *gin.Context) {
	id, err := strconv.Atoi(c.Param("id"))
	if err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": "id is not an integer"})
		return
	}
	page, err := strconv.Atoi(c.Query("page"))
	if err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": "page is not an integer"})
		return
	}
	c.JSON(http.StatusOK, user{id, c.Query("q"), page})
}

func upload(c *gin.Context) {
	body, err := c.GetRawData()
	if err != nil {
		c.JSON(http.StatusBadRequest, gin.H{"error": err.Error()})
		return
	}
	c.JSON(http.StatusOK, received{len(body)})
}
