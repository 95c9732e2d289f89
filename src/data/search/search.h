/**
 * Full-text search: shared by the file that parses the user's text, the one that queries the database, and
 * the one that makes the search index.
 */
#ifndef DATA_SEARCH_H
#define DATA_SEARCH_H

#include "base/buf.h"
#include "data/engine.h"

/** The maximum number of words used from the user's text, if they fit into the query; the rest is ignored. */
enum { SEARCH_WORDS_MOST = 32 };
/** The SQLite engine does not bind a longer query. A word that does not fit into one matches nothing. */
enum { SEARCH_QUERY_MOST_BYTES = 500 };

/**
 * Appends the user's text as a query of the engine, for binding as a value. All words must match, quotes make
 * a phrase, a final `*` makes a prefix. Every word is quoted and consists of letters, digits and non-ASCII
 * bytes, so no text causes a syntax error.
 *
 * @return false when no row can match: the text has no word, or one that is too long. Memory that runs out
 * shows as query->failed. (words.c)
 */
bool search_add_query(buf *query, data_dialect dialect, const char *words);

#endif
