/* tests/unit/policy/test_match.c: patterns: words, paths, hosts, commands; sets against single
 * ones. */
#include "tests/harness/test.h"
#include "wrapper/policy/host.h"
#include "wrapper/policy/match.h"

struct row {
    const char *pattern;
    const char *text;
    bool fits;
};

/* A table of patterns and texts, and for each whether they fit. */
HF_TEST(words_and_paths)
{
    static const struct row words[] = {
        {"*", "", true},          {"a*c", "abc", true},      {"a*c", "ab", false},
        {"*.*", "a.b", true},     {"update.*", "up", false}, {"**", "x", true},
        {"a*b*c", "aXbYc", true}, {"a*b*c", "aXcYb", false}, {"", "", true},
        {"", "x", false},         {"-*f*", "-rf", true},
    };
    static const struct row paths[] = {
        {"$workspace/**", "$workspace", true},     {"$workspace/**", "$workspace/a/b", true},
        {"$workspace/**", "$workspacex/a", false}, {"/etc/*", "/etc/passwd", true},
        {"/etc/*", "/etc/ssl/key", false},         {"**/.ssh/**", "$home/.ssh/id", true},
        {"**/.ssh/**", "$home/.ssh", true},        {"**/.ssh/**", "$home/.sshx", false},
        {"**/.env", "$workspace/app/.env", true},  {"**/.env*", "$workspace/app/.env.local", true},
        {"**/.env*", "$workspace/.env/x", false},  {"/a/*/c/**/d", "/a/b/c/x/y/d", true},
        {"/a/*/c/**/d", "/a/b/x/c/y/d", false},    {"**/*.pem", "/x/a.pem/b.pem", true},
        {"**/*.pem", "/x/a.pem/b", false},         {"/a", "/a/", false},
    };
    for (size_t i = 0; i < HF_LEN(words); i++) {
        if (hf_match_word(hf_str_c(words[i].pattern), hf_str_c(words[i].text)) != words[i].fits) {
            hf_test_fail(__FILE__, __LINE__, "%s on %s", words[i].pattern, words[i].text);
        }
    }
    for (size_t i = 0; i < HF_LEN(paths); i++) {
        if (hf_match_path(hf_str_c(paths[i].pattern), hf_str_c(paths[i].text)) != paths[i].fits) {
            hf_test_fail(__FILE__, __LINE__, "%s on %s", paths[i].pattern, paths[i].text);
        }
    }
}

/* Patterns of commands begin a command line; a lone star stands for any number of arguments. */
HF_TEST(commands)
{
    const struct hf_str args[] = {HF_STR("--profile"), HF_STR("x"), HF_STR("agent"), HF_STR("exec"),
                                  HF_STR("-m")};
    struct hf_str openclaw = HF_STR("openclaw");
    HF_CHECK(hf_match_command(HF_STR("openclaw"), openclaw, args, 5));
    HF_CHECK(!hf_match_command(HF_STR("openclaw agent exec"), openclaw, args, 5));
    HF_CHECK(hf_match_command(HF_STR("openclaw agent exec"), openclaw, args + 2, 3));
    HF_CHECK(hf_match_command(HF_STR("openclaw * agent * exec"), openclaw, args, 5));
    HF_CHECK(hf_match_command(HF_STR("openclaw * agent * exec"), openclaw, args + 2, 3));
    HF_CHECK(!hf_match_command(HF_STR("openclaw * agent * exec"), openclaw, args, 3));
    HF_CHECK(!hf_match_command(HF_STR("openclaw * exec * agent"), openclaw, args, 5));
    HF_CHECK(hf_match_command(HF_STR("open* --*"), openclaw, args, 5));
    HF_CHECK(hf_match_command(HF_STR("openclaw *"), openclaw, args, 0));
}

