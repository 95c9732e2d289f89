/**
 * An application that has a given number of one thing, for bench/growth.py.
 *
 *     GROWTH=routes:1000 build/release/bench/growth --check
 *
 * It registers by the public API alone. What grows with a request is in requests.c.
 */
#include "growth.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TERN_MODEL(Part,
    (int64_t,      id,     .key = true),
    (const char *, title,  .min_length = 1, .max_length = 120),
    (int,          amount, .min = 0),
    (double,       weight, .optional = true),
    (bool,         done,   .optional = true),
    (tern_date,    due,    .optional = true),
    (tern_uuid,    serial, .optional = true),
    (const char *, note,   .optional = true))

/** Text that lasts as long as the program. */
__attribute__((format(printf, 1, 2))) static const char *kept(const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        exit(1);
    va_end(args);
    return text;
}

static void *kept_copy(const void *value, size_t size)
{
    void *copy = malloc(size);
    if (copy == NULL)
        exit(1);
    return memcpy(copy, value, size);
}

static tern_reply answer(tern_ctx *c)
{
    return tern_text(c, "ok");
}

/** What TERN_HANDLER makes, with a name made at run time. */
static const tern_handler *new_handler(const char *name, tern_type *input)
{
    const tern_handler made = {
        .name = name, .run = answer, .file = __FILE__, .line = __LINE__, .input = input};
    return kept_copy(&made, sizeof made);
}

/** What TERN_MODEL makes, with a name made at run time, and fields of its own when one is to differ. */
static tern_type *new_model(const char *name, size_t most)
{
    tern_type *model = kept_copy(&Part_type, sizeof Part_type);
    model->name = name;
    model->plan = NULL;
    if (most != 0) {
        model->fields = kept_copy(Part_fields, sizeof Part_fields);
        model->fields[1].max_length = most;
    }
    return model;
}

/* -- routes -- */

static void add_routes(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        tern_get(app, kept("/things/%u", i), new_handler(kept("get_thing_%u", i), NULL));
}

static void add_routes_of_one_handler(tern_app *app, unsigned count)
{
    static const tern_handler same = {.name = "get_thing", .run = answer, .file = __FILE__, .line = __LINE__};
    for (unsigned i = 0; i < count; i++)
        tern_get(app, kept("/things/%u", i), &same);
}

static void add_routes_with_parameters(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        tern_get(app, kept("/things-%u/{id}/parts/{part}", i), new_handler(kept("get_%u", i), NULL));
}

static void add_tags(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        tern_get(app, kept("/things/%u", i), new_handler(kept("get_thing_%u", i), NULL),
                 .tags = kept("tag %u", i));
}

static void add_hosts(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        tern_group *group = tern_group_new(app, "", .host = kept("h%u.example.org", i));
        tern_get(group, "/", new_handler(kept("host_%u", i), NULL));
    }
}

static void add_groups(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        tern_group *group = tern_group_new(app, kept("/group-%u", i));
        tern_get(group, "/", new_handler(kept("group_%u", i), NULL));
    }
}

static tern_reply pass_on(tern_ctx *c, void *options)
{
    (void)options;
    return tern_next(c);
}

static void add_middleware(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        tern_use(app, TERN_MIDDLEWARE(pass_on));
    tern_get(app, "/", new_handler("root", NULL));
}

static void add_schemes(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        tern_security(app, kept("key%u", i), .type = TERN_SECURITY_BEARER);
        tern_get(app, kept("/%u", i), new_handler(kept("get_%u", i), NULL), .security = kept("key%u", i));
    }
}

static bool start(void *arg)
{
    return arg == NULL;
}

static void add_hooks(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        tern_on_start(app, start, NULL);
}

/* -- models -- */

static void post_model(tern_app *app, unsigned i, tern_type *model)
{
    tern_post(app, kept("/models-%u", i), new_handler(kept("add_%u", i), model), .returns = model);
    tern_put(app, kept("/models-%u/{id}", i), new_handler(kept("put_%u", i), model), .returns = model);
}

