"""Small programs, each with a common mistake, and the compilers' first message about it.

(sentence, program, what gcc says, what clang says): words of the first error or warning. None: that compiler reports
nothing without -Wall. A program follows `#include <tern.h>`.
"""

MODELS = """TERN_MODEL(Todo, (int64_t, id, .key = true), (const char *, title), (bool, done, .optional = true))
TERN_MODEL(Note, (int64_t, id, .key = true))
"""
HELLO = 'TERN_HANDLER(hello) { return tern_text(c, "hello"); }\n'


def main(body):
    return HELLO + "int main(int argc, char **argv)\n{\n    tern_app *app = tern_app_new();\n" \
        f"    {body}\n    return tern_run(app, argc, argv);\n}}\n"


def handler_of(body):
    return f"TERN_HANDLER(h)\n{{\n    {body}\n}}\nconst tern_handler *kept_handler = h;\n"


def handler(body):
    return MODELS + handler_of(body)


PROVIDER = "TERN_PROVIDES(Todo, first_todo) { return tern_alloc(c, sizeof(Todo)); }\n" \
    "TERN_PROVIDES(Note, first_note) { return tern_alloc(c, sizeof(Note)); }\n"
LOCAL = "TERN_LOCAL(Todo, kept)\n"


def tested(body):
    return "#include <tern/test.h>\n" + MODELS + PROVIDER + f"TERN_TEST(x)\n{{\n    {body}\n}}\n"


TAKING = "TERN_HANDLER(h, %s) { return tern_no_content(c); }\nconst tern_handler *kept_handler = h;\n"
FUNCTION = "a_function_is_not_a_handler_declare_it_by_TERN_HANDLER"
OTHER = "not_a_handler_declare_it_by_TERN_HANDLER"
PROBLEMS = "not_a_function_of_problems_declare_it_as_tern_reply_name_tern_ctx_c_const_tern_problem_p"
PIECE = "not_middleware_write_TERN_MIDDLEWARE_around_the_function"

