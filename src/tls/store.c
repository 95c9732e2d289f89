#include "tls/store.h"

#include "base/mem.h"
#include "base/siphash.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* -- which files -- */

typedef struct pair {
    char *certificate, *key; /* `key` NULL: in the same file */
} pair;

typedef struct pair_list {
    pair *items;
    unsigned count, room;
    bool is_short; /* of memory */
} pair_list;

static char *join(const char *folder, const char *name, const char *suffix)
{
    buf path = {0};
    buf_add_printf(&path, "%s/%s%s", folder, name, suffix);
    return path.failed ? NULL : path.data;
}

static bool exists(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0;
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/** Takes over both texts. */
static void add_pair(pair_list *list, char *certificate, char *key)
{
    if (list->count == list->room) {
        unsigned room = list->room != 0 ? list->room * 2 : 8;
        pair *items = mem_realloc(list->items, room * sizeof *items);
        if (items == NULL) {
            list->is_short = true;
            mem_free(certificate);
            mem_free(key);
            return;
        }
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = (pair){certificate, key};
}

/** `folder` as certbot keeps a certificate: its two files are added. */
static bool add_certbot_pair(pair_list *list, const char *folder)
{
    char *certificate = join(folder, "fullchain.pem", ""), *key = join(folder, "privkey.pem", "");
    list->is_short |= certificate == NULL || key == NULL;
    bool has_both = certificate != NULL && key != NULL && exists(certificate) && exists(key);
    if (has_both) {
        add_pair(list, certificate, key);
    } else {
        mem_free(certificate);
        mem_free(key);
    }
    return has_both;
}

/** NAME.crt or NAME.pem of a folder, with NAME.key. */
static void add_named_pair(pair_list *list, const char *folder, const char *file)
{
    size_t len = strlen(file);
    bool is_crt = len > 4 && strcmp(file + len - 4, ".crt") == 0;
    bool is_pem = len > 4 && strcmp(file + len - 4, ".pem") == 0;
    char *name = is_crt || is_pem ? mem_text(file, len - 4) : NULL;
    if (name == NULL) {
        list->is_short |= is_crt || is_pem;
        return;
    }
    char *certificate = join(folder, file, ""), *key = join(folder, name, ".key");
    mem_free(name);
    list->is_short |= certificate == NULL || key == NULL;
    if (is_pem && key != NULL && !exists(key)) {
        mem_free(key);
        key = NULL;
    }
    if (certificate != NULL)
        add_pair(list, certificate, key);
    else
        mem_free(key);
}

static int compare_pairs(const void *a, const void *b)
{
    return strcmp(((const pair *)a)->certificate, ((const pair *)b)->certificate);
}

/** Adds what a folder has, in the order of the names; false with errno set when it cannot be read. */
static bool add_folder(pair_list *list, const char *folder)
{
    if (add_certbot_pair(list, folder))
        return true;
    DIR *open = opendir(folder);
    if (open == NULL)
        return false;
    unsigned before = list->count;
    const struct dirent *entry;
    while ((entry = readdir(open)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        char *path = join(folder, entry->d_name, "");
        list->is_short |= path == NULL;
        if (path != NULL && is_folder(path))
            add_certbot_pair(list, path);
        else if (path != NULL)
            add_named_pair(list, folder, entry->d_name);
        mem_free(path);
    }
    closedir(open);
    if (list->count > before)
        qsort(list->items + before, list->count - before, sizeof *list->items, compare_pairs);
    return true;
}

static void add_file(pair_list *list, const tls_source *source)
{
    char *certificate = mem_text(source->certificate, strlen(source->certificate));
    char *key = source->key != NULL ? mem_text(source->key, strlen(source->key)) : NULL;
    list->is_short |= certificate == NULL || (source->key != NULL && key == NULL);
    if (certificate != NULL)
        add_pair(list, certificate, key);
    else
        mem_free(key);
}

static void add_source(pair_list *list, const tls_source *source, buf *problem)
{
    if (!is_folder(source->certificate))
        add_file(list, source);
    else if (!add_folder(list, source->certificate) && problem != NULL)
        buf_add_printf(problem, "%s: the folder cannot be read: %s\n", source->certificate, strerror(errno));
}

static void free_pairs(pair_list *list)
{
    for (unsigned i = 0; i < list->count; i++) {
        mem_free(list->items[i].certificate);
        mem_free(list->items[i].key);
    }
    mem_free(list->items);
}

/* -- stamps -- */

static uint64_t mix(uint64_t hash, const void *data, size_t len)
{
    return siphash_1_3(&(siphash_key){{hash, 0}}, data, len);
}

static uint64_t mix_file(uint64_t hash, const char *file)
{
    struct stat status = {0};
    if (file == NULL)
        return hash;
    hash = mix(hash, file, strlen(file));
    if (stat(file, &status) != 0)
        return mix(hash, "-", 1);
    const int64_t seen[] = {(int64_t)status.st_dev,          (int64_t)status.st_ino,
                            (int64_t)status.st_size,         (int64_t)status.st_mtim.tv_sec,
                            (int64_t)status.st_mtim.tv_nsec, (int64_t)status.st_ctim.tv_sec,
                            (int64_t)status.st_ctim.tv_nsec, (int64_t)status.st_mode};
    return mix(hash, seen, sizeof seen);
}

uint64_t tls_store_stamp(const tls_source *sources, unsigned count)
{
    pair_list list = {0};
    uint64_t hash = 0;
    for (unsigned i = 0; i < count; i++)
        add_source(&list, &sources[i], NULL);
    for (unsigned i = 0; i < list.count; i++) {
        hash = mix_file(hash, list.items[i].certificate);
        hash = mix_file(hash, list.items[i].key);
    }
    free_pairs(&list);
    return hash;
}

/* -- names -- */

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const tls_name *)a)->name, ((const tls_name *)b)->name);
}

