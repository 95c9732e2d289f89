"""Mistakes that the compiler must catch in an application, with the message it gives."""

import concurrent.futures
import os
import shutil
import subprocess
import sys

from slips import SLIPS, WELCOME

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FLAGS = ["-std=gnu17", "-Wall", "-Wextra", "-Wformat=2", "-Werror", "-fsyntax-only", f"-I{ROOT}/include", "-x", "c", "-"]
HANDLER = "#include <tern.h>\nTERN_HANDLER(h)\n{\n    const char *q = tern_query(c, \"q\");\n    %s\n" \
          "    return tern_text(c, q);\n}\nconst tern_handler *kept = h;\n"

# (sentence, statement of the handler, words of the compiler's message; None: it must compile)
CASES = [
    ("a_handler_without_mistakes_compiles", "tern_set_header(c, \"X-Q\", tern_sprintf(c, \"%s\", q));", None),
    ("threat_083_text_of_the_client_is_not_a_format_of_tern_sprintf", "tern_sprintf(c, q);", "format-"),
    ("threat_083_text_of_the_client_is_not_a_format_of_tern_textf", "return tern_textf(c, q);", "format-"),
    ("threat_083_text_of_the_client_is_not_a_format_of_tern_fail", "tern_fail(c, 400, q);", "format-"),
    ("threat_083_text_of_the_client_is_not_a_format_of_tern_log", "tern_log(TERN_LOG_INFO, q);", "format-"),
    ("a_wrong_type_in_tern_fail_is_refused", "tern_fail(c, 400, \"%s\", 5);", "format"),
    ("a_handler_function_instead_of_a_handler_is_refused",
     "tern_app *app = tern_app_new(); tern_get(app, \"/\", h_run); (void)q;", "incompatible"),
    ("filters_with_values_of_all_sorts_compile",
     "int64_t n[2] = {1, 2}; tern_int64_list l = {n, 2}; tern_selection s = {.filters = TERN_FILTERS("
     "TERN_IF(q != NULL, \"a = ? and b = ?\", q, 7), \"d\", TERN_ANY_OF(TERN_IF(true, \"c in (?)\", l), "
     "TERN_ALL_OF(TERN_IF(false, \"c in (?)\", tern_arg_items(n, 2)), \"e\")))}; "
     "tern_count_of(c, TERN_TYPE(tern_text), &s);", None),
    ("a_condition_without_TERN_FILTERS_is_refused",
     "tern_selection s = {.filters = TERN_IF(true, \"a = ?\", 1)}; tern_count_of(c, TERN_TYPE(tern_text), &s);",
     "tern_filter"),
    ("a_number_instead_of_a_condition_is_refused",
     "tern_selection s = {.filters = TERN_FILTERS(5)}; tern_count_of(c, TERN_TYPE(tern_text), &s);", "'int'"),
    ("a_list_of_values_that_no_column_can_have_is_refused",
     "tern_ctx *all[1] = {c}; tern_args a = TERN_ARGS(tern_arg_items(all, 1)); (void)a;", "tern_ctx"),
]

MODEL = "#include <tern/model.h>\n%s\n"
FIELDS = ", ".join(f"(int, f{i})" for i in range(128))

