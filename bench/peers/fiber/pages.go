package main

import (
	"embed"
	"net/http"

	"github.com/gofiber/fiber/v3"
	"github.com/gofiber/template/html/v2"
)

//go:embed views
var viewFiles embed.FS

func newViews() fiber.Views {
	return html.NewFileSystem(http.FS(viewFiles), ".html")
}

type databasePages struct {
	store store
}

func (p databasePages) one(c fiber.Ctx) error {
	w, err := p.store.World(c, randomID())
	if err != nil {
		return err
	}
	return c.JSON(w)
}

func (p databasePages) many(c fiber.Ctx) error {
	worlds, err := p.store.Worlds(c, randomIDs())
	if err != nil {
		return err
	}
	return c.JSON(worlds)
}

func (p databasePages) fortunes(c fiber.Ctx) error {
	fortunes, err := p.store.Fortunes(c)
	if err != nil {
		return err
	}
	return c.Render("views/fortunes", addAndSort(fortunes))
}

func (p databasePages) updates(c fiber.Ctx) error {
	worlds, err := p.store.Worlds(c, randomIDs())
	if err != nil {
		return err
	}
	renumber(worlds)
	if err := p.store.SaveWorlds(c, worlds); err != nil {
		return err
	}
	return c.JSON(worlds)
}
