/* tests/unit/projections/test_artifacts.c: which artifacts a region has, and what tenants make of
 * them.
 */
#include "tests/unit/projections/sheet.h"

#define NEVER "\"1970-01-01T00:00:00Z\""
#define KEY_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define KEY_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ARTIFACT(digest, sequence, floor, more)                                                    \
    "{\"slot\":\"policy\",\"digest\":\"" digest                                                    \
    "\",\"size\":9,\"name\":\"default\",\"version\":\"1." sequence "\",\"sequence\":" sequence     \
    ",\"floor\":" floor ",\"expires\":\"2026-01-01T01:00:00Z\",\"manifest\":\"m\"," more "}"

/* Artifacts: by digest; signed again the newest manifest counts; no tenant adds any. */
HF_TEST(artifacts)
{
    static const struct step steps[] = {
        {.second = 1,
         .type = "artifact.added",
         .payload = ARTIFACT(KEY_A, "1", "0", "\"strictness\":\"none\"")},
        {.second = 2,
         .type = "artifact.added",
         .payload =
             ARTIFACT(KEY_B, "2", "1", "\"strictness\":\"tighter\",\"parent\":\"" KEY_A "\"")},
        {.second = 3,
         .type = "artifact.added",
         .payload = ARTIFACT(KEY_A, "3", "3", "\"strictness\":\"none\"")},
        {.second = 4,
         .type = "artifact.added",
         .payload = ARTIFACT(KEY_B, "9", "9", "\"strictness\":\"none\""),
         .segment = "t"},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_artifacts, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "policy|" KEY_A "|default|1.3|3|3||none|9|3600|3|jo|2\n"
                "policy|" KEY_B "|default|1.2|2|1|" KEY_A "|tighter|9|3600|2|jo|1\n");
    sheet_end(&s);
}

#define OF_TENANT(tenant, digest, more)                                                            \
    "{\"tenant\":\"" tenant "\",\"digest\":\"" digest "\"," more "}"

/* Activations: told, staged, active and refused beside each other, each as its last event says;
 * what a tenant says of another one is not taken. */
HF_TEST(activations)
{
    static const struct step steps[] = {
        {.second = 1,
         .type = "directive.issued",
         .payload = "{\"address\":\"t\",\"kind\":\"activate\",\"sequence\":4,\"not_after\":" NEVER
                    ",\"artifact\":\"" KEY_A "\",\"parameters\":\"slot=policy\",\"reason\":\"r\"}"},
        {.second = 2,
         .type = "directive.issued",
         .payload = "{\"address\":\"t\",\"kind\":\"refresh\",\"sequence\":5,\"not_after\":" NEVER
                    ",\"reason\":\"r\"}"},
        {.second = 3,
         .type = "artifact.staged",
         .payload = OF_TENANT("t", KEY_A, "\"slot\":\"policy\",\"sequence\":1,\"directive\":4"),
         .segment = "t"},
        {.second = 4,
         .type = "policy.activated",
         .payload = OF_TENANT("t", KEY_A,
                              "\"name\":\"default\",\"version\":\"1.1\",\"sequence\":1,"
                              "\"vectors\":3,\"cause\":\"staged\""),
         .segment = "t"},
        {.second = 5,
         .type = "artifact.refused",
         .payload =
             OF_TENANT("t", KEY_B, "\"slot\":\"policy\",\"directive\":6,\"reason\":\"hash\""),
         .segment = "t"},
        {.second = 6,
         .type = "policy.refused",
         .payload = OF_TENANT("t", KEY_B, "\"reason\":\"vectors\""),
         .segment = "t"},
        {.second = 7,
         .type = "artifact.staged",
         .payload = OF_TENANT("u", KEY_A, "\"slot\":\"policy\",\"sequence\":1,\"directive\":4"),
         .segment = "t",
         .rc = HF_EINVAL},
        {.second = 8,
         .type = "policy.refused",
         .payload = OF_TENANT("t", KEY_A, "\"reason\":\"hash\"")},
    };
    struct sheet s;
    sheet_play(&s, &hf_projection_activations, steps, HF_LEN(steps));
    sheet_check(&s, 0,
                "t|policy|" KEY_A "|4|1|" KEY_A "|3|" KEY_A "|1.1|4|" KEY_B "|vectors|6|2\n");
    sheet_end(&s);
}

HF_TEST_MAIN(HF_TEST_CASE(artifacts), HF_TEST_CASE(activations))
