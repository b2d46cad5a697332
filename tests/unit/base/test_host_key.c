/* tests/unit/base/test_host_key.c: the host key's file, sealing under it, and what log lines
 * tell about it. */
#include "base/host_key.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/hex.h"
#include "base/logger.h"
#include "tests/harness/test.h"

#define THREADS 8

struct path {
    char text[HF_PATH_MAX];
};

static struct path in_dir(const char *name)
{
    struct path path;
    HF_ASSERT(hf_path_join(hf_test_dir(), name, path.text, sizeof path.text) == HF_OK);
    return path;
}

static struct hf_secret secret_of(uint8_t byte)
{
    uint8_t bytes[HF_SEAL_KEY_SIZE];
    struct hf_secret secret = {0};
    memset(bytes, byte, sizeof bytes);
    HF_ASSERT(hf_secret_copy(hf_bytes_of(bytes, sizeof bytes), &secret) == HF_OK);
    return secret;
}

static bool opens_to(const struct hf_secret *key, struct hf_bytes sealed, struct hf_str associated,
                     struct hf_str plain)
{
    struct hf_secret opened = {0};
    enum hf_rc rc = hf_unseal(key, sealed, hf_str_bytes(associated), &opened);
    HF_ASSERT(rc == HF_OK || (rc == HF_EBADSIG && hf_secret_reveal(&opened).ptr == NULL));
    bool same = rc == HF_OK && hf_bytes_eq(hf_secret_reveal(&opened), hf_str_bytes(plain));
    hf_secret_free(&opened);
    return same;
}

/* What was sealed opens with the same key and associated data. With any other bit, byte less,
 * key or data it does not; two sealings of the same text differ. */
HF_TEST(seal)
{
    const struct hf_str plains[] = {HF_STR(""), HF_STR("x"),
                                    HF_STR("a seed of thirty-two bytes 12345")};
    struct hf_secret key = secret_of(1), other = secret_of(2);
    for (size_t i = 0; i < HF_LEN(plains); i++) {
        uint8_t sealed[32 + HF_SEAL_OVERHEAD], again[sizeof sealed];
        struct hf_str text = plains[i], with = HF_STR("purpose");
        struct hf_bytes all = hf_bytes_of(sealed, text.len + HF_SEAL_OVERHEAD);
        hf_seal(hf_env_os(), &key, hf_str_bytes(text), hf_str_bytes(with), sealed);
        hf_seal(hf_env_os(), &key, hf_str_bytes(text), hf_str_bytes(with), again);
        HF_CHECK(memcmp(sealed, again, all.len) != 0);
        HF_CHECK(opens_to(&key, all, with, text));
        HF_CHECK(!opens_to(&other, all, with, text));
        HF_CHECK(!opens_to(&key, all, HF_STR(""), text) &&
                 !opens_to(&key, all, HF_STR("Purpose"), text));
        for (size_t len = 0; len < all.len; len++) {
            HF_CHECK(!opens_to(&key, hf_bytes_of(sealed, len), with, text));
        }
        for (size_t bit = 0; bit < 8 * all.len; bit++) {
            sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
            HF_CHECK(!opens_to(&key, all, with, text));
            sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
        HF_CHECK(opens_to(&key, all, with, text));
    }
    hf_secret_free(&key);
    hf_secret_free(&other);
}

/* A key that is made in missing folders is private, random, and the same the next time; nothing
 * else is left beside it. What is sealed under one load opens under the next. */
HF_TEST(made_once)
{
    struct path file = in_dir("state/holdfast/host.key"), folder = in_dir("state/holdfast");
    struct hf_secret keys[2] = {0};
    struct hf_err err = {0};
    uint8_t ids[2][8], sealed[4 + HF_SEAL_OVERHEAD];
    struct stat st;
    HF_CHECK(setenv("HOLDFAST_HOST_KEY", file.text, 1) == 0);
    for (size_t i = 0; i < 2; i++) {
        HF_CHECK_OK(hf_host_key_load(hf_env_os(), NULL, &keys[i], &err), err);
        hf_host_key_id(&keys[i], ids[i]);
    }
    HF_CHECK(hf_bytes_eq(hf_secret_reveal(&keys[0]), hf_secret_reveal(&keys[1])));
    HF_CHECK_MEM(ids[0], ids[1], 8);
    HF_CHECK(stat(file.text, &st) == 0 && (st.st_mode & 07777) == 0600 && st.st_size == 32);
    HF_CHECK(stat(folder.text, &st) == 0 && (st.st_mode & 07777) == 0700);
    HF_CHECK_RC(hf_dir_create(folder.text, 0700, false, &err), HF_EEXIST);
    HF_CHECK(unlink(file.text) == 0);
    HF_CHECK_OK(hf_dir_create(folder.text, 0700, false, &err), err); /* is empty now */
    hf_seal(hf_env_os(), &keys[0], HF_BYTES("text"), HF_BYTES(""), sealed);
    HF_CHECK(opens_to(&keys[1], hf_bytes_of(sealed, sizeof sealed), HF_STR(""), HF_STR("text")));
    hf_secret_free(&keys[1]);
    HF_CHECK_OK(hf_host_key_load(hf_env_os(), NULL, &keys[1], &err), err);
    HF_CHECK(!hf_bytes_eq(hf_secret_reveal(&keys[0]), hf_secret_reveal(&keys[1])));
    HF_CHECK(!opens_to(&keys[1], hf_bytes_of(sealed, sizeof sealed), HF_STR(""), HF_STR("text")));
    hf_secret_free(&keys[0]);
    hf_secret_free(&keys[1]);
    HF_CHECK(unsetenv("HOLDFAST_HOST_KEY") == 0);
}

/* The id is the documented hash: SHA-256 of name and key, its first bytes. */
HF_TEST(id)
{
    struct hf_secret key = secret_of(0x42);
    uint8_t text[24 + 32], id[8];
    struct hf_hash hash;
    struct hf_writer w = hf_writer_init(text, sizeof text);
    hf_writer_str(&w, HF_STR("holdfast/host-key-id/v1\n"));
    HF_CHECK_U64(w.len, 24);
    memset(text + 24, 0x42, 32);
    hf_sha256(hf_bytes_of(text, sizeof text), &hash);
    hf_host_key_id(&key, id);
    hf_secret_free(&key);
    HF_CHECK_MEM(id, hash.b, 8);
}

struct starter {
    struct hf_secret key;
    enum hf_rc rc;
};

static void *starts(void *arg)
{
    struct starter *starter = arg;
    starter->rc = hf_host_key_load(hf_env_os(), NULL, &starter->key, NULL);
    return NULL;
}

/* Many that start at once, in several rounds, all get the one key. */
HF_TEST(race)
{
    for (int round = 0; round < 10; round++) {
        char name[32];
        (void)snprintf(name, sizeof name, "round-%d/host.key", round);
        struct path file = in_dir(name);
        struct starter starters[THREADS] = {0};
        pthread_t threads[THREADS];
        HF_CHECK(setenv("HOLDFAST_HOST_KEY", file.text, 1) == 0);
        for (size_t i = 0; i < THREADS; i++) {
            HF_CHECK(pthread_create(&threads[i], NULL, starts, &starters[i]) == 0);
        }
        for (size_t i = 0; i < THREADS; i++) {
            (void)pthread_join(threads[i], NULL);
        }
        for (size_t i = 0; i < THREADS; i++) {
            HF_CHECK_RC(starters[i].rc, HF_OK);
            HF_CHECK(hf_bytes_eq(hf_secret_reveal(&starters[i].key),
                                 hf_secret_reveal(&starters[0].key)));
        }
        for (size_t i = 0; i < THREADS; i++) {
            hf_secret_free(&starters[i].key);
        }
        HF_CHECK(unsetenv("HOLDFAST_HOST_KEY") == 0);
    }
}

/* Files that are no host key, or that others can read, are refused by name and kept; a pipe does
 * not make the process wait; a named file that is missing is not made. */
HF_TEST(refused)
{
    static const struct {
        size_t len;
        mode_t mode;
        enum hf_rc rc;
    } rows[] = {
        {32, 0600, HF_OK},    {32, 0400, HF_OK},     {32, 0640, HF_EPERM},  {32, 0604, HF_EPERM},
        {32, 0620, HF_EPERM}, {31, 0600, HF_EINVAL}, {33, 0600, HF_EINVAL}, {0, 0600, HF_EINVAL},
    };

    static const uint8_t zeros[33];
    struct path file = in_dir("key"), none = in_dir("none"), pipe_path = in_dir("pipe");
    struct path below = in_dir("key/below");
    struct hf_secret key = {0};
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        struct hf_err err = {0};
        HF_CHECK_RC(hf_file_replace(file.text, hf_bytes_of(zeros, rows[i].len), 0600, &err), HF_OK);
        HF_CHECK(chmod(file.text, rows[i].mode) == 0);
        HF_CHECK_RC(hf_host_key_load(hf_env_os(), file.text, &key, &err), rows[i].rc);
        HF_CHECK(rows[i].rc == HF_OK || strstr(err.text, file.text) != NULL);
        HF_CHECK((hf_secret_reveal(&key).ptr != NULL) == (rows[i].rc == HF_OK));
        hf_secret_free(&key);
    }
    struct hf_err err = {0};
    HF_CHECK_RC(hf_host_key_load(hf_env_os(), hf_test_dir(), &key, &err), HF_EINVAL);
    HF_CHECK_RC(hf_host_key_load(hf_env_os(), none.text, &key, &err), HF_ENOTFOUND);
    HF_CHECK(strstr(err.text, none.text) != NULL && access(none.text, F_OK) != 0);
    HF_CHECK(mkfifo(pipe_path.text, 0600) == 0);
    HF_CHECK_RC(hf_host_key_load(hf_env_os(), pipe_path.text, &key, &err), HF_EINVAL);
    HF_CHECK_RC(hf_host_key_load(hf_env_os(), below.text, &key, &err), HF_EIO); /* ENOTDIR */
    HF_CHECK(strstr(err.text, "Not a directory") != NULL);
    HF_CHECK(setenv("HOLDFAST_HOST_KEY", below.text, 1) == 0);
    enum hf_rc rc = hf_host_key_load(hf_env_os(), NULL, &key, &err);
    char small[8];
    enum hf_rc cut = hf_host_key_default_path(small, sizeof small, &err);
    HF_CHECK(unsetenv("HOLDFAST_HOST_KEY") == 0);
    HF_CHECK(rc == HF_EEXIST && cut == HF_ETOOBIG);
}

