/** Entity tags, and the lists of them in If-Match and If-None-Match (RFC 9110 sections 8.8.3 and 13.1). */
#ifndef HTTP_ENTITY_TAG_H
#define HTTP_ENTITY_TAG_H

#include <tern/str.h>

#include <stdbool.h>

typedef struct entity_tag {
    tern_str opaque; /* with its quotes */
    bool is_weak;
} entity_tag;

/** What a list makes of a tag. */
typedef enum entity_tag_match {
    ENTITY_TAG_DIFFERS,
    ENTITY_TAG_MATCHES,
    ENTITY_TAG_MALFORMED /* the list breaks the grammar: a condition that nobody can hold or fail */
} entity_tag_match;

/** Reads a whole text, `"x"` or `W/"x"`; false when it is not an entity tag. The result points into `text`. */
bool entity_tag_read(tern_str text, entity_tag *tag);

/** How two tags are compared (section 8.8.3.2). A tag that ends with "+gzip", "+br", "+zstd", "+cbor" or
 * "+msgpack" also equals the tag without it: such an end names another form of the same content. */
typedef enum entity_tag_comparison {
    ENTITY_TAG_WEAK,
    ENTITY_TAG_STRONG, /* a weak tag equals nothing, as If-Match wants it */
    ENTITY_TAG_BYTES   /* the same, and forms differ, as If-Range wants it */
} entity_tag_comparison;

/**
 * Whether `list`, the value of If-Match or If-None-Match, names the tag: `*` names any.
 *
 * `mark`: the byte after which the tags of the list name a variant of what `tag` names, as
 * "3+gzip" does of "3"; it and the rest are passed over. 0: there are no variants. An empty list is malformed.
 */
entity_tag_match entity_tag_is_in(const entity_tag *tag, tern_str list, entity_tag_comparison comparison,
                                  char mark);

#endif
