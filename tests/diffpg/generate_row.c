/*
 * generate_row.c - what columns are given.
 *
 * Most rows have to be right, or no statement would ever have anything to work on: references
 * point to rows that are there, keys are new. Then some things are made wrong on purpose: a
 * reference to nothing, a key that is taken, a null, a value that does not fit. Errors come one at
 * a time and in pairs, since the order in which they are judged is part of the answer.
 */
#include "diffpg.h"

typedef struct row {
    literal values[BBOTS_COLUMNS_MAX];
    uint64_t given;
} row;

static uint64_t bits(const uint8_t *columns, unsigned count)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < count; i++) {
        set |= BBOTS_COLUMN_BIT(columns[i]);
    }
    return set;
}

static bool not_null(const bbots_table *table, unsigned column)
{
    return (table->columns[column].flags & BBOTS_COLUMN_NOT_NULL) != 0;
}

/* Columns of any index, and those of unique ones. */
static uint64_t indexed(const bbots_table *table, bool unique)
{
    uint64_t set = 0;
    for (unsigned i = 0; i < table->index_count; i++) {
        const bbots_index *index = &table->indexes[i];
        if (!unique || (index->flags & (BBOTS_INDEX_UNIQUE | BBOTS_INDEX_PRIMARY)) != 0) {
            set |= bits(index->columns, index->column_count);
        }
    }
    return set;
}

static uint64_t referencing(const bbots_table *table)
{
    uint64_t set = 0;
    for (unsigned f = 0; f < table->foreign_key_count; f++) {
        set |= bits(table->foreign_keys[f].columns, table->foreign_keys[f].column_count);
    }
    return set;
}

/* ------------------------------------------------------------------ references */

static void to_nothing(generator *from, const bbots_table *table, const bbots_foreign_key *key,
                       row *made)
{
    for (unsigned i = 0; i < key->column_count; i++) {
        unsigned column = key->columns[i];
        if (chance(&from->source, 70)) {
            literal_make(&from->source, from->memory, &table->columns[column], PLAIN, true,
                         &made->values[column]);
        } else if (!not_null(table, column) || chance(&from->source, 30)) {
            literal_null(&made->values[column]);
        }
    }
}

static void give_reference(generator *from, const bbots_table *table, const bbots_foreign_key *key,
                           row *made)
{
    literal parent[BBOTS_COLUMNS_MAX];
    random_source *source = &from->source;
    const bbots_table *other = from->side->schema->tables[key->parent];
    bool nullable = !not_null(table, key->columns[0]);
    made->given |= bits(key->columns, key->column_count);
    if (nullable && chance(source, 25)) {
        literal_null(&made->values[key->columns[random_below(source, key->column_count)]]);
        return;
    }
    if (!living_row(from, other, bits(key->parent_columns, key->column_count), parent)) {
        memset(parent, 0, sizeof parent);
    }
    for (unsigned i = 0; i < key->column_count; i++) {
        bool itself = other == table && chance(source, 10);
        made->values[key->columns[i]] =
            itself ? made->values[key->parent_columns[i]] : parent[key->parent_columns[i]];
    }
    if (chance(source, 4)) {
        to_nothing(from, table, key, made);
    }
}

/* ------------------------------------------------------------------ keys */

static void give_number_key(generator *from, const bbots_column *column, bool alone, literal *made)
{
    uint64_t choice = random_below(&from->source, 1000);
    int64_t number = choice < 3    ? INT32_MAX - (int64_t)choice
                     : choice < 15 ? -(int64_t)choice
                                   : 1 + (int64_t)random_below(&from->source, alone ? 500 : 6);
    if (column->type == BBOTS_TYPE_SMALLINT && number > INT16_MAX) {
        number -= INT32_MAX - INT16_MAX;
    }
    literal_text(from->memory, made, "%lld", (long long)number);
    made->typed = chance(&from->source, 50) ? bbots_value_integer(number) : bbots_value_null();
}

static bool is_number(const bbots_column *column)
{
    return column->type == BBOTS_TYPE_INTEGER || column->type == BBOTS_TYPE_SMALLINT ||
           column->type == BBOTS_TYPE_BIGINT;
}

static void give_key_column(generator *from, const bbots_table *table, unsigned column,
                            literal *made)
{
    literal other[BBOTS_COLUMNS_MAX];
    const bbots_column *described = &table->columns[column];
    bool alone = table->indexes[0].column_count == 1;
    bool text = described->type == BBOTS_TYPE_TEXT || described->type == BBOTS_TYPE_VARCHAR;
    if (is_number(described)) {
        give_number_key(from, described, alone, made);
    } else if (chance(&from->source, 6) &&
               living_row(from, table, BBOTS_COLUMN_BIT(column), other)) {
        *made = other[column];
    } else if (text && alone && chance(&from->source, 85)) {
        literal_text(from->memory, made, "k%llx",
                     (unsigned long long)random_below(&from->source, 1u << 20));
    } else {
        literal_make(&from->source, from->memory, described,
                     chance(&from->source, 20) ? ODD : PLAIN, true, made);
    }
}