static tls_certificate *longer(tls_certificate *a, tls_certificate *b)
{
    return a == NULL || (b != NULL && b->not_after_s > a->not_after_s) ? b : a;
}

/** Joins equal names that are next to each other; of two certificates of one kind, that which is valid longer stays. */
static void join_names(tls_store *s)
{
    unsigned kept = 0;
    for (unsigned i = 0; i < s->name_count; i++) {
        tls_name *last = kept > 0 ? &s->names[kept - 1] : NULL;
        if (last == NULL || strcmp(last->name, s->names[i].name) != 0) {
            s->names[kept++] = s->names[i];
            continue;
        }
        for (unsigned kind = 0; kind < TLS_KEY_KINDS; kind++)
            last->by_kind[kind] = longer(last->by_kind[kind], s->names[i].by_kind[kind]);
    }
    s->name_count = kept;
}

static bool index_names(tls_store *s)
{
    size_t total = 0;
    for (unsigned i = 0; i < s->count; i++)
        total += s->certificates[i]->name_count;
    s->names = mem_zero(total, sizeof *s->names);
    if (s->names == NULL)
        return false;
    for (unsigned i = 0; i < s->count; i++) {
        tls_certificate *c = s->certificates[i];
        for (unsigned j = 0; j < c->name_count; j++) {
            tls_name *name = &s->names[s->name_count++];
            name->name = c->names[j];
            name->by_kind[c->kind] = c;
        }
    }
    if (s->name_count > 0)
        qsort(s->names, s->name_count, sizeof *s->names, compare_names);
    join_names(s);
    return true;
}

static void choose_fallback(tls_store *s)
{
    tls_certificate *first = s->certificates[0];
    const tls_name *named = first->name_count > 0 ? tls_store_find(s, first->names[0]) : NULL;
    if (named != NULL)
        s->fallback = *named;
    s->fallback.by_kind[first->kind] = first;
}