/* What systemd hands over is taken with the mode that its access list shows, from its folder alone;
 * what others could read or the group could write is refused there too. */
HF_TEST(credential)
{
    static const struct {
        const char *folder; /* below the test's */
        const char *file;
        mode_t mode;
        enum hf_rc rc;
    } rows[] = {
        {"/run", "/run/key", 0440, HF_OK},        {"/run", "/run/key", 0400, HF_OK},
        {"/run", "/run/key", 0444, HF_EPERM},     {"/run", "/run/key", 0460, HF_EPERM},
        {"/ru", "/run/key", 0440, HF_EPERM},      {"", "/run/key", 0440, HF_EPERM},
        {"/run/key", "/run/key", 0440, HF_EPERM},
    };

    static const uint8_t zeros[32];
    struct hf_err err = {0};
    struct hf_secret key = {0};
    struct path run = in_dir("run");
    HF_CHECK_RC(hf_dir_create(run.text, 0700, /* may_exist= */ true, &err), HF_OK);
    for (size_t i = 0; i < HF_LEN(rows); i++) {
        char folder[HF_PATH_MAX];
        char file[HF_PATH_MAX];
        (void)snprintf(folder, sizeof folder, "%s%s", hf_test_dir(), rows[i].folder);
        (void)snprintf(file, sizeof file, "%s%s", hf_test_dir(), rows[i].file);
        HF_CHECK_RC(hf_file_replace(file, hf_bytes_of(zeros, sizeof zeros), 0600, &err), HF_OK);
        HF_CHECK(chmod(file, rows[i].mode) == 0);
        HF_CHECK(setenv("CREDENTIALS_DIRECTORY", folder, 1) == 0);
        HF_CHECK_RC(hf_host_key_load(hf_env_os(), file, &key, &err), rows[i].rc);
        HF_CHECK(unsetenv("CREDENTIALS_DIRECTORY") == 0);
        hf_secret_free(&key);
    }
}

