/*
 * tests/contract/test_queue.c - proves bbots/queue.h: the order of claims, what is passed over, what
 * a lease does, that a row is never claimed twice, and that a claim reads an index, not the table.
 */
#include "support/race.h"

#include <bbots/platform.h>
#include <bbots/queue.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define USERS    (&bbots_users_table)
#define TASKS    (&bbots_agency_tasks_table)
#define RUNS     (&bbots_scheduled_browser_tasks_table)
#define ALERTS   (&bbots_alert_delivery_queue_table)
#define CALLS    (&bbots_webhook_logs_table)
#define MESSAGES (&bbots_outbound_messages_table)

#define SECOND INT64_C(1000000)
#define NOW    (INT64_C(1000000) * SECOND)

static int setup(void **state)
{
    int rc = fixture_setup(state);
    fixture *place = *state;
    place->store = make_store(place->path, &bbots_platform_schema);
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    assert_ok(insert_named(txn, USERS, "email", string("a@example.org")));
    assert_ok(insert_named(txn, &bbots_user_webhooks_table, "userId", integer(1), "channelType",
                           string("sms"), "channelName", string("w")));
    commit(txn);
    return rc;
}

static bbots_value due_at(int64_t seconds)
{
    return bbots_value_timestamp(NOW + seconds * SECOND);
}

static void add_task(bbots_txn *txn, const char *priority, bbots_value due)
{
    assert_ok(insert_named(txn, TASKS, "userId", integer(1), "sourceType", string("x"), "title",
                           string("t"), "taskType", string("x"), "priority", string(priority),
                           "scheduledFor", due));
}

/* Claims and compares the ids, which end with 0. */
static void assert_claimed(bbots_txn *txn, bbots_queue queue, unsigned most, bbots_timestamp now,
                           const int64_t *ids)
{
    bbots_claim claims[16];
    unsigned count;
    int rc = bbots_queue_claim(txn, queue, most, 30000, now, claims, &count, &fault);
    assert_status(rc, ids[0] == 0 ? BBOTS_NOT_FOUND : BBOTS_OK);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(claims[i].id.integer, ids[i]);
        assert_int_equal(claims[i].lease_end, now + 30 * SECOND);
    }
    assert_int_equal(ids[count], 0);
}

#define IDS(...) ((const int64_t[]){__VA_ARGS__, 0})

static bbots_value value_in(bbots_txn *txn, const bbots_table *table, int64_t id, const char *name)
{
    bbots_row row;
    assert_ok(get_id(txn, table, id, &row));
    return row_at(&row, name);
}

static void assert_text(bbots_txn *txn, const bbots_table *table, int64_t id, const char *name,
                        const char *text)
{
    bbots_value got = value_in(txn, table, id, name);
    bbots_value wanted = string(text);
    assert_true(same_value(&got, &wanted));
}

/* ------------------------------------------------------------------ order */

static void tasks_come_by_priority_and_due_time(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_task(txn, "low", due_at(-100));    /* 1 */
    add_task(txn, "medium", due_at(-5));   /* 2 */
    add_task(txn, "medium", due_at(-9));   /* 3 */
    add_task(txn, "medium", null_value()); /* 4 */
    add_task(txn, "high", due_at(1));      /* 5: not yet */
    add_task(txn, "high", due_at(0));      /* 6: just now */
    add_task(txn, "critical", due_at(-1)); /* 7 */
    add_task(txn, "zebra", due_at(-50));   /* 8: of no known rank */
    add_task(txn, "aardvark", due_at(-1)); /* 9 */
    add_task(txn, "medium", null_value()); /* 10 */
    assert_claimed(txn, BBOTS_QUEUE_AGENCY_TASKS, 1, NOW, IDS(7));
    assert_claimed(txn, BBOTS_QUEUE_AGENCY_TASKS, 4, NOW, IDS(6, 4, 10, 3));
    assert_claimed(txn, BBOTS_QUEUE_AGENCY_TASKS, 16, NOW, IDS(2, 1, 9, 8));
    assert_claimed(txn, BBOTS_QUEUE_AGENCY_TASKS, 16, NOW, IDS(0));
    assert_text(txn, TASKS, 7, "status", "claimed");
    assert_int_equal(value_in(txn, TASKS, 7, "startedAt").integer, NOW);
    assert_int_equal(value_in(txn, TASKS, 7, "scheduledFor").integer, NOW + 30 * SECOND);
    assert_claimed(txn, BBOTS_QUEUE_AGENCY_TASKS, 16, NOW + SECOND, IDS(5));
    commit(txn);
}

