package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

const (
	worldRows    = 10000
	rowsAtOnce   = 20
	addedFortune = "Additional fortune added at request time."
)

type world struct {
	ID           int `json:"id"`
	RandomNumber int `json:"random_number"`
}

type fortune struct {
	ID      int
	Message string
}

// store is what the pages need of a database engine.
type store interface {
	World(ctx context.Context, id int) (world, error)
	Worlds(ctx context.Context, ids []int) ([]world, error)
	SaveWorlds(ctx context.Context, worlds []world) error
	Fortunes(ctx context.Context) ([]fortune, error)
}

func openStore(url string, workers int) (store, error) {
	if path, found := strings.CutPrefix(url, "sqlite:"); found {
		return openSQLite(path, workers)
	}
	if strings.HasPrefix(url, "postgres://") {
		return openPostgres(url, workers)
	}
	return nil, fmt.Errorf("BENCH_DATABASE is neither postgres:// nor sqlite: but %q", url)
}

func randomID() int {
	return 1 + rand.IntN(worldRows)
}

func randomIDs() []int {
	ids := make([]int, rowsAtOnce)
	for i := range ids {
		ids[i] = randomID()
	}
	return ids
}

// renumber gives each row a new number and sorts them by id, so that writers lock rows in one order.
func renumber(worlds []world) {
	for i := range worlds {
		worlds[i].RandomNumber = randomID()
	}
	slices.SortFunc(worlds, func(a, b world) int { return a.ID - b.ID })
}

func addAndSort(fortunes []fortune) []fortune {
	fortunes = append(fortunes, fortune{0, addedFortune})
	slices.SortFunc(fortunes, func(a, b fortune) int { return strings.Compare(a.Message, b.Message) })
	return fortunes
}
