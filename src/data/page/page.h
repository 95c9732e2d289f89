/** Between the files that select pages. */
#ifndef DATA_PAGE_H
#define DATA_PAGE_H

#include "data/select.h"

#include <tern/page.h>

/** As tern_select_page_of, of the rows with these words (NULL: of all): such pages go by their number. The route
 * says whether they are counted. (page.c) */
void *page_select(tern_ctx *c, const data_table *table, const char *words, tern_paging *paging,
                  const tern_selection *s);

enum { TOTAL_EXACT_MOST = 10000 }; /* up to there an estimate is a count */

/** Fills in paging->total of the rows that `s` selects, as `kind` wants it. (total.c) */
void total_find(tern_ctx *c, const data_table *table, const char *words, tern_total kind,
                const tern_selection *s, tern_paging *paging);

#endif
