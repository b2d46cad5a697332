/* tests/harness/log_world.c: opens and closes a log with its loop and writer. */
#include "tests/harness/log_world.h"

#include <stdio.h>

#include "base/assert.h"
#include "log/event/codec.h"

#define WORK_DELAY_NS 50000 /* of the simulated loop's other threads */

static const struct hf_codec *const codecs[] = {&hf_event_codec};
const struct hf_log_options hf_log_world_options = {codecs, HF_LEN(codecs)};

enum hf_rc hf_log_world_init(struct hf_log_world *world, const char *kind)
{
    struct hf_secret seed = {0};
    struct hf_env *env = world->sim == NULL ? hf_env_os() : &world->sim->env;
    (void)snprintf(world->identity.kind, sizeof world->identity.kind, "%s", kind);
    enum hf_rc rc = hf_signing_key_new(env, &world->key, &seed, &world->err);
    if (rc == HF_OK) {
        rc = hf_vkey_make(HF_STR("test.example"), HF_KEY_ED25519, hf_signing_key_public(world->key),
                          &world->identity.vkey, &world->err);
    }
    hf_secret_free(&seed);
    return rc;
}

static enum hf_rc open_place(struct hf_log_world *world, enum hf_place_mode mode)
{
    return world->disk == NULL ? hf_place_dir_open(world->path, mode, "test", hf_env_os(),
                                                   &world->place, &world->err)
                               : hf_place_model_open(world->disk, mode, &world->place, &world->err);
}

static enum hf_rc open_loop(struct hf_log_world *world)
{
    return world->sim == NULL
               ? hf_loop_uv_new(&world->loop, &world->err)
               : hf_loop_sim_new(world->sim, WORK_DELAY_NS, &world->loop, &world->err);
}

enum hf_rc hf_log_world_open(struct hf_log_world *world, enum hf_place_mode mode)
{
    enum hf_rc rc = open_place(world, mode);
    if (rc == HF_OK && mode == HF_PLACE_CREATE) {
        rc = hf_log_create(world->place, &world->identity, &world->err);
        world->made = rc == HF_OK;
    }
    if (rc == HF_OK) {
        rc = hf_log_open(world->place, &hf_log_world_options, &world->log, &world->err);
    }
    if (rc == HF_OK) {
        rc = open_loop(world);
    }
    if (rc == HF_OK) {
        const struct hf_log_writer_options options = {.loop = world->loop,
                                                      .key = world->key,
                                                      .free_floor = world->free_floor,
                                                      .changed = world->changed,
                                                      .arg = world->arg};
        rc = hf_log_writer_open(world->log, &options, &world->writer, &world->err);
    }
    return rc;
}

static void closed(void *arg)
{
    (void)arg;
}

void hf_log_world_close(struct hf_log_world *world)
{
    if (world->writer != NULL) {
        hf_log_writer_close(world->writer, closed, NULL);
        hf_loop_run(world->loop);
    }
    hf_loop_free(world->loop);
    hf_log_close(world->log);
    hf_place_close(world->place);
    world->writer = NULL;
    world->loop = NULL;
    world->log = NULL;
    world->place = NULL;
}

void hf_log_world_fini(struct hf_log_world *world)
{
    hf_log_world_close(world);
    hf_signing_key_free(world->key);
    world->key = NULL;
}

void hf_log_world_answered(struct hf_append *append)
{
    (void)append;
}
