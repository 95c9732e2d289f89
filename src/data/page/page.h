/** Shared by the files that select pages. */
#ifndef DATA_PAGE_H
#define DATA_PAGE_H

#include "data/select.h"

#include <tern/page.h>

/** Like tern_select_page_of, for the rows with these words (NULL: all rows): pages of a word search go by
 * number. The route says whether rows are counted. (page.c) */
void *page_select(tern_ctx *c, const data_table *table, const char *words, tern_paging *paging,
                  const tern_selection *s);

enum { TOTAL_EXACT_MOST = 10000 }; /* below this, rows are counted instead of estimated */

/** Sets paging->total for the rows that `s` selects, as `kind` requires. (total.c) */
void total_find(tern_ctx *c, const data_table *table, const char *words, tern_total kind,
                const tern_selection *s, tern_paging *paging);

#endif
