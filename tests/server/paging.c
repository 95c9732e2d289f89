/* Pages, cursors and totals of resources and of handlers: test_paging.py runs these tests on both engines,
 * and also runs the program as a server. */
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
    tern_database(app, TERN_TYPE(Thing), TERN_TYPE(Other), TERN_TYPE(Post));
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

/* -- walking the pages -- */

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

/* Equal and nearly equal values of every kind, nulls, and values without an exact decimal form. */
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

TERN_TEST(a_cursor_continues_where_its_page_ended_despite_inserts_and_removals)
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
    for (unsigned i = 0; i < seen.count; i++) /* new rows come first, or (with nulls) last */
        if (old < whole.count && seen.ids[i] == whole.ids[old])
            old++;
    tern_check(old == whole.count);
}

TERN_TEST(a_cursor_of_a_long_text_contains_the_key_and_continues)
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

TERN_TEST(a_cursor_contains_no_value_that_clients_do_not_see)
{
    for (int i = 0; i < 4; i++)
        tern_check_status(
            tern_test_post(t, "/things", .json = tern_test_sprintf(t, "{\"secret\":%d}", 77777770 + i / 2)),
            201);
    const walk whole = walk_all(t, "/secret-order?size=100"), seen = walk_all(t, "/secret-order?size=1");
    check_same(&seen, &whole, "a hidden order");
    const char *next = next_of(tern_test_get(t, "/secret-order?size=1"));
    tern_check(next[0] == 'E' && next[1] >= 'g' && next[1] <= 'v'); /* the form that contains the key */
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

TERN_TEST(a_cursor_is_refused_with_a_page_or_a_search)
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
    tern_check_status(tern_test_get(t, "/posts?after=&page=2"), 200); /* empty counts as missing */
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
    tern_check_json(a, "/total", "11000"); /* the last page has the total */
    tern_check_json(a, "/total_is_estimate", "false");
}

TERN_TEST(a_total_counts_rows_before_the_cursor_too)
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

/* -- cursors in handlers -- */

TERN_TEST(a_handler_pages_by_cursor_under_its_own_parameter)
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

/** Runs the tests with --tap, as test_paging.py calls them; otherwise a server. */
int main(int argc, char **argv)
{
    setenv("TERN_DATABASE_URL", "sqlite::memory:", 0);
    if (argc > 1 && strcmp(argv[1], "--tap") == 0)
        return tern_test_main(make_app, argc, argv);
    return tern_run(make_app(), argc, argv);
}
