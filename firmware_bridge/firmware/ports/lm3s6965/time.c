/* Time from SysTick, which counts processor clocks down over its whole range; wake-ups from timer 0. */
#include "port.h"
#include "memory.h"
#include "registers.h"

#define CLOCKS_PER_US (CLOCK_HZ / 1000000u)
#define WAKE_EVERY_US 2000u

static volatile uint32_t wraps;
static volatile bool woken;

static void start_clock(void)
{
    RCC |= RCC_BYPASS;
    RCC &= ~RCC_USE_DIVIDER;
    RCC = (RCC & ~(RCC_MAIN_OSC_OFF | RCC_XTAL_MASK | RCC_SOURCE_MASK | RCC_PLL_OFF)) | RCC_XTAL_8MHZ;
    RCC = (RCC & ~RCC_DIVIDE_MASK) | RCC_DIVIDE_BY_4 | RCC_USE_DIVIDER;
    while (!(RIS & RIS_PLL_LOCKED))
        ;
    RCC &= ~RCC_BYPASS;
}

void time_init(void)
{
    start_clock();
    SYST_RVR = SYST_MAX;
    SYST_CVR = 0;
    SYST_CSR = SYST_CSR_ON;
    RCGC1 |= RCGC1_TIMER0;
    (void)RCGC1;
    TIMER_CTL = 0;
    TIMER_CFG = 0;
    TIMER_MODE = TIMER_MODE_PERIODIC;
    TIMER_LOAD = WAKE_EVERY_US * CLOCKS_PER_US - 1u;
    TIMER_IM = 1;
    TIMER_CTL = 1;
    NVIC_ISER0 = 1u << TIMER_IRQ;
}

void time_wrapped(void) { wraps++; }

void tick(void)
{
    TIMER_ICR = 1;
    woken = true;
}

uint64_t board_time_us(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
    uint64_t whole = wraps;
    uint32_t left = SYST_CVR;
    if (ICSR & ICSR_SYSTICK_PENDING) {
        whole++;
        left = SYST_CVR;
    }
    __asm__ volatile("cpsie i" ::: "memory");
    return (whole * (SYST_MAX + 1u) + (SYST_MAX - left)) / CLOCKS_PER_US;
}

void time_sleep(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
    if (!woken && !uart_has_bytes())
        __asm__ volatile("wfi" ::: "memory");
    woken = false;
    __asm__ volatile("cpsie i" ::: "memory");
}
