/* The gateway protocol's constants and messages: generated from protocol.toml, see generate.py.
 *
 * gw_put_NAME(to, room, m) writes a message and returns its length; 0 when it does not fit in `room` or the protocol.
 * gw_get_NAME(from, size, m) reads a message that fills exactly `size` bytes; false when there is none.
 * A message's bytes begin with its id (GW_NAME_ID); payloads of frames have none. Text and blob that were read point
 * into `from` and live as long as it does.
 */
#ifndef GW_PROTOCOL_H
#define GW_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GW_VERSION 1u
#define GW_OLDEST 1u
#define GW_MAX_COMMANDS 8u
#define GW_WINDOW 8u
#define GW_MAX_PAYLOAD 240u
#define GW_MAX_LINES 8u
#define GW_MAX_HEADSETS 8u
#define GW_MAX_TIES 4u
#define GW_KEEPALIVE_MS 1500u
#define GW_KEEPALIVE_MIN_MS 300u
#define GW_KEEPALIVE_MAX_MS 10000u
#define GW_PING_EVERY_MS 400u
#define GW_NO_CALL 0u
#define GW_EVENT_QUEUE 64u
#define GW_GUARD_MS 800u

typedef uint8_t gw_frame_kind;
#define GW_FRAME_KIND_DATA ((gw_frame_kind)1u) /* A sequenced message. */
#define GW_FRAME_KIND_ACK ((gw_frame_kind)2u) /* Acknowledgement alone; its sequence number means nothing. */
#define GW_FRAME_KIND_HELLO ((gw_frame_kind)3u) /* Host opens a session. */
#define GW_FRAME_KIND_WELCOME ((gw_frame_kind)4u) /* Board agrees. */
#define GW_FRAME_KIND_REFUSE ((gw_frame_kind)5u) /* Board does not agree. */
#define GW_FRAME_KIND_PING ((gw_frame_kind)6u) /* Host asks for the board's time, and keeps the session alive. */
#define GW_FRAME_KIND_PONG ((gw_frame_kind)7u) /* Board's time. */
#define GW_FRAME_KIND_BYE ((gw_frame_kind)8u) /* Host ends the session: the board makes itself safe at once. */
static inline bool gw_frame_kind_known(gw_frame_kind value)
{
    return value == GW_FRAME_KIND_DATA ||
           value == GW_FRAME_KIND_ACK ||
           value == GW_FRAME_KIND_HELLO ||
           value == GW_FRAME_KIND_WELCOME ||
           value == GW_FRAME_KIND_REFUSE ||
           value == GW_FRAME_KIND_PING ||
           value == GW_FRAME_KIND_PONG ||
           value == GW_FRAME_KIND_BYE;
}

typedef uint8_t gw_reset_cause;
#define GW_RESET_CAUSE_POWER_ON ((gw_reset_cause)0u) /* Power came. */
#define GW_RESET_CAUSE_WATCHDOG ((gw_reset_cause)1u) /* The firmware hung and the watchdog reset it. */
#define GW_RESET_CAUSE_COMMANDED ((gw_reset_cause)2u) /* The host asked for it. */
#define GW_RESET_CAUSE_FAULT ((gw_reset_cause)3u) /* The processor took a fault. */
#define GW_RESET_CAUSE_BROWNOUT ((gw_reset_cause)4u) /* The supply dipped. */
#define GW_RESET_CAUSE_EXTERNAL ((gw_reset_cause)5u) /* The reset pin. */
#define GW_RESET_CAUSE_UNKNOWN ((gw_reset_cause)255u) /* The board cannot tell. */
static inline bool gw_reset_cause_known(gw_reset_cause value)
{
    return value == GW_RESET_CAUSE_POWER_ON ||
           value == GW_RESET_CAUSE_WATCHDOG ||
           value == GW_RESET_CAUSE_COMMANDED ||
           value == GW_RESET_CAUSE_FAULT ||
           value == GW_RESET_CAUSE_BROWNOUT ||
           value == GW_RESET_CAUSE_EXTERNAL ||
           value == GW_RESET_CAUSE_UNKNOWN;
}

typedef uint8_t gw_refuse_reason;
#define GW_REFUSE_REASON_VERSION ((gw_refuse_reason)1u) /* No version that both sides speak. */
#define GW_REFUSE_REASON_KEEPALIVE ((gw_refuse_reason)2u) /* The keepalive asked for is out of range. */
#define GW_REFUSE_REASON_BUSY ((gw_refuse_reason)3u) /* The board cannot serve now (it checks or writes an image). */
static inline bool gw_refuse_reason_known(gw_refuse_reason value)
{
    return value == GW_REFUSE_REASON_VERSION ||
           value == GW_REFUSE_REASON_KEEPALIVE ||
           value == GW_REFUSE_REASON_BUSY;
}

typedef uint8_t gw_line_state;
#define GW_LINE_STATE_IDLE ((gw_line_state)0u) /* On hook. */
#define GW_LINE_STATE_SEIZED ((gw_line_state)1u) /* Off hook, before the first digit. */
#define GW_LINE_STATE_DIALING ((gw_line_state)2u) /* Digits go out. */
#define GW_LINE_STATE_CALLING ((gw_line_state)3u) /* All digits are out; nobody has answered. */
#define GW_LINE_STATE_ANSWERED ((gw_line_state)4u) /* The far side picked up. */
#define GW_LINE_STATE_CLEARED ((gw_line_state)5u) /* The far side or the exchange ended the call; the line is still off hook, until released. */
#define GW_LINE_STATE_GUARD ((gw_line_state)6u) /* On hook, and not to be seized before the exchange has surely noticed. */
#define GW_LINE_STATE_RINGING ((gw_line_state)7u) /* A call comes in. */
#define GW_LINE_STATE_FAULT ((gw_line_state)8u) /* No line voltage: unplugged or dead. */
static inline bool gw_line_state_known(gw_line_state value)
{
    return value == GW_LINE_STATE_IDLE ||
           value == GW_LINE_STATE_SEIZED ||
           value == GW_LINE_STATE_DIALING ||
           value == GW_LINE_STATE_CALLING ||
           value == GW_LINE_STATE_ANSWERED ||
           value == GW_LINE_STATE_CLEARED ||
           value == GW_LINE_STATE_GUARD ||
           value == GW_LINE_STATE_RINGING ||
           value == GW_LINE_STATE_FAULT;
}

