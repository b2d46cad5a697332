/* tenant/artifacts.h: what the region hands to this tenant: fetched, verified, kept, offered.
 *
 * A directive `activate` is remembered on disk first, then recorded as applied, then the artifact
 * is fetched from the Hub (what is for all tenants within artifact_jitter_ns, at random), again and
 * again until the directive's time is over. It is verified with
 * the release keys that are pinned here, whoever sent it. What is good is kept as a file and
 * recorded as artifact.staged; else artifact.refused says why and what was there before stays.
 * Beside the agent stands the program that runs what is in a slot. It asks
 *
 *   GET /v1/artifacts/SLOT?not=DIGEST&wait_s=N   (both may be left out; 0 to 30)
 *     {"slot":"policy","region":"dev","floor":0,
 *      "staged":{"digest":"...","sequence":5,"directive":17,"version":"1.5","manifest":"..."},
 *      "good":{...}}
 *     `staged` is the newest one that is verified, `good` the one that was activated last; each is
 *     left out when there is none. It waits while there is no other staged one than DIGEST.
 *   GET /v1/artifacts/SLOT/DIGEST   the bytes of the one or the other
 *
 * verifies again by itself, and reports by POST /v1/events: policy.activated makes the staged one
 * good. Both files survive restarts; nothing is deleted before what replaces it is on the disk.
 *
 * Files in the agent's folder: "release-keys" as it was configured last; "artifacts/DIGEST", a
 * package; "artifacts/SLOT", a text (docs/FORMATS.md).
 * Threads: the loop's.
 */
#ifndef HF_TENANT_ARTIFACTS_H
#define HF_TENANT_ARTIFACTS_H

#include "commands/manifest.h"
#include "log/owned/owned.h"
#include "tenant/job.h"
#include "tenant/waiter.h"

struct hf_agent;
struct hf_feed_item;

struct hf_agent_artifact {
    bool set;
    struct hf_hash digest;
    uint64_t sequence;  /* its number in the slot */
    uint64_t directive; /* that told to activate it */
    char version[HF_MANIFEST_NAME_MAX + 1];
};

struct hf_agent_slot {
    uint64_t floor; /* the highest that a verified manifest asked for */
    bool wanted;    /* a directive that is not done yet: */
    struct hf_hash wanted_digest;
    uint64_t wanted_directive;
    int64_t wanted_until_us;
    struct hf_agent_artifact staged;
    struct hf_agent_artifact good;
};

struct hf_agent_artifacts {
    struct hf_agent_job job;
    struct hf_release_keys keys;
    struct hf_agent_slot slots[HF_SLOT_COUNT];
    bool off; /* what was kept cannot be read: a person has to look */
    /* the one under way */
    enum hf_slot at;
    struct hf_hash fetched;
    uint64_t directive;
    struct hf_agent_slot next; /* what the slot is once it is recorded */
    struct hf_post post;
    bool posting;
    uint8_t payload[1024];
};

/* Loads the release keys, those of the configuration before those that were kept. */
enum hf_rc hf_agent_artifacts_open(struct hf_agent *agent, struct hf_err *err);
void hf_agent_artifacts_start(struct hf_agent *agent);
/* The agent is RUNNING again. */
void hf_agent_artifacts_resume(struct hf_agent *agent);

/* A directive tells to activate an artifact: HF_OK when that is on disk. */
enum hf_rc hf_agent_artifacts_want(struct hf_agent *agent, const struct hf_feed_item *item,
                                   struct hf_err *err);
/* The program beside the agent reports that it runs this one. */
void hf_agent_artifacts_activated(struct hf_agent *agent, enum hf_slot slot,
                                  const struct hf_hash *digest);
/* The same out of an event that is in the log; others are let go. */
void hf_agent_artifacts_note(struct hf_agent *agent, struct hf_bytes submission);
/* What runs in the slot, as the heartbeat says it: a version, or "none". */
struct hf_str hf_agent_artifacts_version(const struct hf_agent *agent, enum hf_slot slot);

/* tenant/artifact_api.c: a target below /v1/artifacts/. */
void hf_agent_artifacts_serve(struct hf_agent *agent, struct hf_http_exchange *exchange);
void hf_agent_artifacts_wake(struct hf_agent *agent);

#endif
