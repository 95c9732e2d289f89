#include "data/migrate/diff/diff.h"

#include "check.h"

#include "base/mem.h"
#include "data/migrate/client/client.h"
#include "data/migrate/folder.h"
#include "schema/plan/plan.h"

static arena memory = {.limit_bytes = SIZE_MAX};

/* -- schemas as JSON, compared: the migration up and down -- */

#define ID "{\"name\":\"id\",\"kind\":\"int64\",\"automatic\":true}"
#define TABLE(name, columns, indexes)                                                                        \
    "{\"name\":\"" name "\",\"columns\":[" ID columns "],\"key\":[\"id\"],\"indexes\":[" indexes "]}"
#define SCHEMA(tables) "{\"tables\":[" tables "]}"

static const ddl_schema *schema_of(const char *json)
{
    buf problems = {0};
    const ddl_schema *schema = schema_from_json("schema", json, strlen(json), &memory, &problems);
    CHECK_TEXT(problems.data, NULL);
    return schema;
}

static void check_diff(const char *from, const char *to, data_dialect dialect, const char *want)
{
    schema_diff diff;
    buf sql = {0};
    CHECK(diff_make(&diff, schema_of(from), schema_of(to), false, &memory));
    diff_sql(&diff, dialect, &sql);
    CHECK_TEXT(sql.data != NULL ? sql.data : "", want);
    buf_free(&sql);
    arena_free(&memory);
    schema_forget();
}

TEST(diff_of_equal_schemas_is_empty)
{
    static const char schema[] = SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"text\"}", ""));
    check_diff(schema, schema, DATA_SQLITE, "");
    check_diff(schema, schema, DATA_POSTGRES, "");
}

TEST(diff_of_columns_in_another_order_is_empty)
{
    static const char one[] = SCHEMA(TABLE(
        "t", ",{\"name\":\"a\",\"kind\":\"text\"},{\"name\":\"b\",\"kind\":\"date\",\"nullable\":true}", ""));
    static const char other[] = SCHEMA(TABLE(
        "t", ",{\"name\":\"b\",\"kind\":\"date\",\"nullable\":true},{\"name\":\"a\",\"kind\":\"text\"}", ""));
    check_diff(one, other, DATA_SQLITE, "");
    check_diff(one, other, DATA_POSTGRES, "");
}

TEST(diff_fills_nulls_with_the_fallback_when_a_column_becomes_not_null)
{
    static const char from[] =
        SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"int32\",\"nullable\":true}", ""));
    static const char to[] =
        SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"int32\",\"fallback\":\"7\"}", ""));
    check_diff(from, to, DATA_POSTGRES,
               "alter table t alter column a set default 7;\n"
               "update t set a = 7 where a is null;\n"
               "alter table t alter column a set not null;\n");
    check_diff(from, to, DATA_SQLITE,
               "create table tern_new_t (\n"
               "    id integer primary key,\n"
               "    a integer not null default 7 constraint t_a_check check (a between -2147483648 and "
               "2147483647)\n"
               ") strict;\n"
               "insert into tern_new_t (id, a)\n"
               "    select id, coalesce(a, 7) from t;\n"
               "drop table t;\n"
               "alter table tern_new_t rename to t;\n");
}

TEST(diff_drops_the_old_default_before_it_changes_a_type)
{
    check_diff(SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"text\",\"fallback\":\"x\"}", "")),
               SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"date\",\"fallback\":\"2026-11-24\"}", "")),
               DATA_POSTGRES,
               "alter table t alter column a drop default;\n"
               "alter table t alter column a type date using a::date;\n"
               "alter table t alter column a set default '2026-11-24';\n");
}

TEST(diff_adds_a_column_in_place_where_sqlite_can)
{
    static const char from[] = SCHEMA(TABLE("t", "", ""));
    check_diff(from, SCHEMA(TABLE("t", ",{\"name\":\"order\",\"kind\":\"bytes\",\"nullable\":true}", "")),
               DATA_SQLITE, "alter table t add column \"order\" blob;\n");
    check_diff(from, SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"datetime\",\"role\":\"created\"}", "")),
               DATA_POSTGRES,
               "alter table t add column a timestamptz not null default now();\n"
               "alter table t alter column a drop default;\n");
}

