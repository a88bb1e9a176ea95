/* What a failed gate call leads to: a recorded status, an error value, or a report.
 * SPDX-License-Identifier: BSD-3-Clause */
#include <bh/marshal.h>

_Thread_local struct bh_try *bh_try_current;
_Thread_local struct bh_back *bh_backs;

void bh_try_begin(struct bh_try *t, uint64_t timeout)
{
    t->outer = bh_try_current;
    t->timeout = timeout;
    t->status = BH_OK;
    bh_try_current = t;
}

enum bh_status bh_try_end(struct bh_try *t)
{
    bh_try_current = t->outer;
    return t->status;
}

const char *bh_status_text(enum bh_status status)
{
    static const char *const texts[] = {
        [BH_OK] = "done",
        [BH_REFUSED] = "refused: not granted to this caller",
        [BH_BAD_ARGUMENT] = "bad argument",
        [BH_TOO_BIG] = "argument too big",
        [BH_UNANNOTATED] = "private memory on a strict edge",
        [BH_TIMED_OUT] = "timed out",
        [BH_PEER_DIED] = "peer died",
        [BH_NO_MEMORY] = "no memory in the called compartment",
        [BH_BAD_HANDLE] = "bad handle",
        [BH_NO_GATE] = "no edge allows this call",
        [BH_BUSY] = "too many submitted calls are not waited for",
        [BH_BAD_RESULT] = "result out of range",
        [BH_NO_HANDLE] = "no handle is left",
        [BH_HANDLE_BUSY] = "handle in use by another call",
    };
    return (unsigned)status < sizeof(texts) / sizeof(texts[0]) ? texts[status] : "unknown status";
}

/* A report's text, cut where it no longer fits. */
struct text {
    char *at, *end;
};

static void add_text(struct text *t, const char *string)
{
    while (*string && t->at < t->end)
        *t->at++ = *string++;
    *t->at = '\0';
}

