/**
 * Refresh tokens: families, rotation, and the end of a family whose token was used twice.
 *
 * The first statement of every use locks the row of the family, so uses of one family happen one after the other in all
 * workers and machines. A token that was used is kept for the grace alone: a later one is not found, and that is how its reuse
 * is noticed.
 */
#include "auth/token/stored.h"
#include "crypto/key.h"

#include <tern/app.h>
#include <tern/log.h>
#include <tern/refresh_token.h>

#include <string.h>
#include <time.h>

enum { GRACE_S = 10, EXPIRES_S = 30 * 24 * 3600 };

TERN_MODEL_WITH(tern_refresh_family, (.table = "refresh_family"),
    (const char *, id, .key = true, .max_length = 16),
    (const char *, owner, .max_length = 200, .index = true),
    (const char *, scopes, .optional = true, .max_length = 2000),
    (tern_datetime, created, .created = true),
    (tern_datetime, used),
    (tern_datetime, expires, .index = true))

TERN_MODEL_WITH(tern_refresh_leaf, (.table = "refresh_leaf"),
    (const char *, hash, .key = true, .max_length = 64),
    (const char *, family_id, .references = TERN_TYPE(tern_refresh_family), .on_delete = TERN_CASCADE, .index = true),
    (tern_datetime, used, .optional = true))

static struct {
    bool is_declared;
    unsigned grace_s;
    uint64_t expires_s;
} self;

static tern_datetime at_s(int64_t offset)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (tern_datetime){((int64_t)now.tv_sec + offset) * 1000000 + now.tv_nsec / 1000};
}

static const char *add_leaf(tern_ctx *c, const char *family)
{
    stored_token token;
    const char *text = stored_make(c, family, &token);
    tern_refresh_leaf leaf = {.hash = token.hash, .family_id = family};
    tern_set_null(&leaf, used);
    tern_insert(c, tern_refresh_leaf, &leaf);
    return text;
}

const char *tern_refresh_token_new_with(tern_ctx *c, const tern_refresh_token_options *options)
{
    stored_token token;
    const char *text = NULL;
    if (!self.is_declared || options->owner == NULL || options->owner[0] == '\0')
        tern_fail(c, 500,
                  !self.is_declared ? "refresh tokens are not declared: tern_refresh_tokens(app)"
                                    : "a refresh token needs an .owner");
    stored_make(c, NULL, &token);
    tern_refresh_family family = {
        .id = token.id, .owner = options->owner, .used = at_s(0), .expires = at_s((int64_t)self.expires_s)};
    if (options->scopes != NULL)
        tern_set(&family, scopes, options->scopes);
    tern_transaction (c) {
        tern_remove_where(c, tern_refresh_family, .where = "owner = ? and expires < ?",
                          .args = TERN_ARGS(options->owner, at_s(0)));
        tern_insert(c, tern_refresh_family, &family);
        text = add_leaf(c, family.id);
    }
    return text;
}

/** Inside a transaction that holds the lock of the family. */
static void use_leaf(tern_ctx *c, const stored_token *token, tern_refreshed *now)
{
    const tern_datetime late = at_s(-(int64_t)self.grace_s);
    const tern_refresh_family *family = tern_find(c, tern_refresh_family, (const char *)token->id);
    const tern_refresh_leaf *leaf = tern_find(c, tern_refresh_leaf, (const char *)token->hash);
    now->owner = family->owner;
    now->scopes = family->scopes;
    if (leaf == NULL || strcmp(leaf->family_id, token->id) != 0 ||
        (leaf->used.microseconds != 0 && leaf->used.microseconds < late.microseconds)) {
        tern_remove_where(c, tern_refresh_family, .where = "id = ?",
                          .args = TERN_ARGS((const char *)token->id));
        now->is_reused = true;
        now->why = "the refresh token was used before, so its login is ended: sign in again";
        return;
    }
    if (leaf->used.microseconds == 0)
        tern_sql_run(c, "update refresh_leaf set used = ? where hash = ?", at_s(0), leaf->hash);
    tern_remove_where(c, tern_refresh_leaf, .where = "family_id = ? and used < ?",
                      .args = TERN_ARGS((const char *)token->id, late));
    now->token = add_leaf(c, token->id);
}

tern_refreshed tern_refresh(tern_ctx *c, const char *text)
{
    stored_token token;
    tern_refreshed now = {.why = "the refresh token is unknown, or its login has ended: sign in again"};
    if (!self.is_declared)
        tern_fail(c, 500, "refresh tokens are not declared: tern_refresh_tokens(app)");
    if (text == NULL || !stored_read(text, &token))
        return now;
    tern_transaction (c) {
        const char *id = token.id;
        const tern_datetime instant = at_s(0);
        if (tern_sql_run(c, "update refresh_family set used = ? where id = ? and expires > ?", instant, id,
                         instant) == 1)
            use_leaf(c, &token, &now);
    }
    if (now.token != NULL)
        now.why = NULL;
    if (now.is_reused)
        tern_log(TERN_LOG_WARN, "a refresh token of user %s was used twice: its login is ended", now.owner);
    return now;
}

void tern_refresh_end(tern_ctx *c, const char *text)
{
    stored_token token;
    if (text == NULL || !stored_read(text, &token))
        return;
    const char *hash = token.hash;
    tern_transaction (c) {
        const tern_refresh_leaf *leaf = tern_find(c, tern_refresh_leaf, hash);
        if (leaf != NULL)
            tern_remove_where(c, tern_refresh_family, .where = "id = ?", .args = TERN_ARGS(leaf->family_id));
    }
}

void tern_refresh_end_all(tern_ctx *c, const char *owner)
{
    tern_remove_where(c, tern_refresh_family, .where = "owner = ?", .args = TERN_ARGS(owner));
}

void tern_refresh_tokens_with(tern_app *app, const tern_refresh_tokens_options *options)
{
    const char *problem;
    if (!key_load(&problem))
        tern_mistake(app, "tern_refresh_tokens: %s", problem);
    self.grace_s = options->grace_s != 0 ? options->grace_s : GRACE_S;
    self.expires_s = options->expires_s != 0 ? options->expires_s : EXPIRES_S;
    self.is_declared = true;
    tern_tables_of(app, "tern_refresh_tokens",
                   (tern_type *const[]){TERN_TYPE(tern_refresh_family), TERN_TYPE(tern_refresh_leaf), NULL});
}
