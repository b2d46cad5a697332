/* base/cli/service.c: loop, logger, signals and exit code of a command that runs until stopped. */
#include "base/cli/service.h"

#include "base/crypto.h"

void hf_service_stop(struct hf_service *service)
{
    if (!service->stopping) {
        service->stopping = true;
        service->stop(service);
    }
}

static void interrupted(struct hf_interrupt *interrupt)
{
    hf_service_stop(HF_CONTAINER_OF(interrupt, struct hf_service, interrupt));
}

void hf_service_stopped(void *service)
{
    struct hf_service *stopped = service;
    hf_interrupt_close(&stopped->interrupt);
}

void hf_service_fail(struct hf_service *service, enum hf_rc rc, const struct hf_err *err)
{
    HF_ASSERT(rc != HF_OK);
    if (service->err.rc == HF_OK) {
        service->err = *err;
        service->err.rc = rc; /* not every callee that fails without a text sets it */
    }
    hf_service_stop(service);
}

static enum hf_rc begin(struct hf_service *service, struct hf_err *err)
{
    enum hf_rc rc = service->open(service, err);
    if (rc == HF_OK) {
        service->interrupt.caught = interrupted;
        rc = hf_interrupt_open(service->loop, &service->interrupt, err);
    }
    if (rc == HF_OK && service->start != NULL) {
        rc = service->start(service, err);
    }
    return rc;
}

int hf_service_run(struct hf_service *service, struct hf_cli *cli)
{
    struct hf_err err = {.rc = HF_OK};
    service->cli = cli;
    service->logger = (struct hf_logger){.env = cli->env, .fd = 2, .level = HF_LOG_INFO};
    enum hf_rc rc = hf_crypto_init(&err);
    if (rc == HF_OK) {
        rc = hf_loop_uv_new(&service->loop, &err);
    }
    if (rc != HF_OK) {
        return hf_cli_fail(cli, &err);
    }
    rc = begin(service, &err);
    if (rc != HF_OK) {
        hf_service_fail(service, rc, &err);
    }
    hf_loop_run(service->loop);
    hf_loop_free(service->loop);
    service->loop = NULL;
    return service->err.rc == HF_OK ? HF_EXIT_OK : hf_cli_fail(cli, &service->err);
}
