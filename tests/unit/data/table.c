#include "data/table/table.h"

#include "check.h"

#include "base/mem.h"

TERN_ENUM(Mood, calm, angry)
TERN_MODEL(Address, (const char *, street), (const char *, city))

TERN_MODEL(Person,
    (int64_t, id, .key = true),
    (const char *, email, .unique = true, .column = "mail"),
    (const char *, name, .optional = true),
    (Mood, mood, .fallback = "calm"),
    (tern_datetime, joined, .created = true),
    (tern_datetime, seen, .updated = true),
    (int32_t, revision, .version = true),
    (Address, address),
    (const char *, token, .not_stored = true))

TERN_MODEL_WITH(OrderLine,
    (.unique_together = TERN_COLUMNS("order_id, position"),
     .indexes = TERN_COLUMNS("buyer, made desc", "made where amount > 3")),
    (tern_uuid, order_id, .key = true),
    (int32_t, position, .key = true),
    (int64_t, buyer, .references = TERN_TYPE(Person)),
    (int64_t, giver, .optional = true, .references = TERN_TYPE(Person), .on_delete = TERN_SET_NULL),
    (tern_datetime, made),
    (uint64_t, amount),
    (Person, who, .via = "buyer"))

static bool make(tern_type *const *models, const char *want)
{
    buf problems = {0};
    bool is_right = data_tables_make(models, &problems);
    CHECK_TEXT(problems.data != NULL ? problems.data : "", want);
    CHECK(is_right == (*want == '\0'));
    buf_free(&problems);
    return is_right;
}

#define MODELS(...) ((tern_type *const[]){__VA_ARGS__, NULL})

static void forget(void)
{
    data_tables_forget();
    schema_forget();
}

static void make_both(void)
{
    CHECK(make(MODELS(TERN_TYPE(OrderLine), TERN_TYPE(Person)), ""));
}

static const data_column *column_of(const data_table *table, const char *name)
{
    return data_table_column(table, name, strlen(name));
}

static const data_column *must_have(const data_table *table, const char *name)
{
    const data_column *column = column_of(table, name);
    if (column == NULL)
        check_fail(__FILE__, __LINE__, "there is no column %s", name);
    return column;
}

TEST(table_has_the_name_of_its_model_in_snake_case)
{
    make_both();
    CHECK_TEXT(data_table_of(TERN_TYPE(OrderLine))->name, "order_line");
    CHECK_TEXT(data_table_of(TERN_TYPE(Person))->name, "person");
    forget();
}

TEST(table_of_an_unknown_model_is_null)
{
    make_both();
    CHECK(data_table_of(TERN_TYPE(Address)) == NULL);
    forget();
    CHECK(data_table_of(TERN_TYPE(Person)) == NULL);
}

TEST(referenced_tables_come_first)
{
    make_both();
    unsigned count;
    const data_table *const *all = data_tables(&count);
    CHECK_INT(count, 2);
    CHECK_TEXT(all[0]->name, "person");
    CHECK_TEXT(all[1]->name, "order_line");
    forget();
}

TEST(table_of_another_source_files_description_of_a_model_is_the_same)
{
    make_both();
    tern_type twin = Person_type;
    twin.plan = NULL;
    CHECK(data_table_of(&twin) == data_table_of(TERN_TYPE(Person)));
    CHECK(plan_of(&twin)->table != NULL);
    twin.field_count--;
    twin.plan = NULL;
    CHECK(data_table_of(&twin) == NULL);
    forget();
}

TEST(table_has_a_column_for_each_stored_field)
{
    make_both();
    const data_table *person = data_table_of(TERN_TYPE(Person));
    static const struct {
        const char *field, *name;
        tern_arg_kind kind;
    } want[] = {{"id", "id", TERN_ARG_INT},
                {"email", "mail", TERN_ARG_TEXT},
                {"name", "name", TERN_ARG_TEXT},
                {"mood", "mood", TERN_ARG_TEXT},
                {"joined", "joined", TERN_ARG_DATETIME},
                {"seen", "seen", TERN_ARG_DATETIME},
                {"revision", "revision", TERN_ARG_INT},
                {"address", "address", TERN_ARG_JSON}};
    CHECK_INT(person->column_count, 8);
    for (unsigned i = 0; i < 8; i++) {
        CHECK_TEXT(person->columns[i].name, want[i].name);
        CHECK_INT(person->columns[i].kind, want[i].kind);
        CHECK(column_of(person, want[i].field) == &person->columns[i]);
        CHECK(column_of(person, want[i].name) == &person->columns[i]);
    }
    CHECK(column_of(person, "token") == NULL);
    CHECK(column_of(person, "") == NULL);
    CHECK(column_of(data_table_of(TERN_TYPE(OrderLine)), "who") == NULL);
    forget();
}