/* ------------------------------------------------------------------ any column */

static void give_column(generator *from, const bbots_table *table, unsigned column, literal *made)
{
    uint64_t bit = BBOTS_COLUMN_BIT(column);
    random_source *source = &from->source;
    if (!not_null(table, column) && chance(source, 15)) {
        literal_null(made);
    } else if ((indexed(table, true) & bit) != 0) {
        give_key_column(from, table, column, made);
    } else {
        literal_make(source, from->memory, &table->columns[column],
                     chance(source, 10) ? ODD : PLAIN, (indexed(table, false) & bit) != 0, made);
    }
}

/* Makes a few of the given columns wrong. */
static void spoil(generator *from, const bbots_table *table, row *made)
{
    random_source *source = &from->source;
    uint64_t keyed = indexed(table, false);
    unsigned times = chance(source, 30) ? 2 + (unsigned)random_below(source, 3) : 1;
    for (unsigned i = 0; i < times * 4 && times > 0; i++) {
        unsigned column = (unsigned)random_below(source, table->column_count);
        uint64_t bit = BBOTS_COLUMN_BIT(column);
        if ((made->given & bit) == 0) {
            continue;
        }
        times--;
        if (chance(source, 15)) {
            literal_null(&made->values[column]);
        } else {
            literal_make(source, from->memory, &table->columns[column], BAD, (keyed & bit) != 0,
                         &made->values[column]);
        }
    }
}

static literal *pack(generator *from, const row *made)
{
    literal *packed = pool_alloc(from->memory, BBOTS_COLUMNS_MAX * sizeof *packed);
    unsigned count = 0;
    for (uint64_t left = made->given; left != 0; left &= left - 1) {
        packed[count++] = made->values[__builtin_ctzll(left)];
    }
    return packed;
}

/* ------------------------------------------------------------------ rows */

static bool left_out(generator *from, const bbots_column *column)
{
    if ((column->flags & BBOTS_COLUMN_SERIAL) != 0) {
        return chance(&from->source, 60);
    }
    switch ((bbots_default)column->default_kind) {
    case BBOTS_DEFAULT_UUID:
        return false; /* random: the two could not be compared */
    case BBOTS_DEFAULT_NONE:
        return chance(&from->source, (column->flags & BBOTS_COLUMN_NOT_NULL) != 0 ? 1 : 50);
    default:
        return chance(&from->source, 50);
    }
}

void generate_row(generator *from, statement *made)
{
    static row all; /* large, and used by one thread */
    const bbots_table *table = made->table;
    uint64_t references = referencing(table);
    all.given = 0;
    for (uint64_t left = shared_columns(table); left != 0; left &= left - 1) {
        unsigned column = (unsigned)__builtin_ctzll(left);
        if ((references & BBOTS_COLUMN_BIT(column)) != 0 ||
            !left_out(from, &table->columns[column])) {
            all.given |= BBOTS_COLUMN_BIT(column);
            give_column(from, table, column, &all.values[column]);
        } else {
            literal_null(&all.values[column]);
        }
    }
    for (unsigned f = 0; f < table->foreign_key_count; f++) {
        give_reference(from, table, &table->foreign_keys[f], &all);
    }
    if (chance(&from->source, 12)) {
        spoil(from, table, &all);
    }
    made->given = all.given;
    made->values = pack(from, &all);
}

void generate_changes(generator *from, statement *made)
{
    static row all;
    const bbots_table *table = made->table;
    unsigned count = 1 + (unsigned)random_below(&from->source, 3);
    uint64_t rare = bits(table->indexes[0].columns, table->indexes[0].column_count);
    memset(&all, 0, sizeof all);
    while (count > 0 || all.given == 0) {
        unsigned column = (unsigned)random_below(&from->source, table->column_count);
        uint64_t bit = BBOTS_COLUMN_BIT(column);
        if ((shared_columns(table) & bit) != 0 &&
            ((rare & bit) == 0 || chance(&from->source, 40))) {
            all.given |= bit;
            give_column(from, table, column, &all.values[column]);
        }
        count -= count > 0;
    }
    for (unsigned f = 0; f < table->foreign_key_count; f++) {
        const bbots_foreign_key *key = &table->foreign_keys[f];
        if ((bits(key->columns, key->column_count) & all.given) != 0 || chance(&from->source, 8)) {
            give_reference(from, table, key, &all);
        }
    }
    if (chance(&from->source, 12)) {
        spoil(from, table, &all);
    }
    made->set = all.given;
    made->changes = pack(from, &all);
}
