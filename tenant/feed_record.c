/* tenant/feed_record.c: events about directives. */
#include "tenant/feed_record.h"

#include "tenant/probe.h"

static void write_applied(const char *tenant, const struct hf_feed_item *item, struct hf_writer *w)
{
    const struct hf_event_directive_applied event = {.tenant = hf_str_c(tenant),
                                                     .sequence = item->sequence,
                                                     .index = item->index,
                                                     .kind = hf_str_c(item->kind)};
    hf_event_directive_applied_encode(&event, w);
}

static void write_delivered(const char *tenant, const struct hf_feed_item *item,
                            struct hf_writer *w)
{
    const struct hf_directive *d = &item->directive;
    const struct hf_event_approval_delivered event = {
        .approval = hf_str_c(d->approval),
        .tenant = hf_str_c(tenant),
        .request = hf_bytes_of(d->request.b, HF_HASH_SIZE),
        .decision = d->approved ? HF_EVENT_APPROVAL_DELIVERED_DECISION_APPROVED
                                : HF_EVENT_APPROVAL_DELIVERED_DECISION_DENIED,
        .sequence = item->sequence,
        .index = item->index,
        .not_after = item->not_after_us};
    hf_event_approval_delivered_encode(&event, w);
}

static void write_refused(const char *tenant, const struct hf_feed_item *item, struct hf_writer *w)
{
    static const enum hf_event_directive_refused_reason reasons[] = {
        [HF_FEED_DO] = HF_EVENT_DIRECTIVE_REFUSED_REASON_UNABLE,
        [HF_FEED_EXPIRED] = HF_EVENT_DIRECTIVE_REFUSED_REASON_EXPIRED,
        [HF_FEED_UNKNOWN_KIND] = HF_EVENT_DIRECTIVE_REFUSED_REASON_UNKNOWN_KIND,
        [HF_FEED_BAD_PARAMETERS] = HF_EVENT_DIRECTIVE_REFUSED_REASON_BAD_PARAMETERS,
    };

    const struct hf_event_directive_refused event = {.tenant = hf_str_c(tenant),
                                                     .has_sequence = true,
                                                     .sequence = item->sequence,
                                                     .has_index = true,
                                                     .index = item->index,
                                                     .has_kind = true,
                                                     .kind = hf_str_c(item->kind),
                                                     .reason = reasons[item->verdict]};
    hf_event_directive_refused_encode(&event, w);
}

static void of_approval(const struct hf_feed_item *item, const char *type, uint32_t version,
                        struct hf_feed_record *io_record)
{
    io_record->type = type;
    io_record->version = version;
    io_record->stream = "approval";
    io_record->subject = item->directive.approval;
}

void hf_feed_record_item(const char *tenant, const struct hf_feed_item *item, bool done,
                         struct hf_writer *w, struct hf_feed_record *ret)
{
    struct hf_str approval = hf_str_c(item->directive.approval);
    *ret = (struct hf_feed_record){.type = HF_EVENT_DIRECTIVE_APPLIED_NAME,
                                   .version = HF_EVENT_DIRECTIVE_APPLIED_VERSION,
                                   .stream = "directive",
                                   .subject = tenant,
                                   .producer = "directive",
                                   .sequence = item->sequence};
    if (!done) {
        ret->type = HF_EVENT_DIRECTIVE_REFUSED_NAME;
        ret->version = HF_EVENT_DIRECTIVE_REFUSED_VERSION;
        write_refused(tenant, item, w);
    } else if (item->directive.kind == HF_DIRECTIVE_DECIDE) {
        of_approval(item, HF_EVENT_APPROVAL_DELIVERED_NAME, HF_EVENT_APPROVAL_DELIVERED_VERSION,
                    ret);
        write_delivered(tenant, item, w);
    } else if (item->directive.kind == HF_DIRECTIVE_PROBE) {
        of_approval(item, HF_EVENT_APPROVAL_REQUESTED_NAME, HF_EVENT_APPROVAL_REQUESTED_VERSION,
                    ret);
        (void)hf_probe_ask(hf_str_c(tenant), approval, item->not_after_us, w);
    } else {
        write_applied(tenant, item, w);
    }
    ret->payload = hf_writer_done(w);
}

void hf_feed_record_probe_ended(const char *tenant, const struct hf_feed_item *item,
                                uint64_t delivered, struct hf_writer *w, struct hf_feed_record *ret)
{
    struct hf_str approval = hf_str_c(item->directive.approval);
    *ret = (struct hf_feed_record){.producer = "probe", .sequence = item->sequence};
    of_approval(item, HF_EVENT_APPROVAL_ENFORCED_NAME, HF_EVENT_APPROVAL_ENFORCED_VERSION, ret);
    ret->payload = hf_probe_end(hf_str_c(tenant), approval, delivered, w);
}

void hf_feed_record_unproved(const char *tenant, enum hf_event_directive_refused_reason reason,
                             struct hf_writer *w, struct hf_feed_record *ret)
{
    const struct hf_event_directive_refused event = {.tenant = hf_str_c(tenant), .reason = reason};
    hf_event_directive_refused_encode(&event, w);
    *ret = (struct hf_feed_record){.type = HF_EVENT_DIRECTIVE_REFUSED_NAME,
                                   .version = HF_EVENT_DIRECTIVE_REFUSED_VERSION,
                                   .stream = "directive",
                                   .subject = tenant,
                                   .producer = "feed",
                                   .payload = hf_writer_done(w)};
}

void hf_feed_record_forked(const char *tenant, struct hf_bytes known, struct hf_bytes shown,
                           struct hf_writer *w, struct hf_feed_record *ret)
{
    const struct hf_event_feed_forked event = {
        .tenant = hf_str_c(tenant), .known = hf_bytes_str(known), .shown = hf_bytes_str(shown)};
    hf_event_feed_forked_encode(&event, w);
    *ret = (struct hf_feed_record){.type = HF_EVENT_FEED_FORKED_NAME,
                                   .version = HF_EVENT_FEED_FORKED_VERSION,
                                   .stream = "feed",
                                   .subject = tenant,
                                   .producer = "feed",
                                   .payload = hf_writer_done(w)};
}