TEST(table_knows_what_the_database_fills_in)
{
    make_both();
    const data_table *person = data_table_of(TERN_TYPE(Person));
    CHECK(must_have(person, "id")->is_automatic);
    CHECK(person->created == must_have(person, "joined"));
    CHECK(person->updated == must_have(person, "seen"));
    CHECK(person->version == must_have(person, "revision"));
    CHECK(must_have(person, "name")->is_nullable);
    CHECK(!must_have(person, "email")->is_nullable);
    CHECK(data_table_of(TERN_TYPE(OrderLine))->version == NULL);
    forget();
}

TEST(table_key_may_have_several_columns_that_are_not_automatic)
{
    make_both();
    const data_table *line = data_table_of(TERN_TYPE(OrderLine));
    CHECK_INT(line->key_count, 2);
    CHECK_INT(line->keys[0], 0);
    CHECK_INT(line->keys[1], 1);
    CHECK(!line->columns[0].is_automatic && !line->columns[1].is_automatic);
    forget();
}

TEST(table_foreign_keys_lead_to_their_tables_and_are_indexed_unless_an_index_begins_with_them)
{
    make_both();
    const data_table *line = data_table_of(TERN_TYPE(OrderLine));
    CHECK(must_have(line, "buyer")->references == data_table_of(TERN_TYPE(Person)));
    CHECK_INT(must_have(line, "giver")->on_delete, TERN_SET_NULL);
    CHECK(!must_have(line, "buyer")->is_indexed);
    CHECK(must_have(line, "giver")->is_indexed);
    forget();
}

TEST(table_indexes_are_named_by_their_columns)
{
    make_both();
    const data_table *line = data_table_of(TERN_TYPE(OrderLine));
    CHECK_INT(line->index_count, 3);
    CHECK_TEXT(line->indexes[0].name, "order_line_order_id_position_key");
    CHECK_TEXT(line->indexes[0].columns, "order_id, position");
    CHECK(line->indexes[0].is_unique);
    CHECK_TEXT(line->indexes[1].name, "order_line_buyer_made_idx");
    CHECK_TEXT(line->indexes[1].columns, "buyer, made desc");
    CHECK_TEXT(line->indexes[1].where, NULL);
    CHECK_TEXT(line->indexes[2].columns, "made");
    CHECK_TEXT(line->indexes[2].where, "amount > 3");
    forget();
}

TERN_MODEL_WITH(Lengthy,
    (.table = "a_table_with_a_name_that_is_rather_long",
     .indexes = TERN_COLUMNS("a_column_with_a_long_name desc, group")),
    (int64_t, id, .key = true),
    (int, a_column_with_a_long_name),
    (int, group))

TEST(table_index_names_are_truncated_to_63_bytes_and_reserved_columns_quoted)
{
    CHECK(make(MODELS(TERN_TYPE(Lengthy)), ""));
    const data_index *index = &data_table_of(TERN_TYPE(Lengthy))->indexes[0];
    CHECK_INT(strlen(index->name), 63);
    CHECK_TEXT(index->columns, "a_column_with_a_long_name desc, \"group\"");
    forget();
}

TERN_MODEL(Node,
    (int64_t, id, .key = true),
    (int64_t, parent, .optional = true, .references = TERN_TYPE(Node), .on_delete = TERN_CASCADE))

TEST(table_may_refer_to_itself)
{
    CHECK(make(MODELS(TERN_TYPE(Node)), ""));
    const data_table *node = data_table_of(TERN_TYPE(Node));
    CHECK(must_have(node, "parent")->references == node);
    forget();
}

TERN_MODEL_WITH(Total, (.view = true), (const char *, name), (int64_t, count))

TEST(table_of_a_view_needs_no_key)
{
    CHECK(make(MODELS(TERN_TYPE(Total)), ""));
    CHECK(data_table_of(TERN_TYPE(Total))->is_view);
    CHECK_INT(data_table_of(TERN_TYPE(Total))->key_count, 0);
    forget();
}

/* -- related rows -- */

static tern_type Tagging_type; /* declared below: they reference each other */
TERN_MODEL(Tag, (int64_t, id, .key = true), (const char *, word))
TERN_MODEL(Book,
    (int64_t, id, .key = true),
    (int64_t, author, .references = TERN_TYPE(Person)),
    (Person, written_by, .via = "author"),
    (Tag_list, tags, .through = TERN_TYPE(Tagging)))
TERN_MODEL(Tagging,
    (int64_t, book, .key = true, .references = TERN_TYPE(Book)),
    (int64_t, tag, .key = true, .references = TERN_TYPE(Tag)))

TEST(table_relations_have_no_column_and_are_checked_against_the_foreign_keys)
{
    CHECK(make(MODELS(TERN_TYPE(Tagging), TERN_TYPE(Tag), TERN_TYPE(Book), TERN_TYPE(Person)), ""));
    CHECK_INT(data_table_of(TERN_TYPE(Book))->column_count, 2);
    unsigned count;
    const data_table *const *all = data_tables(&count);
    CHECK_TEXT(all[count - 1]->name, "tagging");
    forget();
}

TERN_MODEL_WITH(PersonName, (.view = true, .table = "Person"), (const char *, name, .optional = true))
TERN_MODEL_WITH(PersonCard, (.view = true, .table = "person"),
    (int64_t, id),
    (int64_t, buyer, .optional = true))
TERN_MODEL_WITH(WordCount, (.view = true), (const char *, word, .key = true), (int64_t, count))
TERN_MODEL(Named,
    (int64_t, id, .key = true),
    (int64_t, author, .references = TERN_TYPE(Person)),
    (PersonName, name, .via = "author"))
TERN_MODEL(Carded,
    (int64_t, id, .key = true),
    (int64_t, author, .references = TERN_TYPE(Person)),
    (PersonCard, card, .via = "author"))
TERN_MODEL(Summed,
    (int64_t, id, .key = true),
    (int64_t, author, .references = TERN_TYPE(Person)),
    (Total, total, .via = "author"))
TERN_MODEL(Counted,
    (int64_t, id, .key = true),
    (int64_t, author, .references = TERN_TYPE(Person)),
    (WordCount, word, .via = "author"))
TERN_MODEL_WITH(LineCard, (.view = true, .table = "order_line"), (int64_t, buyer))

TEST(table_relations_may_lead_to_a_view_of_a_table)
{
    CHECK(make(MODELS(TERN_TYPE(Carded), TERN_TYPE(PersonCard), TERN_TYPE(Person)), ""));
    const data_table *card = data_table_of(TERN_TYPE(PersonCard)), *person = data_table_of(TERN_TYPE(Person));
    CHECK(card->of == person);
    CHECK(person->of == NULL);
    const data_column *author = must_have(data_table_of(TERN_TYPE(Carded)), "author");
    CHECK(data_referred_column(author, card) == must_have(card, "id"));
    CHECK(data_referred_column(author, person) == must_have(person, "id"));
    forget();
}

TEST(table_of_a_view_has_the_foreign_keys_of_its_table)
{
    CHECK(make(MODELS(TERN_TYPE(LineCard), TERN_TYPE(OrderLine), TERN_TYPE(Person)), ""));
    CHECK(must_have(data_table_of(TERN_TYPE(LineCard)), "buyer")->references ==
          data_table_of(TERN_TYPE(Person)));
    forget();
}

TEST(table_relations_to_views_need_the_key_that_the_foreign_key_refers_to)
{
    CHECK(!make(
        MODELS(TERN_TYPE(Named), TERN_TYPE(PersonName), TERN_TYPE(Person)),
        "model Named, field name: .via = \"author\" refers to Person, whose .key the view PersonName of "
        "it has no field for\n"));
    CHECK(!make(
        MODELS(TERN_TYPE(Summed), TERN_TYPE(Total), TERN_TYPE(Person)),
        "model Summed, field total: .via = \"author\" refers to rows of the view Total, which needs one "
        "field with .key = true\n"));
    CHECK(!make(MODELS(TERN_TYPE(Counted), TERN_TYPE(WordCount), TERN_TYPE(Person)),
                "model Counted, field word: .via = \"author\", but that field of Counted does not refer to "
                "WordCount\n"));
    forget();
}

