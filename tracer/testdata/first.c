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
#else
#error "write the entry point for this machine"
#endif
