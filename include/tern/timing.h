/**
 * How long requests take, as their clients can see it.
 *
 *     int64_t began_us = tern_now_us();
 *     Todo_list todos = tern_select(c, Todo);
 *     tern_timing(c, "db", .us = tern_now_us() - began_us, .description = "all todos");
 */
#ifndef TERN_TIMING_H
#define TERN_TIMING_H

#include <tern/middleware.h>

/** Microseconds of a clock that never goes back. */
int64_t tern_now_us(void);

typedef struct tern_response_time_options {
    const char *header; /* default "X-Response-Time" */
    bool (*skip)(tern_ctx *c);
} tern_response_time_options;
tern_middleware tern_response_time_with(const tern_response_time_options *options);
/** A header with the time until the reply was made: "12.345ms". Clients learn from it how the server works: .skip it for
 * those that must not. */
#define tern_response_time(...) tern_response_time_with(&(tern_response_time_options){__VA_ARGS__})

typedef struct tern_server_timing_options {
    bool without_total; /* leave out the metric "total" */
    bool (*skip)(tern_ctx *c);
} tern_server_timing_options;
tern_middleware tern_server_timing_with(const tern_server_timing_options *options);
/** The Server-Timing header, which browsers' tools show: "total", and what tern_timing adds inside. */
#define tern_server_timing(...) tern_server_timing_with(&(tern_server_timing_options){__VA_ARGS__})

typedef struct tern_timing_options {
    int64_t us;              /* how long it took; 0: the metric has no duration */
    const char *description; /* visible ASCII, or NULL */
} tern_timing_options;
/** Adds a metric to the reply's Server-Timing header, or to the one of that name: times are added up. At most 32. `name`
 * is a token ("db"). Does nothing outside of tern_server_timing, or for a name or description that is not valid. */
void tern_timing_with(tern_ctx *c, const char *name, const tern_timing_options *options);
#define tern_timing(c, name, ...) tern_timing_with(c, name, &(tern_timing_options){__VA_ARGS__})

#endif
