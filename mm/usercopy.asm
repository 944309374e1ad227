; SPDX-License-Identifier: MIT
; The instructions that touch user memory, all of them but those of the trap return. Each that may fault has an entry in
; __ex_table { its address, where to go on }; between usercopy_nofault_start and _end no page is brought in (mm/fault.c).
; The C side (mm/usercopy.c) has checked that the range is below USER_MAX.
;
; stac and clac only where the CPU has SMAP: with it, kernel accesses to user pages fault outside of them. The trap entry
; clears AC, the trap return puts it back, so a page fault in between changes nothing.

	extern usercopy_smap
	global usercopy_copy, usercopy_copy_nofault, usercopy_zero, usercopy_str
	global usercopy_load32, usercopy_load32_nofault, usercopy_cmpxchg32
	global usercopy_nofault_start, usercopy_nofault_end

%macro ex 2			; faulting instruction, fixup
	section __ex_table
	dd %1, %2
	section .text
%endmacro

%macro open_user 0
	cmp dword [usercopy_smap], 0
	je %%no
	stac
%%no:
%endmacro

%macro close_user 0
	cmp dword [usercopy_smap], 0
	je %%no
	clac
%%no:
%endmacro

	section .text

; size_t f(void *dst, const void *src, size_t len): bytes not copied. Words first, then the rest.
%macro copy_body 0
	push esi
	push edi
	mov edi, [esp + 12]
	mov esi, [esp + 16]
	mov edx, [esp + 20]
	mov ecx, edx
	shr ecx, 2
	and edx, 3
	open_user
%%words: rep movsd
	mov ecx, edx
%%bytes: rep movsb
%%done:	close_user
	mov eax, ecx
	pop edi
	pop esi
	ret
%%in_words:
	lea ecx, [ecx * 4 + edx]
	; a copy that stops at the end of what is mapped still moves the bytes before it
%%last:	rep movsb
	jmp %%done
	ex %%words, %%in_words
	ex %%bytes, %%done
	ex %%last, %%done
%endmacro

usercopy_copy:
	copy_body

; size_t usercopy_zero(void *dst, size_t len): bytes not zeroed.
usercopy_zero:
	push edi
	mov edi, [esp + 8]
	mov edx, [esp + 12]
	mov ecx, edx
	shr ecx, 2
	and edx, 3
	xor eax, eax
	open_user
.words:	rep stosd
	mov ecx, edx
.bytes:	rep stosb
.done:	close_user
	mov eax, ecx
	pop edi
	ret
.in_words:
	lea ecx, [ecx * 4 + edx]
	jmp .done
	ex .words, .in_words
	ex .bytes, .done

; s32 usercopy_str(char *dst, const char *src, size_t size): length without the 0; -1: fault; -2: no 0 in `size` bytes.
usercopy_str:
	push ebx
	push esi
	mov ebx, [esp + 12]
	mov esi, [esp + 16]
	mov ecx, [esp + 20]
	xor eax, eax
	open_user
.next:	cmp eax, ecx
	jae .long
.load:	mov dl, [esi + eax]
	mov [ebx + eax], dl
	inc eax
	test dl, dl
	jnz .next
	dec eax
.done:	close_user
	pop esi
	pop ebx
	ret
.long:	mov eax, -2
	jmp .done
.fault:	mov eax, -1
	jmp .done
	ex .load, .fault

; int f(const u32 *src, u32 *val): 0, or -1: fault.
%macro load32_body 0
	mov ecx, [esp + 4]
	mov edx, [esp + 8]
	xor eax, eax
	open_user
%%load:	mov ecx, [ecx]
	mov [edx], ecx
%%done:	close_user
	ret
%%fault:
	mov eax, -1
	jmp %%done
	ex %%load, %%fault
%endmacro

usercopy_load32:
	load32_body

; int usercopy_cmpxchg32(u32 *addr, u32 old, u32 new, u32 *seen): 0, or -1: fault.
usercopy_cmpxchg32:
	push ebx
	mov ebx, [esp + 8]
	mov eax, [esp + 12]
	mov ecx, [esp + 16]
	mov edx, [esp + 20]
	open_user
.swap:	lock cmpxchg [ebx], ecx
	mov [edx], eax
	xor eax, eax
.done:	close_user
	pop ebx
	ret
.fault:	mov eax, -1
	jmp .done
	ex .swap, .fault

usercopy_nofault_start:
usercopy_copy_nofault:
	copy_body
usercopy_load32_nofault:
	load32_body
usercopy_nofault_end:
