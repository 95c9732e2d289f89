/** Related rows of views, and of several models of one table: conditions, order, and rows within others. */
#include "words.h"

/* clang-format off */
TERN_FORWARD(Essay);

TERN_MODEL_WITH(Team, (.table = "crew"),
    (int64_t,      id,   .key = true),
    (const char *, name))

TERN_MODEL(Writer,
    (int64_t,      id,      .key = true),
    (const char *, name),
    (int64_t,      team_id, .optional = true, .references = TERN_TYPE(Team)),
    (Team,         team,    .optional = true, .via = "team_id"))

TERN_MODEL(Label,
    (int64_t,      id,   .key = true),
    (const char *, name))

TERN_MODEL(EssayLabel,
    (int64_t,      essay_id, .key = true, .references = TERN_TYPE(Essay)),
    (int64_t,      label_id, .key = true, .references = TERN_TYPE(Label)),
    (const char *, name))

/* smaller models of the tables essay and writer */
TERN_MODEL_WITH(EssayTitle, (.view = true, .table = "essay"),
    (int64_t,      id,    .key = true),
    (const char *, title),
    (Label_list,   labels, .optional = true, .through = TERN_TYPE(EssayLabel)))

TERN_MODEL_WITH(WriterCard, (.view = true, .table = "writer"),
    (const char *,    name),
    (int64_t,         id),
    (EssayTitle_list, essays, .optional = true, .by = "writer_id"))

TERN_MODEL(Essay,
    (int64_t,      id,        .key = true),
    (const char *, title),
    (tern_decimal, price,     .optional = true),
    (bool,         is_open),
    (int64_t,      writer_id, .references = TERN_TYPE(Writer)),
    (int64_t,      editor_id, .optional = true, .references = TERN_TYPE(Writer)),
    (Writer,       writer,    .optional = true, .via = "writer_id"),
    (WriterCard,   card,      .optional = true, .via = "writer_id"),
    (Label_list,   labels,    .optional = true, .through = TERN_TYPE(EssayLabel)))

/* rows of raw SQL, which are not in a table */
TERN_MODEL_WITH(EssayLine, (.view = true),
    (int64_t,      id,        .key = true),
    (const char *, heading,   .optional = true),
    (int64_t,      writer_id, .references = TERN_TYPE(Writer)),
    (Writer,       writer,    .optional = true, .via = "writer_id"),
    (Label_list,   labels,    .optional = true, .through = TERN_TYPE(EssayLabel)))

TERN_MODEL_WITH(WriterLine, (.view = true),
    (int64_t,         id,     .key = true),
    (int64_t,         sum,    .optional = true),
    (EssayTitle_list, essays, .optional = true, .by = "writer_id"))

/* an essay as a smaller model, with its writer by the table's foreign key */
TERN_MODEL_WITH(EssayBy, (.view = true, .table = "essay"),
    (int64_t,    writer_id),
    (WriterCard, card, .optional = true, .via = "writer_id"))
/* clang-format on */

static tern_type *const view_models[] = {TERN_TYPE(EssayLine),
                                         TERN_TYPE(WriterLine),
                                         TERN_TYPE(EssayTitle),
                                         TERN_TYPE(EssayBy),
                                         TERN_TYPE(WriterCard),
                                         TERN_TYPE(Essay),
                                         TERN_TYPE(Writer),
                                         TERN_TYPE(Team),
                                         TERN_TYPE(Label),
                                         TERN_TYPE(EssayLabel),
                                         NULL};

static const char *const view_sqlite[] = {
    "create table crew (id integer primary key, name text not null)",
    "create table writer (id integer primary key, name text not null, team_id integer references crew)",
    "create table essay (id integer primary key, title text not null, price text, is_open integer not null, "
    "writer_id integer not null references writer, editor_id integer references writer)",
    "create table label (id integer primary key, name text not null)",
    "create table essay_label (essay_id integer not null references essay, label_id integer not null "
    "references "
    "label, name text not null, primary key (essay_id, label_id))",
    NULL};
static const char *const view_postgres[] = {
    "create table crew (id bigint primary key, name text not null)",
    "create table writer (id bigint primary key, name text not null, team_id bigint references crew)",
    "create table essay (id bigint primary key, title text not null, price numeric, is_open boolean not "
    "null, "
    "writer_id bigint not null references writer, editor_id bigint references writer)",
    "create table label (id bigint primary key, name text not null)",
    "create table essay_label (essay_id bigint not null references essay, label_id bigint not null "
    "references "
    "label, name text not null, primary key (essay_id, label_id))",
    NULL};

static void make_tables(tern_ctx *c)
{
    library_make(c, view_sqlite, view_postgres);
}

static void add_essay(tern_ctx *c, int64_t id, const char *title, int64_t writer, int64_t cents)
{
    Essay essay = {
        .id = id, .title = title, .writer_id = writer, .is_open = id % 2 == 1, .price = {cents, 2}};
    tern_insert(c, Essay, &essay);
}

/** Ann (of the team Red) has written 11, 12 and 13, Bob 21, Cid nothing; 11 has the labels y and x, 12 x. */
static void add_rows(tern_ctx *c)
{
    Team team = {.id = 5, .name = "Red"};
    Writer ann = {.id = 1, .name = "Ann", .team_id = 5}, bob = {.id = 2, .name = "Bob"},
           cid = {.id = 3, .name = "Cid"};
    tern_insert(c, Team, &team);
    tern_insert(c, Writer, &ann);
    tern_insert(c, Writer, &bob);
    tern_insert(c, Writer, &cid);
    add_essay(c, 11, "sea", 1, 950);
    add_essay(c, 12, "air", 1, 1000);
    add_essay(c, 13, "ice", 1, 200);
    add_essay(c, 21, "fog", 2, 100);
    tern_insert(c, Label, (&(Label){.id = 31, .name = "y"}));
    tern_insert(c, Label, (&(Label){.id = 32, .name = "x"}));
    tern_insert(c, EssayLabel, (&(EssayLabel){.essay_id = 11, .label_id = 31, .name = "first"}));
    tern_insert(c, EssayLabel, (&(EssayLabel){.essay_id = 11, .label_id = 32, .name = "second"}));
    tern_insert(c, EssayLabel, (&(EssayLabel){.essay_id = 12, .label_id = 32, .name = "third"}));
}

__attribute__((constructor)) static void use_own_tables(void)
{
    library = (library_kind)LIBRARY_OF(view_models, make_tables, "essay_label, label, essay, writer, crew");
    library.fill = add_rows;
}

static const char *titles_of(tern_ctx *c, EssayTitle_list essays)
{
    const char *all = "";
    for (size_t i = 0; i < essays.count; i++)
        all = tern_sprintf(c, "%s%s ", all, essays.items[i].title);
    return all;
}

static const char *labels_of(tern_ctx *c, Label_list labels)
{
    const char *all = "";
    for (size_t i = 0; i < labels.count; i++)
        all = tern_sprintf(c, "%s%s ", all, labels.items[i].name);
    return all;
}

/** The request has run one statement since its counts were reset; builds without assertions do not count. */
static void check_one_statement(tern_ctx *c)
{
#ifndef NDEBUG
    unsigned count = 0;
    for (unsigned i = 0; i < DATA_COUNTED_STATEMENTS; i++)
        count += data_request_of(c)->counted[i].times;
    CHECK_INT(count, 1);
#else
    (void)c;
#endif
}

/* -- smaller models of a table -- */

LIBRARY_TEST(a_smaller_model_of_a_table_is_preloaded_by_its_foreign_key)
{
    Essay_list essays = tern_select(c, Essay, .order_by = "id");
    tern_preload(c, Essay, essays, card);
    CHECK_TEXT(essays.items[0].card.name, "Ann");
    CHECK_TEXT(essays.items[3].card.name, "Bob");
    CHECK_INT(essays.items[3].card.id, 2);
    CHECK_INT(essays.items[3].card.tern_state.essays, TERN_STATE_ABSENT);
    return tern_no_content(c);
}

