/* tenant/numbers.c: numbers from the clock that go on growing when it is set back. */
#include "tenant/numbers.h"

#include "base/parse.h"
#include "tenant/agent.h"

#define RESERVE UINT64_C(60000000) /* a minute of them: one write for two signs of life */
#define TEXT    32

static bool path_of(const struct hf_agent *agent, char path[HF_PATH_MAX])
{
    return hf_agent_path(agent, "numbers", path, /* err= */ NULL) == HF_OK;
}

static void keep(struct hf_agent *agent, uint64_t number)
{
    char path[HF_PATH_MAX];
    struct hf_err err = {0};
    struct hf_buf text = hf_buf_init(TEXT);
    hf_buf_printf(&text, "%llu\n", (unsigned long long)number);
    bool good = text.failed == HF_OK && path_of(agent, path) &&
                hf_disk_replace(agent->disk, path, hf_buf_bytes(&text), 0600, &err) == HF_OK;
    hf_buf_free(&text);
    /* Else the next number tries again. */
    agent->numbers.kept = good ? number : agent->numbers.kept;
}

void hf_agent_numbers_load(struct hf_agent *agent)
{
    char path[HF_PATH_MAX];
    uint64_t number = 0;
    struct hf_buf text = hf_buf_init(TEXT);
    if (path_of(agent, path) && hf_disk_read(agent->disk, path, &text, /* err= */ NULL) == HF_OK &&
        text.len > 1 && text.ptr[text.len - 1] == '\n' &&
        hf_parse_u64((struct hf_str){(const char *)text.ptr, text.len - 1}, 0, INT64_MAX,
                     &number) == HF_OK) {
        agent->numbers = (struct hf_agent_numbers){.last = number, .kept = number};
    }
    hf_buf_free(&text);
}

uint64_t hf_agent_number(struct hf_agent *agent)
{
    struct hf_agent_numbers *numbers = &agent->numbers;
    int64_t now = hf_env_wall_us(hf_loop_env(agent->loop));
    uint64_t number = now > 0 ? (uint64_t)now : 0;
    number = number > numbers->last ? number : numbers->last + 1;
    if (number > numbers->kept) {
        keep(agent, number + RESERVE);
    }
    numbers->last = number;
    return number;
}

void hf_agent_numbers_end(struct hf_agent *agent)
{
    if (agent->numbers.kept > agent->numbers.last) {
        keep(agent, agent->numbers.last);
    }
}
