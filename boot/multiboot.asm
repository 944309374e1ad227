; SPDX-License-Identifier: MIT
; From the boot loader to C: the Multiboot header, paging, the first stack.
;
; A Multiboot loader enters here in 32-bit protected mode with paging off, eax = its magic number, ebx = physical
; address of what it has to say. The kernel is linked for KERNEL_BASE + its load address, so this code makes
; a page directory first. It maps, with 4 MiB pages,
;
;	0x00000000 - 0xbfffffff  identity: this code, the loader's information, an AP's first steps
;	0xc0000000 - 0xffffffff  the first GiB of memory
;
; and is kept for the other CPUs (boot/ap.asm); hat_init() replaces it on this one.
; Source: Multiboot Specification 0.6.96, section 3.

%include "boot/boot.inc"

	section .multiboot align=4
	dd MB_MAGIC
	dd MB_FLAGS
	dd -(MB_MAGIC + MB_FLAGS)

	extern kmain, cpus, boot_check, boot_check_stack
	extern __bss_start, __bss_end

	section .boot exec align=16
	global _start
_start:
	cli
	cld
	mov esp, boot_check_stack
	push eax
	push ebx
	call boot_check
	pop edx
	pop esi

	; .bss: a loader clears it, a restart through 0xffff0 would not
	mov edi, __bss_start - KERNEL_BASE
	mov ecx, __bss_end - KERNEL_BASE
	sub ecx, edi
	shr ecx, 2
	xor eax, eax
	rep stosd

	mov edi, boot_pgdir - KERNEL_BASE
	mov eax, PTE_4M
	mov ecx, KERNEL_BASE >> 22
	call fill
	mov eax, PTE_4M
	mov ecx, 1024 - (KERNEL_BASE >> 22)
	call fill

	mov eax, CR4_PSE
	mov cr4, eax
	mov eax, boot_pgdir - KERNEL_BASE
	mov cr3, eax
	mov eax, cr0
	and eax, ~CR0_CLEAR
	or eax, CR0_SET
	mov cr0, eax

	mov eax, high
	jmp eax

; ecx directory entries from edi on; the first one is eax, each the next 4 MiB
fill:
	stosd
	add eax, 1 << 22
	loop fill
	ret

	section .text
high:
	mov esp, boot_stack + KSTACK_SIZE
	mov dword [boot_stack + KI_CPU], cpus
	mov dword [boot_stack + KI_CANARY], KSTACK_CANARY
	xor ebp, ebp		; where backtraces end
	push edx
	push esi
	call kmain
	ud2

	section .bss
	alignb KSTACK_SIZE
	global boot_stack, boot_pgdir
boot_stack:
	resb KSTACK_SIZE
	alignb 4096
boot_pgdir:
	resb 4096
