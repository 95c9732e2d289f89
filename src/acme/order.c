#include "acme/order.h"

#include "acme/authorization.h"
#include "acme/base64url.h"
#include "acme/poll.h"
#include "base/clock.h"

#include <stdio.h>
#include <string.h>

enum { STEPS_MOST = 200 }; /* states of one order that are looked at, in one attempt */

TERN_MODEL(OrderName,
    (const char *, type),
    (const char *, value))

TERN_MODEL(OrderRequest,
    (OrderName_list, identifiers),
    (const char *, replaces, .optional = true, .nullable = false))

TERN_MODEL_WITH(Order, (.ignore_unknown = true),
    (const char *, status),
    (tern_text_list, authorizations, .max_items = ACME_NAMES),
    (const char *, finalize),
    (const char *, certificate, .optional = true),
    (tern_any, error, .optional = true))

TERN_MODEL(FinalizeRequest,
    (const char *, csr))

static void step(const order *o, const char *name)
{
    if (o->config->on_step != NULL)
        o->config->on_step(name);
}

static const char *first_name(const order *o)
{
    return o->names->list[0];
}

static bool fail_with(order *o, buf *problem)
{
    ca_fail(o->ca, "%s", store_reason(problem));
    buf_free(problem);
    return false;
}

bool order_save(order *o)
{
    buf problem = {0};
    return record_write(o->store, first_name(o), o->record, o->ca->arena, &problem) || fail_with(o, &problem);
}

/* -- the key of the certificate -- */

static void key_file(const order *o, char file[STORE_NAME_BYTES])
{
    snprintf(file, STORE_NAME_BYTES, "acme/orders/%s.key", first_name(o));
}

/** The key of the order: kept, because the authority may have seen a request with it already. */
static crypto_key *open_key(order *o, tern_str *pem)
{
    char file[STORE_NAME_BYTES];
    buf problem = {0};
    crypto_key *key = NULL;
    key_file(o, file);
    if (store_read(o->store, file, o->ca->arena, pem, &problem) == STORE_FOUND)
        key = crypto_key_read(*pem);
    buf_free(&problem);
    return key;
}

static crypto_key *make_key(order *o)
{
    char file[STORE_NAME_BYTES];
    buf problem = {0};
    crypto_key *key = crypto_key_new();
    tern_str pem = key != NULL ? crypto_key_print(key, o->ca->arena) : (tern_str){0};
    key_file(o, file);
    if (pem.data != NULL && store_write(o->store, file, pem.data, pem.len, &problem))
        return key;
    fail_with(o, &problem);
    crypto_key_free(key);
    return NULL;
}

/* -- the order itself -- */

static bool read_order(order *o, const ca_reply *reply, Order *out)
{
    ca *c = o->ca;
    o->is_over = !ca_read(c, reply, TERN_TYPE(Order), out, "the order");
    if (o->is_over)
        return false;
    bool has_urls = ca_is_url(out->finalize) && (out->certificate == NULL || ca_is_url(out->certificate));
    for (size_t i = 0; i < out->authorizations.count; i++)
        has_urls = has_urls && ca_is_url(out->authorizations.items[i]);
    o->is_over = !has_urls;
    return has_urls || ca_fail(c, "the order names a URL that is not one of https");
}

static bool post_order(order *o, const char *replaces, ca_reply *reply)
{
    ca *c = o->ca;
    OrderRequest request = {.identifiers.count = o->names->count, .replaces = replaces};
    request.identifiers.items = arena_alloc(c->arena, o->names->count * sizeof *request.identifiers.items);
    if (request.identifiers.items == NULL)
        return ca_fail(c, "out of memory");
    for (unsigned i = 0; i < o->names->count; i++)
        request.identifiers.items[i] = (OrderName){.type = "dns", .value = o->names->list[i]};
    return ca_post(c, c->directory.new_order, TERN_TYPE(OrderRequest), &request, reply);
}

/** An authority that does not accept what the order replaces accepts it without (RFC 9773 section 5). */
static bool make_order(order *o, ca_reply *reply)
{
    ca *c = o->ca;
    char file[STORE_NAME_BYTES];
    bool is_made = post_order(o, o->replaces, reply);
    if (!is_made && o->replaces != NULL &&
        (c->fault.status == 409 || c->fault.status == 404 || strcmp(c->fault.type, "malformed") == 0))
        is_made = post_order(o, NULL, reply);
    if (!is_made)
        return false;
    if (reply->location == NULL)
        return ca_fail(c, "POST %.400s: the answer has no Location with the order's URL",
                       c->directory.new_order);
    key_file(o, file);
    store_remove(o->store, file);
    o->record->order = reply->location;
    return order_save(o);
}

typedef enum order_left { LEFT_ORDER, LEFT_NOTHING, LEFT_UNKNOWN } order_left;

/** The order that a killed process left, unless the authority no longer knows it. LEFT_UNKNOWN with a fault: the
 * authority may know it, but does not answer now. */
