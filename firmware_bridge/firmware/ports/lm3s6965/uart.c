/* The link: UART0 (PL011) at 115200 baud, with a ring of bytes either way. */
#include "port.h"
#include "record.h"
#include "registers.h"

#define RING_SIZE 1024u /* a power of two */
#define BAUD 115200u
#define DIVISOR_64THS ((CLOCK_HZ * 4u + BAUD / 2u) / BAUD)

/* One side moves `in`, the other `out`; both run freely. */
typedef struct {
    uint8_t bytes[RING_SIZE];
    volatile uint32_t in, out;
} ring;

static ring received, to_send;
static volatile uint32_t overruns;

static uint32_t count(const ring *r) { return r->in - r->out; }

/* Bytes that a warm start left in the FIFO raise no interrupt any more, and those behind them neither. What comes while
 * they are dropped must raise its own, so interrupts are cleared first. */
static void drop_left_over(void)
{
    UART_ICR = UART_ICR_ALL;
    while (!(UART_FR & UART_FR_RX_EMPTY))
        (void)UART_DR;
}

void uart_init(void)
{
    RCGC1 |= RCGC1_UART0;
    (void)RCGC1;
    UART_CTL = 0;
    UART_IBRD = DIVISOR_64THS / 64u;
    UART_FBRD = DIVISOR_64THS % 64u;
    UART_LCRH = UART_LCRH_8N1_FIFO;
    drop_left_over();
    UART_IM = UART_IM_RX;
    UART_CTL = UART_CTL_ON;
    NVIC_ISER0 = 1u << UART_IRQ;
}

static void take_received(void)
{
    while (!(UART_FR & UART_FR_RX_EMPTY)) {
        uint32_t got = UART_DR;
        record->seed = (record->seed << 5 | record->seed >> 27) ^ SYST_CVR;
        if (got & UART_DR_OVERRUN || count(&received) >= RING_SIZE)
            overruns++;
        if (count(&received) < RING_SIZE) {
            received.bytes[received.in % RING_SIZE] = (uint8_t)got;
            received.in++;
        }
    }
}

static void fill_transmitter(void)
{
    while (count(&to_send) > 0 && !(UART_FR & UART_FR_TX_FULL)) {
        UART_DR = to_send.bytes[to_send.out % RING_SIZE];
        to_send.out++;
    }
    UART_IM = count(&to_send) > 0 ? UART_IM_RX | UART_IM_TX : UART_IM_RX;
}

void uart_interrupt(void)
{
    UART_ICR = UART_IM_RX | UART_IM_TX;
    take_received();
    fill_transmitter();
}

bool uart_has_bytes(void) { return count(&received) > 0; }

size_t board_uart_read(uint8_t *to, size_t room)
{
    size_t size = 0;
    while (size < room && count(&received) > 0) {
        to[size++] = received.bytes[received.out % RING_SIZE];
        received.out++;
    }
    return size;
}

size_t board_uart_room(void) { return RING_SIZE - count(&to_send); }

void board_uart_write(const uint8_t *from, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        to_send.bytes[to_send.in % RING_SIZE] = from[i];
        to_send.in++;
    }
    __asm__ volatile("cpsid i" ::: "memory");
    fill_transmitter();
    __asm__ volatile("cpsie i" ::: "memory");
}

uint32_t board_uart_overruns(void) { return overruns; }
