/* ledger/queue_kinds.c - the five queues as data. */
#include "ledger/queue.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    TASK_PRIORITY = QUEUE_OTHERS,
    TASK_BOT,
    TASK_BLOCKED,
    TASK_STARTED,
    TASK_REVIEW,
    TASK_REVIEWED
};
static const ledger_column task_columns[] = {
    [QUEUE_ID] = {"id", LEDGER_INTEGER},
    [QUEUE_STATUS] = {"status", LEDGER_TEXT},
    [QUEUE_DUE] = {"scheduledFor", LEDGER_TIME},
    [TASK_PRIORITY] = {"priority", LEDGER_TEXT},
    [TASK_BOT] = {"assignedToBot", LEDGER_BOOLEAN},
    [TASK_BLOCKED] = {"blockedBy", LEDGER_INTEGER},
    [TASK_STARTED] = {"startedAt", LEDGER_TIME},
    [TASK_REVIEW] = {"requiresHumanReview", LEDGER_BOOLEAN},
    [TASK_REVIEWED] = {"humanReviewedAt", LEDGER_TIME},
};
static const ledger_key task_keys[] = {
    {false, 5, {QUEUE_STATUS, TASK_BOT, TASK_BLOCKED, TASK_PRIORITY, QUEUE_DUE}}};
static const char *const task_ranks[] = {"critical", "high", "medium", "low", NULL};

enum { RUN_ACTIVE = QUEUE_OTHERS, RUN_STARTED };
static const ledger_column run_columns[] = {
    [QUEUE_ID] = {"id", LEDGER_INTEGER},      [QUEUE_STATUS] = {"status", LEDGER_TEXT},
    [QUEUE_DUE] = {"nextRun", LEDGER_TIME},   [RUN_ACTIVE] = {"isActive", LEDGER_BOOLEAN},
    [RUN_STARTED] = {"lastRun", LEDGER_TIME},
};
static const ledger_key run_keys[] = {{false, 3, {QUEUE_STATUS, RUN_ACTIVE, QUEUE_DUE}}};

enum { ALERT_PRIORITY = QUEUE_OTHERS, ALERT_ATTEMPTS, ALERT_MOST, ALERT_STARTED };
static const ledger_column alert_columns[] = {
    [QUEUE_ID] = {"id", LEDGER_INTEGER},
    [QUEUE_STATUS] = {"status", LEDGER_TEXT},
    [QUEUE_DUE] = {"scheduledFor", LEDGER_TIME},
    [ALERT_PRIORITY] = {"priority", LEDGER_INTEGER},
    [ALERT_ATTEMPTS] = {"attempts", LEDGER_INTEGER},
    [ALERT_MOST] = {"maxAttempts", LEDGER_INTEGER},
    [ALERT_STARTED] = {"lastAttemptAt", LEDGER_TIME},
};
static const ledger_key alert_keys[] = {{false, 3, {QUEUE_STATUS, ALERT_PRIORITY, QUEUE_DUE}}};

enum { CALL_ATTEMPTS = QUEUE_OTHERS };
static const ledger_column call_columns[] = {
    [QUEUE_ID] = {"id", LEDGER_ANY},
    [QUEUE_STATUS] = {"status", LEDGER_TEXT},
    [QUEUE_DUE] = {"nextRetryAt", LEDGER_TIME},
    [CALL_ATTEMPTS] = {"attempts", LEDGER_INTEGER},
};
static const ledger_key call_keys[] = {{false, 2, {QUEUE_STATUS, QUEUE_DUE}}};

static const ledger_column message_columns[] = {
    [QUEUE_ID] = {"id", LEDGER_INTEGER},
    [QUEUE_STATUS] = {"deliveryStatus", LEDGER_TEXT},
    [QUEUE_DUE] = {"scheduledFor", LEDGER_TIME},
};
static const ledger_key message_keys[] = {{false, 2, {QUEUE_STATUS, QUEUE_DUE}}};

#define NEED(slot, table, columns, keys)                                                           \
    {                                                                                              \
        slot, table, columns, keys, COUNT(columns), COUNT(keys)                                    \
    }
