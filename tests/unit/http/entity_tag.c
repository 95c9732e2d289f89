#include "http/entity_tag.h"

#include "check.h"

#include <string.h>

static tern_str text_of(const char *text)
{
    return (tern_str){text, strlen(text)};
}

TEST(an_entity_tag_is_a_quoted_text_that_may_be_weak)
{
    static const struct {
        const char *text, *opaque; /* NULL: it is not one */
        bool is_weak;
    } rows[] = {
        {"\"a\"", "\"a\"", false},
        {"W/\"a\"", "\"a\"", true},
        {"\"\"", "\"\"", false},
        {"\"a,b\"", "\"a,b\"", false},
        {"\"\\\"", "\"\\\"", false}, /* a backslash escapes nothing */
        {"\"\xc3\xa4\"", "\"\xc3\xa4\"", false},
        {"", NULL, false},
        {"a", NULL, false},
        {"\"", NULL, false},
        {"\"a", NULL, false},
        {"a\"", NULL, false},
        {"w/\"a\"", NULL, false},
        {"W/", NULL, false},
        {"W/a", NULL, false},
        {"W\"a\"", NULL, false},
        {"\"a b\"", NULL, false},
        {"\"a\"b\"", NULL, false},
        {" \"a\"", NULL, false},
        {"\"a\" ", NULL, false},
        {"\"a\t\"", NULL, false},
        {"\"\x7f\"", NULL, false},
        {"*", NULL, false},
        {"W/ \"a\"", NULL, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        entity_tag tag;
        bool is_tag = entity_tag_read(text_of(rows[i].text), &tag);
        if (is_tag != (rows[i].opaque != NULL))
            check_fail(__FILE__, __LINE__, "%s", rows[i].text);
        if (!is_tag)
            continue;
        CHECK_BYTES(tag.opaque.data, tag.opaque.len, rows[i].opaque, strlen(rows[i].opaque));
        CHECK(tag.is_weak == rows[i].is_weak);
    }
}

enum { NO = ENTITY_TAG_DIFFERS, YES = ENTITY_TAG_MATCHES, BAD = ENTITY_TAG_MALFORMED };

/* RFC 9110 section 8.8.3.2 has the first four rows. */
TEST(a_list_of_entity_tags_is_compared_strongly_or_weakly)
{
    static const struct {
        const char *tag, *list;
        int strong, weak;
    } rows[] = {
        {"W/\"1\"", "W/\"1\"", NO, YES},
        {"W/\"1\"", "W/\"2\"", NO, NO},
        {"W/\"1\"", "\"1\"", NO, YES},
        {"\"1\"", "\"1\"", YES, YES},
        {"\"1\"", "W/\"1\"", NO, YES},
        {"\"1\"", "*", YES, YES},
        {"W/\"1\"", " * ", YES, YES},
        {"\"1\"", "\"2\", \"1\"", YES, YES},
        {"\"1\"", "\"2\",\t\"3\" ,W/\"1\"", NO, YES},
        {"\"1\"", ",, \"1\" ,", YES, YES},
        {"\"1\"", "\"2,\", \"1\"", YES, YES},
        {"\"1\"", "\"A\"", NO, NO},
        {"\"a\"", "\"A\"", NO, NO},
        {"\"1\"", "\"1\"\"1\"", BAD, BAD},
        {"\"1\"", "\"1\" \"1\"", BAD, BAD},
        {"\"1\"", "*, \"1\"", BAD, BAD},
        {"\"1\"", "\"1\", *", BAD, BAD},
        {"\"1\"", "1", BAD, BAD},
        {"\"1\"", "\"1\", 2", BAD, BAD},
        {"\"1\"", "", BAD, BAD},
        {"\"1\"", " , ", BAD, BAD},
        {"\"1\"", "\"1", BAD, BAD},
        {"\"1\"", "W/1", BAD, BAD},
        {"\"1\"", "\"1+deflate\"", NO, NO},
        {"\"1\"", "\"1+gzip\"", YES, YES},
        {"\"1\"", "\"2+gzip\"", NO, NO},
        {"\"1+gzip\"", "\"1+gzip\"", YES, YES},
        {"\"1+gzip\"", "\"1\"", NO, NO},
        {"\"1\"", "W/\"1+br\"", NO, YES},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        entity_tag tag;
        CHECK(entity_tag_read(text_of(rows[i].tag), &tag));
        int strong = (int)entity_tag_is_in(&tag, text_of(rows[i].list), ENTITY_TAG_STRONG, 0),
            weak = (int)entity_tag_is_in(&tag, text_of(rows[i].list), ENTITY_TAG_WEAK, 0);
        if (strong != rows[i].strong || weak != rows[i].weak)
            check_fail(__FILE__, __LINE__, "%s in %s: %d strongly, %d weakly", rows[i].tag, rows[i].list,
                       strong, weak);
    }
}

TEST(a_variant_of_a_tag_counts_as_the_tag_where_variants_are_known)
{
    entity_tag tag;
    CHECK(entity_tag_read(text_of("\"1\""), &tag));
    CHECK_INT(entity_tag_is_in(&tag, text_of("\"1+gzip\""), ENTITY_TAG_STRONG, '+'), ENTITY_TAG_MATCHES);
    CHECK_INT(entity_tag_is_in(&tag, text_of("\"1+\""), ENTITY_TAG_STRONG, '+'), ENTITY_TAG_MATCHES);
    CHECK_INT(entity_tag_is_in(&tag, text_of("\"1\""), ENTITY_TAG_STRONG, '+'), ENTITY_TAG_MATCHES);
    CHECK_INT(entity_tag_is_in(&tag, text_of("\"12+gzip\""), ENTITY_TAG_STRONG, '+'), ENTITY_TAG_DIFFERS);
    CHECK_INT(entity_tag_is_in(&tag, text_of("\"+1\""), ENTITY_TAG_STRONG, '+'), ENTITY_TAG_DIFFERS);
    CHECK_INT(entity_tag_is_in(&tag, text_of("W/\"1+gzip\""), ENTITY_TAG_STRONG, '+'), ENTITY_TAG_DIFFERS);
}

TEST(the_encoded_form_of_a_content_is_the_same_version_of_it_but_has_other_bytes)
{
    entity_tag tag;
    CHECK(entity_tag_read(text_of("\"1\""), &tag));
    CHECK_INT(entity_tag_is_in(&tag, text_of("\"1+zstd\""), ENTITY_TAG_STRONG, 0), ENTITY_TAG_MATCHES);
    CHECK_INT(entity_tag_is_in(&tag, text_of("\"1+zstd\""), ENTITY_TAG_BYTES, 0), ENTITY_TAG_DIFFERS);
    CHECK_INT(entity_tag_is_in(&tag, text_of("\"1\""), ENTITY_TAG_BYTES, 0), ENTITY_TAG_MATCHES);
}
