/* Trees of values, which are sent as JSON, forms or parts of an address. */
#include "app/fuzz/internal.h"

#include <string.h>

fuzz_node *fuzz_node_new(arena *a, fuzz_shape shape, const char *text, size_t len)
{
    fuzz_node *node = test_need(arena_alloc(a, sizeof *node));
    *node = (fuzz_node){.shape = shape, .text = text, .len = len};
    return node;
}

fuzz_node *fuzz_quoted(arena *a, const char *text)
{
    return fuzz_node_new(a, FUZZ_QUOTED, text, strlen(text));
}

fuzz_node *fuzz_bare(arena *a, const char *text)
{
    return fuzz_node_new(a, FUZZ_BARE, text, strlen(text));
}

void fuzz_node_add(fuzz_node *parent, const char *key, fuzz_node *child)
{
    fuzz_node **end = &parent->first;
    while (*end != NULL)
        end = &(*end)->next;
    child->key = key;
    child->next = NULL;
    *end = child;
}

fuzz_node *fuzz_node_get(const fuzz_node *object, const char *key)
{
    fuzz_node *child = object != NULL ? object->first : NULL;
    while (child != NULL && (child->key == NULL || strcmp(child->key, key) != 0))
        child = child->next;
    return child;
}

static void print_quoted(const char *text, size_t len, buf *out)
{
    buf_add_text(out, "\"");
    buf_add_json(out, text, len);
    buf_add_text(out, "\"");
}

void fuzz_node_print_json(const fuzz_node *node, buf *out)
{
    bool is_object = node->shape == FUZZ_OBJECT;
    if (node->shape == FUZZ_QUOTED) {
        print_quoted(node->text, node->len, out);
        return;
    }
    if (node->shape == FUZZ_BARE) {
        buf_add(out, node->text, node->len);
        return;
    }
    buf_add_text(out, is_object ? "{" : "[");
    for (const fuzz_node *child = node->first; child != NULL; child = child->next) {
        if (child != node->first)
            buf_add_text(out, ",");
        if (is_object) {
            print_quoted(child->key, strlen(child->key), out);
            buf_add_text(out, ":");
        }
        fuzz_node_print_json(child, out);
    }
    buf_add_text(out, is_object ? "}" : "]");
}
