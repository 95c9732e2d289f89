#include "http/entity_tag.h"

#include <string.h>

/** RFC 9110 section 8.8.3: no quote, no space, no control byte; bytes above 127 are obs-text. */
static bool is_tag_byte(unsigned char byte)
{
    return byte > 0x20 && byte != '"' && byte != 0x7f;
}

/** The tag at the front of `text`; how long it is, 0 when there is none. */
static size_t take_tag(tern_str text, entity_tag *tag)
{
    size_t begin = text.len > 2 && memcmp(text.data, "W/", 2) == 0 ? 2 : 0, end = begin + 1;
    if (begin >= text.len || text.data[begin] != '"')
        return 0;
    while (end < text.len && is_tag_byte((unsigned char)text.data[end]))
        end++;
    if (end == text.len || text.data[end] != '"')
        return 0;
    end++;
    *tag = (entity_tag){{text.data + begin, end - begin}, begin != 0};
    return end;
}

bool entity_tag_read(tern_str text, entity_tag *tag)
{
    return text.len != 0 && take_tag(text, tag) == text.len;
}

static void skip(tern_str *rest, size_t len)
{
    *rest = (tern_str){rest->data + len, rest->len - len};
}

static void skip_blanks(tern_str *rest)
{
    while (rest->len != 0 && (*rest->data == ' ' || *rest->data == '\t'))
        skip(rest, 1);
}

/** Without its quotes, and without the variant after `mark`. */
static tern_str inside(tern_str opaque, char mark)
{
    tern_str text = {opaque.data + 1, opaque.len - 2};
    const char *end = mark != 0 ? memchr(text.data, mark, text.len) : NULL;
    if (end != NULL)
        text.len = (size_t)(end - text.data);
    return text;
}

static bool is_same(tern_str a, tern_str b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/** Without the names of forms at its end. */
static tern_str without_forms(tern_str text)
{
    static const tern_str ends[] = {{"+gzip", 5}, {"+br", 3}, {"+zstd", 5}, {"+msgpack", 8}, {"+cbor", 5}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (text.len <= ends[i].len ||
            memcmp(text.data + text.len - ends[i].len, ends[i].data, ends[i].len) != 0)
            continue;
        text.len -= ends[i].len;
        i = (size_t)-1; /* there may be two: "1+cbor+gzip" */
    }
    return text;
}

static bool is_equal(const entity_tag *tag, const entity_tag *other, entity_tag_comparison comparison, char mark)
{
    tern_str a = inside(tag->opaque, 0), b = inside(other->opaque, mark);
    if (comparison != ENTITY_TAG_WEAK && (tag->is_weak || other->is_weak))
        return false;
    return is_same(a, b) || (comparison != ENTITY_TAG_BYTES && is_same(a, without_forms(b)));
}

entity_tag_match entity_tag_is_in(const entity_tag *tag, tern_str list, entity_tag_comparison comparison,
                                  char mark)
{
    bool has_any = false, is_named = false;
    entity_tag other;
    skip_blanks(&list);
    if (list.len != 0 && *list.data == '*') {
        skip(&list, 1);
        skip_blanks(&list);
        return list.len == 0 ? ENTITY_TAG_MATCHES : ENTITY_TAG_MALFORMED;
    }
    while (list.len != 0) {
        if (*list.data != ',') { /* empty elements are passed over: section 5.6.1.2 */
            size_t len = take_tag(list, &other);
            if (len == 0)
                return ENTITY_TAG_MALFORMED;
            has_any = true;
            is_named |= is_equal(tag, &other, comparison, mark);
            skip(&list, len);
            skip_blanks(&list);
        }
        if (list.len != 0 && *list.data != ',')
            return ENTITY_TAG_MALFORMED;
        if (list.len != 0)
            skip(&list, 1);
        skip_blanks(&list);
    }
    return !has_any ? ENTITY_TAG_MALFORMED : is_named ? ENTITY_TAG_MATCHES : ENTITY_TAG_DIFFERS;
}
