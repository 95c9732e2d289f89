/** The life of the process that looks after the certificates. */
#include "acme/acme.h"

#include "acme/account.h"
#include "acme/authorization.h"
#include "acme/current.h"
#include "acme/order.h"
#include "acme/renewal.h"
#include "acme/window.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "curl/libcurl.h"
#include "tls/openssl.h"

#include <tern/log.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

enum {
    ATTEMPT_BYTES = 32 * 1024 * 1024, /* of memory, at most, of one attempt */
    LONGEST_SLEEP_S = 300,            /* then the clock is looked at again, which may have jumped */
    TIME_BYTES = sizeof "2026-11-30T12:00:00Z"
};

/** One certificate of the configuration. */
typedef struct certificate {
    acme_names names;
    record record;          /* its texts are copies of their own */
    arena texts;            /* that of the record */
    uint64_t rest_until_ms; /* of the monotonic clock: no attempt before, as the record could not be saved */
} certificate;

typedef struct helper {
    const acme_config *config;
    const char *directory;
    store store;
    certificate *certificates;
    unsigned count;
} helper;

static uint64_t chance(void)
{
    uint64_t number = 0;
    random_bytes(&number, sizeof number); /* without randomness all wait alike: harmless */
    return number;
}

static void print_time(int64_t seconds, char out[TIME_BYTES])
{
    struct tm parts;
    time_t at = (time_t)seconds;
    if (gmtime_r(&at, &parts) == NULL || strftime(out, TIME_BYTES, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        snprintf(out, TIME_BYTES, "unknown");
}

/* -- records -- */

static const char *copy(arena *a, const char *text)
{
    return text != NULL ? arena_text(a, text, strlen(text)) : NULL;
}

/** Moves the record's texts to memory of their own, from that of an attempt. */
static void keep_texts(certificate *c)
{
    arena kept;
    arena_init(&kept, NULL, 0, ATTEMPT_BYTES);
    record *r = &c->record;
    r->wanted = copy(&kept, r->wanted);
    r->directory = copy(&kept, r->directory);
    r->order = copy(&kept, r->order);
    r->challenge = copy(&kept, r->challenge);
    arena_free(&c->texts);
    c->texts = kept;
}

/** "https://... example.org,www.example.org" */
static const char *wish(const helper *h, const acme_names *names, arena *a)
{
    const char *text = arena_printf(a, "%s ", h->directory);
    for (unsigned i = 0; i < names->count && text != NULL; i++)
        text = arena_printf(a, "%s%s%s", text, i > 0 ? "," : "", names->list[i]);
    return text;
}

/** What was counted for another directory or other names does not count for these. */
static void fit_record(const helper *h, certificate *c, arena *a)
{
    record *r = &c->record;
    const char *wanted = wish(h, &c->names, a);
    if (wanted == NULL || (r->wanted != NULL && strcmp(r->wanted, wanted) == 0))
        return;
    *r = (record){.wanted = wanted, .directory = r->directory};
}

static bool save(helper *h, certificate *c, arena *a)
{
    buf problem = {0};
    bool is_saved = record_write(&h->store, c->names.list[0], &c->record, a, &problem);
    if (!is_saved) {
        tern_log(TERN_LOG_ERROR, "acme: %s; the authority is not asked for %s until this is mended",
                 store_reason(&problem), c->names.list[0]);
        c->rest_until_ms = clock_ms() + RENEWAL_FIRST_RETRY_S * 1000;
    }
    buf_free(&problem);
    return is_saved;
}

/* -- what is served now -- */

static renewal_current look(const helper *h, const certificate *c, arena *a, certificate_facts *facts)
{
    buf problem = {0};
    bool is_there = current_read(&h->store, &c->names, clock_wall_s(), a, facts, &problem);
    buf_free(&problem);
    bool is_from_here = c->record.directory == NULL || strcmp(c->record.directory, h->directory) == 0;
    return (renewal_current){.is_wanted = is_there && !facts->is_temporary && is_from_here,
                             .not_before = facts->not_before,
                             .not_after = facts->not_after};
}

/* -- one attempt -- */

static int64_t pause_after(const helper *h, const record *r, int64_t asked_s)
{
    int64_t first_s = h->config->first_retry_s != 0 ? h->config->first_retry_s : RENEWAL_FIRST_RETRY_S;
    return renewal_pause(r->failures + r->unfinished, first_s, asked_s, chance());
}

static void log_success(const certificate *c, const certificate_facts *facts)
{
    char until[TIME_BYTES], renewed[TIME_BYTES];
    print_time(facts->not_after, until);
    print_time(c->record.renew_at, renewed);
    const tern_log_field fields[] = {{.name = "certificate", .text = c->names.list[0]},
                                     {.name = "names", .number = c->names.count},
                                     {.name = "valid_until", .text = until},
                                     {.name = "renewed_at", .text = renewed}};
    tern_log_event(TERN_LOG_INFO, "acme: obtained a certificate", fields, sizeof fields / sizeof *fields);
}

static void log_failure(const certificate *c, const ca_fault *fault)
{
    char next[TIME_BYTES];
    print_time(c->record.next_try_at, next);
    const tern_log_field fields[] = {{.name = "certificate", .text = c->names.list[0]},
                                     {.name = "reason", .text = fault->text},
                                     {.name = "failures", .number = c->record.failures},
                                     {.name = "next_try_at", .text = next}};
    tern_log_event(TERN_LOG_ERROR, "acme: could not obtain a certificate", fields,
                   sizeof fields / sizeof *fields);
}

static bool obtain(helper *h, ca *c, order *o)
{
    if (h->config->on_step != NULL)
        h->config->on_step("account");
    if (c->directory.renewal_info == NULL)
        o->replaces = NULL; /* the authority does not know the word */
    return account_open(c, &h->store, h->config, h->directory) && order_obtain(o);
}

/** An account that the authority has lost is made again, with the same key. */
static bool obtain_with_account(helper *h, ca *c, order *o)
{
    if (!ca_open(c, h->directory))
        return false;
    bool is_obtained = obtain(h, c, o);
    if (!is_obtained && strcmp(c->fault.type, "accountDoesNotExist") == 0) {
        account_forget(c, &h->store, h->directory);
        crypto_key_free(c->key);
        c->key = NULL;
        is_obtained = obtain(h, c, o);
    }
    crypto_key_free(c->key);
    return is_obtained;
}

static void note_success(helper *h, certificate *c, const certificate_facts *facts)
{
    record *r = &c->record;
    *r = (record){.wanted = r->wanted,
                  .directory = h->directory,
                  .challenge = r->challenge,
                  .issued_at = clock_wall_s(),
                  .renew_at = renewal_time(facts->not_before, facts->not_after, chance())};
}

static void note_failure(helper *h, certificate *c, const ca_fault *fault, bool is_over)
{
    record *r = &c->record;
    if (is_over || ca_is_refusal(fault))
        r->order = NULL;
    r->failures++;
    r->unfinished = 0;
    r->next_try_at = clock_wall_s() + pause_after(h, r, fault->retry_after_s);
}

/** The attempt is on record before it begins: a process that is killed again and again backs off, too. */
static void attempt(helper *h, certificate *c, const certificate_facts *facts, bool is_renewal, arena *a)
{
    record *r = &c->record;
    r->unfinished++;
    r->next_try_at = clock_wall_s() + pause_after(h, r, CA_NO_RETRY_AFTER);
    if (!save(h, c, a)) {
        r->unfinished--;
        return;
    }
    ca authority = {.arena = a, .ca_file = h->config->ca_file};
    order o = {.ca = &authority,
               .store = &h->store,
               .config = h->config,
               .names = &c->names,
               .record = r,
               .replaces = is_renewal && facts->ari_id[0] != '\0' ? facts->ari_id : NULL};
    bool is_obtained = obtain_with_account(h, &authority, &o);
    if (is_obtained)
        note_success(h, c, &o.facts);
    else
        note_failure(h, c, &authority.fault, o.is_over);
    authorization_clear(&h->store);
    if (save(h, c, a) && r->order == NULL)
        order_close(&o);
    if (is_obtained)
        log_success(c, &o.facts);
    else
        log_failure(c, &authority.fault);
}

/* -- the days in between -- */

/** Does what is due for one certificate; returns the seconds until something may be. */
static int64_t look_after(helper *h, certificate *c)
{
    arena a;
    certificate_facts facts = {0};
    arena_init(&a, NULL, 0, ATTEMPT_BYTES);
    fit_record(h, c, &a);
    renewal_current current = look(h, c, &a, &facts);
    if (current.is_wanted)
        window_ask(&(window){.config = h->config,
                             .directory = h->directory,
                             .store = &h->store,
                             .names = &c->names,
                             .record = &c->record,
                             .facts = &facts,
                             .arena = &a});
    int64_t now = clock_wall_s(), due = renewal_due(&c->record, &current, now);
    uint64_t now_ms = clock_ms();
    if (c->rest_until_ms > now_ms) {
        due = now + 1 + (int64_t)(c->rest_until_ms - now_ms) / 1000;
    } else if (due <= now) {
        attempt(h, c, &facts, current.is_wanted, &a);
        due = now + 1;
    }
    keep_texts(c);
    arena_free(&a);
    return due - now;
}

static void sleep_s(int64_t seconds)
{
    struct timespec left = {.tv_sec = (time_t)(seconds < LONGEST_SLEEP_S ? seconds : LONGEST_SLEEP_S)};
    nanosleep(&left, NULL);
}

static bool open_helper(helper *h, const acme_config *config, buf *problem)
{
    const char *missing = NULL;
    *h = (helper){.config = config,
                  .directory = config->directory != NULL ? config->directory : ACME_LETS_ENCRYPT,
                  .store.root = -1};
    if (!openssl_load(&missing)) {
        buf_add_text(problem, missing);
        return false;
    }
    h->certificates = mem_zero(config->certificate_count, sizeof *h->certificates);
    if (h->certificates == NULL) {
        buf_add_text(problem, "out of memory");
        return false;
    }
    for (; h->count < config->certificate_count; h->count++)
        if (!names_read(config->certificates[h->count], &h->certificates[h->count].names, problem))
            return false;
    return store_open(&h->store, config->state_folder, problem);
}

static void close_helper(helper *h)
{
    for (unsigned i = 0; i < h->count; i++) {
        names_free(&h->certificates[i].names);
        arena_free(&h->certificates[i].texts);
    }
    mem_free(h->certificates);
    store_close(&h->store);
}

static void read_record(helper *h, certificate *c)
{
    arena a;
    buf problem = {0};
    arena_init(&a, NULL, 0, ATTEMPT_BYTES);
    if (!record_read(&h->store, c->names.list[0], &a, &c->record, &problem))
        tern_log(TERN_LOG_ERROR, "acme: %s", store_reason(&problem));
    keep_texts(c);
    arena_free(&a);
    buf_free(&problem);
}

/** Waits until no other process looks after this folder. */
static bool lock(helper *h, buf *problem)
{
    if (store_lock(&h->store, false, problem))
        return true;
    if (problem->len > 0)
        return false;
    tern_log(TERN_LOG_INFO, "acme: another process looks after the certificates in %s: this one waits",
             h->store.path);
    return store_lock(&h->store, true, problem);
}

static int fail(helper *h, buf *problem)
{
    tern_log(TERN_LOG_ERROR, "acme: %s", store_reason(problem));
    buf_free(problem);
    close_helper(h);
    return 1;
}

int acme_run(const acme_config *config)
{
    helper h;
    buf problem = {0};
    prctl(PR_SET_NAME, "tern: acme");
    const char *missing = NULL;
    if (!libcurl_load(&missing)) { /* only here: the workers need not have it */
        tern_log(TERN_LOG_ERROR, "acme: %s", missing);
        return 1;
    }
    if (!open_helper(&h, config, &problem) || !lock(&h, &problem))
        return fail(&h, &problem);
    for (unsigned i = 0; i < h.count; i++)
        read_record(&h, &h.certificates[i]);
    for (;;) {
        int64_t next_s = LONGEST_SLEEP_S;
        for (unsigned i = 0; i < h.count; i++) {
            int64_t until_s = look_after(&h, &h.certificates[i]);
            next_s = until_s < next_s ? until_s : next_s;
        }
        sleep_s(next_s > 1 ? next_s : 1);
    }
}

/* -- before that -- */

bool acme_prepare(const acme_config *config, buf *problem)
{
    helper h;
    bool is_ready = open_helper(&h, config, problem);
    for (unsigned i = 0; is_ready && i < h.count; i++) {
        arena a;
        arena_init(&a, NULL, 0, ATTEMPT_BYTES);
        is_ready = current_make_temporary(&h.store, &h.certificates[i].names, clock_wall_s(), &a, problem);
        arena_free(&a);
    }
    close_helper(&h);
    return is_ready;
}