# (sentence, declaration, words of the compiler's first error; None: it must compile)
DECLARATIONS = [
    ("a_model_without_mistakes_compiles", "TERN_MODEL(Todo, (int64_t, id, .min = 0), (const char *, title))", None),
    ("a_comma_after_the_last_field_or_name_is_accepted",
     "TERN_ENUM(Color, red, green,)\nTERN_MODEL(Todo, (int, id), (Color, color), (Color_list, more),)", None),
    ("a_semicolon_after_a_declaration_is_accepted", "TERN_ENUM(Color, red);\nTERN_MODEL(Todo, (Color, c));", None),
    ("types_of_the_system_may_be_fields", "TERN_MODEL(Todo, (intptr_t, a), (ptrdiff_t, b), (uintmax_t, c))", None),
    ("a_model_may_have_128_fields", f"TERN_MODEL(Todo, {FIELDS})", None),
    ("a_field_without_parentheses_is_shown", "TERN_MODEL(Todo, int id, (const char *, title))",
     "TERN_MODEL(Todo): write int id in parentheses: (type, name, .option = value)"),
    ("a_missing_comma_is_shown_with_its_fields", "TERN_MODEL(Todo, (int, id) (const char *, title))",
     "TERN_MODEL(Todo): a comma is missing between (int, id) (const char *, title)"),
    ("a_model_without_fields_says_so", "TERN_MODEL(Todo)", "TERN_MODEL(Todo): has no fields"),
    ("too_many_fields_say_so", f"TERN_MODEL(Todo, {FIELDS}, (int, more))", "TERN_MODEL(Todo): has more than 128 fields"),
    ("a_field_without_a_name_says_so", "TERN_MODEL(Todo, (int))", "TERN_FIELD_NEEDS_TYPE_AND_NAME_"),
    ("text_that_is_not_const_says_what_to_write", "TERN_MODEL(Todo, (char *, name))",
     "text_of_a_model_is_const_char_pointer"),
    ("char_says_what_to_write", "TERN_MODEL(Todo, (char, letter))",
     "char_is_no_type_of_a_model_take_int8_t_or_const_char_pointer"),
    ("a_pointer_is_not_a_type", "TERN_MODEL(Todo, (int *, id))", "no_type_of_a_model"),
    ("a_struct_by_its_tag_says_what_to_write", "struct point { int x; };\nTERN_MODEL(Todo, (struct point, p))",
     "declare_it_with_TERN_MODEL_or_TERN_ENUM_and_write_its_name_alone"),
    ("an_unknown_type_is_named", "TERN_MODEL(Todo, (Colour, color))", "unknown type name 'Colour'"),
    ("a_model_declared_later_is_named", "TERN_MODEL(Todo, (Tag, tag))\nTERN_MODEL(Tag, (int, id))",
     "unknown type name 'Tag'"),
    ("a_model_inside_itself_is_named", "TERN_MODEL(Todo, (Todo, parent))", "incomplete type"),
    ("an_unknown_option_is_named", "TERN_MODEL(Todo, (int, id, .minimum = 3))", "minimum"),
    ("an_option_without_its_dot_is_named", "TERN_MODEL(Todo, (int, id, min = 3))", "min"),
    ("an_option_of_the_wrong_type_is_refused", "TERN_MODEL(Todo, (int, id, .min = \"3\"))", "'long double'"),
    ("rules_of_items_and_options_of_tables_compile",
     "TERN_MODEL_WITH(Todo, (.table = \"todos\", .indexes = TERN_COLUMNS(\"owner, id desc\")), (int64_t, id, .key = true), "
     "(int64_t, owner, .references = TERN_TYPE(Todo), .on_delete = TERN_SET_NULL, .optional = true), "
     "(tern_text_list, tags, .items = TERN_RULES(.max_length = 9, .choices = TERN_CHOICES(\"a, b\", \")\"))), "
     "(tern_date, day, .at_least = \"today\"))", None),
    ("an_unknown_option_among_rules_is_named",
     "TERN_MODEL(Todo, (tern_text_list, tags, .items = TERN_RULES(.min_lenght = 1)))", "'min_lenght'"),
    ("an_option_of_the_wrong_type_among_rules_is_refused",
     "TERN_MODEL(Todo, (tern_int64_list, ids, .items = TERN_RULES(.min = \"1\")))", "'long double'"),
    ("rules_without_their_macro_are_refused", "TERN_MODEL(Todo, (tern_text_list, tags, .items = {.min_length = 1}))",
     "scalar"),
    ("a_limit_of_dates_without_quotes_is_refused", "TERN_MODEL(Todo, (tern_date, day, .at_least = 2020-01-01))",
     "'const char *'"),
    ("a_missing_referenced_model_is_named",
     "TERN_MODEL(Todo, (int64_t, owner, .references = TERN_TYPE(User)))", "'User_type'"),
    ("a_referenced_model_without_its_macro_is_refused", "TERN_MODEL(User, (int64_t, id))\n"
     "TERN_MODEL(Todo, (int64_t, owner, .references = User))", "'User'"),
    ("an_unknown_option_of_a_model_is_named", "TERN_MODEL_WITH(Todo, (.tabel = \"todos\"), (int64_t, id))", "'tabel'"),
    ("columns_without_their_macro_are_refused", "TERN_MODEL_WITH(Todo, (.indexes = \"owner\"), (int64_t, owner))",
     "'char"),
    ("a_duplicate_field_is_named", "TERN_MODEL(Todo, (int, id), (int, id))", "duplicate member 'id'"),
    ("a_keyword_is_not_a_name", "TERN_MODEL(Todo, (int, default))", "expected"),
    ("a_duplicate_name_of_an_enum_is_named", "TERN_ENUM(Color, red, red)", "Color_red"),
    ("names_of_an_enum_in_parentheses_say_so", "TERN_ENUM(Color, (red, green))", "TERN_A_NAME_HAS_NO_PARENTHESES_"),
    ("names_of_an_enum_in_quotes_are_refused", "TERN_ENUM(Color, \"red\", \"green\")", "past"),
    ("an_enum_without_names_is_refused", "TERN_ENUM(Color)", "empty enum"),
    ("too_many_names_of_an_enum_say_so", f"TERN_ENUM(Big, {', '.join(f'n{i}' for i in range(129))})",
     "an_enum_has_at_most_128_names"),
]

