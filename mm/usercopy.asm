; SPDX-License-Identifier: MIT
; The instructions that touch user memory, all of them but those of the trap return. Each that may fault has an entry in
; __ex_table { its address, where to go on }; between usercopy_nofault_start and _end no page is brought in (mm/fault.c).
; The C side (mm/usercopy.c) has checked that the range is below USER_MAX.
;
; stac and clac only where the CPU has SMAP: with it, kernel accesses to user pages fault outside of them. The trap entry
; clears AC, the trap return puts it back, so a page fault in between changes nothing.

	extern usercopy_smap, page_zero_sse
	global usercopy_copy, usercopy_copy_nofault, usercopy_zero, usercopy_str
	global usercopy_load32, usercopy_load32_nofault, usercopy_cmpxchg32
	global usercopy_nofault_start, usercopy_nofault_end

ROUNDS_MIN equ 64		; bytes: below, the set-up costs more than it brings
SSE_MIN equ 512
TLB_SLOTS equ 64		; at least so many, chosen by the low bits of the page number

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

; size_t f(void *dst, const void *src, size_t len): bytes not copied.
;
; Rounds of words are a fifth faster under emulation than rep movs. Pages whose numbers agree in the low bits may share a slot
; of an emulator's TLB, which then misses whenever the copy changes sides: 15 times slower, word by word. Between such pages a
; long copy goes through the eight SSE registers. They are the program's, and come back at the end; if a fault in between
; puts the lwp to sleep, they are saved and loaded as its own.
; A round that faults for good is done again by words, so that the result is exact.
%macro copy_body 0
	push ebx
	push esi
	push edi
	mov edi, [esp + 16]
	mov esi, [esp + 20]
	mov edx, [esp + 24]
	open_user
	cmp edx, ROUNDS_MIN
	jb %%plain
	mov eax, esi
	sub eax, edi
	add eax, 4095
	and eax, TLB_SLOTS * 4096 - 1
	cmp eax, 2 * 4095
	jbe %%alike

%%by_words:
	mov ecx, edx
	shr ecx, 5
	and edx, 31
%%word_round:
%assign i 0
%rep 4
%%w %+ i:
	mov eax, [esi + i * 8]
%%x %+ i:
	mov ebx, [esi + i * 8 + 4]
%%y %+ i:
	mov [edi + i * 8], eax
%%z %+ i:
	mov [edi + i * 8 + 4], ebx
	ex %%w %+ i, %%in_word_round
	ex %%x %+ i, %%in_word_round
	ex %%y %+ i, %%in_word_round
	ex %%z %+ i, %%in_word_round
%assign i i + 1
%endrep
	add esi, 32
	add edi, 32
	dec ecx
	jnz %%word_round
%%in_word_round:
	shl ecx, 5
	add edx, ecx		; what is left: less than a round, or all from the round that faulted on
	jmp %%plain

%%alike:
	cmp edx, SSE_MIN
	jb %%by_words
	cmp byte [page_zero_sse], 0
	je %%by_words
	sub esp, 128
%assign i 0
%rep 8
	movups [esp + i * 16], xmm %+ i
%assign i i + 1
%endrep
	mov ecx, edx
	shr ecx, 7
	and edx, 127
%%round:
%assign i 0
%rep 8
%%load %+ i:
	movups xmm %+ i, [esi + i * 16]
	ex %%load %+ i, %%in_round
%assign i i + 1
%endrep
%assign i 0
%rep 8
%%store %+ i:
	movups [edi + i * 16], xmm %+ i
	ex %%store %+ i, %%in_round
%assign i i + 1
%endrep
	sub esi, -128
	sub edi, -128
	dec ecx
	jnz %%round
%%in_round:
	shl ecx, 7
	add edx, ecx
%assign i 0
%rep 8
	movups xmm %+ i, [esp + i * 16]
%assign i i + 1
%endrep
	add esp, 128
%%plain:
	mov ecx, edx
	shr ecx, 2
	and edx, 3
%%words: rep movsd
	mov ecx, edx
%%bytes: rep movsb
%%done:	close_user
	mov eax, ecx
	pop edi
	pop esi
	pop ebx
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