typedef uint8_t gw_clear_cause;
#define GW_CLEAR_CAUSE_NONE ((gw_clear_cause)0u) /* The call is not over. */
#define GW_CLEAR_CAUSE_RELEASED ((gw_clear_cause)1u) /* The host released it. */
#define GW_CLEAR_CAUSE_FAR_END ((gw_clear_cause)2u) /* The far side hung up. */
#define GW_CLEAR_CAUSE_BUSY ((gw_clear_cause)3u) /* Busy tone. */
#define GW_CLEAR_CAUSE_NO_DIAL_TONE ((gw_clear_cause)4u) /* The exchange gave no dial tone, or no loop current. */
#define GW_CLEAR_CAUSE_LINE_FAULT ((gw_clear_cause)5u) /* The line's voltage went away. */
#define GW_CLEAR_CAUSE_HOST_LOST ((gw_clear_cause)6u) /* The host was silent for longer than the keepalive. */
#define GW_CLEAR_CAUSE_CALLER_LEFT ((gw_clear_cause)7u) /* An incoming call ended before it was answered. */
static inline bool gw_clear_cause_known(gw_clear_cause value)
{
    return value == GW_CLEAR_CAUSE_NONE ||
           value == GW_CLEAR_CAUSE_RELEASED ||
           value == GW_CLEAR_CAUSE_FAR_END ||
           value == GW_CLEAR_CAUSE_BUSY ||
           value == GW_CLEAR_CAUSE_NO_DIAL_TONE ||
           value == GW_CLEAR_CAUSE_LINE_FAULT ||
           value == GW_CLEAR_CAUSE_HOST_LOST ||
           value == GW_CLEAR_CAUSE_CALLER_LEFT;
}

typedef uint8_t gw_dial_mode;
#define GW_DIAL_MODE_DTMF ((gw_dial_mode)0u) /* ITU-T Q.23 tones. */
#define GW_DIAL_MODE_PULSE ((gw_dial_mode)1u) /* Interruptions of the loop. */
static inline bool gw_dial_mode_known(gw_dial_mode value)
{
    return value == GW_DIAL_MODE_DTMF ||
           value == GW_DIAL_MODE_PULSE;
}

typedef uint8_t gw_port_kind;
#define GW_PORT_KIND_LINE ((gw_port_kind)0u) /* A telephone line. */
#define GW_PORT_KIND_HEADSET ((gw_port_kind)1u) /* A headset. */
#define GW_PORT_KIND_TIE ((gw_port_kind)2u) /* A wire to the host's audio. */
static inline bool gw_port_kind_known(gw_port_kind value)
{
    return value == GW_PORT_KIND_LINE ||
           value == GW_PORT_KIND_HEADSET ||
           value == GW_PORT_KIND_TIE;
}

typedef uint8_t gw_lamp;
#define GW_LAMP_OFF ((gw_lamp)0u) /* Dark. */
#define GW_LAMP_ON ((gw_lamp)1u) /* Lit: a call is joined. */
#define GW_LAMP_SLOW ((gw_lamp)2u) /* Slow blinking: not ready. */
#define GW_LAMP_FAST ((gw_lamp)3u) /* Fast blinking: ringing. */
static inline bool gw_lamp_known(gw_lamp value)
{
    return value == GW_LAMP_OFF ||
           value == GW_LAMP_ON ||
           value == GW_LAMP_SLOW ||
           value == GW_LAMP_FAST;
}

typedef uint8_t gw_status;
#define GW_STATUS_OK ((gw_status)0u) /* Done, or already so. */
#define GW_STATUS_NO_SUCH_PORT ((gw_status)1u) /* The board has no such line, headset or tie. */
#define GW_STATUS_LINE_IN_USE ((gw_status)2u) /* The line has another call, rings, or is in its guard time. */
#define GW_STATUS_LINE_DEAD ((gw_status)3u) /* The line has no voltage. */
#define GW_STATUS_BAD_DIGITS ((gw_status)4u) /* A character that cannot be dialed, or none. */
#define GW_STATUS_NOT_ANSWERED ((gw_status)5u) /* The line has no answered call. */
#define GW_STATUS_PORT_TAKEN ((gw_status)6u) /* The port is joined with another one. */
#define GW_STATUS_BAD_IMAGE ((gw_status)7u) /* The image's length, offset or digest is wrong. */
#define GW_STATUS_CALLS_UP ((gw_status)8u) /* Not while calls are up. */
#define GW_STATUS_UNSUPPORTED ((gw_status)9u) /* The board does not have that, or does not know the command. */
#define GW_STATUS_UNREADABLE ((gw_status)10u) /* The command's length or a value in it is wrong. */
#define GW_STATUS_NO_PATH ((gw_status)11u) /* The crosspoint has no free way between the two ports now. */
static inline bool gw_status_known(gw_status value)
{
    return value == GW_STATUS_OK ||
           value == GW_STATUS_NO_SUCH_PORT ||
           value == GW_STATUS_LINE_IN_USE ||
           value == GW_STATUS_LINE_DEAD ||
           value == GW_STATUS_BAD_DIGITS ||
           value == GW_STATUS_NOT_ANSWERED ||
           value == GW_STATUS_PORT_TAKEN ||
           value == GW_STATUS_BAD_IMAGE ||
           value == GW_STATUS_CALLS_UP ||
           value == GW_STATUS_UNSUPPORTED ||
           value == GW_STATUS_UNREADABLE ||
           value == GW_STATUS_NO_PATH;
}