TEST(diff_recreates_a_changed_index)
{
    static const char from[] = SCHEMA(TABLE("t", "", "{\"name\":\"t_i\",\"columns\":\"id\"}"));
    static const char to[] = SCHEMA(
        TABLE("t", "", "{\"name\":\"t_i\",\"columns\":\"id desc\",\"where\":\"id > 3\",\"unique\":true}"));
    for (unsigned dialect = 0; dialect < DATA_DIALECTS; dialect++)
        check_diff(from, to, data_dialects[dialect],
                   "drop index t_i;\ncreate unique index t_i on t (id desc) where id > 3;\n");
}

TEST(diff_follows_renames_into_keys_and_foreign_keys)
{
    static const char from[] =
        SCHEMA(TABLE("a", "", "") "," TABLE("b",
                                            ",{\"name\":\"a_id\",\"kind\":\"int64\",\"references\":\"a\","
                                            "\"references_column\":\"id\"}",
                                            ""));
    static const char to[] = SCHEMA(
        "{\"name\":\"c\",\"renamed_from\":\"a\",\"columns\":[{\"name\":\"key\",\"renamed_from\":\"id\","
        "\"kind\":\"int64\",\"automatic\":true}],\"key\":[\"key\"],\"indexes\":[]}," TABLE(
            "b", ",{\"name\":\"a_id\",\"kind\":\"int64\",\"references\":\"c\",\"references_column\":\"key\"}",
            ""));
    check_diff(from, to, DATA_SQLITE, "alter table a rename to c;\nalter table c rename column id to key;\n");
    check_diff(from, to, DATA_POSTGRES,
               "alter table a rename to c;\nalter table c rename column id to key;\n"
               "alter table c rename constraint a_pkey to c_pkey;\n");
}

#define TEN(letter)  letter letter letter letter letter letter letter letter letter letter
#define LONG(letter) TEN(letter) TEN(letter) TEN(letter) TEN(letter) TEN(letter)

TEST(diff_knows_how_postgres_truncates_the_name_of_an_automatic_key)
{
    check_diff(SCHEMA(TABLE(LONG("a") "_1234567890", "", "")),
               SCHEMA("{\"name\":\"b\",\"renamed_from\":\"" LONG("a") "_1234567890\",\"columns\":[" ID
                                                                      "],\"key\":[\"id\"],\"indexes\":[]}"),
               DATA_POSTGRES,
               "alter table " LONG("a") "_1234567890 rename to b;\nalter table b rename constraint " LONG(
                   "a") "_1234567_pkey to b_pkey;\n");
}

#define SEARCHED(name, columns, search)                                                                      \
    "{\"name\":\"" name "\",\"columns\":[" ID columns                                                        \
    "],\"key\":[\"id\"],\"indexes\":[],\"search\":[" search "]}"
#define WORDS ",{\"name\":\"a\",\"kind\":\"text\"},{\"name\":\"b\",\"kind\":\"text\"}"

TEST(diff_indexes_the_words_of_existing_rows)
{
    static const char from[] = SCHEMA(TABLE("t", WORDS, "")), to[] = SCHEMA(SEARCHED("t", WORDS, "\"a\""));
    check_diff(
        from, to, DATA_SQLITE,
        "create virtual table t_search using fts5 (a,\n"
        "    content = 't', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 0');\n"
        "create trigger t_search_insert after insert on t begin\n"
        "    insert into t_search (rowid, a)\n        values (new.id, new.a);\nend;\n"
        "create trigger t_search_delete after delete on t begin\n"
        "    insert into t_search (t_search, rowid, a)\n        values ('delete', old.id, old.a);\nend;\n"
        "create trigger t_search_update after update of id, a on t begin\n"
        "    insert into t_search (t_search, rowid, a)\n        values ('delete', old.id, old.a);\n"
        "    insert into t_search (rowid, a)\n        values (new.id, new.a);\nend;\n"
        "insert into t_search (t_search) values ('rebuild');\n");
    check_diff(to, from, DATA_SQLITE,
               "drop trigger t_search_insert;\ndrop trigger t_search_delete;\ndrop trigger t_search_update;\n"
               "drop table t_search;\n");
    check_diff(to, from, DATA_POSTGRES, "drop index t_search;\n");
}

