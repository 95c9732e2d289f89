/**
 * Tests of Conduit, as requests. Each begins with an empty database: in memory, or, with `--database-url postgres://...`,
 * because tests are rolled back.
 */
#include "conduit.h"

#include <tern/test.h>

#include <stdlib.h>
#include <string.h>

static const char *text_at(tern_answer *a, const char *pointer)
{
    return tern_value_text(tern_value_find(tern_answer_json(a), pointer), "");
}

/** Signs a user up; returns the header that sends the user's token. */
static const char *sign_up(tern_test *t, const char *name)
{
    tern_answer *a = tern_test_post(
        t, "/api/users",
        .json = tern_test_sprintf(
            t, "{\"user\":{\"username\":\"%s\",\"email\":\"%s@example.org\",\"password\":\"a long secret\"}}",
            name, name));
    tern_check_status(a, 201);
    tern_check_json(a, "/user/username", tern_test_sprintf(t, "\"%s\"", name));
    return tern_test_sprintf(t, "Authorization: Token %s", text_at(a, "/user/token"));
}

/** Writes an article with two tags; returns its address. */
static const char *write_article(tern_test *t, const char *token, const char *title)
{
    tern_answer *a = tern_test_post(
        t, "/api/articles", .headers = TERN_HEADERS(token),
        .json = tern_test_sprintf(
            t,
            "{\"article\":{\"title\":\"%s\",\"description\":\"d\",\"body\":\"b\",\"tagList\":[\"c\",\"books\"]}}",
            title));
    tern_check_status(a, 201);
    return tern_test_sprintf(t, "/api/articles/%s", text_at(a, "/article/slug"));
}

TERN_TEST(a_user_signs_up_logs_in_and_changes_their_own_account)
{
    sign_up(t, "ann");
    tern_answer *a =
        tern_test_post(t, "/api/users/login",
                       .json = "{\"user\":{\"email\":\"ann@example.org\",\"password\":\"a long secret\"}}");
    tern_check_status(a, 200);
    const char *token = tern_test_sprintf(t, "Authorization: Token %s", text_at(a, "/user/token"));
    a = tern_test_put(t, "/api/user", .headers = TERN_HEADERS(token),
                      .json = "{\"user\":{\"bio\":\"writes\"}}");
    tern_check_json(a, "/user/bio", "\"writes\"");
    tern_check_json(a, "/user/email", "\"ann@example.org\"");
    a = tern_test_get(t, "/api/user", .headers = TERN_HEADERS(token));
    tern_check_json(a, "/user/bio", "\"writes\"");
    tern_check_without(a, "argon2");
}

TERN_TEST(a_wrong_password_and_an_unknown_address_get_the_same_answer)
{
    sign_up(t, "ann");
    tern_answer *known =
        tern_test_post(t, "/api/users/login",
                       .json = "{\"user\":{\"email\":\"ann@example.org\",\"password\":\"a wrong secret\"}}");
    tern_answer *unknown =
        tern_test_post(t, "/api/users/login",
                       .json = "{\"user\":{\"email\":\"bob@example.org\",\"password\":\"a wrong secret\"}}");
    tern_check_status(known, 401);
    tern_check_status(unknown, 401);
    tern_check_text(known->body, unknown->body);
}

TERN_TEST(a_name_or_address_that_is_taken_is_refused)
{
    sign_up(t, "ann");
    tern_answer *a = tern_test_post(
        t, "/api/users",
        .json =
            "{\"user\":{\"username\":\"ann\",\"email\":\"other@example.org\",\"password\":\"a long secret\"}}");
    tern_check_status(a, 409);
    tern_check(tern_value_find(tern_answer_json(a), "/errors") != NULL);
}

TERN_TEST(what_needs_a_user_is_401_without_a_token_or_with_a_wrong_one)
{
    tern_check_status(tern_test_get(t, "/api/user"), 401);
    tern_check_status(tern_test_get(t, "/api/articles/feed"), 401);
    tern_check_status(tern_test_get(t, "/api/user", .headers = TERN_HEADERS("Authorization: Token nonsense")),
                      401);
    tern_check_status(tern_test_post(t, "/api/articles", .json = "{\"article\":{}}"), 401);
}

