#include "runtime/budget.h"
#include "runtime/coro.h"
#include "runtime/scope.h"
#include "runtime/unwind.h"

#include <tern/task.h>

#include <string.h>

/* A sender or receiver in the queue; on its coroutine's stack. */
typedef struct channel_waiter {
    list_link link;
    coro *waiting;
    void *value;  /* where the value is taken from or put */
    bool is_done; /* taken off the queue: the value has passed, or the channel was closed */
    bool has_passed;
} channel_waiter;

/* Invariants: receivers queue only while the ring is empty, senders only while it is full; so one of the two
 * queues is always empty, and values leave in the order they came. */
struct tern_channel {
    size_t value_bytes, capacity;
    size_t count, oldest; /* values in the ring, and the place of the first */
    bool is_closed;
    list_link senders, receivers;
    char ring[];
};

tern_channel *tern_channel_new(tern_ctx *c, size_t value_bytes, size_t capacity)
{
    (void)c;
    scope *s = scope_self();
    tern_channel *channel = NULL;
    size_t bytes;
    if (!__builtin_mul_overflow(value_bytes, capacity, &bytes) &&
        !__builtin_add_overflow(bytes, sizeof *channel, &bytes))
        channel = arena_alloc(s->arena, bytes);
    if (channel == NULL) {
        s->fail(s, 503, "out of request memory");
    }
    channel->value_bytes = value_bytes;
    channel->capacity = capacity;
    channel->count = channel->oldest = 0;
    channel->is_closed = false;
    list_init(&channel->senders);
    list_init(&channel->receivers);
    return channel;
}

static void copy_value(const tern_channel *channel, void *to, const void *from)
{
    if (channel->value_bytes != 0)
        memcpy(to, from, channel->value_bytes);
}

static void ring_put(tern_channel *channel, const void *value)
{
    size_t place = (channel->oldest + channel->count++) % channel->capacity;
    copy_value(channel, channel->ring + place * channel->value_bytes, value);
}

static void ring_take(tern_channel *channel, void *value)
{
    copy_value(channel, value, channel->ring + channel->oldest * channel->value_bytes);
    channel->oldest = (channel->oldest + 1) % channel->capacity;
    channel->count--;
}

static channel_waiter *first_of(list_link *queue)
{
    return list_empty(queue) ? NULL : list_owner(queue->next, channel_waiter, link);
}

static void finish(channel_waiter *waiter, bool has_passed)
{
    list_remove(&waiter->link);
    waiter->is_done = true;
    waiter->has_passed = has_passed;
    coro_wake(waiter->waiting);
}

/*
 * A function of its own: inlined, gcc 12 warns that the queue's pointer to the waiter's frame outlives the
 * frame.
 *
 */
static __attribute__((noinline)) void enqueue(list_link *queue, channel_waiter *waiter)
{
    list_append(queue, &waiter->link);
}

/* Queues the running coroutine until its value has passed (true) or the channel is closed (false); leaves it
 * when it is cancelled before either. */
static bool wait_in(list_link *queue, void *value)
{
    channel_waiter waiter = {.waiting = coro_self(), .value = value};
    enqueue(queue, &waiter);
    bool is_cancelled = false;
    while (!waiter.is_done && !is_cancelled)
        is_cancelled = coro_wait(0) == CORO_CANCELLED;
    list_remove(&waiter.link);
    if (!waiter.is_done)
        unwind_throw(UNWIND_CANCELLED);
    return waiter.has_passed;
}

bool tern_send(tern_ctx *c, tern_channel *channel, const void *value)
{
    (void)c;
    budget_spend(BUDGET_STEP);
    if (channel->is_closed)
        return false;
    channel_waiter *receiver = first_of(&channel->receivers);
    if (receiver != NULL) {
        copy_value(channel, receiver->value, value);
        finish(receiver, true);
        return true;
    }
    if (channel->count < channel->capacity) {
        ring_put(channel, value);
        return true;
    }
    return wait_in(&channel->senders, (void *)(uintptr_t)value);
}

bool tern_receive(tern_ctx *c, tern_channel *channel, void *value)
{
    (void)c;
    budget_spend(BUDGET_STEP);
    channel_waiter *sender = first_of(&channel->senders);
    if (channel->count > 0) {
        ring_take(channel, value);
        if (sender != NULL) {
            ring_put(channel, sender->value);
            finish(sender, true);
        }
        return true;
    }
    if (sender != NULL) {
        copy_value(channel, value, sender->value);
        finish(sender, true);
        return true;
    }
    return !channel->is_closed && wait_in(&channel->receivers, value);
}

void tern_channel_close(tern_channel *channel)
{
    channel->is_closed = true;
    for (channel_waiter *waiter; (waiter = first_of(&channel->senders)) != NULL;)
        finish(waiter, false);
    for (channel_waiter *waiter; (waiter = first_of(&channel->receivers)) != NULL;)
        finish(waiter, false);
}
