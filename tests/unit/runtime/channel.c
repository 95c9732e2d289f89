#include "fake_request.h"

#include <stdio.h>

static tern_channel *channel;

static void send_numbers(tern_ctx *c, void *arg)
{
    for (int i = 1; i <= *(int *)arg; i++) {
        char text[16];
        snprintf(text, sizeof text, "s%d ", i);
        if (!tern_send(c, channel, &i)) {
            note("closed ");
            return;
        }
        note(text);
    }
    tern_channel_close(channel);
}

static void receive_all(tern_ctx *c)
{
    int value;
    while (tern_receive(c, channel, &value)) {
        char text[16];
        snprintf(text, sizeof text, "r%d ", value);
        note(text);
    }
}

static int three = 3;

static void pass_three(tern_ctx *c, size_t capacity)
{
    channel = tern_channel_new(c, sizeof(int), capacity);
    tern_go(c, send_numbers, &three);
    receive_all(c);
    note("end");
}

static void pass_unbuffered(tern_ctx *c)
{
    pass_three(c, 0);
}

TEST(without_capacity_sender_and_receiver_meet)
{
    run_handler(pass_unbuffered);
    CHECK_TEXT(trace, "s1 r1 r2 s2 s3 r3 end");
}

static void pass_buffered(tern_ctx *c)
{
    pass_three(c, 2);
}

TEST(values_come_in_the_order_they_were_sent)
{
    run_handler(pass_buffered);
    CHECK_TEXT(trace, "s1 s2 s3 r1 r2 r3 end");
}

static void fill_without_receiver(tern_ctx *c)
{
    channel = tern_channel_new(c, sizeof(int), 2);
    tern_task *sender = tern_go(c, send_numbers, &three);
    tern_sleep(c, 1);
    note("| ");
    receive_all(c);
    tern_wait(c, sender);
}

TEST(a_full_channel_blocks_its_sender)
{
    run_handler(fill_without_receiver);
    CHECK_TEXT(trace, "s1 s2 | r1 r2 r3 s3 ");
}

static void send_named(tern_ctx *c, void *arg)
{
    tern_send(c, channel, arg);
}

static void queue_senders(tern_ctx *c)
{
    static char names[] = "abcdef";
    char seen[2] = "";
    channel = tern_channel_new(c, 1, 1);
    for (unsigned i = 0; i < 6; i++)
        tern_go(c, send_named, names + i);
    tern_sleep(c, 1);
    for (unsigned i = 0; i < 6; i++) {
        CHECK(tern_receive(c, channel, seen));
        note(seen);
    }
}

TEST(senders_are_served_in_the_order_they_came)
{
    run_handler(queue_senders);
    CHECK_TEXT(trace, "abcdef");
}

static void receive_named(tern_ctx *c, void *arg)
{
    char value[2] = "";
    if (tern_receive(c, channel, value)) {
        note(arg);
        note(value);
    } else {
        note("closed ");
    }
}

static void queue_receivers(tern_ctx *c)
{
    channel = tern_channel_new(c, 1, 4);
    tern_go(c, receive_named, " A");
    tern_go(c, receive_named, " B");
    tern_task *last = tern_go(c, receive_named, " C");
    tern_sleep(c, 1);
    for (const char *value = "123"; *value != '\0'; value++)
        CHECK(tern_send(c, channel, value));
    tern_wait(c, last);
}

TEST(receivers_are_served_in_the_order_they_came)
{
    run_handler(queue_receivers);
    CHECK_TEXT(trace, " A1 B2 C3");
}

static void close_with_waiting(tern_ctx *c)
{
    channel = tern_channel_new(c, 1, 0);
    tern_go(c, receive_named, "");
    tern_task *second = tern_go(c, receive_named, "");
    tern_sleep(c, 1);
    tern_channel_close(channel);
    tern_channel_close(channel);
    tern_wait(c, second);
    CHECK(!tern_send(c, channel, "x"));
}

TEST(closing_wakes_every_receiver)
{
    run_handler(close_with_waiting);
    CHECK_TEXT(trace, "closed closed ");
}

static void close_with_senders(tern_ctx *c)
{
    int value = 0;
    channel = tern_channel_new(c, sizeof(int), 1);
    tern_task *sender = tern_go(c, send_numbers, &three);
    tern_sleep(c, 1);
    tern_channel_close(channel);
    tern_wait(c, sender);
    CHECK(tern_receive(c, channel, &value));
    CHECK_INT(value, 1);
    CHECK(!tern_receive(c, channel, &value));
}

TEST(closing_refuses_waiting_senders_and_keeps_the_values_in_the_ring)
{
    CHECK_INT(run_handler(close_with_senders).reason, UNWIND_NONE);
    CHECK_TEXT(trace, "s1 closed ");
}

static void cancel_waiters(tern_ctx *c)
{
    char value[2] = "";
    channel = tern_channel_new(c, 1, 0);
    tern_task *first = tern_go(c, send_named, "1");
    tern_task *second = tern_go(c, send_named, "2");
    tern_sleep(c, 1);
    tern_cancel(first);
    tern_wait(c, first);
    CHECK(tern_receive(c, channel, value));
    note(value);
    tern_wait(c, second);
    tern_task *receiver = tern_go(c, receive_named, "never");
    tern_task *other = tern_go(c, receive_named, " other");
    tern_sleep(c, 1);
    tern_cancel(receiver);
    tern_wait(c, receiver);
    CHECK(tern_send(c, channel, "3"));
    tern_wait(c, other);
}

TEST(a_cancelled_waiter_leaves_the_queue)
{
    run_handler(cancel_waiters);
    CHECK_TEXT(trace, "2 other3");
}

static void cancel_after_the_value_passed(tern_ctx *c)
{
    channel = tern_channel_new(c, 1, 0);
    tern_task *receiver = tern_go(c, receive_named, "got ");
    tern_sleep(c, 1);
    CHECK(tern_send(c, channel, "x"));
    tern_cancel(receiver);
    tern_wait(c, receiver);
}

TEST(a_value_handed_over_is_not_lost_by_a_cancellation_after_it)
{
    run_handler(cancel_after_the_value_passed);
    CHECK_TEXT(trace, "got x");
}

static void pass_signals(tern_ctx *c)
{
    channel = tern_channel_new(c, 0, 3);
    for (unsigned i = 0; i < 3; i++)
        CHECK(tern_send(c, channel, NULL));
    for (unsigned i = 0; i < 3; i++)
        CHECK(tern_receive(c, channel, NULL));
}

TEST(values_may_have_no_bytes)
{
    CHECK_INT(run_handler(pass_signals).reason, UNWIND_NONE);
}

static void too_large(tern_ctx *c)
{
    tern_channel_new(c, SIZE_MAX / 2, 4);
}

TEST(a_channel_larger_than_memory_fails_the_request)
{
    CHECK_INT(run_handler(too_large).status, 503);
}
