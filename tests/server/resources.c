/* Resources whose rows are not for everybody: test_resources.py runs these tests. */
#include <tern.h>
#include <tern/test.h>

#include <stdlib.h>
#include <string.h>

/* clang-format off */
TERN_MODEL(Box,
    (int64_t,      id,    .key = true, .read_only = true),
    (const char *, owner, .max_length = 20),
    (int,          size,  .fallback = "1"),
    (const char *, label, .optional = true, .json = "onTop", .column = "top_label"))
/* clang-format on */

static tern_selection own_boxes(tern_ctx *c)
{
    return tern_where(c, "owner = ?", tern_header(c, "X-Owner"));
}

static tern_selection printed_boxes(tern_ctx *c)
{
    return (tern_selection){.where = tern_sprintf(c, "owner = '%s'", tern_header(c, "X-Owner"))};
}

static tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Boxes", .version = "1.0");
    tern_database(app, TERN_TYPE(Box));
    tern_resource(app, "/boxes", TERN_TYPE(Box), .visible = own_boxes);
    tern_resource(app, "/printed", TERN_TYPE(Box), .visible = printed_boxes);
    return app;
}

#define ANN .headers = TERN_HEADERS("X-Owner: ann")
#define BOB .headers = TERN_HEADERS("X-Owner: bob")

static void add_boxes(tern_test *t)
{
    tern_check_status(tern_test_post(t, "/boxes", .json = "{\"owner\":\"ann\",\"size\":2}", ANN), 201);
    tern_check_status(tern_test_post(t, "/boxes", .json = "{\"owner\":\"bob\",\"size\":3}", BOB), 201);
}

TERN_TEST(rows_of_others_are_not_there)
{
    add_boxes(t);
    tern_check_json(tern_test_get(t, "/boxes?fields=id", ANN), "", "{\"items\":[{\"id\":1}],\"total\":1}");
    tern_check_status(tern_test_get(t, "/boxes/1", ANN), 200);
    tern_check_status(tern_test_get(t, "/boxes/1", BOB), 404);
    tern_check_status(tern_test_patch(t, "/boxes/1", .json = "{\"size\":9}", BOB), 404);
    tern_check_status(tern_test_put(t, "/boxes/1", .json = "{\"owner\":\"bob\"}", BOB), 404);
    tern_check_status(tern_test_delete(t, "/boxes/1", BOB), 404);
    tern_check_status(tern_test_delete(t, "/boxes/1", ANN), 204);
}

TERN_TEST(threat_100_a_printed_condition_of_what_is_visible_is_refused)
{
    add_boxes(t);
    const char *const all = "X-Owner: x' or '1'='1";
    tern_check_status(tern_test_get(t, "/printed", .headers = TERN_HEADERS(all)), 500);
    tern_check_status(tern_test_get(t, "/printed/1", .headers = TERN_HEADERS(all)), 500);
}

TERN_TEST(size_is_the_pages_even_where_a_field_has_that_name)
{
    add_boxes(t);
    tern_check_status(tern_test_post(t, "/boxes", .json = "{\"owner\":\"ann\",\"size\":5}", ANN), 201);
    tern_check_json(tern_test_get(t, "/boxes?size=1&fields=id", ANN), "",
                    "{\"items\":[{\"id\":1}],\"total\":2}");
}

TERN_TEST(an_order_is_by_the_names_that_clients_know)
{
    add_boxes(t);
    tern_check_status(tern_test_get(t, "/boxes?order=-onTop,id", ANN), 200);
    tern_check_status(tern_test_get(t, "/boxes?order=top_label", ANN), 422);
}

int main(int argc, char **argv)
{
    setenv("TERN_DATABASE_URL", "sqlite::memory:", 1);
    if (argc > 1 && strcmp(argv[1], "run") == 0)
        return tern_run(make_app(), argc, argv);
    return tern_test_main(make_app, argc, argv);
}