SLIPS = [
    ("a_function_for_a_handler",
     'static tern_reply plain(tern_ctx *c) { return tern_text(c, "x"); }\n' + main('tern_get(app, "/", plain);'),
     FUNCTION, FUNCTION),
    ("null_for_a_handler", main('tern_get(app, "/", NULL);'), OTHER, OTHER),
    ("a_handler_in_quotes", main('tern_get(app, "/", "hello");'), OTHER, OTHER),
    ("a_missing_handler", main('tern_get(app, "/", helo);'), "'helo' undeclared", "identifier 'helo'"),
    ("a_handler_that_is_called", main('tern_get(app, "/", hello());'), "'hello' is not a function", "is not a function"),
    ("a_route_without_a_handler", main('tern_get(app, "/");'), '"tern_get" requires 4 arguments', "too few arguments"),
    ("an_unknown_option_of_a_route", main('tern_get(app, "/", hello, .sumary = "x");'), "did you mean 'summary'",
     "did you mean 'summary'"),
    ("a_status_in_quotes", main('tern_get(app, "/", hello, .status = "201");'), "makes integer from pointer",
     "incompatible pointer to integer"),
    ("a_model_instead_of_its_type", MODELS + main('tern_get(app, "/", hello, .returns = Todo);'),
     "expected expression before 'Todo'", "unexpected type name 'Todo'"),
    ("a_function_for_middleware",
     "static tern_reply timed(tern_ctx *c, void *o) { (void)o; return tern_next(c); }\n" + main("tern_use(app, timed);"),
     PIECE, PIECE),
    ("a_handler_for_a_function_of_problems", main("tern_on_problem(app, hello);"), PROBLEMS, PROBLEMS),
    ("another_function_for_problems",
     "static tern_reply told(tern_ctx *c, int status) { return tern_status(c, status); }\n" + main("tern_on_problem(app, told);"),
     PROBLEMS, PROBLEMS),
    ("null_for_a_function_of_problems", main("tern_on_status(app, 404, NULL);"), PROBLEMS, PROBLEMS),
    ("a_number_for_a_message", "TERN_MODEL(F, (int, page, .min = 1, .message = 1))", "'const char *' from 'int'",
     "integer to pointer conversion"),
    ("a_number_for_a_fallback", "TERN_MODEL(F, (int, page, .fallback = 1))", "'const char *' from 'int'",
     "integer to pointer conversion"),
    ("a_truth_for_a_fallback", "TERN_MODEL(F, (bool, on, .fallback = true))", "'const char *' from 'int'",
     "integer to pointer conversion"),
    ("a_text_for_choices", 'TERN_MODEL(F, (const char *, level, .choices = "low"))', "incompatible pointer type 'char *'",
     "incompatible pointer types"),
    ("a_check_of_another_kind",
     "static bool even(int n) { return n % 2 == 0; }\nTERN_MODEL(F, (int, n, .check = even))", "'_Bool (*)(int)'", "'bool (int)'"),
    ("options_of_a_model_without_parentheses", 'TERN_MODEL_WITH(User, .table = "users", (int64_t, id))',
     "TERN_MODEL_WITH(User): its options come first, in parentheses", "its options come first, in parentheses"),
    ("options_of_a_database_without_parentheses", MODELS + main("tern_database_with(app, .pool = 4, TERN_TYPE(Todo));"),
     "options_of_tern_database_with_come_in_parentheses", "options_of_tern_database_with_come_in_parentheses"),
    ("a_table_by_its_models_name", MODELS + main("tern_database(app, Todo);"), "expected expression before 'Todo'",
     "unexpected type name 'Todo'"),
    ("a_reply_that_is_not_returned", handler('tern_text(c, "x");\n    return tern_no_content(c);'),
     "ignoring return value of 'tern_text'", "ignoring return value"),
    ("a_handler_that_returns_on_one_way_only", handler('if (tern_query(c, "q"))\n        return tern_text(c, "x");'),
     None, "does not return a value"),
    ("text_instead_of_a_reply", handler('return "hello";'), "'tern_reply' was expected", "'tern_reply'"),
    ("a_model_instead_of_a_reply", handler("return (Todo){.id = 1};"), "'tern_reply' was expected", "'tern_reply'"),
    ("a_reply_of_another_model", handler("Note n = {.id = 1};\n    return tern_json(c, Todo, &n);"), "'Note *'", "'Note *'"),
    ("a_value_for_a_pointer", handler("Todo t = {.id = 1};\n    return tern_json(c, Todo, t);"), "'struct Todo'", "'Todo'"),
    ("a_reply_without_its_model", handler("Todo t = {.id = 1};\n    return tern_json(c, &t);"), "'t_type' undeclared", "t_type"),
    ("a_field_that_is_not_there", handler('Todo t = {.titel = "x"};\n    return tern_json(c, Todo, &t);'),
     "no member named 'titel'", "'titel'"),
    ("a_row_of_another_model", handler("Note n = {.id = 1};\n    tern_insert(c, Todo, &n);\n    return tern_no_content(c);"),
     "'Note *'", "'Note *'"),
    ("a_row_of_another_model_beside_options",
     handler("tern_data_error e;\n    Note n = {.id = 1};\n    tern_insert(c, Todo, &n, .error = &e);\n    return tern_no_content(c);"),
     "'Note *'", "'Note *'"),
    ("a_list_instead_of_a_row", handler("Todo t = tern_select(c, Todo);\n    return tern_json(c, Todo, &t);"),
     "invalid initializer", "'Todo_list'"),
    ("a_value_without_tern_args",
     handler('return tern_json_list(c, Todo, tern_select(c, Todo, .where = "done = ?", .args = 1));'), "'const tern_arg *' from 'int'",
     "'const tern_arg *'"),
    ("a_preload_of_a_missing_field",
     handler("Todo_list l = tern_select(c, Todo);\n    tern_preload(c, Todo, l, author);\n    return tern_json_list(c, Todo, l);"),
     "'Todo' has no member named 'author'", "no member named 'author'"),
    ("a_change_of_another_model_without_TERN_GIVEN",
     handler("Todo t = {.id = 1};\n    Note n = {.id = 1};\n    tern_update(c, Todo, &t, .given = &n);\n    return tern_no_content(c);"),
     "incompatible pointer type 'Note *'", "incompatible pointer types"),
    ("a_change_of_a_list_by_another_model_without_TERN_GIVEN",
     handler("Todo_list l = tern_select(c, Todo);\n    Note n = {.id = 1};\n    tern_update_all(c, Todo, l, .given = &n);\n    "
             "return tern_no_content(c);"), "incompatible pointer type 'Note *'", "incompatible pointer types"),
    ("a_part_of_another_model_than_the_named_one",
     handler("Todo t = {.id = 1};\n    Note n = {.id = 1};\n    tern_update(c, Todo, &t, .given = TERN_GIVEN(Todo, &n));\n    "
             "return tern_no_content(c);"), "'_Generic' selector of type 'Note *' is not compatible", "expression type 'Note *'"),
    ("a_preload_with_a_limit_of_rows",
     "TERN_MODEL(Tag, (int64_t, id, .key = true), (int64_t, page_id))\n"
     "TERN_MODEL(Page, (int64_t, id, .key = true), (Tag_list, tags, .by = \"page_id\"))\n"
     + handler("Page_list l = tern_select(c, Page);\n    tern_preload(c, Page, l, tags, .limit = 3);\n    "
               "return tern_json_list(c, Page, l);"), "no member named 'limit'", "'limit'"),
    ("a_sum_of_a_missing_field", handler('return tern_textf(c, "%f", tern_sum(c, Todo, amount));'),
     "'Todo' has no member named 'amount'", "no member named 'amount'"),
    ("a_type_where_a_provider_is_named", MODELS + PROVIDER + TAKING % "Todo, in, Note, note",
     "this_is_a_model_where_a_provider_is_named", "this_is_a_model_where_a_provider_is_named"),
    ("a_missing_provider", MODELS + PROVIDER + TAKING % "Todo, in, frist_note, note", "frist_note", "frist_note"),
    ("a_provider_without_a_name_for_its_value", MODELS + PROVIDER + TAKING % "Todo, in, first_note",
     "TERN_HANDLER takes a name, and pairs", "TERN_HANDLER takes a name, and pairs"),
    ("more_pairs_than_a_handler_accepts",
     MODELS + PROVIDER + TAKING % ", ".join(f"first_note, n{i}" for i in range(8)),
     "TERN_HANDLER takes a name, and pairs", "TERN_HANDLER takes a name, and pairs"),
    ("a_field_that_the_provided_model_lacks",
     MODELS + PROVIDER + "TERN_HANDLER(h, first_note, note) { return tern_text(c, note->title); }\nconst tern_handler *k = h;\n",
     "no member named 'title'", "no member named 'title'"),
    ("a_provider_that_gives_another_type",
     MODELS + PROVIDER + "TERN_PROVIDES(Todo, other, first_note, note) { return note; }\n", "'Note *'", "'first_note *'"),
    ("a_provider_with_half_a_pair", MODELS + "TERN_PROVIDES(Todo, other, Note) { return NULL; }\n",
     "TERN_PROVIDES takes a type, a name and pairs", "TERN_PROVIDES takes a type, a name and pairs"),
    ("options_of_a_provider_without_parentheses",
     MODELS + 'TERN_PROVIDES_WITH(Todo, other, .refuses = "401", Note, in) { return NULL; }\n',
     "provider other: options come before the pairs, in parentheses", "provider other: options come before the pairs"),
    ("an_unknown_option_of_a_provider", MODELS + 'TERN_PROVIDES_WITH(Todo, other, (.refuse = "401")) { return NULL; }\n',
     "'refuse'", "'refuse'"),
    ("a_number_for_the_refusals_of_a_provider", MODELS + "TERN_PROVIDES_WITH(Todo, other, (.refuses = 401)) { return NULL; }\n",
     "'const char *' from 'int'", "integer to pointer conversion"),
    ("a_requirement_with_half_a_pair", MODELS + "TERN_REQUIRES(gate, Note) { }\n", "TERN_REQUIRES takes a name and pairs",
     "TERN_REQUIRES takes a name and pairs"),
    ("a_model_among_needs", MODELS + main('tern_get(app, "/", hello, .needs = TERN_NEEDS(Todo));'),
     "this_is_a_model_where_a_provider_is_named", "this_is_a_model_where_a_provider_is_named"),
    ("needs_without_their_macro", MODELS + PROVIDER + main('tern_get(app, "/", hello, .needs = first_todo);'),
     "expected expression before 'first_todo'", "unexpected type name 'first_todo'"),
    ("a_provided_value_as_another_type", MODELS + PROVIDER + handler_of("Todo *t = tern_provided(c, first_note);\n"
     "    return tern_json(c, Todo, t);"), "'Note *'", "'first_note *'"),
    ("a_replacement_that_gives_another_type", tested("tern_test_provide(t, first_todo, first_note);"),
     "first_note gives another type than first_todo", "first_note gives another type than first_todo"),
    ("a_replaced_value_of_another_type", tested("Note note = {0};\n    tern_test_provide_value(t, first_todo, &note);"),
     "not_a_pointer_to_what_this_provider_gives", "pointer type mismatch ('Note *'"),
    ("a_local_of_another_type", MODELS + LOCAL + handler_of("Note n = {0};\n    tern_set_local(c, kept, &n);\n"
     "    return tern_no_content(c);"), "not_a_pointer_to_the_type_of_this_TERN_LOCAL", "pointer type mismatch ('Note *'"),
    ("a_local_as_another_type", MODELS + LOCAL + handler_of("Note *n = tern_local(c, kept);\n"
     "    return tern_json(c, Note, n);"), "'Note *'", "'Note *'"),
    ("a_local_by_a_text", MODELS + LOCAL + handler_of('return tern_json(c, Todo, tern_local(c, "kept"));'), "_local", "_local"),
    ("a_local_that_is_not_declared", MODELS + LOCAL + handler_of("return tern_json(c, Todo, tern_local(c, kpet));"), "kpet_local",
     "kpet_local"),
    ("a_pluck_of_a_list",
     "TERN_MODEL(Page, (int64_t, id, .key = true), (tern_text_list, words))\n"
     + handler("tern_text_list l = tern_pluck(c, Page, words);\n    return tern_json_list(c, tern_text, l);"),
     "tern_pluck_takes_a_field_of_a_single_value", "tern_pluck_takes_a_field_of_a_single_value"),
    ("a_pluck_into_a_list_of_another_type",
     handler("tern_text_list l = tern_pluck(c, Todo, id);\n    return tern_json_list(c, tern_text, l);"),
     "invalid initializer", "'tern_int64_list'"),
    ("a_pluck_of_a_missing_field", handler("tern_text_list l = tern_pluck(c, Todo, name);\n    return tern_json_list(c, tern_text, l);"),
     "'Todo' has no member named 'name'", "no member named 'name'"),
    ("a_pluck_with_an_option_of_selections",
     handler("return tern_json_list(c, tern_text, tern_pluck(c, Todo, title, .after = NULL));"), "no member named 'after'",
     "'after'"),
    ("a_value_of_a_missing_column", handler('Todo t;\n    tern_sql_value(c, &t, "select 1");\n    return tern_no_content(c);'),
     "tern_sql_value_reads_no_such_type", "tern_sql_value_reads_no_such_type"),
    ("a_value_into_no_pointer", handler('int n = 0;\n    tern_sql_value(c, n, "select 1");\n    return tern_no_content(c);'),
     "invalid type argument of unary '*'", "indirection requires pointer"),
    ("two_handlers_of_one_name", HELLO + main(""), "redefinition of 'hello'", "redefinition of 'hello'"),
    ("a_handler_of_a_name_that_a_header_has",
     "#include <unistd.h>\nTERN_HANDLER(read) { return tern_no_content(c); }\nconst tern_handler *kept = read;",
     "'read' redeclared as different kind of symbol", "redefinition of 'read'"),
]