static order_left continue_order(order *o, ca_reply *reply, Order *out)
{
    ca *c = o->ca;
    if (o->record->order == NULL || !ca_is_url(o->record->order))
        return LEFT_NOTHING;
    if (!ca_post(c, o->record->order, NULL, NULL, reply))
        return ca_is_refusal(&c->fault) ? LEFT_NOTHING : LEFT_UNKNOWN;
    bool is_known = read_order(o, reply, out) && strcmp(out->status, "invalid") != 0;
    return is_known ? LEFT_ORDER : LEFT_NOTHING;
}

static bool begin(order *o, ca_reply *reply, Order *out)
{
    order_left left = continue_order(o, reply, out);
    o->is_over = false;
    if (left != LEFT_NOTHING)
        return left == LEFT_ORDER;
    return make_order(o, reply) && read_order(o, reply, out);
}

/* -- its states -- */

static bool prove_names(order *o, const Order *order_now)
{
    for (size_t i = 0; i < order_now->authorizations.count; i++)
        if (!authorization_prove(o, order_now->authorizations.items[i]))
            return false;
    return true;
}

static bool finalize(order *o, const Order *order_now, ca_reply *reply)
{
    ca *c = o->ca;
    tern_str pem;
    crypto_key *key = open_key(o, &pem);
    if (key == NULL)
        key = make_key(o);
    if (key == NULL)
        return false;
    tern_str csr = certificate_request(key, o->names, c->arena);
    crypto_key_free(key);
    const FinalizeRequest request = {.csr = csr.data != NULL ? base64url_print(c->arena, csr.data, csr.len)
                                                             : NULL};
    if (request.csr == NULL)
        return ca_fail(c, "cannot make the certificate's request: out of memory");
    step(o, "finalize");
    return ca_post(c, order_now->finalize, TERN_TYPE(FinalizeRequest), &request, reply);
}

static bool check_and_install(order *o, tern_str chain)
{
    buf problem = {0};
    tern_str pem;
    crypto_key *key = open_key(o, &pem);
    if (key == NULL) {
        o->is_over = true;
        return ca_fail(o->ca, "the key of the order is lost: a new one is made");
    }
    bool is_right = certificate_check(chain, key, o->names, clock_wall_s(), &o->facts, &problem);
    if (is_right && o->facts.is_temporary) {
        buf_add_text(&problem, "the certificate is signed by its own key");
        is_right = false;
    }
    crypto_key_free(key);
    o->is_over = !is_right;
    step(o, "install");
    return (is_right && store_install(o->store, first_name(o), chain, pem, &problem)) ||
           fail_with(o, &problem);
}

static bool download(order *o, const Order *order_now)
{
    ca *c = o->ca;
    ca_reply reply;
    if (order_now->certificate == NULL)
        return ca_fail(c, "the order is valid, but does not name the certificate's URL");
    step(o, "download");
    if (!ca_post(c, order_now->certificate, NULL, NULL, &reply))
        return false;
    if (strcmp(reply.content_type, "application/pem-certificate-chain") != 0) {
        o->is_over = true;
        return ca_fail(c, "the certificate is not application/pem-certificate-chain (%s)",
                       reply.content_type[0] != '\0' ? reply.content_type : "no content type");
    }
    return check_and_install(o, reply.body);
}

static bool fail_invalid(order *o, const Order *order_now)
{
    o->is_over = true;
    if (ca_has_problem(order_now->error))
        return ca_fail_problem(o->ca, "the order failed:", order_now->error);
    return ca_fail(o->ca, "the order is \"%.40s\"", order_now->status);
}

static bool look_again(order *o, Order *out, poll_state *poll, ca_reply *reply)
{
    return poll_wait(o->ca, poll, reply->retry_after_s, "the order", out->status) &&
           ca_post(o->ca, o->record->order, NULL, NULL, reply) && read_order(o, reply, out);
}

/** Takes the order from one state to the next until it is valid. */
static bool advance(order *o, Order *now, ca_reply *reply)
{
    poll_state poll = {0};
    bool is_proved = false, is_final = false;
    for (unsigned i = 0; i < STEPS_MOST; i++) {
        if (strcmp(now->status, "valid") == 0)
            return download(o, now);
        bool is_ready = strcmp(now->status, "ready") == 0;
        if (is_ready && !is_final) {
            is_final = true;
            if (!finalize(o, now, reply) || !read_order(o, reply, now))
                return false;
            continue;
        }
        bool is_pending = strcmp(now->status, "pending") == 0;
        if (is_pending && !is_proved) {
            is_proved = true;
            if (!prove_names(o, now))
                return false;
        } else if (!is_ready && !is_pending && strcmp(now->status, "processing") != 0) {
            return fail_invalid(o, now);
        }
        if (!look_again(o, now, &poll, reply))
            return false;
    }
    return ca_fail(o->ca, "the order is still \"%.40s\"", now->status);
}

bool order_obtain(order *o)
{
    Order now = {0};
    ca_reply reply = {0};
    o->is_over = false;
    o->ca->fault = (ca_fault){0};
    step(o, "order");
    return begin(o, &reply, &now) && advance(o, &now, &reply);
}

void order_close(order *o)
{
    char file[STORE_NAME_BYTES];
    key_file(o, file);
    store_remove(o->store, file);
}