static void add_number(struct text *t, uint64_t number)
{
    char digits[21];
    char *first = digits + sizeof(digits) - 1;
    *first = '\0';
    do {
        *--first = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    add_text(t, first);
}

static void add_hex(struct text *t, uint64_t number)
{
    char digits[19] = "0x";
    int n = 2;
    for (int shift = 60; shift >= 0; shift -= 4)
        if (number >> shift || !shift)
            digits[n++] = "0123456789abcdef"[number >> shift & 15];
    digits[n] = '\0';
    add_text(t, digits);
}

static void set_field(char *field, size_t size, const char *string)
{
    struct text t = {field, field + size - 1};
    add_text(&t, string);
}

/* The callee found it out, and only the stub knows what the argument is called. */
static void name_handle(struct bh_report *r, struct text *t, const struct bh_site *site, const struct bh_outgoing *call)
{
    if (!site->handles)
        return;
    set_field(r->argument, sizeof(r->argument), site->handles);
    if (site->handle_word < 0)
        return;
    add_text(t, ": it is ");
    add_hex(t, call->args[site->handle_word]);
}

static void explain_status(struct text *t, enum bh_status status, const struct bh_argument *a,
                           const struct bh_boot_edge *edge, bool back)
{
    if (!a)
        return;
    if (status == BH_TOO_BIG && a->size == BH_BAD_SIZE) {
        add_text(t, ": its size is negative or overflows");
    } else if (status == BH_TOO_BIG && a->how & BH_STRING && a->size > BH_STRING_IN_MAX) {
        add_text(t, ": a string of ");
        add_number(t, a->size);
        add_text(t, " bytes, at most ");
        add_number(t, BH_STRING_IN_MAX);
        add_text(t, " can cross");
    } else if (status == BH_TOO_BIG) {
        uint64_t arena = back ? BH_EDGE_CB_ARENA_SIZE : edge ? edge->arena_size : 0;
        add_text(t, ": ");
        add_number(t, a->size);
        add_text(t, a->size > arena ? " bytes do not fit" : " bytes and the other arguments do not fit");
        add_text(t, " the edge's arena of ");
        add_number(t, arena);
        add_text(t, back ? "; put them into a share, or hand over less at a time"
                         : "; put them into a share, or raise arena of this edge");
    } else if (status == BH_UNANNOTATED && a->parent && a->parent->shared) {
        add_text(t, ": a struct in a share points to it, so it has to lie in a share too");
    } else if (status == BH_UNANNOTATED && a->how & BH_KEEP) {
        add_text(t, ": the library keeps it after the call, so it has to lie in a share that both ends have");
    } else if (status == BH_UNANNOTATED) {
        add_text(t, ": use bh_shared, bh_shared_stack or bh_malloc_shared");
    } else if (status == BH_BAD_ARGUMENT && a->how & BH_MUST_BE_NULL) {
        add_text(t, ": has to be NULL to cross a gate");
    } else if (status == BH_BAD_RESULT) {
        add_text(t, (int64_t)a->sent < 0 ? ": it is -" : ": it is ");
        add_number(t, (int64_t)a->sent < 0 ? -a->sent : a->sent);
    }
}

static void report_failure(const struct bh_site *site, const struct bh_outgoing *call, enum bh_status status,
                           const struct bh_argument *culprit, uint64_t pc, bool fatal)
{
    const struct bh_boot_edge *edge = bh_edge_of(call->edge);
    bool back = site->flags & BH_SITE_CALLBACK;
    struct bh_report r = {
        .kind = back ? BH_REPORT_CALLBACK : BH_REPORT_REFUSED,
        .fatal = fatal,
        .compartment = bh_gates.compartment,
        .peer = !edge  ? BH_NO_PEER
                : back ? edge->from
                       : edge->to,
        .status = status,
        .thread = bh_core()->thread_self(),
        .pc = pc,
    };
    struct text text = {r.text, r.text + sizeof(r.text) - 1};

    if (culprit) {
        r.address = bh_word_pointer(culprit->data);
        r.size = culprit->size == BH_BAD_SIZE ? 0 : culprit->size;
        set_field(r.argument, sizeof(r.argument), culprit->name);
    }
    set_field(r.function, sizeof(r.function), site->function);
    add_text(&text, bh_status_text(status));
    explain_status(&text, status, culprit, edge, back);
    if (status == BH_BAD_HANDLE || status == BH_HANDLE_BUSY)
        name_handle(&r, &text, site, call);
    bh_core()->report(&r);
    if (fatal)
        __builtin_trap(); /* a fatal report does not return */
}

static int errno_of(enum bh_status status)
{
    if (status == BH_PEER_DIED)
        return EPIPE;
    if (status == BH_BAD_RESULT)
        return EPROTO;
    return status == BH_TIMED_OUT ? ETIMEDOUT : EACCES;
}

void bh_gate_failed(const struct bh_site *site, const struct bh_outgoing *call, enum bh_status status,
                    const struct bh_argument *culprit, uint64_t pc)
{
    bool back = site->flags & BH_SITE_CALLBACK;
    bool expected = status == BH_PEER_DIED || status == BH_TIMED_OUT;

    if (!back && bh_try_current) {
        if (bh_try_current->status == BH_OK)
            bh_try_current->status = status;
    } else if (!back && !(site->flags & BH_SITE_ERROR)) {
        report_failure(site, call, status, culprit, pc, true);
    } else if (!expected) {
        report_failure(site, call, status, culprit, pc, false);
    }
    if (site->flags & BH_SITE_ERROR)
        errno = errno_of(status);
}

void bh_result_strayed(const struct bh_site *site, const struct bh_outgoing *call, const char *result, uint64_t value,
                       uint64_t pc)
{
    const struct bh_argument culprit = {.name = result, .how = BH_RESULT, .sent = value};
    bh_gate_failed(site, call, BH_BAD_RESULT, &culprit, pc);
}

void bh_callback_late(const struct bh_site *site, bool *told)
{
    if (!*told)
        bh_log("library %s calls back %s() after the call that it was given to: it was not called", site->library,
               site->function);
    *told = true;
}

void bh_back_left(void)
{
    bh_panic("longjmp() out of callback %s() of library %s, which would wait for it for ever: return from the callback",
             bh_backs->site->function, bh_backs->site->library);
}
