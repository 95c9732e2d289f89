package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"

	_ "github.com/mattn/go-sqlite3"
)

// sqlite reads on as many connections as there are workers and writes on one, since SQLite has one writer.
type sqlite struct {
	writer         *sql.DB
	selectWorld    *sql.Stmt
	selectFortunes *sql.Stmt
	updateWorld    *sql.Stmt
}

func openSQLite(path string, workers int) (store, error) {
	source := (&url.URL{Scheme: "file", Path: path}).String() +
		"?_journal_mode=WAL&_synchronous=FULL&_busy_timeout=5000&_txlock=immediate"
	writer, err := openPool(source, 1)
	if err != nil {
		return nil, err
	}
	reader, err := openPool(source, workers)
	if err != nil {
		return nil, err
	}
	s := sqlite{writer: writer}
	var failed [3]error
	s.selectWorld, failed[0] = reader.Prepare("SELECT id, random_number FROM world WHERE id = ?")
	s.selectFortunes, failed[1] = reader.Prepare("SELECT id, message FROM fortune")
	s.updateWorld, failed[2] = writer.Prepare("UPDATE world SET random_number = ? WHERE id = ?")
	return s, errors.Join(failed[:]...)
}

func openPool(source string, size int) (*sql.DB, error) {
	db, err := sql.Open("sqlite3", source)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(size)
	return db, db.Ping()
}

func (s sqlite) World(ctx context.Context, id int) (world, error) {
	var w world
	err := s.selectWorld.QueryRowContext(ctx, id).Scan(&w.ID, &w.RandomNumber)
	return w, err
}

func (s sqlite) Worlds(ctx context.Context, ids []int) ([]world, error) {
	worlds := make([]world, len(ids))
	for i, id := range ids {
		w, err := s.World(ctx, id)
		if err != nil {
			return nil, err
		}
		worlds[i] = w
	}
	return worlds, nil
}

func (s sqlite) SaveWorlds(ctx context.Context, worlds []world) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()

	update := tx.StmtContext(ctx, s.updateWorld)
	for _, w := range worlds {
		if _, err := update.ExecContext(ctx, w.RandomNumber, w.ID); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (s sqlite) Fortunes(ctx context.Context) ([]fortune, error) {
	rows, err := s.selectFortunes.QueryContext(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close()

	var fortunes []fortune
	for rows.Next() {
		var f fortune
		if err := rows.Scan(&f.ID, &f.Message); err != nil {
			return nil, err
		}
		fortunes = append(fortunes, f)
	}
	return fortunes, rows.Err()
}
