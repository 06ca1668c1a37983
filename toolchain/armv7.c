/*
 * What scriptc's runtime expects of a C library and has for x86_64 and
 * aarch64 only, for 32-bit ARM: arc4random_buf, and the context functions its
 * fibers (async, generators) switch with. Contexts are never used to change
 * the signal mask, so no system call is made. AAPCS: r4-r11, sp, lr and
 * d8-d15 are what a called function must keep.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <ucontext.h>

void arc4random_buf(void *buf, size_t n)
{
	unsigned char *p = buf;
	while (n > 0) {
		const ssize_t got = getrandom(p, n, 0);
		if (got < 0 && errno != EINTR)
			abort();
		if (got > 0) {
			p += got;
			n -= (size_t)got;
		}
	}
}

_Static_assert(__builtin_offsetof(ucontext_t, uc_mcontext.arm_r4) == 48, "layout of ucontext_t");
_Static_assert(__builtin_offsetof(ucontext_t, uc_mcontext.arm_sp) == 84, "layout of ucontext_t");
_Static_assert(__builtin_offsetof(ucontext_t, uc_mcontext.arm_pc) == 92, "layout of ucontext_t");
_Static_assert(__builtin_offsetof(ucontext_t, uc_regspace) == 232, "layout of ucontext_t");

__asm__(
	".syntax unified\n"
	".arm\n"
	".text\n"
	".global getcontext\n"
	".type getcontext, %function\n"
	"getcontext:\n"
	"	mov r1, #0\n"
	"	str r1, [r0, #32]\n"
	"	add r1, r0, #48\n"
	"	stmia r1, {r4-r11}\n"
	"	str sp, [r0, #84]\n"
	"	str lr, [r0, #88]\n"
	"	str lr, [r0, #92]\n"
	"	add r1, r0, #232\n"
	"	vstmia r1, {d8-d15}\n"
	"	mov r0, #0\n"
	"	bx lr\n"
	".global setcontext\n"
	".type setcontext, %function\n"
	"setcontext:\n"
	"	add r1, r0, #232\n"
	"	vldmia r1, {d8-d15}\n"
	"	add r1, r0, #48\n"
	"	ldmia r1, {r4-r11}\n"
	"	ldr sp, [r0, #84]\n"
	"	ldr lr, [r0, #88]\n"
	"	ldr r1, [r0, #92]\n"
	"	ldr r0, [r0, #32]\n"
	"	bx r1\n"
	".global swapcontext\n"
	".type swapcontext, %function\n"
	"swapcontext:\n"
	"	mov r2, #0\n"
	"	str r2, [r0, #32]\n"
	"	add r2, r0, #48\n"
	"	stmia r2, {r4-r11}\n"
	"	str sp, [r0, #84]\n"
	"	str lr, [r0, #88]\n"
	"	str lr, [r0, #92]\n"
	"	add r2, r0, #232\n"
	"	vstmia r2, {d8-d15}\n"
	"	mov r0, r1\n"
	"	b setcontext\n"
	/* a context made by makecontext starts here: r4 = function, r5 = the context that follows */
	".type context_start, %function\n"
	"context_start:\n"
	"	blx r4\n"
	"	movs r0, r5\n"
	"	beq 1f\n"
	"	b setcontext\n"
	"1:	mov r0, #0\n"
	"	bl exit\n"
	".global context_start_address\n"
	".type context_start_address, %function\n"
	"context_start_address:\n"
	"	adr r0, context_start\n"
	"	bx lr\n");

unsigned long context_start_address(void);

void makecontext(ucontext_t *ucp, void (*function)(void), int argc, ...)
{
	const uintptr_t top = ((uintptr_t)ucp->uc_stack.ss_sp + ucp->uc_stack.ss_size) & ~(uintptr_t)7;
	if (argc != 0)
		abort(); /* scriptc's fibers pass nothing */
	ucp->uc_mcontext.arm_r4 = (unsigned long)function;
	ucp->uc_mcontext.arm_r5 = (unsigned long)ucp->uc_link;
	ucp->uc_mcontext.arm_sp = top;
	ucp->uc_mcontext.arm_lr = 0;
	ucp->uc_mcontext.arm_pc = context_start_address();
}
