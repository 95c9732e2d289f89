#include "data/ddl/ddl.h"

#include "check.h"

#include "base/mem.h"
#include "data/table/table.h"

TERN_ENUM(Mood, calm, angry)
TERN_MODEL(Address, (const char *, street))

TERN_MODEL_WITH(Person, (.table = "user"),
    (int64_t, id, .key = true),
    (const char *, email, .unique = true, .max_length = 120),
    (const char *, name, .optional = true, .min_length = 1),
    (Mood, mood, .fallback = "calm"),
    (tern_datetime, joined, .created = true),
    (int32_t, revision, .version = true))

TERN_MODEL_WITH(Item,
    (.unique_together = TERN_COLUMNS("owner, name"),
     .indexes = TERN_COLUMNS("made desc, name where is_open")),
    (tern_uuid, id, .key = true),
    (int64_t, owner, .references = TERN_TYPE(Person), .on_delete = TERN_CASCADE),
    (const char *, name, .pattern = "^[a-z]+(-[a-z]+)*$", .index = true),
    (bool, is_open, .fallback = "true"),
    (tern_datetime, made),
    (Address, address, .optional = true))

TERN_MODEL(Kinds,
    (int32_t, id, .key = true),
    (int8_t, a, .min = -5),
    (int16_t, b, .max = 9),
    (int32_t, c, .multiple_of = 5),
    (int64_t, d, .min = 1, .max = 3),
    (uint8_t, e),
    (uint16_t, f),
    (uint32_t, g),
    (uint64_t, h, .min = 2),
    (float, i, .max = 0.1),
    (double, j, .min = 0.5, .fallback = "1.5"),
    (bool, k, .fallback = "false"),
    (const char *, l, .choices = TERN_CHOICES("it's", "no"), .fallback = "it's"),
    (tern_bytes, m, .min_length = 2, .fallback = "AP8="),
    (tern_uuid, n, .fallback = "01234567-89ab-cdef-0123-456789abcdef"),
    (tern_date, o, .fallback = "2026-11-24"),
    (tern_time, p, .fallback = "17:30:00.25"),
    (tern_datetime, q, .fallback = "2026-11-24T17:30:00+01:00"),
    (tern_duration, r, .fallback = "PT1.5S"),
    (tern_decimal, s, .min = 0, .fallback = "12.30"),
    (tern_any, t, .optional = true),
    (tern_text_list, u, .fallback = "[]"))

TERN_MODEL(Limits,
    (int32_t, id, .key = true),
    (int8_t, a, .above = -5),
    (int64_t, b, .above = 0, .below = 9),
    (double, c, .above = 0.5, .max = 2),
    (uint16_t, d, .below = 100),
    (tern_decimal, e, .above = 0),
    (tern_decimal, f, .at_least = "123456789012345.67", .below = 1e15),
    (tern_date, g, .at_least = "2020-01-01", .at_most = "today+P30D"),
    (tern_time, h, .at_least = "08:00:00", .at_most = "17:30:00.25"),
    (tern_datetime, i, .at_least = "2020-01-01T01:00:00+01:00", .at_most = "now"),
    (tern_duration, j, .at_least = "PT1S", .at_most = "P1D"))

static tern_type Ring_type;
TERN_MODEL(Circle, (int64_t, id, .key = true), (int64_t, next, .optional = true, .references = &Ring_type))
TERN_MODEL(Ring,
    (int64_t, id, .key = true),
    (int64_t, next, .optional = true, .references = TERN_TYPE(Circle)))

static void forget(void)
{
    data_tables_forget();
    schema_forget();
}

static arena memory = {.limit_bytes = SIZE_MAX};

static const ddl_schema *schema_of(tern_type *const *models)
{
    buf problems = {0};
    if (!data_tables_make(models, &problems))
        check_fail(__FILE__, __LINE__, "%s", problems.data);
    const ddl_schema *schema = ddl_of_models(&memory, &problems);
    CHECK_TEXT(problems.data, NULL);
    CHECK(schema != NULL);
    return schema;
}

#define MODELS(...) ((tern_type *const[]){__VA_ARGS__, NULL})

static void check_sql(tern_type *const *models, data_dialect dialect, const char *want)
{
    buf sql = {0};
    ddl_add_schema(&sql, dialect, schema_of(models));
    CHECK_TEXT(sql.data, want);
    buf_free(&sql);
    arena_free(&memory);
    forget();
}

