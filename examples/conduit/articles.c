/** Articles: written, changed, listed, found by tag, and marked as favourites. */
#include "conduit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

TERN_PART(ArticleDraft, Article, title, description, body, tags)
TERN_PARTIAL(ArticleChange, Article, title, description, body, (const char *, slug, .in = TERN_FROM_PATH))

TERN_MODEL(ArticleSearch,
    (const char *, tag,       .optional = true),
    (const char *, author,    .optional = true),
    (const char *, favorited, .optional = true),
    (int,          limit,     .fallback = "20", .min = 1, .max = 100),
    (int,          offset,    .fallback = "0", .min = 0))

TERN_PART(ArticleView, Article, slug, title, description, body, tags, created, updated,
    (bool,    favorited),
    (int64_t, favorites, .json = "favoritesCount"),
    (Profile, author))

#define ONE_ARTICLE .wrapped = "article", .returns = TERN_TYPE(ArticleView)

TERN_MODEL(ArticlePage,
    (ArticleView_list, articles),
    (int64_t,          count, .json = "articlesCount"))

TERN_MODEL(TagList, (tern_text_list, tags))

/* -- reading -- */

/** The articles for which `which` holds, newest first, as the user who asks sees them. */
static ArticleView_list find_articles(tern_ctx *c, tern_filters which, int limit, int offset)
{
    return tern_sql(
        c, ArticleView,
        "select a.slug, a.title, a.description, a.body, a.tags, a.created, a.updated,"
        " exists (select 1 from favorite f where f.article_id = a.id and f.user_id = ?) as favorited,"
        " (select count(*) from favorite f where f.article_id = a.id) as favorites,"
        " u.username as \"author.username\", u.bio as \"author.bio\", u.image as \"author.image\","
        " exists (select 1 from follow w where w.followed_id = u.id and w.follower_id = ?)"
        " as \"author.following\""
        " from article a join users u on u.id = a.author_id"
        " where ? order by a.created desc, a.id desc limit ? offset ?",
        my_id(c), my_id(c), which, limit, offset);
}

static tern_reply reply_page(tern_ctx *c, tern_filters which, const ArticleSearch *in)
{
    ArticlePage page = {.articles = find_articles(c, which, in->limit, in->offset)};
    page.count =
        tern_sql_int(c, "select count(*) from article a join users u on u.id = a.author_id where ?", which);
    return tern_json(c, ArticlePage, &page);
}

static tern_reply reply_article(tern_ctx *c, int64_t id)
{
    ArticleView_list found = find_articles(c, TERN_FILTERS(TERN_IF(true, "a.id = ?", id)), 1, 0);
    if (found.count == 0)
        tern_fail(c, 404, "the article was deleted meanwhile");
    return tern_json(c, ArticleView, found.items);
}

TERN_HANDLER(list_articles, ArticleSearch, in)
{
    tern_filters which = TERN_FILTERS(
        TERN_IF(tern_given(c, tag), "a.id in (select article_id from tag where name = ?)", in->tag),
        TERN_IF(tern_given(c, author), "u.username = ?", in->author),
        TERN_IF(
            tern_given(c, favorited),
            "a.id in (select f.article_id from favorite f join users v on v.id = f.user_id where v.username = ?)",
            in->favorited));
    return reply_page(c, which, in);
}

TERN_HANDLER(feed, ArticleSearch, in)
{
    tern_filters which = TERN_FILTERS(
        TERN_IF(true, "u.id in (select followed_id from follow where follower_id = ?)", my_id(c)));
    return reply_page(c, which, in);
}

Article *article_of(tern_ctx *c, const char *slug)
{
    Article *article = tern_first(c, Article, .where = "slug = ?", .args = TERN_ARGS(slug));
    if (article == NULL)
        tern_fail(c, 404, "article \"%s\" does not exist", slug);
    return article;
}

Article *own_article(tern_ctx *c, const char *slug)
{
    Article *article = article_of(c, slug);
    if (article->author_id != my_id(c))
        tern_fail(c, 403, "only its author may change an article");
    return article;
}

TERN_HANDLER(show_article, BySlug, in)
{
    return reply_article(c, article_of(c, in->slug)->id);
}

TERN_HANDLER(list_tags)
{
    tern_text_list tags = tern_sql_pluck(
        c, tern_text, "select name from tag group by name order by count(*) desc, name limit 100");
    return tern_json(c, TagList, &(TagList){.tags = tags});
}

/* -- writing -- */

/** "How to train your dragon" is "how-to-train-your-dragon-" and some characters that no other article has. */
static const char *slug_of(tern_ctx *c, const char *title)
{
    char *slug = tern_strdup(c, title), *end = slug;
    for (const char *p = title; *p != '\0'; p++)
        if (isalnum((unsigned char)*p))
            *end++ = (char)tolower((unsigned char)*p);
        else if (end != slug && end[-1] != '-')
            *end++ = '-';
    *end = '\0';
    return tern_sprintf(c, "%s%s%s", slug, end != slug && end[-1] != '-' ? "-" : "", tern_random_text(c, 6));
}

static int compare_tags(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

TERN_HANDLER(write_article, ArticleDraft, in)
{
    qsort(in->tags.items, in->tags.count, sizeof *in->tags.items, compare_tags);
    Article article = {.slug = slug_of(c, in->title), .author_id = my_id(c)};
    tern_copy(Article, &article, ArticleDraft, in);
    tern_transaction (c) {
        tern_insert(c, Article, &article);
        for (size_t i = 0; i < in->tags.count; i++)
            tern_insert(c, Tag, &(Tag){.article_id = article.id, .name = in->tags.items[i]});
    }
    return reply_article(c, article.id);
}

TERN_HANDLER(change_article, ArticleChange, in)
{
    Article *article = own_article(c, in->slug);
    if (tern_given(c, title))
        in->slug = slug_of(c, in->title);
    tern_update(c, Article, article, .given = TERN_GIVEN(ArticleChange, in));
    return reply_article(c, article->id);
}

TERN_HANDLER(remove_article, BySlug, in)
{
    tern_remove(c, Article, own_article(c, in->slug)->id);
    return tern_no_content(c);
}

TERN_HANDLER(favorite, BySlug, in)
{
    Article *article = article_of(c, in->slug);
    tern_upsert(c, Favorite, &(Favorite){.article_id = article->id, .user_id = my_id(c)});
    return reply_article(c, article->id);
}

TERN_HANDLER(unfavorite, BySlug, in)
{
    Article *article = article_of(c, in->slug);
    tern_remove(c, Favorite, article->id, my_id(c));
    return reply_article(c, article->id);
}

void add_articles(tern_app *app)
{
    tern_group *all = tern_group_new(app, "/api/articles");
    tern_group *users = tern_group_new(all, "", .requires = TERN_SIGNED_IN);
    tern_get(all, "", list_articles, .returns = TERN_TYPE(ArticlePage));
    tern_get(users, "/feed", feed, .returns = TERN_TYPE(ArticlePage));
    tern_post(users, "", write_article, .takes_in = "article", .status = 201, ONE_ARTICLE);
    tern_get(all, "/{slug}", show_article, ONE_ARTICLE);
    tern_put(users, "/{slug}", change_article, .takes_in = "article", ONE_ARTICLE);
    tern_delete(users, "/{slug}", remove_article, .status = 204);
    tern_post(users, "/{slug}/favorite", favorite, ONE_ARTICLE);
    tern_delete(users, "/{slug}/favorite", unfavorite, ONE_ARTICLE);
    tern_get(app, "/api/tags", list_tags, .returns = TERN_TYPE(TagList));
}
