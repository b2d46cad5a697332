/* tests/unit/net/test_peers.c: lists of user ids, and whom they let in. */
#include "base/net/peers.h"

#include "base/bytes.h"
#include "tests/harness/test.h"

/* Texts with how many users they name, or that they are refused, always with a reason. */
HF_TEST(lists)
{
    static const struct {
        const char *text;
        bool ok;
        unsigned count;
    } table[] = {
        {NULL, true, 0},
        {"0", true, 1},
        {"1000,1001", true, 2},
        {"4294967294", true, 1},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", true, 16},
        {"1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17", false, 0},
        {"", false, 0},
        {"1,", false, 0},
        {",1", false, 0},
        {"1, 2", false, 0},
        {"-1", false, 0},
        {"01", false, 0},
        {"4294967295", false, 0},
        {"root", false, 0},
    };

    for (size_t i = 0; i < HF_LEN(table); i++) {
        struct hf_peers peers;
        struct hf_err err = {0};
        enum hf_rc rc = hf_peers_parse(table[i].text, &peers, &err);
        HF_CHECK_RC(rc, table[i].ok ? HF_OK : HF_EUSAGE);
        if (table[i].ok) {
            HF_CHECK_U64(peers.count, table[i].count);
        } else {
            HF_CHECK(err.text[0] != '\0');
        }
    }
}

static bool lets_in(const struct hf_peers *peers, uint32_t uid)
{
    const struct hf_peer local = {.is_unix = true, .uid = uid};
    const struct hf_peer remote = {.uid = uid};
    return hf_peers_allow(peers, 5, &local) && !hf_peers_allow(peers, 5, &remote);
}

/* Root, the own user and those named; nobody else, and nobody from afar. */
HF_TEST(who)
{
    struct hf_peers peers;
    struct hf_err err = {0};
    HF_CHECK_OK(hf_peers_parse("1000,70000", &peers, &err), err);
    HF_CHECK(lets_in(&peers, 0));
    HF_CHECK(lets_in(&peers, 5));
    HF_CHECK(lets_in(&peers, 1000));
    HF_CHECK(lets_in(&peers, 70000));
    HF_CHECK(!lets_in(&peers, 1001));
    HF_CHECK(!lets_in(&peers, 70000 - 65536));
    HF_CHECK_OK(hf_peers_parse(NULL, &peers, &err), err);
    HF_CHECK(!lets_in(&peers, 1000));
}

HF_TEST_MAIN(HF_TEST_CASE(lists), HF_TEST_CASE(who))