TEST(diff_of_a_dropped_table_drops_its_search_index)
{
    static const char from[] = SCHEMA(SEARCHED("t", WORDS, "\"a\",\"b\"")), to[] = SCHEMA("");
    check_diff(from, to, DATA_SQLITE,
               "drop trigger t_search_insert;\ndrop trigger t_search_delete;\ndrop trigger t_search_update;\n"
               "drop table t_search;\ndrop table t;\n");
    check_diff(from, to, DATA_POSTGRES, "drop table t;\n");
}

TEST(diff_leaves_search_alone_where_only_other_columns_change)
{
    static const char from[] = SCHEMA(SEARCHED("t", WORDS, "\"a\""));
    check_diff(from,
               SCHEMA(SEARCHED("t", WORDS ",{\"name\":\"c\",\"kind\":\"text\",\"nullable\":true}", "\"a\"")),
               DATA_SQLITE, "alter table t add column c text;\n");
    check_diff(from,
               SCHEMA(SEARCHED("t",
                               ",{\"name\":\"c\",\"kind\":\"text\",\"renamed_from\":\"a\"},"
                               "{\"name\":\"b\",\"kind\":\"text\"}",
                               "\"c\"")),
               DATA_POSTGRES, "alter table t rename column a to c;\n");
}

/* -- keys and kinds -- */

#define KEYED(name, columns, key)                                                                            \
    "{\"name\":\"" name "\",\"columns\":[" columns "],\"key\":[" key "],\"indexes\":[]}"
#define REFERRING(kind)                                                                                      \
    TABLE("b",                                                                                               \
          ",{\"name\":\"a_id\",\"kind\":\"" kind                                                             \
          "\",\"nullable\":true,\"references\":\"a\",\"references_column\":\"id\"}",                         \
          "")
#define UUID_KEY KEYED("a", "{\"name\":\"id\",\"kind\":\"uuid\"}", "\"id\"")

TEST(diff_changes_references_to_a_key_when_its_kind_changes)
{
    static const char from[] = SCHEMA(TABLE("a", "", "") "," REFERRING("int64"));
    static const char to[] = SCHEMA(UUID_KEY "," REFERRING("uuid"));
    check_diff(from, to, DATA_POSTGRES,
               "alter table b drop constraint b_a_id_fkey;\n"
               "alter table a alter column id drop identity;\n"
               "alter table a alter column id type uuid using lpad(id::text, 32, '0')::uuid;\n"
               "alter table b alter column a_id type uuid using lpad(a_id::text, 32, '0')::uuid;\n"
               "alter table b add constraint b_a_id_fkey foreign key (a_id) references a (id);\n");
    check_diff(
        to, from, DATA_POSTGRES,
        "alter table b drop constraint b_a_id_fkey;\n"
        "alter table a alter column id type bigint using replace(id::text, '-', '')::numeric::bigint;\n"
        "alter table a alter column id add generated by default as identity;\n"
        "select setval(pg_get_serial_sequence('\"a\"', 'id'), greatest(coalesce(max(id), 0) + 1, 1), "
        "false) from a;\n"
        "alter table b alter column a_id type bigint using replace(a_id::text, '-', "
        "'')::numeric::bigint;\n"
        "alter table b add constraint b_a_id_fkey foreign key (a_id) references a (id);\n");
    check_diff(to, from, DATA_SQLITE,
               "create table tern_new_a (\n    id integer primary key\n) strict;\n"
               "insert into tern_new_a (id)\n    select replace(id, '-', '') from a;\n"
               "drop table a;\nalter table tern_new_a rename to a;\n"
               "create table tern_new_b (\n    id integer primary key,\n"
               "    a_id integer constraint b_a_id_fkey references a (id)\n) strict;\n"
               "insert into tern_new_b (id, a_id)\n    select id, replace(a_id, '-', '') from b;\n"
               "drop table b;\nalter table tern_new_b rename to b;\n");
}

