/* tests/unit/cli/test_cli.c: command lines, environment and file; errors, help and exit codes. */
#include "base/file.h"
#include "base/heap.h"
#include "tests/harness/test.h"
#include "tests/unit/cli/sample.h"

#include <errno.h>

/* An initialiser of a constant struct hf_str, which may hold NUL. */
#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
#define DEFAULTS "size=0 kind=opaque/0 hex=0 origin=none json=0"

struct line_case {
    const char *line;
    int code;
    const char *out; /* the whole; NULL: not looked at */
    const char *err; /* the whole without the line end; NULL: none */
};

static void check_case(const struct line_case *c, struct sample *sample)
{
    sample_run(sample, c->line);
    if (sample->code != c->code) {
        hf_test_fail(__FILE__, __LINE__, "'%s' ends with %d, expected %d: %s", c->line,
                     sample->code, c->code, sample->err);
    }
    if (c->out != NULL && strcmp(sample->out, c->out) != 0) {
        hf_test_fail(__FILE__, __LINE__, "'%s' prints \"%s\", expected \"%s\"", c->line,
                     sample->out, c->out);
    }
    size_t len = strcspn(sample->err, "\n");
    struct hf_str line = {sample->err, len};
    if (c->err != NULL && !hf_str_eq(line, hf_str_c(c->err))) {
        hf_test_fail(__FILE__, __LINE__, "'%s' says \"%.*s\", expected \"%s\"", c->line,
                     HF_STR_ARG(line), c->err);
    }
    if (sample->err[0] != '\0' && sample->err[len + 1] != '\0') {
        hf_test_fail(__FILE__, __LINE__, "'%s' says more than one line", c->line);
    }
    sample_end(sample);
}

static void check_cases(const struct line_case *cases, size_t count)
{
    static struct sample sample;
    for (size_t i = 0; i < count; i++) {
        check_case(&cases[i], &sample);
    }
}

/* Each form of an option and operand arrives: run accepted lines and compare what was read. */
HF_TEST(accepts)
{
    static const struct line_case cases[] = {
        {"sample log append d -q", 0, "dir=d from=1 given=0 " DEFAULTS, ""},
        {"sample -q log append d --from 7", 0, "dir=d from=7 given=1 " DEFAULTS, ""},
        {"sample log append -q --from=100 d", 0, "dir=d from=100 given=1 " DEFAULTS, ""},
        {"sample log append -qf 9 d", 0, "dir=d from=9 given=1 " DEFAULTS, ""},
        {"sample log append -qf9 d", 0, "dir=d from=9 given=1 " DEFAULTS, ""},
        {"sample log append -q -- -d", 0, "dir=-d from=1 given=0 " DEFAULTS, ""},
        {"sample log append -q -", 0, "dir=- from=1 given=0 " DEFAULTS, ""},
        {"sample --json log append -qx --size 64M --kind events d --origin=a=b", 0,
         "dir=d from=1 given=0 size=67108864 kind=events/1 hex=1 origin=a=b json=1", ""},
        {"sample log append d", 0, NULL, "sample log append: a note"},
        {"sample cat --key k a -- --key", 0, "[a][--key]", ""},
        {"sample cat a b c --key --", 0, "[a][b][c]", ""},
        {"sample cat --key k '' x", 0, "[][x]", ""},
        {"sample --version", 0, "sample 1.2.3\n", ""},
        {"sample log append --version", 0, "sample 1.2.3\n", ""},
    };
    check_cases(cases, HF_LEN(cases));
}

/* Each wrong line is refused with exit code 2 and one line that says what to do. */
HF_TEST(refuses)
{
    static const struct line_case cases[] = {
        {"sample", 2, "", "sample: a command is missing; see 'sample --help'"},
        {"sample log", 2, "", "sample log: a command is missing; see 'sample log --help'"},
        {"sample lgo", 2, "", "sample: there is no command 'lgo'; did you mean 'sample log'?"},
        {"sample log appned d", 2, "",
         "sample log: there is no command 'appned'; did you mean 'sample log append'?"},
        {"sample log zzzzzz", 2, "",
         "sample log: there is no command 'zzzzzz'; see 'sample log --help'"},
        {"sample log ''", 2, "", "sample log: there is no command ''; see 'sample log --help'"},
        {"sample -- log", 2, "", "sample: 'log' is one operand too many; see 'sample --help'"},
        {"sample log append", 2, "",
         "sample log append: DIR is missing; see 'sample log append --help'"},
        {"sample log append a b", 2, "",
         "sample log append: 'b' is one operand too many; see 'sample log append --help'"},
        {"sample log append d --frmo 1", 2, "",
         "sample log append: there is no option --frmo; did you mean --from?"},
        {"sample log append d --ori x", 2, "",
         "sample log append: there is no option --ori; did you mean --origin?"},
        {"sample log append d --zzzzzzzz", 2, "",
         "sample log append: there is no option --zzzzzzzz; see 'sample log append --help'"},
        {"sample log append d -z", 2, "",
         "sample log append: there is no option -z; see 'sample log append --help', and write -- "
         "before an operand that begins with a dash"},
        {"sample log append d --hex=yes", 2, "",
         "sample log append: --hex takes no value; leave out '=yes'"},
        {"sample log append d --from", 2, "", "sample log append: --from needs a value: --from N"},
        {"sample log append d -f 1 --from 2", 2, "",
         "sample log append: --from is given twice; leave one out"},
        {"sample log append d --from x", 2, "",
         "sample log append: --from: 'x' is not a number; give decimal digits"},
        {"sample log append d --from 0", 2, "",
         "sample log append: --from: 0 is out of range; give one from 1 to 100"},
        {"sample log append d --from 101", 2, "",
         "sample log append: --from: 101 is out of range; give one from 1 to 100"},
        {"sample log append d --from 99999999999999999999", 2, "",
         "sample log append: --from: 99999999999999999999 is too large"},
        {"sample log append d --size 12x", 2, "",
         "sample log append: --size: '12x' is not a size; give bytes, as in 4096 or 64M"},
        {"sample log append d --size 4095", 2, "",
         "sample log append: --size: 4095 is too small; the least is 4096"},
        {"sample log append d --kind event", 2, "",
         "sample log append: --kind: 'event' is not known; did you mean 'events'?"},
        {"sample log append d --kind 123456", 2, "",
         "sample log append: --kind: '123456' is not known; it is one of: opaque, events"},
        {"sample log append d --origin=", 2, "",
         "sample log append: --origin: the value is empty; give one"},
        {"sample cat a", 2, "", "sample cat: --key is missing; give --key VALUE"},
        {"sample cat --key k", 2, "", "sample cat: FILE is missing; see 'sample cat --help'"},
        {"sample log show --json", 2, "",
         "sample log show: this command has no JSON to show; leave out --json"},
        {"sample log show --refuse x", 2, "",
         "sample log show: 'x' does not go with this; see 'sample log show --help'"},
        {"sample help lgo", 2, "",
         "sample help: there is no command 'sample lgo'; see 'sample help "
         "--help'"},
        {"sample log \033[31m\n", 2, "",
         "sample log: there is no command '?[31m?'; see 'sample log --help'"},
    };
    check_cases(cases, HF_LEN(cases));
}

/* The ends of a command give their codes, and foreign text cannot break the line. */
HF_TEST(ends)
{
    static const struct line_case cases[] = {
        {"sample log show", 1, "", "sample log show: entry 7 does not verify"},
        {"sample log show a\tb", 3, "", "sample log show: broken: a?b??[31m"},
    };
    check_cases(cases, HF_LEN(cases));
}

/* Flag, then environment, then file, then default: give an option in each and take them away. */
HF_TEST(precedence)
{
    static struct sample sample;
    struct hf_err err = {0};
    char path[HF_PATH_MAX];
    HF_CHECK_RC(hf_path_join(hf_test_dir(), "config", path, sizeof path), HF_OK);
    HF_CHECK_OK(hf_file_create(path,
                               HF_BYTES("# all of it\n\n from = 30\r\nhex=yes\n\tkind = events\n"
                                        "size = 1M\norigin = a name = with # signs"),
                               0600, &err),
                err);
    sample.config = path;
    sample.env = "20";
    check_case(&(struct line_case){"sample log append -q d --from 10 --kind opaque", 0,
                                   "dir=d from=10 given=1 size=1048576 kind=opaque/0 hex=1 "
                                   "origin=a name = with # signs json=0",
                                   ""},
               &sample);
    check_case(&(struct line_case){"sample log append -q d", 0,
                                   "dir=d from=20 given=1 size=1048576 kind=events/1 hex=1 "
                                   "origin=a name = with # signs json=0",
                                   ""},
               &sample);
    sample.env = "";
    check_case(&(struct line_case){"sample log append -q d --origin x", 0,
                                   "dir=d from=30 given=1 size=1048576 kind=events/1 hex=1 "
                                   "origin=x json=0",
                                   ""},
               &sample);
    /* Settings of other commands are no matter of this one. */
    check_case(&(struct line_case){"sample cat --key k x", 0, "[x]", ""}, &sample);
    sample.env = "none";
    check_case(&(struct line_case){"sample log append d", 2, "",
                                   "sample log append: $SAMPLE_FROM in the environment: 'none' is "
                                   "not a number; give decimal digits"},
               &sample);
}

