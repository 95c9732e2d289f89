/**
 * How often a password may be tried.
 *
 * A try of an unknown browser counts for the account from its network, for its network, and, more slowly, for the account.
 * A browser that has signed the user in before has a signed cookie, and a count of its own: so nobody can lock the owner
 * out. Each try is counted before it is made, and taken back when it was right: of many at once no more than allowed are made.
 */
#include "auth/account/account.h"
#include "auth/account/page.h"

#include <tern/secret.h>
#include <tern/tls.h>

#include <string.h>

enum { KNOWN_DAYS = 180 };
#define KNOWN_COOKIE "known-device"

static tern_middleware tries, network_tries, account_tries, mails, network_mails;

void account_limits_prepare(tern_app *app)
{
    tries = tern_rate_limit(.requests = 10, .window_s = 900, .name = "account-tries");
    network_tries = tern_rate_limit(.requests = 100, .window_s = 900, .name = "account-tries-of-network");
    account_tries = tern_rate_limit(.requests = 50, .window_s = 3600, .name = "account-tries-of-account");
    mails = tern_rate_limit(.requests = 5, .window_s = 3600, .name = "account-mails");
    network_mails = tern_rate_limit(.requests = 50, .window_s = 3600, .name = "account-mails-of-network");
    tern_middleware *const all[] = {&tries, &network_tries, &account_tries, &mails, &network_mails};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        tern_rate_prepare(app, all[i]);
}

static _Noreturn void fail_busy(tern_ctx *c, unsigned retry_s)
{
    unsigned *kept = tern_alloc(c, sizeof *kept);
    *kept = retry_s;
    tern_set_local(c, account_retry, kept); /* tern_fail drops headers: account_pages sets this one */
    tern_fail(c, 429, "there were too many tries: try again in %u seconds", retry_s);
}

/** The key of the count of a browser that is known to the user; NULL when it is not. */
static const char *known_device(tern_ctx *c, const void *user)
{
    const char *cookie = user != NULL ? tern_signed_cookie(c, KNOWN_COOKIE) : NULL;
    const char *id = cookie != NULL ? account_id(c, user) : NULL;
    size_t len = id != NULL ? strlen(id) : 0;
    if (id == NULL || strncmp(cookie, id, len) != 0 || cookie[len] != '.')
        return NULL;
    return tern_sprintf(c, "device %s", cookie);
}

void account_know_device(tern_ctx *c, const void *user)
{
    if (known_device(c, user) != NULL)
        return;
    const char *value = tern_sprintf(c, "%s.%s", account_id(c, user), tern_random_text(c, 16));
    tern_set_signed_cookie(c, KNOWN_COOKIE, value, .max_age_s = KNOWN_DAYS * 24L * 3600, .secure = tern_is_tls(c));
}

typedef struct try_keys {
    const char *own;              /* the device, or the account from the network */
    const char *network, *account; /* NULL of a known device */
} try_keys;

static try_keys keys_of(tern_ctx *c, const char *login, const void *user)
{
    const char *device = known_device(c, user);
    if (device != NULL)
        return (try_keys){.own = device};
    const char *network = tern_client_network(c);
    const char *account = user != NULL ? tern_sprintf(c, "id %s", account_id(c, user)) : tern_sprintf(c, "text %s", login);
    return (try_keys){tern_sprintf(c, "%s %s", network, account), network, account};
}

void account_try(tern_ctx *c, const char *login, const void *user)
{
    const try_keys keys = keys_of(c, login, user);
    tern_rate_answer answer = tern_rate_take(c, &tries, keys.own);
    if (!answer.is_allowed)
        fail_busy(c, answer.retry_s);
    if (keys.network == NULL)
        return;
    answer = tern_rate_take(c, &network_tries, keys.network);
    if (!answer.is_allowed)
        fail_busy(c, answer.retry_s);
    answer = tern_rate_take(c, &account_tries, keys.account);
    if (!answer.is_allowed)
        fail_busy(c, answer.retry_s);
}

void account_try_was_right(tern_ctx *c, const char *login, const void *user)
{
    const try_keys keys = keys_of(c, login, user);
    tern_rate_give_back(c, &tries, keys.own);
    if (keys.network == NULL)
        return;
    tern_rate_give_back(c, &network_tries, keys.network);
    tern_rate_give_back(c, &account_tries, keys.account);
}

bool account_may_mail(tern_ctx *c, const char *address)
{
    tern_rate_answer answer = tern_rate_take(c, &network_mails, tern_client_network(c));
    if (!answer.is_allowed)
        fail_busy(c, answer.retry_s);
    return tern_rate_take(c, &mails, address).is_allowed;
}