/* -- mistakes: models made by hand, with one or two mistakes each -- */

static tern_field made_fields[4];
static tern_type made_type;

/** Person and a model Made, whose first field is a key and whose other fields are `field`s. */
static void refuse(tern_model_options options, tern_field a, tern_field b, const char *want)
{
    const tern_field key = {.name = "id", .type = TERN_TYPE(tern_int64), .key = true};
    tern_field fields[] = {key, a, b};
    unsigned count = 1;
    for (unsigned i = 1; i < 3; i++)
        if (fields[i].name != NULL)
            fields[count++] = fields[i];
    for (unsigned i = 0; i < count; i++) {
        fields[i].offset = 32 * i;
        fields[i].state_offset = 128 + i;
        made_fields[i] = fields[i];
    }
    made_type = (tern_type){.kind = TERN_KIND_MODEL,
                            .name = "Made",
                            .size = 192,
                            .fields = made_fields,
                            .field_count = count,
                            .options = options};
    CHECK(!make(MODELS(TERN_TYPE(Person), &made_type), want));
    forget();
}

#define NO_OPTIONS              ((tern_model_options){0})
#define NONE                    ((tern_field){0})
#define OPTIONS(...)            ((tern_model_options){__VA_ARGS__})
#define FIELD(T, its_name, ...) ((tern_field){.name = its_name, .type = TERN_TYPE(T), __VA_ARGS__})

TEST(table_refuses_a_model_without_a_key)
{
    CHECK(
        !make(MODELS(TERN_TYPE(Address)),
              "model Address: has no .key, by which a row is found: (int64_t, id, .key = true); if its rows "
              "are only results of queries, give it .view = true\n"));
    forget();
}

TEST(table_refuses_invalid_models_and_models_given_twice)
{
    CHECK(!make(MODELS(TERN_TYPE(Mood)), "model Mood: is not a model; a table is made of a TERN_MODEL\n"));
    CHECK(!make(MODELS(TERN_TYPE(Node), TERN_TYPE(Node)), "model Node: is given twice\n"));
    forget();
}

TEST(table_refuses_a_model_whose_description_has_mistakes)
{
    refuse(NO_OPTIONS, FIELD(tern_int32, "a", .min = 3, .max = 2), NONE,
           "model Made, field a: .min = 3 is above .max = 2\n");
}

TEST(table_refuses_names_that_are_taken)
{
    refuse(OPTIONS(.table = "PERSON"), NONE, NONE,
           "model Made: its table is called \"PERSON\", as that of Person; give one of them another "
           ".table, or .view = true if rows are only read into it\n");
    refuse(NO_OPTIONS, FIELD(tern_bool, "a"), FIELD(tern_bool, "b", .column = "A"),
           "model Made, field b: its column is called \"A\", as that of a is\n");
}

TEST(table_refuses_names_that_no_database_accepts)
{
    refuse(OPTIONS(.table = ""), NONE, NONE,
           "model Made: .table = \"\": a name in a database has 1 to 63 bytes\n");
    refuse(OPTIONS(.table = "sqlite_x"), NONE, NONE,
           "model Made: tables called sqlite_... are not yours; give it another .table\n");
    refuse(OPTIONS(.table = "tern_migrations"), NONE, NONE,
           "model Made: tables called tern_... are not yours; give it another .table\n");
    refuse(NO_OPTIONS, FIELD(tern_bool, "a", .column = "x\" int); drop table person; --"), NONE,
           "model Made, field a: .column = \"x\" int); drop table person; --\": quotes, brackets, '.', ';', "
           "'?', backslashes and control characters are not allowed in it\n");
    refuse(NO_OPTIONS, FIELD(tern_bool, "xmin"), NONE,
           "model Made, field xmin: PostgreSQL has a column xmin of its own in each table; give it another "
           ".column\n");
}

TEST(table_refuses_a_key_of_floating_point_numbers)
{
    refuse(NO_OPTIONS, FIELD(tern_double, "a", .key = true), NONE,
           "model Made, field a: floating-point numbers cannot be a .key: they are rarely equal\n");
}

