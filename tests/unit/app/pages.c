/** The format of pages: the names of their fields, set by the application and by routes. */
#include "app/bind/bind.h"
#include "app/page/shape.h"
#include "app/test/internal.h"

#include "check.h"

#include <tern/json.h>

#include <string.h>

TERN_MODEL(Leaf, (int64_t, id, .key = true))

TERN_HANDLER(list_leaves)
{
    return tern_page(c, Leaf, ((Leaf_list){NULL, 0}), 0);
}

/** The shape of the only route's pages, as "items,total,next"; the problems when there are any. */
static void check_shape(const tern_app_options *app_options, tern_route_options options, const char *want)
{
    buf said = {0};
    tern_app *app = tern_app_new_with(app_options);
    options.file = "a.c";
    options.line = 1;
    options.returns = TERN_LIST(Leaf);
    tern_route(tern_app_root(app), "GET", "/a", list_leaves, &options);
    if (app_compile(app, &said)) {
        const page_shape *shape = router_at(app->router, 0)->page;
        for (unsigned i = 0; i < PAGE_FIELDS; i++)
            if (shape->names[i] != NULL)
                buf_add_printf(&said, "%s%s", said.len != 0 ? "," : "", shape->names[i]);
    }
    CHECK_TEXT(said.data, want);
    buf_free(&said);
    app_free(app);
    schema_forget();
    bind_forget();
}

#define SHAPE(app_names, want, ...)                                                                          \
    check_shape(&(tern_app_options){.page_names = {TERN_UNWRAP_ app_names}},                                 \
                (tern_route_options){.paged = true, __VA_ARGS__}, want)

TEST(a_page_has_the_names_of_its_route_before_those_of_the_application)
{
    SHAPE((.items = NULL), "items,total,next");
    SHAPE((.items = "data"), "data,total,next");
    SHAPE((.items = "data", .next = TERN_LEFT_OUT), "list,total", .page_names = {.items = "list"});
    SHAPE((.items = "data", .next = TERN_LEFT_OUT), "data,total,cursor", .page_names = {.next = "cursor"});
    SHAPE((.items = NULL), "articles,articlesCount",
          .page_names = {.items = "articles", .total = "articlesCount", .next = TERN_LEFT_OUT});
    SHAPE((.page = "page", .size = "size"), "items,total,page,size,more,next",
          .page_names = {.has_next = "more"});
    SHAPE((.page = "page"), "items", .page_names = {.total = "-", .page = "-", .next = "-"});
}

TEST(a_page_has_the_fields_of_its_total)
{
    SHAPE((.items = NULL), "items,total,total_is_estimate,next", .total = TERN_TOTAL_ESTIMATE);
    SHAPE((.items = NULL), "items,has_next,next", .total = TERN_TOTAL_NONE);
    SHAPE((.total = "count"), "items,more,next", .total = TERN_TOTAL_NONE,
          .page_names = {.has_next = "more"});
    SHAPE((.total_is_estimate = "about"), "items,total,next");
    SHAPE((.total_is_estimate = "about"), "items,total,about,next", .total = TERN_TOTAL_ESTIMATE);
}

TEST(names_of_a_page_that_are_equal_or_empty_are_refused_at_start)
{
    SHAPE((.items = NULL),
          "a.c:1: GET /a: .page_names gives items and total the same name, \"x\": rename one\n",
          .page_names = {.items = "x", .total = "x"});
    SHAPE((.items = NULL),
          "a.c:1: GET /a: .page_names gives items and next the same name, \"next\": rename one\n",
          .page_names = {.items = "next"});
    SHAPE((.items = NULL),
          "a.c:1: GET /a: .page_names.total is empty: name it, or leave it out with TERN_LEFT_OUT\n",
          .page_names = {.total = ""});
    SHAPE((.items = NULL), "a.c:1: GET /a: .page_names leaves out the items, but every page needs them\n",
          .page_names = {.items = TERN_LEFT_OUT});
    SHAPE((.page = "total"),
          "application: .page_names gives total and page the same name, \"total\": rename one\n");
}

TEST(settings_of_pages_are_refused_without_pages)
{
    const char *const want = "a.c:1: GET /a: .total and .page_names are for pages: add .paged = true\n";
    check_shape(&(tern_app_options){0}, (tern_route_options){.total = TERN_TOTAL_NONE}, want);
    check_shape(&(tern_app_options){0}, (tern_route_options){.page_names = {.size = "size"}}, want);
}
