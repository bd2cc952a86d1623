/*
 * keys.c - `keys`: which keys the store's secrets need; a new key file; sealing by a new key.
 *
 * Keys are shown by their ids only. Nothing here prints a key, not even the one that it makes.
 */
#include "options.h"
#include "session.h"
#include "sheet.h"

#include <stdlib.h>

static const char help_text[] =
    "Usage: bbots-inspect [--keys KEYFILE] FILE keys\n"
    "       bbots-inspect --keys KEYFILE FILE keys rotate [--batch ROWS]\n"
    "       bbots-inspect FILE keys new KEYFILE\n"
    "\n"
    "keys lists the keys by which secret values of the store are sealed, how many each, and "
    "whether\n"
    "--keys has them. An id tells keys apart and nothing else. \"data keys\" are keys of owners "
    "that\n"
    "are rows of the store.\n"
    "\n"
    "keys rotate seals every secret by the first key in KEYFILE. The keys by which values are "
    "sealed\n"
    "now have to stand behind it until the list shows that nothing needs them. Others may use the\n"
    "store meanwhile; when the command is stopped, the next one goes on.\n"
    "\n"
    "  --batch ROWS   rows of one transaction; without it 500\n"
    "\n"
    "keys new makes KEYFILE with a new random key, for your eyes only (mode 0600). An existing "
    "file\n"
    "is left alone. FILE is not looked at.\n"
    "\n"
    "KEYFILE has a key a line: 64 hexadecimal digits or 44 characters of base64. The first one "
    "seals.\n"
    "Instead of --keys the variable BBOTS_KEYS may hold such a text.\n"
    "\n"
    "Exit code: 0; 1 of keys, when a key is missing, and of rotate, when values stayed closed; 2 "
    "for\n"
    "a wrong command line; 3 when the store or a file could not be used.\n";

/* ------------------------------------------------------------------ the list */

static int put_uses(const command_line *line, const bbots_key_use *uses, unsigned count)
{
    static const sheet_column columns[] = {
        {"key", SHEET_WHOLE}, {"values", SHEET_NUMBER}, {"given", SHEET_TEXT}};
    static const bbots_key_id rows;
    bool missing = false;
    sheet *to = sheet_begin(line, columns, 3, (sheet_options){.empty = "no value is sealed"});
    if (to == NULL) {
        return EXIT_FAILED;
    }
    for (unsigned i = 0; i < count; i++) {
        char text[BBOTS_KEY_ID_TEXT_MAX];
        bbots_key_id_print(uses[i].id, text);
        sheet_text(to, memcmp(&uses[i].id, &rows, sizeof rows) == 0 ? "data keys" : text);
        sheet_number(to, uses[i].values);
        sheet_boolean(to, uses[i].given);
        missing = missing || !uses[i].given;
    }
    int code = sheet_end(to);
    return code == EXIT_DONE && missing ? EXIT_NOTHING : code;
}

static int list(const command_line *line)
{
    bbots_error error;
    session in;
    unsigned count = 0;
    int code = session_open(line, &in);
    if (code != EXIT_DONE) {
        return code;
    }
    bbots_key_use *uses = NULL;
    int rc = bbots_key_uses(in.txn, NULL, 0, &count, &error);
    if (rc == BBOTS_OK) {
        uses = calloc(count + 1, sizeof *uses);
        rc = uses != NULL ? bbots_key_uses(in.txn, uses, count, &count, &error) : BBOTS_NO_MEMORY;
    }
    code = rc == BBOTS_OK ? put_uses(line, uses, count) : library_error(line, &error);
    free(uses);
    session_close(&in);
    return code;
}

/* ------------------------------------------------------------------ rotation */

static int show(uint64_t renewed, uint64_t rows, void *context)
{
    progress_show(context, renewed, rows);
    return 0;
}

static int put_rotation(const command_line *line, const bbots_rotation *done)
{
    static const sheet_column columns[] = {{"renewed", SHEET_NUMBER}, {"closed", SHEET_NUMBER}};
    if (line->format == FORMAT_PEOPLE) {
        printf("%llu rows have values sealed anew; %llu values could not be opened\n",
               (unsigned long long)done->renewed, (unsigned long long)done->closed);
        return EXIT_DONE;
    }
    sheet *to = sheet_begin(line, columns, 2, (sheet_options){.single = true});
    if (to != NULL) {
        sheet_number(to, done->renewed);
        sheet_number(to, done->closed);
    }
    return sheet_end(to);
}

static int rotate(const command_line *line, const char *batch)
{
    bbots_rotation rotation = {0};
    bbots_error error;
    uint64_t rows = 0;
    int code = batch != NULL ? read_number(line, "--batch", batch, &rows) : EXIT_DONE;
    if (code != EXIT_DONE) {
        return code;
    }
    bbots_store *store = open_store(line, 0);
    if (store == NULL) {
        return EXIT_FAILED;
    }
    progress *bar = progress_begin(line, "rotate");
    rotation.batch_rows = rows > UINT32_MAX ? UINT32_MAX : (uint32_t)rows;
    rotation.on_progress = show;
    rotation.context = bar;
    int rc = bbots_keys_rotate(store, &rotation, &error);
    progress_end(bar);
    code = rc == BBOTS_OK ? put_rotation(line, &rotation) : library_error(line, &error);
    (void)bbots_close(store, NULL);
    return code == EXIT_DONE && rotation.closed != 0 ? EXIT_NOTHING : code;
}

/* ------------------------------------------------------------------ a new key */

static int make(const command_line *line, const char *path)
{
    bbots_error error;
    bbots_key_id id;
    char text[BBOTS_KEY_ID_TEXT_MAX];
    if (bbots_key_file_create(path, &id, &error) != BBOTS_OK) {
        return library_error(line, &error);
    }
    bbots_key_id_print(id, text);
    if (line->format != FORMAT_PEOPLE) {
        static const sheet_column columns[] = {{"file", SHEET_TEXT}, {"key", SHEET_WHOLE}};
        sheet *to = sheet_begin(line, columns, 2, (sheet_options){.single = true});
        if (to != NULL) {
            sheet_text(to, path);
            sheet_text(to, text);
        }
        return sheet_end(to);
    }
    printf("made %s with key %s\n", path, text);
    return EXIT_DONE;
}

/* ------------------------------------------------------------------ the command */

static int run(const command_line *line)
{
    const char *batch = NULL;
    const option known[] = {{"--batch", &batch, NULL, NULL}, {NULL, NULL, NULL, NULL}};
    rest_words words;
    int code = read_options(line, known, 0, 2, "nothing, rotate, or new KEYFILE", &words);
    if (code != EXIT_DONE) {
        return code;
    }
    bool rotates = words.count == 1 && strcmp(words.words[0], "rotate") == 0;
    if (words.count == 0 && batch == NULL) {
        return list(line);
    }
    if (words.count == 2 && strcmp(words.words[0], "new") == 0 && batch == NULL) {
        return make(line, words.words[1]);
    }
    return rotates ? rotate(line, batch)
                   : usage_error(line,
                                 "command keys takes nothing, rotate, or new KEYFILE (see `%s help "
                                 "keys`)",
                                 line->program);
}

const command command_keys = {"keys", "list the keys of sealed secrets; a new key", help_text, run};
