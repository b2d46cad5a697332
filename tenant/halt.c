/* tenant/halt.c: what stops replication, and the word that lets it go on in a new epoch.
 *
 * The region's copy of the log and the log here differ when this server was put back in time, or
 * when somebody else writes with this agent's keys. Which of the two it is, a machine cannot know:
 * a person looks, and gives the word with "holdfast-agent new-epoch", which leaves one line in the
 * file "new-epoch". The file "halted" says what is the matter, and is there only while it is.
 */
#include <stdio.h>
#include <unistd.h>

#include "base/assert.h"
#include "tenant/agent.h"

#define HALTED_FILE "halted"
#define WORD_FILE   "new-epoch"
#define LOOK_NS     UINT64_C(1000000000)
#define RETRY_NS    (5 * LOOK_NS)

static void look(struct hf_timer *timer);

const char *hf_agent_trouble_name(enum hf_agent_trouble_kind kind)
{
    static const char *const names[] = {"none", "behind", "forked", "passed", "succeeds"};
    return names[kind];
}

/* Of a log whose receipt is beyond its end, what is appended from now on is surely unknown to the
 * region; of what was there before, nobody knows. */
static void mark_size(struct hf_agent *agent)
{
    char text[24];
    uint8_t known[24];
    size_t len = 0;
    struct hf_err err = {0};
    if (hf_mark_read(agent->log.place, "behind", known, sizeof known, &len, NULL) == HF_OK) {
        return;
    }
    int n = snprintf(text, sizeof text, "%llu", (unsigned long long)hf_log_size(agent->log.log));
    if (hf_mark_write(agent->log.place, "behind", hf_bytes_of(text, (size_t)n), &err) != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "halt.not_kept", hf_f_err(&err));
    }
}

static void write_halted(struct hf_agent *agent)
{
    char path[HF_PATH_MAX];
    char line[300];
    struct hf_err err = {0};
    int len = snprintf(line, sizeof line, "%s: %s\n", hf_agent_trouble_name(agent->trouble.kind),
                       agent->trouble.text);
    enum hf_rc rc = hf_agent_path(agent, HALTED_FILE, path, &err);
    if (rc == HF_OK) {
        rc = hf_disk_replace(agent->disk, path, hf_bytes_of(line, (size_t)len), 0644, &err);
    }
    if (rc != HF_OK) {
        hf_log(agent->logger, HF_LOG_WARN, "halt.not_kept", hf_f_err(&err));
    }
}

void hf_agent_halt(struct hf_agent *agent, enum hf_agent_trouble_kind kind, uint32_t hub_epoch,
                   const char *text)
{
    if (agent->sm.state != HF_AGENT_RUNNING) {
        return;
    }
    agent->trouble = (struct hf_agent_trouble){.kind = kind, .hub_epoch = hub_epoch};
    (void)snprintf(agent->trouble.text, sizeof agent->trouble.text, "%s", text);
    hf_log(agent->logger, kind == HF_AGENT_SUCCEEDS ? HF_LOG_INFO : HF_LOG_ERROR, "agent.halted",
           hf_f_c("kind", hf_agent_trouble_name(kind)), hf_f_c("why", agent->trouble.text),
           hf_f_c("help", "restore the newest copy, or begin a new epoch: holdfast-agent new-epoch "
                          "--data DIR --reason TEXT"));
    if (kind == HF_AGENT_BEHIND && agent->receipt > hf_log_size(agent->log.log)) {
        mark_size(agent);
    }
    write_halted(agent);
    hf_agent_move(agent, HF_AGENT_HALTED);
    hf_agent_watch_word(agent);
    (void)hf_timer_arm(&agent->word, 0);
}

void hf_agent_watch_word(struct hf_agent *agent)
{
    hf_timer_init(&agent->word, agent->loop, look);
}

static void remove_file(struct hf_agent *agent, const char *name)
{
    char path[HF_PATH_MAX];
    if (hf_agent_path(agent, name, path, NULL) == HF_OK) {
        (void)hf_disk_remove(agent->disk, path,
                             /* err= */ NULL); /* it is not there most of the time */
    }
}

void hf_agent_well(struct hf_agent *agent)
{
    agent->trouble = (struct hf_agent_trouble){.kind = HF_AGENT_WELL};
    remove_file(agent, HALTED_FILE);
    remove_file(agent, WORD_FILE);
}

bool hf_agent_compare(struct hf_agent *agent, uint32_t hub_epoch, uint64_t hub_size)
{
    char text[200];
    uint64_t size = hf_log_size(agent->log.log);
    uint32_t epoch = agent->epoch.epoch;
    if (hub_epoch > epoch) {
        (void)snprintf(
            text, sizeof text,
            "the Hub is in epoch %u of this log, here is epoch %u: another server writes "
            "as this agent, or this one was put back in time",
            hub_epoch, epoch);
        hf_agent_halt(agent, HF_AGENT_PASSED, hub_epoch, text);
        return false;
    }
    if (hub_epoch == epoch && hub_size > size) {
        (void)snprintf(text, sizeof text,
                       "the Hub has %llu entries of this log, here are %llu: this server was put "
                       "back in time",
                       (unsigned long long)hub_size, (unsigned long long)size);
        hf_agent_halt(agent, HF_AGENT_BEHIND, hub_epoch, text);
        return false;
    }
    return true;
}

