/* SQLite's SQL. */
#include "data/ddl/ddl.h"
#include "data/sqlite/dialect/parts.h"

/* Its transactions are always serializable. */
static const char *const begin[][2] = {
    [TERN_ISOLATION_DEFAULT] = {"begin immediate", "begin"},
    [TERN_READ_COMMITTED] = {"begin immediate", "begin"},
    [TERN_REPEATABLE_READ] = {"begin immediate", "begin"},
    [TERN_SERIALIZABLE] = {"begin immediate", "begin"},
};

/* Tern's table (items.c), which reads the list in place. */
static void begin_list(buf *sql, size_t in, bool is_negated)
{
    (void)in, (void)is_negated;
    buf_add_text(sql, "select value from tern_items(");
}

static const dialect_words words = {
    .between = " ", .within = " ", .group = {"\"", "\""}, .word = {"", ""}, .star = "*"};

static const char *const types[] = {
    [ddl_kind_boolean] = "integer", [ddl_kind_int8] = "integer",   [ddl_kind_int16] = "integer",
    [ddl_kind_int32] = "integer",   [ddl_kind_int64] = "integer",  [ddl_kind_uint8] = "integer",
    [ddl_kind_uint16] = "integer",  [ddl_kind_uint32] = "integer", [ddl_kind_uint64] = "integer",
    [ddl_kind_float32] = "real",    [ddl_kind_float64] = "real",   [ddl_kind_text] = "text",
    [ddl_kind_bytes] = "blob",      [ddl_kind_uuid] = "text",      [ddl_kind_date] = "text",
    [ddl_kind_time] = "text",       [ddl_kind_datetime] = "text",  [ddl_kind_duration] = "integer",
    [ddl_kind_decimal] = "text",    [ddl_kind_json] = "text",
};

/* A decimal is exact: a text. */
static const dialect_literals literals = {
    .yes = "1", .no = "0", .bytes = {"x'", "'"}, .duration = {"", ""}, .decimal = {"'", "'"}};

/* SQLite has no types for these; their texts must have the form that sorts and compares correctly. */
static const dialect_around forms[] = {
    [ddl_kind_boolean] = {"", " in (0, 1)"},
    [ddl_kind_uuid] = {"length(", ") = 36"},
    [ddl_kind_date] = {"", " like '____-__-__'"},
    [ddl_kind_time] = {"", " like '__:__:__.______'"},
    [ddl_kind_datetime] = {"", " like '____-__-__T__:__:__.______Z'"},
    [ddl_kind_json] = {"json_valid(", ")"},
};

static const dialect_state state = {
    .has_table = "select count(*) from sqlite_master where type = 'table' and name = 'tern_migrations'",
    .count_tables = "select count(*) from sqlite_master where type = 'table' and name <> "
                    "'tern_migrations' and substr(name, 1, 7) <> 'sqlite_'",
    .make_table = "create table if not exists tern_migrations (\n"
                  "    name text not null primary key,\n"
                  "    checksum text not null,\n"
                  "    applied text not null default (datetime('now')),\n"
                  "    schema text\n"
                  ") strict",
    .read = "select name, checksum, applied, schema from tern_migrations order by name",
    .add = "insert into tern_migrations (name, checksum, schema) values (?1, ?2, ?3)",
    .remove = "delete from tern_migrations where name = ?1",
};

static const dialect_around sources[] = {[TERN_KIND_BYTES] = {"hex(", ")"}, [TERN_KIND_MAP] = {NULL, NULL}};

#define RANDOM_UUID                                                                                          \
    "lower(printf('%s-%s-4%s-8%s-%s', hex(randomblob(4)), hex(randomblob(2)), "                              \
    "substr(hex(randomblob(2)), 2), substr(hex(randomblob(2)), 2), hex(randomblob(6))))"

const struct sql_dialect dialect_sqlite = {
    .name = "SQLite",
    .number = 0,
    .placeholder = '?',
    .has_number_texts = true,
    .updates_each = true, /* an update from a list of values would first make a table of it */
    .all_rows = " limit -1",
    .row_lock = "",
    .begin = begin,
    .read_only = "pragma query_only = 1",
    .writable = "pragma query_only = 0",
    .begin_list = begin_list,
    .list_end = ")",
    .words = &words,
    .add_search = sqlite_add_search,
    .add_search_rank = sqlite_add_search_rank,
    .types = types,
    .literals = &literals,
    .automatic = "", /* the rowid, by "integer primary key" */
    .table_end = "\n) strict;\n",
    .length = "length(",
    .bytes_length = "length(",
    .forms = forms,
    .add_search_part = sqlite_add_search_part,
    .fill_search = sqlite_fill_search,
    .drop_search = sqlite_drop_search,
    .file_ending = ".sqlite.sql",
    .now = "strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')",
    .random_uuid = RANDOM_UUID,
    .random_text = RANDOM_UUID,
    .conversions = sqlite_conversions,
    .add_diff = sqlite_add_diff,
    .state = &state,
    .sources = sources,
    .begin_snapshot = "begin",
};
