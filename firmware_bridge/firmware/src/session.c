#include "session.h"

#include "board.h"

static bool is_former(const session *s, uint16_t number, uint32_t host_nonce)
{
    for (uint8_t i = 0; i < SESSION_FORMER_MAX; i++)
        if (s->former[i].number == number && s->former[i].host_nonce == host_nonce)
            return true;
    return false;
}

/* The first HELLO's arrival is as random as anything a board without a noise source has (MurmurHash3's finalizer). */
static uint32_t draw_nonce(uint32_t host_nonce, uint64_t now)
{
    uint64_t mixed = ((uint64_t)board_seed() << 32 | host_nonce) ^ now * 0x9E3779B97F4A7C15u;
    mixed = (mixed ^ mixed >> 33) * 0xFF51AFD7ED558CCDu;
    mixed = (mixed ^ mixed >> 33) * 0xC4CEB9FE1A85EC53u;
    uint32_t nonce = (uint32_t)(mixed ^ mixed >> 33);
    return nonce != 0 ? nonce : 1u;
}

session_answer session_hello(session *s, uint16_t number, const gw_hello *hello, uint64_t now, gw_refuse_reason *why)
{
    if (s->up && number == s->number && hello->host_nonce == s->host_nonce)
        return SESSION_SAME;
    if (number == 0 || is_former(s, number, hello->host_nonce))
        return SESSION_IGNORE;
    if (hello->oldest > GW_VERSION || hello->newest < GW_OLDEST || hello->oldest > hello->newest) {
        *why = GW_REFUSE_REASON_VERSION;
        return SESSION_REFUSED;
    }
    if (hello->keepalive_ms < GW_KEEPALIVE_MIN_MS || hello->keepalive_ms > GW_KEEPALIVE_MAX_MS) {
        *why = GW_REFUSE_REASON_KEEPALIVE;
        return SESSION_REFUSED;
    }
    if (s->boot_nonce == 0)
        s->boot_nonce = draw_nonce(hello->host_nonce, now);
    if (!s->up)
        s->life_us = now;
    session_end(s);
    s->up = true;
    s->number = number;
    s->host_nonce = hello->host_nonce;
    s->keepalive_us = hello->keepalive_ms * 1000u;
    return SESSION_NEW;
}

void session_life(session *s, uint64_t now)
{
    s->heard = true;
    s->life_us = now;
}

bool session_silent(const session *s, uint64_t now) { return s->up && now - s->life_us >= s->keepalive_us; }

void session_end(session *s)
{
    if (s->up && s->heard) {
        s->former[s->formers].number = s->number;
        s->former[s->formers].host_nonce = s->host_nonce;
        s->formers = (uint8_t)((s->formers + 1u) % SESSION_FORMER_MAX);
    }
    s->up = false;
    s->heard = false;
}
