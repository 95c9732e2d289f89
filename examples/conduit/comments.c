/** Comments on articles. */
#include "conduit.h"

#include <inttypes.h>

TERN_PART(CommentDraft, Comment, body, (const char *, slug, .in = TERN_FROM_PATH))

TERN_MODEL(OneComment,
    (const char *, slug),
    (int64_t,      id))

TERN_PART(CommentView, Comment, id, body, created, updated, (Profile, author))

/** The comments for which `which` holds, oldest first, as the user who asks sees their authors. */
static CommentView_list find_comments(tern_ctx *c, tern_filters which)
{
    return tern_sql(c, CommentView,
                    "select m.id, m.body, m.created, m.updated, u.username as \"author.username\","
                    " u.bio as \"author.bio\", u.image as \"author.image\","
                    " exists (select 1 from follow w where w.followed_id = u.id and w.follower_id = ?)"
                    " as \"author.following\""
                    " from comment m join users u on u.id = m.author_id where ? order by m.id",
                    my_id(c), which);
}

TERN_HANDLER(list_comments, BySlug, in)
{
    Article *article = article_of(c, in->slug);
    return tern_json_list(c, CommentView,
                          find_comments(c, TERN_FILTERS(TERN_IF(true, "m.article_id = ?", article->id))));
}

TERN_HANDLER(write_comment, CommentDraft, in)
{
    Comment comment = {.article_id = article_of(c, in->slug)->id, .author_id = my_id(c), .body = in->body};
    tern_insert(c, Comment, &comment);
    CommentView_list written = find_comments(c, TERN_FILTERS(TERN_IF(true, "m.id = ?", comment.id)));
    if (written.count == 0)
        tern_fail(c, 404, "the comment was deleted meanwhile");
    return tern_json(c, CommentView, written.items);
}

TERN_HANDLER(remove_comment, OneComment, in)
{
    Comment *comment = tern_get_or_404(c, Comment, in->id);
    if (comment->article_id != article_of(c, in->slug)->id)
        tern_fail(c, 404, "comment %" PRId64 " is not on this article", in->id);
    if (comment->author_id != my_id(c))
        tern_fail(c, 403, "only its author may delete a comment");
    tern_remove(c, Comment, comment->id);
    return tern_no_content(c);
}

void add_comments(tern_app *app)
{
    tern_group *all = tern_group_new(app, "/api/articles/{slug}/comments");
    tern_group *users = tern_group_new(all, "", .requires = TERN_SIGNED_IN);
    tern_get(all, "", list_comments, .wrapped = "comments", .returns = TERN_LIST(CommentView));
    tern_post(users, "", write_comment, .takes_in = "comment", .wrapped = "comment", .status = 201,
              .returns = TERN_TYPE(CommentView));
    tern_delete(users, "/{id}", remove_comment, .status = 204);
}
