/*
 * excuse.c - differences that the documents decide (docs/differences.md).
 *
 * A delete that reaches far is run again on PostgreSQL when the two differ, with foreign keys
 * deferred to the end of the statement. When it then says what the store said, the difference was
 * one of order and is counted, not reported; --strict reports it. There are two kinds:
 *
 * 1. The order of triggers. PostgreSQL judges NO ACTION when its trigger's turn comes: triggers
 *    wait in a queue, a deleted row's in the order in which their constraints were made, and what a
 *    cascade deletes queues up behind them. A row that a longer path would still delete refuses
 *    there. A store that counts all cascades first differs in just these deletes; one that walks
 *    the same queue never does.
 *
 * 2. A transaction's own rows. When SET NULL updates a row that the same transaction wrote (or the
 *    same statement set to null elsewhere), PostgreSQL checks all of the row's foreign keys again,
 *    also those that stay as they are (RI_FKey_fk_upd_check_required in ri_triggers.c), and refuses
 *    when a parent went away that would later take the row with it. It says "insert or update on
 *    table" although the statement is a delete. Of committed rows it asks nothing.
 */
#include "diffpg.h"

bool excuse_order(const answer *ours, const answer *first, const answer *second, excuses *counted)
{
    bool excused = strcmp(first->sqlstate, "23503") == 0 && second->sqlstate[0] != '\0' &&
                   answer_same(ours, second);
    if (excused && counted != NULL) {
        bool own = strncmp(first->message, "insert or update on table", 25) == 0;
        counted->own_rows += own;
        counted->order_of_triggers += !own;
    }
    return excused;
}
