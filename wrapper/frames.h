/* wrapper/frames.h: messages on a stream, each behind its length.
 *
 * A frame is u32 big-endian length, from 1 to HF_FRAME_MAX, and so many bytes. Zero-initialise with
 * hf_frames_init, put in what came, take frames out until there is none. What was taken is good
 * until the next call. Pure; one thread.
 */
#ifndef HF_WRAPPER_FRAMES_H
#define HF_WRAPPER_FRAMES_H

#include "base/buf.h"
#include "base/err.h"

#define HF_FRAME_HEAD 4u
/* A tool's result may have 200 blocks of 100,000 characters, mostly far less; images are base64. */
#define HF_FRAME_MAX  (8u << 20)

struct hf_frames {
    /* private */
    struct hf_buf buf;
    size_t at; /* begin of what was not taken yet */
};

static inline struct hf_frames hf_frames_init(void)
{
    return (struct hf_frames){.buf = hf_buf_init(2 * HF_FRAME_MAX)};
}

void hf_frames_free(struct hf_frames *frames);
/* Copies. HF_ENOMEM, HF_ETOOBIG: more than a frame is held already, so the peer does not wait. */
enum hf_rc hf_frames_put(struct hf_frames *frames, struct hf_bytes bytes);
/* The next whole frame's bytes. HF_EEND: not there yet. HF_EINVAL: no frame begins like this; the
 * stream cannot be read any further. */
enum hf_rc hf_frames_next(struct hf_frames *frames, struct hf_bytes *ret_frame);
/* Room for a head in front of a message that is written behind it; hf_frame_close fills it in.
 * HF_ETOOBIG, or why the buffer failed. */
void hf_frame_open(struct hf_buf *buf);
enum hf_rc hf_frame_close(struct hf_buf *buf, size_t begin);

#endif
