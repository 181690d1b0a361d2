    .syntax unified
    .section .factory, "a"
    .word factory_end - factory
factory:
    .incbin "app.bin"
    .balign 4
factory_end:
