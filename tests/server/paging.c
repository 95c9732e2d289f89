/* Pages, cursors, totals, entity tags and related rows of resources and of handlers: test_paging.py runs these tests
 * on both engines, and the program itself for those that need a server. */
#include <tern.h>
#include <tern/test.h>

#include <stdlib.h>
#include <string.h>

/* clang-format off */
TERN_ENUM(Colour, red, green, blue)
TERN_MODEL(Thing,
    (int64_t,       id,      .key = true),
    (const char *,  kind,    .optional = true, .max_length = 3000),
    (int64_t,       big,     .optional = true),
    (double,        weight,  .optional = true),
    (float,         ratio,   .optional = true),
    (tern_decimal,  price,   .optional = true),
    (tern_datetime, at,      .optional = true),
    (tern_date,     day,     .optional = true),
    (tern_time,     clock,   .optional = true),
    (tern_duration, span,    .optional = true),
    (tern_uuid,     mark,    .optional = true),
    (tern_bytes,    raw,     .optional = true),
    (Colour,        colour,  .fallback = "red"),
    (bool,          open,    .fallback = "false"),
    (uint64_t,      huge,    .optional = true),
    (int,           secret,  .optional = true, .write_only = true),
    (tern_any,      extra,   .optional = true))
TERN_MODEL(ThingPage,
    (const char *, kind,   .optional = true),
    (const char *, cursor, .optional = true),
    (int,          number, .fallback = "1"),
    (int,          size,   .fallback = "2", .min = 1, .max = 100))
TERN_MODEL(Other,
    (int64_t,      id,   .key = true),
    (const char *, kind, .optional = true))
TERN_MODEL(Note,
    (int64_t,      id,      .key = true),
    (const char *, text,    .optional = true),
    (int,          stars,   .fallback = "0"),
    (int,          version, .version = true))
TERN_MODEL(Label,
    (const char *, name,  .key = true, .max_length = 5000),
    (int,          price, .fallback = "1"))
TERN_FORWARD(Novel);
TERN_MODEL(Writer,
    (int64_t,      id,   .key = true),
    (const char *, name))
TERN_MODEL(Theme,
    (int64_t,      id,   .key = true),
    (const char *, name))
TERN_MODEL(NovelTheme,
    (int64_t, novel_id, .key = true, .references = TERN_TYPE(Novel)),
    (int64_t, theme_id, .key = true, .references = TERN_TYPE(Theme)))
TERN_MODEL(Novel,
    (int64_t,      id,        .key = true),
    (const char *, title),
    (int64_t,      writer_id, .references = TERN_TYPE(Writer)),
    (Writer,       writer,    .optional = true, .via = "writer_id", .json = "by"),
    (Theme_list,   themes,    .optional = true, .through = TERN_TYPE(NovelTheme)))
TERN_MODEL(Post,
    (int64_t,      id,    .key = true),
    (const char *, title, .search = true),
    (const char *, after, .optional = true))
/* clang-format on */

TERN_HANDLER(things_by_hand, ThingPage, in)
{
    tern_paging paging = {.size = in->size, .after = in->cursor, .after_as = "cursor"};
    const Thing_list things = tern_select_page(
        c, Thing, &paging, .where = tern_given(c, kind) ? "kind = ?" : NULL,
        .args = tern_given(c, kind) ? TERN_ARGS(in->kind) : (tern_args){0}, .order_by = "kind desc");
    return tern_page(c, Thing, things, &paging);
}

TERN_HANDLER(things_by_number, ThingPage, in)
{
    tern_paging paging = {.size = in->size, .page = in->number, .page_as = "number"};
    const Thing_list things = tern_select_page(c, Thing, &paging, .order_by = "id");
    return tern_page(c, Thing, things, &paging);
}

TERN_HANDLER(things_in_no_order)
{
    tern_paging paging = {.size = 2};
    const Thing_list things = tern_select_page(c, Thing, &paging);
    return tern_page(c, Thing, things, &paging);
}

TERN_HANDLER(things_of_no_size)
{
    tern_paging paging = {0};
    const Thing_list things = tern_select_page(c, Thing, &paging, .order_by = "id");
    return tern_page(c, Thing, things, &paging);
}

TERN_HANDLER(things_with_a_number)
{
    return tern_page(c, Thing, ((Thing_list){NULL, 0}), 7);
}

TERN_HANDLER(fill, ThingPage, in)
{
    Other_list others = {tern_alloc(c, (size_t)in->number * sizeof(Other)), (size_t)in->number};
    for (int i = 0; i < in->number; i++)
        others.items[i] = (Other){.kind = i % 2 != 0 ? "odd" : "even"};
    tern_insert_all(c, Other, others);
    return tern_no_content(c);
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Pages", .version = "1.0");
    tern_database(app, TERN_TYPE(Thing), TERN_TYPE(Other), TERN_TYPE(Note), TERN_TYPE(Label),
                  TERN_TYPE(Writer), TERN_TYPE(Theme), TERN_TYPE(Novel), TERN_TYPE(NovelTheme),
                  TERN_TYPE(Post));
    tern_resource(app, "/things", TERN_TYPE(Thing), .most_size = 1000);
    tern_resource(app, "/secret-order", TERN_TYPE(Thing), .order_by = "secret, id");
    tern_resource(app, "/others", TERN_TYPE(Other), .most_size = 1000);
    tern_resource(app, "/none", TERN_TYPE(Other), .total = TERN_TOTAL_NONE);
    tern_resource(app, "/guess", TERN_TYPE(Other), .total = TERN_TOTAL_ESTIMATE);
    tern_resource(app, "/articles", TERN_TYPE(Other),
                  .page_names = {.items = "articles", .total = "articlesCount", .next = TERN_LEFT_OUT});
    tern_resource(
        app, "/all-fields", TERN_TYPE(Other), .total = TERN_TOTAL_ESTIMATE,
        .page_names = {
            .page = "page", .size = "per \"page\"", .has_next = "more", .total_is_estimate = "about"});
    tern_resource(app, "/notes", TERN_TYPE(Note));
    tern_resource(app, "/strict", TERN_TYPE(Note), .need_if_match = true);
    tern_resource(app, "/labels", TERN_TYPE(Label));
    tern_resource(app, "/writers", TERN_TYPE(Writer));
    tern_resource(app, "/themes", TERN_TYPE(Theme));
    tern_resource(app, "/novels", TERN_TYPE(Novel), .includes = "writer, themes");
    tern_resource(app, "/novel-themes", TERN_TYPE(NovelTheme));
    tern_resource(app, "/posts", TERN_TYPE(Post));
    tern_get(app, "/by-hand", things_by_hand, .returns = TERN_LIST(Thing), .paged = true,
             .total = TERN_TOTAL_NONE);
    tern_get(app, "/by-number", things_by_number, .returns = TERN_LIST(Thing), .paged = true,
             .page_names = {.page = "page", .next = TERN_LEFT_OUT});
    tern_get(app, "/no-order", things_in_no_order, .returns = TERN_LIST(Thing), .paged = true);
    tern_get(app, "/no-size", things_of_no_size, .returns = TERN_LIST(Thing), .paged = true);
    tern_get(app, "/a-number", things_with_a_number, .returns = TERN_LIST(Thing), .paged = true,
             .page_names = {.page = "page"});
    tern_post(app, "/fill/{number:int}", fill);
    return app;
}

/* -- walking -- */

enum { SEEN_MOST = 600 };

/** The ids of a list's rows in the order of its pages. */
typedef struct walk {
    int64_t ids[SEEN_MOST];
    unsigned count, pages;
} walk;

static void take_page(tern_answer *a, walk *w)
{
    tern_check_status(a, 200);
    const tern_value *items = tern_value_get(tern_answer_json(a), "items");
    for (size_t i = 0; i < tern_value_count(items); i++) {
        tern_check(w->count < SEEN_MOST);
        w->ids[w->count++] = tern_value_int(tern_value_get(tern_value_at(items, i), "id"), -1);
    }
    w->pages++;
}

static const char *next_of(tern_answer *a)
{
    return tern_value_text(tern_value_get(tern_answer_json(a), "next"), NULL);
}

/** `path` has a query already. */
static walk walk_all(tern_test *t, const char *path)
{
    walk w = {.count = 0};
    tern_answer *a = tern_test_get(t, path);
    take_page(a, &w);
    for (const char *next; (next = next_of(a)) != NULL && w.pages < SEEN_MOST;) {
        a = tern_test_get(t, tern_test_sprintf(t, "%s&after=%s", path, next));
        take_page(a, &w);
    }
    return w;
}

static void check_same(const walk *seen, const walk *want, const char *what)
{
    if (seen->count != want->count)
        tern_test_fail("%s: %u rows were seen, not %u", what, seen->count, want->count);
    for (unsigned i = 0; i < want->count; i++)
        if (seen->ids[i] != want->ids[i])
            tern_test_fail("%s: row %u is %lld, not %lld", what, i, (long long)seen->ids[i],
                           (long long)want->ids[i]);
}

/* Twins and near twins of every kind, nulls, and what has no exact decimal form. */
static const char *const some_things[] = {
    "{}",
    "{\"kind\":\"\",\"big\":9223372036854775807,\"weight\":0.1,\"ratio\":0.1,\"price\":\"0.10\",\"open\":true}",
    "{\"kind\":\"a\",\"big\":9223372036854775806,\"weight\":0.30000000000000004,\"ratio\":16777216,\"price\":\"0.1\"}",
    "{\"kind\":\"a\",\"big\":-9223372036854775808,\"weight\":0.3,\"ratio\":0.3333333,\"price\":\"-1.5\",\"open\":true}",
    "{\"kind\":\"A\",\"big\":0,\"weight\":1e300,\"ratio\":1e-30,\"price\":\"100000000000000.01\",\"colour\":\"green\"}",
    "{\"kind\":\"\xc3\xa4\",\"at\":\"2026-11-30T10:00:00.000001Z\",\"day\":\"2026-11-30\",\"clock\":\"23:59:59.999999\"}",
    "{\"kind\":\"\xf0\x9f\xa6\x86\",\"at\":\"2026-11-30T10:00:00.000002Z\",\"day\":\"2026-11-30\",\"clock\":\"00:00:00\"}",
    "{\"kind\":\"a b&c=d?#%\\\"'\",\"at\":\"2026-11-30T10:00:00.000001Z\",\"day\":\"0001-01-01\",\"span\":\"PT0.000001S\"}",
    "{\"kind\":\"-\",\"at\":\"0001-01-01T00:00:00Z\",\"day\":\"9999-12-31\",\"span\":\"-P1DT2H\",\"colour\":\"blue\"}",
    "{\"mark\":\"00000000-0000-0000-0000-000000000001\",\"raw\":\"\",\"huge\":9223372036854775807,\"weight\":-0.0}",
    "{\"mark\":\"ffffffff-ffff-ffff-ffff-ffffffffffff\",\"raw\":\"AP8B\",\"huge\":1,\"weight\":0}",
    "{\"mark\":\"00000000-0000-0000-0000-000000000001\",\"raw\":\"AP8A\",\"huge\":1,\"weight\":5e-324}",
    "{\"kind\":\"\\\\\\n\\t\",\"span\":\"P300000DT1S\",\"secret\":1}",
    "{\"kind\":\"A\",\"secret\":1,\"weight\":-1.7976931348623157e308}",
    NULL};

static unsigned add_things(tern_test *t)
{
    unsigned count = 0;
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; some_things[i] != NULL; i++, count++)
            tern_check_status(tern_test_post(t, "/things", .json = some_things[i]), 201);
    return count;
}

static const char *const orders[] = {"id",
                                     "-id",
                                     "kind",
                                     "-kind",
                                     "big",
                                     "-big",
                                     "weight",
                                     "-weight",
                                     "ratio",
                                     "-ratio",
                                     "price",
                                     "-price",
                                     "at",
                                     "-at",
                                     "day",
                                     "-day",
                                     "clock",
                                     "-clock",
                                     "span",
                                     "-span",
                                     "mark",
                                     "-mark",
                                     "raw",
                                     "-raw",
                                     "open",
                                     "-open",
                                     "huge",
                                     "-huge",
                                     "colour",
                                     "-colour",
                                     "kind,-weight",
                                     "-at,price,-id",
                                     "day,-kind,open,big",
                                     "-price,-mark,huge,raw",
                                     NULL};

TERN_TEST(threat_127_cursors_in_any_order_show_every_row_once_and_in_that_order, .seconds = 120)
{
    unsigned count = add_things(t);
    for (size_t i = 0; orders[i] != NULL; i++) {
        const walk whole = walk_all(t, tern_test_sprintf(t, "/things?order=%s&size=500", orders[i]));
        tern_check(whole.count == count);
        for (int size = 1; size <= 9; size += 4) {
            const walk seen = walk_all(t, tern_test_sprintf(t, "/things?order=%s&size=%d", orders[i], size));
            check_same(&seen, &whole, orders[i]);
        }
    }
}

TERN_TEST(a_cursor_goes_on_where_its_page_ended_whatever_else_is_inserted_and_removed)
{
    add_things(t);
    const walk whole = walk_all(t, "/things?order=-kind&size=500");
    walk seen = {.count = 0};
    tern_answer *a = tern_test_get(t, "/things?order=-kind&size=3");
    take_page(a, &seen);
    for (const char *next; (next = next_of(a)) != NULL;) {
        tern_check_status(tern_test_post(t, "/things", .json = "{\"kind\":\"zzz\",\"day\":\"2000-01-01\"}"),
                          201);
        tern_check_status(
            tern_test_delete(t, tern_test_sprintf(t, "/things/%lld", (long long)seen.ids[seen.count - 1])),
            204);
        a = tern_test_get(t, tern_test_sprintf(t, "/things?order=-kind&size=3&after=%s", next));
        take_page(a, &seen);
    }
    unsigned old = 0;
    for (unsigned i = 0; i < seen.count; i++) /* new ones come first, or (beside nulls) last */
        if (old < whole.count && seen.ids[i] == whole.ids[old])
            old++;
    tern_check(old == whole.count);
}

TERN_TEST(a_cursor_of_a_long_text_holds_the_key_and_goes_on_as_well)
{
    for (int i = 0; i < 6; i++)
        tern_check_status(
            tern_test_post(t, "/things", .json = tern_test_sprintf(t, "{\"kind\":\"%02000d\"}", i / 2)), 201);
    const walk whole = walk_all(t, "/things?order=-kind&size=500"),
               seen = walk_all(t, "/things?order=-kind&size=1");
    check_same(&seen, &whole, "long texts");
    tern_answer *a = tern_test_get(t, "/things?order=-kind&size=1");
    tern_check(strlen(next_of(a)) < 100);
    const char *path = tern_test_sprintf(t, "/things?order=-kind&size=1&after=%s", next_of(a));
    tern_check_status(tern_test_delete(t, tern_test_sprintf(t, "/things/%lld", (long long)whole.ids[0])),
                      204);
    a = tern_test_get(t, path);
    tern_check_status(a, 422);
    tern_check_json(a, "/errors/0/code", "\"gone\"");
}

TERN_TEST(a_cursor_holds_no_value_that_clients_do_not_see)
{
    for (int i = 0; i < 4; i++)
        tern_check_status(
            tern_test_post(t, "/things", .json = tern_test_sprintf(t, "{\"secret\":%d}", 77777770 + i / 2)),
            201);
    const walk whole = walk_all(t, "/secret-order?size=100"), seen = walk_all(t, "/secret-order?size=1");
    check_same(&seen, &whole, "a hidden order");
    const char *next = next_of(tern_test_get(t, "/secret-order?size=1"));
    tern_check(next[0] == 'E' && next[1] >= 'g' && next[1] <= 'v'); /* the form that holds the key */
}

TERN_TEST(an_order_by_json_has_cursors_too)
{
    for (int i = 0; i < 5; i++)
        tern_check_status(
            tern_test_post(t, "/things", .json = tern_test_sprintf(t, "{\"extra\":{\"n\":%d}}", i / 2)), 201);
    const walk whole = walk_all(t, "/things?order=extra&size=100"),
               seen = walk_all(t, "/things?order=extra&size=2");
    check_same(&seen, &whole, "JSON");
}

static void check_refused(tern_test *t, const char *path, const char *name, const char *code)
{
    tern_answer *a = tern_test_get(t, path);
    tern_check_status(a, 422);
    tern_check_json(a, "/errors/0/location", tern_test_sprintf(t, "[\"query\",\"%s\"]", name));
    tern_check_json(a, "/errors/0/code", tern_test_sprintf(t, "\"%s\"", code));
}

TERN_TEST(threat_127_a_text_that_is_not_a_cursor_of_this_list_and_order_is_422)
{
    static const char *const texts[] = {
        "x",   "AAAA", "%00",  "EQ",       "ERERERER", "====", "..",   "a%20b",
        "%2B", "%ff",  "EQ==", "EQAAAAAA", "0",        "-1",   "null", NULL};
    add_things(t);
    for (int i = 0; i < 3; i++)
        tern_check_status(tern_test_post(t, "/others", .json = "{}"), 201);
    const char *next = next_of(tern_test_get(t, "/things?order=kind&size=1"));
    for (size_t i = 0; texts[i] != NULL; i++) {
        tern_answer *a = tern_test_get(t, tern_test_sprintf(t, "/things?after=%s", texts[i]));
        tern_check(a->status == 422 || a->status == 400); /* 400: a query that is wrongly encoded */
    }
    check_refused(t, tern_test_sprintf(t, "/things?order=-kind&after=%s", next), "after", "not_a_cursor");
    check_refused(t, tern_test_sprintf(t, "/things?order=kind,big&after=%s", next), "after", "not_a_cursor");
    check_refused(t, tern_test_sprintf(t, "/things?after=%s", next), "after", "not_a_cursor");
    check_refused(t, tern_test_sprintf(t, "/others?order=kind&after=%s", next), "after", "not_a_cursor");
    for (size_t len = 1; len < strlen(next); len++)
        check_refused(t, tern_test_sprintf(t, "/things?order=kind&after=%.*s", (int)len, next), "after",
                      "not_a_cursor");
    check_refused(t, tern_test_sprintf(t, "/things?order=kind&after=%sAA", next), "after", "not_a_cursor");
    check_refused(t, tern_test_sprintf(t, "/things?after=%05000d", 0), "after", "too_long");
    tern_check_status(tern_test_get(t, tern_test_sprintf(t, "/things?order=kind&after=%s", next)), 200);
    tern_check_status(tern_test_get(t, tern_test_sprintf(t, "/things?order=kind,id&after=%s", next)), 200);
}

TERN_TEST(a_cursor_goes_with_neither_a_page_nor_a_search)
{
    for (int i = 0; i < 3; i++)
        tern_check_status(tern_test_post(t, "/posts", .json = "{\"title\":\"some words\"}"), 201);
    tern_answer *a = tern_test_get(t, "/posts?size=1");
    check_refused(t, tern_test_sprintf(t, "/posts?size=1&page=1&after=%s", next_of(a)), "after",
                  "not_with_page");
    check_refused(t, tern_test_sprintf(t, "/posts?size=1&page=2&after=%s", next_of(a)), "after",
                  "not_with_page");
    check_refused(t, tern_test_sprintf(t, "/posts?search=words&after=%s", next_of(a)), "after",
                  "not_with_search");
    tern_check_status(tern_test_get(t, "/posts?after=&page=2"), 200); /* empty counts as not given */
    a = tern_test_get(t, "/posts?search=words&size=2");
    tern_check_json(a, "/next", NULL);
    tern_check_json(a, "/total", "3");
    tern_check_header(a, "Link", "</posts?search=words&size=2&page=2>; rel=\"next\"");
    tern_check_header(tern_test_get(t, "/posts?search=words&size=2&page=2"), "Link", NULL);
}

TERN_TEST(the_link_to_the_next_page_is_the_requests_own_address_with_the_cursor)
{
    for (int i = 0; i < 3; i++)
        tern_check_status(tern_test_post(t, "/others", .json = "{\"kind\":\"a\"}"), 201);
    tern_answer *a = tern_test_get(t, "/others?size=1&kind=a&x=<y>%3E\"&&p%61ge=1");
    tern_check_header(a, "Link",
                      tern_test_sprintf(t,
                                        "</others?size=1&kind=a&x=%%3Cy%%3E%%3E%%22&after=%s>; rel=\"next\"",
                                        next_of(a)));
    a = tern_test_get(t, "/others?size=1&kind=a&page=2");
    tern_check(next_of(a) != NULL);
    tern_check_header(tern_test_get(t, "/others?size=3"), "Link", NULL);
    tern_check_json(tern_test_get(t, "/others?size=3"), "/next", NULL);
}

/* -- totals -- */

TERN_TEST(a_page_without_a_total_says_whether_there_is_another)
{
    for (int i = 0; i < 3; i++)
        tern_check_status(tern_test_post(t, "/others", .json = "{}"), 201);
    tern_answer *a = tern_test_get(t, "/none?size=2&fields=kind");
    tern_check_json(a, "/total", NULL);
    tern_check_json(a, "/has_next", "true");
    tern_check(next_of(a) != NULL);
    a = tern_test_get(t, tern_test_sprintf(t, "/none?size=2&fields=kind&after=%s", next_of(a)));
    tern_check_json(a, "", "{\"items\":[{\"kind\":null}],\"has_next\":false}");
    tern_check_json(tern_test_get(t, "/none?size=3&fields=kind"), "/has_next", "false");
}

TERN_TEST(an_estimate_of_few_rows_is_exact)
{
    tern_check_json(tern_test_get(t, "/guess"), "", "{\"items\":[],\"total\":0,\"total_is_estimate\":false}");
    tern_check_status(tern_test_post(t, "/fill/7"), 204);
    tern_answer *a = tern_test_get(t, "/guess?size=2");
    tern_check_json(a, "/total", "7");
    tern_check_json(a, "/total_is_estimate", "false");
    tern_check_json(tern_test_get(t, "/guess?size=2&kind=odd"), "/total", "3");
    tern_check_json(tern_test_get(t, "/guess?size=2&kind=odd&page=2"), "/total", "3");
    tern_check_json(tern_test_get(t, "/guess?size=2&kind=odd&page=9"), "/total", "3");
}

TERN_TEST(an_estimate_of_many_rows_says_that_it_is_one_and_is_not_less_than_the_bound, .seconds = 120)
{
    tern_check_status(tern_test_post(t, "/fill/11000"), 204);
    tern_answer *a = tern_test_get(t, "/guess?size=2");
    tern_check_json(a, "/total_is_estimate", "true");
    tern_check(tern_value_int(tern_value_get(tern_answer_json(a), "total"), 0) >= 10001);
    tern_check_json(tern_test_get(t, "/guess?size=2&kind=odd"), "/total", "5500");
    a = tern_test_get(t, "/guess?size=100&page=110&fields=kind");
    tern_check_json(a, "/total", "11000"); /* the last page knows */
    tern_check_json(a, "/total_is_estimate", "false");
}

TERN_TEST(a_total_counts_what_is_before_the_cursor_too)
{
    tern_check_status(tern_test_post(t, "/fill/7"), 204);
    tern_answer *a = tern_test_get(t, "/others?size=3");
    tern_check_json(a, "/total", "7");
    a = tern_test_get(t, tern_test_sprintf(t, "/others?size=3&after=%s", next_of(a)));
    tern_check_json(a, "/total", "7");
    a = tern_test_get(t, tern_test_sprintf(t, "/others?size=3&after=%s", next_of(a)));
    tern_check_json(a, "/total", "7");
    tern_check_json(a, "/next", NULL);
    tern_check_json(tern_test_get(t, "/others?size=3&page=99"), "/total", "7");
}

/* -- names -- */

TERN_TEST(a_page_calls_its_fields_as_the_resource_says)
{
    tern_check_status(tern_test_post(t, "/fill/3"), 204);
    tern_check_json(tern_test_get(t, "/articles?size=2&fields=kind"), "",
                    "{\"articles\":[{\"kind\":\"even\"},{\"kind\":\"odd\"}],\"articlesCount\":3}");
    tern_answer *a = tern_test_get(t, "/all-fields?size=2&page=2&fields=kind");
    tern_check_body(
        a, "{\"items\":[{\"kind\":\"even\"}],\"total\":3,\"about\":false,\"page\":2,\"per \\\"page\\\"\":2,"
           "\"more\":false}");
    a = tern_test_get(t, "/all-fields?size=2&fields=kind");
    tern_check_json(a, "/page", "1");
    a = tern_test_get(t, tern_test_sprintf(t, "/all-fields?size=2&fields=kind&after=%s", next_of(a)));
    tern_check_json(a, "/page", "null");
    tern_check_json(a, "/more", "false");
}

TERN_TEST(the_document_has_the_fields_of_each_page)
{
    tern_answer *a = tern_test_get(t, "/openapi.json");
    const char *const page = "/paths/~1%s/get/responses/200/content/application~1json/schema%s";
    tern_check_json(a, tern_test_sprintf(t, page, "articles", "/required"),
                    "[\"articles\",\"articlesCount\"]");
    tern_check_json(a, tern_test_sprintf(t, page, "articles", "/properties/next"), NULL);
    tern_check_json(a, tern_test_sprintf(t, page, "none", "/required"), "[\"items\",\"has_next\"]");
    tern_check_json(a, tern_test_sprintf(t, page, "none", "/properties/next/type"), "\"string\"");
    tern_check_json(a, tern_test_sprintf(t, page, "guess", "/required"),
                    "[\"items\",\"total\",\"total_is_estimate\"]");
    tern_check_json(a, tern_test_sprintf(t, page, "all-fields", "/required"),
                    "[\"items\",\"total\",\"about\",\"page\",\"per \\\"page\\\"\",\"more\"]");
    tern_check_json(a, tern_test_sprintf(t, page, "others", "/required"), "[\"items\",\"total\"]");
    tern_check_json(a, "/paths/~1others/get/responses/200/headers/Link/schema/type", "\"string\"");
}

/* -- by hand -- */

TERN_TEST(a_handler_pages_by_cursor_under_a_parameter_of_its_own)
{
    unsigned count = add_things(t);
    walk seen = {.count = 0};
    tern_answer *a = tern_test_get(t, "/by-hand?size=5");
    take_page(a, &seen);
    for (const char *next; (next = next_of(a)) != NULL;) {
        tern_check_header(a, "Link", tern_test_sprintf(t, "</by-hand?size=5&cursor=%s>; rel=\"next\"", next));
        a = tern_test_get(t, tern_test_sprintf(t, "/by-hand?size=5&cursor=%s", next));
        take_page(a, &seen);
    }
    tern_check(seen.count == count);
    check_refused(t, "/by-hand?cursor=x", "cursor", "not_a_cursor");
    tern_check_json(tern_test_get(t, "/by-hand?kind=A&size=100"), "/has_next", "false");
}

TERN_TEST(a_handler_pages_by_number)
{
    add_things(t);
    tern_answer *a = tern_test_get(t, "/by-number?size=10&number=2");
    tern_check_json(a, "/page", "2");
    tern_check_json(a, "/total", "28");
    tern_check(strncmp(tern_answer_header_of(a, "Link"), "</by-number?size=10&after=", 26) == 0);
    tern_check_json(tern_test_get(t, "/by-number?size=10&number=2147483647"), "/items", "[]");
}

TERN_TEST(pages_that_cannot_be_are_500_and_say_why_in_the_log)
{
    tern_check_status(tern_test_get(t, "/no-order"), 500);
    tern_check_status(tern_test_get(t, "/no-size"), 500);
    tern_check_status(tern_test_get(t, "/a-number"), 500);
}

/* -- entity tags -- */

static const char *tag_of(tern_test *t, const char *path)
{
    tern_answer *a = tern_test_get(t, path);
    tern_check_status(a, 200);
    tern_check(tern_answer_header_of(a, "ETag") != NULL);
    return tern_answer_header_of(a, "ETag");
}

#define IF_MATCH(tag)      .headers = TERN_HEADERS(tern_test_sprintf(t, "If-Match: %s", tag))
#define IF_NONE_MATCH(tag) .headers = TERN_HEADERS(tern_test_sprintf(t, "If-None-Match: %s", tag))

/** A new row's address. */
static const char *new_row(tern_test *t, const char *path, const char *json)
{
    tern_answer *a = tern_test_post(t, path, .json = json);
    tern_check_status(a, 201);
    const char *location = tern_answer_header_of(a, "Location");
    tern_check_text(tern_answer_header_of(a, "ETag"), tag_of(t, location));
    return location;
}

static const struct {
    const char *path, *first, *second;
} tagged[] = {{"/notes", "{\"text\":\"a\"}", "{\"text\":\"b\"}"},
              {"/labels", "{\"name\":\"x\"}", "{\"price\":2}"}};
enum { TAGGED = sizeof tagged / sizeof *tagged };

TERN_TEST(a_row_that_is_known_is_304)
{
    for (size_t i = 0; i < TAGGED; i++) {
        const char *at = new_row(t, tagged[i].path, tagged[i].first), *tag = tag_of(t, at);
        tern_answer *a = tern_test_get(t, at, IF_NONE_MATCH(tag));
        tern_check_status(a, 304);
        tern_check_header(a, "ETag", tag);
        tern_check_text(a->body, "");
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH("*")), 304);
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH(tern_test_sprintf(t, "W/%s", tag))), 304);
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH(tern_test_sprintf(t, "\"a,b\", ,%s", tag))),
                          304);
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH("\"other\"")), 200);
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH("nonsense")), 200);
        tern_check_status(tern_test_send(t, "HEAD", at, IF_NONE_MATCH(tag)), 304);
        tern_check_status(tern_test_get(t, at, IF_MATCH("\"other\"")), 412);
        tern_check_status(tern_test_get(t, at, IF_MATCH(tag)), 200);
        tern_check_status(tern_test_patch(t, at, .json = tagged[i].second), 200);
        tern_check_status(tern_test_get(t, at, IF_NONE_MATCH(tag)), 200);
    }
}

