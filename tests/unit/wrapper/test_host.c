/* tests/unit/wrapper/test_host.c: gateways among processes, and where paths lead. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/harness/test.h"
#include "wrapper/driver.h"
#include "wrapper/glob.h"
#include "wrapper/resolver.h"

static char path[HF_PATH_MAX];

static const char *in_dir(const char *name)
{
    HF_ASSERT(hf_path_join(hf_test_dir(), name, path, sizeof path) == HF_OK);
    return path;
}

static void put(const char *name, const char *text)
{
    HF_ASSERT(hf_file_create(in_dir(name), hf_str_bytes(hf_str_c(text)), 0600, NULL) == HF_OK);
}

static void process(const char *pid, const char *cmdline, const char *start)
{
    char name[64];
    char text[256];
    (void)snprintf(name, sizeof name, "%s", pid);
    HF_ASSERT(hf_dir_create(in_dir(name), 0700, false, NULL) == HF_OK);
    (void)snprintf(name, sizeof name, "%s/cmdline", pid);
    put(name, cmdline);
    (void)snprintf(name, sizeof name, "%s/stat", pid);
    (void)snprintf(text, sizeof text, "%s (a ) b) S 1 1 1 0 -1 4 1 0 0 0 1 1 0 0 20 0 1 0 %s 1 1",
                   pid, start);
    put(name, text);
    (void)snprintf(name, sizeof name, "%s/cgroup", pid);
    put(name, "0::/system.slice/openclaw.service\n");
}

/* Only processes that call themselves a gateway count; each is told apart by its start. */
HF_TEST(gateways)
{
    struct hf_driver_host host;
    struct hf_gateway found[4];
    const struct hf_peers nobody = {.count = 0};
    size_t count = 0;
    put("uptime", "5000.12 1.00\n");
    process("100", "openclaw-gateway", "400000");
    process("101", "node", "400001");
    process("102", "openclaw-gateway", "499900");
    put("200", "no folder");
    hf_driver_host_init(&host, &nobody, hf_test_dir());
    HF_CHECK_RC(hf_driver_gateways(&host.driver, found, HF_LEN(found), &count, NULL), HF_OK);
    HF_CHECK_U64(count, 2);
    struct hf_gateway one;
    HF_CHECK_RC(hf_driver_look(&host.driver, 100, &one, NULL), HF_OK);
    HF_CHECK_U64(one.started, 400000);
    HF_CHECK_U64(one.age_s, 5000 - 400000 / (uint64_t)sysconf(_SC_CLK_TCK));
    HF_CHECK(one.uid == geteuid());
    HF_CHECK(hf_str_eq(hf_str_c(one.cgroup), HF_STR("0::/system.slice/openclaw.service")));
    HF_CHECK_RC(hf_driver_look(&host.driver, 999, &one, NULL), HF_ENOTFOUND);
    hf_driver_host_init(&host, &nobody, /* proc= */ NULL);
    HF_CHECK_RC(hf_driver_look(&host.driver, getpid(), &one, NULL), HF_OK);
    HF_CHECK(one.started > 0);
}

static enum hf_rc leads(const char *from, char out[HF_PATH_MAX], bool *ret_moved)
{
    struct hf_writer w = hf_writer_init(out, HF_PATH_MAX - 1);
    struct hf_disk_resolver disk;
    hf_disk_resolver_init(&disk, NULL);
    enum hf_rc rc = disk.resolver.resolve(disk.resolver.arg, hf_str_c(from), &w, ret_moved);
    out[rc == HF_OK ? w.len : 0] = '\0';
    return rc;
}

/* Links and parents are followed as the kernel does; what is not there is its text; loops, and a
 * way back over what is not there, are refused. */
HF_TEST(resolves)
{
    char root[HF_PATH_MAX];
    char from[HF_PATH_MAX + 64];
    char out[HF_PATH_MAX];
    char wanted[HF_PATH_MAX + 64];
    HF_CHECK_RC(hf_resolve_path(NULL, hf_str_c(hf_test_dir()), root, sizeof root), HF_OK);
    HF_ASSERT(hf_dir_create(in_dir("real"), 0700, false, NULL) == HF_OK);
    HF_ASSERT(symlink("real", in_dir("link")) == 0);
    HF_ASSERT(symlink("loop", in_dir("loop")) == 0);
    HF_ASSERT(symlink("/etc", in_dir("etc")) == 0);

    static const struct {
        const char *from;
        const char *to; /* below the root; NULL: refused */
        bool moved;
    } rows[] = {
        {"/real/./x//y", "/real/x/y", false}, {"/link/x", "/real/x", true},
        {"/real/../link/x", "/real/x", true}, {"/loop/x", NULL, true},
        {"/none/../real", NULL, false},       {"/real/new", "/real/new", false},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        bool moved = false;
        (void)snprintf(from, sizeof from, "%s%s", root, rows[i].from);
        (void)snprintf(wanted, sizeof wanted, "%s%s", root, rows[i].to == NULL ? "" : rows[i].to);
        enum hf_rc rc = leads(from, out, &moved);
        HF_CHECK((rc == HF_OK) == (rows[i].to != NULL));
        HF_CHECK(rc != HF_OK ||
                 (hf_str_eq(hf_str_c(out), hf_str_c(wanted)) && moved == rows[i].moved));
    }
    bool moved = false;
    (void)snprintf(from, sizeof from, "%s/etc/passwd", root);
    HF_CHECK_RC(leads(from, out, &moved), HF_OK);
    HF_CHECK(moved && hf_str_eq(hf_str_c(out), HF_STR("/etc/passwd")));
    HF_CHECK_RC(leads("/..", out, &moved), HF_OK);
    HF_CHECK(hf_str_eq(hf_str_c(out), HF_STR("/")));
    HF_CHECK_RC(leads("relative", out, &moved), HF_EINVAL);
    HF_CHECK_RC(leads("", out, &moved), HF_EINVAL);
}

