/**
 * An application with a fault of every kind, each in its own route, and correct routes with every kind of
 * field. test_fuzz.py looks for the faults, and compiles this file again with the printed tests.
 */
#include <tern.h>
#include <tern/test.h>

#include <stdlib.h>
#include <string.h>

/* clang-format off */
TERN_ENUM(Color, red, green, blue)

TERN_MODEL(Row,
    (int64_t,      id,   .key = true, .read_only = true),
    (const char *, name, .min_length = 1, .max_length = 40),
    (int32_t,      rank, .fallback = "0"))

TERN_MODEL(RowChange,
    (int64_t,      id),
    (const char *, name, .optional = true, .nullable = false, .max_length = 40),
    (int32_t,      rank, .optional = true, .nullable = false))

TERN_MODEL(Paging,
    (int, page, .fallback = "1", .min = 1),
    (int, size, .fallback = "20", .min = 2, .max = 100))

TERN_MODEL(Account,
    (int64_t,      id,       .read_only = true, .optional = true),
    (const char *, email,    .format = "email"),
    (const char *, password, .write_only = true, .min_length = 8, .max_length = 60),
    (const char *, note,     .optional = true, .read_only = true))

TERN_MODEL(Line,
    (const char *, code,   .pattern = "^[A-Z]{2}-[0-9]{3,5}$"),
    (int,          copies, .min = 1, .max = 100))

TERN_MODEL(Order,
    (Line_list, lines, .min_items = 1, .max_items = 4))

TERN_MODEL(Word,
    (const char *, word, .min_length = 2, .max_length = 12))

TERN_MODEL(Count,
    (int64_t, count, .min = 0))

/* every kind, with and without rules */
TERN_MODEL(Inner,
    (const char *, label, .max_length = 8),
    (tern_decimal, price, .min = 0, .max = 100))

TERN_MODEL(Everything,
    (bool,             flag),
    (int8_t,           tiny),
    (int16_t,          small, .multiple_of = 5),
    (int64_t,          large, .optional = true),
    (uint8_t,          byte, .max = 200),
    (uint64_t,         most),
    (float,            narrow, .above = 0, .max = 10),
    (double,           wide, .min = -1.5, .below = 1.5),
    (const char *,     text, .optional = true),
    (const char *,     bounded, .min_length = 3, .max_length = 9),
    (const char *,     choice, .choices = TERN_CHOICES("low", "high")),
    (const char *,     site, .format = "uri", .optional = true),
    (const char *,     host, .format = "hostname", .optional = true),
    (const char *,     address, .format = "ipv4", .optional = true),
    (const char *,     slug, .pattern = "^[a-z0-9]+(-[a-z0-9]+)*$", .max_length = 30),
    (tern_bytes,       blob, .max_length = 16, .optional = true),
    (tern_uuid,        token, .optional = true),
    (tern_date,        day, .at_least = "2000-01-01"),
    (tern_date,        soon, .at_least = "today", .optional = true),
    (tern_time,        hour, .optional = true),
    (tern_datetime,    moment, .at_most = "now+P30D", .optional = true),
    (tern_duration,    span, .at_most = "PT1H", .optional = true),
    (tern_decimal,     amount, .above = 0, .max = 1000, .multiple_of = 0.01),
    (tern_any,         free, .optional = true),
    (Color,            color),
    (Inner,            inner),
    (Inner_list,       inners, .max_items = 3, .optional = true),
    (tern_text_list, tags, .unique_items = true, .max_items = 4,
     .items = TERN_RULES(.min_length = 1, .max_length = 5)),
    (tern_int32_map,   counts, .optional = true, .items = TERN_RULES(.min = 0)),
    (const char *,     kept, .nullable = true),
    (int64_t,          given, .read_only = true))

TERN_MODEL(Asked,
    (int64_t,          id),
    (const char *,     words, .max_length = 10, .optional = true),
    (int,              limit, .min = 1, .max = 50, .fallback = "10"),
    (double,           ratio, .optional = true, .min = 0, .max = 1),
    (bool,             strict, .optional = true),
    (Color,            color, .optional = true),
    (tern_int32_list,  ids, .optional = true, .max_items = 3),
    (tern_date,        since, .optional = true),
    (tern_uuid,        trace, .in = TERN_FROM_HEADER, .optional = true),
    (int, retries, .in = TERN_FROM_HEADER, .json = "X-Retries", .optional = true, .min = 0, .max = 3),
    (const char *, theme, .in = TERN_FROM_COOKIE, .optional = true, .choices = TERN_CHOICES("dark", "light")))

TERN_MODEL(Form,
    (const char *,    name, .min_length = 2, .max_length = 10),
    (int,             age, .min = 0, .max = 150),
    (bool,            news, .fallback = "false"),
    (tern_text_list,  tags, .max_items = 3, .optional = true))