TEST(table_refuses_a_fallback_of_an_automatic_key)
{
    made_fields[0] = FIELD(tern_int64, "id", .key = true, .fallback = "1");
    made_type = (tern_type){
        .kind = TERN_KIND_MODEL, .name = "Made", .size = 192, .fields = made_fields, .field_count = 1};
    CHECK(!make(MODELS(&made_type), "model Made, field id: the database numbers the rows; a .fallback would "
                                    "make them all the same\n"));
    forget();
}

TEST(table_refuses_two_columns_with_one_role)
{
    refuse(NO_OPTIONS, FIELD(tern_datetime, "a", .created = true), FIELD(tern_datetime, "b", .created = true),
           "model Made, field b: .created is a already\n");
    refuse(NO_OPTIONS, FIELD(tern_int32, "a", .version = true, .optional = true), NONE,
           "model Made, field a: .version is never null; leave out .optional\n");
    refuse(NO_OPTIONS, FIELD(tern_int32, "a", .version = true, .key = true), NONE,
           "model Made, field a: .version changes; it cannot be a .key\n");
}

TEST(table_refuses_uploads)
{
    refuse(NO_OPTIONS, FIELD(tern_upload, "a"), FIELD(tern_upload_list, "b"),
           "model Made, field a: a file is not stored in a table; store its path as text, and give it "
           ".not_stored\n"
           "model Made, field b: a file is not stored in a table; store its path as text, and give it "
           ".not_stored\n");
}

TERN_MODEL(Secret, (const char *, word, .write_only = true))

TEST(table_refuses_a_json_column_that_would_lose_a_field)
{
    refuse(NO_OPTIONS, FIELD(Secret_list, "a"), NONE,
           "model Made, field a: is kept as JSON, which would leave out word of Secret, as it is "
           ".write_only\n");
}

TEST(table_refuses_references_to_models_without_a_single_key)
{
    refuse(NO_OPTIONS, FIELD(tern_int64, "a", .references = TERN_TYPE(Tag)), NONE,
           "model Made, field a: .references = Tag, which is not given to tern_database\n");
    refuse(NO_OPTIONS, FIELD(tern_int32, "a", .references = TERN_TYPE(Person)), NONE,
           "model Made, field a: is int32_t and cannot hold every Person.id, which is int64_t\n");
    refuse(NO_OPTIONS, FIELD(tern_uuid, "a", .references = TERN_TYPE(Person)), NONE,
           "model Made, field a: is tern_uuid and cannot hold every Person.id, which is int64_t\n");
}

TEST(table_refuses_relations_without_a_foreign_key)
{
    refuse(NO_OPTIONS, FIELD(Person, "a", .via = "b"), NONE,
           "model Made, field a: .via = \"b\", but Made has no such field\n");
    refuse(NO_OPTIONS, FIELD(Person, "a", .via = "b"), FIELD(tern_int64, "b"),
           "model Made, field a: .via = \"b\", but that field of Made does not refer to Person\n");
    refuse(NO_OPTIONS, FIELD(Tag, "a", .via = "b"), NONE,
           "model Made, field a: holds rows of Tag, which is not given to tern_database\n");
    refuse(NO_OPTIONS, FIELD(Person_list, "a", .by = "id"), NONE,
           "model Made, field a: .by = \"id\", but that field of Person does not refer to Made\n");
    refuse(NO_OPTIONS, FIELD(Person_list, "a", .through = TERN_TYPE(Person)), NONE,
           "model Made, field a: .through = Person, which has 0 foreign keys to Made and 0 to Person instead "
           "of one to each\n");
}

TEST(table_refuses_indexes_that_it_does_not_understand)
{
    refuse(OPTIONS(.indexes = TERN_COLUMNS("a, c")), FIELD(tern_int64, "a"), NONE,
           "model Made: .indexes has \"a, c\": there is no column \"c\"\n");
    refuse(OPTIONS(.indexes = TERN_COLUMNS("a, a")), FIELD(tern_int64, "a"), NONE,
           "model Made: .indexes has \"a, a\": a is used twice\n");
    refuse(OPTIONS(.indexes = TERN_COLUMNS("a, id up")), FIELD(tern_int64, "a"), NONE,
           "model Made: .indexes has \"a, id up\": \"up\" cannot be read; write columns with commas "
           "between them, each with desc if wanted, and a where at the end if wanted\n");
    refuse(OPTIONS(.indexes = TERN_COLUMNS("a where ")), FIELD(tern_int64, "a"), NONE,
           "model Made: .indexes has \"a where \": no condition follows where\n");
    refuse(OPTIONS(.unique_together = TERN_COLUMNS("a")), FIELD(tern_int64, "a"), NONE,
           "model Made: .unique_together has \"a\", one column alone; give that field .unique\n");
    refuse(OPTIONS(.indexes = TERN_COLUMNS("")), FIELD(tern_int64, "a"), NONE,
           "model Made: .indexes has \"\": there is no column \"\"\n");
    refuse(OPTIONS(.indexes = TERN_COLUMNS("a, id desc", "a, id desc")), FIELD(tern_int64, "a"), NONE,
           "model Made: .indexes has \"a, id desc\" twice\n");
}

TEST(table_refuses_a_former_name_that_is_still_in_use)
{
    refuse(NO_OPTIONS, FIELD(tern_bool, "a", .renamed_from = "b"), FIELD(tern_bool, "b"),
           "model Made, field a: .renamed_from = \"b\", but there is still a column of that name\n");
    refuse(NO_OPTIONS, FIELD(tern_bool, "a", .renamed_from = "a"), NONE,
           "model Made, field a: .renamed_from is its present name\n");
}

TERN_MODEL(Found,
    (int64_t, id, .key = true),
    (const char *, title, .search = true),
    (const char *, note),
    (const char *, body, .search = true, .column = "text"))
TERN_MODEL(Keyed, (const char *, path, .key = true), (const char *, title, .search = true))

TEST(table_knows_which_words_are_searched)
{
    CHECK(make(MODELS(TERN_TYPE(Found), TERN_TYPE(Keyed), TERN_TYPE(Person)), ""));
    const data_table *found = data_table_of(TERN_TYPE(Found)), *keyed = data_table_of(TERN_TYPE(Keyed));
    CHECK_TEXT(found->search, "found_search");
    CHECK_INT(found->searched_count, 2);
    CHECK_TEXT(found->searched[0], "title");
    CHECK_TEXT(found->searched[1], "text");
    CHECK_TEXT(found->search_row, "id");
    CHECK_TEXT(keyed->search_row, "rowid");
    CHECK_INT(data_table_of(TERN_TYPE(Person))->searched_count, 0);
    forget();
}

TERN_MODEL(Ranked,
    (int64_t, id, .key = true),
    (const char *, rank, .search = true),
    (const char *, ranked_search, .search = true))
TERN_MODEL(Numbered, (tern_uuid, id, .key = true), (const char *, title, .search = true), (int, rowid))
TERN_MODEL_WITH(Seen, (.view = true), (const char *, title, .search = true))

TEST(table_refuses_search_that_sqlite_has_no_names_for)
{
    make(MODELS(TERN_TYPE(Ranked), TERN_TYPE(Numbered), TERN_TYPE(Seen)),
         "model Ranked, field rank: .search: SQLite's full text index has a column rank of its own; give it "
         "another .column\n"
         "model Ranked, field ranked_search: .search: SQLite's full text index has a column ranked_search of "
         "its own; give it another .column\n"
         "model Numbered: .search: its column rowid hides SQLite's own number of the row; give it "
         "another .column\n"
         "model Seen, field title: .search: a .view has no table to search in\n");
    forget();
}

TEST(tables_fail_when_any_allocation_fails)
{
    bool is_made = false;
    for (unsigned long n = 1; !is_made; n++) {
        buf problems = {0};
        mem_fail_at(n, 1);
        is_made = data_tables_make(MODELS(TERN_TYPE(OrderLine), TERN_TYPE(Person)), &problems);
        mem_fail_at(0, 0);
        CHECK(is_made || data_table_of(TERN_TYPE(Person)) == NULL);
        buf_free(&problems);
        forget();
        CHECK(n < 1000);
    }
}

/* -- names -- */

