#include "data/migrate/rebuild/rebuild.h"

#include "base/text.h"
#include "data/migrate/command.h"

#include <string.h>

#if defined(TERN_WITH_SQLITE)

enum { NAME_BYTES = 256 };

/** An index or trigger of a table that was dropped. */
typedef struct kept_object {
    const char *type, *name, *sql; /* as in sqlite_schema */
} kept_object;

/** A table that the script has dropped. */
typedef struct dropped_table {
    struct dropped_table *next;
    const char *name;
    kept_object *objects;
    unsigned count;
    int64_t sequence; /* the last number that it gave; 0: none */
    bool is_back;     /* another table now has its name */
} dropped_table;

/** A table of the models that has more rules than its model. */
typedef struct ruled_table {
    struct ruled_table *next;
    const char *name; /* its current name in the script */
    table_rules rules;
} ruled_table;

struct rebuild {
    migrate_client *client;
    const ddl_schema *models;
    const char *file;
    arena *memory;
    dropped_table *dropped; /* last first */
    ruled_table *ruled;
    dropped_table *swap; /* while the statement that renames another table to its name runs */
    bool is_ruled_read, is_memory_short;
};

static bool run(rebuild *r, const char *sql, buf *problem)
{
    return client_query(r->client, sql, NULL, 0, NULL, NULL, problem);
}

static const char *keep(rebuild *r, const char *text)
{
    const char *kept = text != NULL ? arena_text(r->memory, text, strlen(text)) : NULL;
    r->is_memory_short |= kept == NULL;
    return kept;
}

static bool fail_short(buf *problem)
{
    buf_add_text(problem, "out of memory");
    return false;
}

static bool is_same_name(const char *a, const char *b)
{
    return strlen(a) == strlen(b) && text_equal_nocase(a, b, strlen(a));
}

/** A name as it is written in SQL. */
static void add_quoted(buf *sql, const char *name)
{
    buf_add_text(sql, "\"");
    for (; *name != '\0'; name++)
        buf_add(sql, *name == '"' ? "\"\"" : name, *name == '"' ? 2 : 1);
    buf_add_text(sql, "\"");
}

/* -- words of a statement -- */

/** Reads the next word or name of a statement into `word` (NAME_BYTES), with its case kept; returns its end.
 * `word` is empty when the next character does not begin one. */
