/** The address of the next page of a list. */
#ifndef APP_PAGE_LINK_H
#define APP_PAGE_LINK_H

#include "app/ctx.h"

#include <tern/page.h>

/**
 * Adds `Link: <...>; rel="next"` (RFC 8288): the request's own path and query with the next cursor in place of
 * what they say of page and cursor; with the next number where there is no cursor. Nothing when there is neither,
 * or the path would name another host.
 */
void page_link_next(tern_ctx *c, const tern_paging *paging);

#endif