TEST(names_are_plain_when_both_engines_accept_them_unquoted)
{
    static const struct {
        const char *name;
        bool is_plain;
    } cases[] = {{"todo", true},
                 {"_a1", true},
                 {"user", false},
                 {"order", false},
                 {"Todo", false},
                 {"1a", false},
                 {"a b", false},
                 {"", false},
                 {"add", false},
                 {"with", false},
                 {"gr\xc3\xb6\xc3\x9f"
                  "e",
                  false},
                 {"name", true},
                 {"a_name_of_exactly_63_bytes_is_the_longest_that_postgresql_keeps", true},
                 {"a_name_of_exactly_64_bytes_is_more_than_what_postgresql_keeps_it", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_INT(data_name_is_plain(cases[i].name, strlen(cases[i].name)), cases[i].is_plain);
}

/* -- values -- */

static arena values = {.limit_bytes = SIZE_MAX};

static tern_arg arg_of(const tern_type *type, const char *field, const void *row)
{
    tern_arg arg;
    data_error error = {0};
    if (!data_column_arg(must_have(data_table_of(type), field), row, &values, &arg, &error))
        check_fail(__FILE__, __LINE__, "%s", error.message);
    return arg;
}

TEST(column_values_are_bound_by_their_kinds)
{
    make_both();
    const Person person = {
        .id = -5, .email = "a@b", .mood = Mood_angry, .address = {.street = "S", .city = "C"}};
    CHECK_INT(arg_of(TERN_TYPE(Person), "id", &person).integer, -5);
    CHECK_BYTES(arg_of(TERN_TYPE(Person), "email", &person).text.data, 3, "a@b", 3);
    CHECK_BYTES(arg_of(TERN_TYPE(Person), "mood", &person).text.data, 5, "angry", 5);
    tern_arg json = arg_of(TERN_TYPE(Person), "address", &person);
    CHECK_INT(json.kind, TERN_ARG_JSON);
    CHECK_BYTES(json.text.data, json.text.len, "{\"street\":\"S\",\"city\":\"C\"}", 25);
    arena_free(&values);
    forget();
}

TERN_MODEL(Tip,
    (int64_t, id, .key = true),
    (int, amount, .optional = true),
    (tern_date, given, .optional = true))

TEST(column_value_of_an_optional_number_left_zero_is_zero)
{
    CHECK(make(MODELS(TERN_TYPE(Tip)), ""));
    const Tip tip = {.id = 1};
    CHECK(!arg_of(TERN_TYPE(Tip), "amount", &tip).is_null);
    arena_free(&values);
    forget();
}

TEST(column_value_of_an_optional_date_or_reference_left_zero_is_null)
{
    CHECK(make(MODELS(TERN_TYPE(Tip)), ""));
    const Tip tip = {.id = 1};
    CHECK(arg_of(TERN_TYPE(Tip), "given", &tip).is_null);
    forget();
    make_both();
    const OrderLine line = {.giver = 0};
    CHECK(arg_of(TERN_TYPE(OrderLine), "giver", &line).is_null);
    arena_free(&values);
    forget();
}

TEST(column_value_is_null_where_an_optional_field_was_absent_and_not_set_since)
{
    make_both();
    OrderLine line = {.giver = 0};
    line.tern_state.giver = TERN_STATE_NULL;
    CHECK(arg_of(TERN_TYPE(OrderLine), "giver", &line).is_null);
    CHECK_INT(arg_of(TERN_TYPE(OrderLine), "giver", &line).kind, TERN_ARG_INT);
    line.tern_state.giver = TERN_STATE_ABSENT;
    CHECK(arg_of(TERN_TYPE(OrderLine), "giver", &line).is_null);
    line.giver = 7;
    CHECK_INT(arg_of(TERN_TYPE(OrderLine), "giver", &line).integer, 7);
    line.tern_state.buyer = TERN_STATE_ABSENT; /* cannot be null */
    CHECK(!arg_of(TERN_TYPE(OrderLine), "buyer", &line).is_null);
    forget();
}

TEST(column_value_outside_the_range_is_refused_by_name)
{
    make_both();
    const OrderLine line = {.amount = UINT64_MAX};
    const Person person = {.mood = (Mood)9};
    tern_arg arg;
    data_error error;
    CHECK(!data_column_arg(must_have(data_table_of(TERN_TYPE(OrderLine)), "amount"), &line, &values, &arg,
                           &error));
    CHECK_INT(error.fault, TERN_DATA_BAD_VALUE);
    CHECK_TEXT(error.columns, "amount");
    CHECK_TEXT(error.message, "amount is above 9223372036854775807");
    CHECK(!data_column_arg(must_have(data_table_of(TERN_TYPE(Person)), "mood"), &person, &values, &arg,
                           &error));
    CHECK_TEXT(error.message, "mood is not a value of its enum");
    forget();
}
