package main

import (
	"embed"
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"
)

//go:embed views
var viewFiles embed.FS

var views = template.Must(template.ParseFS(viewFiles, "views/*.html"))

type databasePages struct {
	store store
}

func (p databasePages) one(c *gin.Context) {
	w, err := p.store.World(c.Request.Context(), randomID())
	if err != nil {
		c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	c.JSON(http.StatusOK, w)
}

func (p databasePages) many(c *gin.Context) {
	worlds, err := p.store.Worlds(c.Request.Context(), randomIDs())
	if err != nil {
		c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	c.JSON(http.StatusOK, worlds)
}

func (p databasePages) fortunes(c *gin.Context) {
	fortunes, err := p.store.Fortunes(c.Request.Context())
	if err != nil {
		c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	c.HTML(http.StatusOK, "fortunes.html", addAndSort(fortunes))
}

func (p databasePages) updates(c *gin.Context) {
	ctx := c.Request.Context()
	worlds, err := p.store.Worlds(ctx, randomIDs())
	if err != nil {
		c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	renumber(worlds)
	if err := p.store.SaveWorlds(ctx, worlds); err != nil {
		c.AbortWithError(http.StatusInternalServerError, err)
		return
	}
	c.JSON(http.StatusOK, worlds)
}
