; SPDX-License-Identifier: MIT
; Every entry into the kernel, and every return from it.
;
; All entries push a struct trapframe (kernel/lib/trapframe.h) and call C with its address. DS and ES are loaded only when what
; the program had in them is not one of the two flat segments: under emulation a segment load costs more than the rest of the
; entry. FS and GS are never touched. EFLAGS.AC is cleared where the CPU has SMAP: it would open user memory.
;
; Three instructions of the return can fault on values that a program chose; their fix-ups are at the end.

SEL_KDATA	equ 0x68
SEL_UDATA	equ 0x7b
T_SYSCALL	equ 0x80
T_GPFLT		equ 13

TF_ES		equ 32		; struct trapframe
TF_DS		equ 36
TF_TRAPNO	equ 40

	extern trap, syscall_trap, trap_first_return, double_fault

; Three bytes that kernel/cpu.c turns into `clac` when the CPU has SMAP.
%macro CLAC_SITE 0
%%site:	db 0x0f, 0x1f, 0x00	; nop
	section .rodata
	dd %%site
	section .text
%endmacro

; Completes the frame: tf_trapno and tf_err stand already.
%macro SAVE_REGS 0
	push ds
	push es
	pushad
	cld
	CLAC_SITE
	mov eax, ds
	mov edx, es
	cmp eax, edx
	jne %%load
	cmp eax, SEL_UDATA
	je %%flat
	cmp eax, SEL_KDATA
	je %%flat
%%load:	mov eax, SEL_KDATA
	mov ds, eax
	mov es, eax
%%flat:
%endmacro

	section .rodata
	align 4
	global clac_sites, clac_sites_end
clac_sites:

	section .text

; The system call. A trap gate: interrupts stay on.
	align 16
	global syscall_entry
syscall_entry:
	push eax		; tf_err: the number, for a restart
	push T_SYSCALL
	SAVE_REGS
	push esp
	call syscall_trap	; returns with interrupts off
	add esp, 4

; Interrupts off here when the frame is of user mode.
trap_exit:
	mov eax, ds
	cmp ax, [esp + TF_DS]
	jne .ds
.ds_done:
	mov eax, es
	cmp ax, [esp + TF_ES]
	jne .es
.es_done:
	popad
	add esp, 16
.iret:
	iretd
.ds:
	mov ds, [esp + TF_DS]
	jmp .ds_done
.es:
	mov es, [esp + TF_ES]
	jmp .es_done

; Faults, interrupts and all other vectors.
	align 16
alltraps:
	SAVE_REGS
	push esp
	call trap
	global trap_called
trap_called:			; backtraces know this return address: the word above it is the frame's address
	add esp, 4
	jmp trap_exit

; A new lwp comes here from its first switch (proc/sched/switch.asm), its frame at esp, interrupts on.
	global trap_return
trap_return:
	push esp
	call trap_first_return	; the boundary; returns with interrupts off
	add esp, 4
	jmp trap_exit

; A bad selector in the frame becomes the null one.
bad_ds:
	mov word [esp + TF_DS], 0
	xor eax, eax
	mov ds, eax
	jmp trap_exit.ds_done
bad_es:
	mov word [esp + TF_ES], 0
	xor eax, eax
	mov es, eax
	jmp trap_exit.es_done

; The frame cannot be returned to (its CS or SS): as if the program itself had faulted there.
bad_iret:
	push 0
	push T_GPFLT
	jmp alltraps

	section __ex_table
	dd trap_exit.ds, bad_ds
	dd trap_exit.es, bad_es
	dd trap_exit.iret, bad_iret

	section .text

; The task that a double fault starts. The CPU pushed an error code.
	global double_fault_entry
double_fault_entry:
	cld
	xor ebp, ebp
	call double_fault
	ud2

; One stub for each vector. These push an error code by themselves: 10-14, 17, 21, 29, 30 (8 is a task gate).
%assign v 0
%rep 256
stub_%+v:
%if !(v == 10 || v == 11 || v == 12 || v == 13 || v == 14 || v == 17 || v == 21 || v == 29 || v == 30)
	push 0
%endif
	push v
	jmp alltraps
%assign v v+1
%endrep

	section .rodata
clac_sites_end:
	align 4
	global trap_stubs
trap_stubs:
%assign v 0
%rep 256
	dd stub_%+v
%assign v v+1
%endrep
