/* wrapper/note.c: copies an event by its canonical bytes, so that any type can wait. */
#include "wrapper/note.h"

#include "base/assert.h"
#include "base/heap.h"
#include "schemas/envelope.h"

#define CORRELATION_MAX 128

struct hf_note {
    struct hf_record record;
    struct hf_note_options options;
    char correlation[CORRELATION_MAX];
    void *event;
    uint8_t payload[];
};

static void done(struct hf_record *record)
{
    struct hf_note *note = HF_CONTAINER_OF(record, struct hf_note, record);
    if (note->options.done != NULL) {
        note->options.done(note->options.arg, record);
    }
    hf_heap_free(note->event);
    hf_heap_free(note);
}

static enum hf_rc copy_event(const struct hf_event_type *type, const void *event, size_t size,
                             struct hf_note **ret_note)
{
    struct hf_note *note = hf_heap_zalloc(1, sizeof *note + size);
    void *copy = hf_heap_zalloc(1, type->size);
    if (note == NULL || copy == NULL) {
        hf_heap_free(note);
        hf_heap_free(copy);
        return HF_ENOMEM;
    }
    note->event = copy;
    struct hf_writer w = hf_writer_init(note->payload, size);
    type->encode(event, &w);
    HF_ASSERT(!w.overflow);
    enum hf_rc rc = type->decode(hf_writer_done(&w), note->event, /* err= */ NULL);
    HF_ASSERT(rc == HF_OK); /* it was just written */
    *ret_note = note;
    return HF_OK;
}

enum hf_rc hf_note_post(struct hf_recorder *recorder, const struct hf_event_type *type,
                        const void *event, const struct hf_note_options *options,
                        struct hf_note **ret_note, struct hf_err *err)
{
    struct hf_note *note = NULL;
    enum hf_rc rc = type->check(event, err);
    if (rc != HF_OK) {
        return rc;
    }
    struct hf_writer w = hf_writer_init(NULL, 0);
    type->encode(event, &w);
    if (w.len > HF_SUBMISSION_MAX) {
        return hf_err_set(err, HF_EINVAL, "the event %.*s is too big", HF_STR_ARG(type->name));
    }
    if (copy_event(type, event, w.len, &note) != HF_OK) {
        return hf_err_set(err, HF_ENOMEM, "no memory for an event");
    }
    note->options = *options;
    size_t len = options->correlation.len < CORRELATION_MAX ? options->correlation.len : 0;
    if (len > 0) {
        memcpy(note->correlation, options->correlation.ptr, len);
    }
    note->record = (struct hf_record){.type = type,
                                      .event = note->event,
                                      .correlation = {note->correlation, len},
                                      .wait_ns = options->wait_ns,
                                      .urgent = options->urgent,
                                      .done = done};
    if (ret_note != NULL) {
        *ret_note = note;
    }
    hf_recorder_submit(recorder, &note->record);
    return HF_OK;
}

void hf_note_let_go(struct hf_note *note)
{
    if (note != NULL) {
        note->options.done = NULL;
    }
}
