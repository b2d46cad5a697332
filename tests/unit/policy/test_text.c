/* tests/unit/policy/test_text.c: a policy's text: mistakes with line and column, and what is
 * taken. */
#include "base/buf.h"
#include "tests/harness/fault.h"
#include "tests/harness/test.h"
#include "tests/unit/policy/policies.h"
#include "wrapper/policy/text.h"

struct mistake {
    const char *text;
    unsigned line;
    unsigned column;
    const char *says;
};

#define OK "policy t version 1\nrule a\n  permit\n  reason \"R.\"\n  asi ASI01\n"

static const struct mistake rows[] = {
    {"", 1, 1, "no name"},
    {"policy t version 1\n", 1, 1, "no rules"},
    {"rule a\n  permit\n  reason \"R.\"\n  asi ASI01\n", 1, 1, "no name"},
    {"nonsense\n" OK, 1, 1, "at the margin"},
    {"  permit\n" OK, 1, 3, "belongs to nothing"},
    {OK "  whenn path in /x\n", 6, 3, "a line of a rule"},
    {OK "  when path /x\n", 6, 13, "\"in\""},
    {OK "  when path in\n", 6, 15, "at least one value"},
    {OK "  when path in x/y\n", 6, 16, "a path begins"},
    {OK "  when any host in UPPER.test\n", 6, 20, "small letters"},
    {OK "  when requester boss\n", 6, 18, "owner, member"},
    {OK "  when time 8 to 9\n", 6, 13, "such as 08:30"},
    {OK "  when time 08:00 to 25:00\n", 6, 22, "such as 08:30"},
    {OK "  when rate all hour under 3\n", 6, 22, "\"over\""},
    {OK "  when amount over ten EUR\n", 6, 20, "such as 12.50"},
    {OK "  when amount over 10 euros\n", 6, 23, "a currency"},
    {OK "  when after untrusted within 40\n", 6, 31, "1 to 16"},
    {OK "  when weather nice\n", 6, 8, "a condition is expected"},
    {OK "  when path in @nowhere\n", 6, 16, "no list nowhere"},
    {OK "  permit\n", 6, 3, "already"},
    {OK "  reason \"unclosed\n", 6, 10, "not closed"},
    {OK "  reason \"a\\b\"\n", 6, 12, "backslash"},
    {OK "rule a\n  forbid\n  reason \"R.\"\n  asi ASI02\n", 6, 1, "on line 2"},
    {OK "rule b\n  reason \"R.\"\n  asi ASI02\n", 6, 1, "neither permit"},
    {OK "rule b\n  forbid\n  asi ASI02\n", 6, 1, "no reason"},
    {OK "rule b\n  forbid\n  reason \"R.\"\n", 6, 1, "no asi"},
    {OK "rule b\n  forbid\n  asi ASI99\n  reason \"R.\"\n", 8, 7, "ASI01, ASI02"},
    {OK "rule B!\n  forbid\n  reason \"R.\"\n  asi ASI01\n", 6, 6, "id"},
    {OK "rule holdfast.x\n  forbid\n  reason \"R.\"\n  asi ASI01\n", 6, 1, "taken"},
    {OK "level L9\n", 6, 7, "L1, L2"},
    {OK "wait 5 years\n", 6, 8, "seconds, minutes or hours"},
    {OK "list x\n", 6, 1, "empty"},
    {OK "tool x\n  param a path\n", 6, 1, "no classes"},
    {OK "tool x\n  classes red\n", 7, 11, "read, write"},
    {OK "tool x\n  classes read\n  param a b strange\n", 8, 13, "kind"},
    {OK "tool x\n  classes read\n  param a path\n  param a text\n", 6, 1, "twice"},
    {OK "tool x*y\n  classes read\n", 6, 6, "a star"},
    {OK "test \"x\"\n  expect permit\n", 6, 1, "needs a call"},
    {OK "test \"x\"\n  call a {\"b\": }\n  expect permit\n", 7, 10, "line 1"},
    {OK "policy u version 2\n", 6, 1, "already"},
    {OK "\xff\n", 6, 1, "UTF-8"},
    /* names, at the word and not at the block */
    {"policy T version 1\n", 1, 8, "[a-z0-9-]"},
    {"policy t version a/b\n", 1, 18, "[A-Za-z0-9.+_-]"},
    {OK "level tenant \"a b\" L1\n", 6, 14, "the tenant"},
    {OK "list A\n  x\n", 6, 6, "[a-z0-9-]"},
    {OK "tool a \"b c\"\n  classes read\n", 6, 8, "the name of a tool"},
    {OK "  tools \"b c\"\n", 6, 9, "the name of a tool"},
    {OK "  tools b*c\n", 6, 9, "a star"},
    {OK "  when param \"\"\n", 6, 14, "a parameter"},
    {OK "test x\n  call \"a b\"\n  expect ask\n", 7, 8, "the name of a tool"},
    {OK "test x\n  tenant A\n  call a\n  expect ask\n", 7, 10, "the tenant"},
    {OK "test x\n  secrets a B\n  call a\n  expect ask\n", 7, 13, "[a-z0-9:_-]"},
    {OK "test x\n  call a\n  expect ask by b\n", 8, 17, "no rule b"},
    {OK "test x\n  call a\n  expect ask\n  expect permit\n", 9, 3, "already"},
    /* patterns that could never fit, also in lists */
    {OK "  when path in $worksapce/**\n", 6, 16, "$workspace"},
    {OK "  when path in $workspacex\n", 6, 16, "$workspace"},
    {OK "  when path in /a $home/../b\n", 6, 19, "without . and .."},
    {OK "  when path in /a/.\n", 6, 16, "without . and .."},
    {OK "  when path in /a//b\n", 6, 16, "empty part"},
    {OK "  when path in /a/\n", 6, 16, "empty part"},
    {OK "  when path in /a***\n", 6, 16, "no more stars"},
    {OK "  when path in /a/[bc]\n", 6, 16, "only stars"},
    {OK "  when path in @l\nlist l\n  /a b\n", 8, 6, "a path begins"},
    {OK "  when host in a.test:443\n", 6, 16, "no port"},
    {OK "  when host in me@a.test\n", 6, 16, "without user"},
    {OK "  when host in [::1]\n", 6, 16, "brackets"},
    {OK "  when host in a.test.\n", 6, 16, "empty part"},
    {OK "  when host in .a.test\n", 6, 16, "empty part"},
    {OK "  when host in @l\nlist l\n  a.test\n  B.test\n", 9, 3, "small letters"},
    {OK "  when command in \"rm  -rf\"\n", 6, 19, "one blank"},
    {OK "  when command in /bin/rm\n", 6, 19, "without its folder"},
    {OK "program a /bin/b\n", 6, 11, "without its folder"},
    {OK "  when path in \"@l\"\n", 6, 16, "no list l"},
    {OK "  when path in @\n", 6, 16, "behind the @"},
    {OK "  when time 08:00 to 08:00\n", 6, 22, "no time at all"},
    {OK "  when amount over 1. EUR\n", 6, 20, "such as 12.50"},
    {OK "  when amount over 9000000001 EUR\n", 6, 20, "such as 12.50"},
    /* what cannot be seen, or is not what it seems to be */
    {OK "# a\x1b[31m\n", 6, 4, "U+001B"},
    {OK "list l\n  a \"b\x7f\"\n", 7, 7, "U+007F"},
    {OK "list l\n  a \xe2\x80\xae"
        "b\n",
     7, 5, "U+202E"},
    {"\xef\xbb\xbf" OK, 1, 1, "U+FEFF"},
    {OK "  when command in \"a\xd8\x9c\"\n", 6, 21, "U+061C"},
    {OK "  when command in \"a\xe3\x85\xa4\"\n", 6, 21, "U+3164"},
    {OK "test x\n  call a {\"b\": \"\xe2\x80\xae\"}\n  expect ask\n", 7, 17, "spell it, as \\u"},
    {OK "list l\n  a\xc2\xa0"
        "b\n",
     7, 4, "looks like a blank"},
    {OK "list l\n  \"a\"b\n", 7, 6, "behind the quotation mark"},
    {OK "list l\n  a\"b\"\n", 7, 4, "at the begin"},
    /* what a mistake left out is not missed as well */
    {OK "rule b\n  allow\n  asi ASI01\n", 7, 3, "a line of a rule"},
    {OK "list l\n  @b\n", 7, 3, "another list"},
};

