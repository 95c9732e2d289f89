/*
 * The server for test_data_faults.py: accounts between which money moves, in the database that
 * TERN_DATABASE_URL names.
 *
 * Invariants: the sum of all accounts never changes, an account's balance is the sum of its entries, and a
 * transfer has two entries or none. Answers contain the request's nonce, which has passed through the
 * database.
 */
#include <tern.h>

#include <stdlib.h>
#include <string.h>

enum { OPENING_BALANCE = 1000, MOST_ACCOUNTS = 100 };

/* clang-format off */
TERN_MODEL(Account,
    (int64_t, id, .key = true),
    (int64_t, balance))

TERN_MODEL(Entry,
    (const char *, id,         .key = true, .max_length = 60),
    (int64_t,      account_id, .references = TERN_TYPE(Account), .index = true),
    (int64_t,      amount),
    (const char *, note,       .optional = true, .max_length = 200))

TERN_MODEL(Note,
    (int64_t,       id,      .key = true, .read_only = true),
    (const char *,  title,   .min_length = 1, .max_length = 2000),
    (const char *,  text,    .optional = true),
    (int,           stars,   .fallback = "0"),
    (tern_decimal,  price,   .fallback = "0"),
    (bool,          is_open, .fallback = "true"),
    (tern_datetime, made,    .created = true, .read_only = true))

/** An answer's data, and the request that it belongs to. */
TERN_MODEL(Seen,
    (const char *, nonce),
    (int64_t,      count),
    (int64_t,      total))

TERN_MODEL(Asked,
    (int64_t,      id,    .fallback = "0"),
    (const char *, nonce, .fallback = "", .max_length = 2000))

TERN_MODEL(Slow,
    (const char *, nonce,   .fallback = ""),
    (double,       seconds, .fallback = "2"),
    (int64_t,      steps,   .fallback = "1000000", .help = "for SQLite, which cannot sleep"))

TERN_MODEL(Transfer,
    (const char *, id,       .min_length = 1, .max_length = 50),
    (int64_t,      from),
    (int64_t,      to),
    (int64_t,      amount),
    (int,          hold_ms,  .fallback = "0", .min = 0, .help = "how long it rests between its two halves"),
    (bool,         fails,    .fallback = "false", .help = "whether it fails between its two halves"))

TERN_MODEL(Opening,
    (int, accounts, .min = 1, .max = MOST_ACCOUNTS))
/* clang-format on */

static bool on_postgres(void)
{
    const char *url = getenv("TERN_DATABASE_URL");
    return url != NULL && strncmp(url, "postgres", 8) == 0;
}

TERN_HANDLER(ping)
{
    return tern_text(c, "pong");
}

TERN_HANDLER(open_accounts, Opening, in)
{
    Account accounts[MOST_ACCOUNTS] = {0};
    Account_list list = {.items = accounts, .count = (size_t)in->accounts};
    for (int i = 0; i < in->accounts; i++)
        accounts[i] = (Account){.id = i + 1, .balance = OPENING_BALANCE};
    tern_insert_all(c, Account, list);
    return tern_status(c, 201);
}

static tern_reply reply_seen(tern_ctx *c, Seen_list rows)
{
    if (rows.count == 0)
        tern_fail(c, 404, "there is no such account");
    return tern_json(c, Seen, &rows.items[0]);
}

TERN_HANDLER(get_account, Asked, in)
{
    return reply_seen(c,
                      tern_sql(c, Seen,
                               "select cast(? as text) as nonce, id as count, balance as total from account "
                               "where id = ?",
                               in->nonce, in->id));
}

TERN_HANDLER(get_total, Asked, in)
{
    return reply_seen(c, tern_sql(c, Seen,
                                  "select cast(? as text) as nonce, count(*) as count, "
                                  "cast(coalesce(sum(balance), 0) as bigint) as total from account",
                                  in->nonce));
}

TERN_HANDLER(list_accounts)
{
    Account_list accounts = tern_select(c, Account, .order_by = "id");
    return tern_json_list(c, Account, accounts);
}

TERN_HANDLER(get_entry)
{
    return tern_json(c, Entry, tern_get_or_404(c, Entry, tern_param(c, "id")));
}

TERN_HANDLER(find_entries, Asked, in)
{
    Entry_list entries = tern_select(c, Entry, .where = "note like ? or id = ?",
                                     .args = TERN_ARGS(in->nonce, in->nonce), .order_by = "id");
    return tern_json_list(c, Entry, entries);
}

/** One statement without a transaction. */
TERN_HANDLER(add_entry, Entry, in)
{
    tern_insert(c, Entry, in);
    return tern_created(c, Entry, in);
}

TERN_HANDLER(slow, Slow, in)
{
    if (on_postgres())
        return reply_seen(c, tern_sql(c, Seen,
                                      "select cast(? as text) as nonce, 1 as count, 1 as total "
                                      "from pg_sleep(?)",
                                      in->nonce, in->seconds));
    return reply_seen(c, tern_sql(c, Seen,
                                  "with recursive steps(n) as (select 1 union all select n + 1 from steps "
                                  "where n < ?) select ? as nonce, 1 as count, count(*) as total from steps",
                                  in->steps, in->nonce));
}

/* -- transfers -- */

static void move(tern_ctx *c, const char *entry_id, int64_t account, int64_t amount)
{
    Entry entry = {.id = entry_id, .account_id = account, .amount = amount};
    tern_insert(c, Entry, &entry);
    if (tern_sql_run(c, "update account set balance = balance + ? where id = ?", amount, account) == 0)
        tern_fail(c, 404, "there is no account %lld", (long long)account);
}

static void transfer_work(tern_ctx *c, void *arg)
{
    const Transfer *t = arg;
    move(c, tern_sprintf(c, "%s-out", t->id), t->from, -t->amount);
    if (t->fails)
        tern_fail(c, 418, "half a transfer is none");
    if (t->hold_ms > 0)
        tern_sleep(c, (uint64_t)t->hold_ms);
    move(c, tern_sprintf(c, "%s-in", t->id), t->to, t->amount);
}

TERN_HANDLER(transfer, Transfer, in)
{
    tern_transact(c, transfer_work, in);
    return tern_status(c, 201);
}

/** Transfers without a retry. */
TERN_HANDLER(transfer_once, Transfer, in)
{
    tern_transaction (c)
        transfer_work(c, in);
    return tern_status(c, 201);
}

/* -- main -- */

static unsigned setting(const char *variable)
{
    const char *text = getenv(variable);
    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : 0;
}

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Ledger", .health = true);
    tern_database_with(app,
                       (.replica_url = getenv("LEDGER_REPLICA_URL"), .pool = setting("LEDGER_POOL"),
                        .wait_timeout_ms = setting("LEDGER_WAIT_MS"),
                        .query_timeout_ms = setting("LEDGER_QUERY_MS")),
                       TERN_TYPE(Account), TERN_TYPE(Entry), TERN_TYPE(Note));
    tern_get(app, "/ping", ping);
    tern_post(app, "/accounts", open_accounts);
    tern_get(app, "/accounts", list_accounts);
    tern_get(app, "/accounts/{id}", get_account);
    tern_get(app, "/total", get_total);
    tern_post(app, "/entries", add_entry);
    tern_get(app, "/entries", find_entries);
    tern_get(app, "/entries/{id}", get_entry);
    tern_get(app, "/slow", slow);
    tern_post(app, "/transfers", transfer);
    tern_post(app, "/transfers/once", transfer_once);
    tern_resource(app, "/notes", TERN_TYPE(Note));
    return tern_run(app, argc, argv);
}
