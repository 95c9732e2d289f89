#include "check.h"

#include "app/bind/bind.h"
#include "app/ctx.h"
#include "app/docs_page/docs_page.h"

#include <string.h>

static const char *page_of(tern_app *app)
{
    buf problems = {0};
    if (!app_prepare(app, &problems))
        check_fail(__FILE__, __LINE__, "is not prepared: %s", problems.data);
    buf_free(&problems);
    return app->docs_files != NULL ? app->docs_files[DOCS_PAGE].data : NULL;
}

static void forget(tern_app *app)
{
    app_free(app);
    schema_forget();
    bind_forget();
}

TEST(page_names_its_own_files_and_the_document)
{
    tern_app *app = tern_app_new(.docs_path = "/manual", .openapi_path = "/api.json");
    const char *page = page_of(app);
    CHECK(strstr(page, "href=\"/manual/style.css\"") != NULL);
    CHECK(strstr(page, "src=\"/manual/script.js\"") != NULL);
    CHECK(strstr(page, "href=\"/api.json\" id=\"source\"") != NULL);
    CHECK(strchr(page, '{') == NULL);
    forget(app);
}

TEST(page_at_the_root_asks_no_host_named_like_its_files)
{
    tern_app *app = tern_app_new(.docs_path = "/");
    CHECK(strstr(page_of(app), "href=\"/style.css\"") != NULL);
    forget(app);
}

TEST(page_is_switched_off_by_itself_and_with_the_document)
{
    tern_app *without = tern_app_new(.docs_path = ""), *without_document = tern_app_new(.openapi_path = "");
    CHECK(page_of(without) == NULL);
    CHECK(page_of(without_document) == NULL);
    app_free(without);
    forget(without_document);
}
