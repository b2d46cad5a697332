/* tests/unit/projections/test_secrets.c: how far tenants' logs are proven to hold no secret. */
#include "tests/unit/projections/sheet.h"

#define KEY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define RECEIVED(tenant, epoch, end)                                                               \
    "{\"tenant\":\"" tenant "\",\"epoch\":" epoch ",\"first\":0,\"end\":" end ",\"root\":\"" KEY   \
    "\"}"
#define SCANNED(tenant, epoch, to, findings, more)                                                 \
    "{\"tenant\":\"" tenant "\",\"epoch\":" epoch ",\"set\":\"" KEY "\",\"from\":2,\"to\":" to     \
    ",\"secrets\":3,\"spellings\":40,\"findings\":" findings more "}"
#define FIRST ",\"first_index\":7,\"first_secret\":\"mail\""

/* Goal: what is behind follows from what the region has; findings keep their begin until they are
 * gone; a new epoch is unproven, what it brings of an earlier one says nothing of it; nobody speaks
 * for another. */
HF_TEST(proven)
{
    static const struct step steps[] = {
        {.second = 1, .type = "segment.received", .payload = RECEIVED("t", "1", "10")},
        {.second = 2,
         .type = "secrets.scanned",
         .payload = SCANNED("t", "1", "8", "0", ""),
         .segment = "t"},
        {.second = 3, .type = "segment.received", .payload = RECEIVED("u", "1", "5")},
        {.second = 4,
         .type = "secrets.scanned",
         .payload = SCANNED("t", "1", "9", "1", FIRST),
         .segment = "u",
         .rc = HF_EINVAL},
        {.second = 5,
         .type = "secrets.scanned",
         .payload = SCANNED("u", "1", "5", "1", FIRST),
         .segment = "u"},
        {.second = 6,
         .type = "secrets.scanned",
         .payload = SCANNED("u", "1", "5", "2", FIRST),
         .segment = "u"},
        {.second = 7, .type = "secrets.scanned", .payload = SCANNED("u", "1", "5", "0", "")},
    };
    static const struct step later[] = {
        {.second = 8, .type = "segment.received", .payload = RECEIVED("u", "2", "3")},
        {.second = 9,
         .type = "secrets.scanned",
         .payload = SCANNED("u", "1", "5", "0", ""),
         .segment = "u"},
    };
    static const struct step gone[] = {
        {.second = 10,
         .type = "secrets.scanned",
         .payload = SCANNED("u", "2", "3", "0", ""),
         .segment = "u"},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_secrets, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "t|1|2|8|10|2|3|40|" KEY "|0|0||-|2\n"
                "u|1|2|5|5|0|3|40|" KEY "|2|7|mail|5|6\n");
    for (size_t i = 0; i < HF_LEN(later); i++) {
        sheet_show(&s, &later[i]);
    }
    sheet_check(&s, 0,
                "t|1|2|8|10|2|3|40|" KEY "|0|0||-|2\n"
                "u|2|0|0|3|3|3|40|" KEY "|2|7|mail|5|6\n");
    sheet_show(&s, &gone[0]);
    sheet_check(&s, 0,
                "t|1|2|8|10|2|3|40|" KEY "|0|0||-|2\n"
                "u|2|2|3|3|0|3|40|" KEY "|0|0||-|10\n");
    sheet_end(&s);
}

HF_TEST_MAIN(HF_TEST_CASE(proven))
