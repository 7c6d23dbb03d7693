# The block that is written behind a vDSO's contents. block.go holds its bytes;
# TestBlockIsWhatTheAssemblerMakes compares the two.
        .intel_syntax noprefix
        .text
magic:  .ascii "RspClk01"
shift:  .quad 0                 # nanoseconds; one load, so that no caller ever sees half of it
saved:  .fill 96, 1, 0          # six times: entry (8 bytes), what stood there (8 bytes)
        .fill 16, 1, 0

# int clock_gettime(edi clock, rsi *timespec)
gettime:
        mov     eax, 228
        syscall
        test    eax, eax
        jnz     1f
        cmp     edi, 31
        ja      1f
        mov     ecx, 0x921      # REALTIME 0, REALTIME_COARSE 5, REALTIME_ALARM 8, TAI 11
        bt      ecx, edi
        jnc     1f
        mov     rax, [rip + shift]
        add     rax, [rsi + 8]
        cqo
        mov     ecx, 1000000000
        idiv    rcx
        test    rdx, rdx
        jns     2f
        add     rdx, rcx
        dec     rax
2:      add     [rsi], rax
        mov     [rsi + 8], rdx
        xor     eax, eax
1:      ret

        .balign 16, 0xcc
# int gettimeofday(rdi *timeval, rsi *timezone)
timeofday:
        mov     eax, 96
        syscall
        test    eax, eax
        jnz     1f
        test    rdi, rdi
        jz      1f
        imul    rax, [rdi + 8], 1000
        add     rax, [rip + shift]
        cqo
        mov     ecx, 1000000000
        idiv    rcx
        test    rdx, rdx
        jns     2f
        add     rdx, rcx
        dec     rax
2:      add     [rdi], rax
        mov     rax, rdx
        xor     edx, edx
        mov     ecx, 1000
        div     rcx
        mov     [rdi + 8], rax
        xor     eax, eax
1:      ret

        .balign 16, 0xcc
# long time(rdi *long); the second is that of the coarse clock, as the kernel's is
seconds:
        mov     r8, rdi
        mov     edi, 5
        lea     rsi, [rsp - 16] # the red zone: this calls nothing
        mov     eax, 228
        syscall
        test    eax, eax
        jnz     1f
        mov     rax, [rip + shift]
        add     rax, [rsp - 8]
        cqo
        mov     ecx, 1000000000
        idiv    rcx
        sar     rdx, 63         # floor: -1 when the remainder is negative
        add     rax, rdx
        add     rax, [rsp - 16]
        test    r8, r8
        jz      2f
        mov     [r8], rax
2:      ret
1:      movsxd  rax, eax
        ret
        .balign 16, 0xcc