typedef uint32_t gw_capabilities;
#define GW_CAPABILITIES_REVERSAL ((gw_capabilities)1ul) /* Lines tell an answer by battery reversal. */
#define GW_CAPABILITIES_DTMF ((gw_capabilities)2ul) /* Lines dial by tones. */
#define GW_CAPABILITIES_PULSE ((gw_capabilities)4ul) /* Lines dial by pulses. */
#define GW_CAPABILITIES_PROGRESS ((gw_capabilities)8ul) /* Lines hear busy tone. */
#define GW_CAPABILITIES_UPDATE ((gw_capabilities)16ul) /* Firmware can be replaced over the link. */
#define GW_CAPABILITIES_HEADSET_MUTE ((gw_capabilities)32ul) /* Headsets have a mute button and can be muted by the host. */
#define GW_CAPABILITIES_HEADSET_LAMP ((gw_capabilities)64ul) /* Headsets have a lamp. */
#define GW_CAPABILITIES_KEYS_HEARD ((gw_capabilities)128ul) /* Lines hear the keys that the far side presses. */

static inline void gw_put_u8(uint8_t *to, uint8_t value) { to[0] = value; }

static inline void gw_put_u16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)(value & 0xFFu);
    to[1] = (uint8_t)(value >> 8);
}

static inline void gw_put_u32(uint8_t *to, uint32_t value)
{
    gw_put_u16(to, (uint16_t)(value & 0xFFFFu));
    gw_put_u16(to + 2, (uint16_t)(value >> 16));
}

static inline void gw_put_u64(uint8_t *to, uint64_t value)
{
    gw_put_u32(to, (uint32_t)(value & 0xFFFFFFFFu));
    gw_put_u32(to + 4, (uint32_t)(value >> 32));
}

static inline void gw_put_bytes(uint8_t *to, const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = from[i];
}

static inline uint8_t gw_get_u8(const uint8_t *from) { return from[0]; }

static inline uint16_t gw_get_u16(const uint8_t *from) { return (uint16_t)(from[0] | (unsigned)from[1] << 8); }

static inline uint32_t gw_get_u32(const uint8_t *from)
{
    return (uint32_t)gw_get_u16(from) | (uint32_t)gw_get_u16(from + 2) << 16;
}

static inline uint64_t gw_get_u64(const uint8_t *from)
{
    return (uint64_t)gw_get_u32(from) | (uint64_t)gw_get_u32(from + 4) << 32;
}

static inline bool gw_is_ascii(const uint8_t *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] > 0x7Fu)
            return false;
    return true;
}

/* What every frame begins with. */
typedef struct {
    gw_frame_kind kind;
    uint16_t session;
    uint8_t seq;
    uint8_t ack;
    uint8_t sack;
} gw_header;
#define GW_HEADER_SIZE_MAX 6u
static inline size_t gw_put_header(uint8_t *to, size_t room, const gw_header *m)
{
    if (room < 6u)
        return 0;
    gw_put_u8(to + 0, m->kind);
    gw_put_u16(to + 1, m->session);
    gw_put_u8(to + 3, m->seq);
    gw_put_u8(to + 4, m->ack);
    gw_put_u8(to + 5, m->sack);
    return 6u;
}
static inline bool gw_get_header(const uint8_t *from, size_t size, gw_header *m)
{
    if (size != 6u)
        return false;
    m->kind = gw_get_u8(from + 0);
    m->session = gw_get_u16(from + 1);
    m->seq = gw_get_u8(from + 3);
    m->ack = gw_get_u8(from + 4);
    m->sack = gw_get_u8(from + 5);
    return gw_frame_kind_known(m->kind);
}

/* Host opens a session. */
typedef struct {
    uint8_t oldest;
    uint8_t newest;
    uint16_t keepalive_ms;
    uint32_t host_nonce;
} gw_hello;
#define GW_HELLO_SIZE_MAX 8u
static inline size_t gw_put_hello(uint8_t *to, size_t room, const gw_hello *m)
{
    if (room < 8u)
        return 0;
    gw_put_u8(to + 0, m->oldest);
    gw_put_u8(to + 1, m->newest);
    gw_put_u16(to + 2, m->keepalive_ms);
    gw_put_u32(to + 4, m->host_nonce);
    return 8u;
}
static inline bool gw_get_hello(const uint8_t *from, size_t size, gw_hello *m)
{
    if (size != 8u)
        return false;
    m->oldest = gw_get_u8(from + 0);
    m->newest = gw_get_u8(from + 1);
    m->keepalive_ms = gw_get_u16(from + 2);
    m->host_nonce = gw_get_u32(from + 4);
    return true;
}

/* Board agrees. */
typedef struct {
    uint8_t version;
    uint32_t host_nonce;
    uint32_t boot_nonce;
    gw_reset_cause reset_cause;
    uint8_t build[8];
    uint8_t lines;
    uint8_t headsets;
    uint8_t ties;
    gw_capabilities capabilities;
    uint16_t keepalive_ms;
    uint64_t board_us;
    const uint8_t *name; uint8_t name_len;
} gw_welcome;
#define GW_WELCOME_SIZE_MAX 68u
static inline size_t gw_put_welcome(uint8_t *to, size_t room, const gw_welcome *m)
{
    size_t size = 36u + (size_t)m->name_len;
    if (m->name_len > 32u || room < size)
        return 0;
    gw_put_u8(to + 0, m->version);
    gw_put_u32(to + 1, m->host_nonce);
    gw_put_u32(to + 5, m->boot_nonce);
    gw_put_u8(to + 9, m->reset_cause);
    gw_put_bytes(to + 10, m->build, 8);
    gw_put_u8(to + 18, m->lines);
    gw_put_u8(to + 19, m->headsets);
    gw_put_u8(to + 20, m->ties);
    gw_put_u32(to + 21, m->capabilities);
    gw_put_u16(to + 25, m->keepalive_ms);
    gw_put_u64(to + 27, m->board_us);
    gw_put_u8(to + 35, m->name_len);
    gw_put_bytes(to + 36, m->name, m->name_len);
    return size;
}
static inline bool gw_get_welcome(const uint8_t *from, size_t size, gw_welcome *m)
{
    if (size < 36u || from[35] > 32u || size != 36u + (size_t)from[35])
        return false;
    m->version = gw_get_u8(from + 0);
    m->host_nonce = gw_get_u32(from + 1);
    m->boot_nonce = gw_get_u32(from + 5);
    m->reset_cause = gw_get_u8(from + 9);
    gw_put_bytes(m->build, from + 10, 8);
    m->lines = gw_get_u8(from + 18);
    m->headsets = gw_get_u8(from + 19);
    m->ties = gw_get_u8(from + 20);
    m->capabilities = gw_get_u32(from + 21);
    m->keepalive_ms = gw_get_u16(from + 25);
    m->board_us = gw_get_u64(from + 27);
    m->name_len = from[35];
    m->name = from + 36;
    return gw_reset_cause_known(m->reset_cause) &&
           gw_is_ascii(m->name, m->name_len);
}

