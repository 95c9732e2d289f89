/*
 * The application that test_migrate.py migrates: MODELS names the day whose models it uses.
 *
 * Each day is what its author would have written in the same file, so the models of several days have the
 * same .table.
 */
#include "base/buf.h"
#include "data/execute.h"
#include "data/migrate/migrate.h"
#include "data/table/table.h"

#include <tern.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 1: the first day. */
TERN_MODEL_WITH(Person1, (.table = "person"),
    (int64_t, id, .key = true),
    (const char *, name, .unique = true))
TERN_MODEL_WITH(Todo1, (.table = "todo"),
    (int64_t, id, .key = true),
    (const char *, title, .max_length = 20),
    (int64_t, owner, .references = TERN_TYPE(Person1), .on_delete = TERN_CASCADE),
    (const char *, note, .optional = true))

/* 2: a longer title, two more columns and an index. */
TERN_MODEL_WITH(Todo2, (.table = "todo", .indexes = TERN_COLUMNS("owner, due desc")),
    (int64_t, id, .key = true),
    (const char *, title, .max_length = 40),
    (int64_t, owner, .references = TERN_TYPE(Person1), .on_delete = TERN_CASCADE),
    (const char *, note, .optional = true),
    (tern_date, due, .optional = true),
    (int, priority, .fallback = "3", .min = 1, .max = 5))

/* 3: new names for a table and columns, one column less, a looser foreign key, a time. */
TERN_MODEL_WITH(Person3, (.table = "person"),
    (int64_t, id, .key = true),
    (const char *, full_name, .unique = true, .max_length = 80, .renamed_from = "name"))
TERN_MODEL_WITH(Task3, (.table = "task", .renamed_from = "todo", .indexes = TERN_COLUMNS("owner, due desc")),
    (int64_t, id, .key = true),
    (const char *, heading, .max_length = 40, .renamed_from = "title"),
    (int64_t, owner, .optional = true, .references = TERN_TYPE(Person3), .on_delete = TERN_SET_NULL),
    (tern_date, due, .optional = true),
    (int64_t, priority, .fallback = "3", .min = 1, .max = 9),
    (tern_datetime, made, .created = true))

/* 4: a column without a value for existing rows. */
TERN_MODEL_WITH(Person4, (.table = "person"),
    (int64_t, id, .key = true),
    (const char *, name, .unique = true),
    (const char *, email))

/* 5: like 1, except for a column with another name that is not declared as a rename. */
TERN_MODEL_WITH(Person5, (.table = "person"),
    (int64_t, id, .key = true),
    (const char *, label, .optional = true))

/* 6: a table that refers to itself, and two to each other. */
static tern_type Right6_type;
TERN_MODEL_WITH(Node6, (.table = "node"),
    (int64_t, id, .key = true),
    (int64_t, parent, .optional = true, .references = TERN_TYPE(Node6)))
TERN_MODEL_WITH(Left6, (.table = "left_one"),
    (int64_t, id, .key = true),
    (int64_t, other, .optional = true, .references = &Right6_type))
TERN_MODEL_WITH(Right6, (.table = "right_one"),
    (int64_t, id, .key = true),
    (int64_t, other, .optional = true, .references = TERN_TYPE(Left6)))

/* 7: every kind of value, a secret, and rows that refer to later ones. */
TERN_ENUM(Mood7, calm, angry)
TERN_MODEL(Inside7, (const char *, street))
TERN_MODEL_WITH(Thing7, (.table = "order"),
    (int64_t, id, .key = true),
    (int8_t, a, .optional = true),
    (uint64_t, b, .optional = true),
    (float, c, .optional = true),
    (double, d, .optional = true),
    (bool, e, .optional = true),
    (const char *, f, .optional = true),
    (const char *, secret, .optional = true, .write_only = true),
    (tern_bytes, g, .optional = true),
    (tern_uuid, h, .optional = true),
    (tern_date, i, .optional = true),
    (tern_time, j, .optional = true),
    (tern_datetime, k, .optional = true, .read_only = true),
    (tern_duration, l, .optional = true),
    (tern_decimal, m, .optional = true),
    (tern_any, n, .optional = true),
    (Mood7, o, .optional = true),
    (Inside7_list, p, .optional = true),
    (int64_t, next, .optional = true, .references = &Thing7_type))

/* 8: notes; 9: their words can be searched; 10: under new names, and the table is rebuilt. */
TERN_MODEL_WITH(Note8, (.table = "note"),
    (int64_t, id, .key = true),
    (const char *, title),
    (const char *, body, .optional = true))