TERN_TEST(a_write_of_a_row_that_was_changed_since_is_412)
{
    for (size_t i = 0; i < TAGGED; i++) {
        const char *at = new_row(t, tagged[i].path, tagged[i].first), *old = tag_of(t, at);
        tern_answer *a = tern_test_patch(t, at, .json = tagged[i].second, IF_MATCH(old));
        tern_check_status(a, 200);
        tern_check_text(tern_answer_header_of(a, "ETag"), tag_of(t, at));
        tern_check_status(tern_test_patch(t, at, .json = tagged[i].second, IF_MATCH(old)), 412);
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_MATCH(old)), 412);
        tern_check_status(tern_test_delete(t, at, IF_MATCH(old)), 412);
        const char *tag = tag_of(t, at);
        tern_check_status(tern_test_delete(t, at, IF_MATCH(tern_test_sprintf(t, "W/%s", tag))), 412);
        tern_check_status(tern_test_delete(t, at, IF_NONE_MATCH("*")), 412);
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_NONE_MATCH(tag)), 412);
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_MATCH("nonsense")), 400);
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_NONE_MATCH("*, \"a\"")), 400);
        a = tern_test_put(t, at, .json = "{}", IF_MATCH(tern_test_sprintf(t, "\"other\", %s", tag)));
        tern_check_status(a, 200);
        tern_check_header(a, "ETag", NULL); /* RFC 9110 section 9.3.4 */
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_MATCH("*")), 200);
        tern_check_status(tern_test_delete(t, at, IF_MATCH(tag_of(t, at))), 204);
        tern_check_status(tern_test_delete(t, at, IF_MATCH("*")),
                          404); /* no condition holds or fails of nothing */
        tern_check_status(tern_test_put(t, at, .json = "{}", IF_NONE_MATCH("*")), 404);
    }
}

TERN_TEST(a_row_made_again_has_another_tag_than_the_one_before)
{
    const char *at = new_row(t, "/notes", "{\"text\":\"a\"}"), *old = tag_of(t, at);
    tern_check_status(tern_test_patch(t, at, .json = "{\"text\":\"b\"}"), 200);
    tern_check_status(tern_test_patch(t, at, .json = "{\"text\":\"a\"}"), 200);
    tern_check(strcmp(tag_of(t, at), old) != 0); /* its version */
    at = new_row(t, "/labels", "{\"name\":\"y\",\"price\":1}");
    old = tag_of(t, at);
    tern_check_status(tern_test_delete(t, at), 204);
    tern_check(strcmp(tag_of(t, new_row(t, "/labels", "{\"name\":\"y\",\"price\":2}")), old) != 0);
}

TERN_TEST(a_resource_may_need_if_match)
{
    const char *at = new_row(t, "/strict", "{\"text\":\"a\"}");
    tern_check_status(tern_test_patch(t, at, .json = "{}"), 428);
    tern_check_status(tern_test_put(t, at, .json = "{}"), 428);
    tern_check_status(tern_test_delete(t, at), 428);
    tern_check_status(tern_test_delete(t, "/strict/999999"), 404);
    tern_check_status(tern_test_patch(t, at, .json = "{\"text\":\"c\"}", IF_MATCH("\"x\"")), 412);
    tern_check_status(tern_test_patch(t, at, .json = "{\"text\":\"b\"}", IF_MATCH(tag_of(t, at))), 200);
    tern_check_status(tern_test_delete(t, at, IF_MATCH("*")), 204);
}

TERN_TEST(a_list_that_is_known_is_304)
{
    tern_check_status(tern_test_post(t, "/fill/3"), 204);
    const char *tag = tag_of(t, "/others?size=2");
    tern_check_status(tern_test_get(t, "/others?size=2", IF_NONE_MATCH(tag)), 304);
    tern_check_status(tern_test_get(t, "/others?size=3", IF_NONE_MATCH(tag)), 200);
    tern_check_status(tern_test_post(t, "/fill/1"), 204);
    tern_check_status(tern_test_get(t, "/others?size=2", IF_NONE_MATCH(tag)), 200);
}

TERN_TEST(the_document_has_tags_and_conditions)
{
    tern_answer *a = tern_test_get(t, "/openapi.json");
    tern_check_json(a, "/paths/~1notes~1{id}/get/responses/304/headers/ETag/schema/type", "\"string\"");
    tern_check_json(a, "/paths/~1notes~1{id}/get/responses/200/headers/ETag/schema/type", "\"string\"");
    tern_check_json(a, "/paths/~1notes/post/responses/201/headers/ETag/schema/type", "\"string\"");
    tern_check_json(a, "/paths/~1notes~1{id}/put/responses/200/headers", NULL);
    tern_check_json(a, "/paths/~1notes~1{id}/delete/responses/412/description", "\"Precondition Failed\"");
    tern_check_json(a, "/paths/~1notes~1{id}/delete/responses/428", NULL);
    tern_check_json(a, "/paths/~1strict~1{id}/delete/responses/428/description", "\"Precondition Required\"");
    tern_check_json(
        a, "/paths/~1strict~1{id}/delete/parameters/1",
        "{\"name\":\"If-Match\",\"in\":\"header\",\"required\":true,\"schema\":{\"type\":\"string\"}}");
}