# Programs that look wrong, but are correct.
WELCOME = [
    ("a_value_with_commas_is_a_reply", handler('return tern_json(c, Todo, &(Todo){.id = 1, .title = "x"});')),
    ("a_function_of_problems_is_taken_with_its_address_and_without",
     "static tern_reply told(tern_ctx *c, const tern_problem *p) { return tern_status(c, p->status); }\n"
     + main("tern_get(app, \"/\", hello);\n    tern_on_problem(app, told);\n    tern_on_status(app, 404, &told, .media_type = \"text/plain\");")),
    ("a_value_with_commas_is_created", handler('return tern_created(c, Todo, &(Todo){.id = 1, .title = "x"});')),
    ("a_list_with_commas_is_a_reply", handler("Todo t = {.id = 1};\n    return tern_json_list(c, Todo, (Todo_list){&t, 1});")),
    ("a_value_with_commas_is_inserted",
     handler('tern_insert(c, Todo, &(Todo){.title = "x", .done = true});\n    return tern_no_content(c);')),
    ("a_value_with_commas_is_inserted_with_options",
     handler('tern_data_error e;\n    tern_insert(c, Todo, &(Todo){.title = "x", .done = true}, .error = &e);\n'
             "    return tern_no_content(c);")),
    ("a_value_with_commas_is_updated",
     handler('return tern_status(c, tern_update(c, Todo, &(Todo){.id = 1, .title = "x"}, .fields = "title") ? 200 : 404);')),
    ("a_handler_may_take_only_providers", MODELS + PROVIDER + TAKING % "first_todo, t, first_note, n"),
    ("a_handler_may_take_an_input_and_six_providers",
     MODELS + PROVIDER + TAKING % ("Todo, in, " + ", ".join(f"first_note, n{i}" for i in range(6)))),
    ("a_provider_may_be_declared_before_it_is_defined",
     MODELS + "TERN_PROVIDER(Todo, later);\n" + TAKING % "later, todo" + "TERN_PROVIDES(Todo, later, Note, in) { return NULL; }\n"),
    ("a_requirement_may_be_declared_before_it_is_defined",
     HELLO + "TERN_PROVIDER(void, gate);\nvoid add(tern_app *app);\n"
     'void add(tern_app *app) { tern_get(app, "/", hello, .needs = TERN_NEEDS(gate, gate)); }\nTERN_REQUIRES(gate) { }\n'),
    ("a_provider_may_give_something_that_is_not_a_model",
     'TERN_PROVIDES(const char, greeting) { return "hello"; }\nTERN_PROVIDES(int, count) { return tern_alloc(c, sizeof(int)); }\n'
     "TERN_HANDLER(h, greeting, text, count, n) { return tern_textf(c, \"%s %d\", text, *n); }\nconst tern_handler *kept = h;\n"),
    ("a_local_may_be_set_to_memory_text_and_null",
     MODELS + LOCAL + "TERN_LOCAL(const char, name);\nTERN_LOCAL(void, any)\n" + handler_of(
         "Todo t = {0};\n    tern_set_local(c, kept, tern_alloc(c, sizeof(Todo)));\n    tern_set_local(c, kept, NULL);\n"
         '    tern_set_local(c, kept, &t);\n    tern_set_local(c, name, "ann");\n    tern_set_local(c, any, &t);\n'
         "    return tern_text(c, tern_local(c, name));")),
    ("a_test_may_replace_by_a_value_or_null",
     tested("Todo todo = {0};\n    tern_test_provide_value(t, first_todo, &todo);\n"
            "    tern_test_provide_value(t, first_todo, NULL);\n"
            "    tern_test_provide_value(t, first_todo, &(Todo){.id = 1, .title = \"x\"});")),
    ("a_preload_within_the_rows_of_a_list",
     "TERN_MODEL(Tag, (int64_t, id, .key = true), (int64_t, page_id), (tern_by_id, page))\n"
     "TERN_MODEL(Page, (int64_t, id, .key = true), (Tag_list, tags, .by = \"page_id\"))\n"
     + handler("Page_list l = tern_select(c, Page);\n    tern_preload(c, Page, l, tags.items->page, .order_by = \"id\");\n    "
               "return tern_json_list(c, Page, l);")),
    ("a_part_is_given_to_an_update",
     handler("Todo t = {.id = 1};\n    const Note n = {.id = 1};\n    tern_data_error e;\n    "
             "return tern_status(c, tern_update(c, Todo, &t, .given = TERN_GIVEN(Note, &n), .error = &e) ? 200 : 404);")),
    ("a_part_is_given_to_an_update_of_a_list",
     handler("Todo_list l = tern_select(c, Todo);\n    Note n = {.id = 1};\n    "
             "return tern_status(c, tern_update_all(c, Todo, l, .given = TERN_GIVEN(Note, &n)) ? 200 : 404);")),
    ("a_row_gives_itself_to_its_update",
     handler("Todo t = {.id = 1};\n    return tern_status(c, tern_update(c, Todo, &t, .given = &t) ? 200 : 404);")),
    ("a_plucked_list_is_a_reply", handler('return tern_json_list(c, tern_text, tern_pluck(c, Todo, title, .order_by = "title"));')),
    ("a_value_of_own_sql_needs_no_values",
     handler('return tern_textf(c, "%ld", (long)tern_sql_int(c, "select count(*) from todo"));')),
    ("a_handler_may_have_a_name_that_only_other_headers_have",
     "TERN_HANDLER(read) { return tern_no_content(c); }\nTERN_HANDLER(index) { return tern_no_content(c); }\n"
     "TERN_HANDLER(remove) { return tern_no_content(c); }\nTERN_HANDLER(time) { return tern_no_content(c); }\n"
     "TERN_HANDLER(link) { return tern_no_content(c); }\n"
     "const tern_handler *const kept[] = {read, index, remove, time, link};"),
]
