/**
 * Pages of longer lists: whether their rows are counted, what their fields are called, and where the next page
 * begins.
 *
 *     tern_get(app, "/todos", list_todos, .returns = TERN_LIST(Todo), .paged = true, .total = TERN_TOTAL_NONE);
 *
 *     TERN_HANDLER(list_todos, TodoPage, in)              a model with `after` and `size`
 *     {
 *         tern_paging paging = {.size = in->size, .after = in->after};
 *         Todo_list todos = tern_select_page(c, Todo, &paging, .order_by = "created desc");
 *         return tern_page(c, Todo, todos, &paging);      {"items":[...],"has_next":true,"next":"AXk2..."}
 *     }
 */
#ifndef TERN_PAGE_H
#define TERN_PAGE_H

#include <stdbool.h>
#include <stdint.h>

/** The total of a page. */
typedef enum tern_total {
    TERN_TOTAL_EXACT, /* "total": counted with each page */
    /** "total" and "total_is_estimate": exact up to 10,000 rows. Above that PostgreSQL's planner estimates
     * it, and SQLite says 10,001, which means "at least". */
    TERN_TOTAL_ESTIMATE,
    TERN_TOTAL_NONE /* no total and no query for one; "has_next" says whether there is another page */
} tern_total;

/** Leaves a field out of pages: `.page_names = {.next = TERN_LEFT_OUT}`. */
#define TERN_LEFT_OUT "-"

/**
 * Names of a page's fields, for the application or for one route: `.page_names = {.items = "articles", .total
 * = "articlesCount"}`. NULL: the application's name, and by default the one in the comment. Two fields of one
 * name, an empty name, or `.items = TERN_LEFT_OUT` are refused at start. Texts are copied.
 */
typedef struct tern_page_names {
    const char *items;             /* "items" */
    const char *total;             /* "total" */
    const char *total_is_estimate; /* "total_is_estimate", with TERN_TOTAL_ESTIMATE */
    const char *page;              /* left out: the number of the page; null after a cursor */
    const char *size;              /* left out: how many rows a page has at most */
    const char *has_next;          /* "has_next" with TERN_TOTAL_NONE, else left out */
    const char *next;              /* "next": the cursor of the next page; absent from the last one */
} tern_page_names;

/**
 * A page: what is asked for, and what tern_select_page found. Use it once; its texts are in the request's
 * memory.
 *
 * A cursor is a position in an order: the values of the last row, after which the next page begins, so that
 * no row is repeated or skipped while others are inserted and removed. It is opaque and safe in a URL, but
 * not secret: its reader can decode those values. It is valid as long as the model, `.order_by` and key do
 * not change, in any worker and after any restart.
 */
typedef struct tern_paging {
    int64_t size;      /* rows of the page, at least 1 */
    int64_t page;      /* which one, from 1; 0: the first, or the one after `after` */
    const char *after; /* the cursor that the client sent; NULL or "" without one */
    const char *after_as,
        *page_as; /* the query parameters of the two, for errors and links; NULL: "after" and
                                       "page" */

    int64_t total; /* all rows that .where selects; -1: not counted (TERN_TOTAL_NONE) */
    bool total_is_estimate;
    bool has_next;
    /* the cursor of the next page; NULL on the last one, in a search, and where no cursor can be made: in a
     * view without a key, or when the order has more than 8 fields */
    const char *next;
} tern_paging;

#endif
