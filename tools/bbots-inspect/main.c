/*
 * main.c - the command line of bbots-inspect, and its help.
 *
 * Common options may stand anywhere; the first two other words are the file and the command, and
 * what follows belongs to the command. So a value that looks like a common option is given as
 * --from=--json, or behind "--", where nothing is an option.
 *
 * A reader that goes away (| head) ends the program quietly: SIGPIPE keeps its default, which is
 * set again here because some parents leave it ignored. A store is never harmed by that: what was
 * not committed has not happened.
 */
#include "inspect.h"
#include "suggest.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* clang-format off */
static const command *const commands[] = { /* in the order of `help` */
    &command_create,
    &command_tables,
    &command_schema,
    &command_get,
    &command_scan,
    &command_count,
    &command_sum,
    &command_stat,
    &command_check,
    &command_readers, &command_salvage, &command_backup,
    &command_compact,
    &command_rebuild,
    &command_explain,
    &command_delete,
    &command_apply,
    &command_import,
    &command_export,
    &command_costs,
    &command_top,
    &command_latest,
    &command_execution,
    &command_forecast,
    &command_budget,
    &command_report,
    &command_keys,
    &command_prices,
    &command_usage,
    &command_credits,
    &command_queues,
};
/* clang-format on */
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static const char common_help[] =
    "Common options, anywhere on the line:\n"
    "  --json      one JSON document instead of text for people\n"
    "  --csv       comma-separated values with a header (RFC 4180)\n"
    "  --quiet     no progress bar\n"
    "  --keys KEYFILE\n"
    "              keys that open and seal secrets (see `help keys`)\n"
    "  --help      this help, or that of the command\n"
    "  --version   the version of the library\n"
    "  --          what follows is no option\n";

static const char exit_help[] =
    "Exit codes:\n"
    "  0  done; of get and count: something was found\n"
    "  1  get, count, explain, delete: nothing found; apply: a line failed; check: notes only\n"
    "  2  the command line cannot be understood\n"
    "  3  the store or a file said no; the message says why\n"
    "  4  check: damage, or derived data that is wrong; explain: a delete would be refused\n";

static const command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i]->name, name) == 0) {
            return commands[i];
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------ help */

static int general_help(const command_line *line)
{
    printf("Looks into a libbbots store, and fills it.\n\n"
           "Usage: %s [--json|--csv] [--quiet] FILE COMMAND ...\n"
           "       %s help [COMMAND]\n\nCommands:\n",
           line->program, line->program);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        printf("  %-9s  %s\n", commands[i]->name, commands[i]->summary);
    }
    printf("\n%s\n%s", common_help, exit_help);
    return EXIT_DONE;
}

static int unknown_command(const command_line *line, const char *name)
{
    char text[128];
    suggestion near = suggestion_for(name);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        suggestion_offer(&near, commands[i]->name);
    }
    return usage_error(line, "there is no command \"%s\"%s; `%s help` lists them", name,
                       suggestion_text(&near, text), line->program);
}

static int show_help(const command_line *line, const char *name)
{
    const command *found = name != NULL ? find_command(name) : NULL;
    if (name == NULL) {
        return general_help(line);
    }
    if (found == NULL) {
        return unknown_command(line, name);
    }
    size_t size = strlen(found->help);
    printf("%s: %s\n\n%s%s", found->name, found->summary, found->help,
           size > 0 && found->help[size - 1] == '\n' ? "" : "\n");
    return EXIT_DONE;
}

/* ------------------------------------------------------------------ the command line */

typedef struct wishes {
    bool help;
    bool version;
    bool json;
    bool csv;
    const char *keys; /* the file, or NULL */
} wishes;

/* Whether a word is a common option; what it asks for goes into line and asked. */
static bool take_common(const char *word, command_line *line, wishes *asked)
{
    if (strcmp(word, "--json") == 0) {
        asked->json = true;
        line->format = FORMAT_JSON;
    } else if (strcmp(word, "--csv") == 0) {
        asked->csv = true;
        line->format = FORMAT_CSV;
    } else if (strcmp(word, "--quiet") == 0) {
        line->quiet = true;
    } else if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        asked->help = true;
    } else if (strcmp(word, "--version") == 0) {
        asked->version = true;
    } else {
        return false;
    }
    return true;
}

