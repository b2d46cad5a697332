/* tenant/secret_scan.h: proves that no registered secret stands in the tenant's log.
 *
 * Only the tenant has its secrets, so only here can it be shown. A view of the log as the others
 * are (tenant/views.h), folded by hand because it needs the vault: every entry's bytes are searched
 * for every value in the vault in every spelling (wrapper/search), a slice at a time between other
 * work; where it is stands in the views' file, with a keyed digest of the set of secrets. When the
 * set changes the log is searched again from its first entry on. What it saw is told in the log as
 * secrets.scanned: at once when something was found, and when the whole log was searched for
 * another set; else at most every scan_report.
 *
 *   WAITING    for vault and views, or there is no secret
 *   COMPILING  the set is compiled on another thread; nothing is searched meanwhile
 *   SEARCHING  entries are searched as they come
 *
 * What programs append is looked at before it is written, too, and refused when a secret stands in
 * it: the search is for what was written before anybody knew that it is one.
 *
 * Whatever fails is told in the agent's log and tried again; an entry that cannot be searched is
 * not passed over.
 * Threads: the loop's.
 */
#ifndef HF_TENANT_SECRET_SCAN_H
#define HF_TENANT_SECRET_SCAN_H

#include "base/http/server.h"
#include "base/loop.h"
#include "base/sm.h"
#include "log/owned/owned.h"
#include "tenant/scan_rows.h"
#include "tenant/secret_set.h"

struct hf_agent;

enum hf_agent_scan_state {
    HF_AGENT_SCAN_WAITING,
    HF_AGENT_SCAN_COMPILING,
    HF_AGENT_SCAN_SEARCHING,
};

struct hf_agent_scan {
    struct hf_sm sm;
    bool open;
    struct hf_timer timer;
    uint64_t due_ns;        /* when it fires */
    uint64_t not_before_ns; /* nothing is tried earlier: something failed */
    struct hf_work work;
    struct hf_secret_set *set;  /* that is searched for; NULL before there is one */
    struct hf_secret_set *next; /* that is being compiled */
    struct hf_post post;
    struct hf_scan_told telling; /* what the event says that is on its way */
    uint64_t sequence;           /* of the newest */
    bool posting;
    struct hf_err trouble; /* why it does not go on; empty: it does */
    void (*closed)(struct hf_agent *agent);
};

void hf_agent_scan_open(struct hf_agent *agent);
/* The log has grown, or the vault or the views are there. */
void hf_agent_scan_poke(struct hf_agent *agent);
/* HF_EINVAL names a registered secret that stands in what is about to be written: it may not be.
 * While the set is being compiled nothing is found, and the search that follows tells. */
enum hf_rc hf_agent_scan_check(struct hf_agent *agent, struct hf_bytes submission,
                               struct hf_err *err);
/* Nothing more is searched. closed: runs inside of it, or when the other thread is done. */
void hf_agent_scan_close(struct hf_agent *agent, void (*closed)(struct hf_agent *agent));
/* GET /v1/secrets: how far the log is proven. */
void hf_agent_scan_serve(struct hf_agent *agent, struct hf_http_exchange *exchange);

#endif
