/** The stored form of a session: what is read is written as the same, and what is cut short is refused. */
#include "unit/app/fake.h"

#include "auth/session/record.h"

#include <tern.h>

static fake f;

static const session_record *sample(tern_ctx *c)
{
    static session_record r;
    r = (session_record){.created = 1700000000,
                         .seen = 1700000001,
                         .renewed = 1700000002,
                         .since = 1700000003,
                         .factors = 2,
                         .is_remembered = true,
                         .linked = SESSION_FOLLOWED,
                         .link = {1, 2, 3},
                         .user = TERN_STR("42"),
                         .device = TERN_STR("curl"),
                         .address = TERN_STR("192.0.2.1")};
    session_record_set(c, &r, TERN_STR("a"), TERN_STR("1"));
    session_record_set(c, &r, TERN_STR("empty"), TERN_STR(""));
    session_record_set(c, &r, TERN_STR("gone"), (tern_str){0});
    return &r;
}

static tern_reply write_and_read(tern_ctx *c)
{
    session_record r;
    CHECK(session_record_read(c, session_record_write(c, sample(c)), &r));
    CHECK_INT(r.created, 1700000000);
    CHECK_INT(r.seen, 1700000001);
    CHECK_INT(r.renewed, 1700000002);
    CHECK_INT(r.since, 1700000003);
    CHECK_INT(r.factors, 2);
    CHECK(r.is_remembered && r.linked == SESSION_FOLLOWED && r.link[2] == 3);
    CHECK_BYTES(r.user.data, r.user.len, "42", 2);
    CHECK_BYTES(r.address.data, r.address.len, "192.0.2.1", 9);
    CHECK_INT(r.count, 2); /* what was removed is not written */
    CHECK_BYTES(session_record_find(&r, TERN_STR("a"))->value.data, 1, "1", 1);
    CHECK_INT(session_record_find(&r, TERN_STR("empty"))->value.len, 0);
    CHECK(!session_record_find(&r, TERN_STR("empty"))->is_changed);
    return tern_text(c, "done");
}

TEST(a_record_is_read_as_it_was_written)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    fake_run(&f, NULL, write_and_read);
    CHECK_REPLY(&f, 200, "done");
    fake_close(&f);
}

static tern_reply cut(tern_ctx *c)
{
    session_record r;
    tern_str whole = session_record_write(c, sample(c));
    unsigned accepted = 0;
    for (size_t len = 0; len < whole.len; len++) /* between two entries the rest may be missing */
        accepted += session_record_read(c, (tern_str){whole.data, len}, &r);
    CHECK_INT(accepted, 2);
    char *other = tern_alloc(c, whole.len);
    memcpy(other, whole.data, whole.len);
    other[0] = 2; /* a version that does not exist */
    CHECK(!session_record_read(c, (tern_str){other, whole.len}, &r));
    return tern_text(c, "done");
}

TEST(a_record_that_is_cut_short_or_of_another_version_is_refused)
{
    fake_open(&f, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    fake_run(&f, NULL, cut);
    CHECK_REPLY(&f, 200, "done");
    fake_close(&f);
}
