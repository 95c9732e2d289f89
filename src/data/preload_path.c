#include "data/preload_path.h"
#include "app/bind/bind.h"
#include "data/misuse.h"

#include <ctype.h>
#include <string.h>

static size_t word_len(const char *at)
{
    size_t len = 0;
    while (isalnum((unsigned char)at[len]) || at[len] == '_')
        len++;
    return len;
}

/** The next word of "books.items->author", or of "books.items[0].author"; NULL after the last. */
static const char *next_word(const char *at)
{
    while (*at != '\0' && !isalpha((unsigned char)*at) && *at != '_')
        at = *at == '[' && strchr(at, ']') != NULL ? strchr(at, ']') + 1 : at + 1;
    return *at != '\0' ? at : NULL;
}

static const field_plan *field_of(tern_ctx *c, const tern_type *type, const char *name, size_t len)
{
    const type_plan *plan = plan_of(type);
    for (unsigned i = 0; i < type->field_count; i++)
        if (strncmp(plan->fields[i].field->name, name, len) == 0 && plan->fields[i].field->name[len] == '\0')
            return &plan->fields[i];
    data_misuse(c, "%s has no field \"%.*s\" to preload", type->name, (int)len, name);
}

/** The number of rows that the field has in one row. */
static size_t count_in(const field_plan *f, const char *row)
{
    const tern_bool_list *list = plan_value(f, row); /* every list begins the same way */
    if (*plan_state(f, row) != TERN_STATE_VALUE && *plan_state(f, row) != TERN_STATE_GIVEN)
        return 0;
    return f->type->kind == TERN_KIND_LIST ? list->count : 1;
}

/** The rows in the field `f` of all of `from`. */
static preload_rows step(tern_ctx *c, const preload_rows *from, const field_plan *f)
{
    const bool is_list = f->type->kind == TERN_KIND_LIST;
    preload_rows to = {.type = is_list ? f->type->item : f->type};
    bool was_read = from->count == 0;
    size_t count = 0;
    if (to.type->kind != TERN_KIND_MODEL)
        data_misuse(c, "%s.%s holds no rows within which something could be preloaded", from->type->name,
                    f->field->name);
    for (size_t i = 0; i < from->count; i++) {
        was_read |= *plan_state(f, from->rows[i]) != TERN_STATE_ABSENT;
        count += count_in(f, from->rows[i]);
    }
    if (!was_read)
        data_misuse(c, "%s.%s was not read: the tern_preload of that field comes first", from->type->name,
                    f->field->name);
    to.rows = ctx_need(c, arena_alloc(ctx_arena(c), count * sizeof *to.rows));
    for (size_t i = 0; i < from->count; i++) {
        char *value = plan_value(f, from->rows[i]);
        if (is_list)
            value = (char *)(void *)((tern_bool_list *)(void *)value)->items;
        for (size_t k = 0, most = count_in(f, from->rows[i]); k < most; k++)
            to.rows[to.count++] = value + k * to.type->size;
    }
    return to;
}

preload_rows preload_path_follow(tern_ctx *c, const tern_type *type, void *items, size_t count,
                                 const char *path)
{
    preload_rows at = {.type = type, .count = count};
    at.rows = ctx_need(c, arena_alloc(ctx_arena(c), count * sizeof *at.rows));
    for (size_t i = 0; i < count; i++)
        at.rows[i] = (char *)items + i * type->size;
    const char *word = next_word(path);
    for (const char *next; (next = next_word(word + word_len(word))) != NULL; word = next) {
        if (plan_of(at.type) == NULL)
            bind_need_plan(c, at.type);
        const field_plan *f = field_of(c, at.type, word, word_len(word));
        if (f->type->kind == TERN_KIND_LIST) /* "items" belongs to the list */
            next = next_word(next + word_len(next));
        if (next == NULL)
            data_misuse(c, "\"%s\" ends in a list: name the field of its items", path);
        at = step(c, &at, f);
    }
    at.field = word;
    at.field_len = word_len(word);
    return at;
}