/* Each mistake is found at its place, with words that help. */
HF_TEST(mistakes)
{
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        static struct hf_policy_faults faults;
        struct hf_buf out = hf_buf_init(HF_POLICY_BUNDLE_MAX);
        struct hf_err err = {0};
        enum hf_rc rc = hf_policy_compile(hf_str_c(rows[i].text), &out, &faults, &err);
        if (rc != HF_EINVAL || faults.count == 0 || faults.at[0].line != rows[i].line ||
            faults.at[0].column != rows[i].column ||
            strstr(faults.at[0].text, rows[i].says) == NULL || out.len > 0) {
            hf_test_fail(__FILE__, __LINE__, "row %zu: expected %u:%u ...%s..., got %s", i,
                         rows[i].line, rows[i].column, rows[i].says, err.text);
        }
        hf_buf_free(&out);
    }
}

/* A character that ends C text is found as well, in a text and behind a word. */
HF_TEST(zero_bytes)
{
    static const char text[] = OK "list l\n  a\0b \"c\0\"\n";
    static struct hf_policy_faults faults;
    struct hf_buf out = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_err err = {0};
    HF_CHECK_RC(hf_policy_compile((struct hf_str){text, sizeof text - 1}, &out, &faults, &err),
                HF_EINVAL);
    HF_CHECK(strstr(err.text, "line 7, column 4: U+0000") != NULL);
    hf_buf_free(&out);
}