TERN_MODEL(Picture,
    (const char *, title, .max_length = 10),
    (tern_upload,  file, .max_length = 1000))
/* clang-format on */

/* -- correct routes -- */

TERN_HANDLER(take_everything, Everything, in)
{
    in->given = 7;
    return tern_json(c, Everything, in);
}

TERN_HANDLER(take_asked, Asked, in)
{
    const Count count = {.count = in->limit};
    return tern_json(c, Count, &count);
}

TERN_HANDLER(take_form, Form, in)
{
    return tern_json(c, Form, in);
}

TERN_HANDLER(take_picture, Picture, in)
{
    const Count count = {.count = (int64_t)in->file.size};
    return tern_json(c, Count, &count);
}

TERN_HANDLER(take_account, Account, in)
{
    in->id = 1;
    return tern_json(c, Account, in);
}

TERN_HANDLER(add_row, Row, in)
{
    tern_insert(c, Row, in);
    return tern_created(c, Row, in);
}

TERN_HANDLER(list_rows, Paging, in)
{
    Row_list rows = tern_select(c, Row, .order_by = "id", .limit = in->size,
                                .offset = (int64_t)(in->page - 1) * in->size);
    return tern_page(c, Row, rows, tern_count(c, Row));
}

TERN_HANDLER(get_row, tern_by_id, in)
{
    return tern_json(c, Row, tern_get_or_404(c, Row, in->id));
}

/* -- faults -- */

TERN_HANDLER(crash, RowChange, in)
{
    Row *row = tern_get_or_404(c, Row, in->id);
    if (tern_given(c, rank) && in->rank == INT32_MAX)
        abort();
    return tern_json(c, Row, row);
}

TERN_HANDLER(hang, Word, in)
{
    for (volatile bool is_stuck = strlen(in->word) == 12; is_stuck;)
        ;
    return tern_json(c, Word, in);
}

TERN_HANDLER(leak, Word, in)
{
    if (in->word[0] == '%')
        *(volatile char *)malloc(77) = 'x';
    return tern_json(c, Word, in);
}

static void write_half(tern_ctx *c, tern_stream *out, void *arg)
{
    (void)arg;
    tern_stream_printf(out, "half of it");
    tern_stream_flush(out);
    tern_fail(c, 500, "and no more");
}

TERN_HANDLER(half)
{
    return tern_stream_reply(c, "text/plain", write_half, NULL);
}

TERN_HANDLER(fail_late, RowChange, in)
{
    Row *row = tern_get_or_404(c, Row, in->id);
    if (tern_given(c, rank) && in->rank < 0)
        tern_fail(c, 500, "a negative rank was not thought of");
    return tern_json(c, Row, row);
}

TERN_HANDLER(fail_nested, Order, in)
{
    const Count count = {.count = (int64_t)in->lines.count};
    for (size_t i = 0; i < in->lines.count; i++)
        if (in->lines.items[i].copies == 100)
            tern_fail(c, 503, "so many were not thought of");
    return tern_json(c, Count, &count);
}

TERN_HANDLER(wrong_model)
{
    return tern_json_text(c, "{\"count\":-1}");
}

TERN_HANDLER(wrong_list)
{
    return tern_json_text(c, "[{\"id\":1,\"name\":\"a\",\"rank\":0},{\"id\":2,\"rank\":0}]");
}

TERN_HANDLER(undocumented, Word, in)
{
    return tern_with_status(tern_json(c, Word, in), 202);
}

static tern_reply hide_faults(tern_ctx *c, void *options)
{
    (void)options;
    tern_reply reply = tern_next(c);
    if (reply.status == 422)
        reply.status = 200;
    return reply;
}

static tern_reply hide_what_is_broken(tern_ctx *c, void *options)
{
    (void)options;
    tern_reply reply = tern_next(c);
    if (reply.status == 400)
        reply.status = 200;
    return reply;
}

static tern_reply blame_another(tern_ctx *c, void *options)
{
    (void)options;
    tern_reply reply = tern_next(c);
    return reply.status != 422
               ? reply
               : tern_with_status(
                     tern_json_text(c,
                                    "{\"errors\":[{\"location\":[\"body\",\"name\"],\"code\":\"wrong\"}]}"),
                     422);
}

static tern_reply own_shape(tern_ctx *c, void *options)
{
    (void)options;
    tern_reply reply = tern_next(c);
    return reply.status != 422
               ? reply
               : tern_with_status(tern_json_text(c, "{\"errors\":{\"word\":\"is wrong\"}}"), 422);
}

