/* Pages of rows, by number or by cursor: tern_select_page. */
#include "data/page/page.h"
#include "app/bind/bind.h"
#include "data/misuse.h"
#include "data/order.h"
#include "data/page/cursor.h"
#include "data/rows.h"

/** Ends the request with 422: the client's position in the list is invalid. */
static _Noreturn void refuse(tern_ctx *c, const tern_paging *p, const char *code, const char *message)
{
    bind_fail_at(c, "query", p->after_as != NULL ? p->after_as : "after", code, message);
}

static bool is_after(const tern_paging *p)
{
    return p->after != NULL && *p->after != '\0';
}

/** The row of a cursor that contains its key. */
static const void *row_of_key(tern_ctx *c, const data_table *table, const tern_paging *p, const void *key_row,
                              const tern_selection *s)
{
    tern_arg *key = tern_alloc(c, table->key_count * sizeof *key);
    data_error error;
    const tern_selection within = {.where = s->where, .args = s->args, .trusted_sql = s->trusted_sql};
    for (unsigned i = 0; i < table->key_count; i++)
        if (!data_column_arg(&table->columns[table->keys[i]], key_row, ctx_arena(c), &key[i], &error))
            data_answer(c, &error, table, NULL);
    const void *row = select_find_within(c, table, (tern_args){key, table->key_count}, &within);
    if (row == NULL)
        refuse(c, p, "gone", "names a row that was deleted: start again without it");
    return row;
}

/** The row before the page; NULL: none. */
static const void *place_of(tern_ctx *c, const data_table *table, const char *words, const tern_paging *p,
                            const data_order *order, const tern_selection *s)
{
    void *row;
    if (!is_after(p))
        return NULL;
    if (words != NULL)
        refuse(c, p, "not_with_search", "cannot go with a search, whose pages go by number");
    if (p->page > 1)
        refuse(c, p, "not_with_page", "cannot go with the number of a page");
    switch (cursor_may_be(order) ? cursor_read(ctx_arena(c), table, order, p->after, &row) : CURSOR_NONE) {
    case CURSOR_OF_VALUES:
        return row;
    case CURSOR_OF_KEY:
        return row_of_key(c, table, p, row, s);
    default:
        refuse(c, p, "not_a_cursor", "must be the cursor of a page of this list, in the same order");
    }
}

static void check_use(tern_ctx *c, const char *words, const tern_paging *p, const tern_selection *s)
{
    if (p->size < 1 || p->page < 0)
        data_misuse(c, "a tern_paging has a .size of at least 1, and a .page from 1 (or 0: the first)");
    if (s->order_by == NULL && words == NULL)
        data_misuse(
            c, "tern_select_page needs .order_by: pages without an order repeat rows and leave others out");
    if (s->limit != 0 || s->offset != 0 || s->after != NULL)
        data_misuse(c, "tern_select_page takes no .limit, .offset and .after: its tern_paging has them");
}

static int64_t rows_before(const tern_paging *p)
{
    int64_t before = 0;
    if (p->page > 1 && __builtin_mul_overflow(p->page - 1, p->size, &before))
        before = INT64_MAX;
    return before;
}

/** The last page determines the number of rows; otherwise they are counted. */
static void find_total(tern_ctx *c, const data_table *table, const char *words, const tern_selection *s,
                       size_t count, tern_paging *p)
{
    const route *r = c->match.route;
    tern_total kind = r != NULL ? r->options.total : TERN_TOTAL_EXACT;
    bool is_end = !is_after(p) && !p->has_next && (count != 0 || p->page <= 1);
    int64_t shown = is_after(p) ? 0 : rows_before(p) + (int64_t)count;
    p->total = -1;
    p->total_is_estimate = false;
    if (kind == TERN_TOTAL_NONE)
        return;
    if (is_end) {
        p->total = shown;
        return;
    }
    total_find(c, table, words, kind, s, p);
    if (p->total_is_estimate && p->total <= shown)
        p->total = shown + p->has_next;
}

void *page_select(tern_ctx *c, const data_table *table, const char *words, tern_paging *p,
                  const tern_selection *s)
{
    enum { SIZE_MOST = 1000000000 };
    data_order order;
    tern_selection page = *s;
    check_use(c, words, p, s);
    p->size = p->size < SIZE_MOST ? p->size : SIZE_MOST;
    p->next = NULL;
    bool has_order = words == NULL && data_order_read(&order, table, s->order_by);
    if (!has_order)
        order = (data_order){.count = 0}; /* tern_select reports an invalid text */
    page.after = place_of(c, table, words, p, &order, s);
    page.limit = p->size + 1;
    page.offset = is_after(p) ? 0 : rows_before(p);
    tern_bool_list *list =
        words != NULL ? tern_search_of(c, table->type, words, &page) : tern_select_of(c, table->type, &page);
    p->has_next = list->count > (size_t)p->size;
    list->count -= p->has_next;
    if (p->has_next && cursor_may_be(&order))
        p->next =
            cursor_write(ctx_arena(c), table, &order,
                         (const char *)(const void *)list->items + (list->count - 1) * table->type->size);
    if (s->error == NULL || s->error->fault == TERN_DATA_OK)
        find_total(c, table, words, s, list->count, p);
    return list;
}

void *tern_select_page_of(tern_ctx *c, const tern_type *type, tern_paging *paging, const tern_selection *s)
{
    return page_select(c, data_need_table(c, type), NULL, paging, s);
}
