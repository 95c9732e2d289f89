/** The to-dos, kept where every worker sees them. What examples/todo has in place of a database. */
#ifndef TODO_STORE_H
#define TODO_STORE_H

#include <tern.h>

enum { STORE_MOST = 100, STORE_TITLE = 120 };

/** One to-do, as it lies in memory that the workers share: no pointers. */
typedef struct store_item {
    int64_t id, created_us;
    bool is_done;
    char title[STORE_TITLE * 4 + 1]; /* a character of UTF-8 has up to four bytes */
} store_item;

typedef struct store_list {
    int64_t last_id;
    size_t count;
    store_item items[STORE_MOST];
} store_list;

/** Makes the memory; before tern_run. False without memory. */
bool store_open(void);

/** A copy of the whole list, in the request's memory. */
store_list *store_read(tern_ctx *c);

/**
 * Changes the list as one step that no other worker can come between. `change` edits the list it is given; it
 * may not wait and may not fail the request, so it says by its return value whether to keep what it did.
 */
bool store_change(bool (*change)(store_list *list, void *arg), void *arg);

/** The to-do of that id, or NULL. */
store_item *store_find(store_list *list, int64_t id);

#endif
