/**
 * Tags and purges.
 *
 * A purge gives its name a number, larger than that of every purge before. An entry knows the number of the last
 * purge before its handler began, and a later purge of one of its names makes it invalid: so a purge takes one
 * store, however many replies it means, and it means those whose handlers run now. The names of an entry are its
 * tags and the beginnings of its path.
 */
#include "middleware/cache.h"

#include <string.h>

enum { PATH_NAMES_MAX = 16 }; /* a purge of a longer one means the beginning of so many segments */

typedef struct tag_list {
    unsigned count;
    const char *tags[CACHE_TAGS_MAX];
} tag_list;

TERN_LOCAL(tag_list, cache_tags)

static const char *name_of_tag(tern_ctx *c, const char *tag)
{
    return tern_sprintf(c, "t%.*s", CACHE_TAG_BYTES, tag);
}

void tern_cache_tag(tern_ctx *c, const char *tag)
{
    tag_list *list = tern_local(c, cache_tags);
    if (strlen(tag) > CACHE_TAG_BYTES)
        tern_fail(c, 500, "tern_cache_tag: the tag \"%.20s...\" is longer than %d bytes", tag, CACHE_TAG_BYTES);
    if (list == NULL) {
        list = tern_alloc(c, sizeof *list);
        tern_set_local(c, cache_tags, list);
    }
    for (unsigned i = 0; i < list->count; i++)
        if (strcmp(list->tags[i] + 1, tag) == 0)
            return;
    if (list->count == CACHE_TAGS_MAX)
        tern_fail(c, 500, "tern_cache_tag: a reply cannot have more than %d tags", CACHE_TAGS_MAX);
    list->tags[list->count++] = name_of_tag(c, tag);
}

void cache_tags_of(tern_ctx *c, cache_entry *entry)
{
    const tag_list *list = tern_local(c, cache_tags);
    entry->tag_count = list != NULL ? list->count : 0;
    if (entry->tag_count != 0)
        memcpy(entry->tags, list->tags, entry->tag_count * sizeof *entry->tags);
}

/* The beginnings of a path up to each '/', and the path. */
static unsigned path_names(const char *path, tern_str names[PATH_NAMES_MAX])
{
    unsigned count = 0;
    size_t len = 0;
    for (; path[len] != '\0' && count < PATH_NAMES_MAX - 1; len++)
        if (path[len] == '/')
            names[count++] = (tern_str){path, len + 1};
    if (path[len] == '\0' && (count == 0 || names[count - 1].len != len))
        names[count++] = (tern_str){path, len};
    return count;
}

tern_stored cache_is_purged(tern_ctx *c, const tern_store *store, const cache_entry *entry)
{
    tern_str names[CACHE_TAGS_MAX + PATH_NAMES_MAX];
    unsigned count = path_names(tern_path(c), names);
    for (unsigned i = 0; i < entry->tag_count; i++)
        names[count++] = (tern_str){entry->tags[i], strlen(entry->tags[i])};
    return store->is_purged(c, store, names, count, entry->moment);
}

static bool purge_everywhere(tern_ctx *c, tern_str name)
{
    const tern_store *const *stores;
    unsigned count = cache_stores(&stores);
    bool is_done = true;
    for (unsigned i = 0; i < count; i++)
        is_done &= stores[i]->purge(c, stores[i], name) == TERN_STORED;
    return is_done;
}

bool tern_cache_purge(tern_ctx *c, const char *tag)
{
    const char *name = name_of_tag(c, tag);
    return purge_everywhere(c, (tern_str){name, strlen(name)});
}

bool tern_cache_purge_path(tern_ctx *c, const char *path)
{
    tern_str names[PATH_NAMES_MAX];
    size_t len = strlen(path);
    if (*path != '/')
        tern_fail(c, 500, "tern_cache_purge_path: \"%s\" does not begin with '/'", path);
    tern_str last = names[path_names(path, names) - 1];
    if (last.len < len || path[len - 1] == '/') /* too deep: more than was asked for goes */
        return purge_everywhere(c, last);
    const char *below = tern_sprintf(c, "%s/", path);
    bool is_done = purge_everywhere(c, last);
    return purge_everywhere(c, (tern_str){below, len + 1}) && is_done;
}

/* -- values -- */

static tern_str value_key(tern_ctx *c, const char *key)
{
    const char *text = tern_sprintf(c, "v%s", key);
    return (tern_str){text, strlen(text)};
}

tern_str tern_cache_get(tern_ctx *c, const char *key)
{
    const tern_store *store = cache_store_of(c);
    tern_str value;
    return store->get(c, store, value_key(c, key), &value) == TERN_STORED ? value : (tern_str){0};
}

bool tern_cache_put(tern_ctx *c, const char *key, tern_str value, unsigned ttl_s)
{
    const tern_store *store = cache_store_of(c);
    return store->put(c, store, value_key(c, key), value, (tern_stay){.ms = (uint64_t)ttl_s * 1000}) == TERN_STORED;
}

bool tern_cache_delete(tern_ctx *c, const char *key)
{
    const tern_store *store = cache_store_of(c);
    return store->remove(c, store, value_key(c, key), (tern_str){0}) == TERN_STORED;
}