const tls_name *tls_store_find(const tls_store *s, const char *host)
{
    char wildcard[256];
    const char *dot = strchr(host, '.');
    tls_name wanted = {.name = host};
    const tls_name *found = s->name_count != 0
                                ? bsearch(&wanted, s->names, s->name_count, sizeof *s->names, compare_names)
                                : NULL;
    if (found != NULL || s->name_count == 0 || dot == NULL || dot == host ||
        strlen(dot) + 2 > sizeof wildcard)
        return found;
    wildcard[0] = '*';
    memcpy(wildcard + 1, dot, strlen(dot) + 1);
    wanted.name = wildcard;
    return bsearch(&wanted, s->names, s->name_count, sizeof *s->names, compare_names);
}

/* -- the whole -- */

static tls_certificate *find_file(const tls_store *s, const char *file)
{
    for (unsigned i = 0; s != NULL && i < s->count; i++)
        if (strcmp(s->certificates[i]->file, file) == 0)
            return s->certificates[i];
    return NULL;
}

/** Reads the pairs; false when one is refused that has no old one. */
static bool read_pairs(tls_store *s, const pair_list *list, const tls_certificate_rules *rules,
                       const tls_store *old, buf *problem)
{
    bool are_all_good = true;
    for (unsigned i = 0; i < list->count; i++) {
        const pair *from = &list->items[i];
        tls_certificate *c = tls_certificate_load(from->certificate, from->key, rules, problem);
        if (c == NULL) {
            buf_add_text(problem, "\n");
            are_all_good = false;
            c = find_file(old, from->certificate);
            if (c != NULL)
                tls_certificate_share(c);
        }
        if (c != NULL)
            s->certificates[s->count++] = c;
    }
    return are_all_good;
}

static bool fill(tls_store *s, const pair_list *list, const tls_certificate_rules *rules,
                 const tls_store *old, buf *problem)
{
    s->certificates = mem_zero(list->count, sizeof *s->certificates);
    if (s->certificates == NULL || list->is_short) {
        buf_add_text(problem, "out of memory\n");
        return false;
    }
    size_t before = problem->len;
    bool are_all_good = read_pairs(s, list, rules, old, problem);
    if (s->count == 0 || (old == NULL && !are_all_good)) {
        if (problem->len == before)
            buf_add_text(problem, "there is no certificate\n");
        return false;
    }
    if (!index_names(s)) {
        buf_add_text(problem, "out of memory\n");
        return false;
    }
    choose_fallback(s);
    return true;
}

tls_store *tls_store_empty(void)
{
    tls_store *s = mem_zero(1, sizeof *s);
    if (s != NULL)
        s->references = 1;
    return s;
}

/** A folder named by the operator must have a certificate at start. */
static bool has_each(const tls_source *sources, unsigned count, pair_list *list, const tls_store *old,
                     buf *problem)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned before = list->count;
        size_t problems = problem->len;
        add_source(list, &sources[i], problem);
        bool is_readable = problem->len == problems;
        if (is_readable && (list->count > before || old != NULL))
            continue;
        if (is_readable)
            buf_add_printf(problem,
                           "%s: the folder has no certificate: it needs NAME.crt and NAME.key, or "
                           "NAME/fullchain.pem and NAME/privkey.pem\n",
                           sources[i].certificate);
        return false;
    }
    return true;
}

tls_store *tls_store_load(const tls_source *sources, unsigned count, const tls_certificate_rules *rules,
                          const tls_store *old, buf *problem)
{
    pair_list list = {0};
    tls_store *s = tls_store_empty();
    if (s == NULL)
        buf_add_text(problem, "out of memory\n");
    else if (!has_each(sources, count, &list, old, problem) || !fill(s, &list, rules, old, problem)) {
        tls_store_drop(s);
        s = NULL;
    }
    free_pairs(&list);
    return s;
}

tls_store *tls_store_share(tls_store *s)
{
    s->references++;
    return s;
}

void tls_store_drop(tls_store *s)
{
    if (s == NULL || --s->references > 0)
        return;
    for (unsigned i = 0; i < s->count; i++)
        tls_certificate_drop(s->certificates[i]);
    mem_free(s->certificates);
    mem_free(s->names);
    mem_free(s);
}
