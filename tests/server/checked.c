/*
 * The input of test_check.py: calls with one mistake each, and calls without one. None of them ever runs.
 *
 * The comment after a call is the report of `checked check` for its line: for both databases, or for the
 * named one.
 */
#include <tern.h>

#include <stdlib.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wunused-value" /* the results of the calls are not used */

/* clang-format off */
TERN_ENUM(Shelf, front, back)

TERN_MODEL(Author,
    (int64_t,      id,   .key = true),
    (const char *, name, .max_length = 80),
    (const char *, born, .optional = true))

TERN_MODEL_WITH(Book, (.indexes = TERN_COLUMNS("price where copies > 0")),
    (int64_t,       id,        .key = true),
    (const char *,  title,     .search = true, .index = true),
    (int64_t,       author_id, .references = TERN_TYPE(Author)),
    (int,           copies,    .fallback = "0"),
    (double,        price),
    (bool,          lent),
    (Shelf,         shelf),
    (tern_uuid,     isbn,      .unique = true),
    (tern_date,     bought,    .optional = true),
    (tern_datetime, added,     .created = true),
    (tern_datetime, changed,   .optional = true, .column = "changed_at"),
    (Author,        author,    .via = "author_id"))

TERN_MODEL(Loan,
    (int64_t,      id,   .key = true),
    (int64_t,      book),
    (const char *, who),
    (tern_bytes,   scan, .optional = true))

TERN_MODEL(Stray, (int64_t, id, .key = true), (const char *, text))

TERN_MODEL_WITH(Stock, (.view = true),
    (const char *, author),
    (int64_t,      copies),
    (tern_date,    bought, .optional = true))

TERN_MODEL_WITH(Writer, (.view = true), (const char *, name))
TERN_MODEL_WITH(Written, (.view = true), (const char *, title), (Writer, author))
TERN_MODEL_WITH(Title, (.view = true), (const char *, title))
TERN_MODEL_WITH(Born, (.view = true), (const char *, born))
TERN_MODEL_WITH(Number, (.view = true), (int64_t, number))

#define OPEN_BOOKS "lent = false and copies > ?"
#define STOCK "select a.name as author, sum(b.copies) as copies from book b join author a on a.id = b.author_id "
#define first_book(c, ...) tern_first(c, Book, __VA_ARGS__)