/* Several mistakes are found in one run, in the order of their lines, and no more than fit. */
HF_TEST(many_mistakes)
{
    static struct hf_policy_faults faults;
    struct hf_buf out = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_buf text = hf_buf_init(1 << 20);
    struct hf_err err = {0};
    hf_buf_str(&text, HF_STR(OK "  when x\n  when y\n"));
    HF_CHECK_RC(hf_policy_compile(hf_bytes_str(hf_buf_bytes(&text)), &out, &faults, &err),
                HF_EINVAL);
    HF_CHECK_U64(faults.count, 2);
    HF_CHECK_U64(faults.at[1].line, 7);
    HF_CHECK(strstr(err.text, "line 6, column 8") != NULL);
    for (unsigned i = 0; i < 100; i++) {
        hf_buf_str(&text, HF_STR("oops\n"));
    }
    HF_CHECK_RC(hf_policy_compile(hf_bytes_str(hf_buf_bytes(&text)), &out, &faults, &err),
                HF_EINVAL);
    HF_CHECK(faults.count == HF_POLICY_FAULTS_MAX && faults.more);
    hf_buf_free(&text);
    hf_buf_free(&out);
}

/* A long list is divided and put together again, whatever order and how often its values are. */
HF_TEST(long_list)
{
    struct hf_buf text = hf_buf_init(1 << 20);
    struct hf_policy_facts facts;
    struct hf_policy_verdict got;
    hf_buf_str(&text, HF_STR(OK "  when any host in @many\nlist many\n"));
    for (unsigned i = 0; i < 1000; i++) {
        hf_buf_printf(&text, "  h%u.test h%u.test\n", (i * 7919) % 1000, i);
    }
    hf_buf_put(&text, "", 1);
    struct hf_policy *policy = policy_of((const char *)text.ptr);
    for (unsigned i = 0; i < 1001; i++) {
        char host[16];
        struct hf_writer w = hf_writer_init(host, sizeof host);
        hf_writer_printf(&w, "h%u.test", i);
        hf_facts_init(&facts);
        facts.tenant = HF_STR("t");
        facts.tool = HF_STR("x");
        facts.hosts_count = 1;
        facts.hosts[0] = hf_bytes_str(hf_writer_done(&w));
        hf_policy_eval(policy, &facts, &got);
        HF_CHECK_U64(got.verdict, i < 1000 ? HF_VERDICT_PERMIT : HF_VERDICT_FORBID);
    }
    hf_policy_free(policy);
    hf_buf_free(&text);
}

static enum hf_rc compile_and_load(const char *text, struct hf_err *err)
{
    static struct hf_policy_faults faults;
    struct hf_buf out = hf_buf_init(HF_POLICY_BUNDLE_MAX);
    struct hf_policy *policy = NULL;
    enum hf_rc rc = hf_policy_compile(hf_str_c(text), &out, &faults, err);
    if (rc == HF_OK) {
        rc = hf_policy_load(hf_buf_bytes(&out), &policy, err);
    }
    hf_policy_free(policy);
    hf_buf_free(&out);
    return rc;
}

/* Compiling and loading with the n-th allocation failing: out of memory each time, and nothing
 * lost. */
HF_TEST(allocations)
{
    static const char text[] =
        OK "  when any host in @l\n  when any path in /a/*/b /c\nlist l\n  a b c\n"
           "tool x\n  classes read\n  param p path\nprogram ls\n  paths read\n  "
           "options la:\n  options --color +\nlevel tenant t L2\n"
           "test \"one\"\n  call x {\"p\": \"/c\"}\n  expect forbid\n";
    uint64_t count = 1;
    for (uint64_t n = 1; n <= count; n++) {
        struct hf_err err = {0};
        hf_sweep_begin(HF_SWEEP_ALLOC, n, 0);
        enum hf_rc rc = compile_and_load(text, &err);
        count = hf_sweep_end();
        if (n < count) {
            HF_CHECK_RC(rc, HF_ENOMEM);
        }
        if (n == 1) {
            count = count < 2 ? 2 : count;
        }
    }
    struct hf_err err = {0};
    HF_CHECK_OK(compile_and_load(text, &err), err);
}

HF_TEST_MAIN(HF_TEST_CASE(mistakes), HF_TEST_CASE(zero_bytes), HF_TEST_CASE(many_mistakes),
             HF_TEST_CASE(long_list), HF_TEST_CASE(allocations))
