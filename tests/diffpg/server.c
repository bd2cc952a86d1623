/*
 * server.c - a PostgreSQL of the test's own.
 *
 * Its folder is new, its socket lies in that folder, it listens to no network, and it knows no
 * other database than those of the test. PostgreSQL does not run as root, so a test that does
 * becomes the user postgres for it. It is our child, not a daemon: it cannot outlive the test (the
 * kernel ends it when we are killed), and its folder goes with it, also after a signal or a crash.
 */
#include "diffpg.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static server ours;
static bool keep_folder;
volatile int interrupted;

/* ------------------------------------------------------------------ programs */

static void become_postgres(void)
{
    if (geteuid() == 0) {
        const struct passwd *user = getpwnam("postgres");
        if (user == NULL || initgroups("postgres", user->pw_gid) != 0 ||
            setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0) {
            _exit(126);
        }
    }
    prctl(PR_SET_PDEATHSIG, SIGQUIT);
}

/*
 * The folder of PostgreSQL's own programs. It has to be version 15: 16 takes 1_000 for a number, and
 * so on.
 */
static const char *program_folder(void)
{
    static const char *const known[] = {"/usr/lib/postgresql/15/bin", "/usr/pgsql-15/bin",
                                        "/usr/local/pgsql-15/bin"};
    const char *given = getenv("PG_BINDIR");
    char path[PATH_MAX];
    for (size_t i = 0; given == NULL && i < sizeof known / sizeof *known; i++) {
        snprintf(path, sizeof path, "%s/initdb", known[i]);
        given = access(path, X_OK) == 0 ? known[i] : NULL;
    }
    if (given == NULL) {
        printf("skipped: PostgreSQL 15 is not here (Debian 12: package postgresql), and other "
               "versions "
               "answer differently; PG_BINDIR may name its programs\n");
        exit(77);
    }
    return given;
}

/*
 * Starts a program of PostgreSQL with its output in a file of the folder. Its own name is the whole
 * path: that is how it finds the other programs.
 */
static int start(const char *program, char **arguments)
{
    char path[PATH_MAX + 32];
    char log[300];
    snprintf(path, sizeof path, "%s/%s", program_folder(), program);
    arguments[0] = path;
    snprintf(log, sizeof log, "%s/%s.log", ours.directory, program);
    int pid = fork();
    if (pid == 0) {
        become_postgres();
        int file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        dup2(file, 1);
        dup2(file, 2);
        setsid();
        execv(path, arguments);
        _exit(127);
    }
    return pid;
}

static void await(int pid, const char *program)
{
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (status != 0) {
        keep_folder = true;
        give_up("%s failed; see %s", program, ours.directory);
    }
}

/* ------------------------------------------------------------------ the end */

/* Only calls that a signal handler may make. */
static void remove_folder(void)
{
    if (!keep_folder && ours.directory[0] != '\0') {
        char *const arguments[] = {"rm", "-rf", ours.directory, NULL};
        int pid = fork();
        if (pid == 0) {
            execv("/bin/rm", arguments);
            _exit(127);
        }
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    ours.directory[0] = '\0';
}

void server_stop(void)
{
    if (ours.pid > 0) {
        kill(ours.pid, SIGQUIT);
        while (waitpid(ours.pid, NULL, 0) < 0 && errno == EINTR) {
        }
        ours.pid = 0;
    }
    if (keep_folder && ours.directory[0] != '\0') {
        printf("kept: %s\n", ours.directory);
    }
    remove_folder();
}

static void on_end_signal(int number)
{
    if (interrupted++ > 0) {
        server_stop();
        _exit(128 + number);
    }
}

static void on_crash(int number)
{
    static const char said[] = "diff-pg: crashed; run again with the printed seed\n";
    ssize_t ignored = write(2, said, sizeof said - 1);
    (void)ignored;
    if (ours.pid > 0) {
        kill(ours.pid, SIGQUIT);
        while (waitpid(ours.pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    remove_folder();
    signal(number, SIG_DFL);
    raise(number);
}

static void catch_signals(void)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_end_signal;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        sigaction(ends[i], &action, NULL);
    }
    action.sa_handler = on_crash;
    for (size_t i = 0; i < sizeof crashes / sizeof *crashes; i++) {
        sigaction(crashes[i], &action, NULL);
    }
    atexit(server_stop);
}

/* ------------------------------------------------------------------ the start */

/* In memory when there is room: the test writes much and keeps nothing. */
static void make_folder(void)
{
    struct statvfs room;
    const char *place = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    if (statvfs("/dev/shm", &room) == 0 && (uint64_t)room.f_bavail * room.f_frsize > UINT64_C(2)
                                                                                         << 30) {
        place = "/dev/shm";
    }
    snprintf(ours.directory, sizeof ours.directory, "%s/diff-pg-XXXXXX", place);
    if (mkdtemp(ours.directory) == NULL) {
        ours.directory[0] = '\0';
        give_up("cannot make a folder in %s", place);
    }
    const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
    if (user != NULL && chown(ours.directory, user->pw_uid, user->pw_gid) != 0) {
        give_up("cannot give %s to the user postgres", ours.directory);
    }
}

static void make_cluster(const char *data)
{
    char *arguments[] = {NULL,         "-D",
                         (char *)data, "--username=postgres",
                         "--locale=C", "--encoding=UTF8",
                         "--no-sync",  "--auth=trust",
                         NULL};
    await(start("initdb", arguments), "initdb");
}

static const char *const settings[] = {"listen_addresses=",
                                       "fsync=off",
                                       "synchronous_commit=off",
                                       "full_page_writes=off",
                                       "timezone=UTC",
                                       "autovacuum=off",
                                       "jit=off",
                                       "wal_level=minimal",
                                       "max_wal_senders=0",
                                       "max_connections=12",
                                       "shared_buffers=256MB",
                                       "max_wal_size=1GB",
                                       "log_min_messages=fatal",
                                       "log_min_error_statement=panic",
                                       "lc_messages=C",
                                       "datestyle=ISO",
                                       "client_min_messages=error",
                                       "enable_seqscan=off",
                                       "enable_bitmapscan=off"};

#define SETTING_COUNT (sizeof settings / sizeof *settings)

static void start_server(const char *data)
{
    char *arguments[6 + 2 * SETTING_COUNT] = {NULL, "-D", (char *)data, "-k", ours.directory};
    size_t count = 5;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        arguments[count++] = "-c";
        arguments[count++] = (char *)settings[i];
    }
    ours.pid = start("postgres", arguments);
}

void server_start(bool keep)
{
    char data[300];
    program_folder();
    catch_signals();
    make_folder();
    snprintf(data, sizeof data, "%s/data", ours.directory);
    make_cluster(data);
    start_server(data);
    keep_folder = keep;
    PQfinish(server_connect("postgres"));
}

const char *server_directory(void)
{
    return ours.directory;
}

PGconn *server_connect(const char *database)
{
    char target[400];
    snprintf(target, sizeof target, "host=%s user=postgres dbname=%s client_encoding=UTF8",
             ours.directory, database);
    for (unsigned attempt = 0; attempt < 600 && !interrupted; attempt++) {
        PGconn *connection = PQconnectdb(target);
        if (PQstatus(connection) == CONNECTION_OK) {
            return connection;
        }
        bool gone = waitpid(ours.pid, NULL, WNOHANG) == ours.pid;
        if (gone) {
            ours.pid = 0;
            keep_folder = true;
            give_up("PostgreSQL did not start; see %s/postgres.log", ours.directory);
        }
        PQfinish(connection);
        usleep(50000);
    }
    give_up("no connection to PostgreSQL");
}
