/** The address of the next page of a list. */
#ifndef APP_PAGE_LINK_H
#define APP_PAGE_LINK_H

#include "app/ctx.h"

#include <tern/page.h>

/**
 * Adds `Link: <...>; rel="next"` (RFC 8288): the request's path and query, with page and cursor replaced by
 * the next cursor, or by the next page number if there is no cursor. Adds nothing when there is neither, or
 * the path would name another host.
 */
void page_link_next(tern_ctx *c, const tern_paging *paging);

#endif
