/** A page that joins what other services know of a city: its place, its weather, a rate of exchange. */
#include "travel.h"

#include <stdlib.h>

TERN_MODEL(City,
    (const char *, name, .in = TERN_FROM_PATH, .min_length = 1, .max_length = 60))

/* What the services reply; they may send more than this. */
TERN_MODEL(Place,
    (double,       latitude),
    (double,       longitude),
    (const char *, currency))
TERN_MODEL(Weather,
    (double,       degrees, .help = "Celsius"),
    (const char *, sky))
TERN_MODEL(Rate,
    (double,       value, .min = 0))

TERN_MODEL(Report,
    (const char *, city),
    (const char *, sky,     .optional = true),
    (double,       degrees, .optional = true),
    (double,       euros,   .help = "for one unit of the city's currency"))

/** Where the services are: TRAVEL_API, for tests with a server of your own. */
static const char *address(tern_ctx *c, const char *path)
{
    const char *base = getenv("TRAVEL_API");
    return tern_sprintf(c, "%s%s", base != NULL ? base : "https://travel.example", path);
}

typedef struct weather_task {
    const Place *place;
    Weather *found; /* NULL: the weather is unknown */
} weather_task;

/** Runs beside the handler. A report without the weather is better than none, so its errors are not the handler's. */
static void look_outside(tern_ctx *c, void *arg)
{
    weather_task *task = arg;
    tern_fetched *reply =
        tern_fetch_try(c, address(c, "/weather"), .into = TERN_TYPE(Weather), .timeout_ms = 500,
                       .query = TERN_PAIRS("lat", tern_sprintf(c, "%.2f", task->place->latitude), "lon",
                                           tern_sprintf(c, "%.2f", task->place->longitude)));
    task->found = reply->value;
}

TERN_HANDLER(get_report, City, in)
{
    Place *place = tern_fetch_json(c, Place, address(c, "/places"), .query = TERN_PAIRS("name", in->name));
    weather_task outside = {.place = place};
    tern_task *task = tern_go(c, look_outside, &outside);
    Rate *rate = tern_fetch_json(c, Rate, address(c, "/rates"),
                                 .query = TERN_PAIRS("from", place->currency, "to", "EUR"), .hedge_ms = 100);
    tern_wait(c, task);
    Report report = {.city = in->name, .euros = rate->value};
    if (outside.found != NULL) {
        report.sky = outside.found->sky;
        report.degrees = outside.found->degrees;
    } else {
        report.tern_state.sky = report.tern_state.degrees = TERN_STATE_ABSENT;
    }
    return tern_json(c, Report, &report);
}

tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Travel", .version = "1.0");
    tern_fetch_defaults(app, .user_agent = "travel/1.0", .timeout_ms = 2000);
    tern_get(app, "/cities/{name}", get_report, .returns = TERN_TYPE(Report), .not_fuzzed = true);
    return app;
}