#define PAIR "{\"name\":\"x\",\"kind\":\"int32\"},{\"name\":\"y\",\"kind\":\"text\"}"

TEST(diff_makes_a_key_of_other_columns)
{
    static const char from[] = SCHEMA(KEYED("t", ID "," PAIR, "\"id\""));
    static const char to[] = SCHEMA(KEYED("t", PAIR, "\"x\",\"y\""));
    check_diff(from, to, DATA_POSTGRES,
               "alter table t drop constraint t_pkey;\n"
               "alter table t drop column id;\n"
               "alter table t add constraint t_pkey primary key (x, y);\n");
    check_diff(to, from, DATA_POSTGRES,
               "alter table t drop constraint t_pkey;\n"
               "alter table t add column id bigint generated by default as identity primary key;\n");
    check_diff(to, from, DATA_SQLITE,
               "create table tern_new_t (\n"
               "    id integer primary key,\n"
               "    x integer not null constraint t_x_check check (x between -2147483648 and 2147483647),\n"
               "    y text not null\n"
               ") strict;\n"
               "insert into tern_new_t (x, y)\n    select x, y from t;\n"
               "drop table t;\nalter table tern_new_t rename to t;\n");
}

TEST(diff_gives_rows_a_key_when_nothing_else_of_them_is_kept)
{
    check_diff(SCHEMA(TABLE("t", "", "")),
               SCHEMA(KEYED("t", "{\"name\":\"n\",\"kind\":\"int64\",\"automatic\":true}", "\"n\"")),
               DATA_SQLITE,
               "create table tern_new_t (\n    n integer primary key\n) strict;\n"
               "insert into tern_new_t (n)\n    select null from t;\n"
               "drop table t;\nalter table tern_new_t rename to t;\n");
}

TEST(diff_never_turns_a_null_in_a_key_into_a_number)
{
    check_diff(SCHEMA(KEYED("t",
                            "{\"name\":\"s\",\"kind\":\"text\"},{\"name\":\"n\",\"kind\":\"int64\","
                            "\"nullable\":true}",
                            "\"s\"")),
               SCHEMA(KEYED("t", "{\"name\":\"n\",\"kind\":\"int64\",\"automatic\":true}", "\"n\"")),
               DATA_SQLITE,
               "create table tern_new_t (\n    n integer primary key\n) strict;\n"
               "insert into tern_new_t (n)\n    select coalesce(n, 'a key is never null') from t;\n"
               "drop table t;\nalter table tern_new_t rename to t;\n");
}

TEST(diff_makes_foreign_keys_to_a_new_key_last)
{
    static const char from[] = SCHEMA(KEYED("a", ID ",{\"name\":\"s\",\"kind\":\"text\"}", "\"id\""));
    static const char to[] = SCHEMA(KEYED("a", "{\"name\":\"s\",\"kind\":\"text\"}", "\"s\"") "," TABLE(
        "b", ",{\"name\":\"a\",\"kind\":\"text\",\"references\":\"a\",\"references_column\":\"s\"}", ""));
    check_diff(from, to, DATA_POSTGRES,
               "alter table a drop constraint a_pkey;\n"
               "create table b (\n    id bigint generated by default as identity primary key,\n"
               "    a text not null\n);\n"
               "alter table a drop column id;\n"
               "alter table a add constraint a_pkey primary key (s);\n"
               "alter table b add constraint b_a_fkey foreign key (a) references a (s);\n");
    check_diff(to, from, DATA_POSTGRES,
               "alter table b drop constraint b_a_fkey;\n"
               "alter table a drop constraint a_pkey;\n"
               "drop table b;\n"
               "alter table a add column id bigint generated by default as identity primary key;\n");
}