/* Each kind of wrong configuration file is refused with the line's number. */
HF_TEST(config_errors)
{
    static const struct {
        struct hf_str text;
        const char *err; /* after "PATH" */
    } cases[] = {
        {TEXT("from = 1\nnonsense\n"), ", line 2: a line is 'key = value', this is: nonsense"},
        {TEXT("\n#x\nform = 1\n"), ", line 3: there is no setting 'form'; did you mean 'from'?"},
        {TEXT("zzzzzzzzz = 1"), ", line 1: there is no such setting of all programs; one program's "
                                "goes into its section, as in [hub]: zzzzzzzzz"},
        {TEXT("[hub]\nzzzzzzzzz = 1"),
         ", line 2: there is no such setting, take the line out: zzzzzzzzz"},
        {TEXT("[hub\n"), ", line 1: a section is '[NAME]', this is: [hub"},
        {TEXT("[hubb]\n"), ", line 1: there is no such section; there are hub, agent, wrapper, "
                           "proxy, provision and holdfast: hubb"},
        {TEXT("[agent]\n[hub]\n\n[agent]\n"),
         ", line 4: this section is there twice, make it one: agent"},
        {TEXT("[agent]\nany thing = 1\nnonsense\n"),
         ", line 3: a line is 'key = value', this is: nonsense"},
        {TEXT("[hub]\nplace = here\nhub_place = there\n"),
         ", line 3: this setting is there twice, take one out: hub_place"},
        {TEXT("place = here\n"),
         ", line 1: there is no such setting of all programs; one program's "
         "goes into its section, as in [hub]: place"},
        {TEXT("[hub]\nplace = nowhere\n"), ", line 2: hub_place: there is no such place"},
        {TEXT("from = 1\nfrom = 1\n"), ", line 2: this setting is there twice, take one out: from"},
        {TEXT("from = 101\n"), ", line 1: from: 101 is out of range; give one from 1 to 100"},
        {TEXT("hex = maybe\n"), ", line 1: hex: 'maybe' is neither yes nor no; write one of them"},
        {TEXT("origin =\n"), ", line 1: origin: the value is empty; give one"},
        {TEXT("origin = a\0b\n"), ", line 1: there is a NUL byte; is this a text file?"},
        {TEXT("origin = a\x1b[m\n"), ", line 1: there is a control character; take it out"},
        {TEXT("#\xff\n"), ": byte 1 is not UTF-8; is this a text file?"},
    };
    static struct sample sample;
    for (size_t i = 0; i < HF_LEN(cases); i++) {
        struct hf_err err = {0};
        char name[32];
        char path[HF_PATH_MAX];
        char text[HF_PATH_MAX + 256];
        (void)snprintf(name, sizeof name, "config%zu", i);
        HF_CHECK_RC(hf_path_join(hf_test_dir(), name, path, sizeof path), HF_OK);
        HF_CHECK_OK(hf_file_create(path, hf_str_bytes(cases[i].text), 0600, &err), err);
        (void)snprintf(text, sizeof text, "sample log append: %.100s%s", path, cases[i].err);
        sample.config = path;
        check_case(&(struct line_case){"sample log append d -f 5", 2, "", text}, &sample);
    }
    sample.config = "/nonexistent/config";
    sample_run(&sample, "sample log append d");
    HF_CHECK_U64(sample.code, 2);
    HF_CHECK(strstr(sample.err, "$HOLDFAST_CONFIG") != NULL);
    sample_end(&sample);
}

/* One file for all programs of a server: what is shared, what is this program's, what is another's;
 * --config before the environment, and a file that may be missing. */
