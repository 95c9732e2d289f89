/* Stubs of tests in a build without libcurl's headers: a test that uses one fails. */
#include <tern/fetch_test.h>

static _Noreturn void fail(void)
{
    tern_test_fail("Tern was built without libcurl: install libcurl4-openssl-dev and build it again");
}

tern_stub *tern_stub_fetch_with(tern_test *t, const char *url_pattern, const tern_stub_reply *reply)
{
    (void)t, (void)url_pattern, (void)reply;
    fail();
}

unsigned tern_stub_calls(const tern_stub *stub)
{
    (void)stub;
    return 0;
}

const tern_stub_call *tern_stub_call_of(const tern_stub *stub, unsigned number)
{
    (void)stub, (void)number;
    return NULL;
}

void tern_fetch_record(tern_test *t, const char *path)
{
    (void)t, (void)path;
    fail();
}

void tern_fetch_allow(tern_test *t)
{
    (void)t;
    fail();
}