/* Board does not agree. */
typedef struct {
    gw_refuse_reason reason;
    uint8_t oldest;
    uint8_t newest;
    uint32_t host_nonce;
} gw_refuse;
#define GW_REFUSE_SIZE_MAX 7u
static inline size_t gw_put_refuse(uint8_t *to, size_t room, const gw_refuse *m)
{
    if (room < 7u)
        return 0;
    gw_put_u8(to + 0, m->reason);
    gw_put_u8(to + 1, m->oldest);
    gw_put_u8(to + 2, m->newest);
    gw_put_u32(to + 3, m->host_nonce);
    return 7u;
}
static inline bool gw_get_refuse(const uint8_t *from, size_t size, gw_refuse *m)
{
    if (size != 7u)
        return false;
    m->reason = gw_get_u8(from + 0);
    m->oldest = gw_get_u8(from + 1);
    m->newest = gw_get_u8(from + 2);
    m->host_nonce = gw_get_u32(from + 3);
    return gw_refuse_reason_known(m->reason);
}

/* Host asks for the board's time, and keeps the session alive. */
typedef struct {
    uint32_t token;
} gw_ping;
#define GW_PING_SIZE_MAX 4u
static inline size_t gw_put_ping(uint8_t *to, size_t room, const gw_ping *m)
{
    if (room < 4u)
        return 0;
    gw_put_u32(to + 0, m->token);
    return 4u;
}
static inline bool gw_get_ping(const uint8_t *from, size_t size, gw_ping *m)
{
    if (size != 4u)
        return false;
    m->token = gw_get_u32(from + 0);
    return true;
}

/* Board's time. */
typedef struct {
    uint32_t token;
    uint64_t board_us;
} gw_pong;
#define GW_PONG_SIZE_MAX 12u
static inline size_t gw_put_pong(uint8_t *to, size_t room, const gw_pong *m)
{
    if (room < 12u)
        return 0;
    gw_put_u32(to + 0, m->token);
    gw_put_u64(to + 4, m->board_us);
    return 12u;
}
static inline bool gw_get_pong(const uint8_t *from, size_t size, gw_pong *m)
{
    if (size != 12u)
        return false;
    m->token = gw_get_u32(from + 0);
    m->board_us = gw_get_u64(from + 4);
    return true;
}

/* Seize an idle line and dial `digits`: 0-9 * # A-D and `,` (one second of rest). Done already when the line has
 * this call: it is not dialed again. */