HF_TEST(sections)
{
    static struct sample sample;
    struct hf_err err = {0};
    char path[HF_PATH_MAX];
    char line[HF_PATH_MAX + 64];
    char optional[HF_PATH_MAX + 8];
    HF_CHECK_RC(hf_path_join(hf_test_dir(), "all", path, sizeof path), HF_OK);
    HF_CHECK_OK(hf_file_create(path,
                               HF_BYTES("region = dev\nfrom = 30\nkind = events\n"
                                        "[agent]\nfrom = of the agent\n[ hub ]\nfrom = 40\n"
                                        "place = here\n[wrapper]\nhex = unclear\n"),
                               0600, &err),
                err);
    sample.config = "/nonexistent/config";
    (void)snprintf(line, sizeof line, "sample log append -q d --size 1M --config %s", path);
    check_case(&(struct line_case){line, 0,
                                   "dir=d from=40 given=1 size=1048576 kind=events/1 hex=0 "
                                   "origin=none json=0 place=here",
                                   ""},
               &sample);
    (void)snprintf(optional, sizeof optional, "-%s", path);
    sample.config = optional;
    check_case(&(struct line_case){"sample log append -q d --size 1M --from 50", 0,
                                   "dir=d from=50 given=1 size=1048576 kind=events/1 hex=0 "
                                   "origin=none json=0 place=here",
                                   ""},
               &sample);
    sample.config = "-/nonexistent/config";
    check_case(&(struct line_case){"sample log append -q d --size 1M", 0,
                                   "dir=d from=1 given=0 size=1048576 kind=opaque/0 hex=0 "
                                   "origin=none json=0",
                                   ""},
               &sample);
}

/* A command that collects says everything at once, from all places, and each thing once. */
HF_TEST(all_problems)
{
    static struct sample sample;
    struct hf_err err = {0};
    char path[HF_PATH_MAX];
    char text[4096];
    HF_CHECK_RC(hf_path_join(hf_test_dir(), "bad", path, sizeof path), HF_OK);
    HF_CHECK_OK(hf_file_create(path,
                               HF_BYTES("form = 1\nsize = 1\n[hubb]\nx\n[hub]\nplace = nowhere\n"
                                        "hex = maybe\nkind = events\n"),
                               0600, &err),
                err);
    sample.config = path;
    sample.env = "none";
    (void)snprintf(text, sizeof text,
                   "sample all: --origin: the value is empty; give one\n"
                   "sample all: $SAMPLE_FROM in the environment: 'none' is not a number; give "
                   "decimal digits\n"
                   "sample all: %.100s, line 1: there is no setting 'form'; did you mean 'from'?\n"
                   "sample all: %.100s, line 2: size: 1 is too small; the least is 4096\n"
                   "sample all: %.100s, line 3: there is no such section; there are hub, agent, "
                   "wrapper, proxy, provision and holdfast: hubb\n"
                   "sample all: %.100s, line 4: a line is 'key = value', this is: x\n"
                   "sample all: %.100s, line 6: hub_place: there is no such place\n"
                   "sample all: %.100s, line 7: hex: 'maybe' is neither yes nor no; write one of "
                   "them\n",
                   path, path, path, path, path, path);
    sample_run(&sample, "sample all --origin=");
    HF_CHECK_U64(sample.code, 1);
    HF_CHECK_STR(hf_str_c(sample.err), hf_str_c(text));
    sample_end(&sample);
    sample.env = "13";
    sample.config = NULL;
    check_case(&(struct line_case){"sample all", 1, "", "sample all: from: 13 brings no luck"},
               &sample);
    sample.env = "14";
    check_case(&(struct line_case){"sample all", 0, "", ""}, &sample);
}

/* Help names everything that is declared and nothing that is hidden. */
HF_TEST(help)
{
    static struct sample sample;
    static const char *const lines[] = {"sample log append --help", "sample help log append",
                                        "sample log append --from 3 -h"};
    for (size_t i = 0; i < HF_LEN(lines); i++) {
        sample_run(&sample, lines[i]);
        HF_CHECK_U64(sample.code, 0);
        HF_CHECK(strstr(sample.out, "Usage: sample log append [OPTIONS] DIR\n") == sample.out);
        HF_CHECK(strstr(sample.out, "  -f, --from N       where to begin (1 to 100; default 1;"));
        HF_CHECK(strstr(sample.out, "  -k, --kind VALUE   kind of log (opaque, events; default"));
        HF_CHECK(strstr(sample.out, "SAMPLE_FROM"));
        HF_CHECK(strstr(sample.out, "  sample log append --hex x\n"));
        HF_CHECK(strstr(sample.out, "      --json "));
        HF_CHECK(strstr(sample.out, " \n") == NULL);
        sample_end(&sample);
    }
    sample_run(&sample, "sample log show --help");
    HF_CHECK(strstr(sample.out, "Usage: sample log show [OPTIONS] [DIR]\n") == sample.out);
    HF_CHECK(strstr(sample.out, "--json") == NULL);
    sample_end(&sample);
    sample_run(&sample, "sample --help");
    HF_CHECK(strstr(sample.out, "Usage: sample [OPTIONS] COMMAND\n") == sample.out);
    HF_CHECK(strstr(sample.out, "  cat   write files\n"));
    HF_CHECK(strstr(sample.out, "3 could not be done"));
    sample_end(&sample);
    sample_run(&sample, "sample help --help");
    HF_CHECK(strstr(sample.out, "Commands:") == NULL);
    sample_end(&sample);
}