void hf_agent_succeed(struct hf_agent *agent)
{
    char text[200];
    if (agent->region.after_epoch >= agent->epoch.epoch) {
        (void)snprintf(text, sizeof text,
                       "a new agent of this tenant; of the one before the Hub has %llu entries of "
                       "epoch %u",
                       (unsigned long long)agent->region.after_size, agent->region.after_epoch);
        hf_agent_halt(agent, HF_AGENT_SUCCEEDS, agent->region.after_epoch, text);
    }
}

/* the word */

static bool read_word(struct hf_agent *agent, char reason[HF_AGENT_REASON_MAX + 1])
{
    char path[HF_PATH_MAX];
    struct hf_buf text = hf_buf_init(HF_AGENT_REASON_MAX + 1);
    bool given = hf_agent_path(agent, WORD_FILE, path, NULL) == HF_OK &&
                 hf_disk_exists(agent->disk, path) &&
                 hf_disk_read(agent->disk, path, &text, NULL) == HF_OK;
    if (given) {
        struct hf_cursor cursor = hf_cursor_init(hf_buf_bytes(&text));
        struct hf_str line = {NULL, 0};
        given = hf_cursor_line(&cursor, &line) && line.len > 0 && line.len <= HF_AGENT_REASON_MAX &&
                hf_utf8_valid(hf_str_bytes(line), /* ret_at= */ NULL);
        if (given) {
            (void)snprintf(reason, HF_AGENT_REASON_MAX + 1, "%.*s", HF_STR_ARG(line));
        } else {
            hf_log(agent->logger, HF_LOG_WARN, "word.not_taken",
                   hf_f_c("why", "the file new-epoch is not one line of text"));
            (void)hf_disk_remove(agent->disk, path, /* err= */ NULL);
        }
    }
    hf_buf_free(&text);
    return given;
}

/* By itself only when this server alone was put back: another one that writes as this agent would
 * answer with an epoch of its own, and so on for ever. */
static bool decides_itself(const struct hf_agent *agent)
{
    return agent->trouble.kind == HF_AGENT_SUCCEEDS ||
           (agent->conf.restore_by_itself &&
            (agent->trouble.kind == HF_AGENT_BEHIND || agent->trouble.kind == HF_AGENT_FORKED));
}

static void look(struct hf_timer *timer)
{
    struct hf_agent *agent = HF_CONTAINER_OF(timer, struct hf_agent, word);
    char reason[HF_AGENT_REASON_MAX + 1] = "";
    struct hf_err err = {0};
    uint64_t again = LOOK_NS;
    if (agent->sm.state == HF_AGENT_OPENING) {
        hf_agent_carry_on(agent);
        return;
    }
    if (agent->sm.state != HF_AGENT_HALTED) {
        return;
    }
    bool given = read_word(agent, reason);
    if (!given && decides_itself(agent)) {
        (void)snprintf(reason, sizeof reason, "%s%s",
                       agent->trouble.kind == HF_AGENT_SUCCEEDS ? "" : "restore = new-epoch; ",
                       agent->trouble.text);
        given = true;
    }
    if (given && agent->trouble.kind != HF_AGENT_SUCCEEDS &&
        !hf_agent_known_look(agent, hf_agent_surely_known(agent))) {
        given = false; /* the region is being asked what it has */
    }
    agent->holding = given;
    if (given && agent->appends == 0 && !agent->upload.busy && !agent->feed.posting) {
        if (hf_agent_begin_epoch(agent, reason, &err) == HF_OK) {
            hf_agent_carry_on(agent);
            return;
        }
        hf_log(agent->logger, HF_LOG_ERROR, "epoch.not_begun", hf_f_err(&err));
        again = RETRY_NS;
    }
    (void)hf_timer_arm(timer, again);
}

enum hf_rc hf_agent_give_word(const char *dir, const char *reason, struct hf_err *err)
{
    char path[HF_PATH_MAX];
    char line[HF_AGENT_REASON_MAX + 2];
    if (hf_path_join(dir, HALTED_FILE, path, sizeof path) != HF_OK) {
        return hf_err_set(err, HF_ETOOBIG, "the path %s is too long", dir);
    }
    if (access(path, F_OK) != 0) {
        return hf_err_set(err, HF_EPERM,
                          "the agent of %s is not halted: its log goes on in the epoch that it has",
                          dir);
    }
    int len = snprintf(line, sizeof line, "%s\n", reason);
    if (len > (int)sizeof line - 1 || strcspn(reason, "\r\n") != strlen(reason)) {
        return hf_err_set(err, HF_EUSAGE, "a reason is one line of at most %d bytes",
                          HF_AGENT_REASON_MAX);
    }
    enum hf_rc rc = hf_path_join(dir, WORD_FILE, path, sizeof path);
    return rc == HF_OK ? hf_file_replace(path, hf_bytes_of(line, (size_t)len), 0644, err)
                       : hf_err_set(err, rc, "the path %s is too long", dir);
}
