package main

import (
	"bytes"
	"embed"
	"html/template"
	"log"
	"net/http"
)

//go:embed views
var viewFiles embed.FS

var views = template.Must(template.ParseFS(viewFiles, "views/*.html"))

type databasePages struct {
	store store
}

func fail(w http.ResponseWriter, err error) {
	log.Print("cannot answer: ", err)
	http.Error(w, "internal error", http.StatusInternalServerError)
}

func (p databasePages) one(w http.ResponseWriter, r *http.Request) {
	row, err := p.store.World(r.Context(), randomID())
	if err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, row)
}

func (p databasePages) many(w http.ResponseWriter, r *http.Request) {
	worlds, err := p.store.Worlds(r.Context(), randomIDs())
	if err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, worlds)
}

// fortunes renders before it writes, so that an error of the template still becomes a status.
func (p databasePages) fortunes(w http.ResponseWriter, r *http.Request) {
	fortunes, err := p.store.Fortunes(r.Context())
	if err != nil {
		fail(w, err)
		return
	}
	var page bytes.Buffer
	if err := views.ExecuteTemplate(&page, "fortunes.html", addAndSort(fortunes)); err != nil {
		fail(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(page.Bytes())
}

func (p databasePages) updates(w http.ResponseWriter, r *http.Request) {
	worlds, err := p.store.Worlds(r.Context(), randomIDs())
	if err != nil {
		fail(w, err)
		return
	}
	renumber(worlds)
	if err := p.store.SaveWorlds(r.Context(), worlds); err != nil {
		fail(w, err)
		return
	}
	writeJSON(w, worlds)
}