typedef struct {
    uint16_t command;
    uint8_t line;
    uint16_t call;
    gw_dial_mode mode;
    const uint8_t *digits; uint8_t digits_len;
} gw_call;
#define GW_CALL_ID 0x01u
#define GW_CALL_SIZE_MAX 40u
static inline size_t gw_put_call(uint8_t *to, size_t room, const gw_call *m)
{
    size_t size = 8u + (size_t)m->digits_len;
    if (m->digits_len > 32u || room < size)
        return 0;
    to[0] = GW_CALL_ID;
    gw_put_u16(to + 1, m->command);
    gw_put_u8(to + 3, m->line);
    gw_put_u16(to + 4, m->call);
    gw_put_u8(to + 6, m->mode);
    gw_put_u8(to + 7, m->digits_len);
    gw_put_bytes(to + 8, m->digits, m->digits_len);
    return size;
}
static inline bool gw_get_call(const uint8_t *from, size_t size, gw_call *m)
{
    if (size < 8u || from[7] > 32u || size != 8u + (size_t)from[7] || from[0] != GW_CALL_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    m->line = gw_get_u8(from + 3);
    m->call = gw_get_u16(from + 4);
    m->mode = gw_get_u8(from + 6);
    m->digits_len = from[7];
    m->digits = from + 8;
    return gw_dial_mode_known(m->mode) &&
           gw_is_ascii(m->digits, m->digits_len);
}

/* Answer a ringing line. */
typedef struct {
    uint16_t command;
    uint8_t line;
    uint16_t call;
} gw_accept;
#define GW_ACCEPT_ID 0x02u
#define GW_ACCEPT_SIZE_MAX 6u
static inline size_t gw_put_accept(uint8_t *to, size_t room, const gw_accept *m)
{
    if (room < 6u)
        return 0;
    to[0] = GW_ACCEPT_ID;
    gw_put_u16(to + 1, m->command);
    gw_put_u8(to + 3, m->line);
    gw_put_u16(to + 4, m->call);
    return 6u;
}
static inline bool gw_get_accept(const uint8_t *from, size_t size, gw_accept *m)
{
    if (size != 6u || from[0] != GW_ACCEPT_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    m->line = gw_get_u8(from + 3);
    m->call = gw_get_u16(from + 4);
    return true;
}

/* Hang up a call, and open its crosspoints. Done already when the line does not have this call. */
typedef struct {
    uint16_t command;
    uint8_t line;
    uint16_t call;
} gw_release;
#define GW_RELEASE_ID 0x03u
#define GW_RELEASE_SIZE_MAX 6u
static inline size_t gw_put_release(uint8_t *to, size_t room, const gw_release *m)
{
    if (room < 6u)
        return 0;
    to[0] = GW_RELEASE_ID;
    gw_put_u16(to + 1, m->command);
    gw_put_u8(to + 3, m->line);
    gw_put_u16(to + 4, m->call);
    return 6u;
}
static inline bool gw_get_release(const uint8_t *from, size_t size, gw_release *m)
{
    if (size != 6u || from[0] != GW_RELEASE_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    m->line = gw_get_u8(from + 3);
    m->call = gw_get_u16(from + 4);
    return true;
}

/* Send tones into an answered call: 0-9 * # A-D and `,` (one second of rest). */
typedef struct {
    uint16_t command;
    uint8_t line;
    uint16_t call;
    const uint8_t *digits; uint8_t digits_len;
} gw_digits;
#define GW_DIGITS_ID 0x04u
#define GW_DIGITS_SIZE_MAX 39u
static inline size_t gw_put_digits(uint8_t *to, size_t room, const gw_digits *m)
{
    size_t size = 7u + (size_t)m->digits_len;
    if (m->digits_len > 32u || room < size)
        return 0;
    to[0] = GW_DIGITS_ID;
    gw_put_u16(to + 1, m->command);
    gw_put_u8(to + 3, m->line);
    gw_put_u16(to + 4, m->call);
    gw_put_u8(to + 6, m->digits_len);
    gw_put_bytes(to + 7, m->digits, m->digits_len);
    return size;
}
static inline bool gw_get_digits(const uint8_t *from, size_t size, gw_digits *m)
{
    if (size < 7u || from[6] > 32u || size != 7u + (size_t)from[6] || from[0] != GW_DIGITS_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    m->line = gw_get_u8(from + 3);
    m->call = gw_get_u16(from + 4);
    m->digits_len = from[6];
    m->digits = from + 7;
    return gw_is_ascii(m->digits, m->digits_len);
}

/* Close the crosspoint between two ports (both ways). A line must have the call named, or NOT_ANSWERED. */
typedef struct {
    uint16_t command;
    gw_port_kind a_kind;
    uint8_t a;
    uint16_t a_call;
    gw_port_kind b_kind;
    uint8_t b;
    uint16_t b_call;
} gw_join;
#define GW_JOIN_ID 0x05u
#define GW_JOIN_SIZE_MAX 11u
static inline size_t gw_put_join(uint8_t *to, size_t room, const gw_join *m)
{
    if (room < 11u)
        return 0;
    to[0] = GW_JOIN_ID;
    gw_put_u16(to + 1, m->command);
    gw_put_u8(to + 3, m->a_kind);
    gw_put_u8(to + 4, m->a);
    gw_put_u16(to + 5, m->a_call);
    gw_put_u8(to + 7, m->b_kind);
    gw_put_u8(to + 8, m->b);
    gw_put_u16(to + 9, m->b_call);
    return 11u;
}
static inline bool gw_get_join(const uint8_t *from, size_t size, gw_join *m)
{
    if (size != 11u || from[0] != GW_JOIN_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    m->a_kind = gw_get_u8(from + 3);
    m->a = gw_get_u8(from + 4);
    m->a_call = gw_get_u16(from + 5);
    m->b_kind = gw_get_u8(from + 7);
    m->b = gw_get_u8(from + 8);
    m->b_call = gw_get_u16(from + 9);
    return gw_port_kind_known(m->a_kind) &&
           gw_port_kind_known(m->b_kind);
}

/* Open the crosspoint between two ports. Done already when it is open. */
typedef struct {
    uint16_t command;
    gw_port_kind a_kind;
    uint8_t a;
    gw_port_kind b_kind;
    uint8_t b;
} gw_part;
#define GW_PART_ID 0x06u
#define GW_PART_SIZE_MAX 7u
static inline size_t gw_put_part(uint8_t *to, size_t room, const gw_part *m)
{
    if (room < 7u)
        return 0;
    to[0] = GW_PART_ID;
    gw_put_u16(to + 1, m->command);
    gw_put_u8(to + 3, m->a_kind);
    gw_put_u8(to + 4, m->a);
    gw_put_u8(to + 5, m->b_kind);
    gw_put_u8(to + 6, m->b);
    return 7u;
}
static inline bool gw_get_part(const uint8_t *from, size_t size, gw_part *m)
{
    if (size != 7u || from[0] != GW_PART_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    m->a_kind = gw_get_u8(from + 3);
    m->a = gw_get_u8(from + 4);
    m->b_kind = gw_get_u8(from + 5);
    m->b = gw_get_u8(from + 6);
    return gw_port_kind_known(m->a_kind) &&
           gw_port_kind_known(m->b_kind);
}

/* What a headset's lamp, ringer and microphone shall be. */
typedef struct {
    uint16_t command;
    uint8_t headset;
    gw_lamp lamp;
    bool ring;
    bool muted;
} gw_headset_set;
#define GW_HEADSET_SET_ID 0x07u
#define GW_HEADSET_SET_SIZE_MAX 7u
static inline size_t gw_put_headset_set(uint8_t *to, size_t room, const gw_headset_set *m)
{
    if (room < 7u)
        return 0;
    to[0] = GW_HEADSET_SET_ID;
    gw_put_u16(to + 1, m->command);
    gw_put_u8(to + 3, m->headset);
    gw_put_u8(to + 4, m->lamp);
    gw_put_u8(to + 5, m->ring ? 1u : 0u);
    gw_put_u8(to + 6, m->muted ? 1u : 0u);
    return 7u;
}
static inline bool gw_get_headset_set(const uint8_t *from, size_t size, gw_headset_set *m)
{
    if (size != 7u || from[0] != GW_HEADSET_SET_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    m->headset = gw_get_u8(from + 3);
    m->lamp = gw_get_u8(from + 4);
    m->ring = from[5] == 1u;
    m->muted = from[6] == 1u;
    return gw_lamp_known(m->lamp) &&
           from[5] <= 1u &&
           from[6] <= 1u;
}

/* Tell all state: each LineIs, each HeadsetIs, a PortsJoined for each closed crosspoint, UpdateIs if the board has
 * UPDATE, then SnapshotEnd, then Result. */
typedef struct {
    uint16_t command;
} gw_snapshot_get;
#define GW_SNAPSHOT_GET_ID 0x08u
#define GW_SNAPSHOT_GET_SIZE_MAX 3u
static inline size_t gw_put_snapshot_get(uint8_t *to, size_t room, const gw_snapshot_get *m)
{
    if (room < 3u)
        return 0;
    to[0] = GW_SNAPSHOT_GET_ID;
    gw_put_u16(to + 1, m->command);
    return 3u;
}
static inline bool gw_get_snapshot_get(const uint8_t *from, size_t size, gw_snapshot_get *m)
{
    if (size != 3u || from[0] != GW_SNAPSHOT_GET_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    return true;
}

/* Tell Counters, then Result. */
typedef struct {
    uint16_t command;
} gw_counters_get;
#define GW_COUNTERS_GET_ID 0x09u
#define GW_COUNTERS_GET_SIZE_MAX 3u
static inline size_t gw_put_counters_get(uint8_t *to, size_t room, const gw_counters_get *m)
{
    if (room < 3u)
        return 0;
    to[0] = GW_COUNTERS_GET_ID;
    gw_put_u16(to + 1, m->command);
    return 3u;
}
static inline bool gw_get_counters_get(const uint8_t *from, size_t size, gw_counters_get *m)
{
    if (size != 3u || from[0] != GW_COUNTERS_GET_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    return true;
}

/* Reset, when the Result has been acknowledged, the session is over or 200 ms have passed. */
typedef struct {
    uint16_t command;
} gw_reboot;
#define GW_REBOOT_ID 0x0Au
#define GW_REBOOT_SIZE_MAX 3u
static inline size_t gw_put_reboot(uint8_t *to, size_t room, const gw_reboot *m)
{
    if (room < 3u)
        return 0;
    to[0] = GW_REBOOT_ID;
    gw_put_u16(to + 1, m->command);
    return 3u;
}
static inline bool gw_get_reboot(const uint8_t *from, size_t size, gw_reboot *m)
{
    if (size != 3u || from[0] != GW_REBOOT_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    return true;
}

/* Start receiving an image, or go on with it when size and digest are those of the one under way. UpdateIs follows,
 * then Result. */
typedef struct {
    uint16_t command;
    uint32_t size;
    uint8_t sha256[32];
} gw_update_begin;
#define GW_UPDATE_BEGIN_ID 0x10u
#define GW_UPDATE_BEGIN_SIZE_MAX 39u
static inline size_t gw_put_update_begin(uint8_t *to, size_t room, const gw_update_begin *m)
{
    if (room < 39u)
        return 0;
    to[0] = GW_UPDATE_BEGIN_ID;
    gw_put_u16(to + 1, m->command);
    gw_put_u32(to + 3, m->size);
    gw_put_bytes(to + 7, m->sha256, 32);
    return 39u;
}
static inline bool gw_get_update_begin(const uint8_t *from, size_t size, gw_update_begin *m)
{
    if (size != 39u || from[0] != GW_UPDATE_BEGIN_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    m->size = gw_get_u32(from + 3);
    gw_put_bytes(m->sha256, from + 7, 32);
    return true;
}

/* The next piece of the image. One that is there already does nothing. */
typedef struct {
    uint16_t command;
    uint32_t offset;
    const uint8_t *data; uint8_t data_len;
} gw_update_chunk;
#define GW_UPDATE_CHUNK_ID 0x11u
#define GW_UPDATE_CHUNK_SIZE_MAX 200u
static inline size_t gw_put_update_chunk(uint8_t *to, size_t room, const gw_update_chunk *m)
{
    size_t size = 8u + (size_t)m->data_len;
    if (m->data_len > 192u || room < size)
        return 0;
    to[0] = GW_UPDATE_CHUNK_ID;
    gw_put_u16(to + 1, m->command);
    gw_put_u32(to + 3, m->offset);
    gw_put_u8(to + 7, m->data_len);
    gw_put_bytes(to + 8, m->data, m->data_len);
    return size;
}
static inline bool gw_get_update_chunk(const uint8_t *from, size_t size, gw_update_chunk *m)
{
    if (size < 8u || from[7] > 192u || size != 8u + (size_t)from[7] || from[0] != GW_UPDATE_CHUNK_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    m->offset = gw_get_u32(from + 3);
    m->data_len = from[7];
    m->data = from + 8;
    return true;
}

/* Check the digest and mark the image to be tried at the next reset. UpdateIs follows, then Result. */
typedef struct {
    uint16_t command;
} gw_update_end;
#define GW_UPDATE_END_ID 0x12u
#define GW_UPDATE_END_SIZE_MAX 3u
static inline size_t gw_put_update_end(uint8_t *to, size_t room, const gw_update_end *m)
{
    if (room < 3u)
        return 0;
    to[0] = GW_UPDATE_END_ID;
    gw_put_u16(to + 1, m->command);
    return 3u;
}
static inline bool gw_get_update_end(const uint8_t *from, size_t size, gw_update_end *m)
{
    if (size != 3u || from[0] != GW_UPDATE_END_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    return true;
}

/* The running image works: keep it. An image that is not confirmed is left again at the next reset. */
typedef struct {
    uint16_t command;
} gw_update_confirm;
#define GW_UPDATE_CONFIRM_ID 0x13u
#define GW_UPDATE_CONFIRM_SIZE_MAX 3u
static inline size_t gw_put_update_confirm(uint8_t *to, size_t room, const gw_update_confirm *m)
{
    if (room < 3u)
        return 0;
    to[0] = GW_UPDATE_CONFIRM_ID;
    gw_put_u16(to + 1, m->command);
    return 3u;
}
static inline bool gw_get_update_confirm(const uint8_t *from, size_t size, gw_update_confirm *m)
{
    if (size != 3u || from[0] != GW_UPDATE_CONFIRM_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    return true;
}

/* What became of a command. */
typedef struct {
    uint16_t command;
    gw_status status;
} gw_result;
#define GW_RESULT_ID 0x80u
#define GW_RESULT_SIZE_MAX 4u
static inline size_t gw_put_result(uint8_t *to, size_t room, const gw_result *m)
{
    if (room < 4u)
        return 0;
    to[0] = GW_RESULT_ID;
    gw_put_u16(to + 1, m->command);
    gw_put_u8(to + 3, m->status);
    return 4u;
}
static inline bool gw_get_result(const uint8_t *from, size_t size, gw_result *m)
{
    if (size != 4u || from[0] != GW_RESULT_ID)
        return false;
    m->command = gw_get_u16(from + 1);
    m->status = gw_get_u8(from + 3);
    return gw_status_known(m->status);
}

/* A line's state: at each change, and in snapshots. `change` counts the line's changes since boot, modulo 65536. In
 * IDLE and GUARD, `call` and `cause` are those of the call that was last. */
typedef struct {
    uint8_t line;
    uint16_t change;
    uint64_t at_us;
    gw_line_state state;
    uint16_t call;
    gw_clear_cause cause;
} gw_line_is;
#define GW_LINE_IS_ID 0x81u
#define GW_LINE_IS_SIZE_MAX 16u
static inline size_t gw_put_line_is(uint8_t *to, size_t room, const gw_line_is *m)
{
    if (room < 16u)
        return 0;
    to[0] = GW_LINE_IS_ID;
    gw_put_u8(to + 1, m->line);
    gw_put_u16(to + 2, m->change);
    gw_put_u64(to + 4, m->at_us);
    gw_put_u8(to + 12, m->state);
    gw_put_u16(to + 13, m->call);
    gw_put_u8(to + 15, m->cause);
    return 16u;
}
static inline bool gw_get_line_is(const uint8_t *from, size_t size, gw_line_is *m)
{
    if (size != 16u || from[0] != GW_LINE_IS_ID)
        return false;
    m->line = gw_get_u8(from + 1);
    m->change = gw_get_u16(from + 2);
    m->at_us = gw_get_u64(from + 4);
    m->state = gw_get_u8(from + 12);
    m->call = gw_get_u16(from + 13);
    m->cause = gw_get_u8(from + 15);
    return gw_line_state_known(m->state) &&
           gw_clear_cause_known(m->cause);
}

/* A headset's state: at each change, and in snapshots. `change` counts as in LineIs. */
typedef struct {
    uint8_t headset;
    uint16_t change;
    uint64_t at_us;
    bool present;
    bool off_hook;
    bool muted;
    gw_lamp lamp;
    bool ring;
} gw_headset_is;
#define GW_HEADSET_IS_ID 0x82u
#define GW_HEADSET_IS_SIZE_MAX 17u
static inline size_t gw_put_headset_is(uint8_t *to, size_t room, const gw_headset_is *m)
{
    if (room < 17u)
        return 0;
    to[0] = GW_HEADSET_IS_ID;
    gw_put_u8(to + 1, m->headset);
    gw_put_u16(to + 2, m->change);
    gw_put_u64(to + 4, m->at_us);
    gw_put_u8(to + 12, m->present ? 1u : 0u);
    gw_put_u8(to + 13, m->off_hook ? 1u : 0u);
    gw_put_u8(to + 14, m->muted ? 1u : 0u);
    gw_put_u8(to + 15, m->lamp);
    gw_put_u8(to + 16, m->ring ? 1u : 0u);
    return 17u;
}
static inline bool gw_get_headset_is(const uint8_t *from, size_t size, gw_headset_is *m)
{
    if (size != 17u || from[0] != GW_HEADSET_IS_ID)
        return false;
    m->headset = gw_get_u8(from + 1);
    m->change = gw_get_u16(from + 2);
    m->at_us = gw_get_u64(from + 4);
    m->present = from[12] == 1u;
    m->off_hook = from[13] == 1u;
    m->muted = from[14] == 1u;
    m->lamp = gw_get_u8(from + 15);
    m->ring = from[16] == 1u;
    return from[12] <= 1u &&
           from[13] <= 1u &&
           from[14] <= 1u &&
           gw_lamp_known(m->lamp) &&
           from[16] <= 1u;
}

/* A closed crosspoint, in snapshots; `joined` 0 when the board opened it by itself. */
typedef struct {
    gw_port_kind a_kind;
    uint8_t a;
    gw_port_kind b_kind;
    uint8_t b;
    bool joined;
} gw_ports_joined;
#define GW_PORTS_JOINED_ID 0x83u
#define GW_PORTS_JOINED_SIZE_MAX 6u
static inline size_t gw_put_ports_joined(uint8_t *to, size_t room, const gw_ports_joined *m)
{
    if (room < 6u)
        return 0;
    to[0] = GW_PORTS_JOINED_ID;
    gw_put_u8(to + 1, m->a_kind);
    gw_put_u8(to + 2, m->a);
    gw_put_u8(to + 3, m->b_kind);
    gw_put_u8(to + 4, m->b);
    gw_put_u8(to + 5, m->joined ? 1u : 0u);
    return 6u;
}
static inline bool gw_get_ports_joined(const uint8_t *from, size_t size, gw_ports_joined *m)
{
    if (size != 6u || from[0] != GW_PORTS_JOINED_ID)
        return false;
    m->a_kind = gw_get_u8(from + 1);
    m->a = gw_get_u8(from + 2);
    m->b_kind = gw_get_u8(from + 3);
    m->b = gw_get_u8(from + 4);
    m->joined = from[5] == 1u;
    return gw_port_kind_known(m->a_kind) &&
           gw_port_kind_known(m->b_kind) &&
           from[5] <= 1u;
}

/* All state has been told. */
typedef struct {
    uint64_t board_us;
} gw_snapshot_end;
#define GW_SNAPSHOT_END_ID 0x84u
#define GW_SNAPSHOT_END_SIZE_MAX 9u
static inline size_t gw_put_snapshot_end(uint8_t *to, size_t room, const gw_snapshot_end *m)
{
    if (room < 9u)
        return 0;
    to[0] = GW_SNAPSHOT_END_ID;
    gw_put_u64(to + 1, m->board_us);
    return 9u;
}
static inline bool gw_get_snapshot_end(const uint8_t *from, size_t size, gw_snapshot_end *m)
{
    if (size != 9u || from[0] != GW_SNAPSHOT_END_ID)
        return false;
    m->board_us = gw_get_u64(from + 1);
    return true;
}

/* The far side of an answered call pressed a key. */
typedef struct {
    uint8_t line;
    uint16_t call;
    uint64_t at_us;
    uint8_t digit;
} gw_digit_heard;
#define GW_DIGIT_HEARD_ID 0x85u
#define GW_DIGIT_HEARD_SIZE_MAX 13u
static inline size_t gw_put_digit_heard(uint8_t *to, size_t room, const gw_digit_heard *m)
{
    if (room < 13u)
        return 0;
    to[0] = GW_DIGIT_HEARD_ID;
    gw_put_u8(to + 1, m->line);
    gw_put_u16(to + 2, m->call);
    gw_put_u64(to + 4, m->at_us);
    gw_put_u8(to + 12, m->digit);
    return 13u;
}
static inline bool gw_get_digit_heard(const uint8_t *from, size_t size, gw_digit_heard *m)
{
    if (size != 13u || from[0] != GW_DIGIT_HEARD_ID)
        return false;
    m->line = gw_get_u8(from + 1);
    m->call = gw_get_u16(from + 2);
    m->at_us = gw_get_u64(from + 4);
    m->digit = gw_get_u8(from + 12);
    return true;
}

/* The board's queue overflowed and changes went untold: ask for a snapshot. */
typedef struct {
    uint16_t count;
} gw_events_lost;
#define GW_EVENTS_LOST_ID 0x86u
#define GW_EVENTS_LOST_SIZE_MAX 3u
static inline size_t gw_put_events_lost(uint8_t *to, size_t room, const gw_events_lost *m)
{
    if (room < 3u)
        return 0;
    to[0] = GW_EVENTS_LOST_ID;
    gw_put_u16(to + 1, m->count);
    return 3u;
}
static inline bool gw_get_events_lost(const uint8_t *from, size_t size, gw_events_lost *m)
{
    if (size != 3u || from[0] != GW_EVENTS_LOST_ID)
        return false;
    m->count = gw_get_u16(from + 1);
    return true;
}

/* Since boot. */
typedef struct {
    uint32_t frames_good;
    uint32_t frames_bad;
    uint32_t frames_resent;
    uint32_t overruns;
    uint32_t commands_done;
    uint32_t events_lost;
    uint32_t loop_max_us;
    uint32_t stack_free;
} gw_counters;
#define GW_COUNTERS_ID 0x87u
#define GW_COUNTERS_SIZE_MAX 33u
static inline size_t gw_put_counters(uint8_t *to, size_t room, const gw_counters *m)
{
    if (room < 33u)
        return 0;
    to[0] = GW_COUNTERS_ID;
    gw_put_u32(to + 1, m->frames_good);
    gw_put_u32(to + 5, m->frames_bad);
    gw_put_u32(to + 9, m->frames_resent);
    gw_put_u32(to + 13, m->overruns);
    gw_put_u32(to + 17, m->commands_done);
    gw_put_u32(to + 21, m->events_lost);
    gw_put_u32(to + 25, m->loop_max_us);
    gw_put_u32(to + 29, m->stack_free);
    return 33u;
}
static inline bool gw_get_counters(const uint8_t *from, size_t size, gw_counters *m)
{
    if (size != 33u || from[0] != GW_COUNTERS_ID)
        return false;
    m->frames_good = gw_get_u32(from + 1);
    m->frames_bad = gw_get_u32(from + 5);
    m->frames_resent = gw_get_u32(from + 9);
    m->overruns = gw_get_u32(from + 13);
    m->commands_done = gw_get_u32(from + 17);
    m->events_lost = gw_get_u32(from + 21);
    m->loop_max_us = gw_get_u32(from + 25);
    m->stack_free = gw_get_u32(from + 29);
    return true;
}

/* How far an update is: of `size` bytes (0: none under way) `received` are there. `confirmed`: the image that runs
 * is to be kept. */
typedef struct {
    uint32_t received;
    uint32_t size;
    bool confirmed;
} gw_update_is;
#define GW_UPDATE_IS_ID 0x88u
#define GW_UPDATE_IS_SIZE_MAX 10u
static inline size_t gw_put_update_is(uint8_t *to, size_t room, const gw_update_is *m)
{
    if (room < 10u)
        return 0;
    to[0] = GW_UPDATE_IS_ID;
    gw_put_u32(to + 1, m->received);
    gw_put_u32(to + 5, m->size);
    gw_put_u8(to + 9, m->confirmed ? 1u : 0u);
    return 10u;
}
static inline bool gw_get_update_is(const uint8_t *from, size_t size, gw_update_is *m)
{
    if (size != 10u || from[0] != GW_UPDATE_IS_ID)
        return false;
    m->received = gw_get_u32(from + 1);
    m->size = gw_get_u32(from + 5);
    m->confirmed = from[9] == 1u;
    return from[9] <= 1u;
}

#endif
