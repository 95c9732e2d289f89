/** Handlers whose work should grow as what they are sent, or asked for, does. */
#include "growth.h"

TERN_MODEL(Bag, (tern_int64_map, bag))
TERN_MODEL(Numbers, (tern_int64_list, n))
TERN_MODEL(Different, (tern_text_list, n, .unique_items = true))
TERN_MODEL(Strict, (int64_t, id, .optional = true))
TERN_MODEL(Author, (int64_t, id, .key = true), (const char *, name))
TERN_MODEL(Book,
    (int64_t,      id,        .key = true),
    (const char *, title),
    (int64_t,      author_id, .references = TERN_TYPE(Author), .index = true),
    (Author,       author,    .via = "author_id", .optional = true))

TERN_HANDLER(read_any)
{
    const tern_value *value = tern_value_parse(c, tern_body(c));
    return tern_textf(c, "%zu", tern_value_count(value));
}

TERN_HANDLER(read_map, Bag, in)
{
    return tern_textf(c, "%zu", in->bag.count);
}

TERN_HANDLER(read_list, Numbers, in)
{
    return tern_textf(c, "%zu", in->n.count);
}

TERN_HANDLER(read_query, Numbers, in)
{
    return tern_textf(c, "%zu", in->n.count);
}

TERN_HANDLER(read_different, Different, in)
{
    return tern_textf(c, "%zu", in->n.count);
}

TERN_HANDLER(read_strict, Strict, in)
{
    return tern_textf(c, "%d", (int)in->id);
}

TERN_HANDLER(read_header)
{
    const char *last = tern_header(c, "X-Last"), *cookie = tern_cookie(c, "last");
    return tern_textf(c, "%s", last != NULL ? last : cookie != NULL ? cookie : "none");
}

TERN_HANDLER(read_body)
{
    return tern_textf(c, "%zu", tern_body(c).len);
}

TERN_HANDLER(stream_body)
{
    char piece[16384];
    size_t len, all = 0;
    while ((len = tern_body_read(c, piece, sizeof piece)) > 0)
        all += len;
    return tern_textf(c, "%zu", all);
}

/* -- what one request collects -- */

static void nothing(void *arg)
{
    (void)arg;
}

static void do_nothing(tern_ctx *c, void *arg)
{
    (void)c;
    (void)arg;
}

TERN_HANDLER(defer_many)
{
    for (int64_t i = tern_query_int(c, "n", 0); i > 0; i--)
        tern_defer(c, nothing, NULL);
    return tern_text(c, "ok");
}

TERN_HANDLER(start_tasks)
{
    for (int64_t i = tern_query_int(c, "n", 0); i > 0; i--)
        tern_go(c, do_nothing, NULL);
    return tern_text(c, "ok");
}

static void sleep_a_little(tern_ctx *c, void *arg)
{
    (void)arg;
    tern_sleep(c, 5);
}

TERN_HANDLER(start_timers)
{
    for (int64_t i = tern_query_int(c, "n", 0); i > 0; i--)
        tern_go(c, sleep_a_little, NULL);
    return tern_text(c, "ok");
}

TERN_HANDLER(log_many)
{
    for (int64_t i = tern_query_int(c, "n", 0); i > 0; i--)
        tern_log(TERN_LOG_INFO, "line %d", (int)i);
    return tern_text(c, "ok");
}

TERN_HANDLER(set_members)
{
    tern_value *object = tern_value_object(c);
    for (int64_t i = tern_query_int(c, "n", 0); i > 0; i--)
        tern_value_set(c, object, tern_sprintf(c, "key%d", (int)i), tern_value_of_int(c, i));
    return tern_textf(c, "%zu", tern_value_count(object));
}

TERN_HANDLER(set_headers)
{
    for (int64_t i = tern_query_int(c, "n", 0); i > 0; i--)
        tern_set_header(c, tern_sprintf(c, "X-Key-%d", (int)i), "v");
    return tern_text(c, "ok");
}

/* -- the shared map -- */

static tern_shared_map *map;

TERN_HANDLER(fill_map)
{
    int64_t count = tern_query_int(c, "n", 0);
    for (int64_t i = 0; i < count; i++)
        tern_shared_map_put(map, &i, sizeof i, &i, sizeof i, 0);
    return tern_textf(c, "%zu", tern_shared_map_count(map));
}

/* -- rows -- */