__attribute__((used)) static void mistakes(tern_ctx *c, int64_t id, const char *text, bool open, tern_uuid isbn, double price, tern_date day)
{
    (void)day;
    tern_select(c, Book, .where = "titel = ?", .args = TERN_ARGS(text)); /* error: tern_select(Book): there is no column "titel"; did you mean "title"? [name] */
    tern_count(c, Book, .where = "title = "); /* sqlite: error: tern_count(Book): SQLite does not accept "title = ": incomplete input [syntax] */ /* postgres: error: tern_count(Book): PostgreSQL does not accept "title = ": syntax error at end of input [syntax] */
    tern_exists(c, Book, .where = "title == ? && id", .args = TERN_ARGS(text)); /* sqlite: error: tern_exists(Book): SQLite does not accept "title == ? && id": near "&": syntax error [syntax] */ /* postgres: error: tern_exists(Book): PostgreSQL does not accept "title == ? && id": operator does not exist: text == unknown [syntax] */
    tern_first(c, Book, .where = "title = ? and id = ?", .args = TERN_ARGS(text)); /* error: tern_first(Book): "title = ? and id = ?" has 2 `?`, and 1 value [values] */
    tern_first(c, Book, .where = "title = 'a'", .args = TERN_ARGS(text)); /* error: tern_first(Book): "title = 'a'" has 0 `?`, and 1 value [values] */
    tern_first(c, Book, .where = "title = ?"); /* error: tern_first(Book): "title = ?" has 1 `?`, and 0 values [values] */
    tern_first(c, Book, .args = TERN_ARGS(text)); /* error: tern_first(Book): .args has values, but there is no .where for them [values] */
    tern_select(c, Book, .where = "title = ?", .args = TERN_ARGS(id)); /* error: tern_select(Book): value 1 of "title = ?" is a whole number, but book.title is a text [kind] */
    tern_select(c, Book, .where = "id in (?, ?)", .args = TERN_ARGS(id, text)); /* error: tern_select(Book): value 2 of "id in (?, ?)" is a text, but book.id is a whole number [kind] */
    tern_select(c, Book, .where = "id = 1 and lent = ?", .args = TERN_ARGS(text)); /* error: tern_select(Book): value 1 of "id = 1 and lent = ?" is a text, but book.lent is a bool [kind] */
    tern_select(c, Book, .where = "id = 1 and added > ?", .args = TERN_ARGS(day)); /* error: tern_select(Book): value 1 of "id = 1 and added > ?" is a date, but book.added is a date-time [kind] */
    tern_select(c, Book, .order_by = "titel desc"); /* error: tern_select(Book): .order_by = "titel desc": Book has no field "titel"; did you mean "title"? [order] */
    tern_select(c, Book, .order_by = "title descending"); /* error: tern_select(Book): .order_by = "title descending" is not a list of fields of Book, such as "id desc" [order] */
    tern_select(c, Book, .order_by = open ? "title" : "id, pric"); /* error: tern_select(Book): .order_by = "id, pric": Book has no field "pric"; did you mean "price"? [order] */
    tern_select(c, Book, .where = open ? "lent = ?" : "lend = ?", .args = TERN_ARGS(open)); /* error: tern_select(Book): there is no column "lend"; did you mean "lent"? [name] */
    tern_select(c, Book, .where = "id = ?; drop table book", .args = TERN_ARGS(id)); /* error: tern_select(Book): "id = ?; drop table book" holds a ';' or a comment [syntax] */
    tern_select(c, Book, .where = "ti" "tle = " "'\"x\\\"' and na\x6d" "e = 1"); /* error: tern_select(Book): there is no column "name" [name] */
    tern_select(c, Book, .where = "\"titel\" = ?", .args = TERN_ARGS(text)); /* error: tern_select(Book): there is no column "titel"; did you mean "title"? [name] */
    tern_select(c, Book, .where = "lowr(title) = ?", .args = TERN_ARGS(text)); /* sqlite: error: tern_select(Book): there is no function "lowr" in SQLite [name] */ /* postgres: error: tern_select(Book): there is no function "lowr(text)" in PostgreSQL [name] */
    tern_select(c, Book, .where = "author_id in (select id from autor where name = ?)", .args = TERN_ARGS(text)); /* error: tern_select(Book): there is no table "autor"; did you mean "author"? [name] */
    tern_select(c, Stray, .where = "id = ?", .args = TERN_ARGS(id)); /* error: tern_select(Stray): Stray is not a table: it is not among the models given to tern_database [use] */
    tern_sum(c, Book, title, .where = "id = 1"); /* error: tern_sum(Book): Book.title is not a number that the table holds [use] */
    tern_average(c, Book, price, .where = "prize > 1"); /* error: tern_average(Book): there is no column "prize"; did you mean "price"? [name] */
    tern_rows_close(tern_rows_open(c, Book, .where = "idd = 1")); /* error: tern_rows_open(Book): there is no column "idd"; did you mean "id"? [name] */
    tern_remove_where(c, Book); /* error: tern_remove_where(Book): without .where it would remove every row of Book [use] */
    tern_remove_where(c, Book, .where = "idd = 1"); /* error: tern_remove_where(Book): there is no column "idd"; did you mean "id"? [name] */
    tern_search(c, Loan, text); /* error: tern_search(Loan): Loan has no field with .search = true [use] */
    tern_search(c, Book, text, .where = "price < ? and titl = 'a'", .args = TERN_ARGS(price)); /* error: tern_search(Book): there is no column "titl"; did you mean "title"? [name] */
    tern_search_count(c, Book, "x, \"y\"", .where = "copys > 0"); /* error: tern_search_count(Book): there is no column "copys"; did you mean "copies"? [name] */
    tern_find(c, Book, text); /* error: tern_find(Book): the key Book.id is a whole number, not a text [kind] */
    tern_get_or_404(c, Book, id, id); /* error: tern_get_or_404(Book): the key of Book has 1 field, not 2 [values] */
    tern_remove(c, Book, isbn); /* error: tern_remove(Book): the key Book.id is a whole number, not a UUID [kind] */
    Book_list books = {0};
    tern_preload(c, Book, books, title); /* error: tern_preload(Book): Book.title does not hold related rows: it has no .via, .by or .through [use] */
    tern_where(c, "wo = ?", text); /* error: tern_where: it fits none of the tables: there is no column "wo"; did you mean "who"? [name] */
    tern_sql(c, Stock, STOCK "where a.nam <> ? group by a.name", text); /* error: tern_sql(Stock): there is no column "a.nam"; did you mean "name"? [name] */
    tern_sql(c, Stock, "select a.name as autor, 1 as copies from author a"); /* error: tern_sql(Stock): the column "autor" is not a field of Stock [result] */ /* error: tern_sql(Stock): the result has no column for Stock.author, which is neither .optional nor has a .fallback [result] */
    tern_sql(c, Stock, "select name as author from author"); /* error: tern_sql(Stock): the result has no column for Stock.copies, which is neither .optional nor has a .fallback [result] */
    tern_sql(c, Number, "select name as number from author"); /* error: tern_sql(Number): the column "number" is text, but Number.number is int64_t [result] */
    tern_sql(c, Born, "select born from author"); /* warning: tern_sql(Born): the column "born" may be null, but Born.born is neither .optional nor .nullable [null] */
    tern_sql(c, Title, "select b.title from author a left join book b on b.author_id = a.id"); /* warning: tern_sql(Title): the column "title" may be null, but Title.title is neither .optional nor .nullable [null] */
    tern_sql(c, Title, "select title from book where title = ? and id = ?", text); /* error: tern_sql(Title): "select title from book where title = ? and id = ?" has 2 `?`, and 1 value [values] */
    tern_sql(c, Title, "select b.title from book b where b.price > ? and b.title = ?", price, id); /* error: tern_sql(Title): value 2 of "select b.title from book b where b.price > ? and b.title = ?" is a whole number, but book.title is a text [kind] */
    tern_sql_run(c, "update book set copies = copies - 1, shelf = ? where id = ?", Shelf_back, id); /* error: tern_sql_run: value 1 of "update book set copies = copies - 1, shelf = ? where id = ?" is a whole number, but book.shelf is an enum Shelf, whose column holds names [kind] */
    tern_sql_run(c, "delete from books where id = ?", id); /* error: tern_sql_run: there is no table "books"; did you mean "book"? [name] */
    tern_sql_run(c, "insert into loan (book, whom) values (?, ?)", id, text); /* error: tern_sql_run: there is no column "whom"; did you mean "who"? [name] */
    tern_select(c, Loan, .where = "who = ?", .args = TERN_ARGS(text)); /* warning: tern_select(Loan): every row of loan is read: no index serves who (.index = true of the field makes one) [scan] */
    tern_select(c, Loan, .where = "lower(who) like ? and book = ?", .args = TERN_ARGS(text, id), .order_by = "id", .limit = 10); /* warning: tern_select(Loan): every row of loan is read: no index serves book (.index = true of the field makes one) [scan] */
    tern_sql(c, Title, "select b.title from loan l join book b on b.id = l.book where l.who = ?", text); /* warning: tern_sql(Title): every row of loan is read: no index serves who (.index = true of the field makes one) [scan] */
    tern_sql(c, Title, "select a.name as title from author a left join loan l on l.who = a.name group by 1 having count(l.id) > ?", id); /* sqlite: warning: tern_sql(Title): each run makes an index of l for itself: none serves (who=?) (.index = true of the field makes one) [scan] */
    tern_pluck(c, Book, title, .where = "idd = 1"); /* error: tern_pluck(Book): there is no column "idd"; did you mean "id"? [name] */
    tern_sql_int(c, "select id, price from book where id = ?", id); /* error: tern_sql_int(int64_t): the result has 2 columns, not one [result] */
    tern_sql_int(c, "select title from book where id = ?", id); /* error: tern_sql_int(int64_t): the column "title" is text, not int64_t [result] */
    tern_sql_pluck(c, tern_text, "select titel from book"); /* error: tern_sql_pluck(const char *): there is no column "titel"; did you mean "title"? [name] */
    tern_sql(c, Written, "select b.title, a.nam as \"author.nam\" from book b join author a on a.id = b.author_id"); /* error: tern_sql(Written): there is no column "a.nam"; did you mean "name"? [name] */
    tern_sql(c, Written, "select b.title, a.name as \"author.nam\" from book b join author a on a.id = b.author_id"); /* error: tern_sql(Written): the column "author.nam" is not a field of Written [result] */ /* error: tern_sql(Written): the result has no column for Written.author, which is neither .optional nor has a .fallback [result] */
    first_book(c, .where = "titel = ?", .args = TERN_ARGS(text)); /* error: tern_first(Book): there is no column "titel"; did you mean "title"? [name] */
    tern_allow(scn, tern_first(c, Book, .where = "id = 1")); /* error: tern_allow: there is no "scn" to allow; it is one of any, elsewhere, kind, name, null, order, result, scan, syntax, values, use [use] */
    const char *where = TERN_CHECKED(Book, "copees > 0"); /* error: TERN_CHECKED(Book): there is no column "copees"; did you mean "copies"? [name] */
    tern_select(c, Book, .where = where);
    tern_select(c, Loan, .where = where); /* note: tern_select(Loan): its text is not written in the call, so it is not checked (TERN_CHECKED(Loan, "...") where it is written has it checked) [elsewhere] */
    tern_select(c, Book, .where = "copies > 0 and price > ?", .args = open ? TERN_ARGS(price) : TERN_ARGS(price, id));
    tern_select(c, Book, .where = "time > ?", .args = TERN_ARGS(tern_count(c, Book, .where = "pricee > ?", .args = TERN_ARGS(price)))); /* error: tern_count(Book): there is no column "pricee"; did you mean "price"? [name] */ /* error: tern_select(Book): there is no column "time"; did you mean "title"? [name] */
}

__attribute__((used)) static void sound(tern_ctx *c, int64_t id, const char *text, bool open, tern_uuid isbn, double price, tern_date day)
{
    tern_selection shown;
    tern_args args = TERN_ARGS(id);
    tern_select(c, Book);
    tern_select(c, Book, .where = OPEN_BOOKS, .args = TERN_ARGS(3)); 
    tern_select(c, Book, .where = "id = ?", .args = args);
    tern_select(c, Book, .where = open ? "author_id = ?" : NULL, .args = open ? TERN_ARGS(id) : (tern_args){0}, .order_by = "changed desc, id", .limit = 10, .offset = 5);
    tern_select(c, Book, .where = strcmp(text, "titel = ?") == 0 ? "title = ?" : "title <> ?", .args = TERN_ARGS(text));
    tern_select(c, Book, .where = "lent = ? and shelf = ? and title = '?' and title like ?", .args = TERN_ARGS(!open, Shelf_back, text));
    tern_select(c, Book, .where = "(? or lent = ?) and lower(title) like lower(?)", .args = TERN_ARGS(open, open, text));
    tern_select(c, Book, .where = "(? is null or title = ?)", .args = TERN_ARGS(text, text));
    tern_select(c, Book, .where = "isbn = ? and bought > ? and added > ?", .args = TERN_ARGS(isbn, day, "2026-11-24T17:30:00.000000Z"));
    tern_select(c, Book, .where = "title = ?", .args = TERN_ARGS(NULL));
    tern_select(c, Book, .where = "title = ?", .args = TERN_ARGS(text), .after = &(Book){.id = 3}, .order_by = "id desc", .for_update = true);
    tern_select(c, Book, .where = "author_id in (select id from author where lower(name) = ?)", .args = TERN_ARGS(text));
    tern_select(c, Book, .where = text, .trusted_sql = true);
    tern_allow(scan, tern_select(c, Loan, .where = "who = ?", .args = TERN_ARGS(text)));
    tern_allow(any,
               tern_select(c, Loan,
                           .where = "nobody = ?",
                           .args = TERN_ARGS(text)));
    tern_pluck(c, Book, title, .where = "author_id = ?", .args = TERN_ARGS(3), .order_by = "title");
    tern_sql_int(c, "select count(*) from book where lent = ?", open);
    tern_sql_pluck(c, tern_text, "select title from book order by title");
    tern_sql(c, Written, "select b.title, a.name as \"author.name\" from book b left join author a on a.id = b.author_id");
    tern_least(c, Book, price, .where = "author_id = ?", .args = TERN_ARGS(3));
    tern_search(c, Book, text, .where = "price < ?", .args = TERN_ARGS(price), .limit = 10);
    tern_find(c, Book, 3);
    tern_preload(c, Book, ((Book_list){0}), author);
    shown = tern_where(c, "who = ?", text);
    shown = tern_where(c, "name = ? or born is null", text);
    tern_sql(c, Stock, STOCK "where a.name <> ? group by a.name", text);
    tern_sql(c, Stock, "select a.name as author, sum(b.copies) as copies, max(b.bought) as bought from author a join book b on b.author_id = a.id group by 1");
    tern_sql(c, Born, "select born from author where born is not null and id > ?", id);
    tern_sql(c, Born, "select coalesce(born, '') as born from author");
    tern_sql(c, Number, "with recursive n(number) as (select cast(1 as bigint) union all select number + 1 from n where number < ?) select number from n", id);
    tern_sql(c, Book, "select * from book where title = ? and lent = ?", text, open);
    tern_sql_run(c, "update book set copies = copies - 1 where id = ? and copies > 0", id);
    tern_sql_run(c, "insert into loan (book, who) values (?, ?)", id, text);
    (void)shown;
}
/* clang-format on */

int main(int argc, char **argv)
{
    tern_app *app = tern_app_new(.title = "Checked", .version = "1.0");
    tern_database_with(app, (.unmanaged = getenv("UNMANAGED") != NULL), TERN_TYPE(Author), TERN_TYPE(Book),
                       TERN_TYPE(Loan));
    /* clang-format off */
    tern_resource(app, "/loans", TERN_TYPE(Loan), .filters = "id, who, book"); /* warning: tern_resource(Loan): every row of loan is read: no index serves who (.index = true of the field makes one) [scan] */ /* warning: tern_resource(Loan): every row of loan is read: no index serves book (.index = true of the field makes one) [scan] */
    tern_resource(app, "/authors", TERN_TYPE(Author), .filters = "id");
    tern_allow(scan, tern_resource(app, "/books", TERN_TYPE(Book), .filters = "copies"));
    tern_resource(app, "/all/loans", TERN_TYPE(Loan));
    /* clang-format on */
    return tern_run(app, argc, argv);
}
