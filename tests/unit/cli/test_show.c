/* tests/unit/cli/test_show.c: what is shown: tables, progress, the manual page, completion. */
#include "base/cli/complete.h"
#include "base/cli/man.h"
#include "base/cli/progress.h"
#include "base/cli/table.h"
#include "base/cli/text.h"
#include "base/file.h"
#include "base/heap.h"
#include "tests/harness/test.h"
#include "tests/unit/cli/sample.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define NS_PER_MS 1000000u

static char shown[SAMPLE_OUTPUT_MAX];

static FILE *show_begin(void)
{
    memset(shown, 0, sizeof shown);
    FILE *out = fmemopen(shown, sizeof shown - 1, "w");
    HF_ASSERT(out != NULL);
    return out;
}

static struct hf_str show_end(FILE *out)
{
    (void)fclose(out);
    return hf_str_c(shown);
}

/* Hostile and broken bytes are written as '?', everything else as it is. */
HF_TEST(text_is_tame)
{
    static const struct {
        const char *in;
        const char *out;
        size_t width;
    } cases[] = {
        {"", "", 0},
        {"plain text", "plain text", 10},
        {"a\033[31m\n\t\x7f", "a?[31m???", 9},
        {"Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
         "Gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80", 8},
        {"\xc2\x9b"
         "31m",
         "?31m", 4},
        {"a\xe2\x80\xae"
         "b\xe2\x80\xac",
         "a?b?", 4},
        {"a\xe2\x81\xa6"
         "b\xe2\x81\xa9",
         "a?b?", 4},
        {"\xff\xe2\x82", "???", 3},
        {"\xed\xa0\x80", "???", 3},
    };

    for (size_t i = 0; i < HF_LEN(cases); i++) {
        FILE *out = show_begin();
        hf_text_write(out, hf_str_c(cases[i].in));
        HF_CHECK_STR(show_end(out), hf_str_c(cases[i].out));
        HF_CHECK_U64(hf_text_width(hf_str_c(cases[i].in)), cases[i].width);
    }
}

static const struct hf_table_column columns[] = {{"NAME", false}, {"SIZE", true}, {"", false}};

