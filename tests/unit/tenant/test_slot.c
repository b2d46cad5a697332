/* tests/unit/tenant/test_slot.c: what an agent keeps of a slot, as text and back. */
#include "tenant/artifact_store.h"

#include "tests/harness/test.h"

static struct hf_agent_artifact artifact_of(uint8_t byte)
{
    struct hf_agent_artifact a = {
        .set = true, .sequence = byte, .directive = byte + 100u, .version = "1.0-rc+2"};
    memset(a.digest.b, byte, sizeof a.digest.b);
    return a;
}

static bool same(const struct hf_agent_slot *a, const struct hf_agent_slot *b)
{
    uint8_t texts[2][1024];
    struct hf_writer w[2] = {hf_writer_init(texts[0], sizeof texts[0]),
                             hf_writer_init(texts[1], sizeof texts[1])};
    hf_agent_slot_format(a, &w[0]);
    hf_agent_slot_format(b, &w[1]);
    return hf_bytes_eq(hf_writer_done(&w[0]), hf_writer_done(&w[1]));
}

/* Each mixture of what is there and what is not comes back as it was. */
HF_TEST(round_trip)
{
    for (unsigned mix = 0; mix < 8; mix++) {
        uint8_t text[1024];
        struct hf_agent_slot back;
        struct hf_err err = {0};
        struct hf_agent_slot slot = {
            .floor = mix, .wanted = (mix & 1) != 0, .wanted_directive = 7, .wanted_until_us = 99};
        struct hf_writer w = hf_writer_init(text, sizeof text);
        slot.staged = (mix & 2) != 0 ? artifact_of(1) : slot.staged;
        slot.good = (mix & 4) != 0 ? artifact_of(2) : slot.good;
        hf_agent_slot_format(&slot, &w);
        HF_CHECK_OK(hf_agent_slot_parse(hf_bytes_str(hf_writer_done(&w)), &back, &err), err);
        HF_CHECK(same(&slot, &back) && back.wanted == slot.wanted);
        HF_CHECK(back.good.set == slot.good.set && back.good.directive == slot.good.directive);
    }
}

/* Cut anywhere, or with a byte more, it is not what the agent wrote. */
HF_TEST(damaged)
{
    uint8_t text[1024];
    struct hf_agent_slot back = {.floor = 77};
    struct hf_agent_slot slot = {.floor = 3, .wanted = true};
    struct hf_writer w = hf_writer_init(text, sizeof text - 1);
    slot.staged = artifact_of(1);
    slot.good = artifact_of(2);
    hf_agent_slot_format(&slot, &w);
    for (size_t len = 0; len < w.len; len++) {
        struct hf_err err = {0};
        HF_CHECK_RC(hf_agent_slot_parse((struct hf_str){(char *)text, len}, &back, &err),
                    HF_ECORRUPT);
    }
    text[w.len] = '\n';
    HF_CHECK_RC(hf_agent_slot_parse((struct hf_str){(char *)text, w.len + 1}, &back, NULL),
                HF_ECORRUPT);
    text[9] = 'X';
    HF_CHECK_RC(hf_agent_slot_parse((struct hf_str){(char *)text, w.len}, &back, NULL),
                HF_ECORRUPT);
    HF_CHECK_U64(back.floor, 77);
}

HF_TEST_MAIN(HF_TEST_CASE(round_trip), HF_TEST_CASE(damaged))
