// The net/http peer: every route of the benchmark's contract on Go's own server and router.
package main

import (
	"cmp"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"strconv"
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

	static := http.FileServer(http.Dir(os.Getenv("BENCH_STATIC")))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", hello)
	mux.HandleFunc("GET /plaintext", plaintext)
	mux.HandleFunc("GET /users/{id}", showUser)
	mux.HandleFunc("POST /orders", newOrders().create)
	mux.HandleFunc("POST /upload", upload)
	mux.Handle("GET /static/", http.StripPrefix("/static/", static))

	if url := os.Getenv("BENCH_DATABASE"); url != "" {
		data, err := openStore(url, workers)
		if err != nil {
			log.Fatal("cannot open the database: ", err)
		}
		pages := databasePages{data}
		mux.HandleFunc("GET /db", pages.one)
		mux.HandleFunc("GET /queries", pages.many)
		mux.HandleFunc("GET /fortunes", pages.fortunes)
		mux.HandleFunc("GET /updates", pages.updates)
	}

	server := http.Server{
		Addr:      net.JoinHostPort(os.Getenv("BENCH_LISTEN"), os.Getenv("BENCH_PORT")),
		Handler:   withServer(mux),
		Protocols: protocols(),
	}
	if certificate := os.Getenv("BENCH_CERT"); certificate != "" {
		log.Fatal(server.ListenAndServeTLS(certificate, os.Getenv("BENCH_KEY")))
	}
	log.Fatal(server.ListenAndServe())
}

// protocols has HTTP/2 where that is measured, with TLS or by prior knowledge.
func protocols() *http.Protocols {
	isH2 := os.Getenv("BENCH_PROTOCOL") == "h2"
	found := new(http.Protocols)
	found.SetHTTP1(true)
	found.SetHTTP2(isH2)
	found.SetUnencryptedHTTP2(isH2)
	return found
}

func withServer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "Go")
		next.ServeHTTP(w, r)
	})
}

func writeJSON(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(value); err != nil {
		log.Print("cannot reply: ", err)
	}
}

func hello(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, message{"Hello, World!"})
}

func plaintext(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(w, "Hello, World!")
}

func showUser(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	if err != nil {
		http.Error(w, "id is not an integer", http.StatusBadRequest)
		return
	}
	query := r.URL.Query()
	page, err := strconv.Atoi(query.Get("page"))
	if err != nil {
		http.Error(w, "page is not an integer", http.StatusBadRequest)
		return
	}
	writeJSON(w, user{id, query.Get("q"), page})
}

func upload(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, received{len(body)})
}