#define NONE QUEUE_NO_COLUMN

static const queue_kind kinds[BBOTS_QUEUES] = {
    [BBOTS_QUEUE_AGENCY_TASKS] = {.need = NEED(LEDGER_AGENCY_TASKS, "agency_tasks", task_columns,
                                               task_keys),
                                  .waiting = {"pending"},
                                  .gates = {{TASK_BOT, false}, {TASK_BLOCKED, true}},
                                  .gate_count = 2,
                                  .null_is_due = true,
                                  .ranks = task_ranks,
                                  .priority = TASK_PRIORITY,
                                  .started = TASK_STARTED,
                                  .attempts = NONE,
                                  .max_attempts = NONE,
                                  .review = TASK_REVIEW,
                                  .reviewed = TASK_REVIEWED},
    [BBOTS_QUEUE_SCHEDULED_BROWSER_TASKS] = {.need = NEED(LEDGER_SCHEDULED_TASKS,
                                                          "scheduled_browser_tasks", run_columns,
                                                          run_keys),
                                             .waiting = {"active"},
                                             .gates = {{RUN_ACTIVE, false}},
                                             .gate_count = 1,
                                             .priority = NONE,
                                             .started = RUN_STARTED,
                                             .attempts = NONE,
                                             .max_attempts = NONE,
                                             .review = NONE,
                                             .reviewed = NONE},
    [BBOTS_QUEUE_ALERT_DELIVERIES] = {.need = NEED(LEDGER_ALERTS, "alert_delivery_queue",
                                                   alert_columns, alert_keys),
                                      .waiting = {"pending"},
                                      .null_is_due = true,
                                      .priority = ALERT_PRIORITY,
                                      .started = ALERT_STARTED,
                                      .attempts = ALERT_ATTEMPTS,
                                      .max_attempts = ALERT_MOST,
                                      .review = NONE,
                                      .reviewed = NONE},
    [BBOTS_QUEUE_WEBHOOK_LOGS] = {.need = NEED(LEDGER_WEBHOOK_LOGS, "webhook_logs", call_columns,
                                               call_keys),
                                  .waiting = {"pending", "retrying"},
                                  .priority = NONE,
                                  .started = NONE,
                                  .attempts = CALL_ATTEMPTS,
                                  .max_attempts = NONE,
                                  .review = NONE,
                                  .reviewed = NONE},
    [BBOTS_QUEUE_OUTBOUND_MESSAGES] = {.need = NEED(LEDGER_OUTBOUND, "outbound_messages",
                                                    message_columns, message_keys),
                                       .waiting = {"pending"},
                                       .null_is_due = true,
                                       .priority = NONE,
                                       .started = NONE,
                                       .attempts = NONE,
                                       .max_attempts = NONE,
                                       .review = NONE,
                                       .reviewed = NONE},
};

int queue_find(bbots_queue queue, const queue_kind **kind, bbots_error *error)
{
    if ((unsigned)queue >= BBOTS_QUEUES) {
        return bb_fail(error, BBOTS_INVALID_ARGUMENT, "there is no queue %d", (int)queue);
    }
    *kind = &kinds[queue];
    return BBOTS_OK;
}

const char *bbots_queue_table(bbots_queue queue)
{
    return (unsigned)queue < BBOTS_QUEUES ? kinds[queue].need.table : NULL;
}

unsigned queue_key(const queue_kind *kind, const char *status, const bbots_value *priority,
                   bbots_value key[QUEUE_KEY_MAX])
{
    unsigned count = 0;
    key[count++] = bbots_value_string(status);
    for (unsigned i = 0; i < kind->gate_count; i++) {
        key[count++] = kind->gates[i].is_null ? bbots_value_null() : bbots_value_boolean(true);
    }
    if (priority != NULL) {
        key[count++] = *priority;
    }
    return count;
}

bool queue_waits_for_review(const queue_kind *kind, const ledger_table *of, const bbots_row *row)
{
    return kind->review != QUEUE_NO_COLUMN && ledger_value(of, row, kind->review).boolean &&
           ledger_value(of, row, kind->reviewed).kind == BBOTS_NULL;
}
