/**
 * Full text search, between the file that reads what a person typed, the one that asks the database, and the
 * one that makes what keeps the words.
 */
#ifndef DATA_SEARCH_H
#define DATA_SEARCH_H

#include "base/buf.h"
#include "data/engine.h"

/** Of what was typed so many words count, as far as they fit into the query; the rest is ignored. */
enum { SEARCH_WORDS_MOST = 32 };
/** The SQLite engine binds no longer query. A word that does not fit alone is found nowhere. */
enum { SEARCH_QUERY_MOST_BYTES = 500 };

/**
 * Appends what was typed as a query of the engine, a value to be bound: all words must be there, quotes make
 * a phrase, `*` at the end makes a prefix. Every word is quoted, and its bytes are letters, digits and what
 * is not ASCII; so no text is a syntax error.
 *
 * @return false when no row can match: there is no word in it, or one that is too long. Memory that runs out
 *         shows as query->failed. (words.c)
 */
bool search_add_query(buf *query, data_dialect dialect, const char *words);

#endif