TERN_MODEL_WITH(Note9, (.table = "note"),
    (int64_t, id, .key = true),
    (const char *, title, .search = true),
    (const char *, body, .optional = true, .search = true))
TERN_MODEL_WITH(Note10, (.table = "memo", .renamed_from = "note"),
    (int64_t, number, .key = true, .renamed_from = "id"),
    (const char *, heading, .search = true, .renamed_from = "title"),
    (const char *, body, .optional = true, .max_length = 500, .search = true))

/* 11: the words of only one column, which now has a rule, and of a new table. */
TERN_MODEL_WITH(Note11, (.table = "note"),
    (int64_t, id, .key = true),
    (const char *, title, .search = true, .max_length = 100),
    (const char *, body, .optional = true))
TERN_MODEL_WITH(Page11, (.table = "page"),
    (const char *, path, .key = true),
    (const char *, words, .search = true))

/* 12: pairs and people with numbers as keys. */
TERN_MODEL_WITH(Member12, (.table = "member"),
    (int64_t, id, .key = true),
    (const char *, email, .unique = true),
    (int64_t, boss, .optional = true, .references = &Member12_type))
TERN_MODEL_WITH(Club12, (.table = "club"), (int64_t, id, .key = true), (const char *, name, .unique = true))
TERN_MODEL_WITH(Pair12, (.table = "pair", .unique_together = TERN_COLUMNS("member, club")),
    (int64_t, id, .key = true),
    (int64_t, member, .references = TERN_TYPE(Member12)),
    (int64_t, club, .references = TERN_TYPE(Club12), .on_delete = TERN_CASCADE))

/* 13: people have UUIDs, clubs have names (of several words), and a pair's columns are its key. */
TERN_MODEL_WITH(Member13, (.table = "member"),
    (tern_uuid, id, .key = true),
    (const char *, email, .unique = true),
    (tern_uuid, boss, .optional = true, .references = &Member13_type))
TERN_MODEL_WITH(Club13, (.table = "club"),
    (const char *, id, .key = true),
    (const char *, name, .unique = true))
TERN_MODEL_WITH(Pair13, (.table = "pair"),
    (tern_uuid, member, .key = true, .references = TERN_TYPE(Member13)),
    (const char *, club, .key = true, .references = TERN_TYPE(Club13), .on_delete = TERN_CASCADE))

/* 14: people have their address as key, and pairs have a number again. */
TERN_MODEL_WITH(Member14, (.table = "member"), (const char *, email, .key = true))
TERN_MODEL_WITH(Club14, (.table = "club"),
    (const char *, id, .key = true),
    (const char *, name, .unique = true))
TERN_MODEL_WITH(Pair14, (.table = "pair"),
    (int64_t, number, .key = true),
    (tern_uuid, member),
    (const char *, club, .references = TERN_TYPE(Club14), .on_delete = TERN_CASCADE))

/* 15: like 12, but a person's key is the address, also in a pair. */
TERN_MODEL_WITH(Member15, (.table = "member"), (int64_t, id), (const char *, email, .key = true))
TERN_MODEL_WITH(Pair15, (.table = "pair"),
    (int64_t, id, .key = true),
    (const char *, member, .references = TERN_TYPE(Member15)))

/* 16, 17: values of one kind, and the same values as another kind. */
TERN_MODEL_WITH(Kinds16, (.table = "kinds"),
    (int64_t, id, .key = true),
    (int, a, .optional = true),
    (int, b, .optional = true),
    (double, c, .optional = true),
    (bool, d, .optional = true),
    (tern_date, e, .optional = true),
    (tern_datetime, f, .optional = true),
    (const char *, g, .optional = true),
    (const char *, h, .optional = true),
    (const char *, i, .optional = true),
    (const char *, j, .optional = true),
    (const char *, k, .optional = true),
    (const char *, l, .optional = true),
    (const char *, m, .optional = true),
    (const char *, n, .optional = true),
    (double, o, .optional = true),
    (float, p, .optional = true))
TERN_MODEL_WITH(Kinds17, (.table = "kinds"),
    (int64_t, id, .key = true),
    (const char *, a, .optional = true),
    (bool, b, .optional = true),
    (tern_decimal, c, .optional = true),
    (const char *, d, .optional = true),
    (tern_datetime, e, .optional = true),
    (const char *, f, .optional = true),
    (int, g, .optional = true),
    (bool, h, .optional = true),
    (tern_decimal, i, .optional = true),
    (tern_uuid, j, .optional = true),
    (tern_date, k, .optional = true),
    (tern_time, l, .optional = true),
    (tern_datetime, m, .optional = true),
    (tern_any, n, .optional = true),
    (const char *, o, .optional = true),
    (const char *, p, .optional = true))

