/**
 * API keys: what is stored, and the way of signing in by one.
 *
 * Hot path: identify. A key that this worker remembers costs a hash and a comparison, and no query.
 */
#include "auth/token/keys.h"
#include "auth/token/stored.h"

#include <tern/access.h>
#include <tern/api_key.h>
#include <tern/shared.h>

#include <stdlib.h>
#include <string.h>

enum { CACHE_S = 10, USED_S = 60, PREFIX_MOST = 16, SLOTS = 1024, OWNER_MOST = 200, SCOPES_MOST = 2000 };

/** A key that this worker remembers. */
typedef struct remembered {
    char id[STORED_ID_LEN + 1], hash[STORED_HASH_LEN + 1]; /* id "": empty */
    char *texts;                                           /* owner, name and scopes, each with its NUL */
    bool has_scopes;
    int64_t until_s; /* on the monotonic clock */
    int64_t used_s;  /* when the last use was written, on the same */
    int64_t revocations;
    tern_datetime created, expires;
} remembered;

/** Of one application; the slots are this worker's. */
static struct {
    bool is_declared;
    char prefix[PREFIX_MOST + 2]; /* with its '_' */
    size_t prefix_len;
    unsigned cache_s, used_s;
    tern_shared_counter *revocations; /* of all workers: what they remember from before it is void */
    remembered *slots;                /* NULL until the first key */
} self;

static int64_t monotonic_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec;
}

static tern_datetime after_s(uint64_t seconds)
{
    return (tern_datetime){((int64_t)time(NULL) + (int64_t)seconds) * 1000000};
}

/* -- what is stored -- */

const char *tern_api_key_new_with(tern_ctx *c, const tern_api_key_options *options)
{
    stored_token token;
    if (!self.is_declared || options->owner == NULL || options->owner[0] == '\0')
        tern_fail(c, 500,
                  !self.is_declared ? "API keys are not declared: tern_api_keys(app)"
                                    : "an API key needs an .owner");
    const char *text = stored_make(c, NULL, &token);
    tern_api_key row = {.id = token.id,
                        .owner = options->owner,
                        .name = options->name != NULL ? options->name : "",
                        .hash = token.hash};
    tern_set_null(&row, used);
    tern_set_null(&row, expires);
    if (options->scopes != NULL)
        tern_set(&row, scopes, options->scopes);
    if (options->expires_s != 0)
        tern_set(&row, expires, after_s(options->expires_s));
    tern_insert(c, tern_api_key, &row);
    return tern_sprintf(c, "%s%s", self.prefix, text);
}

tern_api_key_list tern_api_keys_of(tern_ctx *c, const char *owner)
{
    return tern_select(c, tern_api_key, .where = "owner = ?", .args = TERN_ARGS(owner),
                       .order_by = "created desc");
}

bool tern_api_key_revoke(tern_ctx *c, const char *owner, const char *id)
{
    bool is_gone = tern_remove_where(c, tern_api_key, .where = "owner = ? and id = ?",
                                     .args = TERN_ARGS(owner, id)) == 1;
    if (is_gone && self.revocations != NULL)
        tern_shared_add(self.revocations, 1);
    return is_gone;
}

/* -- what this worker remembers -- */

static remembered *slot_of(const char *id)
{
    if (self.slots == NULL)
        self.slots = calloc(SLOTS, sizeof *self.slots);
    uint64_t place = tern_fingerprint(id, STORED_ID_LEN);
    return self.slots != NULL ? &self.slots[place % SLOTS] : NULL;
}

static void remember(const tern_api_key *row)
{
    remembered *slot = slot_of(row->id);
    const char *scopes = row->scopes != NULL ? row->scopes : "";
    size_t owner = strlen(row->owner) + 1, name = strlen(row->name) + 1, rest = strlen(scopes) + 1;
    char *texts = slot != NULL ? malloc(owner + name + rest) : NULL;
    if (texts == NULL)
        return; /* the next request asks again */
    bool is_same = strcmp(slot->id, row->id) == 0;
    free(slot->texts);
    memcpy(texts, row->owner, owner);
    memcpy(texts + owner, row->name, name);
    memcpy(texts + owner + name, scopes, rest);
    *slot = (remembered){.texts = texts,
                         .has_scopes = row->scopes != NULL,
                         .until_s = monotonic_s() + self.cache_s,
                         .used_s = is_same ? slot->used_s : 0,
                         .revocations = tern_shared_get(self.revocations),
                         .created = row->created,
                         .expires = row->expires};
    memcpy(slot->id, row->id, sizeof slot->id);
    memcpy(slot->hash, row->hash, strlen(row->hash) < sizeof slot->hash ? strlen(row->hash) + 1 : 0);
}

static bool is_live(const tern_api_key *row)
{
    return row->expires.microseconds == 0 || row->expires.microseconds / 1000000 > (int64_t)time(NULL);
}