static const char *next_word(const char *at, const char *end, char *word)
{
    size_t len = 0;
    at = client_skip_blanks(at, end);
    char close = at < end && *at == '[' ? ']' : at < end && strchr("\"`'", *at) != NULL ? *at : '\0';
    const char *begin = at + (close != '\0');
    for (at = begin; at < end; at++) {
        bool is_doubled = close != '\0' && close != ']' && at + 1 < end && *at == close && at[1] == close;
        bool is_word_byte = (*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') ||
                            (*at >= '0' && *at <= '9') || *at == '_' || (unsigned char)*at >= 0x80;
        if (close != '\0' ? *at == close && !is_doubled : !is_word_byte)
            break;
        at += is_doubled;
        if (len < NAME_BYTES - 1)
            word[len++] = *at;
    }
    word[len] = '\0';
    return at < end && close != '\0' ? at + 1 : at;
}

/** Skips the words, if they come next. */
static bool take_words(const char **at, const char *end, const char *const *words)
{
    const char *from = *at;
    char word[NAME_BYTES];
    for (; *words != NULL; words++) {
        from = next_word(from, end, word);
        if (!is_same_name(word, *words))
            return false;
    }
    *at = from;
    return true;
}

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/** A name, with an optional schema name before it. */
static void take_name(const char **at, const char *end, char *name)
{
    *at = next_word(*at, end, name);
    if (*at < end && **at == '.')
        *at = next_word(*at + 1, end, name);
}

/* -- what is kept from a table -- */

static dropped_table *find_dropped(const rebuild *r, const char *name)
{
    for (dropped_table *t = r->dropped; t != NULL; t = t->next)
        if (is_same_name(t->name, name))
            return t;
    return NULL;
}

static bool take_object(void *arg, const char *const *values, unsigned count)
{
    rebuild *r = arg;
    dropped_table *t = r->dropped;
    kept_object *grown = arena_resize(r->memory, t->objects, (t->count + 1) * sizeof *grown);
    (void)count;
    if (grown == NULL) {
        r->is_memory_short = true;
        return true;
    }
    t->objects = grown;
    grown[t->count++] = (kept_object){keep(r, values[0]), keep(r, values[1]), keep(r, values[2])};
    return true;
}

static bool take_sequence(void *arg, const char *const *values, unsigned count)
{
    int64_t *sequence = arg;
    if (count != 0 && values[0] != NULL)
        text_get_i64(values[0], strlen(values[0]), sequence);
    return true;
}

static bool has_sequences(rebuild *r, buf *problem, bool *has)
{
    int64_t count = 0;
    bool is_asked = client_number(
        r->client, "select count(*) from sqlite_schema where name = 'sqlite_sequence'", 0, &count, problem);
    *has = count != 0;
    return is_asked;
}

/** Called before the table is dropped. */
static bool keep_table(rebuild *r, const char *name, buf *problem)
{
    const tern_arg arg = tern_arg_text(name);
    dropped_table *t = arena_alloc(r->memory, sizeof *t);
    bool has;
    if (t == NULL)
        return fail_short(problem);
    *t = (dropped_table){.next = r->dropped, .name = keep(r, name)};
    r->dropped = t;
    return client_query(
               r->client,
               "select type, name, sql from sqlite_schema where tbl_name = ?1 collate nocase and type in "
               "('index', 'trigger') and sql is not null order by type, rowid",
               &arg, 1, take_object, r, problem) &&
           has_sequences(r, problem, &has) &&
           (!has || client_query(r->client, "select seq from sqlite_sequence where name = ?1 collate nocase",
                                 &arg, 1, take_sequence, &t->sequence, problem)) &&
           (!r->is_memory_short || fail_short(problem));
}

/* -- rules written by hand -- */

/**
 * The rules of a table that its model does not declare: those of the table, minus those of a table created
 * from the model.
 */
static bool read_rules(rebuild *r, const ddl_table *model, buf *problem)
{
    table_rules mine = {.memory = r->memory}, ours = {.memory = r->memory};
    buf sql = {0};
    ddl_add_table(&sql, r->client->driver->dialect, model, "tern_as_modelled", NULL, NULL);
    bool is_read = (!sql.failed || fail_short(problem)) &&
                   rules_read(&mine, r->client, model->name, problem) &&
                   client_script(r->client, sql.data, sql.len, NULL, NULL, problem) &&
                   rules_read(&ours, r->client, "tern_as_modelled", problem) &&
                   run(r, "drop table tern_as_modelled", problem);
    buf_free(&sql);
    if (!is_read)
        return false;
    rules_take_out(&mine, &ours);
    ruled_table *t = mine.count != 0 ? arena_alloc(r->memory, sizeof *t) : NULL;
    if (t == NULL)
        return mine.count == 0 || fail_short(problem);
    *t = (ruled_table){.next = r->ruled, .name = model->name, .rules = mine};
    r->ruled = t;
    return true;
}

/** Called before the first statement that renames or drops something. */
static bool read_all_rules(rebuild *r, buf *problem)
{
    if (r->is_ruled_read || r->models == NULL)
        return true;
    r->is_ruled_read = true;
    for (size_t i = 0; i < r->models->tables.count; i++)
        if (!read_rules(r, &r->models->tables.items[i], problem))
            return false;
    return true;
}

static ruled_table *find_ruled(const rebuild *r, const char *name)
{
    for (ruled_table *t = r->ruled; t != NULL; t = t->next)
        if (is_same_name(t->name, name))
            return t;
    return NULL;
}

static void add_rule(buf *problem, const table_rule *rule)
{
    if (strcmp(rule->kind, "column") == 0)
        buf_add_printf(problem, "the %scolumn %s", rule->text[0] != '\0' ? "generated " : "", rule->column);
    else if (strcmp(rule->kind, "collation") == 0)
        buf_add_printf(problem, "\"collate %s\" at the column %s", rule->text, rule->column);
    else if (strcmp(rule->kind, "check") == 0)
        buf_add_printf(problem, "the check %s", rule->text);
    else if (strcmp(rule->kind, "unique") == 0)
        buf_add_printf(problem, "\"unique (%s)\"", rule->text);
    else if (strcmp(rule->kind, "foreign key") == 0)
        buf_add_printf(problem, "the foreign key from %s to %s", rule->column, rule->text);
    else
        buf_add_printf(problem, "\"%s\"", rule->text);
}

/** Whether the table that took over the name has all rules of the previous one. */
static bool check_rules(rebuild *r, const char *name, buf *problem)
{
    const ruled_table *t = find_ruled(r, name);
    table_rules now = {.memory = r->memory};
    if (t == NULL)
        return true;
    if (!rules_read(&now, r->client, name, problem))
        return false;
    for (unsigned i = 0; i < t->rules.count; i++) {
        if (rules_have(&now, &t->rules.items[i]))
            continue;
        buf_add_printf(problem, "the table %s has ", name);
        add_rule(problem, &t->rules.items[i]);
        buf_add_printf(
            problem,
            ", which its model does not declare, and would be made again without it: add it to the "
            "new table in %s, or drop it in a migration before that",
            r->file);
        return false;
    }
    return true;
}

/* -- statement by statement -- */

static bool begin_swap(rebuild *r, dropped_table *t, buf *problem)
{
    r->swap = t;
    /* SQLite would check all views and triggers now, which use a name that does not exist at the moment. */
    return run(r, "pragma legacy_alter_table = on", problem);
}

/** "alter table a rename to b", "alter table a rename column b to c". */
static bool before_alter(rebuild *r, const char *at, const char *end, buf *problem)
{
    char table[NAME_BYTES], from[NAME_BYTES], to[NAME_BYTES];
    take_name(&at, end, table);
    if (!take_words(&at, end, WORDS("rename")))
        return true;
    if (!read_all_rules(r, problem))
        return false;
    ruled_table *ruled = find_ruled(r, table);
    if (take_words(&at, end, WORDS("to"))) {
        next_word(at, end, to);
        dropped_table *t = find_dropped(r, to);
        if (t != NULL && !t->is_back)
            return begin_swap(r, t, problem);
        if (ruled != NULL)
            ruled->name = keep(r, to);
    } else if (ruled != NULL) {
        take_words(&at, end, WORDS("column"));
        at = next_word(at, end, from);
        if (take_words(&at, end, WORDS("to"))) {
            next_word(at, end, to);
            rules_rename_column(&ruled->rules, from, to);
        }
    }
    return !r->is_memory_short || fail_short(problem);
}

bool rebuild_before(rebuild *r, const char *statement, const char *end, buf *problem)
{
    char name[NAME_BYTES];
    const char *at = statement;
    if (take_words(&at, end, WORDS("alter", "table")))
        return before_alter(r, at, end, problem);
    if (!take_words(&at, end, WORDS("drop", "table")))
        return true;
    take_words(&at, end, WORDS("if", "exists"));
    take_name(&at, end, name);
    return read_all_rules(r, problem) && keep_table(r, name, problem);
}

/** A table that numbers its rows continues after the last number of its predecessor. */
static bool go_on_counting(rebuild *r, const dropped_table *t, buf *problem)
{
    const tern_arg args[] = {tern_arg_text(t->name), tern_arg_int(t->sequence)};
    bool has;
    if (t->sequence == 0 || !has_sequences(r, problem, &has) || !has)
        return t->sequence == 0 || problem->len == 0;
    return client_query(r->client,
                        "update sqlite_sequence set seq = max(seq, ?2) where name = ?1 collate nocase", args,
                        2, NULL, NULL, problem) &&
           client_query(
               r->client,
               "insert into sqlite_sequence (name, seq) select name, ?2 from sqlite_schema where type = "
               "'table' and name = ?1 collate nocase and sql like '%autoincrement%' and not exists "
               "(select 1 from sqlite_sequence s where s.name = ?1 collate nocase)",
               args, 2, NULL, NULL, problem);
}

bool rebuild_after(rebuild *r, buf *problem)
{
    dropped_table *t = r->swap;
    if (t == NULL)
        return true;
    r->swap = NULL;
    t->is_back = true;
    return run(r, "pragma legacy_alter_table = off", problem) && check_rules(r, t->name, problem) &&
           go_on_counting(r, t, problem);
}

/* -- recreating -- */

static bool is_models_index(const rebuild *r, const char *name)
{
    for (size_t i = 0; r->models != NULL && i < r->models->tables.count; i++)
        for (size_t k = 0; k < r->models->tables.items[i].indexes.count; k++)
            if (is_same_name(r->models->tables.items[i].indexes.items[k].name, name))
                return true;
    return false;
}

static bool is_there(rebuild *r, const char *type, const char *name, bool *is, buf *problem)
{
    const tern_arg args[] = {tern_arg_text(type), tern_arg_text(name)};
    int64_t found = 0;
    bool is_asked =
        client_query(r->client, "select 1 from sqlite_schema where type = ?1 and name = ?2 collate nocase",
                     args, 2, take_sequence, &found, problem);
    *is = found != 0;
    return is_asked;
}

static bool make_again(rebuild *r, const dropped_table *t, const kept_object *object, buf *problem)
{
    bool is;
    buf why = {0};
    if (!is_there(r, object->type, object->name, &is, problem))
        return false;
    if (is || (strcmp(object->type, "index") == 0 && is_models_index(r, object->name)) ||
        run(r, object->sql, &why))
        return true;
    buf_add_printf(
        problem,
        "the %s %s cannot be put on the table %s again after this change: %s; write \"drop %s %s;\" "
        "before \"drop table %s;\" in %s, and a \"create %s\" that fits at its end",
        object->type, object->name, t->name, why.data != NULL ? why.data : "out of memory", object->type,
        object->name, t->name, r->file, object->type);
    buf_free(&why);
    return false;
}

/** Full-text tables that index another table refer to its rows by number. */
typedef struct full_texts {
    rebuild *r;
    buf *names; /* each with a NUL after it */
    const char *table;
} full_texts;

/** content=chat, content="chat", content = 'chat' */
static bool takes_words_of(const char *sql, const char *table)
{
    char word[NAME_BYTES];
    const char *end = sql + strlen(sql);
    for (const char *at = sql; (at = strstr(at, "content")) != NULL;) {
        const char *sign = at + strlen("content") + strspn(at + strlen("content"), " \t\r\n");
        at++;
        if (*sign == '=') {
            next_word(sign + 1, end, word);
            if (is_same_name(word, table))
                return true;
        }
    }
    return false;
}

static bool take_full_text(void *arg, const char *const *values, unsigned count)
{
    full_texts *texts = arg;
    (void)count;
    if (takes_words_of(values[1], texts->table) && find_dropped(texts->r, values[0]) == NULL)
        buf_add(texts->names, values[0], strlen(values[0]) + 1);
    return true;
}

static bool take_words_again(rebuild *r, const char *table, buf *problem)
{
    buf names = {0};
    full_texts texts = {r, &names, table};
    bool is_done =
        client_query(r->client,
                     "select name, sql from sqlite_schema where type = 'table' and sql like 'create "
                     "virtual table%fts5%content%'",
                     NULL, 0, take_full_text, &texts, problem) &&
        (!names.failed || fail_short(problem));
    for (size_t at = 0; is_done && at < names.len; at += strlen(names.data + at) + 1) {
        buf sql = {0};
        buf_add_text(&sql, "insert into ");
        add_quoted(&sql, names.data + at);
        buf_add_text(&sql, "(");
        add_quoted(&sql, names.data + at);
        buf_add_text(&sql, ") values ('rebuild')");
        is_done = (!sql.failed || fail_short(problem)) && run(r, sql.data, problem);
        buf_free(&sql);
    }
    buf_free(&names);
    return is_done;
}

/** SQLite checks all views and triggers when it renames any table. */
static bool check_all(rebuild *r, buf *problem)
{
    static const char *const look[] = {"create table tern_looks (a)",
                                       "alter table tern_looks rename to tern_has_looked",
                                       "drop table tern_has_looked"};
    for (size_t i = 0; i < sizeof look / sizeof *look; i++)
        if (!run(r, look[i], problem)) {
            migrate_add_advice(problem, r->file);
            return false;
        }
    return true;
}

bool rebuild_finish(rebuild *r, buf *problem)
{
    for (dropped_table *t = r->dropped; t != NULL; t = t->next) {
        bool is;
        if (!is_there(r, "table", t->name, &is, problem))
            return false;
        for (unsigned i = 0; is && i < t->count; i++)
            if (!make_again(r, t, &t->objects[i], problem))
                return false;
        if (is && !take_words_again(r, t->name, problem))
            return false;
    }
    return r->dropped == NULL || check_all(r, problem);
}

void rebuild_end(rebuild *r)
{
    buf ignored = {0};
    if (r->swap != NULL)
        run(r, "pragma legacy_alter_table = off", &ignored);
    buf_free(&ignored);
}

rebuild *rebuild_begin(migrate_client *client, const ddl_schema *models, const char *file, arena *memory)
{
    rebuild *r = arena_alloc(memory, sizeof *r);
    if (r != NULL)
        *r = (rebuild){.client = client, .models = models, .file = file, .memory = memory};
    return r;
}

#endif
