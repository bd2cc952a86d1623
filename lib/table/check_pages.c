/*
 * table/check_pages.c - the structure beneath the tables, before anything else is looked at.
 *
 * The pages of the last commit are walked (lib/pages). What is wrong there is damage: trees
 * may have lost rows, and LMDB would follow what cannot be followed. So the check goes on to rows only
 * if the pages are whole or the store has its guard.
 */
#include "table/check.h"

#include <stdio.h>

static int report_fault(const store_fault *fault, void *context)
{
    static const store_bytes no_row = {NULL, 0};
    check *run = context;
    char page[32] = "";
    if (fault->page != UINT64_MAX) {
        snprintf(page, sizeof page, "page %llu: ", (unsigned long long)fault->page);
    }
    return check_report(run, fault->harmless ? BBOTS_NOTE : BBOTS_DAMAGE, fault->tree, no_row,
                        "%s%s", page, fault->message);
}

int check_pages(check *run, bool *whole)
{
    uint64_t damage = run->result->damage;
    int rc = store_walk(run->txn->store->file, report_fault, run, run->error);
    *whole = run->result->damage == damage;
    return rc;
}