static tern_reply refuse_edge(tern_ctx *c, void *options)
{
    (void)options;
    tern_reply reply = tern_next(c);
    return reply.status != 200 || reply.len < 23
               ? reply
               : tern_with_status(
                     tern_json_text(
                         c, "{\"errors\":[{\"location\":[\"body\",\"word\"],\"code\":\"too_long\"}]}"),
                     422);
}

TERN_HANDLER(take_word, Word, in)
{
    return tern_json(c, Word, in);
}

TERN_HANDLER(tell_secret, Account, in)
{
    in->id = 1;
    in->note = tern_sprintf(c, "welcome, your password is %s", in->password);
    return tern_json(c, Account, in);
}

TERN_HANDLER(overlap, Paging, in)
{
    Row_list rows = tern_select(c, Row, .order_by = "id", .limit = in->size,
                                .offset = (int64_t)(in->page - 1) * (in->size - 1));
    return tern_page(c, Row, rows, tern_count(c, Row));
}

TERN_HANDLER(no_allow)
{
    return tern_status(c, 405);
}

TERN_HANDLER(no_head)
{
    if (strcmp(tern_method(c), "HEAD") == 0)
        tern_fail(c, 404, "nothing for HEAD");
    return tern_text(c, "something for GET");
}

TERN_HANDLER(never_ends)
{
    for (volatile bool is_stuck = true; is_stuck;)
        ;
    return tern_no_content(c);
}

static void add_sound(tern_app *app)
{
    tern_post(app, "/everything", take_everything, .returns = TERN_TYPE(Everything));
    tern_get(app, "/asked/{id:int}", take_asked, .returns = TERN_TYPE(Count));
    tern_post(app, "/pictures", take_picture, .returns = TERN_TYPE(Count));
    tern_post(app, "/forms", take_form, .returns = TERN_TYPE(Form), .forms = true);
    tern_post(app, "/accounts", take_account, .returns = TERN_TYPE(Account));
    tern_post(app, "/rows", add_row, .returns = TERN_TYPE(Row), .status = 201);
    tern_get(app, "/rows", list_rows, .returns = TERN_LIST(Row), .paged = true);
    tern_get(app, "/rows/{id}", get_row, .returns = TERN_TYPE(Row));
    tern_post(app, "/wrapped", take_word, .takes_in = "word", .wrapped = "word", .returns = TERN_TYPE(Word));
    tern_get(app, "/named", list_rows, .returns = TERN_LIST(Row), .paged = true,
             .page_names = {.items = "rows"});
    tern_post(app, "/own-shape", take_word, .returns = TERN_TYPE(Word),
              .use = TERN_USE(TERN_MIDDLEWARE(own_shape)));
    tern_get(app, "/never", never_ends, .not_fuzzed = true);
}

static void add_faults(tern_app *app)
{
    tern_patch(app, "/rows/{id}/crash", crash, .returns = TERN_TYPE(Row));
    tern_post(app, "/hang", hang, .returns = TERN_TYPE(Word));
    tern_post(app, "/leak", leak, .returns = TERN_TYPE(Word));
    tern_get(app, "/half", half);
    tern_patch(app, "/rows/{id}/late", fail_late, .returns = TERN_TYPE(Row));
    tern_post(app, "/nested", fail_nested, .returns = TERN_TYPE(Count));
    tern_get(app, "/wrong-model", wrong_model, .returns = TERN_TYPE(Count));
    tern_get(app, "/wrong-list", wrong_list, .returns = TERN_LIST(Row));
    tern_post(app, "/undocumented", undocumented, .returns = TERN_TYPE(Word));
    tern_post(app, "/hides", take_word, .use = TERN_USE(TERN_MIDDLEWARE(hide_faults)));
    tern_post(app, "/blames", take_word, .use = TERN_USE(TERN_MIDDLEWARE(blame_another)));
    tern_post(app, "/refuses", take_word, .use = TERN_USE(TERN_MIDDLEWARE(refuse_edge)));
    tern_post(app, "/broken", take_word, .use = TERN_USE(TERN_MIDDLEWARE(hide_what_is_broken)));
    tern_post(app, "/secret", tell_secret, .returns = TERN_TYPE(Account));
    tern_get(app, "/overlap", overlap, .returns = TERN_LIST(Row), .paged = true);
    tern_post(app, "/overlap", add_row, .returns = TERN_TYPE(Row), .status = 201);
    tern_get(app, "/no-allow", no_allow, .hidden = true);
    tern_get(app, "/no-head", no_head);
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Fuzzed", .version = "1.0");
    tern_database(app, TERN_TYPE(Row));
    add_sound(app);
    add_faults(app);
    return app;
}

TERN_FUZZ(finds_faults)
{
}

#ifdef PRINTED_TESTS /* the file that `fuzzed fuzz` has printed */
#include PRINTED_TESTS
#endif

int main(int argc, char **argv)
{
    return tern_test_main(make_app, argc, argv);
}