LIBRARY_TEST(a_smaller_model_of_a_table_has_lists_by_the_tables_foreign_keys)
{
    WriterCard_list cards = tern_select(c, WriterCard, .order_by = "name");
    tern_preload(c, WriterCard, cards, essays);
    CHECK_TEXT(titles_of(c, cards.items[0].essays), "sea air ice ");
    CHECK_TEXT(titles_of(c, cards.items[1].essays), "fog ");
    CHECK_INT(cards.items[2].essays.count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(a_smaller_model_of_a_table_has_lists_through_a_table_of_pairs)
{
    EssayTitle_list essays = tern_select(c, EssayTitle, .order_by = "id");
    tern_preload(c, EssayTitle, essays, labels);
    CHECK_TEXT(labels_of(c, essays.items[0].labels), "y x ");
    CHECK_TEXT(labels_of(c, essays.items[1].labels), "x ");
    CHECK_INT(essays.items[2].labels.count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(a_smaller_model_takes_its_tables_foreign_keys)
{
    EssayBy_list essays = tern_select(c, EssayBy, .where = "id = ?", .args = TERN_ARGS(21));
    tern_preload(c, EssayBy, essays, card);
    CHECK_TEXT(essays.items[0].card.name, "Bob");
    return tern_no_content(c);
}

LIBRARY_TEST(a_condition_on_a_smaller_model_knows_all_columns_of_the_table)
{
    CHECK_INT(tern_select(c, EssayTitle, .where = "is_open = ?", .args = TERN_ARGS(true)).count, 3);
    CHECK_INT(tern_pluck(c, EssayTitle, title, .where = "is_open = ?", .args = TERN_ARGS(false)).count, 1);
    return tern_no_content(c);
}

/* -- views of raw SQL -- */

LIBRARY_TEST(rows_of_raw_sql_are_preloaded_by_a_foreign_key)
{
    EssayLine_list lines =
        tern_sql(c, EssayLine,
                 "select id, title || '!' as heading, writer_id from essay where id > ? order by id", 12);
    tern_preload(c, EssayLine, lines, writer);
    CHECK_INT(lines.count, 2);
    CHECK_TEXT(lines.items[0].heading, "ice!");
    CHECK_TEXT(lines.items[0].writer.name, "Ann");
    CHECK_TEXT(lines.items[1].writer.name, "Bob");
    return tern_no_content(c);
}

LIBRARY_TEST(rows_of_raw_sql_have_lists_by_their_key)
{
    WriterLine_list lines = tern_sql(c, WriterLine,
                                     "select w.id, count(e.id) as sum from writer w left join essay e on "
                                     "e.writer_id = w.id group by w.id order by w.id");
    tern_preload(c, WriterLine, lines, essays);
    CHECK_INT(lines.items[0].sum, 3);
    CHECK_TEXT(titles_of(c, lines.items[0].essays), "sea air ice ");
    CHECK_TEXT(titles_of(c, lines.items[1].essays), "fog ");
    CHECK_INT(lines.items[2].essays.count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(rows_of_raw_sql_have_lists_through_a_table_of_pairs)
{
    EssayLine_list lines = tern_sql(c, EssayLine, "select id, writer_id from essay order by id");
    tern_preload(c, EssayLine, lines, labels);
    CHECK_TEXT(labels_of(c, lines.items[0].labels), "y x ");
    CHECK_TEXT(labels_of(c, lines.items[1].labels), "x ");
    return tern_no_content(c);
}

WORDS_TEST(a_preload_by_a_key_that_was_not_read_is_refused,
           "EssayLine.writer_id was not read, and the rows of writer are found by it")
{
    EssayLine_list lines = tern_sql(c, EssayLine, "select id from essay");
    tern_preload(c, EssayLine, lines, writer);
}

TERN_MODEL_WITH(StrayLine, (.view = true),
    (int64_t, writer_id, .references = TERN_TYPE(Writer)),
    (Writer, writer, .optional = true, .via = "writer_id"))

WORDS_TEST(a_preload_of_a_view_that_the_database_was_not_given_says_so,
           "StrayLine is not a table: it is not one of the models given to tern_database")
{
    StrayLine_list lines = tern_sql(c, StrayLine, "select writer_id from essay");
    tern_preload(c, StrayLine, lines, writer);
}

/* -- conditions and order -- */

LIBRARY_TEST(preloaded_rows_come_in_the_requested_order)
{
    WriterCard_list cards = tern_select(c, WriterCard, .order_by = "name");
    tern_preload(c, WriterCard, cards, essays, .order_by = "title");
    CHECK_TEXT(titles_of(c, cards.items[0].essays), "air ice sea ");
    tern_preload(c, WriterCard, cards, essays, .order_by = "title desc");
    CHECK_TEXT(titles_of(c, cards.items[0].essays), "sea ice air ");
    tern_preload(c, WriterCard, cards, essays);
    CHECK_TEXT(titles_of(c, cards.items[0].essays), "sea air ice ");
    return tern_no_content(c);
}

LIBRARY_TEST(preloaded_rows_of_a_smaller_model_are_ordered_by_any_field_of_the_table)
{
    WriterCard_list cards = tern_select(c, WriterCard, .order_by = "name");
    tern_preload(c, WriterCard, cards, essays, .order_by = "price desc");
    CHECK_TEXT(titles_of(c, cards.items[0].essays), "air sea ice ");
    return tern_no_content(c);
}

LIBRARY_TEST(preloaded_rows_through_pairs_are_ordered_by_their_own_fields)
{
    Essay_list essays = tern_select(c, Essay, .order_by = "id");
    tern_preload(c, Essay, essays, labels, .order_by = "name"); /* which the pairs have too */
    CHECK_TEXT(labels_of(c, essays.items[0].labels), "x y ");
    tern_preload(c, Essay, essays, labels, .order_by = "name desc");
    CHECK_TEXT(labels_of(c, essays.items[0].labels), "y x ");
    return tern_no_content(c);
}

LIBRARY_TEST(a_condition_leaves_out_related_rows)
{
    WriterCard_list cards = tern_select(c, WriterCard, .order_by = "name");
    tern_preload(c, WriterCard, cards, essays, .where = "title = ? or title = ?",
                 .args = TERN_ARGS("ice", "fog"));
    CHECK_TEXT(titles_of(c, cards.items[0].essays), "ice ");
    CHECK_TEXT(titles_of(c, cards.items[1].essays), "fog ");
    Essay_list essays = tern_select(c, Essay, .order_by = "id");
    tern_preload(c, Essay, essays, writer, .where = "name <> ?", .args = TERN_ARGS("Bob"));
    CHECK_INT(essays.items[0].tern_state.writer, TERN_STATE_VALUE);
    CHECK_INT(essays.items[3].tern_state.writer, TERN_STATE_NULL);
    return tern_no_content(c);
}

LIBRARY_TEST(a_condition_on_rows_through_pairs_names_their_own_fields)
{
    Essay_list essays = tern_select(c, Essay, .order_by = "id");
    tern_preload(c, Essay, essays, labels, .where = "name = ?", .args = TERN_ARGS("x"), .order_by = "name");
    CHECK_TEXT(labels_of(c, essays.items[0].labels), "x ");
    CHECK_TEXT(labels_of(c, essays.items[1].labels), "x ");
    CHECK_INT(essays.items[2].labels.count, 0);
    return tern_no_content(c);
}

LIBRARY_TEST(values_of_a_condition_are_converted_as_in_selections)
{
    EssayTitle_list essays = tern_select(c, EssayTitle, .order_by = "id", .limit = 1);
    WriterLine_list lines = tern_sql(c, WriterLine, "select 1 as id");
    tern_preload(c, EssayTitle, essays, labels, .where = "id > ?", .args = TERN_ARGS(31));
    CHECK_TEXT(labels_of(c, essays.items[0].labels), "x ");
    tern_preload(c, WriterLine, lines, essays, .where = "is_open = ?", .args = TERN_ARGS(true),
                 .order_by = "id");
    CHECK_TEXT(titles_of(c, lines.items[0].essays), "sea ice ");
    return tern_no_content(c);
}

WORDS_TEST(
    an_order_by_an_unknown_field_of_the_related_rows_is_refused,
    "\"pric\" orders by something that is not a field of the related model; write \"field, other desc\"")
{
    WriterCard_list cards = tern_select(c, WriterCard);
    tern_preload(c, WriterCard, cards, essays, .order_by = "pric");
}

WORDS_TEST(
    a_condition_of_a_preload_that_was_made_at_run_time_is_refused,
    "\"title = 'sea'\" was made at run time: SQL must be a literal, and values from a client go in by `?` "
    "(.trusted_sql = true is for texts that clients cannot influence)")
{
    WriterCard_list cards = tern_select(c, WriterCard);
    tern_preload(c, WriterCard, cards, essays, .where = tern_sprintf(c, "title = '%s'", "sea"));
}

LIBRARY_TEST(a_trusted_condition_and_an_order_may_be_made_at_run_time)
{
    WriterCard_list cards = tern_select(c, WriterCard, .order_by = "name");
    for (int i = 0; i < 2; i++) {
        const char *order = tern_sprintf(c, "title%s", i == 0 ? " desc" : "");
        tern_preload(c, WriterCard, cards, essays,
                     .where = tern_sprintf(c, "title <> '%s'", i == 0 ? "ice" : "sea"), .trusted_sql = true,
                     .order_by = order);
        CHECK_TEXT(titles_of(c, cards.items[0].essays), i == 0 ? "sea air " : "air ice ");
    }
    return tern_no_content(c);
}

WORDS_TEST(values_without_a_condition_of_a_preload_are_refused,
           ".args has values, but there is no .where for them")
{
    WriterCard_list cards = tern_select(c, WriterCard);
    tern_preload(c, WriterCard, cards, essays, .args = TERN_ARGS(1));
}

/* -- within rows -- */

LIBRARY_TEST(rows_within_a_model_are_preloaded_by_one_statement)
{
    Essay_list essays = tern_select(c, Essay, .order_by = "id");
    tern_preload(c, Essay, essays, writer);
    memset(data_request_of(c)->counted, 0, sizeof data_request_of(c)->counted);
    tern_preload(c, Essay, essays, writer.team);
    for (int i = 0; i < 3; i++)
        CHECK_TEXT(essays.items[i].writer.team.name, "Red");
    CHECK_INT(essays.items[3].writer.tern_state.team, TERN_STATE_NULL);
    check_one_statement(c);
    return tern_no_content(c);
}

LIBRARY_TEST(rows_within_lists_are_preloaded_by_one_statement)
{
    WriterCard_list cards = tern_select(c, WriterCard, .order_by = "name");
    tern_preload(c, WriterCard, cards, essays);
    memset(data_request_of(c)->counted, 0, sizeof data_request_of(c)->counted);
    tern_preload(c, WriterCard, cards, essays.items->labels, .order_by = "name");
    CHECK_TEXT(labels_of(c, cards.items[0].essays.items[0].labels), "x y ");
    CHECK_TEXT(labels_of(c, cards.items[0].essays.items[1].labels), "x ");
    CHECK_INT(cards.items[1].essays.items[0].labels.count, 0);
    check_one_statement(c);
    return tern_no_content(c);
}

LIBRARY_TEST(rows_within_a_null_are_not_searched)
{
    Essay_list essays = tern_select(c, Essay, .order_by = "id");
    tern_preload(c, Essay, essays, writer, .where = "name = 'Bob'");
    tern_preload(c, Essay, essays, writer.team);
    CHECK_INT(essays.items[0].tern_state.writer, TERN_STATE_NULL);
    CHECK_INT(essays.items[3].writer.tern_state.team, TERN_STATE_NULL);
    return tern_no_content(c);
}

LIBRARY_TEST(rows_within_a_nested_model_of_raw_sql_are_preloaded)
{
    Essay_list essays =
        tern_sql(c, Essay,
                 "select e.id, w.id as \"writer.id\", w.team_id as \"writer.team_id\" from essay e "
                 "join writer w on w.id = e.writer_id order by e.id");
    tern_preload(c, Essay, essays, writer.team);
    CHECK_TEXT(essays.items[0].writer.team.name, "Red");
    CHECK_INT(essays.items[3].writer.tern_state.team, TERN_STATE_NULL);
    return tern_no_content(c);
}

LIBRARY_TEST(an_empty_list_has_no_rows_within)
{
    Essay_list essays = tern_select(c, Essay, .where = "id < 0");
    tern_preload(c, Essay, essays, writer);
    tern_preload(c, Essay, essays, writer.team);
    return tern_no_content(c);
}

WORDS_TEST(rows_within_an_unread_field_are_refused,
           "Essay.writer was not read: the tern_preload of that field comes first")
{
    Essay_list essays = tern_select(c, Essay);
    tern_preload(c, Essay, essays, writer.team);
}

WORDS_TEST(a_path_that_ends_in_a_list_is_refused,
           "\"labels.items\" ends in a list: name the field of its items")
{
    Essay_list essays = tern_select(c, Essay);
    tern_preload(c, Essay, essays, labels);
    tern_preload(c, Essay, essays, labels.items);
}

WORDS_TEST(a_path_through_a_plain_field_is_refused,
           "Essay.price holds no rows within which something could be preloaded")
{
    Essay_list essays = tern_select(c, Essay);
    tern_preload(c, Essay, essays, price.units);
}
