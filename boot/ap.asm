; SPDX-License-Identifier: MIT
; The first steps of every CPU but the first. A start-up IPI begins execution in real mode at a page below 1 MiB;
; kernel/smp.c copies what lies between ap_trampoline and ap_trampoline_end there, AP_TRAMPOLINE, and starts one CPU at a
; time. It must reach protected mode and paging on its own: nothing but that one page is addressed by then.

%include "boot/boot.inc"

	extern boot_pgdir, ap_main

%define AT(label) (AP_TRAMPOLINE + (label) - ap_trampoline)

	section .rodata
	global ap_trampoline, ap_trampoline_end
	bits 16
ap_trampoline:
	cli
	cld
	xor ax, ax
	mov ds, ax
	o32 lgdt [AT(ap_gdtr)]
	mov eax, cr0
	or al, 1
	mov cr0, eax
	jmp dword 0x08:AT(ap_protected)

	bits 32
ap_protected:
	mov ax, 0x10
	mov ds, ax
	mov es, ax
	mov ss, ax
	xor ax, ax
	mov fs, ax
	mov gs, ax
	mov eax, CR4_PSE
	mov cr4, eax
	mov eax, boot_pgdir - KERNEL_BASE
	mov cr3, eax
	mov eax, cr0
	and eax, ~CR0_CLEAR
	or eax, CR0_SET
	mov cr0, eax
	mov eax, ap_high
	jmp eax

	align 8
ap_gdt:
	dq 0
	dq 0x00cf9a000000ffff	; 0x08: code, flat
	dq 0x00cf92000000ffff	; 0x10: data, flat
ap_gdtr:
	dw $ - ap_gdt - 1
	dd AT(ap_gdt)
ap_trampoline_end:

	section .text
ap_high:
	mov esp, [ap_stack_top]	; its kstack_info is filled in already
	xor ebp, ebp
	call ap_main
	ud2

	section .data
	global ap_stack_top
ap_stack_top:
	dd 0