TEST(ddl_of_tables_with_keys_references_and_indexes_for_sqlite)
{
    check_sql(
        MODELS(TERN_TYPE(Item), TERN_TYPE(Person)), DATA_SQLITE,
        "create table \"user\" (\n"
        "    id integer primary key,\n"
        "    email text not null constraint user_email_check check (length(email) <= 120),\n"
        "    name text constraint user_name_check check (length(name) >= 1),\n"
        "    mood text not null default 'calm' constraint user_mood_check check (mood in ('calm', "
        "'angry')),\n"
        "    joined text not null constraint user_joined_check check (joined like "
        "'____-__-__T__:__:__.______Z'),\n"
        "    revision integer not null constraint user_revision_check check (revision between -2147483648 "
        "and 2147483647)\n"
        ") strict;\n"
        "create unique index user_email_key on \"user\" (email);\n"
        "create table item (\n"
        "    id text not null constraint item_id_check check (length(id) = 36),\n"
        "    owner integer not null constraint item_owner_fkey references \"user\" (id) on delete cascade,\n"
        "    name text not null,\n"
        "    is_open integer not null default 1 constraint item_is_open_check check (is_open in (0, 1)),\n"
        "    made text not null constraint item_made_check check (made like '____-__-__T__:__:__.______Z'),\n"
        "    address text constraint item_address_check check (address is null or json_valid(address)),\n"
        "    constraint item_pkey primary key (id)\n"
        ") strict;\n"
        "create unique index item_owner_name_key on item (owner, name);\n"
        "create index item_name_idx on item (name);\n"
        "create index item_made_name_ff55_idx on item (made desc, name) where is_open;\n");
}

TERN_MODEL(Post,
    (int64_t, id, .key = true),
    (const char *, title, .search = true),
    (const char *, by, .column = "from", .search = true))
TERN_MODEL(Page, (const char *, path, .key = true), (const char *, words, .search = true))

TEST(ddl_of_search_indexes_for_sqlite)
{
    check_sql(MODELS(TERN_TYPE(Post)), DATA_SQLITE,
              "create table post (\n"
              "    id integer primary key,\n"
              "    title text not null,\n"
              "    \"from\" text not null\n"
              ") strict;\n"
              "create virtual table post_search using fts5 (title, \"from\",\n"
              "    content = 'post', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 0');\n"
              "create trigger post_search_insert after insert on post begin\n"
              "    insert into post_search (rowid, title, \"from\")\n"
              "        values (new.id, new.title, new.\"from\");\n"
              "end;\n"
              "create trigger post_search_delete after delete on post begin\n"
              "    insert into post_search (post_search, rowid, title, \"from\")\n"
              "        values ('delete', old.id, old.title, old.\"from\");\n"
              "end;\n"
              "create trigger post_search_update after update of id, title, \"from\" on post begin\n"
              "    insert into post_search (post_search, rowid, title, \"from\")\n"
              "        values ('delete', old.id, old.title, old.\"from\");\n"
              "    insert into post_search (rowid, title, \"from\")\n"
              "        values (new.id, new.title, new.\"from\");\n"
              "end;\n");
}

TEST(ddl_of_search_indexes_for_postgres)
{
    check_sql(
        MODELS(TERN_TYPE(Page)), DATA_POSTGRES,
        "create table page (\n"
        "    path text not null,\n"
        "    words text not null,\n"
        "    constraint page_pkey primary key (path)\n"
        ");\n"
        "create index page_search on page using gin (to_tsvector('simple', "
        "translate(left(coalesce(words, ''), 200000), '!\"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', repeat(' ', "
        "32))));\n");
}

TERN_MODEL(PostSearch, (int64_t, id, .key = true), (const char *, data))

TEST(ddl_refuses_a_table_with_the_name_of_a_search_index)
{
    buf problems = {0};
    CHECK(data_tables_make(MODELS(TERN_TYPE(Post), TERN_TYPE(PostSearch)), &problems));
    CHECK(ddl_of_models(&memory, &problems) == NULL);
    CHECK_TEXT(
        problems.data,
        "table post: the words that .search finds would be kept as \"post_search\", but there is a table "
        "or index \"post_search\"; give one of them another .table or .column\n");
    buf_free(&problems);
    arena_free(&memory);
    forget();
}

