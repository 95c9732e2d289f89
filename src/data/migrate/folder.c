#include "data/migrate/folder.h"

#include "base/siphash.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 4, MOST = 9999, FILE_MOST_BYTES = 64 << 20 };

static const char schema_ending[] = ".json";

const char *folder_sql_ending(data_dialect dialect)
{
    return dialect->file_ending;
}

const char *folder_file(const migrate_folder *folder, const char *name, const char *ending)
{
    return arena_printf(folder->memory, "%s/%s%s", folder->path, name, ending);
}

static bool memory_is_short(buf *problems)
{
    buf_add_text(problems, "out of memory\n");
    return false;
}

/* -- the names of migrations -- */

static bool ends_with(const char *name, const char *ending, size_t *len)
{
    size_t name_len = strlen(name), ending_len = strlen(ending);
    *len = name_len - ending_len;
    return name_len > ending_len && strcmp(name + *len, ending) == 0;
}

/** The length of "0001_initial" in a file's name, and the file's type: the number of a dialect, or
 * DATA_DIALECTS for a schema. 0 when the file does not belong to a migration. */
static size_t take_name(const char *file, unsigned *what)
{
    size_t len;
    for (*what = 0; *what <= DATA_DIALECTS; (*what)++)
        if (ends_with(file, *what < DATA_DIALECTS ? data_dialects[*what]->file_ending : schema_ending, &len))
            break;
    if (*what > DATA_DIALECTS || len < DIGITS + 2 || file[DIGITS] != '_' ||
        strspn(file, "0123456789") != DIGITS)
        return 0;
    return strspn(file, "0123456789abcdefghijklmnopqrstuvwxyz_") == len ? len : 0;
}

static migration *find_or_add(migrate_folder *folder, const char *name, size_t len)
{
    for (unsigned i = 0; i < folder->count; i++)
        if (strlen(folder->items[i].name) == len && memcmp(folder->items[i].name, name, len) == 0)
            return &folder->items[i];
    const char *kept = folder->count < MOST ? arena_text(folder->memory, name, len) : NULL;
    migration *grown = kept != NULL
                           ? arena_resize(folder->memory, folder->items, (folder->count + 1) * sizeof *grown)
                           : NULL;
    if (grown == NULL)
        return NULL;
    folder->items = grown;
    grown[folder->count] = (migration){.number = (unsigned)strtoul(kept, NULL, 10), .name = kept};
    return &grown[folder->count++];
}

static bool take_file(migrate_folder *folder, const char *file, buf *problems)
{
    unsigned what;
    size_t len = take_name(file, &what), unused;
    if (len == 0) {
        if (!ends_with(file, ".sql", &unused))
            return true; /* notes, editors' files */
        buf_add_printf(problems, "%s/%s: a migration is called like 0001_name%s or 0001_name%s\n",
                       folder->path, file, data_dialects[0]->file_ending, data_dialects[1]->file_ending);
        return false;
    }
    migration *m = find_or_add(folder, file, len);
    if (m == NULL)
        return memory_is_short(problems);
    if (what < DATA_DIALECTS)
        m->has_sql[what] = true;
    else
        m->has_schema = true;
    return true;
}

static int by_number(const void *a, const void *b)
{
    return strcmp(((const migration *)a)->name, ((const migration *)b)->name);
}

static bool check_numbers(const migrate_folder *folder, buf *problems)
{
    bool is_right = true;
    for (unsigned i = 1; i < folder->count; i++) {
        const migration *before = &folder->items[i - 1], *m = &folder->items[i];
        if (before->number != m->number)
            continue;
        buf_add_printf(problems,
                       "%s: %s and %s have the same number; delete the one that is not applied anywhere, and "
                       "make it again\n",
                       folder->path, before->name, m->name);
        is_right = false;
    }
    return is_right;
}

