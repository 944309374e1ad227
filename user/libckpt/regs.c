/* SPDX-License-Identifier: MIT */
/*
 * The registers of the program, as setjmp() and longjmp() keep them, with the
 * control words of both floating-point units. What else the processor has, the
 * caller of a function does not expect to keep; a signal handler's frame has it
 * for the code that was interrupted.
 */
#include "lc.h"

#include <stddef.h>

_Static_assert(offsetof(struct lc_context, c_esp) == 16 && offsetof(struct lc_context, c_eip) == 20 &&
		       offsetof(struct lc_context, c_fpucw) == 28,
	       "the offsets below");

__asm__(".text\n.globl lc_save_context\n.type lc_save_context, @function\nlc_save_context:\n"
	"	mov 4(%esp), %eax\n"
	"	mov %ebx, (%eax); mov %esi, 4(%eax); mov %edi, 8(%eax); mov %ebp, 12(%eax)\n"
	"	lea 4(%esp), %ecx; mov %ecx, 16(%eax); mov (%esp), %ecx; mov %ecx, 20(%eax)\n"
	"	stmxcsr 24(%eax); fnstcw 28(%eax)\n"
	"	xor %eax, %eax; ret\n.size lc_save_context, .-lc_save_context\n"
	".globl lc_load_context\n.type lc_load_context, @function\nlc_load_context:\n"
	"	mov 4(%esp), %edx; mov 8(%esp), %eax\n"
	"	mov (%edx), %ebx; mov 4(%edx), %esi; mov 8(%edx), %edi; mov 12(%edx), %ebp\n"
	"	fninit; fldcw 28(%edx); ldmxcsr 24(%edx)\n"
	"	mov 16(%edx), %esp; jmp *20(%edx)\n.size lc_load_context, .-lc_load_context\n");
