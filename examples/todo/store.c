#include "store.h"

#include <string.h>

static tern_shared_map *map;
static const char key[] = "todos";

bool store_open(void)
{
    map = tern_shared_map_new("todos", .entries = 1, .value_bytes = sizeof(store_list));
    return map != NULL;
}

store_list *store_read(tern_ctx *c)
{
    store_list *list = tern_alloc(c, sizeof *list); /* zeroed: an empty list */
    size_t len = 0;
    tern_shared_map_get(map, key, sizeof key, list, sizeof *list, &len);
    return list;
}

typedef struct update {
    bool (*change)(store_list *list, void *arg);
    void *arg;
} update;

static bool run_update(void *arg, void *value, size_t *value_len)
{
    const update *u = arg;
    store_list *list = value;
    if (*value_len == 0)
        memset(list, 0, sizeof *list);
    *value_len = sizeof *list;
    return u->change(list, u->arg);
}

bool store_change(bool (*change)(store_list *list, void *arg), void *arg)
{
    update u = {.change = change, .arg = arg};
    return tern_shared_map_update(map, key, sizeof key, 0, run_update, &u);
}

store_item *store_find(store_list *list, int64_t id)
{
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].id == id)
            return &list->items[i];
    return NULL;
}
