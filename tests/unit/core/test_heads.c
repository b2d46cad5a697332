/* tests/unit/core/test_heads.c: heads that are found, and those that are forgotten. */
#include <stdio.h>

#include "log/core/heads.h"
#include "tests/harness/test.h"

enum {
    NAMES = 5000
};

static struct hf_bytes name_of(unsigned n, char out[32])
{
    int len = snprintf(out, 32, "name-%u", n);
    return hf_bytes_of(out, (size_t)len);
}

/* Of many heads those from an index on stay as they are, however often others go; the others are
 * new when they are asked for again. */
HF_TEST(forget)
{
    static const uint8_t key[16] = {1};
    static struct hf_head *all[NAMES];
    struct hf_heads heads;
    char text[32];
    bool is_new = false;
    hf_heads_init(&heads, key);
    for (unsigned n = 0; n < NAMES; n++) {
        HF_CHECK_RC(hf_heads_get(&heads, HF_HEAD_BLOB, name_of(n, text), &all[n], &is_new), HF_OK);
        HF_CHECK(is_new);
        all[n]->index = n % 10 == 9 ? HF_INDEX_NONE : n; /* some have no entry */
        all[n]->last = n + 1;
    }
    for (unsigned below = 0; below <= NAMES + 500 && !hf_test_failed(); below += 500) {
        size_t kept = 0;
        hf_heads_forget(&heads, below);
        for (unsigned n = 0; n < NAMES; n++) {
            struct hf_head *head = hf_heads_find(&heads, HF_HEAD_BLOB, name_of(n, text));
            bool stays = n >= below && n % 10 != 9;
            HF_CHECK(head == (stays ? all[n] : NULL));
            HF_CHECK(!stays || (head->index == n && head->last == n + 1));
            HF_CHECK(hf_heads_find(&heads, HF_HEAD_STREAM, name_of(n, text)) == NULL);
            kept += stays ? 1 : 0;
        }
        HF_CHECK_U64(heads.count, kept);
    }
    HF_CHECK_RC(hf_heads_get(&heads, HF_HEAD_BLOB, name_of(7, text), &all[7], &is_new), HF_OK);
    HF_CHECK(is_new && all[7]->last == 0 && all[7]->index == HF_INDEX_NONE);
    hf_heads_fini(&heads);
}

HF_TEST_MAIN(HF_TEST_CASE(forget))
