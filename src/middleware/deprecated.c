/** Deprecation (RFC 9745) and Sunset (RFC 8594) of routes. */
#include <tern/paths.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct deprecated {
    tern_deprecated_options options;
    char since[32], sunset[40]; /* the headers' values; "" without one */
    int64_t ends_s;             /* from here on 410; 0: never */
} deprecated;

/** "2026-07-01" or "2026-07-01T12:00:00Z" as seconds since 1970; false for other texts. */
static bool read_time(const char *text, int64_t *seconds)
{
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%d", &parts);
    if (end == NULL || end - text != 10)
        return false;
    const struct tm day = parts;
    if (*end == 'T') {
        end = strptime(end, "T%H:%M:%SZ", &parts);
        if (end == NULL)
            return false;
    }
    *seconds = timegm(&parts);
    return *end == '\0' && parts.tm_mday == day.tm_mday && parts.tm_mon == day.tm_mon; /* not 31 February */
}

static bool is_link(const char *text)
{
    return strpbrk(text, " <>\"\t\r\n") == NULL && (text[0] == '/' || strstr(text, "://") != NULL);
}

static void prepare(tern_app *app, void *options)
{
    deprecated *d = options;
    int64_t since = 0, sunset = 0;
    if (d == NULL) {
        tern_mistake(app, "deprecated: out of memory");
        return;
    }
    const tern_deprecated_options *o = &d->options;
    static const char form[] = "write \"2026-07-01\" or \"2026-07-01T12:00:00Z\"";
    if (o->since == NULL)
        tern_mistake(app, "deprecated: .since is missing: %s", form);
    else if (!read_time(o->since, &since))
        tern_mistake(app, "deprecated: .since is \"%s\": %s", o->since, form);
    if (o->sunset != NULL && !read_time(o->sunset, &sunset))
        tern_mistake(app, "deprecated: .sunset is \"%s\": %s", o->sunset, form);
    else if (o->sunset != NULL && sunset < since)
        tern_mistake(app, "deprecated: .sunset (\"%s\") is before .since (\"%s\")", o->sunset, o->since);
    if (o->ends && o->sunset == NULL)
        tern_mistake(app, "deprecated: .ends needs a .sunset: %s", form);
    if (o->link != NULL && !is_link(o->link))
        tern_mistake(app, "deprecated: .link is \"%s\": use an address like \"https://example.org/v1-ends\"",
                     o->link);
    time_t at = (time_t)sunset;
    struct tm parts;
    snprintf(d->since, sizeof d->since, "@%lld", (long long)since);
    if (o->sunset != NULL && gmtime_r(&at, &parts) != NULL)
        strftime(d->sunset, sizeof d->sunset, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    d->ends_s = o->ends ? sunset : 0;
}

static void mark(tern_ctx *c, void *options)
{
    const deprecated *d = options;
    if (tern_reply_header(c, "Deprecation") != NULL)
        return; /* of a piece further inside, which knows better */
    tern_set_header(c, "Deprecation", d->since);
    if (d->sunset[0] != '\0')
        tern_set_header(c, "Sunset", d->sunset);
    if (d->options.link != NULL)
        tern_add_header(c, "Link",
                        tern_sprintf(c, "<%s>; rel=\"%s\"", d->options.link,
                                     d->sunset[0] != '\0' ? "deprecation sunset" : "deprecation"));
}

static tern_reply run(tern_ctx *c, void *options)
{
    const deprecated *d = options;
    tern_reply reply;
    if (d->ends_s != 0 && time(NULL) >= d->ends_s)
        reply = tern_problem_reply(
            c, &(tern_problem){.status = 410,
                               .detail = tern_sprintf(c, "this part of the API has ended on %s%s%s",
                                                      d->sunset, d->options.link != NULL ? ": see " : "",
                                                      d->options.link != NULL ? d->options.link : "")});
    else
        reply = tern_next(c);
    mark(c, options);
    return reply;
}

tern_middleware tern_deprecated_with(const tern_deprecated_options *options)
{
    deprecated d = {.options = *options};
    return (tern_middleware){.name = "deprecated",
                             .run = run,
                             .options = tern_keep(&d, sizeof d),
                             .skip = options->skip,
                             .prepare = prepare,
                             .mark = mark,
                             .answers = options->ends ? "410" : NULL,
                             .headers = options->sunset != NULL ? "Deprecation, Sunset" : "Deprecation",
                             .deprecates = true,
                             .stage = TERN_STAGE_HEADERS,
                             .repeats = true};
}