/* A full disk under standard output ends with 3 and its reason, whatever the command answered. */
HF_TEST(output_is_lost)
{
    char program[] = "sample", log[] = "log", append[] = "append", dir[] = "d", quiet[] = "-q";
    char *argv[] = {program, log, append, dir, quiet, NULL};
    static char text[4096];
    FILE *full = fopen("/dev/full", "we");
    if (full == NULL) {
        hf_test_skip("there is no /dev/full");
        return;
    }
    struct hf_cli cli;
    hf_cli_init(&cli, &sample_root);
    cli.out = full;
    cli.err = fmemopen(text, sizeof text - 1, "w");
    HF_ASSERT(cli.err != NULL);
    HF_CHECK_U64(hf_cli_run(&cli, 5, argv), HF_EXIT_FAILED);
    (void)fclose(cli.err);
    (void)fclose(full);
    hf_cli_free(&cli);
    HF_CHECK(strstr(text, "sample log append: standard output could not be written: "
                          "No space left on device; ") == text);
}

/* A line that was not gathered whole is not printed, and is missed at the end; one that was, is. */
HF_TEST(line_is_lost)
{
    char text[64] = {0};
    struct hf_err err = {0};
    struct hf_buf line = hf_buf_init(8);
    struct hf_cli cli;
    hf_cli_init(&cli, &sample_root);
    cli.out = fmemopen(text, sizeof text - 1, "w");
    HF_ASSERT(cli.out != NULL);
    hf_buf_str(&line, HF_STR("{\"a\":1}"));
    hf_cli_line(&cli, &line);
    HF_CHECK_OK(hf_cli_flush(&cli, &err), err);
    hf_buf_str(&line, HF_STR(",\"b"));
    hf_cli_line(&cli, &line);
    HF_CHECK_RC(hf_cli_flush(&cli, &err), HF_EIO);
    HF_CHECK(strstr(err.text, "File too large") != NULL);
    (void)fclose(cli.out);
    HF_CHECK(strcmp(text, "{\"a\":1}\n") == 0);
    hf_buf_free(&line);
    hf_cli_free(&cli);
}

struct countdown {
    size_t left;
    bool fired;
};

static bool fails_nth(void *arg)
{
    struct countdown *countdown = arg;
    if (countdown->left == 0) {
        countdown->fired = true;
        return false;
    }
    countdown->left--;
    return true;
}

/* The n-th allocation fails, for all n: the run ends with 3 and a line, and leaks nothing. */
HF_TEST(allocation_fails)
{
    static struct sample sample;
    struct hf_err err = {0};
    char path[HF_PATH_MAX];
    HF_CHECK_RC(hf_path_join(hf_test_dir(), "config", path, sizeof path), HF_OK);
    HF_CHECK_OK(hf_file_create(path, HF_BYTES("from = 30\n"), 0600, &err), err);
    sample.config = path;
    for (size_t n = 0;; n++) {
        struct countdown countdown = {n, false};
        hf_heap_gate(fails_nth, &countdown);
        sample_run(&sample, "sample log append -q d");
        hf_heap_gate(NULL, NULL);
        int code = sample.code;
        sample_end(&sample);
        if (!countdown.fired) {
            HF_CHECK_U64(code, HF_EXIT_OK);
            HF_CHECK(n >= 2);
            break;
        }
        HF_CHECK_U64(code, HF_EXIT_FAILED);
        HF_CHECK(strstr(sample.err, "memory") != NULL);
    }
}

HF_TEST_MAIN(HF_TEST_CASE(accepts), HF_TEST_CASE(refuses), HF_TEST_CASE(ends),
             HF_TEST_CASE(precedence), HF_TEST_CASE(config_errors), HF_TEST_CASE(sections),
             HF_TEST_CASE(all_problems), HF_TEST_CASE(help), HF_TEST_CASE(output_is_lost),
             HF_TEST_CASE(line_is_lost), HF_TEST_CASE(allocation_fails))