/** The key of the slot as a row in the request's memory; NULL when it is not remembered, or not any more. */
static tern_api_key *recall(tern_ctx *c, const char *id)
{
    const remembered *slot = slot_of(id);
    if (slot == NULL || strcmp(slot->id, id) != 0 || monotonic_s() >= slot->until_s ||
        slot->revocations != tern_shared_get(self.revocations))
        return NULL;
    tern_api_key *row = tern_alloc(c, sizeof *row);
    const char *name = slot->texts + strlen(slot->texts) + 1, *scopes = name + strlen(name) + 1;
    *row = (tern_api_key){.id = tern_strdup(c, slot->id),
                          .owner = tern_strdup(c, slot->texts),
                          .name = tern_strdup(c, name),
                          .hash = tern_strdup(c, slot->hash),
                          .scopes = slot->has_scopes ? tern_strdup(c, scopes) : NULL,
                          .created = slot->created,
                          .expires = slot->expires};
    return row;
}

/* -- the time of the last use -- */

/** After the reply, so that no client waits for it. */
static void write_use(tern_ctx *c, void *id)
{
    const tern_datetime now = after_s(0);
    tern_sql_run(c, "update api_key set used = ? where id = ?", now, (const char *)id);
}

static void note_use(tern_ctx *c, const char *id)
{
    remembered *slot = slot_of(id);
    int64_t now = monotonic_s();
    if (slot == NULL || strcmp(slot->id, id) != 0 || (slot->used_s != 0 && now - slot->used_s < self.used_s))
        return;
    slot->used_s = now;
    tern_after(c, write_use, tern_strdup(c, id));
}

/* -- the way -- */

static const char *text_of(tern_ctx *c, const tern_api_keys_way_options *o)
{
    if (o->header == NULL)
        return jwt_bearer_text(c);
    return tern_header_nth(c, o->header, 1) != NULL ? "" : tern_header(c, o->header);
}

static const tern_api_key *find(tern_ctx *c, const stored_token *token)
{
    tern_api_key *row = recall(c, token->id);
    if (row == NULL) {
        row = tern_find(c, tern_api_key, (const char *)token->id);
        if (row != NULL)
            remember(row);
    }
    return row != NULL && stored_is_equal(token->hash, row->hash) && is_live(row) ? row : NULL;
}

static tern_way_result identify(tern_ctx *c, void *options, tern_identity *who)
{
    const tern_api_keys_way_options *o = options;
    const char *text = text_of(c, o);
    stored_token token;
    bool has_prefix = text != NULL && strncmp(text, self.prefix, self.prefix_len) == 0;
    if (text == NULL || (o->header == NULL && !has_prefix))
        return TERN_WAY_NONE;
    const tern_api_key *row =
        has_prefix && stored_read(text + self.prefix_len, &token) ? find(c, &token) : NULL;
    if (row == NULL)
        return tern_way_wrong(c, "the API key is wrong, has expired or was revoked");
    *who = (tern_identity){.id = row->owner, .scopes = row->scopes, .data = row};
    if (o->user != NULL && !o->user(c, row, who))
        return tern_way_wrong(c, "the owner of the API key is gone");
    note_use(c, row->id);
    return TERN_WAY_FOUND;
}

static void prepare_way(tern_app *app, void *options)
{
    if (options == NULL)
        tern_mistake(app, "TERN_API_KEYS: out of memory");
    if (!self.is_declared)
        tern_mistake(app, "TERN_API_KEYS: the application keeps no keys: add tern_api_keys(app) in main");
}

tern_way tern_api_keys_way(const tern_api_keys_way_options *options)
{
    return (tern_way){
        .name = "api key",
        .identify = identify,
        .prepare = prepare_way,
        .challenge = options->header == NULL ? "Bearer" : "ApiKey",
        .security = {.type = options->header == NULL ? TERN_SECURITY_BEARER : TERN_SECURITY_API_KEY_HEADER,
                     .key = options->header,
                     .format = options->header == NULL ? "API key" : NULL},
        .options = tern_keep(options, sizeof *options)};
}

void tern_api_keys_with(tern_app *app, const tern_api_keys_options *options)
{
    const char *prefix = options->prefix != NULL ? options->prefix : "key", *problem;
    size_t len = strlen(prefix);
    if (len == 0 || len > PREFIX_MOST || strspn(prefix, "abcdefghijklmnopqrstuvwxyz0123456789") != len) {
        tern_mistake(app,
                     "tern_api_keys: .prefix \"%s\" must be 1 to 16 small letters and digits, like \"shop\"",
                     prefix);
        return;
    }
    if (!key_load(&problem))
        tern_mistake(app, "tern_api_keys: %s", problem);
    self.revocations = tern_shared_counter_new("tern api keys revoked");
    if (self.revocations == NULL)
        tern_mistake(app, "tern_api_keys: there is no shared memory");
    memcpy(self.prefix, prefix, len);
    memcpy(self.prefix + len, "_", 2);
    self.prefix_len = len + 1;
    self.cache_s = options->cache_s != 0 ? options->cache_s : CACHE_S;
    self.used_s = options->used_s != 0 ? options->used_s : USED_S;
    self.is_declared = true;
    tern_tables_of(app, "tern_api_keys", (tern_type *const[]){TERN_TYPE(tern_api_key), NULL});
}