/* --keys KEYFILE or --keys=KEYFILE; moves *at over the file. */
static bool take_keys(int argc, char **argv, int *at, wishes *asked)
{
    const char *word = argv[*at];
    if (strncmp(word, "--keys=", 7) == 0) {
        asked->keys = word + 7;
        return true;
    }
    if (strcmp(word, "--keys") == 0 && *at + 1 < argc) {
        asked->keys = argv[++*at];
        return true;
    }
    return false;
}

/* Reads the keys that the line or the environment names. */
static int read_keys(command_line *line, const wishes *asked)
{
    const char *variable = getenv("BBOTS_KEYS");
    bbots_error error;
    if (asked->keys == NULL && (variable == NULL || variable[0] == '\0')) {
        return EXIT_DONE;
    }
    int rc = bbots_keyring_new(&line->keys, &error);
    if (rc == BBOTS_OK) {
        rc = asked->keys != NULL ? bbots_keyring_add_file(line->keys, asked->keys, &error)
                                 : bbots_keyring_add_environment(line->keys, "BBOTS_KEYS", &error);
    }
    return rc == BBOTS_OK ? EXIT_DONE : library_error(line, &error);
}

/* Sorts argv; the command's words move to the front of argv, and line->words points there. */
static int read_line(int argc, char **argv, command_line *line, wishes *asked)
{
    bool plain = false;
    line->words = argv;
    for (int i = 1; i < argc; i++) {
        char *word = argv[i];
        if (!plain && (take_common(word, line, asked) || take_keys(argc, argv, &i, asked))) {
            continue;
        }
        if (!plain && strcmp(word, "--") == 0) {
            plain = true;
            if (line->command != NULL) {
                line->words[line->word_count++] = word;
            }
        } else if (line->command != NULL) {
            line->words[line->word_count++] = word;
        } else if (!plain && word[0] == '-' && word[1] != '\0') {
            return usage_error(line,
                               "there is no common option \"%s\"; a command's own options stand "
                               "behind the command",
                               word);
        } else if (line->file == NULL) {
            line->file = word;
        } else {
            line->command = word;
        }
    }
    return asked->json && asked->csv ? usage_error(line, "--json and --csv exclude each other")
                                     : EXIT_DONE;
}

static int run_command(const command_line *line)
{
    const command *found = find_command(line->command);
    if (found != NULL) {
        return found->run(line);
    }
    if (find_command(line->file) != NULL) {
        bool swapped = access(line->command, F_OK) == 0;
        return usage_error(line, "the file comes before the command: `%s %s %s`", line->program,
                           swapped ? line->command : "FILE", line->file);
    }
    return unknown_command(line, line->command);
}

static int dispatch(const command_line *line, const wishes *asked)
{
    if (asked->version) {
        printf("bbots-inspect %s\n", bbots_version());
        return EXIT_DONE;
    }
    if (line->file != NULL && strcmp(line->file, "help") == 0) {
        return show_help(line, line->command);
    }
    if (asked->help) {
        const char *name = line->command;
        if (name == NULL && line->file != NULL && find_command(line->file) != NULL) {
            name = line->file;
        }
        return show_help(line, name);
    }
    if (line->command != NULL) {
        return run_command(line);
    }
    return line->file == NULL
               ? usage_error(line, "a file and a command are needed; `%s help` lists the commands",
                             line->program)
               : usage_error(line, "a command is needed behind \"%s\"; `%s help` lists them",
                             line->file, line->program);
}

/*
 * What this program holds is not to be found in a core file or by a debugger of the same user. The
 * leak check of a sanitized build works like a debugger.
 */
static void forbid_dumps(void)
{
    const struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

int main(int argc, char **argv)
{
    command_line line;
    wishes asked;
    memset(&line, 0, sizeof line);
    memset(&asked, 0, sizeof asked);
    line.program = "bbots-inspect";
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_IGN); /* an output past the limit of files' sizes is a write that fails */
    forbid_dumps();
    /* Only widths of characters come from it. The store is UTF-8, so the locale has to be. */
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
        setlocale(LC_CTYPE, "");
    }
    int code = read_line(argc, argv, &line, &asked);
    if (code == EXIT_DONE) {
        code = read_keys(&line, &asked);
    }
    if (code == EXIT_DONE) {
        code = dispatch(&line, &asked);
    }
    bbots_keyring_free(line.keys);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        int reason = errno;
        (void)usage_error(&line, "standard output cannot be written: %s", strerror(reason));
        return EXIT_FAILED;
    }
    return code;
}
