/** An intrusive doubly linked ring: the head is a link too, and an empty ring points to itself. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct list_link {
    struct list_link *next, *prev;
} list_link;

/** The structure that holds `link` as its field `field`. */
#define list_owner(link, type, field) ((type *)(void *)((char *)(link)-offsetof(type, field)))

/** Walks every link after `head`; the loop's body must not remove `link`. */
#define list_each(link, head) for (list_link *link = (head)->next; link != (head); link = link->next)

static inline void list_init(list_link *head)
{
    head->next = head->prev = head;
}

static inline bool list_empty(const list_link *head)
{
    return head->next == head;
}

static inline void list_insert_before(list_link *place, list_link *link)
{
    link->prev = place->prev;
    link->next = place;
    place->prev->next = link;
    place->prev = link;
}

/** Appends at the end of the ring. */
static inline void list_append(list_link *head, list_link *link)
{
    list_insert_before(head, link);
}

/** Takes `link` out and leaves it pointing to itself, so that removing twice is harmless. */
static inline void list_remove(list_link *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    link->next = link->prev = link;
}

/** Takes the first link out; NULL when the ring is empty. */
static inline list_link *list_take_first(list_link *head)
{
    if (list_empty(head))
        return NULL;
    list_link *link = head->next;
    list_remove(link);
    return link;
}

/** Moves everything from `head` to the (uninitialised) ring `into`; false when there was nothing. */
static inline bool list_take_all(list_link *head, list_link *into)
{
    if (list_empty(head)) {
        list_init(into);
        return false;
    }
    *into = *head;
    into->next->prev = into;
    into->prev->next = into;
    list_init(head);
    return true;
}

#endif