static void what_waits_for_somebody_is_passed_over(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < 6; i++) {
        add_task(txn, "high", due_at(-10 + i));
    }
    assert_ok(update_named(txn, TASKS, 1, "assignedToBot", bbots_value_boolean(false)));
    assert_ok(update_named(txn, TASKS, 2, "blockedBy", integer(1)));
    assert_ok(update_named(txn, TASKS, 3, "requiresHumanReview", bbots_value_boolean(true)));
    assert_ok(update_named(txn, TASKS, 4, "requiresHumanReview", bbots_value_boolean(true),
                           "humanReviewedAt", due_at(-1)));
    assert_ok(update_named(txn, TASKS, 5, "status", string("completed")));
    assert_claimed(txn, BBOTS_QUEUE_AGENCY_TASKS, 16, NOW, IDS(4, 6));
    assert_ok(delete_id(txn, TASKS, 1, NULL)); /* sets blockedBy of 2 to null */
    assert_claimed(txn, BBOTS_QUEUE_AGENCY_TASKS, 16, NOW, IDS(2));
    commit(txn);
}

static void add_run(bbots_txn *txn, bbots_value next, bool active, const char *status)
{
    assert_ok(insert_named(txn, RUNS, "userId", integer(1), "name", string("x"), "automationType",
                           string("chat"), "automationConfig",
                           bbots_value_json(bbots_json_of("{}")), "scheduleType", string("cron"),
                           "cronExpression", string("* * * * *"), "createdBy", integer(1),
                           "lastModifiedBy", integer(1), "nextRun", next, "isActive",
                           bbots_value_boolean(active), "status", string(status)));
}

static void scheduled_tasks_come_when_they_are_due(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_run(txn, due_at(-1), true, "active");
    add_run(txn, due_at(-2), true, "active");
    add_run(txn, null_value(), true, "active");
    add_run(txn, due_at(-3), false, "active");
    add_run(txn, due_at(-3), true, "paused");
    add_run(txn, due_at(1), true, "active");
    assert_claimed(txn, BBOTS_QUEUE_SCHEDULED_BROWSER_TASKS, 16, NOW, IDS(2, 1));
    assert_int_equal(value_in(txn, RUNS, 2, "lastRun").integer, NOW);
    assert_claimed(txn, BBOTS_QUEUE_SCHEDULED_BROWSER_TASKS, 16, NOW, IDS(0));
    commit(txn);
}

static void add_alert(bbots_txn *txn, int64_t priority, bbots_value due)
{
    assert_ok(insert_named(txn, ALERTS, "alertHistoryId", integer(1), "channel", string("mail"),
                           "destination", string("x"), "payload",
                           bbots_value_json(bbots_json_of("{}")), "priority", integer(priority),
                           "scheduledFor", due));
}

static void add_history(bbots_txn *txn)
{
    assert_ok(insert_named(txn, &bbots_alert_rules_table, "userId", integer(1), "name", string("r"),
                           "ruleType", string("x"), "conditions",
                           bbots_value_json(bbots_json_of("{}")), "notificationChannels",
                           bbots_value_json(bbots_json_of("[]")), "createdBy", integer(1),
                           "lastModifiedBy", integer(1)));
    assert_ok(insert_named(txn, &bbots_alert_history_table, "ruleId", integer(1), "userId",
                           integer(1), "alertType", string("x"), "severity", string("x"), "title",
                           string("x"), "message", string("x"), "channels",
                           bbots_value_json(bbots_json_of("[]"))));
}

