#include "data/migrate/diff.h"

#include "check.h"

#include "base/mem.h"
#include "data/migrate/client.h"
#include "data/migrate/folder.h"
#include "schema/plan.h"

static arena memory = {.limit_bytes = SIZE_MAX};

/* -- schemas as JSON, compared: the migration and its way back -- */

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

TEST(diff_of_equal_schemas_is_nothing)
{
    static const char schema[] = SCHEMA(TABLE("t", ",{\"name\":\"a\",\"kind\":\"text\"}", ""));
    check_diff(schema, schema, DATA_SQLITE, "");
    check_diff(schema, schema, DATA_POSTGRES, "");
}

TEST(diff_of_columns_in_another_order_is_nothing)
{
    static const char one[] = SCHEMA(TABLE(
        "t", ",{\"name\":\"a\",\"kind\":\"text\"},{\"name\":\"b\",\"kind\":\"date\",\"nullable\":true}", ""));
    static const char other[] = SCHEMA(TABLE(
        "t", ",{\"name\":\"b\",\"kind\":\"date\",\"nullable\":true},{\"name\":\"a\",\"kind\":\"text\"}", ""));
    check_diff(one, other, DATA_SQLITE, "");
    check_diff(one, other, DATA_POSTGRES, "");
}

TEST(diff_fills_nulls_with_the_fallback_when_a_column_may_have_none_any_more)
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

TEST(diff_changes_a_type_without_its_old_default_in_the_way)
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

TEST(diff_makes_a_changed_index_again)
{
    static const char from[] = SCHEMA(TABLE("t", "", "{\"name\":\"t_i\",\"columns\":\"id\"}"));
    static const char to[] = SCHEMA(
        TABLE("t", "", "{\"name\":\"t_i\",\"columns\":\"id desc\",\"where\":\"id > 3\",\"unique\":true}"));
    for (int dialect = DATA_SQLITE; dialect <= DATA_POSTGRES; dialect++)
        check_diff(from, to, (data_dialect)dialect,
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

#define SEARCHED(name, columns, search)                                                                      \
    "{\"name\":\"" name "\",\"columns\":[" ID columns                                                        \
    "],\"key\":[\"id\"],\"indexes\":[],\"search\":[" search "]}"
#define WORDS ",{\"name\":\"a\",\"kind\":\"text\"},{\"name\":\"b\",\"kind\":\"text\"}"

TEST(diff_takes_in_the_words_of_rows_that_are_there)
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

TEST(diff_of_a_table_that_goes_takes_its_words_along)
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

TEST(diff_refuses_another_key)
{
    static const char other[] = SCHEMA(
        "{\"name\":\"t\",\"columns\":[{\"name\":\"id\",\"kind\":\"uuid\"}],\"key\":[\"id\"],\"indexes\":[]}");
    schema_diff diff;
    buf problems = {0};
    CHECK(diff_make(&diff, schema_of(SCHEMA(TABLE("t", "", ""))), schema_of(other), false, &memory));
    CHECK(!diff_check(&diff, &problems));
    CHECK(strncmp(problems.data, "table t: its key changes", 24) == 0);
    buf_free(&problems);
    arena_free(&memory);
    schema_forget();
}

TEST(diff_without_memory_is_no_sql)
{
    static const char from[] = SCHEMA(
        TABLE("a", ",{\"name\":\"x\",\"kind\":\"text\",\"max_length\":\"3\"}",
              "{\"name\":\"a_x_idx\",\"columns\":\"x\"}") "," TABLE("gone", "", "") "," SEARCHED("s", WORDS,
                                                                                                 "\"a\""));
    static const char to[] = SCHEMA(TABLE(
        "a", ",{\"name\":\"y\",\"kind\":\"text\",\"renamed_from\":\"x\",\"max_length\":\"4\"}",
        "{\"name\":\"a_y_idx\",\"columns\":\"y\"}") "," TABLE("new", "", "") "," SEARCHED("s", WORDS,
                                                                                          "\"a\",\"b\""));
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

TEST(statements_end_at_semicolons_outside_of_quotes_comments_and_tags)
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

TEST(checksum_is_the_same_for_ever)
{
    char sum[MIGRATE_CHECKSUM_BYTES];
    migrate_checksum("create table t (id integer);\n", 29, sum);
    CHECK_TEXT(sum, "5a1b6905e926b079d2606f75f83b4f1f");
}
