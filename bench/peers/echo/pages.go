package main

import (
	"embed"
	"html/template"
	"net/http"

	"github.com/labstack/echo/v5"
)

//go:embed views
var viewFiles embed.FS

var views = template.Must(template.ParseFS(viewFiles, "views/*.html"))

type databasePages struct {
	store store
}

func (p databasePages) one(c *echo.Context) error {
	w, err := p.store.World(c.Request().Context(), randomID())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, w)
}

func (p databasePages) many(c *echo.Context) error {
	worlds, err := p.store.Worlds(c.Request().Context(), randomIDs())
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, worlds)
}

func (p databasePages) fortunes(c *echo.Context) error {
	fortunes, err := p.store.Fortunes(c.Request().Context())
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, "fortunes.html", addAndSort(fortunes))
}

func (p databasePages) updates(c *echo.Context) error {
	ctx := c.Request().Context()
	worlds, err := p.store.Worlds(ctx, randomIDs())
	if err != nil {
		return err
	}
	renumber(worlds)
	if err := p.store.SaveWorlds(ctx, worlds); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, worlds)
}