static void alerts_are_tried_a_number_of_times(void **state)
{
    fixture *place = *state;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_history(txn);
    add_alert(txn, 5, null_value()); /* 1 */
    add_alert(txn, -2, due_at(-1));  /* 2 */
    add_alert(txn, 30, due_at(-9));  /* 3 */
    add_alert(txn, 5, due_at(-9));   /* 4 */
    add_alert(txn, 1, due_at(9));    /* 5: not yet */
    assert_claimed(txn, BBOTS_QUEUE_ALERT_DELIVERIES, 3, NOW, IDS(2, 1, 4));
    assert_int_equal(value_in(txn, ALERTS, 2, "attempts").integer, 1);
    assert_int_equal(value_in(txn, ALERTS, 2, "lastAttemptAt").integer, NOW);
    /* Leases run out, twice; the fourth claim would be one too many. */
    bbots_timestamp later = NOW + 40 * SECOND;
    assert_claimed(txn, BBOTS_QUEUE_ALERT_DELIVERIES, 16, later, IDS(2, 5, 1, 4, 3));
    later += 40 * SECOND;
    assert_claimed(txn, BBOTS_QUEUE_ALERT_DELIVERIES, 16, later, IDS(2, 5, 1, 4, 3));
    assert_int_equal(value_in(txn, ALERTS, 2, "attempts").integer, 3);
    later += 40 * SECOND;
    assert_claimed(txn, BBOTS_QUEUE_ALERT_DELIVERIES, 16, later, IDS(5, 3));
    assert_text(txn, ALERTS, 2, "status", "failed");
    assert_text(txn, ALERTS, 1, "status", "failed");
    commit(txn);
}

static void add_call(bbots_txn *txn, const char *event, const char *status, bbots_value due)
{
    assert_ok(insert_named(txn, CALLS, "webhookId", string("w"), "userId", integer(1), "event",
                           string(event), "url", string("x"), "status", string(status),
                           "nextRetryAt", due));
}

static void calls_are_retried_when_they_are_due(void **state)
{
    fixture *place = *state;
    bbots_claim claims[8];
    unsigned count;
    bbots_row row;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_call(txn, "b", "retrying", due_at(-5));
    add_call(txn, "a", "pending", due_at(-6));
    add_call(txn, "c", "pending", due_at(-4));
    add_call(txn, "-", "pending", null_value());
    add_call(txn, "-", "delivered", due_at(-9));
    assert_ok(
        bbots_queue_claim(txn, BBOTS_QUEUE_WEBHOOK_LOGS, 8, 1000, NOW, claims, &count, &fault));
    assert_int_equal(count, 3);
    for (unsigned i = 0; i < count; i++) {
        assert_int_equal(claims[i].id.kind, BBOTS_UUID);
        assert_ok(bbots_get(txn, CALLS, 0, &claims[i].id, &row, &fault));
        assert_int_equal(*(const char *)row_at(&row, "event").data, 'a' + (int)i);
        assert_int_equal(row_at(&row, "attempts").integer, 2);
    }
    commit(txn);
}

static void add_message(bbots_txn *txn, bbots_value due)
{
    assert_ok(insert_named(txn, MESSAGES, "webhookId", integer(1), "userId", integer(1),
                           "messageType", string("x"), "content", string("x"),
                           "recipientIdentifier", string("x"), "scheduledFor", due));
}

/* Of equal due times the least id comes first, whatever the status: of claims that came back, too. */
static void equal_times_come_by_id(void **state)
{
    fixture *place = *state;
    bbots_claim claims[8];
    unsigned count;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_message(txn, due_at(0));
    add_message(txn, due_at(-60));
    add_message(txn, due_at(0));
    add_message(txn, due_at(-60));
    add_message(txn, due_at(0));
    assert_claimed(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 8, NOW - 30 * SECOND, IDS(2, 4));
    assert_claimed(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 8, NOW, IDS(1, 2, 3, 4, 5));
    for (int i = 0; i < 8; i++) {
        add_call(txn, "a", i % 2 == 0 ? "pending" : "retrying", due_at(-1));
    }
    assert_ok(
        bbots_queue_claim(txn, BBOTS_QUEUE_WEBHOOK_LOGS, 8, 1000, NOW, claims, &count, &fault));
    assert_int_equal(count, 8);
    for (unsigned i = 1; i < count; i++) {
        assert_true(memcmp(&claims[i - 1].id.uuid, &claims[i].id.uuid, sizeof claims->id.uuid) < 0);
    }
    commit(txn);
}

/* ------------------------------------------------------------------ leases */

