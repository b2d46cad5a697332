/* tenant/prune.c: lets go of what is old and what the region has a receipt for. */
#include "base/assert.h"
#include "log/core/reader.h"
#include "tenant/agent.h"

#define SECOND UINT64_C(1000000000)
#define FIRST  (60 * SECOND)
#define EVERY  (3600 * SECOND)
#define DAY_US (INT64_C(86400) * 1000000)

static void look(struct hf_agent *agent)
{
    struct hf_err err = {0};
    uint64_t below = 0;
    int64_t now = hf_env_wall_us(hf_loop_env(agent->loop));
    int64_t keep = (int64_t)agent->conf.keep_days * DAY_US;
    if (agent->sm.state != HF_AGENT_RUNNING || agent->receipt == 0 || now <= keep) {
        return;
    }
    enum hf_rc rc = hf_log_find_time(agent->log.log, now - keep, &below, &err);
    if (rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "prune.failed", hf_f_err(&err));
        return;
    }
    below = below < agent->receipt ? below : agent->receipt;
    if (below > 0) {
        hf_log_writer_prune(agent->log.writer, below);
    }
}

static void due(struct hf_timer *timer)
{
    look(HF_CONTAINER_OF(timer, struct hf_agent, prune));
    (void)hf_timer_arm(timer, EVERY);
}

void hf_agent_prune_start(struct hf_agent *agent)
{
    if (agent->conf.keep_days > 0) {
        hf_timer_init(&agent->prune, agent->loop, due);
        (void)hf_timer_arm(&agent->prune, FIRST);
    }
}