TERN_TEST(an_article_can_be_read_by_all_and_changed_by_its_author_alone)
{
    const char *ann = sign_up(t, "ann"), *bob = sign_up(t, "bob");
    const char *address = write_article(t, ann, "How to train your dragon");
    tern_answer *a = tern_test_get(t, address);
    tern_check_json(a, "/article/tagList", "[\"books\", \"c\"]");
    tern_check_json(a, "/article/author/username", "\"ann\"");
    tern_check_json(a, "/article/favoritesCount", "0");
    const char *change = "{\"article\":{\"body\":\"With two hands\"}}";
    tern_check_status(tern_test_put(t, address, .headers = TERN_HEADERS(bob), .json = change), 403);
    tern_check_status(tern_test_delete(t, address, .headers = TERN_HEADERS(bob)), 403);
    a = tern_test_put(t, address, .headers = TERN_HEADERS(ann), .json = change);
    tern_check_json(a, "/article/body", "\"With two hands\"");
    tern_check_json(a, "/article/title", "\"How to train your dragon\"");
    tern_check_status(tern_test_delete(t, address, .headers = TERN_HEADERS(ann)), 204);
    tern_check_status(tern_test_get(t, address), 404);
}

TERN_TEST(articles_are_found_by_tag_author_and_favourite)
{
    const char *ann = sign_up(t, "ann"), *bob = sign_up(t, "bob");
    const char *address = write_article(t, ann, "First");
    write_article(t, bob, "Second");
    tern_answer *a =
        tern_test_post(t, tern_test_sprintf(t, "%s/favorite", address), .headers = TERN_HEADERS(bob));
    tern_check_json(a, "/article/favorited", "true");
    tern_check_json(tern_test_get(t, "/api/articles"), "/articlesCount", "2");
    tern_check_json(tern_test_get(t, "/api/articles?tag=books&limit=1"), "/articles/1", NULL);
    tern_check_json(tern_test_get(t, "/api/articles?tag=nothing"), "/articlesCount", "0");
    a = tern_test_get(t, "/api/articles?author=ann");
    tern_check_json(a, "/articlesCount", "1");
    tern_check_json(a, "/articles/0/favorited", "false");
    a = tern_test_get(t, "/api/articles?favorited=bob", .headers = TERN_HEADERS(bob));
    tern_check_json(a, "/articles/0/title", "\"First\"");
    tern_check_json(a, "/articles/0/favorited", "true");
    a = tern_test_delete(t, tern_test_sprintf(t, "%s/favorite", address), .headers = TERN_HEADERS(bob));
    tern_check_json(a, "/article/favoritesCount", "0");
    tern_check_json(tern_test_get(t, "/api/tags"), "/tags", "[\"books\", \"c\"]");
}

TERN_TEST(the_feed_has_the_articles_of_those_whom_one_follows)
{
    const char *ann = sign_up(t, "ann"), *bob = sign_up(t, "bob");
    write_article(t, ann, "First");
    tern_check_json(tern_test_get(t, "/api/articles/feed", .headers = TERN_HEADERS(bob)), "/articlesCount",
                    "0");
    tern_answer *a = tern_test_post(t, "/api/profiles/ann/follow", .headers = TERN_HEADERS(bob));
    tern_check_json(a, "/profile/following", "true");
    a = tern_test_get(t, "/api/articles/feed", .headers = TERN_HEADERS(bob));
    tern_check_json(a, "/articles/0/author/following", "true");
    a = tern_test_delete(t, "/api/profiles/ann/follow", .headers = TERN_HEADERS(bob));
    tern_check_json(a, "/profile/following", "false");
    tern_check_json(tern_test_get(t, "/api/articles/feed", .headers = TERN_HEADERS(bob)), "/articlesCount",
                    "0");
}

TERN_TEST(comments_belong_to_an_article_and_are_deleted_by_their_author)
{
    const char *ann = sign_up(t, "ann"), *bob = sign_up(t, "bob");
    const char *comments = tern_test_sprintf(t, "%s/comments", write_article(t, ann, "First"));
    tern_answer *a = tern_test_post(t, comments, .headers = TERN_HEADERS(bob),
                                    .json = "{\"comment\":{\"body\":\"Thanks\"}}");
    tern_check_status(a, 201);
    const char *one =
        tern_test_sprintf(t, "%s/%lld", comments,
                          (long long)tern_value_int(tern_value_find(tern_answer_json(a), "/comment/id"), 0));
    tern_check_json(tern_test_get(t, comments), "/comments/0/author/username", "\"bob\"");
    tern_check_status(tern_test_delete(t, one, .headers = TERN_HEADERS(ann)), 403);
    tern_check_status(tern_test_delete(t, one, .headers = TERN_HEADERS(bob)), 204);
    tern_check_json(tern_test_get(t, comments), "/comments", "[]");
}

TERN_FUZZ(every_route_keeps_its_promises)
{
    static unsigned users;
    const char *header = sign_up(t, tern_test_sprintf(t, "user%u", users++));
    tern_test_set_header(t, "Authorization", header + strlen("Authorization: "));
}

int main(int argc, char **argv)
{
    setenv("CONDUIT_JWT_KEYS", "a-secret-of-at-least-32-bytes-for-tests-alone", 1);
    return tern_test_main(make_app, argc, argv);
}