TEST(ddl_of_tables_with_keys_references_and_indexes_for_postgres)
{
    check_sql(
        MODELS(TERN_TYPE(Item), TERN_TYPE(Person)), DATA_POSTGRES,
        "create table \"user\" (\n"
        "    id bigint generated by default as identity primary key,\n"
        "    email text not null constraint user_email_check check (char_length(email) <= 120),\n"
        "    name text constraint user_name_check check (char_length(name) >= 1),\n"
        "    mood text not null default 'calm' constraint user_mood_check check (mood in ('calm', "
        "'angry')),\n"
        "    joined timestamptz not null,\n"
        "    revision integer not null\n"
        ");\n"
        "create unique index user_email_key on \"user\" (email);\n"
        "create table item (\n"
        "    id uuid not null,\n"
        "    owner bigint not null constraint item_owner_fkey references \"user\" (id) on delete cascade,\n"
        "    name text not null constraint item_name_check check (name ~ '^[a-z]+(-[a-z]+)*$'),\n"
        "    is_open boolean not null default true,\n"
        "    made timestamptz not null,\n"
        "    address jsonb,\n"
        "    constraint item_pkey primary key (id)\n"
        ");\n"
        "create unique index item_owner_name_key on item (owner, name);\n"
        "create index item_name_idx on item (name);\n"
        "create index item_made_name_ff55_idx on item (made desc, name) where is_open;\n");
}

TEST(ddl_of_every_kind_of_value_for_sqlite)
{
    check_sql(
        MODELS(TERN_TYPE(Kinds)), DATA_SQLITE,
        "create table kinds (\n"
        "    id integer primary key constraint kinds_id_check check (id between -2147483648 and "
        "2147483647),\n"
        "    a integer not null constraint kinds_a_check check (a between -5 and 127),\n"
        "    b integer not null constraint kinds_b_check check (b between -32768 and 9),\n"
        "    c integer not null constraint kinds_c_check check (c between -2147483648 and 2147483647 and c % "
        "5 = 0),\n"
        "    d integer not null constraint kinds_d_check check (d between 1 and 3),\n"
        "    e integer not null constraint kinds_e_check check (e between 0 and 255),\n"
        "    f integer not null constraint kinds_f_check check (f between 0 and 65535),\n"
        "    g integer not null constraint kinds_g_check check (g between 0 and 4294967295),\n"
        "    h integer not null constraint kinds_h_check check (h >= 2),\n"
        "    i real not null constraint kinds_i_check check (i <= 0.10000000149011612),\n"
        "    j real not null default 1.5 constraint kinds_j_check check (j >= 0.5),\n"
        "    k integer not null default 0 constraint kinds_k_check check (k in (0, 1)),\n"
        "    l text not null default 'it''s' constraint kinds_l_check check (l in ('it''s', 'no')),\n"
        "    m blob not null default x'00ff' constraint kinds_m_check check (length(m) >= 2),\n"
        "    n text not null default '01234567-89ab-cdef-0123-456789abcdef' constraint kinds_n_check check "
        "(length(n) = 36),\n"
        "    o text not null default '2026-11-24' constraint kinds_o_check check (o like '____-__-__'),\n"
        "    p text not null default '17:30:00.250000' constraint kinds_p_check check (p like "
        "'__:__:__.______'),\n"
        "    q text not null default '2026-11-24T16:30:00.000000Z' constraint kinds_q_check check (q like "
        "'____-__-__T__:__:__.______Z'),\n"
        "    r integer not null default 1500000,\n"
        "    s text not null default '12.3' constraint kinds_s_check check (cast(s as real) >= 0),\n"
        "    t text constraint kinds_t_check check (t is null or json_valid(t)),\n"
        "    u text not null default '[]' constraint kinds_u_check check (json_valid(u))\n"
        ") strict;\n");
}

