/*
 * table/judge.h - what must hold of rows beyond the rules of their table, and what of a row follows
 * from other facts: the rooms above know it, the check asks them and a repair lets them mend it.
 */
#ifndef TABLE_JUDGE_H
#define TABLE_JUDGE_H

#include "table/engine.h"

#include <bbots/check.h>

struct judged_row;
typedef void judge_teller(struct judged_row *of, bbots_severity severity, const char *object,
                          const char *message);

/* A row before its judge. */
typedef struct judged_row {
    bbots_txn *txn;
    bbots_row row;
    bool usual; /* notes are wanted */
    bool mend;  /* write anew what follows from other facts, when it is wrong */
    /* The table room's own: */
    judge_teller *tell;
    void *context;
    store_bytes key;
} judged_row;

typedef struct table_judge {
    bool followed; /* what it judges is kept by a follower (follower.h) */
    bool (*judges)(const bbots_schema *schema, const bbots_table *table);
    /*
     * Tells what is wrong with a row by judge_tell(): BBOTS_DERIVED for what follows from other
     * facts, whether it mends it or not. It may write this row and others, by ordinary statements,
     * only when mend is set; the row is void afterwards. BBOTS_OK, or a failure.
     */
    int (*judge)(judged_row *of, bbots_error *error);
} table_judge;

/* The list of this library, ended by NULL (lib/followers.c). */
extern const table_judge *const table_judges[];

/* object: the column that is concerned. */
void judge_tell(judged_row *of, bbots_severity severity, const char *object, const char *format,
                ...) __attribute__((format(printf, 4, 5)));

/*
 * Every row of a table before its judges, which mend what they can (check_account.c). For a repair, when
 * all trees are right.
 */
int account_mend(bbots_txn *txn, engine_table *engine, judge_teller *tell, void *context,
                 bbots_error *error);

#endif
