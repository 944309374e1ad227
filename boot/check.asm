; SPDX-License-Identifier: MIT
; Does this machine have what the kernel needs? The C code is compiled for CPUs that have CMOV, and the kernel's memory must be
; there, so the question comes before both: in the boot loader's 32-bit mode, on a stack behind this code. A machine that will
; not do stops with one line on COM1 and on the screen.
; Sources: Multiboot Specification 0.6.96, section 3.3; Intel SDM volume 2, CPUID; volume 1, section 20.1 (how to find out whether there is CPUID); PC16550D data sheet, section 8.

%include "boot/boot.inc"

%define MB_LOADER_MAGIC	0x2badb002
%define MBI_FLAGS	0
%define MBI_MEMORY	1	; MBI_MEM_UPPER is filled in
%define MBI_MEM_UPPER	8	; KiB from 1 MiB on
%define MEM_UPPER_BEGIN	0x100000
%define EFLAGS_ID	1 << 21
%define COM1		0x3f8
%define COM_LSR		COM1 + 5
%define LSR_THRE	0x20
%define SCREEN		0xb8000
%define SCREEN_CELLS	80 * 25
%define CELL_BLANK	0x0720	; a space, light grey on black

	section .boot exec
	global boot_check, boot_check_stack
	extern __bss_end

; eax: the loader's magic number, ebx: its information. Returns if the machine will do. Changes all registers but esp.
boot_check:
	call check_memory
	jmp check_cpu

; The kernel's image and .bss lie in memory. A loader that does not say how much there is has loaded the image.
check_memory:
	cmp eax, MB_LOADER_MAGIC
	jne .good
	test dword [ebx + MBI_FLAGS], MBI_MEMORY
	jz .good
	mov ecx, __bss_end - KERNEL_BASE - MEM_UPPER_BEGIN
	shr ecx, 10
	cmp [ebx + MBI_MEM_UPPER], ecx
	ja .good
	push text_end
	push text_nothing
	push text_memory
	jmp stop
.good:
	ret

check_cpu:
	pushfd
	pop ecx
	mov eax, ecx
	xor eax, EFLAGS_ID
	push eax
	popfd
	pushfd
	pop eax
	push ecx
	popfd
	xor eax, ecx
	mov esi, name_cpuid
	test eax, EFLAGS_ID
	jz too_old
	mov eax, 1
	cpuid
	mov esi, needed
.next:
	movzx eax, byte [esi]
	inc esi
	cmp al, 0xff
	je .good
	bt edx, eax
	jnc too_old
.skip:
	lodsb
	test al, al
	jnz .skip
	jmp .next
.good:
	ret

; esi: name of what the CPU lacks
too_old:
	push text_cpu_end
	push esi
	push text_cpu

; On the stack: the line's three parts, the first one last.
stop:
	mov edi, SCREEN
	mov ecx, SCREEN_CELLS
	mov eax, CELL_BLANK
	rep stosw
	call serial_on
	mov edi, SCREEN
%rep 3
	pop esi
	call say
%endrep
.stop:
	cli
	hlt
	jmp .stop

; 115200 baud, 8 bits, no parity
serial_on:
	mov esi, serial_setup
.next:
	movzx edx, byte [esi]
	cmp dl, 0xff
	je .done
	add edx, COM1
	mov al, [esi + 1]
	out dx, al
	add esi, 2
	jmp .next
.done:
	ret

; esi: text, up to a 0; edi: its next cell on the screen
say:
	lodsb
	test al, al
	jz .done
	mov bl, al
	mov ecx, 100000		; a port that is not there never says that it is ready
.wait:
	mov edx, COM_LSR
	in al, dx
	test al, LSR_THRE
	loopz .wait
	mov al, bl
	mov edx, COM1
	out dx, al
	cmp al, ' '
	jb say			; the line's end is for the serial port alone
	mov ah, CELL_BLANK >> 8
	stosw
	jmp say
.done:
	ret

; Bit of edx that CPUID 1 returns, and the name of what it stands for.
needed:
	db 3, "PSE", 0
	db 4, "TSC", 0
	db 5, "MSR", 0
	db 8, "CMPXCHG8B", 0
	db 9, "local APIC", 0
	db 15, "CMOV", 0
	db 24, "FXSR", 0
	db 25, "SSE", 0
	db 0xff
name_cpuid:
	db "CPUID", 0
text_cpu:
	db 13, 10, "Reprise: this CPU is too old: it has no ", 0
text_cpu_end:
	db "; a Pentium III or a later CPU is needed."
text_end:
	db 13, 10
text_nothing:
	db 0
text_memory:
	db 13, 10, "Reprise: this machine has too little memory for the kernel; give it 32 MiB or more.", 0
; Register and value.
serial_setup:
	db 1, 0, 3, 0x80, 0, 1, 1, 0, 3, 3, 2, 7, 4, 3, 0xff

	align 4
	times 32 dd 0
boot_check_stack:
