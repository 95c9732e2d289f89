/* Walks the pages of a list: no row may be on two of them. */
#include "app/fuzz/internal.h"

#include <string.h>

enum { ROWS = 7, PAGES = 6, PAGE_ROWS = 2 };

/** How a page of a list is requested. */
typedef struct paging {
    const bind_field *page, *size; /* NULL: the list has none */
    bool is_offset;                /* the page is the number of rows to skip */
} paging;

static const bind_field *find_field(const route *r, const char *const *names)
{
    for (unsigned i = 0; r->bind != NULL && i < r->bind->count; i++) {
        const bind_field *field = &r->bind->fields[i];
        bool is_number =
            field->f->field->type->kind == TERN_KIND_INT || field->f->field->type->kind == TERN_KIND_UINT;
        for (const char *const *name = names; field->source == TERN_FROM_QUERY && is_number && *name != NULL;
             name++)
            if (strcmp(field->name, *name) == 0)
                return field;
    }
    return NULL;
}

static paging paging_of(const route *r)
{
    static const char *const pages[] = {"page", NULL}, *const offsets[] = {"offset", "skip", NULL};
    static const char *const sizes[] = {"size", "limit", "per_page", "page_size", NULL};
    paging p = {.page = find_field(r, pages), .size = find_field(r, sizes)};
    if (p.page == NULL && (p.page = find_field(r, offsets)) != NULL)
        p.is_offset = true;
    return p;
}

static void add_param(fuzz_case *c, fuzz_request *request, const char *name, const char *value)
{
    fuzz_node **query = &request->parts[TERN_FROM_QUERY];
    fuzz_node *known = fuzz_node_get(*query, name);
    if (*query == NULL)
        *query = fuzz_node_new(c->arena, FUZZ_OBJECT, NULL, 0);
    if (known == NULL)
        fuzz_node_add(*query, name, fuzz_quoted(c->arena, value));
    else
        *known = (fuzz_node){.next = known->next,
                             .shape = FUZZ_QUOTED,
                             .key = known->key,
                             .text = value,
                             .len = strlen(value)};
}

/** A request for a list without filters: only the required input. */
static fuzz_request plain_list(fuzz_case *c, const route *r)
{
    fuzz_request request = fuzz_make(&c->maker, r);
    fuzz_node *query = request.parts[TERN_FROM_QUERY];
    for (unsigned i = 0; r->bind != NULL && query != NULL && i < r->bind->count; i++) {
        const bind_field *field = &r->bind->fields[i];
        if (field->source != TERN_FROM_QUERY || field->f->is_required)
            continue;
        for (fuzz_node **at = &query->first; *at != NULL;) {
            if (strcmp((*at)->key, field->name) == 0)
                *at = (*at)->next;
            else
                at = &(*at)->next;
        }
    }
    return request;
}

static void make_rows(fuzz_case *c, const route *list)
{
    const router *all = c->run->app->router;
    const char *wrong;
    for (uint32_t i = 0; i < router_count(all); i++) {
        const route *r = router_at(all, i);
        bool is_maker = strcmp(r->method_name, "POST") == 0 && strcmp(r->pattern, list->pattern) == 0;
        if (!is_maker || !fuzz_is_asked(c->run, r))
            continue;
        for (unsigned rows = 0; rows < ROWS; rows++) {
            c->maker.is_full = rows == 0;
            fuzz_request request = fuzz_make(&c->maker, r);
            if (c->maker.is_stuck)
                return;
            fuzz_step step = fuzz_render(c->arena, &request, c->run->headers);
            tern_answer *a = fuzz_case_send(c, &step, i, &wrong);
            if (a != NULL)
                fuzz_learn(&c->memory, c->run->app, &request, a);
        }
    }
}

/** Rows without a key may be equal. */
static bool has_key(const route *r)
{
    const tern_type *model = r->options.returns;
    if (model != NULL && model->kind == TERN_KIND_LIST)
        model = model->item;
    for (unsigned i = 0; model != NULL && model->kind == TERN_KIND_MODEL && i < model->field_count; i++)
        if (model->fields[i].key && !model->fields[i].write_only)
            return true;
    return false;
}