TEST(ddl_of_every_kind_of_value_for_postgres)
{
    check_sql(
        MODELS(TERN_TYPE(Kinds)), DATA_POSTGRES,
        "create table kinds (\n"
        "    id integer generated by default as identity primary key,\n"
        "    a smallint not null constraint kinds_a_check check (a between -5 and 127),\n"
        "    b smallint not null constraint kinds_b_check check (b <= 9),\n"
        "    c integer not null constraint kinds_c_check check (c % 5 = 0),\n"
        "    d bigint not null constraint kinds_d_check check (d between 1 and 3),\n"
        "    e smallint not null constraint kinds_e_check check (e between 0 and 255),\n"
        "    f integer not null constraint kinds_f_check check (f between 0 and 65535),\n"
        "    g bigint not null constraint kinds_g_check check (g between 0 and 4294967295),\n"
        "    h bigint not null constraint kinds_h_check check (h >= 2),\n"
        "    i real not null constraint kinds_i_check check (i <= 0.10000000149011612),\n"
        "    j double precision not null default 1.5 constraint kinds_j_check check (j >= 0.5),\n"
        "    k boolean not null default false,\n"
        "    l text not null default 'it''s' constraint kinds_l_check check (l in ('it''s', 'no')),\n"
        "    m bytea not null default '\\x00ff' constraint kinds_m_check check (octet_length(m) >= 2),\n"
        "    n uuid not null default '01234567-89ab-cdef-0123-456789abcdef',\n"
        "    o date not null default '2026-11-24',\n"
        "    p time not null default '17:30:00.250000',\n"
        "    q timestamptz not null default '2026-11-24T16:30:00.000000Z',\n"
        "    r interval not null default '1500000 microseconds',\n"
        "    s numeric not null default 12.3 constraint kinds_s_check check (s >= 0),\n"
        "    t jsonb,\n"
        "    u jsonb not null default '[]'\n"
        ");\n");
}

TEST(ddl_of_limits_for_sqlite)
{
    check_sql(
        MODELS(TERN_TYPE(Limits)), DATA_SQLITE,
        "create table limits (\n"
        "    id integer primary key constraint limits_id_check check (id between -2147483648 and "
        "2147483647),\n"
        "    a integer not null constraint limits_a_check check (a > -5 and a <= 127),\n"
        "    b integer not null constraint limits_b_check check (b > 0 and b < 9),\n"
        "    c real not null constraint limits_c_check check (c > 0.5 and c <= 2),\n"
        "    d integer not null constraint limits_d_check check (d >= 0 and d < 100),\n"
        "    e text not null constraint limits_e_check check (cast(e as real) >= 0 and e <> '0'),\n"
        "    f text not null constraint limits_f_check check (cast(f as real) between 123456789012345.67 and "
        "1000000000000000 and f <> '1000000000000000'),\n"
        "    g text not null constraint limits_g_check check (g like '____-__-__' and g >= '2020-01-01'),\n"
        "    h text not null constraint limits_h_check check (h like '__:__:__.______' and h between "
        "'08:00:00.000000' and '17:30:00.250000'),\n"
        "    i text not null constraint limits_i_check check (i like '____-__-__T__:__:__.______Z' and i >= "
        "'2020-01-01T00:00:00.000000Z'),\n"
        "    j integer not null constraint limits_j_check check (j between 1000000 and 86400000000)\n"
        ") strict;\n");
}

TEST(ddl_of_limits_for_postgres)
{
    check_sql(
        MODELS(TERN_TYPE(Limits)), DATA_POSTGRES,
        "create table limits (\n"
        "    id integer generated by default as identity primary key,\n"
        "    a smallint not null constraint limits_a_check check (a > -5 and a <= 127),\n"
        "    b bigint not null constraint limits_b_check check (b > 0 and b < 9),\n"
        "    c double precision not null constraint limits_c_check check (c > 0.5 and c <= 2),\n"
        "    d integer not null constraint limits_d_check check (d >= 0 and d < 100),\n"
        "    e numeric not null constraint limits_e_check check (e > 0),\n"
        "    f numeric not null constraint limits_f_check check (f >= 123456789012345.67 and f < "
        "1000000000000000),\n"
        "    g date not null constraint limits_g_check check (g >= '2020-01-01'),\n"
        "    h time not null constraint limits_h_check check (h between '08:00:00.000000' and "
        "'17:30:00.250000'),\n"
        "    i timestamptz not null constraint limits_i_check check (i >= '2020-01-01T00:00:00.000000Z'),\n"
        "    j interval not null constraint limits_j_check check (j between '1000000 microseconds' and "
        "'86400000000 microseconds')\n"
        ");\n");
}

