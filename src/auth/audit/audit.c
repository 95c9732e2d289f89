/** The audit log: a row and a line for each event. */
#include <tern/audit.h>
#include <tern/identity.h>
#include <tern/log.h>
#include <tern/sql.h>
#include <tern/value.h>

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ACTION_MOST = 100,
    TEXT_MOST = 200,
    ADDRESS_MOST = 64,
    DETAILS_MOST = 4096,
    CLEAN_EVERY = 64, /* events of a worker; each time a hundred rows at most go */
    CLEAN_MOST = 100
};

static struct {
    bool is_declared, is_behind; /* the last cleaning found more than it may remove */
    unsigned keep_days;
    unsigned written; /* by this worker, since it cleaned */
} self = {.is_behind = true};

void tern_audit_log_with(tern_app *app, const tern_audit_options *options)
{
    self.is_declared = true;
    self.keep_days = options->keep_days;
    tern_tables_of(app, "tern_audit_log", (tern_type *const[]){TERN_TYPE(tern_audit_event), NULL});
}

/* -- texts -- */

/* Bytes of the character at `at`, which ends before `end`; 0: not UTF-8 (RFC 3629), or a control character. */
static size_t character(const unsigned char *at, const unsigned char *end)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = *at < 0x80 ? 1 : *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
    uint32_t code = len == 1 ? *at : *at & (0x7fu >> len);
    if ((*at >= 0x80 && *at < 0xc2) || *at > 0xf4 || len > (size_t)(end - at))
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[i] & 0x3fu);
    }
    bool is_control = code < ' ' || (code >= 0x7f && code < 0xa0);
    bool is_surrogate = code >= 0xd800 && code < 0xe000;
    return is_control || is_surrogate || code < least[len] || code > 0x10ffff ? 0 : len;
}

/* A copy of at most `most` bytes, whole characters, with '?' for what is not text. NULL for NULL and "". */
static const char *bounded(tern_ctx *c, const char *text, size_t most)
{
    if (text == NULL || *text == '\0')
        return NULL;
    size_t size = strlen(text), len = 0;
    const unsigned char *at = (const unsigned char *)text, *end = at + size;
    char *copy = tern_alloc(c, (size < most ? size : most) + 1);
    while (at < end) {
        size_t step = character(at, end), wide = step != 0 ? step : 1;
        if (len + wide > most)
            break;
        if (step != 0)
            memcpy(copy + len, at, step);
        else
            copy[len] = '?';
        len += wide;
        at += wide;
    }
    return copy;
}

/* JSON that the database takes; NULL for NULL. */
static const char *details_of(tern_ctx *c, const char *details)
{
    const char *problem;
    if (details == NULL)
        return NULL;
    size_t len = strnlen(details, DETAILS_MOST + 1);
    if (len > DETAILS_MOST)
        return "{\"left_out\":\"more than 4096 bytes\"}";
    tern_value *value = tern_value_parse_try(c, (tern_str){details, len}, &problem);
    /* PostgreSQL's jsonb has no U+0000, nor half of a surrogate pair */
    return value == NULL || strstr(details, "\\u0000") != NULL ? "{\"left_out\":\"malformed\"}"
                                                               : tern_value_print(c, value, 0);
}

static int64_t number_of(const char *id)
{
    char *end;
    errno = 0;
    long long number = strtoll(id, &end, 10);
    return errno == 0 && end != id && *end == '\0' && number > 0 ? number : 0;
}

/* -- an event -- */

