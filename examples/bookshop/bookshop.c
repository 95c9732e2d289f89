/**
 * A bookshop: two tables as REST APIs with one line each, with permissions and a hook. An order takes from
 * the stock of several books, or of none.
 */
#include "bookshop.h"

#include <string.h>

TERN_MODEL(Author,
    (int64_t,      id,   .key = true, .read_only = true),
    (const char *, name, .unique = true, .min_length = 1, .max_length = 80))

TERN_MODEL_WITH(Book, (.unique_together = TERN_COLUMNS("author_id, title")),
    (int64_t,       id,        .key = true, .read_only = true),
    (const char *,  title,     .min_length = 1, .max_length = 200, .search = true),
    (int64_t,       author_id, .references = TERN_TYPE(Author), .index = true),
    (tern_decimal,  price),
    (int,           stock,     .fallback = "0", .min = 0),
    (const char *,  blurb,     .optional = true, .max_length = 2000, .search = true),
    (tern_datetime, added,     .created = true, .read_only = true),
    (Author,        author,    .optional = true, .read_only = true, .via = "author_id"))

TERN_MODEL(Badge,
    (const char *, staff, .in = TERN_FROM_HEADER, .json = "X-Staff", .optional = true))

TERN_MODEL(OrderLine,
    (int64_t, book_id),
    (int,     copies, .min = 1, .max = 100))

TERN_MODEL(Order,
    (OrderLine_list, lines, .min_items = 1, .max_items = 20))

TERN_MODEL(Ordered,
    (int64_t, copies),
    (bool,    paid))

/** Refuses clients that may not write. A real application would use a session or a token. */
TERN_REQUIRES_WITH(staff, (.refuses = "403"), Badge, badge)
{
    if (badge->staff == NULL || strcmp(badge->staff, "yes") != 0)
        tern_fail(c, 403, "only the staff may change the catalogue");
}

/** Removes blanks around the title before it is stored. */
static void trim_title(tern_ctx *c, void *row, const void *before)
{
    Book *book = row;
    const char *from = book->title + strspn(book->title, " ");
    size_t len = strlen(from);
    (void)before;
    while (len > 0 && from[len - 1] == ' ')
        len--;
    if (len == 0)
        tern_fail(c, 422, "a title is more than blanks");
    book->title = tern_sprintf(c, "%.*s", (int)len, from);
}

TERN_HANDLER(list_shelf)
{
    Book_list books = tern_select(c, Book, .where = "stock > 0", .order_by = "title", .limit = 100);
    tern_preload(c, Book, books, author);
    return tern_json_list(c, Book, books);
}

TERN_HANDLER(place_order, Order, in)
{
    Ordered answer = {.paid = false};
    tern_transaction (c) {
        for (size_t i = 0; i < in->lines.count; i++) {
            const OrderLine *line = &in->lines.items[i];
            tern_get_or_404(c, Book, line->book_id);
            if (tern_sql_run(c, "update book set stock = stock - ? where id = ? and stock >= ?", line->copies,
                             line->book_id, line->copies) == 0)
                tern_fail(c, 409, "there are not so many copies of book %lld", (long long)line->book_id);
            answer.copies += line->copies;
        }
    }
    return tern_json(c, Ordered, &answer);
}

/** The rows that `bookshop db seed` inserts into an empty shop. */
static void first_books(tern_ctx *c)
{
    static const struct {
        const char *author, *title;
        tern_decimal price;
        int stock;
    } first[] = {
        {"Ursula K. Le Guin", "The Dispossessed", {1250, 2}, 3},
        {"Stanislaw Lem", "Solaris", {990, 2}, 5},
        {"Stanislaw Lem", "The Cyberiad", {1100, 2}, 2},
    };
    if (tern_exists(c, Book))
        return;
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        Author author = {.name = first[i].author};
        tern_upsert(c, Author, &author, .on = "name");
        Book book = {.title = first[i].title,
                     .author_id = author.id,
                     .price = first[i].price,
                     .stock = first[i].stock};
        tern_insert(c, Book, &book);
    }
}

tern_app *make_app(void)
{
    tern_app *app = tern_app_new(.title = "Bookshop", .version = "1.0");
    tern_use(app, tern_logger());
    tern_database(app, TERN_TYPE(Author), TERN_TYPE(Book));
    tern_seed(app, first_books);
    tern_resource(app, "/authors", TERN_TYPE(Author), .tags = "catalogue",
                  .needs_to_write = TERN_NEEDS(staff));
    tern_resource(app, "/books", TERN_TYPE(Book), .tags = "catalogue", .order_by = "title, id",
                  .before_write = trim_title, .needs_to_write = TERN_NEEDS(staff));
    tern_get(app, "/shelf", list_shelf, .returns = TERN_LIST(Book), .tags = "shop",
             .summary = "The books that are there, with their authors");
    tern_post(app, "/orders", place_order, .returns = TERN_TYPE(Ordered), .tags = "shop",
              .summary = "Take copies of several books, or none at all");
    return app;
}