TEST(ddl_of_tables_that_refer_to_each_other_for_sqlite)
{
    check_sql(MODELS(TERN_TYPE(Circle), TERN_TYPE(Ring)), DATA_SQLITE,
              "create table ring (\n"
              "    id integer primary key,\n"
              "    next integer constraint ring_next_fkey references circle (id)\n"
              ") strict;\n"
              "create index ring_next_idx on ring (next);\n"
              "create table circle (\n"
              "    id integer primary key,\n"
              "    next integer constraint circle_next_fkey references ring (id)\n"
              ") strict;\n"
              "create index circle_next_idx on circle (next);\n");
}

TEST(ddl_of_tables_that_refer_to_each_other_for_postgres)
{
    check_sql(MODELS(TERN_TYPE(Circle), TERN_TYPE(Ring)), DATA_POSTGRES,
              "create table ring (\n"
              "    id bigint generated by default as identity primary key,\n"
              "    next bigint\n"
              ");\n"
              "create index ring_next_idx on ring (next);\n"
              "create table circle (\n"
              "    id bigint generated by default as identity primary key,\n"
              "    next bigint constraint circle_next_fkey references ring (id)\n"
              ");\n"
              "create index circle_next_idx on circle (next);\n"
              "alter table ring add constraint ring_next_fkey foreign key (next) references circle (id);\n");
}

/* -- patterns: PostgreSQL checks those that mean the same to it -- */

static bool is_checked(const char *pattern)
{
    const ddl_column column = {.name = "x", .kind = ddl_kind_text, .pattern = pattern};
    buf sql = {0};
    bool is = ddl_add_check(&sql, DATA_POSTGRES, &column);
    buf_free(&sql);
    return is;
}

TEST(ddl_checks_only_patterns_that_both_engines_read_the_same_way)
{
    static const struct {
        const char *pattern;
        bool is_checked;
    } cases[] = {{"^[a-z0-9_]+$", true},
                 {"^[^.@]+@(a|b){1,3}$", true},
                 {"ab?c*", true},
                 {"[+*?.]", true},
                 {"a.c", false},
                 {"\\d+", false},
                 {"(?i)abc", false},
                 {"(?=a)b", false},
                 {"a+?", false},
                 {"a{,3}", false},
                 {"a{1,300}", false},
                 {"a{b", false},
                 {"[]a]", false},
                 {"[[:alpha:]]", false},
                 {"^*a", false},
                 {"stra\xc3\x9f"
                  "e",
                  false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (is_checked(cases[i].pattern) != cases[i].is_checked)
            check_fail(__FILE__, __LINE__, "%s is %s", cases[i].pattern,
                       cases[i].is_checked ? "left out" : "checked");
}

/* -- names -- */

TERN_MODEL(A, (int64_t, id, .key = true), (int64_t, b_c, .index = true))
TERN_MODEL_WITH(AB, (.table = "a_b"), (int64_t, id, .key = true), (int64_t, c, .index = true))

TEST(ddl_refuses_two_indexes_with_one_name)
{
    buf problems = {0};
    CHECK(data_tables_make(MODELS(TERN_TYPE(A), TERN_TYPE(AB)), &problems));
    CHECK(ddl_of_models(&memory, &problems) == NULL);
    CHECK_TEXT(problems.data,
               "table a_b: its index would be called \"a_b_c_idx\", as a table or index of another "
               "model is; give one of them another .table or .column\n");
    buf_free(&problems);
    arena_free(&memory);
    forget();
}

TEST(ddl_fails_when_any_allocation_fails)
{
    bool is_made = false;
    buf problems = {0};
    CHECK(data_tables_make(MODELS(TERN_TYPE(Item), TERN_TYPE(Person), TERN_TYPE(Kinds)), &problems));
    for (unsigned long n = 1; !is_made; n++) {
        buf sql = {0};
        mem_fail_at(n, 1);
        const ddl_schema *schema = ddl_of_models(&memory, &problems);
        if (schema != NULL)
            ddl_add_schema(&sql, DATA_SQLITE, schema);
        mem_fail_at(0, 0);
        is_made = schema != NULL && !sql.failed;
        buf_free(&sql);
        arena_free(&memory);
        CHECK(n < 1000);
    }
    buf_free(&problems);
    forget();
}
