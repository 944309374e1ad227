/* SPDX-License-Identifier: MIT */
/* The kernel's random numbers. */
#include "kernel/lib/random.h"

#include "kernel/lib/lock.h"
#include "kernel/lib/string.h"
#include "kernel/lib/x86.h"

#define ROUNDS 20
#define CPUID1_ECX_RDRAND (1u << 30)

static struct spinlock lock = SPINLOCK_INIT("random", LR_LOG);
static u32 key[8];
static u64 counter;
static bool seeded;

static u32 rotl(u32 v, u32 n)
{
	return v << n | v >> (32 - n);
}

static void quarter(u32 *a, u32 *b, u32 *c, u32 *d)
{
	*a += *b;
	*d = rotl(*d ^ *a, 16);
	*c += *d;
	*b = rotl(*b ^ *c, 12);
	*a += *b;
	*d = rotl(*d ^ *a, 8);
	*c += *d;
	*b = rotl(*b ^ *c, 7);
}

static void block(u32 out[16])
{
	u32 in[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(&in[4], key, sizeof(key));
	in[12] = (u32)counter;
	in[13] = (u32)(counter >> 32);
	counter++;
	memcpy(out, in, sizeof(in));
	for (u32 i = 0; i < ROUNDS; i += 2) {
		for (u32 c = 0; c < 4; c++)
			quarter(&out[c], &out[c + 4], &out[c + 8], &out[c + 12]);
		for (u32 c = 0; c < 4; c++)
			quarter(&out[c], &out[4 + (c + 1) % 4], &out[8 + (c + 2) % 4], &out[12 + (c + 3) % 4]);
	}
	for (u32 i = 0; i < 16; i++)
		out[i] += in[i];
}

/* The old key's output, mixed with the new data, is the new key. */
static void stir(const u8 *data, size_t len)
{
	u32 out[16];

	for (size_t i = 0; i < len; i++) {
		((u8 *)key)[i % sizeof(key)] ^= data[i];
		if (i % sizeof(key) == sizeof(key) - 1) {
			block(out);
			memcpy(key, out, sizeof(key));
		}
	}
	block(out);
	memcpy(key, out, sizeof(key));
}

static void seed(void)
{
	u32 r[4], word;
	u8 ok;

	x86_cpuid(1, 0, r);
	for (u32 i = 0; i < 16; i++) {
		u64 tsc = x86_rdtsc();

		stir((const u8 *)&tsc, sizeof(tsc));
		if (!(r[2] & CPUID1_ECX_RDRAND))
			continue;
		__asm__ volatile("rdrand %0; setc %1" : "=r"(word), "=qm"(ok));
		if (ok)
			stir((const u8 *)&word, sizeof(word));
	}
	seeded = true;
}

void random_stir(const void *data, size_t len)
{
	spin_lock(&lock);
	stir(data, len);
	spin_unlock(&lock);
}

void random_bytes(void *buf, size_t len)
{
	u8 *p = buf;
	u32 out[16];
	u64 tsc = x86_rdtsc();

	spin_lock(&lock);
	if (!seeded)
		seed();
	stir((const u8 *)&tsc, sizeof(tsc));
	while (len) {
		size_t n = MIN(len, sizeof(out));

		block(out);
		memcpy(p, out, n);
		p += n;
		len -= n;
	}
	/* The state no longer reveals the bytes that were returned. */
	block(out);
	memcpy(key, out, sizeof(key));
	spin_unlock(&lock);
}
