/* `migrate make`: compares the models with the migrations so far. */
#include "data/migrate/command.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* -- renames: asked for on a terminal, never guessed -- */

static bool ask(const char *question)
{
    char answer[16] = "";
    fputs(question, stdout);
    fflush(stdout);
    return fgets(answer, sizeof answer, stdin) != NULL && text_lower((unsigned char)answer[0]) == 'y';
}

/** Asks about each pair of a new and an old name that could be a rename. Without a terminal, it only prints
 * what to write into the model. */
static bool is_renamed(bool is_terminal, const char *what, const char *table, const char *was, const char *is)
{
    char question[400];
    snprintf(question, sizeof question,
             "Is the new %s %s%s%s the former %s? Its values are then kept. [y/N] ", what, table,
             *table != '\0' ? "." : "", is, was);
    if (is_terminal)
        return ask(question);
    printf("note: if %s %s%s%s is the former %s, give it .renamed_from = \"%s\" and make again\n", what,
           table, *table != '\0' ? "." : "", is, was, was);
    return false;
}

static void ask_about_columns(const diff_table *t, bool is_terminal)
{
    for (size_t i = 0; i < t->to->columns.count; i++) {
        ddl_column *to = &t->to->columns.items[i];
        for (size_t k = 0; k < t->mid->columns.count && to->renamed_from == NULL; k++) {
            const ddl_column *mid = &t->mid->columns.items[k];
            if (ddl_find_column(t->mid, to->name) == NULL && ddl_find_column(t->to, mid->name) == NULL &&
                mid->kind == to->kind && is_renamed(is_terminal, "column", t->to->name, mid->name, to->name))
                to->renamed_from = mid->name;
        }
    }
}

static void ask_about_tables(const schema_diff *d, bool is_terminal)
{
    for (size_t i = 0; i < d->to->tables.count; i++) {
        ddl_table *to = &d->to->tables.items[i];
        if (ddl_find_table(d->mid, to->name) != NULL)
            continue;
        for (size_t k = 0; k < d->mid->tables.count && to->renamed_from == NULL; k++) {
            const ddl_table *mid = &d->mid->tables.items[k];
            if (ddl_find_table(d->to, mid->name) == NULL &&
                is_renamed(is_terminal, "table", "", mid->name, to->name))
                to->renamed_from = mid->name;
        }
    }
}

static bool compare(migrate_command *c, schema_diff *d, const ddl_schema *from, const ddl_schema *to,
                    bool may_ask)
{
    bool is_terminal = may_ask && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
    bool is_made = diff_make(d, from, to, false, &c->memory);
    if (is_made) {
        ask_about_tables(d, is_terminal);
        is_made = diff_make(d, from, to, false, &c->memory);
    }
    for (unsigned i = 0; is_made && i < d->common_count; i++)
        ask_about_columns(&d->common[i], is_terminal);
    return (is_made && diff_make(d, from, to, false, &c->memory)) || command_fail(c, "out of memory");
}

/* -- files -- */

/** The word for the file's name, from the first line of the summary: add_column_todo_due for "add column
 * todo.due", with _and_more appended when there are more lines. */