static tern_type *const days[][4] = {
    {TERN_TYPE(Person1), TERN_TYPE(Todo1), NULL},
    {TERN_TYPE(Person1), TERN_TYPE(Todo2), NULL},
    {TERN_TYPE(Person3), TERN_TYPE(Task3), NULL},
    {TERN_TYPE(Person4), NULL},
    {TERN_TYPE(Person5), NULL},
    {TERN_TYPE(Node6), TERN_TYPE(Left6), TERN_TYPE(Right6), NULL},
    {TERN_TYPE(Thing7), NULL},
    {TERN_TYPE(Note8), NULL},
    {TERN_TYPE(Note9), NULL},
    {TERN_TYPE(Note10), NULL},
    {TERN_TYPE(Note11), TERN_TYPE(Page11), NULL},
    {TERN_TYPE(Member12), TERN_TYPE(Club12), TERN_TYPE(Pair12), NULL},
    {TERN_TYPE(Member13), TERN_TYPE(Club13), TERN_TYPE(Pair13), NULL},
    {TERN_TYPE(Member14), TERN_TYPE(Club14), TERN_TYPE(Pair14), NULL},
    {TERN_TYPE(Member15), TERN_TYPE(Pair15), NULL},
    {TERN_TYPE(Kinds16), NULL},
    {TERN_TYPE(Kinds17), NULL},
};

TERN_HANDLER(hello)
{
    return tern_text(c, "hello");
}

/* The seeds for `db seed`: one that may run any number of times, one with a row too many, one that fails, one
 * that is wrong, and one against a database that asks for a retry. */

static void seed_people(tern_ctx *c)
{
    Person1 ada = {.name = "Ada"};
    tern_upsert(c, Person1, &ada, .on = "name");
    Todo1 first = {.title = "Compute", .owner = ada.id};
    if (!tern_exists(c, Todo1, .where = "owner = ?", .args = TERN_ARGS(ada.id)))
        tern_insert(c, Todo1, &first);
}

static void seed_ada_again(tern_ctx *c)
{
    tern_insert(c, Person1, &(Person1){.name = "Bob"});
    tern_insert(c, Person1, &(Person1){.name = "Ada"});
}

static void seed_in_vain(tern_ctx *c)
{
    tern_fail(c, 500, "%d person is enough", (int)tern_count(c, Person1));
}

static void seed_wrongly(tern_ctx *c)
{
    tern_remove_where(c, Person1);
}

static void seed_twice(tern_ctx *c)
{
    static unsigned times;
    const data_error conflict = {.fault = TERN_DATA_CONFLICT, .message = "the words of the first time"};
    if (times++ != 0)
        tern_fail(c, 500, "the second time");
    c->data->last_fault = TERN_DATA_CONFLICT;
    data_answer(c, &conflict, NULL, NULL);
}

/** An application as an author writes it, with connections of the engines. */
static int run_seeded(const char *seed, int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Migrating");
    tern_get(app, "/", hello);
    tern_database(app, TERN_TYPE(Person1), TERN_TYPE(Todo1));
    tern_seed(app, seed_people);
    if (strcmp(seed, "again") == 0)
        tern_seed(app, seed_ada_again);
    if (strcmp(seed, "in vain") == 0)
        tern_seed(app, seed_in_vain);
    if (strcmp(seed, "wrongly") == 0)
        tern_seed(app, seed_wrongly);
    if (strcmp(seed, "twice") == 0)
        tern_seed(app, seed_twice);
    int code = tern_run(app, argc, argv);
    data_tables_forget();
    return code;
}

int main(int argc, char **argv)
{
    static tern_database_options options = {.url = "sqlite:app.db", .migrations = "migrations"};
    const char *day = getenv("MODELS");
    buf problems = {0};
    if (getenv("SEED") != NULL)
        return run_seeded(getenv("SEED"), argc, argv);
    if (!data_tables_make(days[day != NULL ? atoi(day) - 1 : 0], &problems)) {
        fputs(problems.data, stderr);
        return 1;
    }
    tern_app *app = tern_app_new(.title = "Migrating");
    tern_get(app, "/", hello);
    data_migrate_commands_add(app, &options);
    int code = tern_run(app, argc, argv);
    data_tables_forget();
    return code;
}
