// first makes the directory it is told with its first call and exits with the errno.
#if defined(__x86_64__)
__asm__(".globl _start\n"
        "_start: mov 16(%rsp), %rdi\n"
        "mov $0755, %esi\n"
        "mov $83, %eax\n"
        "syscall\n"
        "neg %eax\n"
        "mov %eax, %edi\n"
        "mov $60, %eax\n"
        "syscall\n");
#elif defined(__i386__)
__asm__(".globl _start\n"
        "_start: mov 8(%esp), %ebx\n"
        "mov $0755, %ecx\n"
        "mov $39, %eax\n"
        "int $0x80\n"
        "neg %eax\n"
        "mov %eax, %ebx\n"
        "mov $1, %eax\n"
        "int $0x80\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n"
        "_start: ldr x1, [sp, #16]\n"
        "mov x0, #-100\n"
        "mov x2, #0755\n"
        "mov x8, #34\n"
        "svc #0\n"
        "neg x0, x0\n"
        "mov x8, #93\n"
        "svc #0\n");
#elif defined(__arm__)
__asm__(".arm\n"
        ".globl _start\n"
        "_start: ldr r0, [sp, #8]\n"
        "ldr r1, =0755\n"
        "mov r7, #39\n"
        "svc #0\n"
        "rsb r0, r0, #0\n"
        "mov r7, #1\n"
        "svc #0\n");
#elif defined(__riscv)
__asm__(".globl _start\n"
        "_start: ld a1, 16(sp)\n"
        "li a0, -100\n"
        "li a2, 0755\n"
        "li a7, 34\n"
        "ecall\n"
        "neg a0, a0\n"
        "li a7, 93\n"
        "ecall\n");
#else
#error "write the entry point for this machine"
#endif
