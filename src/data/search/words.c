/* What a person typed as a query that an engine understands, whatever was typed. */
#include "data/search/search.h"
#include "data/table/maker.h"

#include <string.h>

/** Words that must stand one behind the other: within quotes, or typed without blanks between them ("don't",
 * "foo-bar"). */
typedef struct word_group {
    const char *begin, *end;
    bool is_prefix;
} word_group;

typedef struct query_text {
    buf *out;
    data_dialect dialect;
    unsigned words;
    size_t used;      /* of SEARCH_QUERY_MOST_BYTES, counted alike for both engines */
    bool is_full;     /* what else was typed is ignored */
    bool is_hopeless; /* a word is in it that is found nowhere */
} query_text;

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/** What is not ASCII is left to the engine, which knows letters from marks. */
static bool is_word_byte(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 0x80 || (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

/** Reads the next group; where it ends, or NULL when there is none. */
static const char *next_group(const char *at, word_group *group)
{
    while (is_blank(*at))
        at++;
    if (*at == '\0')
        return NULL;
    if (*at == '"') {
        group->begin = ++at;
        at += strcspn(at, "\"");
        group->end = at;
        at += *at == '"';
        group->is_prefix = *at == '*';
        return at;
    }
    group->begin = at;
    while (*at != '\0' && *at != '"' && !is_blank(*at))
        at++;
    group->end = at;
    group->is_prefix = at[-1] == '*';
    return at;
}

/** Where the next word of a group begins, and its bytes in `*len`; NULL when there is none. */
static const char *next_word(const char *at, const char *end, size_t *len)
{
    while (at < end && !is_word_byte(*at))
        at++;
    for (*len = 0; at + *len < end && is_word_byte(at[*len]);)
        ++*len;
    return at < end ? at : NULL;
}

/** Whether there is room for a word: its bytes, a blank, quotes and a star. */
static bool take_room(query_text *q, size_t len)
{
    enum { AROUND = 4 };
    q->is_hopeless = len + AROUND > SEARCH_QUERY_MOST_BYTES;
    q->used += len + AROUND;
    q->is_full = q->is_hopeless || ++q->words > SEARCH_WORDS_MOST || q->used > SEARCH_QUERY_MOST_BYTES;
    return !q->is_full;
}

/** SQLite: `"foo bar"*`. PostgreSQL: `'foo' <-> 'bar':*`. */
static void add_group(query_text *q, const word_group *group)
{
    bool is_sqlite = q->dialect == DATA_SQLITE, is_first = true;
    size_t len = 0;
    const char *word = group->begin;
    while ((word = next_word(word, group->end, &len)) != NULL && take_room(q, len)) {
        if (is_first && q->words > 1)
            buf_add_text(q->out, is_sqlite ? " " : " & ");
        if (!is_first)
            buf_add_text(q->out, is_sqlite ? " " : " <-> ");
        else if (is_sqlite)
            buf_add_text(q->out, "\"");
        buf_add_printf(q->out, is_sqlite ? "%.*s" : "'%.*s'", (int)len, word);
        word += len;
        is_first = false;
    }
    if (is_first)
        return;
    buf_add_text(q->out, is_sqlite ? "\"" : "");
    if (group->is_prefix && !q->is_full) /* else the last word of it is not the one with the star */
        buf_add_text(q->out, is_sqlite ? "*" : ":*");
}

bool search_add_query(buf *query, data_dialect dialect, const char *words)
{
    query_text q = {.out = query, .dialect = dialect};
    word_group group;
    while (words != NULL && !q.is_full && (words = next_group(words, &group)) != NULL)
        add_group(&q, &group);
    return q.words != 0 && !q.is_hopeless;
}

void search_add_vector(buf *sql, const char *const *columns, size_t count)
{
    /* Marks become blanks first: PostgreSQL would take "and/or" for a path and "a.b" for a host, and find
     * neither by its words. The cut keeps a row below the 1 MiB that an index entry may have. */
    buf_add_text(sql, "to_tsvector('simple', translate(left(");
    for (size_t i = 0; i < count; i++) {
        buf_add_text(sql, i == 0 ? "coalesce(" : " || ' ' || coalesce(");
        data_name_add(sql, columns[i]);
        buf_add_text(sql, ", '')");
    }
    buf_add_text(sql, ", 200000), '!\"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', 32)))");
}