static void add_models(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        post_model(app, i, new_model(kept("Model%u", i), 0));
}

/** As when each of many source files declares a model of that name for itself. */
static void add_models_of_one_name(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        post_model(app, i, new_model("Filter", i + 1));
}

/** As when many source files include one header with the model. */
static void add_model_of_many_files(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        post_model(app, i, new_model("Part", 0));
}

static tern_type **new_tables(unsigned count)
{
    tern_type **models = calloc(count + 1, sizeof *models);
    if (models == NULL)
        exit(1);
    for (unsigned i = 0; i < count; i++)
        models[i] = new_model(kept("Model%u", i), 0);
    return models;
}

static void add_tables(tern_app *app, unsigned count)
{
    tern_database_of(app, &(tern_database_options){.url = "sqlite::memory:"}, new_tables(count));
}

static void add_resources(tern_app *app, unsigned count)
{
    tern_type **models = new_tables(count);
    tern_database_of(app, &(tern_database_options){.url = "sqlite::memory:"}, models);
    for (unsigned i = 0; i < count; i++)
        tern_resource(app, kept("/models-%u", i), models[i]);
}

/** What a large application is: ten routes for each of its models. */
static void add_application(tern_app *app, unsigned count)
{
    for (unsigned i = 0; i < count / 10; i++) {
        tern_type *model = new_model(kept("Model%u", i), 0);
        for (unsigned k = 0; k < 8; k++)
            tern_get(app, kept("/models-%u/{id}/view-%u", i, k),
                     new_handler(kept("get_%u_%u", i, k), TERN_TYPE(tern_by_id)), .returns = model,
                     .tags = kept("tag %u", i));
        post_model(app, i, model);
    }
}

static void add_requests(tern_app *app, unsigned count)
{
    (void)count;
    growth_add_requests(app);
}

static const struct {
    const char *name;
    void (*add)(tern_app *app, unsigned count);
} kinds[] = {
    {"routes", add_routes},
    {"routes-of-one-handler", add_routes_of_one_handler},
    {"routes-with-parameters", add_routes_with_parameters},
    {"tags", add_tags},
    {"hosts", add_hosts},
    {"groups", add_groups},
    {"middleware", add_middleware},
    {"schemes", add_schemes},
    {"hooks", add_hooks},
    {"models", add_models},
    {"models-of-one-name", add_models_of_one_name},
    {"model-of-many-files", add_model_of_many_files},
    {"tables", add_tables},
    {"resources", add_resources},
    {"application", add_application},
    {"requests", add_requests},
};

static unsigned wanted;

static tern_app *make_app(void)
{
    const char *given = getenv("GROWTH"), *colon = given != NULL ? strchr(given, ':') : NULL;
    size_t len = colon != NULL ? (size_t)(colon - given) : 0;
    tern_app *app = tern_app_new(.title = "Growth");
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strlen(kinds[i].name) == len && len != 0 && memcmp(kinds[i].name, given, len) == 0)
            kinds[i].add(app, (unsigned)strtoul(colon + 1, NULL, 10));
    return app;
}

static void test_nothing(tern_test *t)
{
    (void)t;
}

/** `GROWTH=tests:1000 growth tests --list`: a program with so many tests. */
static int run_tests(int argc, char **argv)
{
    const char *given = getenv("GROWTH"), *colon = given != NULL ? strchr(given, ':') : NULL;
    wanted = colon != NULL ? (unsigned)strtoul(colon + 1, NULL, 10) : 1;
    for (unsigned i = 0; i < wanted; i++) {
        const tern_test_case test = {.name = kept("test_%u", i), .run = test_nothing, .file = __FILE__};
        tern_test_register(kept_copy(&test, sizeof test));
    }
    return tern_test_main(make_app, argc, argv);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "tests") == 0)
        return run_tests(argc - 1, argv + 1);
    return tern_run(make_app(), argc, argv);
}