PART = "#include <tern/part.h>\nTERN_MODEL(Todo, (int64_t, id, .key = true), (const char *, title), (bool, done, .optional = true))\n%s\n"
COPY = "TERN_PARTIAL(Change, Todo, title)\nunsigned f(Todo *todo, const Todo *kept, const Change *change)\n" \
       "{\n    (void)todo, (void)kept, (void)change;\n    return %s;\n}"

# (sentence, declarations after the model Todo, words of the compiler's first error; None: it must compile)
PARTS = [
    ("parts_without_mistakes_compile",
     "TERN_PARTIAL(Change, Todo, title, done)\nTERN_PARTIAL(AnyChange, Todo)\nTERN_PART(New, Todo, title, (int, more, .min = 3),)\n"
     "TERN_PARTIAL(Less, Change, title);\nTERN_MODEL(Batch, (Change_list, list), (New_map, map), (AnyChange, any))", None),
    ("a_field_that_the_model_lacks_is_named", "TERN_PARTIAL(Change, Todo, titel)", "member named 'titel'"),
    ("a_part_of_a_missing_model_is_named", "TERN_PARTIAL(Change, Tood, title)", "unknown type name 'Tood'"),
    ("a_part_of_all_of_a_missing_model_is_named", "TERN_PARTIAL(Change, Tood)", "unknown type name 'Tood'"),
    ("a_part_of_something_that_is_not_a_model_is_refused", "TERN_ENUM(Level, low)\nTERN_PARTIAL(Change, Level, low)", "structure or union"),
    ("a_field_named_twice_is_refused", "TERN_PARTIAL(Change, Todo, title, title)", "duplicate member 'title'"),
    ("a_missing_comma_between_own_fields_is_shown", "TERN_PART(New, Todo, (int, a) (int, b))",
     "the part New: a comma is missing between (int, a) (int, b)"),
    ("a_missing_comma_between_names_is_an_error", "TERN_PART(New, Todo, title done)", "expected"),
    ("a_field_in_quotes_is_refused", "TERN_PART(New, Todo, \"title\")", "expected identifier"),
    ("a_field_of_the_whole_in_parentheses_says_what_is_missing", "TERN_PART(New, Todo, (title))", "TERN_FIELD_NEEDS_TYPE_AND_NAME_"),
    ("too_many_fields_of_a_part_say_so", f"TERN_PART(New, Todo, title, {FIELDS})", "the part New: has more than 128 fields"),
    ("a_copy_without_mistakes_compiles", COPY % "tern_copy(Todo, todo, Change, change) + tern_copy(Todo, todo, Todo, kept)", None),
    ("a_copy_into_a_const_model_is_refused", COPY % "tern_copy(Todo, kept, Change, change)", "'const Todo *'"),
    ("a_copy_of_another_model_is_refused", COPY % "tern_copy(Todo, todo, Change, kept)", "'const Todo *'"),
    ("a_copy_of_a_value_is_refused", COPY % "tern_copy(Todo, todo, Change, *change)", "Change"),
    ("a_copy_without_its_models_is_refused", COPY % "tern_copy(todo, change)", "tern_copy"),
]

INPUT = "#include <tern.h>\nTERN_MODEL(Todo, (int64_t, id), (const char *, title))\nTERN_MODEL(Note, (int64_t, id))\n" \
        "%s\nconst tern_handler *kept = h;\n"

