/*
 * Lists of entity tags: a tag of the list is found in it, a strong match is also a weak match, and a list
 * without quotes has no tags.
 */
#include "http/entity_tag.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_list(const entity_tag *tag, tern_str list, char mark)
{
    entity_tag_match strong = entity_tag_is_in(tag, list, ENTITY_TAG_STRONG, mark),
                     weak = entity_tag_is_in(tag, list, ENTITY_TAG_WEAK, mark);
    require((strong == ENTITY_TAG_MALFORMED) == (weak == ENTITY_TAG_MALFORMED));
    require(strong != ENTITY_TAG_MATCHES || weak == ENTITY_TAG_MATCHES);
    if (memchr(list.data, '"', list.len) == NULL && memchr(list.data, '*', list.len) == NULL)
        require(weak == ENTITY_TAG_MALFORMED);
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size)
{
    static const char before[] = "\"x\", ", after[] = " ,W/\"y\"";
    char *list = malloc(size + sizeof before + sizeof after);
    require(list != NULL);
    entity_tag tag = {.opaque = {"\"1\"", 3}};
    memcpy(list, input, size);
    check_list(&tag, (tern_str){list, size}, 0);
    check_list(&tag, (tern_str){list, size}, '+');
    if (entity_tag_read((tern_str){list, size}, &tag)) {
        char *copy = malloc(size);
        require(copy != NULL && tag.opaque.len + 2u * tag.is_weak == size);
        memcpy(copy, input, size);
        entity_tag_read((tern_str){copy, size}, &tag);
        memcpy(list, before, sizeof before - 1);
        memcpy(list + sizeof before - 1, input, size);
        memcpy(list + sizeof before - 1 + size, after, sizeof after - 1);
        const tern_str whole = {list, size + sizeof before + sizeof after - 2};
        require(entity_tag_is_in(&tag, whole, false, 0) == ENTITY_TAG_MATCHES);
        require((entity_tag_is_in(&tag, whole, true, 0) == ENTITY_TAG_MATCHES) == !tag.is_weak);
        free(copy);
    }
    free(list);
    return 0;
}
