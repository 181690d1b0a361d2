/* The registers that are used, after the LM3S6965 data sheet and the ARMv7-M reference manual. */
#ifndef REGISTERS_H
#define REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* Processor */
#define SYST_CSR REGISTER(0xE000E010u)
#define SYST_RVR REGISTER(0xE000E014u)
#define SYST_CVR REGISTER(0xE000E018u)
#define SYST_CSR_ON 7u /* enable, interrupt, processor clock */
#define SYST_MAX 0x00FFFFFFu
#define NVIC_ISER0 REGISTER(0xE000E100u)
#define NVIC_ISER1 REGISTER(0xE000E104u)
#define NVIC_PRIORITY(irq) (*(volatile uint8_t *)(0xE000E400u + (irq)))
#define ICSR REGISTER(0xE000ED04u)
#define ICSR_SYSTICK_PENDING (1u << 26)
#define VTOR REGISTER(0xE000ED08u)
#define AIRCR REGISTER(0xE000ED0Cu)
#define AIRCR_RESET 0x05FA0004u
#define SHCSR REGISTER(0xE000ED24u)
#define SHCSR_FAULTS (7u << 16) /* memory, bus and usage faults have handlers of their own */

/* System control */
#define RIS REGISTER(0x400FE050u)
#define RIS_PLL_LOCKED (1u << 6)
#define RESC REGISTER(0x400FE05Cu)
#define RESC_EXTERNAL 1u
#define RESC_POWER_ON 2u
#define RESC_BROWNOUT 4u
#define RESC_WATCHDOG 8u
#define RCC REGISTER(0x400FE060u)
#define RCC_MAIN_OSC_OFF 1u
#define RCC_XTAL_8MHZ (0xEu << 6)
#define RCC_XTAL_MASK (0xFu << 6)
#define RCC_SOURCE_MASK (3u << 4)
#define RCC_BYPASS (1u << 11)
#define RCC_PLL_OFF (1u << 13)
#define RCC_USE_DIVIDER (1u << 22)
#define RCC_DIVIDE_BY_4 (3u << 23)
#define RCC_DIVIDE_MASK (0xFu << 23)
#define RCGC0 REGISTER(0x400FE100u)
#define RCGC0_WATCHDOG (1u << 3)
#define RCGC1 REGISTER(0x400FE104u)
#define RCGC1_UART0 1u
#define RCGC1_TIMER0 (1u << 16)
#define RCGC2 REGISTER(0x400FE108u)
#define RCGC2_PORTS 0x7Fu

/* GPIO: writing DATA at an offset of four times a mask changes the pins of the mask alone */
#define GPIO_A 0x40004000u
#define GPIO_B 0x40005000u
#define GPIO_C 0x40006000u
#define GPIO_D 0x40007000u
#define GPIO_E 0x40024000u
#define GPIO_F 0x40025000u
#define GPIO_G 0x40026000u
#define GPIO_DATA(base, mask) REGISTER((base) + ((mask) << 2))
#define GPIO_DIRECTION(base) REGISTER((base) + 0x400u)
#define GPIO_ALTERNATE(base) REGISTER((base) + 0x420u)
#define GPIO_PULL_DOWN(base) REGISTER((base) + 0x514u)
#define GPIO_DIGITAL(base) REGISTER((base) + 0x51Cu)

/* UART0 */
#define UART_DR REGISTER(0x4000C000u)
#define UART_DR_OVERRUN (1u << 11)
#define UART_FR REGISTER(0x4000C018u)
#define UART_FR_RX_EMPTY (1u << 4)
#define UART_FR_TX_FULL (1u << 5)
#define UART_IBRD REGISTER(0x4000C024u)
#define UART_FBRD REGISTER(0x4000C028u)
#define UART_LCRH REGISTER(0x4000C02Cu)
#define UART_LCRH_8N1_FIFO 0x70u
#define UART_CTL REGISTER(0x4000C030u)
#define UART_CTL_ON 0x301u
#define UART_IM REGISTER(0x4000C038u)
#define UART_IM_RX 0x50u /* FIFO half full, or bytes in it and the line silent */
#define UART_IM_TX 0x20u
#define UART_ICR REGISTER(0x4000C044u)
#define UART_ICR_ALL 0x7F0u
#define UART_IRQ 5u

/* Timer 0, as one of 32 bits */
#define TIMER_CFG REGISTER(0x40030000u)
#define TIMER_MODE REGISTER(0x40030004u)
#define TIMER_MODE_PERIODIC 2u
#define TIMER_CTL REGISTER(0x4003000Cu)
#define TIMER_IM REGISTER(0x40030018u)
#define TIMER_ICR REGISTER(0x40030024u)
#define TIMER_LOAD REGISTER(0x40030028u)
#define TIMER_IRQ 19u

/* Watchdog: an interrupt when it runs out, a reset when it runs out again */
#define WDT_LOAD REGISTER(0x40000000u)
#define WDT_CTL REGISTER(0x40000008u)
#define WDT_CTL_INTERRUPT_AND_RESET 3u
#define WDT_LOCK REGISTER(0x40000C00u)
#define WDT_UNLOCK 0x1ACCE551u
#define WDT_IRQ 18u

#endif