static const char *name_of_change(migrate_command *c, const buf *summary)
{
    enum { LONGEST = 60 };
    if (summary->data == NULL)
        return "changes";
    const char *line = summary->data + strspn(summary->data, " "), *end = line + strcspn(line, ",\n");
    const char *next = strchr(end, '\n');
    int len = end - line < LONGEST ? (int)(end - line) : LONGEST;
    char *name =
        arena_printf(&c->memory, "%.*s%s", len, line, next != NULL && next[1] != '\0' ? "_and_more" : "");
    for (char *at = name; at != NULL && *at != '\0'; at++) {
        *at = (char)text_lower((unsigned char)*at);
        if (!((*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9')))
            *at = '_';
    }
    return name != NULL ? name : "changes";
}

static bool write_file(migrate_command *c, const char *path, const buf *text)
{
    FILE *file = path != NULL && !text->failed ? fopen(path, "wxe") : NULL;
    if (file == NULL)
        return command_fail(c, "%s: %s", path != NULL ? path : c->folder.path,
                            path != NULL && !text->failed ? strerror(errno) : "out of memory");
    bool is_written = fwrite(text->data, 1, text->len, file) == text->len;
    is_written = fclose(file) == 0 && is_written;
    if (is_written) {
        printf("wrote %s\n", path);
        return true;
    }
    unlink(path); /* an incomplete file would pass for a migration */
    return command_fail(c, "%s: %s", path, strerror(errno));
}

static void add_part(const schema_diff *d, data_dialect dialect, buf *text)
{
    size_t before = text->len;
    diff_sql(d, dialect, text);
    if (text->len == before)
        buf_add_printf(text, "-- nothing to do in %s\n", dialect->name);
}

static bool write_sql(migrate_command *c, const char *name, data_dialect dialect, const schema_diff *up,
                      const schema_diff *down)
{
    buf text = {0};
    buf_add_printf(&text, "-- Made by `%s migrate make`. Read it before `%s migrate` runs it.\n\n",
                   c->program, c->program);
    add_part(up, dialect, &text);
    buf_add_text(&text, "\n" MIGRATE_DOWN_MARK "\n");
    add_part(down, dialect, &text);
    bool is_written = write_file(c, folder_file(&c->folder, name, folder_sql_ending(dialect)), &text);
    buf_free(&text);
    return is_written;
}

/** Writes all files of a migration, or none of them. */
static bool write_migration(migrate_command *c, const char *word, const schema_diff *up)
{
    schema_diff down;
    const ddl_schema *back = diff_target_of_return(up);
    const char *name =
        arena_printf(&c->memory, "%04u_%s",
                     c->folder.count != 0 ? c->folder.items[c->folder.count - 1].number + 1 : 1, word);
    buf schema = {0};
    if (back == NULL || name == NULL || !diff_make(&down, up->to, back, true, &c->memory) ||
        !schema_to_json(up->to, &c->memory, &schema)) {
        buf_free(&schema);
        return command_fail(c, "out of memory");
    }
    if (mkdir(c->folder.path, 0777) != 0 && errno != EEXIST) {
        buf_free(&schema);
        return command_fail(c, "%s: %s", c->folder.path, strerror(errno));
    }
    unsigned written = 0;
    while (written < DATA_DIALECTS && write_sql(c, name, data_dialects[written], up, &down))
        written++;
    bool is_written =
        written == DATA_DIALECTS && write_file(c, folder_file(&c->folder, name, ".json"), &schema);
    for (unsigned i = 0; i < written && !is_written; i++)
        unlink(folder_file(&c->folder, name, folder_sql_ending(data_dialects[i])));
    buf_free(&schema);
    return is_written && command_read_folder(c);
}

/* -- the baseline: the tables that a first start has created -- */

static const ddl_schema *baseline_of(migrate_command *c)
{
    size_t told = c->problems.len;
    if (!command_connect(c)) {
        printf("note: cannot ask the database whether a first start has already made its tables: %s",
               c->problems.data + told);
        c->problems.len = told;
        return NULL;
    }
    const applied_migration *baseline = c->state.baseline;
    return baseline == NULL || baseline->schema == NULL
               ? NULL
               : schema_from_json("the baseline of the database", baseline->schema, strlen(baseline->schema),
                                  &c->memory, &c->problems);
}

/** The first migration of an application that has run without any: describes its tables. */
static bool write_baseline(migrate_command *c, const ddl_schema *baseline)
{
    static const ddl_schema nothing;
    schema_diff d;
    if (!diff_make(&d, &nothing, baseline, false, &c->memory))
        return command_fail(c, "out of memory");
    puts("the tables that a first start has made become the first migration:");
    return write_migration(c, "initial", &d);
}

/* -- the command -- */

static bool is_name(const char *word)
{
    size_t len = strlen(word);
    return len <= 100 && strspn(word, "0123456789abcdefghijklmnopqrstuvwxyz_") == len;
}

static int make_empty(migrate_command *c, const ddl_schema *newest, const char *word)
{
    schema_diff d;
    if (word == NULL) {
        command_fail(c, "migrate make --empty: give it a name");
        return 1;
    }
    return diff_make(&d, newest, newest, false, &c->memory) && write_migration(c, word, &d) ? 0 : 1;
}

/** Whether nothing needs editing by hand, or the user has offered to edit. */
static bool check_change(migrate_command *c, const schema_diff *d, bool is_by_hand)
{
    buf needs = {0};
    bool is_right = diff_check(d, is_by_hand ? &needs : &c->problems);
    if (!is_right && is_by_hand)
        printf("write in the place of " DIFF_BY_HAND "(), which no database knows, what is meant:\n%s",
               needs.failed ? "" : needs.data);
    else if (!is_right)
        command_fail(c,
                     "`%s migrate make --by-hand` writes the migration anyway, with " DIFF_BY_HAND
                     "() in its SQL where a value is missing",
                     c->program);
    buf_free(&needs);
    return is_right || is_by_hand;
}

static int make(migrate_command *c, const char *word, bool is_check, bool is_by_hand)
{
    const migration *of;
    const ddl_schema *models = command_models(c), *newest = folder_schema(&c->folder, &of, &c->problems);
    schema_diff d;
    buf summary = {0};
    if (models == NULL || newest == NULL || !compare(c, &d, newest, models, !is_check))
        return 1;
    if (command_is_same(c, newest, models)) {
        puts("no changes: the models agree with the migrations");
        return 0;
    }
    diff_summary(&d, &summary);
    fputs(summary.data != NULL ? summary.data : "", stdout);
    fflush(stdout);
    const char *name = word != NULL ? word : c->folder.count == 0 ? "initial" : name_of_change(c, &summary);
    bool is_done = is_check || (diff_check_renames(&d, &c->problems) && check_change(c, &d, is_by_hand));
    if (is_done && is_check)
        is_done = command_fail(
            c, "the models have changes that are not in a migration: run `%s migrate make`", c->program);
    else if (is_done)
        is_done = write_migration(c, name, &d);
    buf_free(&summary);
    return !is_done;
}

int command_make(migrate_command *c)
{
    bool is_check = command_take_flag(c, "--check"), is_empty = command_take_flag(c, "--empty"),
         is_by_hand = command_take_flag(c, "--by-hand");
    const char *word = command_take_word(c);
    if (!command_has_no_more(c) || !command_read_folder(c))
        return 1;
    if (word != NULL && !is_name(word)) {
        command_fail(c, "%s: a migration's name has lower-case letters, digits and '_'", word);
        return 1;
    }
    if (c->folder.count == 0 && !is_check) {
        const ddl_schema *baseline = baseline_of(c);
        if (c->problems.len != 0 || (baseline != NULL && !write_baseline(c, baseline)))
            return 1;
    }
    if (!is_empty)
        return make(c, word, is_check, is_by_hand);
    const migration *of;
    const ddl_schema *newest = folder_schema(&c->folder, &of, &c->problems);
    return newest == NULL ? 1 : make_empty(c, newest, word);
}