/* Addresses in every spelling that reaches this machine or a private network. */
HF_TEST(private_hosts)
{
    static const char *const inside[] = {"localhost",
                                         "127.0.0.1",
                                         "10.1.2.3",
                                         "172.31.0.1",
                                         "192.168.1.1",
                                         "169.254.169.254",
                                         "0",
                                         "2130706433",
                                         "0x7f.1",
                                         "127.0x.0x.1",
                                         "127.0.0.0x",
                                         "0x.0x.0x.0x",
                                         "0177.0.0.1",
                                         "127.1",
                                         "[::1]",
                                         "::1",
                                         "fe80::1",
                                         "fd00::1",
                                         "::ffff:127.0.0.1",
                                         "2002:7f00:1::",
                                         "db.internal",
                                         "printer.local",
                                         "intranet",
                                         "100.64.0.1",
                                         "192.0.0.8",
                                         "198.18.0.1",
                                         "2001::1",
                                         "2001:0:4136:e378:8000:63bf:3fff:fdd2",
                                         "fec0::1",
                                         "2001:4860:::1",
                                         "2001:4860:4860::8888%eth0",
                                         "localhost.",
                                         "\xef\xbc\x91\xef\xbc\x92\xef\xbc\x97.0.0.1",
                                         "127.0.0.\xef\xbc\x91",
                                         "127\343\200\2020.0.1",
                                         "db.\xe2\x93\x98nternal",
                                         "x.\xe2\x93\x9bocalhost",
                                         "0x7\xef\xbc\xa6.1",
                                         ""};
    static const char *const outside[] = {"example.org",
                                          "8.8.8.8",
                                          "172.32.0.1",
                                          "2606:4700::1",
                                          "1.1.1.1",
                                          "[2001:4860:4860::8888]",
                                          "2001:4860:4860:0:0:0:0:8844",
                                          "localhost.example.org",
                                          "10.example.org",
                                          "192.169.0.1",
                                          "256.1.1.1",
                                          "b\303\274cher.example"};
    for (size_t i = 0; i < HF_LEN(inside); i++) {
        if (!hf_host_private(hf_str_c(inside[i]))) {
            hf_test_fail(__FILE__, __LINE__, "%s is not private", inside[i]);
        }
    }
    for (size_t i = 0; i < HF_LEN(outside); i++) {
        if (hf_host_private(hf_str_c(outside[i]))) {
            hf_test_fail(__FILE__, __LINE__, "%s is private", outside[i]);
        }
    }
}

/* A short set, and a long one that looks its keys up, say the same as its patterns one by one. */
HF_TEST(sets)
{
    const struct hf_str paths[] = {HF_STR("/b/**"), HF_STR("/a"), HF_STR("/c/*/d"),
                                   HF_STR("$x/y/**"), HF_STR("/b/c")};
    const struct hf_str hosts[] = {HF_STR("*.example.org"), HF_STR("a.test"), HF_STR("x*.test")};
    const struct hf_str tries[] = {HF_STR("/b"),
                                   HF_STR("/b/x/y"),
                                   HF_STR("/a/x"),
                                   HF_STR("/a"),
                                   HF_STR("/c/1/d"),
                                   HF_STR("$x/y/z"),
                                   HF_STR("$x"),
                                   HF_STR("example.org"),
                                   HF_STR("/bb"),
                                   HF_STR("w.example.org"),
                                   HF_STR("v.w.example.org"),
                                   HF_STR("a.test"),
                                   HF_STR("b.a.test"),
                                   HF_STR("xyz.test"),
                                   HF_STR("/b/c"),
                                   HF_STR("/"),
                                   HF_STR("")};
    struct hf_arena arena;
    struct hf_match_set path_set;
    struct hf_match_set host_set;
    struct hf_match_set long_paths;
    struct hf_match_set long_hosts;
    struct hf_str many_paths[40];
    struct hf_str many_hosts[40];
    for (size_t i = 0; i < HF_LEN(many_paths); i++) {
        many_paths[i] = i < HF_LEN(paths) ? paths[i] : HF_STR("/none");
        many_hosts[i] = i < HF_LEN(hosts) ? hosts[i] : HF_STR("none.test");
    }
    hf_arena_init(&arena, 1 << 20);
    HF_CHECK_RC(hf_match_set_build(HF_MATCH_PATH, paths, HF_LEN(paths), &arena, &path_set), HF_OK);
    HF_CHECK_RC(hf_match_set_build(HF_MATCH_HOST, hosts, HF_LEN(hosts), &arena, &host_set), HF_OK);
    HF_CHECK_RC(hf_match_set_build(HF_MATCH_PATH, many_paths, 40, &arena, &long_paths), HF_OK);
    HF_CHECK_RC(hf_match_set_build(HF_MATCH_HOST, many_hosts, 40, &arena, &long_hosts), HF_OK);
    for (size_t i = 0; i < HF_LEN(tries); i++) {
        bool path = false;
        bool host = false;
        for (size_t k = 0; k < HF_LEN(paths); k++) {
            path = path || hf_match_path(paths[k], tries[i]);
        }
        for (size_t k = 0; k < HF_LEN(hosts); k++) {
            host = host || hf_match_word(hosts[k], tries[i]);
        }
        if (hf_match_set_has(&path_set, HF_MATCH_PATH, tries[i]) != path ||
            hf_match_set_has(&long_paths, HF_MATCH_PATH, tries[i]) != path ||
            hf_match_set_has(&long_hosts, HF_MATCH_HOST, tries[i]) != host ||
            hf_match_set_has(&host_set, HF_MATCH_HOST, tries[i]) != host) {
            hf_test_fail(__FILE__, __LINE__, "differs on %.*s", HF_STR_ARG(tries[i]));
        }
    }
    hf_arena_fini(&arena);
}

HF_TEST_MAIN(HF_TEST_CASE(words_and_paths), HF_TEST_CASE(commands), HF_TEST_CASE(private_hosts),
             HF_TEST_CASE(sets))