static void a_lease_that_ran_out_comes_back(void **state)
{
    fixture *place = *state;
    bbots_claim first;
    bbots_claim second;
    unsigned count;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_message(txn, due_at(-7));
    assert_ok(bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 1, 1500, NOW, &first, &count,
                                &fault));
    assert_false(first.came_back);
    assert_true(first.had_due);
    assert_int_equal(first.due, NOW - 7 * SECOND);
    assert_int_equal(first.lease_end, NOW + 1500000);
    assert_status(bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 1, 1500, NOW + 1499999,
                                    &second, &count, &fault),
                  BBOTS_NOT_FOUND);
    assert_ok(bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 1, 1500, NOW + 1500000, &second,
                                &count, &fault));
    assert_true(second.came_back);
    /* The first worker wakes up: the row is not his any more. */
    bbots_digest before = digest_of(txn);
    assert_status(bbots_queue_finish(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, &first,
                                     bbots_text_of("sent"), NULL, &fault),
                  BBOTS_REFUSED);
    assert_status(bbots_queue_extend(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, &first, 1000, NOW, &fault),
                  BBOTS_REFUSED);
    assert_digest(txn, before);
    assert_ok(bbots_queue_extend(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, &second, 9000, NOW, &fault));
    assert_int_equal(second.lease_end, NOW + 9 * SECOND);
    assert_ok(bbots_queue_finish(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, &second, bbots_text_of("sent"),
                                 NULL, &fault));
    assert_text(txn, MESSAGES, 1, "deliveryStatus", "sent");
    assert_status(bbots_queue_finish(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, &second,
                                     bbots_text_of("sent"), NULL, &fault),
                  BBOTS_REFUSED);
    assert_ok(delete_id(txn, MESSAGES, 1, NULL));
    assert_status(bbots_queue_extend(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, &second, 1, NOW, &fault),
                  BBOTS_NOT_FOUND);
    commit(txn);
}

static void a_claim_ends_where_it_began_or_later(void **state)
{
    fixture *place = *state;
    bbots_claim claims[2];
    unsigned count;
    bbots_timestamp next = NOW + 60 * SECOND;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_message(txn, null_value());
    add_message(txn, due_at(-3));
    assert_ok(bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 2, 1000, NOW, claims, &count,
                                &fault));
    assert_int_equal(count, 2);
    assert_ok(bbots_queue_finish(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, &claims[0],
                                 bbots_text_of("sent"), NULL, &fault));
    assert_int_equal(value_in(txn, MESSAGES, 1, "scheduledFor").kind, BBOTS_NULL);
    assert_ok(bbots_queue_finish(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, &claims[1],
                                 bbots_text_of("pending"), &next, &fault));
    assert_claimed(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 2, next - 1, IDS(0));
    assert_claimed(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 2, next, IDS(2));
    commit(txn);
}

static void a_queue_tells_its_state(void **state)
{
    fixture *place = *state;
    bbots_queue_state got;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_message(txn, null_value());
    add_message(txn, due_at(-30));
    add_message(txn, due_at(-20));
    add_message(txn, due_at(20));
    assert_claimed(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 1, NOW, IDS(1));
    assert_ok(bbots_queue_look(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, NOW, &got, &fault));
    assert_int_equal(got.due, 2);
    assert_int_equal(got.later, 1);
    assert_int_equal(got.claimed, 1);
    assert_int_equal(got.came_back, 0);
    assert_int_equal(got.oldest, NOW - 30 * SECOND);
    assert_ok(
        bbots_queue_look(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, NOW + 30 * SECOND, &got, &fault));
    assert_int_equal(got.due, 3);
    assert_int_equal(got.came_back, 1);
    commit(txn);
}