/** Checks the result of diff_check, and that the SQL, which is written anyway, asks for manual work in both
 * engines. */
static void check_refused(const char *from, const char *to, const char *want)
{
    schema_diff diff;
    buf problems = {0};
    CHECK(diff_make(&diff, schema_of(from), schema_of(to), false, &memory));
    CHECK(!diff_check(&diff, &problems));
    CHECK_TEXT(problems.data, want);
    for (unsigned dialect = 0; dialect < DATA_DIALECTS; dialect++) {
        buf sql = {0};
        diff_sql(&diff, data_dialects[dialect], &sql);
        CHECK(strstr(sql.data, "by_hand(") != NULL);
        buf_free(&sql);
    }
    buf_free(&problems);
    arena_free(&memory);
    schema_forget();
}

TEST(diff_needs_manual_work_where_a_new_key_has_unknown_values)
{
    check_refused(SCHEMA(TABLE("t", "", "")),
                  SCHEMA(KEYED("t", "{\"name\":\"s\",\"kind\":\"text\"}", "\"s\"")),
                  "table t, column s: it is new and the key, so each existing row needs a value of its "
                  "own, and no rule gives one\n");
    check_refused(SCHEMA(TABLE("t", "", "")),
                  SCHEMA(KEYED("t", ID ",{\"name\":\"day\",\"kind\":\"date\"}", "\"id\",\"day\"")),
                  "table t, column day: it is new and in the key, so existing rows need a value, "
                  "and no rule gives one\n");
}

TEST(diff_needs_manual_work_where_foreign_keys_would_have_to_be_looked_up)
{
    static const char from[] =
        SCHEMA(KEYED("a", ID ",{\"name\":\"s\",\"kind\":\"text\"}", "\"id\"") "," REFERRING("int64"));
    static const char to[] = SCHEMA(KEYED("a", ID ",{\"name\":\"s\",\"kind\":\"text\"}", "\"s\"") "," TABLE(
        "b", ",{\"name\":\"a_id\",\"kind\":\"text\",\"references\":\"a\",\"references_column\":\"s\"}", ""));
    check_refused(from, to,
                  "table b, column a_id: it refers to a by its key, which was id and is s now; what rows "
                  "hold there has to be looked up\n");
}

TEST(diff_converts_values_whose_columns_look_the_same_in_sqlite)
{
    static const char text[] = SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"text\"}", ""));
    static const char decimal[] = SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"decimal\"}", ""));
    check_diff(decimal, text, DATA_SQLITE, "");
    check_diff(text, decimal, DATA_SQLITE,
               "create table tern_new_t (\n    id integer primary key,\n    a text not null\n) strict;\n"
               "insert into tern_new_t (id, a)\n    select id, case when a not glob '*[^-.0-9]*' and a not "
               "glob '?*-*' and a not glob '*.*.*' and a glob '[-0-9]*' and a glob '*[0-9]' then case when a "
               "like '%.%' then rtrim(rtrim(a, '0'), '.') else a end else cast(a as blob) end from t;\n"
               "drop table t;\nalter table tern_new_t rename to t;\n");
}

TEST(diff_needs_manual_work_where_a_value_has_no_clear_conversion)
{
    check_refused(
        SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"int64\"}", "")),
        SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"datetime\"}", "")),
        "table t, column a: int64 values cannot be converted to datetime ones without a rule: only you know "
        "how\n");
    check_refused(
        SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"int64\"}", "")),
        SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"duration\"}", "")),
        "table t, column a: int64 values cannot be converted to duration ones without a rule: only you know "
        "how\n");
}