bool folder_read(migrate_folder *folder, const char *path, arena *memory, buf *problems)
{
    *folder = (migrate_folder){.path = path, .memory = memory};
    DIR *dir = opendir(path);
    if (dir == NULL && errno == ENOENT)
        return true;
    if (dir == NULL) {
        buf_add_printf(problems, "%s: %s\n", path, strerror(errno));
        return false;
    }
    folder->exists = true;
    bool is_right = true;
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;)
        if (entry->d_name[0] != '.')
            is_right = take_file(folder, entry->d_name, problems) && is_right;
    closedir(dir);
    if (folder->count > 1)
        qsort(folder->items, folder->count, sizeof *folder->items, by_number);
    return is_right && check_numbers(folder, problems);
}

const migration *folder_find(const migrate_folder *folder, const char *word)
{
    uint64_t number = 0;
    bool is_number = text_get_u64(word, strlen(word), &number);
    for (unsigned i = 0; i < folder->count; i++)
        if (is_number ? folder->items[i].number == number : strcmp(folder->items[i].name, word) == 0)
            return &folder->items[i];
    return NULL;
}

/* -- the contents of files -- */

/** The whole file, with a NUL after it, in the folder's memory; NULL with a line. */
static char *read_file(const migrate_folder *folder, const char *path, size_t *len, buf *problems)
{
    FILE *file = path != NULL ? fopen(path, "re") : NULL;
    char *text = NULL;
    if (file == NULL) {
        buf_add_printf(problems, "%s: %s\n", path != NULL ? path : folder->path,
                       path != NULL ? strerror(errno) : "out of memory");
        return NULL;
    }
    if (fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        rewind(file);
        if (size >= 0 && size <= FILE_MOST_BYTES)
            text = arena_alloc(folder->memory, (size_t)size + 1);
        if (text != NULL && fread(text, 1, (size_t)size, file) == (size_t)size) {
            *len = (size_t)size;
            text[size] = '\0';
        } else {
            text = NULL;
        }
    }
    fclose(file);
    if (text == NULL)
        buf_add_printf(problems, "%s: cannot be read\n", path);
    return text;
}

/** The line that begins the down part; NULL when there is none. */
static const char *find_mark(const char *text)
{
    size_t mark_len = strlen(MIGRATE_DOWN_MARK);
    for (const char *at = text; (at = strstr(at, MIGRATE_DOWN_MARK)) != NULL; at += mark_len)
        if ((at == text || at[-1] == '\n') && strchr(" \t\r\n", at[mark_len]) != NULL)
            return at;
    return NULL;
}

bool folder_read_sql(const migrate_folder *folder, const migration *m, data_dialect dialect,
                     migration_sql *out, buf *problems)
{
    size_t len;
    *out = (migration_sql){.file = folder_file(folder, m->name, dialect->file_ending)};
    const char *text = read_file(folder, out->file, &len, problems);
    if (text == NULL)
        return false;
    const char *mark = find_mark(text), *line = mark != NULL ? strchr(mark, '\n') : NULL;
    out->up = text;
    out->up_len = mark != NULL ? (size_t)(mark - text) : len;
    if (mark != NULL) {
        out->down = line != NULL ? line + 1 : text + len;
        out->down_len = (size_t)(text + len - out->down);
        out->down_line = 1;
        for (const char *c = text; c < out->down; c++)
            out->down_line += *c == '\n';
    }
    migrate_checksum(text, len, out->checksum);
    return true;
}

const ddl_schema *folder_schema(const migrate_folder *folder, const migration **of, buf *problems)
{
    static const ddl_schema nothing;
    size_t len;
    *of = NULL;
    for (unsigned i = folder->count; i-- > 0;) {
        const migration *m = &folder->items[i];
        if (!m->has_schema)
            continue; /* written by hand: changes data, not tables */
        const char *path = folder_file(folder, m->name, schema_ending);
        char *text = read_file(folder, path, &len, problems);
        *of = m;
        return text != NULL ? schema_from_json(path, text, len, folder->memory, problems) : NULL;
    }
    return &nothing;
}

void migrate_checksum(const char *data, size_t len, char out[MIGRATE_CHECKSUM_BYTES])
{
    static const siphash_key first = {{1, 2}}, second = {{3, 4}}; /* part of the format: never change this */
    snprintf(out, MIGRATE_CHECKSUM_BYTES, "%016llx%016llx",
             (unsigned long long)siphash_2_4(&first, data, len),
             (unsigned long long)siphash_2_4(&second, data, len));
}