/* Columns line up, numbers at their right, and no line ends with a space. */
HF_TEST(table)
{
    struct hf_err err = {0};
    struct hf_table table;
    hf_table_init(&table, columns, HF_LEN(columns));
    hf_table_cell(&table, HF_STR("gr\xc3\xbcn"));
    hf_table_u64(&table, 7);
    hf_table_cell(&table, HF_STR("x"));
    hf_table_cell(&table, HF_STR("a\0hidden"));
    hf_table_printf(&table, "%d MB", 12345);
    hf_table_cell(&table, HF_STR(""));
    hf_table_cell(&table, HF_STR("a long\nname"));
    hf_table_cell(&table, HF_STR(""));
    hf_table_cell(&table, HF_STR("y"));
    FILE *out = show_begin();
    HF_CHECK_OK(hf_table_write(&table, out, &err), err);
    HF_CHECK_STR(show_end(out), HF_STR("NAME             SIZE\n"
                                       "gr\xc3\xbcn                7  x\n"
                                       "a            12345 MB\n"
                                       "a long?name            y\n"));
    hf_table_free(&table);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

/* Without memory the table says so at the end; cells in between need no checks. */
HF_TEST(table_without_memory)
{
    struct hf_err err = {0};
    struct hf_table table;
    hf_table_init(&table, columns, HF_LEN(columns));
    hf_heap_gate(never, NULL);
    for (int i = 0; i < 6; i++) {
        hf_table_cell(&table, HF_STR("x"));
    }
    hf_heap_gate(NULL, NULL);
    HF_CHECK_RC(hf_table_write(&table, stdout, &err), HF_ENOMEM);
    hf_table_free(&table);
}

static size_t count_of(const char *text, char c)
{
    size_t count = 0;
    for (; *text != '\0'; text++) {
        count += *text == c ? 1 : 0;
    }
    return count;
}

/* On a terminal: 3 s of work reported each millisecond are drawn at most 10 times a second. */
HF_TEST(progress_terminal)
{
    struct hf_env_sim sim;
    struct hf_progress progress;
    hf_env_sim_init(&sim, hf_test_seed());
    FILE *out = show_begin();
    hf_progress_init(&progress, out, &sim.env, HF_PROGRESS_TERMINAL, 80);
    hf_progress_begin(&progress, "verifying", "entries", 4000);
    for (uint64_t i = 1; i <= 3000; i++) {
        hf_env_sim_advance(&sim, NS_PER_MS);
        hf_progress_set(&progress, i);
    }
    hf_progress_end(&progress);
    (void)show_end(out);
    HF_CHECK_U64(count_of(shown, '\r'), 31);
    HF_CHECK_U64(count_of(shown, '\n'), 1);
    HF_CHECK(strstr(shown, "\rverifying 2000 of 4000 entries, 50%, 1000/s, 2s left ["));
    HF_CHECK(strstr(shown, "\rverifying 3000 of 4000 entries, 75%, 1000/s, took 3s ["));
    for (const char *p = shown; (p = strchr(p, '\r')) != NULL; p++) {
        HF_CHECK(strcspn(p + 1, "\033") < 80);
    }
}

/* Elsewhere: a line every 5 s and a last one; nothing for a quick job; nothing with --quiet. */
HF_TEST(progress_lines)
{
    struct hf_env_sim sim;
    struct hf_progress progress;
    hf_env_sim_init(&sim, hf_test_seed());
    FILE *out = show_begin();
    hf_progress_init(&progress, out, &sim.env, HF_PROGRESS_LINES, 0);
    hf_progress_begin(&progress, "reading", "bytes", 0);
    for (uint64_t i = 1; i <= 12; i++) {
        hf_env_sim_advance(&sim, 1000 * NS_PER_MS);
        hf_progress_set(&progress, i * 100);
    }
    hf_progress_end(&progress);
    hf_progress_begin(&progress, "quick", "bytes", 10);
    hf_progress_set(&progress, 10);
    hf_progress_end(&progress);
    hf_progress_init(&progress, out, &sim.env, HF_PROGRESS_SILENT, 0);
    hf_progress_begin(&progress, "silent", "bytes", 10);
    hf_env_sim_advance(&sim, 100000 * (uint64_t)NS_PER_MS);
    hf_progress_set(&progress, 10);
    hf_progress_end(&progress);
    HF_CHECK_STR(show_end(out), HF_STR("reading 500 bytes, 100/s\nreading 1000 bytes, 100/s\n"
                                       "reading 1200 bytes, 100/s, took 12s\n"));
}

/* Counts at the ends of 64 bits, beyond the total, and narrow terminals do no harm. */
HF_TEST(progress_extremes)
{
    struct hf_env_sim sim;
    hf_env_sim_init(&sim, hf_test_seed());
    static const uint64_t counts[] = {0, 1, 99, UINT64_MAX / 100, UINT64_MAX - 1, UINT64_MAX};
    static const size_t widths[] = {0, 1, 2, 40, 70, 100000};
    for (size_t i = 0; i < HF_LEN(counts) * HF_LEN(counts); i++) {
        FILE *out = show_begin();
        struct hf_progress progress;
        hf_progress_init(&progress, out, &sim.env, HF_PROGRESS_TERMINAL, widths[i % 6]);
        hf_progress_begin(&progress, "x", "y", counts[i / 6]);
        hf_env_sim_advance(&sim, (uint64_t)HF_PROGRESS_TERMINAL_NS);
        hf_progress_set(&progress, counts[i % 6]);
        hf_progress_end(&progress);
        HF_CHECK(show_end(out).len > 0);
    }
}

/* Runs a shell line with $1 = path; its exit code. */
static int shell(const char *script, const char *path)
{
    (void)fflush(NULL);
    pid_t pid = fork();
    HF_ASSERT(pid >= 0);
    if (pid == 0) {
        (void)execlp("bash", "bash", "-c", script, "bash", path, (char *)NULL);
        _exit(126);
    }
    int status = 0;
    HF_ASSERT(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 127;
}

static bool save(const char *name, char path[HF_PATH_MAX])
{
    struct hf_err err = {0};
    return hf_path_join(hf_test_dir(), name, path, HF_PATH_MAX) == HF_OK &&
           hf_file_create(path, hf_str_bytes(hf_str_c(shown)), 0600, &err) == HF_OK;
}

/* The page has every command that is not hidden, and roff finds nothing wrong with it. */
HF_TEST(man)
{
    char path[HF_PATH_MAX];
    FILE *out = show_begin();
    hf_man_write(out, &sample_root);
    (void)show_end(out);
    HF_CHECK(strstr(shown, ".TH SAMPLE 1 \"\" \"sample 1.2.3\" \"User Commands\"\n") == shown);
    HF_CHECK(strstr(shown, ".SS sample log append\n"));
    HF_CHECK(strstr(shown, ".SS sample cat\n"));
    HF_CHECK(strstr(shown, "sample help man\n") == NULL);
    HF_CHECK(strstr(shown, "\\&.A line that begins with a dot, a back\\eslash and a \\- dash."));
    HF_CHECK(strstr(shown, "\n.dotted") == NULL);
    HF_CHECK(save("sample.1", path));
    if (shell("command -v groff >/dev/null", path) != 0) {
        hf_test_skip("groff is not installed");
        return;
    }
    HF_CHECK_U64(shell("test -z \"$(groff -man -Tutf8 -ww -z \"$1\" 2>&1)\"", path), 0);
}

/* Source the script in bash, complete several lines, compare what is offered. */
HF_TEST(completion)
{
    static const char script[] =
        "set -u; source \"$1\" || exit 1; bad=0\n"
        "try() {\n"
        "    local expected=$1; shift; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _sample\n"
        "    [[ \"${COMPREPLY[*]}\" == \"$expected\" ]] && return\n"
        "    echo \"# $*: '${COMPREPLY[*]}', expected '$expected'\"; bad=1\n"
        "}\n"
        "try 'log cat help --help --quiet --version' sample ''\n"
        "try 'log' sample l\n"
        "try 'append show --help --quiet --version' sample log '' \n"
        "try '--from' sample log append --f\n"
        "try '--json' sample cat x --j\n"
        "try '' sample log show --j\n"
        "try 'opaque events' sample log append --kind ''\n"
        "try 'events' sample log append d -k e\n"
        "try 'opaque events' sample log append --kind =\n"
        "try 'opaque' sample log append --kind = o\n"
        "try '--hex' sample log append --kind = opaque --hex\n"
        "try '' sample log append --from ''\n"
        "try '--size' sample -q log append --from 1 --s\n"
        "try '' sample log append -- --s\n"
        "exit $bad\n";
    char path[HF_PATH_MAX];
    FILE *out = show_begin();
    hf_complete_write(out, &sample_root);
    (void)show_end(out);
    HF_CHECK(save("sample.bash", path));
    HF_CHECK_U64(shell(script, path), 0);
}

HF_TEST_MAIN(HF_TEST_CASE(text_is_tame), HF_TEST_CASE(table), HF_TEST_CASE(table_without_memory),
             HF_TEST_CASE(progress_terminal), HF_TEST_CASE(progress_lines),
             HF_TEST_CASE(progress_extremes), HF_TEST_CASE(man), HF_TEST_CASE(completion))