TEST(diff_does_not_follow_a_rename_to_a_name_that_existed)
{
    static const char from[] = SCHEMA(TABLE("a", WORDS, "") "," TABLE("b", "", ""));
    static const char to[] =
        SCHEMA(TABLE("a", ",{\"name\":\"a\",\"kind\":\"text\",\"renamed_from\":\"b\"}", ""));
    schema_diff diff;
    buf problems = {0};
    CHECK(diff_make(&diff, schema_of(from), schema_of(to), false, &memory));
    CHECK(!diff_check_renames(&diff, &problems));
    CHECK_TEXT(problems.data, "column a.a: .renamed_from = \"b\", but a column with the new name exists too; "
                              "drop that in a migration of its own first\n");
    problems.len = 0;
    ((ddl_table *)diff.to->tables.items)->renamed_from = "b";
    ((ddl_column *)diff.to->tables.items->columns.items)[1].renamed_from = NULL;
    CHECK(!diff_check_renames(&diff, &problems));
    CHECK_TEXT(problems.data,
               "table a: .renamed_from = \"b\", but a table with the new name exists too; drop "
               "that in a migration of its own first\n");
    buf_free(&problems);
    arena_free(&memory);
    schema_forget();
}

TEST(summary_describes_the_effects_of_a_change_on_existing_rows)
{
    static const struct {
        const char *from, *to, *want;
    } cases[] = {
        {"\"int32\"", "\"int64\"", ", from int32 to int64"},
        {"\"text\",\"nullable\":true", "\"text\"", ", which fails if rows have a null in it"},
        {"\"text\"", "\"text\",\"nullable\":true", ", may be null"},
        {"\"text\",\"nullable\":true", "\"text\",\"fallback\":\"x\"",
         ", nulls become the fallback, another fallback for new rows"},
        {"\"text\",\"choices\":[\"x\",\"y\"]", "\"text\",\"choices\":[\"x\"]",
         ", fewer choices, which fails if rows have one of the others"},
        {"\"text\",\"choices\":[\"x\"]", "\"text\",\"choices\":[\"x\",\"y\"]", ", more choices"},
        {"\"text\",\"choices\":[\"x\"]", "\"text\"", ", any text"},
        {"\"text\"", "\"text\",\"choices\":[\"x\"]", ", only some texts, which fails if rows have others"},
        {"\"text\",\"max_length\":\"9\"", "\"text\",\"max_length\":\"8\"",
         ", other limits, which fails if rows exceed them"},
        {"\"int64\"", "\"int64\",\"references\":\"t\",\"references_column\":\"id\"", ", a foreign key"},
        {"\"int64\",\"references\":\"t\",\"references_column\":\"id\"",
         "\"int64\",\"references\":\"t\",\"references_column\":\"id\",\"on_delete\":\"cascade\"",
         ", another foreign key"},
    };
    static const char schema[] = SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":%s}", ""));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *from = arena_printf(&memory, schema, cases[i].from);
        const char *to = arena_printf(&memory, schema, cases[i].to);
        const char *want = arena_printf(&memory, "  change column t.a%s\n", cases[i].want);
        schema_diff diff;
        buf out = {0};
        CHECK(diff_make(&diff, schema_of(from), schema_of(to), false, &memory));
        diff_summary(&diff, &out);
        CHECK_TEXT(out.data, want);
        buf_free(&out);
        arena_free(&memory);
    }
    schema_forget();
}

