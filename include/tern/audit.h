/**
 * An audit log: who did what to what, and when.
 *
 *     tern_audit_log(app, .keep_days = 365);                                                  in main
 *
 *     tern_audit(c, "order.cancel", .object = tern_sprintf(c, "order:%" PRId64, order->id),
 *                .details = "{\"reason\":\"late\"}");
 *
 * An event is a row of the table `audit_event` and a line of the log. The row is part of the transaction that the call is
 * in, if there is one: what is rolled back leaves no row. Its line stays, and says that it was attempted. Give no secrets:
 * Tern adds nothing of the request but its address, its User-Agent and its id. docs/permissions.md has whole programs.
 */
#ifndef TERN_AUDIT_H
#define TERN_AUDIT_H

#include <tern/data.h>

#include <stdbool.h>
#include <stdint.h>

typedef struct tern_audit_options {
    /* Older events are removed, a hundred at a time, by requests that write events; 0: they are kept. */
    unsigned keep_days;
} tern_audit_options;
void tern_audit_log_with(tern_app *app, const tern_audit_options *options);
/** Has the application keep events in its database; without it tern_audit writes the log's line alone. In `main`. */
#define tern_audit_log(app, ...) tern_audit_log_with(app, &(tern_audit_options){__VA_ARGS__})

/** An event as it is stored. Texts that are longer were cut. */
TERN_MODEL_WITH(tern_audit_event, (.table = "audit_event", .indexes = TERN_COLUMNS("user_id, id", "object, id")),
    (int64_t,       id,      .key = true),
    (tern_datetime, at,      .created = true, .index = true),
    (int64_t,       user_id, .optional = true),
    (const char *,  actor,   .optional = true, .max_length = 200),
    (const char *,  action,  .max_length = 100),
    (const char *,  object,  .optional = true, .max_length = 200),
    (const char *,  address, .optional = true, .max_length = 64),
    (const char *,  agent,   .optional = true, .max_length = 200),
    (tern_any,      details, .optional = true))

/** All may be left out. */
typedef struct tern_audit_entry {
    int64_t user;       /* who did it; 0: who is signed in, where that id is a number */
    const char *actor;  /* for people; NULL: the name of who is signed in */
    const char *object; /* what it was done to: "order:42" */
    const char *
        details; /* JSON of at most 4,096 bytes; what is longer or malformed is left out, and the row says so */
    bool
        must; /* a failure to write the row fails the request, as a failed query does; otherwise the log has it */
} tern_audit_entry;
void tern_audit_with(tern_ctx *c, const char *action, const tern_audit_entry *entry);
/** Writes an event. `action` is a word of the application: "login", "order.cancel". */
#define tern_audit(c, action, ...) tern_audit_with(c, action, &(tern_audit_entry){__VA_ARGS__})

/** Which events; all may be left out. */
typedef struct tern_audit_selection {
    int64_t user;
    const char *action, *object;
    tern_datetime since, until; /* zero: not limited; `until` itself is not in */
} tern_audit_selection;
tern_audit_event_list tern_audit_events_of(tern_ctx *c, tern_paging *paging,
                                           const tern_audit_selection *which);
/**
 * A page of the events, the newest first:
 *
 *     tern_paging paging = {.size = 50, .after = in->after};
 *     tern_audit_event_list events = tern_audit_events(c, &paging, .user = in->user);
 *     return tern_page(c, tern_audit_event, events, &paging);
 */
#define tern_audit_events(c, paging, ...)                                                                    \
    tern_audit_events_of(c, paging, &(tern_audit_selection){__VA_ARGS__})

#endif
