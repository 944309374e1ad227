/* SPDX-License-Identifier: MIT */
/*
 * The scalar types and compiler helpers that every file uses.
 *
 * Kernel modules without hardware also compile natively for the unit tests
 * (REPRISE_HOST): the POSIX names come from the host's headers there.
 */
#ifndef KERNEL_LIB_TYPES_H
#define KERNEL_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

#ifdef REPRISE_HOST
#include <sys/types.h>
#else
typedef int32_t ssize_t;
typedef int32_t pid_t;
typedef uint32_t uid_t;
typedef uint32_t gid_t;
typedef uint32_t mode_t;
typedef uint32_t nlink_t;
typedef uint64_t ino_t;
typedef uint32_t dev_t; /* MAKEDEV(major, minor) below */
typedef int64_t off_t;	/* file offsets are 64-bit everywhere in the kernel */
#endif

/* A user-space address. Never dereferenced: it goes through mm/usercopy.h. */
typedef u32 uaddr_t;
/* A physical address (no PAE: 32 bits). */
typedef u32 paddr_t;

#define MAKEDEV(maj, min) ((dev_t)(((maj) << 8) | (min)))
#define DEVMAJOR(dev) (((dev) >> 8) & 0xfff)
#define DEVMINOR(dev) ((dev)&0xff)

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096u
#define PAGE_MASK (PAGE_SIZE - 1)
#define PAGE_DOWN(x) ((x) & ~(__typeof__(x))PAGE_MASK)
#define PAGE_UP(x) PAGE_DOWN((x) + PAGE_MASK)

#define NSEC_PER_SEC 1000000000ull
#define NSEC_PER_MSEC 1000000ull
#define NSEC_PER_USEC 1000ull

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define MIN(a, b)                       \
	({                              \
		__typeof__(a) _a = (a); \
		__typeof__(b) _b = (b); \
		_a < _b ? _a : _b;      \
	})
#define MAX(a, b)                       \
	({                              \
		__typeof__(a) _a = (a); \
		__typeof__(b) _b = (b); \
		_a > _b ? _a : _b;      \
	})
#define ROUND_UP(x, n) ((((x) + (n)-1) / (n)) * (n))

#define __packed __attribute__((packed))
#define __noreturn __attribute__((noreturn))
#define __printf(f, a) __attribute__((format(printf, f, a)))
#define __aligned(n) __attribute__((aligned(n)))
#define __must_check __attribute__((warn_unused_result))
#define __unused __attribute__((unused))
#define __weak __attribute__((weak))

#endif
