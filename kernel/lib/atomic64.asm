; SPDX-License-Identifier: MIT
; The routines that gcc calls for atomic operations on 64-bit values; elsewhere they come with libatomic. Each takes a memory
; order as its last argument: a locked instruction is stronger than any.

	section .text

; u64 __atomic_load_8(u64 *p, int order)
	global __atomic_load_8
__atomic_load_8:
	push ebx
	push esi
	mov esi, [esp + 12]
	xor eax, eax
	xor edx, edx
	xor ebx, ebx
	xor ecx, ecx
	lock cmpxchg8b [esi]	; writes 0 over 0, else nothing: edx:eax is what is there
	pop esi
	pop ebx
	ret

; u64 __atomic_exchange_8(u64 *p, u64 v, int order);  void __atomic_store_8(u64 *p, u64 v, int order)
	global __atomic_exchange_8, __atomic_store_8
__atomic_exchange_8:
__atomic_store_8:
	push ebx
	push esi
	mov esi, [esp + 12]
	mov ebx, [esp + 16]
	mov ecx, [esp + 20]
	mov eax, [esi]
	mov edx, [esi + 4]
.again:
	lock cmpxchg8b [esi]
	jne .again
	pop esi
	pop ebx
	ret

; u64 __atomic_fetch_add_8(u64 *p, u64 v, int order): the value before
	global __atomic_fetch_add_8
__atomic_fetch_add_8:
	push ebx
	push esi
	mov esi, [esp + 12]
	mov eax, [esi]
	mov edx, [esi + 4]
.again:
	mov ebx, eax
	mov ecx, edx
	add ebx, [esp + 16]
	adc ecx, [esp + 20]
	lock cmpxchg8b [esi]
	jne .again
	pop esi
	pop ebx
	ret

; u64 __atomic_fetch_sub_8(u64 *p, u64 v, int order): the value before
	global __atomic_fetch_sub_8
__atomic_fetch_sub_8:
	push ebx
	push esi
	mov esi, [esp + 12]
	mov eax, [esi]
	mov edx, [esi + 4]
.again:
	mov ebx, eax
	mov ecx, edx
	sub ebx, [esp + 16]
	sbb ecx, [esp + 20]
	lock cmpxchg8b [esi]
	jne .again
	pop esi
	pop ebx
	ret

; bool __atomic_compare_exchange_8(u64 *p, u64 *expected, u64 v, int success, int failure)
	global __atomic_compare_exchange_8
__atomic_compare_exchange_8:
	push ebx
	push esi
	push edi
	mov esi, [esp + 16]
	mov edi, [esp + 20]
	mov ebx, [esp + 24]
	mov ecx, [esp + 28]
	mov eax, [edi]
	mov edx, [edi + 4]
	lock cmpxchg8b [esi]
	sete cl
	je .done
	mov [edi], eax
	mov [edi + 4], edx
.done:
	movzx eax, cl
	pop edi
	pop esi
	pop ebx
	ret