TERN_HANDLER(fill_rows)
{
    int64_t count = tern_query_int(c, "n", 0);
    tern_transaction (c) {
        tern_sql_run(c, "insert into author (name) values ('Ursula')");
        tern_sql_run(c,
                     "with recursive r(n) as (select 1 union all select n + 1 from r where n < ?) "
                     "insert into book (title, author_id) select 'The Dispossessed ' || n, 1 from r",
                     count);
    }
    return tern_textf(c, "%d", (int)tern_count(c, Book));
}

TERN_HANDLER(select_rows)
{
    Book_list books = tern_select(c, Book, .limit = tern_query_int(c, "n", 1), .order_by = "id");
    return tern_textf(c, "%zu", books.count);
}

TERN_HANDLER(select_related)
{
    Book_list books = tern_select(c, Book, .limit = tern_query_int(c, "n", 1), .order_by = "id");
    tern_preload(c, Book, books, author);
    return tern_textf(c, "%zu", books.count);
}

TERN_HANDLER(show_rows)
{
    return tern_json_list(c, Book,
                          tern_select(c, Book, .limit = tern_query_int(c, "n", 1), .order_by = "id"));
}

TERN_HANDLER(walk_rows)
{
    size_t count = 0;
    Book book;
    tern_rows *rows = tern_rows_open(c, Book, .limit = tern_query_int(c, "n", 1), .order_by = "id");
    while (tern_rows_next(rows, &book))
        count++;
    return tern_textf(c, "%zu", count);
}

TERN_HANDLER(find_rows)
{
    size_t count = (size_t)tern_query_int(c, "n", 1);
    tern_arg *keys = tern_alloc(c, count * sizeof *keys);
    for (size_t i = 0; i < count; i++)
        keys[i] = TERN_ARG((int64_t)i + 1);
    Book_list books = tern_find_all(c, Book, (tern_args){keys, (unsigned)count});
    return tern_textf(c, "%zu", books.count);
}

TERN_HANDLER(insert_rows)
{
    Book_list books = {.count = (size_t)tern_query_int(c, "n", 1)};
    books.items = tern_alloc(c, books.count * sizeof *books.items);
    for (size_t i = 0; i < books.count; i++)
        books.items[i] = (Book){.title = "The Lathe of Heaven", .author_id = 1};
    tern_insert_all(c, Book, books);
    return tern_textf(c, "%zu", books.count);
}

TERN_HANDLER(update_rows)
{
    Book_list books = tern_select(c, Book, .limit = tern_query_int(c, "n", 1), .order_by = "id");
    tern_update_all(c, Book, books);
    return tern_textf(c, "%zu", books.count);
}

void growth_add_requests(tern_app *app)
{
    enum { BODY_BYTES = 80 << 20 };
    map = tern_shared_map_new("growth", .entries = 200000, .key_bytes = 8, .value_bytes = 8);
    tern_database_with(app, (.url = "sqlite::memory:", .query_timeout_ms = 600000), TERN_TYPE(Author),
                       TERN_TYPE(Book));
    tern_post(app, "/any", read_any, .max_body = BODY_BYTES);
    tern_post(app, "/map", read_map, .max_body = BODY_BYTES);
    tern_post(app, "/list", read_list, .max_body = BODY_BYTES);
    tern_get(app, "/query", read_query);
    tern_post(app, "/different", read_different, .max_body = BODY_BYTES);
    tern_post(app, "/strict", read_strict, .max_body = BODY_BYTES);
    tern_get(app, "/header", read_header);
    tern_post(app, "/body", read_body, .max_body = BODY_BYTES);
    tern_post(app, "/stream", stream_body, .max_body = BODY_BYTES, .stream_body = true);
    tern_get(app, "/defer", defer_many);
    tern_get(app, "/tasks", start_tasks);
    tern_get(app, "/timers", start_timers);
    tern_get(app, "/log", log_many);
    tern_get(app, "/members", set_members);
    tern_get(app, "/headers", set_headers);
    tern_get(app, "/shared", fill_map);
    tern_get(app, "/rows/fill", fill_rows);
    tern_get(app, "/rows/select", select_rows);
    tern_get(app, "/rows/related", select_related);
    tern_get(app, "/rows/show", show_rows);
    tern_get(app, "/rows/walk", walk_rows);
    tern_get(app, "/rows/find", find_rows);
    tern_get(app, "/rows/insert", insert_rows);
    tern_get(app, "/rows/update", update_rows);
}
