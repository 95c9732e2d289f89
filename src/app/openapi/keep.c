/** Copies of the lists in a route's options, which live as long as the application. */
#include "app/openapi/openapi.h"

#include <string.h>

static const tern_described_header *keep_headers(tern_app *app, const tern_described_header *list)
{
    size_t count = 0;
    while (list != NULL && list[count].name != NULL)
        count++;
    tern_described_header *kept = count != 0 ? app_keep(app, (count + 1) * sizeof *kept) : NULL;
    for (size_t i = 0; i < count && kept != NULL; i++) {
        kept[i] = list[i];
        kept[i].name = app_keep_text(app, list[i].name);
        kept[i].description = app_keep_text(app, list[i].description);
    }
    return kept;
}

static const tern_example *keep_examples(tern_app *app, const tern_example *list)
{
    size_t count = 0;
    while (list != NULL && list[count].name != NULL)
        count++;
    tern_example *kept = count != 0 ? app_keep(app, (count + 1) * sizeof *kept) : NULL;
    for (size_t i = 0; i < count && kept != NULL; i++) {
        kept[i] = list[i];
        kept[i].name = app_keep_text(app, list[i].name);
        kept[i].value = app_keep_text(app, list[i].value);
        kept[i].summary = app_keep_text(app, list[i].summary);
        kept[i].parameter = app_keep_text(app, list[i].parameter);
    }
    return kept;
}

static const tern_callback *keep_callbacks(tern_app *app, const tern_callback *list)
{
    size_t count = 0;
    while (list != NULL && list[count].name != NULL)
        count++;
    tern_callback *kept = count != 0 ? app_keep(app, (count + 1) * sizeof *kept) : NULL;
    for (size_t i = 0; i < count && kept != NULL; i++) {
        kept[i] = list[i];
        kept[i].name = app_keep_text(app, list[i].name);
        kept[i].url = app_keep_text(app, list[i].url);
        kept[i].method = app_keep_text(app, list[i].method);
        kept[i].summary = app_keep_text(app, list[i].summary);
        kept[i].description = app_keep_text(app, list[i].description);
    }
    return kept;
}

static const tern_next_request *keep_links(tern_app *app, const tern_next_request *list)
{
    size_t count = 0;
    while (list != NULL && list[count].route != NULL)
        count++;
    tern_next_request *kept = count != 0 ? app_keep(app, (count + 1) * sizeof *kept) : NULL;
    for (size_t i = 0; i < count && kept != NULL; i++)
        kept[i] = (tern_next_request){
            .route = app_keep_text(app, list[i].route),
            .parameters = app_keep_text(app, list[i].parameters),
            .name = app_keep_text(app, list[i].name),
            .description = app_keep_text(app, list[i].description),
        };
    return kept;
}

void openapi_keep_options(tern_app *app, tern_route_options *options)
{
    options->problems = app_keep_text(app, options->problems);
    options->reply_headers = keep_headers(app, options->reply_headers);
    options->examples = keep_examples(app, options->examples);
    options->links = keep_links(app, options->links);
    options->callbacks = keep_callbacks(app, options->callbacks);
}
