/*
 * refuse.c - clauses that SQLite takes and the engine could not keep.
 *
 * A rule that is accepted and then not enforced is worse than none, so each of these ends the run
 * with the reason.
 */
#include "declare.h"

static const struct {
    const char *word;
    const char *before; /* the word that stands before it, or NULL for any */
    const char *why;
} clauses[] = {
    {"CHECK", NULL, "CHECK constraints are not kept; put the rule in the application"},
    {"CONSTRAINT", NULL, "constraint names are not kept; leave the name to PostgreSQL's rule"},
    {"GENERATED", NULL, "generated columns are not kept"},
    {"AS", NULL, "generated columns are not kept"},
    {"COLLATE", NULL, "collations are not kept; text is ordered by its bytes"},
    {"UPDATE", "ON", "ON UPDATE rules are not kept; only ON DELETE CASCADE and SET NULL are"},
    {"RESTRICT", NULL, "ON DELETE RESTRICT is not kept; NO ACTION refuses, too"},
    {"DEFAULT", "SET", "ON DELETE SET DEFAULT is not kept"},
    {"DEFERRABLE", NULL, "DEFERRABLE constraints are not kept"},
    {"INITIALLY", NULL, "DEFERRABLE constraints are not kept"},
    {"MATCH", NULL, "MATCH rules are not kept"},
    {"AUTOINCREMENT", NULL, "AUTOINCREMENT is not PostgreSQL's; use serial"},
    {"CONFLICT", NULL, "ON CONFLICT rules are not PostgreSQL's"},
    {"EXCLUDE", NULL, "EXCLUDE constraints are not kept"},
    {"LIKE", NULL, "LIKE is not kept; write the columns out"},
    {"ASC", NULL, "an order inside a key is not kept"},
    {"DESC", NULL, "DESC is not kept; a cursor can run backward over any index"},
    {"NULLS", NULL, "an order of nulls is not kept; nulls come last"},
};

void gen_refuse_clause(const gen_token *token)
{
    for (size_t i = 0; i < sizeof clauses / sizeof clauses[0]; i++) {
        if (gen_is(token, clauses[i].word) &&
            (clauses[i].before == NULL || gen_is(token - 1, clauses[i].before)))
            gen_refuse(token->place, "%s", clauses[i].why);
    }
}