/* A lease that is no longer the caller's is refused, whatever took it away; a row may be gone. */
static void a_claim_that_was_lost_is_refused(void **state)
{
    static const struct {
        const char *status;
        bool no_due;
        int64_t later;
        int wanted;
    } cases[] = {{"claimed", false, 0, BBOTS_OK},
                 {"claimex", false, 0, BBOTS_REFUSED},
                 {"done", false, 0, BBOTS_REFUSED},
                 {"claimed", true, 0, BBOTS_REFUSED},
                 {"claimed", false, 1, BBOTS_REFUSED}};
    fixture *place = *state;
    bbots_claim claim;
    unsigned count;
    for (size_t i = 0; i < COUNT(cases); i++) {
        bbots_txn *txn = begin(place->store, BBOTS_WRITE);
        add_message(txn, null_value());
        assert_ok(bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 1, 1000, NOW, &claim,
                                    &count, &fault));
        bbots_value due = bbots_value_timestamp(claim.lease_end + cases[i].later);
        assert_ok(update_named(txn, MESSAGES, claim.id.integer, "deliveryStatus",
                               string(cases[i].status), "scheduledFor",
                               cases[i].no_due ? null_value() : due));
        assert_status(
            bbots_queue_extend(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, &claim, 2000, NOW, &fault),
            cases[i].wanted);
        assert_status(bbots_queue_finish(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, &claim,
                                         bbots_text_of("sent"), NULL, &fault),
                      cases[i].wanted);
        assert_ok(delete_id(txn, MESSAGES, claim.id.integer, NULL));
        assert_status(
            bbots_queue_extend(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, &claim, 2000, NOW, &fault),
            BBOTS_NOT_FOUND);
        bbots_rollback(txn);
    }
}

static void many_rows_are_claimed_at_once(void **state)
{
    enum { MANY = 100 };
    fixture *place = *state;
    bbots_claim claims[MANY];
    unsigned count;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int i = 0; i < MANY; i++) {
        add_task(txn, i % 2 == 0 ? "high" : "low", due_at(-i));
    }
    assert_ok(
        bbots_queue_claim(txn, BBOTS_QUEUE_AGENCY_TASKS, MANY, 1000, NOW, claims, &count, &fault));
    assert_int_equal(count, MANY);
    for (int i = 0; i < MANY / 2; i++) { /* those of high priority, the oldest first */
        assert_int_equal(claims[i].id.integer, MANY - 1 - 2 * i);
        assert_int_equal(claims[MANY / 2 + i].id.integer, MANY - 2 * i);
    }
    commit(txn);
}

static void a_row_without_a_time_waits_where_a_time_is_needed(void **state)
{
    fixture *place = *state;
    bbots_queue_state got;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_run(txn, null_value(), true, "active");
    add_run(txn, due_at(-5), true, "active");
    add_run(txn, due_at(-9), true, "active");
    add_run(txn, due_at(5), true, "active");
    add_run(txn, null_value(), true, "claimed");
    assert_ok(bbots_queue_look(txn, BBOTS_QUEUE_SCHEDULED_BROWSER_TASKS, NOW, &got, &fault));
    assert_int_equal(got.due, 2);
    assert_int_equal(got.later, 1);
    assert_int_equal(got.claimed, 1);
    assert_int_equal(got.came_back, 0);
    assert_int_equal(got.oldest, NOW - 9 * SECOND);
    assert_string_equal(bbots_queue_table(BBOTS_QUEUE_WEBHOOK_LOGS), "webhook_logs");
    assert_null(bbots_queue_table(BBOTS_QUEUES));
    commit(txn);
}