TEST(diff_without_memory_gives_no_sql)
{
    static const char from[] = SCHEMA(TABLE(
        "a", ",{\"name\":\"x\",\"kind\":\"text\",\"max_length\":\"3\"}",
        "{\"name\":\"a_x_idx\",\"columns\":\"x\"}") "," TABLE("gone", "",
                                                              "") "," SEARCHED("s", WORDS,
                                                                               "\"a\"") "," KEYED("k",
                                                                                                  ID "," PAIR,
                                                                                                  "\"id\""));
    static const char to[] = SCHEMA(TABLE(
        "a", ",{\"name\":\"y\",\"kind\":\"text\",\"renamed_from\":\"x\",\"max_length\":\"4\"}",
        "{\"name\":\"a_y_idx\",\"columns\":\"y\"}") "," TABLE("new", "",
                                                              "") "," SEARCHED("s", WORDS,
                                                                               "\"a\",\"b\"") "," KEYED("k",
                                                                                                        PAIR,
                                                                                                        "\"x"
                                                                                                        "\","
                                                                                                        "\"y"
                                                                                                        "\""));
    const ddl_schema *before = schema_of(from), *after = schema_of(to);
    bool is_made = false;
    for (unsigned long n = 1; !is_made; n++) {
        arena scratch = {.limit_bytes = SIZE_MAX};
        schema_diff diff;
        buf sql[2] = {{0}, {0}}, summary = {0};
        mem_fail_at(n, 1);
        bool is_compared = diff_make(&diff, before, after, false, &scratch);
        if (is_compared) {
            diff_sql(&diff, DATA_SQLITE, &sql[0]);
            diff_sql(&diff, DATA_POSTGRES, &sql[1]);
            diff_summary(&diff, &summary);
        }
        mem_fail_at(0, 0);
        is_made = is_compared && !sql[0].failed && !sql[1].failed && !summary.failed;
        CHECK(n < 1000);
        if (is_made) {
            CHECK(strstr(sql[0].data, "insert into tern_new_a (id, y)\n    select id, y from a;\n") != NULL);
            CHECK(strstr(sql[1].data, "drop table gone;\n") != NULL);
            CHECK(strstr(sql[0].data, "insert into s_search (s_search) values ('rebuild');\n") != NULL);
            CHECK(strstr(sql[1].data, "create index s_search on s using gin (") != NULL);
        }
        buf_free(&sql[0]);
        buf_free(&sql[1]);
        buf_free(&summary);
        arena_free(&scratch);
    }
    arena_free(&memory);
    schema_forget();
}

TEST(schema_reads_back_as_it_was_written)
{
    static const char json[] =
        SCHEMA(TABLE("t",
                     ",{\"name\":\"a\",\"kind\":\"text\",\"nullable\":true,\"min_length\":\"1\","
                     "\"choices\":[\"x\"]}",
                     "{\"name\":\"i\",\"columns\":\"a\",\"unique\":true}") "," SEARCHED("s", WORDS, "\"b\""));
    buf once = {0}, twice = {0};
    CHECK(schema_to_json(schema_of(json), &memory, &once));
    CHECK(schema_to_json(schema_of(once.data), &memory, &twice));
    CHECK_TEXT(twice.data, once.data);
    CHECK(strstr(once.data, "\"min_length\": \"1\"") != NULL);
    CHECK(strstr(once.data, "renamed_from") == NULL);
    buf_free(&once);
    buf_free(&twice);
    arena_free(&memory);
    schema_forget();
}

/* -- statements -- */

TEST(statements_end_at_semicolons_outside_quotes_comments_and_tags)
{
    static const struct {
        const char *sql;
        size_t first;
    } cases[] = {
        {"select 1; select 2;", 9},
        {"select 1", 8},
        {"select ';'; x", 11},
        {"select 'it''s;'; x", 16},
        {"select e'\\';'; x", 14},
        {"select '\\'; x", 11},
        {"select \"a;b\"; x", 13},
        {"select 1 -- ;\n; x", 15},
        {"select /* ; /* ; */ ; */ 1; x", 27},
        {"do $$ begin; end $$; x", 20},
        {"do $a$ $b$; $a$; x", 16},
        {"select $1; x", 10},
        {"select a$b$; x", 12},
        {"select 'open;", 13},
        {"do $$ open;", 11},
        {"/* open;", 8},
        {"", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *end = cases[i].sql + strlen(cases[i].sql);
        size_t first = (size_t)(client_statement_end(cases[i].sql, end) - cases[i].sql);
        if (first != cases[i].first)
            check_fail(__FILE__, __LINE__, "%s: ends at %zu, not %zu", cases[i].sql, first, cases[i].first);
    }
}

TEST(checksum_never_changes)
{
    char sum[MIGRATE_CHECKSUM_BYTES];
    migrate_checksum("create table t (id integer);\n", 29, sum);
    CHECK_TEXT(sum, "5a1b6905e926b079d2606f75f83b4f1f");
}
