; SPDX-License-Identifier: MIT
; The switch between two kernel stacks, the first steps of a new lwp, and loads of FS and GS that may fault.

bits 32
section .text

global lwp_switch
global lwp_entry
global lwp_set_fs
global lwp_set_gs
extern lwp_begin
extern trap_return

; struct lwp *lwp_switch(struct lwp *prev, u32 *prev_ksp, u32 next_ksp)
; Saves what the C calling convention keeps, then goes on on the other stack; prev stays in eax, so that
; whoever goes on knows who ran before.
lwp_switch:
	mov	eax, [esp + 4]
	mov	ecx, [esp + 8]
	mov	edx, [esp + 12]
	push	ebp
	push	ebx
	push	esi
	push	edi
	mov	[ecx], esp
	mov	esp, edx
	pop	edi
	pop	esi
	pop	ebx
	pop	ebp
	ret

; A new lwp's stack was built so that lwp_switch returns to here, with the trap frame right above.
lwp_entry:
	push	eax
	call	lwp_begin
	add	esp, 4
	jmp	trap_return

; bool lwp_set_fs(u32 sel): false (and FS = 0) if the descriptor cannot be loaded.
lwp_set_fs:
	mov	eax, 1
.load:	mov	fs, [esp + 4]
	ret
.bad:	xor	eax, eax
	mov	fs, ax
	ret

lwp_set_gs:
	mov	eax, 1
.load:	mov	gs, [esp + 4]
	ret
.bad:	xor	eax, eax
	mov	gs, ax
	ret

section __ex_table
	dd	lwp_set_fs.load, lwp_set_fs.bad
	dd	lwp_set_gs.load, lwp_set_gs.bad