static tern_audit_event *event_of(tern_ctx *c, const char *action, const tern_audit_entry *entry)
{
    const tern_identity *who = tern_identity_of(c);
    const char *actor = entry->actor, *details = details_of(c, entry->details);
    int64_t user = entry->user;
    if (user == 0 && who != NULL)
        user = number_of(who->id);
    if (actor == NULL && who != NULL && (entry->user == 0 || entry->user == number_of(who->id)))
        actor = who->name != NULL ? who->name : who->id;
    tern_audit_event *event = tern_alloc(c, sizeof *event);
    *event = (tern_audit_event){.user_id = user,
                                .actor = bounded(c, actor, TEXT_MOST),
                                .action = bounded(c, action, ACTION_MOST),
                                .object = bounded(c, entry->object, TEXT_MOST),
                                .address = bounded(c, tern_remote_address(c), ADDRESS_MOST),
                                .agent = bounded(c, tern_header(c, "User-Agent"), TEXT_MOST)};
    if (user == 0)
        tern_set_null(event, user_id);
    if (details != NULL)
        event->details = (tern_any){details, strlen(details)};
    else
        tern_set_null(event, details);
    return event;
}

static void write_line(tern_ctx *c, const tern_audit_event *event)
{
    tern_log_field fields[8];
    unsigned count = 0;
    const tern_log_field all[] = {
        {.name = "action", .text = event->action},        {.name = "actor", .text = event->actor},
        {.name = "object", .text = event->object},        {.name = "address", .text = event->address},
        {.name = "details", .text = event->details.data}, {.name = "request_id", .text = tern_request_id(c)}};
    if (!tern_log_enabled(TERN_LOG_INFO))
        return;
    if (event->user_id != 0)
        fields[count++] = (tern_log_field){.name = "user", .number = event->user_id};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].text != NULL)
            fields[count++] = all[i];
    tern_log_event(TERN_LOG_INFO, "audit", fields, count);
}

static void insert(tern_ctx *c, void *event)
{
    tern_transaction (c) /* inside another one a savepoint, so that a failure does not spoil that one */
    {
        tern_insert(c, tern_audit_event, (tern_audit_event *)event);
    }
}

/* -- the end of events -- */

static void clean(tern_ctx *c, void *unused)
{
    (void)unused;
    const tern_datetime oldest = {((int64_t)time(NULL) - (int64_t)self.keep_days * 24 * 60 * 60) * 1000000};
    int64_t removed = tern_sql_run(
        c,
        "delete from audit_event where id in (select id from audit_event where at < ? order by at limit 100)",
        oldest);
    self.is_behind = removed == CLEAN_MOST;
}

/* After the reply, so that no client waits for it. */
static void clean_sometimes(tern_ctx *c)
{
    if (self.keep_days == 0 || (!self.is_behind && ++self.written < CLEAN_EVERY))
        return;
    self.written = 0;
    self.is_behind = false;
    tern_after(c, clean, NULL);
}

void tern_audit_with(tern_ctx *c, const char *action, const tern_audit_entry *entry)
{
    if (action == NULL || action[0] == '\0')
        tern_fail(c, 500, "an event of the audit log needs an action");
    tern_audit_event *event = event_of(c, action, entry);
    write_line(c, event);
    if (!self.is_declared)
        return;
    if (entry->must)
        insert(c, event);
    else if (!tern_attempt(c, insert, event))
        tern_log(TERN_LOG_ERROR, "audit: the event \"%s\" was not stored; its line is in this log",
                 event->action);
    clean_sometimes(c);
}

/* -- reading -- */

tern_audit_event_list tern_audit_events_of(tern_ctx *c, tern_paging *paging,
                                           const tern_audit_selection *which)
{
    if (!self.is_declared)
        tern_fail(c, 500, "the application keeps no events: add tern_audit_log(app) in main");
    return tern_select_page(c, tern_audit_event, paging,
                            .filters =
                                TERN_FILTERS(TERN_IF(which->user != 0, "user_id = ?", which->user),
                                             TERN_IF(which->action != NULL, "action = ?", which->action),
                                             TERN_IF(which->object != NULL, "object = ?", which->object),
                                             TERN_IF(which->since.microseconds != 0, "at >= ?", which->since),
                                             TERN_IF(which->until.microseconds != 0, "at < ?", which->until)),
                            .order_by = "id desc");
}