static void add_name(void *arg, struct hf_str fits)
{
    struct hf_buf *out = arg;
    const char *slash = memrchr(fits.ptr, '/', fits.len);
    size_t skip = (size_t)(slash + 1 - fits.ptr);
    hf_buf_printf(out, "%.*s ", (int)(fits.len - skip), fits.ptr + skip);
}

/* A pattern fits as in a shell: names with a point only where it says so, folders behind links, and
 * nothing without an end. */
HF_TEST(globs)
{
    static const struct {
        const char *pattern;
        const char *names;
    } rows[] = {
        {"one*", "one "},
        {"o?e", "one "},
        {"[no]ne", "one "},
        {"*ne", "one "},
        {".s*", ".secret "},
        {"l*/in", "in "},
        {"*/.hid*", ".hidden .hidden "},
        {"none/*", ""},
        {"one/*", ""},
        {"d/none*", ""},
        {"d/../o*", "one "},
        {"d/.*/one", "one "},
        {"dangling*", "dangling "},
        {"\\*", ""},
    };

    for (const char *const *dir = (const char *const[]){"d", NULL}; *dir != NULL; dir++) {
        HF_ASSERT(hf_dir_create(in_dir(*dir), 0700, false, NULL) == HF_OK);
    }
    for (const char *const *file =
             (const char *const[]){"one", ".secret", "d/in", "d/.hidden", NULL};
         *file != NULL; file++) {
        FILE *made = fopen(in_dir(*file), "w");
        HF_ASSERT(made != NULL && fclose(made) == 0);
    }
    struct hf_disk_resolver disk;
    hf_disk_resolver_init(&disk, NULL);
    HF_ASSERT(symlink("d", in_dir("l")) == 0);
    HF_ASSERT(symlink("nowhere", in_dir("dangling")) == 0);
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_buf out = hf_buf_init(4096);
        enum hf_rc rc =
            disk.resolver.expand(&disk, hf_str_c(in_dir(rows[i].pattern)), add_name, &out);
        HF_CHECK_RC(rc, HF_OK);
        if (!hf_str_eq(hf_bytes_str(hf_buf_bytes(&out)), hf_str_c(rows[i].names))) {
            hf_test_fail(__FILE__, __LINE__, "%s: %.*s", rows[i].pattern, (int)out.len,
                         (const char *)out.ptr);
        }
        hf_buf_free(&out);
    }
    HF_ASSERT(hf_dir_create(in_dir("many"), 0700, false, NULL) == HF_OK);
    for (unsigned i = 0; i <= HF_GLOB_NAMES_MAX; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "many/%u", i);
        FILE *made = fopen(in_dir(name), "w");
        HF_ASSERT(made != NULL && fclose(made) == 0);
    }
    struct hf_buf out = hf_buf_init(1 << 20);
    HF_CHECK_RC(disk.resolver.expand(&disk, hf_str_c(in_dir("many/x*")), add_name, &out),
                HF_ETOOBIG);
    HF_CHECK_RC(disk.resolver.expand(&disk, HF_STR("relative*"), add_name, &out), HF_EINVAL);
    hf_buf_free(&out);
}

/* What was resolved for this call is not looked at again; all else is. */
HF_TEST(resolves_below_places)
{
    char root[HF_PATH_MAX];
    char gone[HF_PATH_MAX + 64];
    char from[HF_PATH_MAX + 128];
    char out[HF_PATH_MAX];
    struct hf_disk_resolver disk;
    HF_CHECK_RC(hf_resolve_path(NULL, hf_str_c(hf_test_dir()), root, sizeof root), HF_OK);
    (void)snprintf(gone, sizeof gone, "%s/a/gone", root);
    const struct hf_root places[] = {{HF_STR("home"), hf_str_c(gone)}};
    hf_disk_resolver_init(&disk, places);
    HF_ASSERT(symlink("/etc", in_dir("a")) == 0);
    HF_ASSERT(symlink("/etc", in_dir("aa")) == 0);

    static const struct {
        const char *from;
        const char *before; /* below the root, or absolute */
        const char *after;
    } rows[] = {
        {"/a", "/etc", "/a"},
        {"/a/gone", "/etc/gone", "/a/gone"},
        {"/aa", "/etc", "/etc"},
        {"/a/gone/../x", NULL, "/a/x"},
        {"/a/gon", "/etc/gon", "/a/gon"},
    };

    for (size_t i = 0; i < HF_LEN(rows); i++) {
        (void)snprintf(from, sizeof from, "%s%s", root, rows[i].from);
        for (disk.place_count = 0; disk.place_count < 2; disk.place_count++) {
            const char *to = disk.place_count == 0 ? rows[i].before : rows[i].after;
            char wanted[HF_PATH_MAX + 64];
            bool below = to != NULL && strcmp(to, "/etc") != 0 && strncmp(to, "/etc/", 5) != 0;
            (void)snprintf(wanted, sizeof wanted, "%s%s", below ? root : "", to == NULL ? "" : to);
            enum hf_rc rc = hf_resolve_path(&disk, hf_str_c(from), out, sizeof out);
            HF_CHECK((rc == HF_OK) == (to != NULL));
            HF_CHECK(rc != HF_OK || hf_str_eq(hf_str_c(out), hf_str_c(wanted)));
        }
    }
}

HF_TEST_MAIN(HF_TEST_CASE(globs), HF_TEST_CASE(gateways), HF_TEST_CASE(resolves),
             HF_TEST_CASE(resolves_below_places))
