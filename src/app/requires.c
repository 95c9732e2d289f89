/** At start: from `.requires` to the piece of middleware that asks for the permissions. */
#include "app/requires.h"

#include <tern/identity.h>

#include <stdio.h>
#include <string.h>

enum { PERMISSIONS_MAX = 64 };

/** The permissions of a route while they are collected. */
typedef struct collecting {
    tern_app *app;
    const route *r;
    buf *problems;
    const char *list[PERMISSIONS_MAX + 1];
    unsigned count;
    bool is_wrong;
} collecting;

static bool is_word(tern_str text, const char *word)
{
    return text.len == strlen(word) && memcmp(text.data, word, text.len) == 0;
}

const char *requires_wrong(tern_str word)
{
    if (word.len == 0)
        return "it is empty";
    for (size_t i = 0; i < word.len; i++)
        if (word.data[i] <= ' ' || word.data[i] >= 0x7f || word.data[i] == '"' || word.data[i] == '\\')
            return "a permission is visible ASCII without spaces, '\"' and '\\'; divide several by commas";
    if (word.data[0] == '@' && !is_word(word, TERN_SIGNED_IN) && !is_word(word, TERN_ANYBODY) &&
        !is_word(word, TERN_TWO_FACTORS) && !is_word(word, TERN_FRESH_LOGIN))
        return "the words with '@' are @user, @anybody, @two-factors and @fresh";
    return NULL;
}

/** Takes the next element of a list with commas, without spaces around it; false at the end. */
static bool next_word(const char **at, tern_str *word)
{
    if (*at == NULL)
        return false;
    const char *from = *at + strspn(*at, " "), *comma = strchr(from, ',');
    size_t len = comma != NULL ? (size_t)(comma - from) : strlen(from);
    *at = comma != NULL ? comma + 1 : NULL;
    while (len > 0 && from[len - 1] == ' ')
        len--;
    *word = (tern_str){from, len};
    return true;
}

/** Reports a mistake of a list, once for all the routes that have it. */
static void report(collecting *all, const char *list, const char *why, tern_str word)
{
    char line[640];
    const tern_route_options *o = &all->r->options;
    int len = snprintf(line, sizeof line, ".requires = \"%.200s\": \"%.*s\": %s\n", list,
                       (int)(word.len < 100 ? word.len : 100), word.data, why);
    all->is_wrong = true;
    if (all->problems->data == NULL || strstr(all->problems->data, line) == NULL)
        buf_add_printf(all->problems, "%s:%d: %s %s: %.*s", o->file != NULL ? o->file : all->r->handler.file,
                       o->file != NULL ? o->line : all->r->handler.line, all->r->method_name, all->r->pattern,
                       len, line);
}

static void add_word(collecting *all, const char *list, tern_str word)
{
    for (unsigned i = 0; i < all->count; i++)
        if (is_word(word, all->list[i]))
            return;
    if (all->count == PERMISSIONS_MAX) {
        report(all, list, "a route may require at most 64 permissions", word);
        return;
    }
    const char *kept = arena_text(&all->app->arena, word.data, word.len);
    if (kept == NULL)
        all->app->memory_short = true;
    else
        all->list[all->count++] = kept;
}

/** Adds the permissions of one list; TERN_ANYBODY forgets those of the lists before. */
static void add_list(collecting *all, const char *list)
{
    tern_str word;
    unsigned words = 0;
    bool is_free = false;
    for (const char *at = list; next_word(&at, &word); words++) {
        const char *why = requires_wrong(word);
        if (why != NULL)
            report(all, list, why, word);
        else if (is_word(word, TERN_ANYBODY))
            is_free = true;
        else
            add_word(all, list, word);
    }
    if (is_free && words > 1)
        report(all, list, "it frees the route, so nothing else can be required with it",
               TERN_STR(TERN_ANYBODY));
    if (is_free)
        all->count = 0;
}

/** Adds the lists of the groups, from the outermost in. */
static void add_groups(collecting *all, const tern_group *group)
{
    if (group == NULL)
        return;
    add_groups(all, group->parent);
    if (group->requires != NULL)
        add_list(all, group->requires);
}

/** Puts the piece after the last one that identifies. */
static bool add_piece(tern_app *app, route *r)
{
    unsigned at = r->chain_len;
    while (at > 0 && !r->chain[at - 1].identifies)
        at--;
    tern_middleware *chain = app_keep(app, (r->chain_len + 2) * sizeof *chain);
    if (chain == NULL)
        return false;
    memcpy(chain, r->chain, at * sizeof *chain);
    chain[at] = (tern_middleware){.name = "requires",
                                  .run = tern_entered,
                                  .enter = requires_enter,
                                  .options = (void *)(uintptr_t)r->requires,
                                  .stage = TERN_STAGE_AUTH,
                                  .file = r->options.file,
                                  .line = r->options.line};
    memcpy(chain + at + 1, r->chain + at, (r->chain_len - at) * sizeof *chain);
    r->chain = chain;
    r->chain_len++;
    return true;
}

static bool has_way(const route *r)
{
    for (unsigned i = 0; i < r->chain_len; i++)
        if (r->chain[i].identifies)
            return true;
    return false;
}

static requirement *keep(tern_app *app, const collecting *all)
{
    requirement *kept = app_keep(app, sizeof *kept);
    const char **list = app_keep(app, (all->count + 1) * sizeof *list);
    if (kept == NULL || list == NULL)
        return NULL;
    memcpy(list, all->list, all->count * sizeof *list);
    kept->permissions = list;
    for (unsigned i = 0; i < all->count; i++)
        kept->names_permission |= list[i][0] != '@';
    return kept;
}

bool requires_plan(tern_app *app, route *r, buf *problems)
{
    collecting all = {.app = app, .r = r, .problems = problems};
    add_groups(&all, r->group);
    if (r->options.requires != NULL)
        add_list(&all, r->options.requires);
    if (all.is_wrong)
        return false;
    if (all.count == 0)
        return true;
    if (!has_way(r)) {
        buf_add_printf(
            problems,
            "%s:%d: %s %s requires \"%s\", but nothing around it finds out who is asking: add a way of signing in, like "
            "tern_auth(app, ...) or tern_use(app, tern_basic_auth(...)), or .requires = TERN_ANYBODY\n",
            r->options.file != NULL ? r->options.file : r->handler.file,
            r->options.file != NULL ? r->options.line : r->handler.line, r->method_name,
            r->pattern != NULL ? r->pattern : "", all.list[0]);
        return false;
    }
    r->requires = keep(app, &all);
    if (r->requires == NULL || !add_piece(app, r))
        app->memory_short = true;
    return !app->memory_short;
}

void tern_login_page_with(tern_app *app, const char *path, const tern_login_page_options *options)
{
    bool is_path = path != NULL && path[0] == '/' && path[1] != '/';
    for (const char *at = path; is_path && *at != '\0'; at++)
        is_path = *at > ' ' && *at < 0x7f && *at != '\\' && *at != '#';
    if (!is_path)
        tern_mistake(app, "tern_login_page: \"%s\" is not a path: write it like \"/account/login\"",
                     path != NULL ? path : "NULL");
    app->login_page = app_keep_text(app, is_path ? path : NULL);
    app->fresh_s = options->fresh_s;
}