static void bad_input_changes_nothing(void **state)
{
    fixture *place = *state;
    bbots_claim claims[2];
    unsigned count;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_message(txn, null_value());
    bbots_digest before = digest_of(txn);
    assert_status(bbots_queue_claim(txn, (bbots_queue)9, 1, 1000, NOW, claims, &count, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(
        bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 0, 1000, NOW, claims, &count, &fault),
        BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, BBOTS_CLAIMS_MAX + 1, 1000,
                                    NOW, claims, &count, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(
        bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 1, 0, NOW, claims, &count, &fault),
        BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 1, INT64_MAX, NOW, claims,
                                    &count, &fault),
                  BBOTS_DATETIME_OUT_OF_RANGE);
    static const int64_t leases[] = {INT64_MAX / 1000, (BBOTS_TIMESTAMP_MAX - NOW) / 1000 + 1};
    for (size_t i = 0; i < COUNT(leases); i++) {
        assert_status(bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 1, leases[i], NOW,
                                        claims, &count, &fault),
                      BBOTS_DATETIME_OUT_OF_RANGE);
    }
    assert_digest(txn, before);
    assert_ok(bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 1, 1000, NOW, claims, &count,
                                &fault));
    before = digest_of(txn);
    assert_status(bbots_queue_finish(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, claims, bbots_text_of(""),
                                     NULL, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_queue_finish(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, claims,
                                     (bbots_text){NULL, 0}, NULL, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_queue_extend(txn, BBOTS_QUEUES, claims, 1000, NOW, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_queue_extend(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, claims, 0, NOW, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(bbots_queue_finish(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, claims,
                                     bbots_text_of("claimed"), NULL, &fault),
                  BBOTS_INVALID_ARGUMENT);
    assert_status(
        bbots_queue_finish(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, claims,
                           bbots_text_of("a status of more than fifty characters is too long ...."),
                           NULL, &fault),
        BBOTS_STRING_TOO_LONG);
    assert_digest(txn, before);
    commit(txn);
    txn = begin(place->store, BBOTS_READ);
    assert_status(
        bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 1, 1000, NOW, claims, &count, &fault),
        BBOTS_READ_ONLY);
    bbots_rollback(txn);
}

/* ------------------------------------------------------------------ what a claim reads */

/* Spoils every row with this text, where it lies in the closed file. Returns how many. */
static unsigned spoil(const char *path, const char *text)
{
    struct stat status;
    unsigned count = 0;
    int fd = open(path, O_RDWR);
    assert_true(fd >= 0 && fstat(fd, &status) == 0);
    char *bytes = malloc((size_t)status.st_size);
    assert_int_equal(read(fd, bytes, (size_t)status.st_size), status.st_size);
    char *end = bytes + status.st_size;
    for (char *at = bytes; (at = memmem(at, (size_t)(end - at), text, strlen(text))) != NULL;
         at++) {
        assert_int_equal(pwrite(fd, "?", 1, at - bytes), 1);
        count++;
    }
    free(bytes);
    close(fd);
    return count;
}

/* Rows that cannot be read are in nobody's way: a claim goes to those that are due, by the index. */
static void a_claim_reads_what_is_due(void **state)
{
    enum { OTHERS = 300 };
    fixture *place = *state;
    const bbots_options options = {.schema = &bbots_platform_schema};
    bbots_row row;
    bbots_cursor *cursor;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    for (int64_t i = 1; i <= OTHERS; i++) {
        add_task(txn, "high", due_at(i));
        assert_ok(update_named(txn, TASKS, i, "title", string("not-to-be-read"), "status",
                               string(i % 2 == 0 ? "pending" : "completed")));
    }
    add_task(txn, "high", due_at(-1));
    add_task(txn, "low", due_at(-2));
    commit(txn);
    assert_ok(bbots_close(place->store, &fault));
    assert_true(spoil(place->path, "not-to-be-read") >= OTHERS);
    place->store = open_store(place->path, &options);
    txn = begin(place->store, BBOTS_WRITE);
    assert_claimed(txn, BBOTS_QUEUE_AGENCY_TASKS, 16, NOW, IDS(OTHERS + 1, OTHERS + 2));
    assert_ok(bbots_cursor_open(txn, TASKS, 0, NULL, &cursor, &fault));
    assert_status(bbots_cursor_next(cursor, &row, &fault), BBOTS_CORRUPTED);
    bbots_cursor_close(cursor);
    bbots_rollback(txn);
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL; /* no check would find it whole */
}

/* ------------------------------------------------------------------ against a plain model */

enum { MODEL_ROWS = 60 };

/* Random alerts, claimed at random times, against a sort of all rows. */
typedef struct model_row {
    int64_t id;
    int64_t priority;
    bool has_due;
    bbots_timestamp due;
    unsigned attempts;
    bool failed;
} model_row;

static int compare_rows(const void *left, const void *right)
{
    const model_row *a = left;
    const model_row *b = right;
    if (a->priority != b->priority) {
        return a->priority < b->priority ? -1 : 1;
    }
    if (a->has_due != b->has_due) {
        return a->has_due ? 1 : -1;
    }
    if (a->has_due && a->due != b->due) {
        return a->due < b->due ? -1 : 1;
    }
    return a->id < b->id ? -1 : 1;
}

static void claims_follow_the_model(void **state)
{
    fixture *place = *state;
    random_source source = random_begin("queue");
    model_row rows[MODEL_ROWS];
    bbots_timestamp now = NOW;
    bbots_txn *txn = begin(place->store, BBOTS_WRITE);
    add_history(txn);
    for (int i = 0; i < MODEL_ROWS; i++) {
        bool has_due = random_below(&source, 4) != 0;
        int64_t due = (int64_t)random_below(&source, 400);
        rows[i] = (model_row){
            i + 1, (int64_t)random_below(&source, 5), has_due, NOW + due * SECOND, 0, false};
        add_alert(txn, rows[i].priority, has_due ? due_at(due) : null_value());
    }
    for (int step = 0; step < 120; step++) {
        bbots_claim claims[16];
        unsigned count;
        unsigned most = 1 + (unsigned)random_below(&source, 16);
        unsigned wanted = 0;
        now += (int64_t)random_below(&source, 12) * SECOND;
        qsort(rows, MODEL_ROWS, sizeof *rows, compare_rows);
        int rc = bbots_queue_claim(txn, BBOTS_QUEUE_ALERT_DELIVERIES, most, 20000, now, claims,
                                   &count, &fault);
        assert_true(rc >= 0);
        for (int i = 0; i < MODEL_ROWS && wanted < most; i++) {
            model_row *row = &rows[i];
            if (row->failed || (row->has_due && row->due > now)) {
                continue;
            }
            if (row->attempts == 3) {
                row->failed = true;
                continue;
            }
            assert_true(wanted < count);
            assert_int_equal(claims[wanted].id.integer, row->id);
            assert_int_equal(claims[wanted].had_due, row->has_due);
            if (row->has_due) {
                assert_int_equal(claims[wanted].due, row->due);
            }
            wanted++;
        }
        assert_int_equal(count, wanted);
        for (unsigned c = 0; c < count; c++) {
            for (int i = 0; i < MODEL_ROWS; i++) {
                if (rows[i].id == claims[c].id.integer) {
                    assert_false(rows[i].has_due && rows[i].due > now);
                    rows[i].attempts++;
                    rows[i].has_due = true;
                    rows[i].due = claims[c].lease_end;
                }
            }
        }
    }
    commit(txn);
}

/* ------------------------------------------------------------------ races */

static int put_one(bbots_txn *txn, void *context, bbots_error *error)
{
    (void)context;
    (void)error;
    add_message(txn, null_value());
    return BBOTS_OK;
}

static int claim_one(bbots_txn *txn, void *context, bbots_error *error)
{
    bbots_claim claim;
    unsigned count;
    (void)context;
    int rc = bbots_queue_claim(txn, BBOTS_QUEUE_OUTBOUND_MESSAGES, 1, 1000000000, NOW, &claim,
                               &count, error);
    return rc == BBOTS_NOT_FOUND ? BBOTS_REFUSED : rc;
}

static race race_of(fixture *place)
{
    assert_ok(bbots_close(place->store, &fault));
    place->store = NULL;
    return (race){place->path, &bbots_platform_schema, put_one, claim_one, NULL};
}

static void one_of_two_threads_gets_the_row(void **state)
{
    race run = race_of(*state);
    race_threads(&run, race_rounds(50));
}

static void one_of_two_processes_gets_the_row(void **state)
{
    race run = race_of(*state);
    race_processes(&run, race_rounds(50));
}

#define ON_PLATFORM(test) cmocka_unit_test_setup_teardown(test, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_PLATFORM(tasks_come_by_priority_and_due_time),
        ON_PLATFORM(what_waits_for_somebody_is_passed_over),
        ON_PLATFORM(scheduled_tasks_come_when_they_are_due),
        ON_PLATFORM(alerts_are_tried_a_number_of_times),
        ON_PLATFORM(calls_are_retried_when_they_are_due),
        ON_PLATFORM(equal_times_come_by_id),
        ON_PLATFORM(a_lease_that_ran_out_comes_back),
        ON_PLATFORM(a_claim_ends_where_it_began_or_later),
        ON_PLATFORM(a_queue_tells_its_state),
        ON_PLATFORM(a_claim_that_was_lost_is_refused),
        ON_PLATFORM(many_rows_are_claimed_at_once),
        ON_PLATFORM(a_row_without_a_time_waits_where_a_time_is_needed),
        ON_PLATFORM(bad_input_changes_nothing),
        ON_PLATFORM(a_claim_reads_what_is_due),
        ON_PLATFORM(claims_follow_the_model),
        ON_PLATFORM(one_of_two_threads_gets_the_row),
        ON_PLATFORM(one_of_two_processes_gets_the_row),
    };
    choose_tests();
    return cmocka_run_group_tests_name("queue", tests, NULL, NULL);
}