bool fuzz_has_pages(const route *r)
{
    const paging p = paging_of(r);
    return strcmp(r->method_name, "GET") == 0 && has_key(r) &&
           (r->options.paged || p.page != NULL || p.size != NULL);
}

static bool repeats(fuzz_case *c, const route *r, tern_answer *before, tern_answer *after,
                    fuzz_breach *breach)
{
    const fuzz_exchange e = {.route = r, .method = "GET", .answer = after, .before = before};
    (void)c;
    return fuzz_is_broken(&e, FUZZ_PAGES, breach);
}

typedef struct page {
    fuzz_step step;
    tern_answer *answer;
} page;

/** Compares a page with all before it. Two pages that share a row are requested again, one after the
 * other. */
static bool compare(fuzz_case *c, const route *r, const page *pages, unsigned count)
{
    fuzz_breach breach;
    const char *wrong;
    for (unsigned i = 0; i + 1 < count; i++) {
        if (!repeats(c, r, pages[i].answer, pages[count - 1].answer, &breach))
            continue;
        fuzz_step first = pages[i].step, second = pages[count - 1].step;
        tern_answer *one = fuzz_case_send(c, &first, c->job->route, &wrong),
                    *other = fuzz_case_send(c, &second, c->job->route, &wrong);
        if (one != NULL && other != NULL && repeats(c, r, one, other, &breach))
            fuzz_case_report(c, &breach, c->job->route, true);
        return true;
    }
    return false;
}

/** The path of `Link: </todos?page=2>; rel="next"`, or of a member "next"; NULL if none. */
static const char *next_address(fuzz_case *c, tern_answer *a)
{
    const char *link = tern_answer_header_of(a, "Link");
    const char *end = link != NULL ? strstr(link, "rel=\"next\"") : NULL;
    const char *begin = end;
    while (begin != NULL && begin > link && *begin != '<')
        begin--;
    const char *address = begin != NULL && *begin == '<'
                              ? test_need(arena_text(c->arena, begin + 1, strcspn(begin + 1, ">")))
                              : tern_value_text(tern_value_get(tern_answer_json(a), "next"), NULL);
    if (address != NULL && strstr(address, "://") != NULL) {
        address = strchr(strstr(address, "://") + 3, '/');
    }
    return address != NULL && address[0] == '/' ? address : NULL;
}

static void walk(fuzz_case *c, const route *r, fuzz_request request, paging p)
{
    page pages[PAGES];
    const char *wrong, *next = NULL;
    for (unsigned i = 0; i < PAGES; i++) {
        unsigned number = p.is_offset ? i * PAGE_ROWS : i + 1;
        if (p.page != NULL)
            add_param(c, &request, p.page->name, test_need(arena_printf(c->arena, "%u", number)));
        pages[i].step = fuzz_render(c->arena, &request, c->run->headers);
        if (next != NULL)
            pages[i].step.path = next;
        fuzz_step sent = pages[i].step;
        pages[i].answer = fuzz_case_send(c, &sent, c->job->route, &wrong);
        if (pages[i].answer == NULL || pages[i].answer->status != 200 || compare(c, r, pages, i + 1))
            return;
        next = p.page == NULL ? next_address(c, pages[i].answer) : NULL;
        if (p.page == NULL && next == NULL)
            return;
    }
}

void fuzz_case_walk(fuzz_case *c)
{
    enum { ORDERS = 6 };
    const route *r = router_at(c->run->app->router, c->job->route);
    const paging p = paging_of(r);
    make_rows(c, r);
    c->maker.is_full = false;
    fuzz_request request = plain_list(c, r);
    if (c->maker.is_stuck)
        return;
    if (p.size != NULL)
        add_param(c, &request, p.size->name, test_need(arena_printf(c->arena, "%d", PAGE_ROWS)));
    walk(c, r, request, p);
    for (unsigned i = 0; r->bind != NULL && i < r->bind->count; i++) {
        const bind_field *field = &r->bind->fields[i];
        const char *const *words = field->f->field->words;
        if (words == NULL || strcmp(field->name, "order") != 0)
            continue;
        for (unsigned w = 0; w < ORDERS && words[w] != NULL && !c->is_full; w++) {
            add_param(c, &request, field->name, words[w]);
            walk(c, r, request, p);
        }
    }
}
