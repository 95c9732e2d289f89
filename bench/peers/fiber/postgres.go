package main

import (
	"context"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	selectWorld    = "SELECT id, random_number FROM world WHERE id = $1"
	updateWorld    = "UPDATE world SET random_number = $1 WHERE id = $2"
	selectFortunes = "SELECT id, message FROM fortune"
)

// connectionsPerWorker keeps the server's backends busy while replies are written, without a crowd of idle ones.
const connectionsPerWorker = 8

// postgres needs no prepared statements of its own: pgx prepares each text once a connection and keeps it.
type postgres struct {
	pool *pgxpool.Pool
}

func openPostgres(url string, workers int) (store, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.MaxConns = int32(workers * connectionsPerWorker)
	ctx := context.Background()
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return postgres{pool}, pool.Ping(ctx)
}

func (p postgres) World(ctx context.Context, id int) (world, error) {
	var w world
	err := p.pool.QueryRow(ctx, selectWorld, id).Scan(&w.ID, &w.RandomNumber)
	return w, err
}

func (p postgres) Worlds(ctx context.Context, ids []int) ([]world, error) {
	conn, err := p.pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Release()

	worlds := make([]world, len(ids))
	for i, id := range ids {
		w := &worlds[i]
		if err := conn.QueryRow(ctx, selectWorld, id).Scan(&w.ID, &w.RandomNumber); err != nil {
			return nil, err
		}
	}
	return worlds, nil
}

func (p postgres) SaveWorlds(ctx context.Context, worlds []world) error {
	return pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		for _, w := range worlds {
			batch.Queue(updateWorld, w.RandomNumber, w.ID)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
}

func (p postgres) Fortunes(ctx context.Context) ([]fortune, error) {
	rows, err := p.pool.Query(ctx, selectFortunes)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[fortune])
}
