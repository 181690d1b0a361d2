/* Who the host is, whether it lives, and what was agreed with it. */
#ifndef SESSION_H
#define SESSION_H

#include "frames.h"

#define SESSION_FORMER_MAX 8u

typedef struct {
    bool up;
    bool heard; /* a sign of life came in this session */
    uint16_t number;
    uint32_t host_nonce, boot_nonce;
    uint32_t keepalive_us;
    uint64_t life_us; /* the last sign of life */
    /* Sessions that had life and are over: a HELLO of theirs was on its way for long. */
    struct {
        uint16_t number;
        uint32_t host_nonce;
    } former[SESSION_FORMER_MAX];
    uint8_t formers;
} session;

typedef enum { SESSION_IGNORE, SESSION_SAME, SESSION_NEW, SESSION_REFUSED } session_answer;

/* What to do about a HELLO; a new session is begun. `*why` is set when it is refused. */
session_answer session_hello(session *s, uint16_t number, const gw_hello *hello, uint64_t now, gw_refuse_reason *why);
void session_life(session *s, uint64_t now);
bool session_silent(const session *s, uint64_t now);
void session_end(session *s);

#endif