/* Lines about all that can go wrong with a secret, in both formats, hold it in no spelling. That
 * a secret is not taken as a field at all is checked when the build is set up (meson.build). */
HF_TEST(not_in_log_lines)
{
    struct path file = in_dir("lines");
    struct hf_secret key = secret_of(0xC7), bad = secret_of(0xC8), opened = {0};
    struct hf_signing_key *signing = NULL;
    struct hf_err errs[3] = {0};
    uint8_t sealed[32 + HF_SEAL_OVERHEAD], id[8];
    char hex[65], base64[45];
    int fd = open(file.text, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    HF_CHECK(fd >= 0);
    hf_host_key_id(&key, id);
    hf_seal(hf_env_os(), &key, hf_secret_reveal(&key), HF_BYTES(""), sealed);
    HF_CHECK_RC(hf_signing_key_from_seed(&key, &signing, &errs[0]), HF_OK);
    errs[1].rc = hf_unseal(&bad, hf_bytes_of(sealed, sizeof sealed), HF_BYTES(""), &opened);
    HF_CHECK_RC(hf_err_wrap(&errs[1], errs[1].rc, "opening"), HF_EBADSIG);
    HF_CHECK_RC(hf_host_key_load(hf_env_os(), "/", &opened, &errs[2]), HF_EINVAL);
    for (int format = 0; format < 2; format++) {
        struct hf_logger logger = {hf_env_os(), fd, HF_LOG_DEBUG, (enum hf_log_format)format};
        hf_log(&logger, HF_LOG_ERROR, "key.test", hf_f_hex("id", hf_bytes_of(id, sizeof id)),
               hf_f_hex("sealed", hf_bytes_of(sealed, sizeof sealed)),
               hf_f_hex("public", hf_bytes_of(hf_signing_key_public(signing)->b, 32)),
               hf_f_err(&errs[1]), hf_f_err(&errs[2]));
    }
    (void)close(fd);
    struct hf_buf lines = hf_buf_init(16384);
    HF_CHECK_RC(hf_file_read(file.text, &lines, NULL), HF_OK);
    hf_buf_put(&lines, "", 1);
    const char *text = (const char *)lines.ptr;
    hf_hex_encode(hf_secret_reveal(&key), hex);
    hf_base64_encode(hf_secret_reveal(&key), base64);
    HF_CHECK(strstr(text, "signature does not verify") != NULL && lines.len > 500);
    HF_CHECK(strstr(text, hex) == NULL && strstr(text, base64) == NULL);
    HF_CHECK(strstr(text, "\\u00c7\\u00c7") == NULL && strstr(text, "\xC7\xC7") == NULL);
    hf_buf_free(&lines);
    hf_signing_key_free(signing);
    hf_secret_free(&key);
    hf_secret_free(&bad);
}

HF_TEST_MAIN(HF_TEST_CASE(seal), HF_TEST_CASE(made_once), HF_TEST_CASE(id), HF_TEST_CASE(race),
             HF_TEST_CASE(refused), HF_TEST_CASE(credential), HF_TEST_CASE(not_in_log_lines))
