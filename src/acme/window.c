#include "acme/window.h"

#include "acme/ca.h"
#include "acme/renewal.h"
#include "base/clock.h"
#include "base/random.h"

#include <tern/log.h>

enum { MICROSECONDS = 1000000, SOONEST_CHECK_S = 60, LATEST_CHECK_S = 24 * 3600 };

TERN_MODEL_WITH(SuggestedWindow, (.ignore_unknown = true),
    (tern_datetime, start),
    (tern_datetime, end))

TERN_MODEL_WITH(RenewalInfo, (.ignore_unknown = true),
    (SuggestedWindow, window, .json = "suggestedWindow"),
    (const char *, explanation, .json = "explanationURL", .optional = true))

static int64_t check_pause(int64_t retry_after_s)
{
    if (retry_after_s < 0)
        return RENEWAL_WINDOW_CHECK_S;
    return retry_after_s < SOONEST_CHECK_S  ? SOONEST_CHECK_S
           : retry_after_s < LATEST_CHECK_S ? retry_after_s
                                            : LATEST_CHECK_S;
}

/** A new window: a moment in it, drawn once. */
static void take(const window *w, int64_t start, int64_t end, const char *explanation)
{
    record *r = w->record;
    uint64_t chance = 0;
    if (start == r->window_start && end == r->window_end)
        return;
    const renewal_current current = {
        .is_wanted = true, .not_before = w->facts->not_before, .not_after = w->facts->not_after};
    random_bytes(&chance, sizeof chance);
    r->window_start = start;
    r->window_end = end;
    r->renew_at = renewal_time_in_window(&current, start, end, chance);
    if (explanation != NULL)
        tern_log(TERN_LOG_WARN, "acme: the authority suggests to renew %s: %.300s", w->names->list[0],
                 explanation);
}

static void ask(const window *w, ca *c, int64_t now)
{
    ca_reply reply;
    RenewalInfo info;
    if (!ca_open(c, w->directory) || c->directory.renewal_info == NULL)
        return;
    const char *url = arena_printf(c->arena, "%s/%s", c->directory.renewal_info, w->facts->ari_id);
    if (url == NULL || !ca_get(c, url, &reply) ||
        !ca_read(c, &reply, TERN_TYPE(RenewalInfo), &info, "the renewal information"))
        return;
    w->record->window_check_at = now + check_pause(reply.retry_after_s);
    int64_t start = info.window.start.microseconds / MICROSECONDS,
            end = info.window.end.microseconds / MICROSECONDS;
    if (start > 0 && end > start)
        take(w, start, end, info.explanation);
}

void window_ask(const window *w)
{
    int64_t now = clock_wall_s();
    record *r = w->record;
    bool is_time = now >= r->window_check_at || r->window_check_at > now + LATEST_CHECK_S;
    if (!is_time || w->facts->ari_id[0] == '\0' || (r->renew_at > 0 && r->renew_at <= now))
        return;
    ca c = {.arena = w->arena, .ca_file = w->config->ca_file};
    buf problem = {0};
    r->window_check_at = now + RENEWAL_WINDOW_CHECK_S;
    ask(w, &c, now);
    if (!record_write(w->store, w->names->list[0], r, w->arena, &problem))
        tern_log(TERN_LOG_WARN, "acme: %s", store_reason(&problem));
    buf_free(&problem);
}
