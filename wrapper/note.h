/* wrapper/note.h: an event on its way to the log, with everything that it is made of.
 *
 * A copy of the event is posted to the recorder; whoever wants to know what became of it is told,
 * unless they let go of it before. Threads: the loop's.
 */
#ifndef HF_WRAPPER_NOTE_H
#define HF_WRAPPER_NOTE_H

#include "wrapper/recorder.h"

struct hf_note;

struct hf_note_options {
    uint64_t wait_ns;
    bool urgent;
    struct hf_str correlation; /* at most 128 bytes; copied */
    /* May be NULL. The record is gone when it returns. Never runs inside of hf_note_post. */
    void (*done)(void *arg, const struct hf_record *record);
    void *arg;
};

/* event: of the type's struct, checked here; copied. Gives *ret_note, NULL for none wanted: good
 * until `done` ran. HF_EINVAL, HF_ENOMEM: `done` will not run. */
enum hf_rc hf_note_post(struct hf_recorder *recorder, const struct hf_event_type *type,
                        const void *event, const struct hf_note_options *options,
                        struct hf_note **ret_note, struct hf_err *err);
/* `done` will not run; the event goes on. */
void hf_note_let_go(struct hf_note *note);

#endif
