#ifndef CONDUIT_H
#define CONDUIT_H

#include <tern.h>

/* -- tables -- */

TERN_MODEL_WITH(User, (.table = "users"),
    (int64_t,      id,       .key = true, .read_only = true),
    (const char *, username, .min_length = 1, .max_length = 40, .pattern = "^[^/\\s]+$", .unique = true),
    (const char *, email,    .format = "email", .max_length = 254, .unique = true),
    (const char *, password, .secret = true), /* its hash */
    (const char *, bio,      .optional = true, .max_length = 1000),
    (const char *, image,    .optional = true, .max_length = 2000))

TERN_MODEL(Follow,
    (int64_t, follower_id, .key = true, .references = TERN_TYPE(User), .on_delete = TERN_CASCADE),
    (int64_t, followed_id, .key = true, .references = TERN_TYPE(User), .on_delete = TERN_CASCADE, .index = true))

TERN_MODEL(Article,
    (int64_t,        id,          .key = true),
    (const char *,   slug,        .unique = true),
    (const char *,   title,       .min_length = 1, .max_length = 200),
    (const char *,   description, .max_length = 1000),
    (const char *,   body,        .max_length = 100000),
    (tern_text_list, tags,        .json = "tagList", .fallback = "[]", .max_items = 20, .unique_items = true,
                                  .items = TERN_RULES(.min_length = 1, .max_length = 40)),
    (int64_t,        author_id,   .references = TERN_TYPE(User), .on_delete = TERN_CASCADE, .index = true),
    (tern_datetime,  created,     .created = true, .index = true, .json = "createdAt"),
    (tern_datetime,  updated,     .updated = true, .json = "updatedAt"))

/** A tag of an article, to find it by; Article.tags has all of them for replies. */
TERN_MODEL(Tag,
    (int64_t,      article_id, .key = true, .references = TERN_TYPE(Article), .on_delete = TERN_CASCADE),
    (const char *, name,       .key = true, .index = true))

TERN_MODEL(Favorite,
    (int64_t, article_id, .key = true, .references = TERN_TYPE(Article), .on_delete = TERN_CASCADE),
    (int64_t, user_id,    .key = true, .references = TERN_TYPE(User), .on_delete = TERN_CASCADE, .index = true))

TERN_MODEL(Comment,
    (int64_t,       id,         .key = true),
    (int64_t,       article_id, .references = TERN_TYPE(Article), .on_delete = TERN_CASCADE, .index = true),
    (int64_t,       author_id,  .references = TERN_TYPE(User), .on_delete = TERN_CASCADE, .index = true),
    (const char *,  body,       .min_length = 1, .max_length = 10000),
    (tern_datetime, created,    .created = true, .json = "createdAt"),
    (tern_datetime, updated,    .updated = true, .json = "updatedAt"))

/* -- requests and replies of several files -- */

TERN_PART(Profile, User, username, bio, image, (bool, following))
TERN_MODEL(BySlug, (const char *, slug))

/* -- the parts of the application -- */

void add_users(tern_app *app);
void add_articles(tern_app *app);
void add_comments(tern_app *app);

/** The id of the user who asks; 0 without one. */
int64_t my_id(tern_ctx *c);
/** The article of this address, if there is one; else the handler ends with 404. */
Article *article_of(tern_ctx *c, const char *slug);
/** The same, for those who may change it: its author. Else the handler ends with 403. */
Article *own_article(tern_ctx *c, const char *slug);

/** The application with all its routes, which main runs and tests.c tests. */
tern_app *make_app(void);

#endif