# (sentence, a handler h, words of the compiler's first error; None: it must compile)
INPUTS = [
    ("a_handler_with_an_input_compiles",
     "TERN_HANDLER(h, tern_by_id, in) { Todo t = {.id = in->id}; return tern_given(c, id) ? tern_json(c, Todo, &t) : "
     "tern_json_list(c, Todo, ((Todo_list){&t, 1})); }", None),
    ("a_handler_with_a_model_and_no_name_for_it_is_refused",
     "TERN_HANDLER(h, Todo) { return tern_no_content(c); }", "TERN_HANDLER takes a name"),
    ("a_handler_with_four_words_is_refused",
     "TERN_HANDLER(h, Todo, in, out) { return tern_no_content(c); }", "TERN_HANDLER takes a name"),
    ("an_input_of_a_missing_model_is_named", "TERN_HANDLER(h, Tood, in) { return tern_no_content(c); }",
     "Tood"),
    ("a_missing_field_is_named_where_it_is_used",
     "TERN_HANDLER(h, Todo, in) { return tern_status(c, tern_given(c, titel) ? 200 : 404); }", "titel"),
    ("a_reply_of_another_model_is_refused", "TERN_HANDLER(h, Note, in) { return tern_json(c, Todo, in); }", "Note"),
    ("a_list_of_another_model_is_refused",
     "TERN_HANDLER(h) { return tern_json_list(c, Todo, (Note_list){0}); }", "Note_list"),
    ("a_value_instead_of_a_pointer_is_refused",
     "TERN_HANDLER(h, Todo, in) { return tern_created(c, Todo, *in); }", "Todo"),
]


# The flags of an installed tern.pc; -S, since gcc reports some mistakes only then.
INSTALLED = ["-std=gnu17", "-S", "-o", "/dev/null", f"-isystem{ROOT}/include", "-x", "c", "-"]


def complaint(compiler, source, flags=None):
    """The compiler's output; None when there is none."""
    done = subprocess.run([compiler, *(flags or FLAGS)], input=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, env=dict(os.environ, LC_ALL="C"))
    return done.stdout if done.returncode != 0 or done.stdout else None


def first_error(output):
    """The first error or warning with its notes, up to the next one."""
    lines = (output or "").splitlines()
    errors = [i for i, line in enumerate(lines) if "error:" in line or "warning:" in line] + [len(lines)]
    return "\n".join(lines[errors[0]:errors[1]]) if len(errors) > 1 else None


def compilers():
    return [name for name in ("gcc", "clang") if shutil.which(name)]


def cases():
    """(sentence, compiler, program, flags, expected words) of every test."""
    for sentence, statement, wanted in CASES:
        yield sentence, os.environ.get("CC", "cc"), HANDLER % statement, FLAGS, wanted
    for compiler in compilers():
        for sentence, text, wanted in DECLARATIONS:
            yield f"{sentence}_with_{compiler}", compiler, MODEL % text, FLAGS, wanted
        for sentence, text, wanted in PARTS:
            yield f"{sentence}_with_{compiler}", compiler, PART % text, FLAGS, wanted
        for sentence, text, wanted in INPUTS:
            yield f"{sentence}_with_{compiler}", compiler, INPUT % text, FLAGS, wanted
        for sentence, text, of_gcc, of_clang in SLIPS:
            wanted = of_gcc if compiler == "gcc" else of_clang
            yield f"{sentence}_is_told_by_{compiler}", compiler, "#include <tern.h>\n" + text, INSTALLED, wanted
        for sentence, text in WELCOME:
            yield f"{sentence}_with_{compiler}", compiler, "#include <tern.h>\n" + text, FLAGS, None


def is_right(wanted, said):
    if said is None or wanted is None:
        return said is None and wanted is None
    return wanted in (first_error(said) or "")


def main():
    failed = number = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        started = [(case, pool.submit(complaint, *case[1:4])) for case in cases()]
        for number, (case, result) in enumerate(started, 1):
            if not is_right(case[4], result.result()):
                failed += 1
                print("\n".join(f"# {line}" for line in (result.result() or "it compiles").splitlines()))
                print("not ", end="")
            print(f"ok {number} - {case[0]}")
    print(f"1..{number}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
