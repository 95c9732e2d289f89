#include "base/list.h"

#include "check.h"

typedef struct item {
    int value;
    list_link link;
} item;

static void check_values(const list_link *head, const int *want, size_t count)
{
    size_t n = 0;
    for (const list_link *link = head->next; link != head; link = link->next) {
        CHECK(n < count);
        CHECK_INT(list_owner(link, item, link)->value, want[n]);
        CHECK(link->next->prev == link);
        n++;
    }
    CHECK_INT(n, count);
}

TEST(links_are_in_the_order_they_were_appended)
{
    item items[] = {{.value = 1}, {.value = 2}, {.value = 3}};
    list_link head;
    list_init(&head);
    CHECK(list_empty(&head));
    list_append(&head, &items[0].link);
    list_append(&head, &items[2].link);
    list_insert_before(&items[2].link, &items[1].link);
    CHECK(!list_empty(&head));
    check_values(&head, (const int[]){1, 2, 3}, 3);
}

TEST(a_link_is_removed_from_anywhere_and_twice_is_harmless)
{
    item items[] = {{.value = 1}, {.value = 2}, {.value = 3}};
    list_link head;
    list_init(&head);
    for (unsigned i = 0; i < 3; i++)
        list_append(&head, &items[i].link);
    list_remove(&items[1].link);
    list_remove(&items[1].link);
    check_values(&head, (const int[]){1, 3}, 2);
    list_remove(&items[0].link);
    list_remove(&items[2].link);
    CHECK(list_empty(&head));
}

TEST(taking_the_first_empties_the_ring_in_order)
{
    item items[] = {{.value = 1}, {.value = 2}};
    list_link head;
    list_init(&head);
    list_append(&head, &items[0].link);
    list_append(&head, &items[1].link);
    CHECK(list_take_first(&head) == &items[0].link);
    CHECK(list_take_first(&head) == &items[1].link);
    CHECK(list_take_first(&head) == NULL);
}
