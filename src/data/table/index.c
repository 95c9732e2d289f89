/* The indexes that a model declares as text: "owner, created desc", "email where deleted = false". */
#include "base/siphash.h"
#include "base/text.h"
#include "data/table/maker.h"

#include <string.h>

enum { INDEX_COLUMNS_MOST = 16 };

/** A text of .unique_together or .indexes while it is read. */
typedef struct index_text {
    const char *written; /* as in the model */
    const char *option;  /* "indexes" */
    buf columns;         /* "owner, created desc" as SQL */
    buf names;           /* "owner_created" */
    const data_column *parts[INDEX_COLUMNS_MOST];
    unsigned count;
    const char *where;
} index_text;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

static const char *skip_blanks(const char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

/** Reads the word at `*at` and moves `*at` past it and blanks; returns the word's length. */
static size_t take_word(const char **at, const char **word)
{
    *word = skip_blanks(*at);
    size_t len = strcspn(*word, " \t\n,");
    *at = skip_blanks(*word + len);
    return len;
}

static bool is_word(const char *word, size_t len, const char *what)
{
    return len == strlen(what) && text_equal_nocase(word, what, len);
}

static void add_part(table_maker *m, index_text *text, const data_table *table, const char *name, size_t len,
                     bool is_descending)
{
    const data_column *column = data_table_column(table, name, len);
    if (column == NULL) {
        table_mistake(m, ".%s has \"%s\": there is no column \"%.*s\"", text->option, text->written, (int)len,
                      name);
        return;
    }
    if (column->kind == TERN_ARG_JSON)
        table_mistake(m, ".%s has \"%s\": %s is JSON, which has no order", text->option, text->written,
                      column->name);
    for (unsigned i = 0; i < text->count; i++)
        if (text->parts[i] == column)
            table_mistake(m, ".%s has \"%s\": %s is used twice", text->option, text->written, column->name);
    if (text->count == INDEX_COLUMNS_MOST) {
        table_mistake(m, ".%s has \"%s\": an index has at most %d columns", text->option, text->written,
                      INDEX_COLUMNS_MOST);
        return;
    }
    buf_add_text(&text->columns, text->count != 0 ? ", " : "");
    data_name_add(&text->columns, column->name);
    buf_add_text(&text->columns, is_descending ? " desc" : "");
    buf_add_printf(&text->names, text->count != 0 ? "_%s" : "%s", column->name);
    text->parts[text->count++] = column;
}

/** Reads the whole text; false with a line. */
static bool read_index(table_maker *m, index_text *text, const data_table *table)
{
    const char *at = text->written, *word;
    bool had_mistakes = m->has_mistakes;
    m->has_mistakes = false;
    for (;;) {
        const char *name;
        size_t name_len = take_word(&at, &name), len = take_word(&at, &word);
        bool is_descending = is_word(word, len, "desc");
        if (is_descending || is_word(word, len, "asc"))
            len = take_word(&at, &word);
        add_part(m, text, table, name, name_len, is_descending);
        if (is_word(word, len, "where")) {
            text->where = at;
            if (*at == '\0')
                table_mistake(m, ".%s has \"%s\": no condition follows where", text->option, text->written);
            break;
        }
        if (len != 0)
            table_mistake(m,
                          ".%s has \"%s\": \"%.*s\" cannot be read; write columns with commas between "
                          "them, each with desc if wanted, and a where at the end if wanted",
                          text->option, text->written, (int)len, word);
        if (len != 0 || *at != ',')
            break;
        at++;
    }
    bool is_right = !m->has_mistakes;
    m->has_mistakes |= had_mistakes;
    return is_right;
}

/** Indexes are named by their columns, so that the names are the same on each machine and in each migration;
 * partial indexes of the same columns differ by their conditions. */
static const char *name_index(table_maker *m, const index_text *text, const data_table *table, bool is_unique)
{
    static const siphash_key key = {{0, 0}};
    const char *middle = text->names.data;
    if (text->where != NULL)
        middle = arena_printf(m->memory, "%s_%04x", text->names.data,
                              (unsigned)(siphash_2_4(&key, text->where, strlen(text->where)) & 0xffff));
    return middle == NULL ? NULL : data_name_join(m->memory, table->name, middle, is_unique ? "key" : "idx");
}

static void keep_index(table_maker *m, index_text *text, data_table *table, bool is_unique)
{
    data_index *index = &table->indexes[table->index_count];
    if (text->columns.failed || text->names.failed) {
        m->is_memory_short = true;
        return;
    }
    *index = (data_index){.name = name_index(m, text, table, is_unique),
                          .columns = arena_text(m->memory, text->columns.data, text->columns.len),
                          .where = text->where,
                          .is_unique = is_unique};
    if (index->name == NULL || index->columns == NULL) {
        m->is_memory_short = true;
        return;
    }
    for (unsigned i = 0; i < table->index_count; i++)
        if (strcmp(table->indexes[i].name, index->name) == 0)
            table_mistake(m, ".%s has \"%s\" twice", text->option, text->written);
    if (text->count == 1 && text->where == NULL)
        table_mistake(m, ".%s has \"%s\", one column alone; give that field .%s", text->option, text->written,
                      is_unique ? "unique" : "index");
    table->index_count++;
}

static void make_index(table_maker *m, const char *option, const char *written, data_table *table,
                       bool *leads)
{
    index_text text = {.written = written, .option = option};
    bool is_unique = strcmp(option, "unique_together") == 0;
    if (read_index(m, &text, table)) {
        if (text.where == NULL)
            leads[text.parts[0] - table->columns] = true;
        keep_index(m, &text, table, is_unique);
    }
    buf_free(&text.columns);
    buf_free(&text.names);
}

static unsigned count_texts(const char *const *texts)
{
    unsigned count = 0;
    while (texts != NULL && texts[count] != NULL)
        count++;
    return count;
}

/** Rows are searched by their foreign keys: when the referenced row is deleted, and by .by. A foreign key
 * gets its own index unless another index begins with it. */
static void index_references(data_table *table, const bool *leads)
{
    for (unsigned i = 0; i < table->column_count; i++) {
        data_column *column = &table->columns[i];
        bool leads_key = table->key_count != 0 && table->keys[0] == i;
        if (column->references != NULL && !leads[i] && !leads_key)
            column->is_indexed = true;
        if (column->is_unique || (leads_key && table->key_count == 1))
            column->is_indexed = false; /* it has one */
    }
}

void table_make_indexes(table_maker *m, data_table *table)
{
    const tern_model_options *options = &table->type->options;
    unsigned unique = count_texts(options->unique_together), plain = count_texts(options->indexes);
    m->model = table->type;
    if (table->is_view)
        return;
    bool *leads = table_zero(m, table->column_count);
    table->indexes = table_zero(m, (unique + plain + 1) * sizeof *table->indexes);
    if (leads == NULL || table->indexes == NULL)
        return;
    for (unsigned i = 0; i < unique; i++)
        make_index(m, "unique_together", options->unique_together[i], table, leads);
    for (unsigned i = 0; i < plain; i++)
        make_index(m, "indexes", options->indexes[i], table, leads);
    index_references(table, leads);
}