/* -- related rows -- */

/** Two novels of one writer, the second with two themes. */
static const char *add_novels(tern_test *t)
{
    const char *writer = new_row(t, "/writers", "{\"name\":\"Le Guin\"}") + strlen("/writers/");
    const char *first = tern_test_sprintf(t, "{\"title\":\"Malafrena\",\"writer_id\":%s}", writer),
               *second = tern_test_sprintf(t, "{\"title\":\"The Dispossessed\",\"writer_id\":%s}", writer);
    new_row(t, "/novels", first);
    const char *at = new_row(t, "/novels", second);
    for (int i = 0; i < 2; i++) {
        const char *theme =
            new_row(t, "/themes", i == 0 ? "{\"name\":\"anarchy\"}" : "{\"name\":\"moons\"}") +
            strlen("/themes/");
        new_row(t, "/novel-themes",
                tern_test_sprintf(t, "{\"novel_id\":%s,\"theme_id\":%s}", at + strlen("/novels/"), theme));
    }
    return at;
}

TERN_TEST(related_rows_come_when_they_are_asked_for)
{
    const char *at = add_novels(t);
    tern_answer *a = tern_test_get(t, at);
    tern_check(tern_value_find(tern_answer_json(a), "/by/name") == NULL);
    a = tern_test_get(t, tern_test_sprintf(t, "%s?include=by,themes", at));
    tern_check_json(a, "/by/name", "\"Le Guin\"");
    tern_check_json(a, "/themes/1/name", "\"moons\"");
    a = tern_test_get(t, "/novels?include=themes&order=title");
    tern_check_json(a, "/items/0/themes", "[]");
    tern_check_json(a, "/items/1/themes/0/name", "\"anarchy\"");
    tern_check(tern_value_find(tern_answer_json(a), "/items/0/by/name") == NULL);
    a = tern_test_get(t, "/novels?include=by&fields=title&order=title&size=1");
    tern_check_json(a, "/items/0/by/name", "\"Le Guin\"");
    tern_check_json(a, "/items/0/id", NULL);
    tern_check_text(tern_test_get(t, "/novels?include=")->body, tern_test_get(t, "/novels")->body);
}

TERN_TEST(a_name_that_is_not_to_be_included_is_422_with_those_that_are)
{
    const char *at = add_novels(t);
    static const char *const names[] = {"author", "title", "by,x", ",", "by,,themes", "writer", "BY", NULL};
    for (size_t i = 0; names[i] != NULL; i++) {
        check_refused(t, tern_test_sprintf(t, "/novels?include=%s", names[i]), "include", "not_a_relation");
        check_refused(t, tern_test_sprintf(t, "%s?include=%s", at, names[i]), "include", "not_a_relation");
    }
    tern_check_json(tern_test_get(t, "/novels?include=x"), "/errors/0/message", "\"must be of: by, themes\"");
    tern_check_status(tern_test_get(t, "/notes?include=x"),
                      200); /* an unknown name in the query, as everywhere */
}

TERN_TEST(the_document_lists_what_may_be_included)
{
    tern_answer *a = tern_test_get(t, "/openapi.json");
    tern_check_json(a, "/paths/~1novels~1{id}/get/parameters/1/schema/items/enum", "[\"by\",\"themes\"]");
    tern_check(strstr(a->body, "\"name\":\"include\"") != NULL);
    tern_check_json(a, "/paths/~1novels~1{id}/get/parameters/1/name", "\"include\"");
    tern_check_json(a, "/paths/~1notes~1{id}/get/parameters/1/name", "\"If-None-Match\"");
}

TERN_TEST(a_row_with_related_ones_has_another_tag_that_holds_for_writing)
{
    const char *at = add_novels(t), *with = tern_test_sprintf(t, "%s?include=themes", at);
    const char *tag = tag_of(t, with);
    tern_check(strcmp(tag, tag_of(t, at)) != 0);
    tern_check_status(tern_test_get(t, with, IF_NONE_MATCH(tag)), 304);
    tern_check_status(tern_test_get(t, at, IF_NONE_MATCH(tag)), 200);
    tern_check_status(tern_test_patch(t, at, .json = "{\"title\":\"An Ambiguous Utopia\"}", IF_MATCH(tag)),
                      200);
    tern_check_status(tern_test_patch(t, at, .json = "{\"title\":\"x\"}", IF_MATCH(tag)), 412);
}

/** The tests with --tap, as test_paging.py calls them; else a server. */
int main(int argc, char **argv)
{
    setenv("TERN_DATABASE_URL", "sqlite::memory:", 0);
    if (argc > 1 && strcmp(argv[1], "--tap") == 0)
        return tern_test_main(make_app, argc, argv);
    return tern_run(make_app(), argc, argv);
}
