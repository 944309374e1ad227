/* SPDX-License-Identifier: MIT */
/*
 * Small kernel objects. A kmem_cache makes objects of one kind. kmalloc()
 * serves other sizes: up to 2 KiB from caches of its own (16 bytes and more,
 * aligned to 8), above that whole frames, up to 4 MiB contiguous, aligned to a
 * page.
 *
 * Every cache counts its live objects: the leak checks compare these counts
 * (kmem_stats()) before and after each test. Debug builds fill freed memory
 * with 0x6b (the first KiB of large objects) and check it at the next
 * allocation ("use after free of <cache>"). They keep a guard behind each
 * object, which kfree checks ("written beyond its end"), and panic on a double
 * free.
 *
 * Locks: each cache's own (LR_KMEM).
 * Sleeps: allocation, for reclaim, unless KM_NOWAIT. Freeing never sleeps.
 */
#ifndef MM_KMALLOC_H
#define MM_KMALLOC_H

#include "kernel/lib/types.h"

#define KM_NOWAIT 1u
#define KM_ZERO 2u

struct kmem_cache;

/*
 * Creates a cache, at start-up, after kmem_init(). The name is kept, not
 * copied. `align` is a power of two; 0: 8.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size, size_t align);
/* NULL: out of memory. */
void *kmem_alloc(struct kmem_cache *kc, u32 flags) __must_check;
void kmem_free(struct kmem_cache *kc, void *obj); /* obj may be NULL. */

void *kmalloc(size_t size, u32 flags) __must_check;
void *kzalloc(size_t size, u32 flags) __must_check;
void kfree(void *obj); /* obj may be NULL */
char *kstrdup(const char *s, u32 flags) __must_check;

void kmem_init(void);

/*
 * Calls fn once for each cache, kmalloc's own included. The caller holds no
 * locks.
 */
void kmem_stats(void (*fn)(const char *name, u32 live, size_t objsize, u32 frames, void *arg), void *arg);
/*
 * Gives empty slabs back to the frame allocator, so that counts of frames are
 * comparable.
 */
void kmem_trim(void);

#endif
