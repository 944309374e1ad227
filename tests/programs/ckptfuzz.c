/* SPDX-License-Identifier: MIT */
/*
 * `ckptfuzz NAME SEED ROUNDS`: damages the image NAME_ckpt in many ways and asks for its recovery each time. Refused with an
 * errno, or a process that runs with no more rights than ours: nothing else. What comes to life is killed at once.
 */
#include "t.h"
#include <reprise/ckpt.h>
#include <sys/resource.h>

static unsigned char *image;
static size_t size;
static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	return t_rand(&seed) % n;
}

/* Most of the damage goes to the headers and notes, which stand first. */
static size_t damage(unsigned char *p)
{
	static const uint32_t odd[] = { 0,	    1,		0xffffffff, 0x7fffffff, 0x80000000,
					0xc0000000, 0xbffff000, 4096,	    0x10000 };

	if (rnd(10) == 0)
		return rnd(rnd(2) ? size : 8192); /* cut short */
	for (int n = rnd(3) + 1; n > 0; n--) {
		size_t at = rnd(4) ? rnd(size < 16384 ? size : 16384) : rnd(size);

		switch (rnd(3)) {
		case 0: p[at] ^= 1 << rnd(8); break;
		case 1: p[at] = rnd(256); break;
		default:
			if (at + 4 <= size)
				memcpy(p + at, &odd[rnd(sizeof(odd) / sizeof(*odd))], 4);
		}
	}
	return size;
}

static int t_hook(int argc, char **argv)
{
	char from[300];
	int refused = 0, ran = 0;
	struct rlimit none = { 0, 0 };

	if (argc != 4)
		return 2;
	setrlimit(RLIMIT_CORE, &none);
	snprintf(from, sizeof(from), "%s_ckpt", argv[1]);
	int fd = SYS(open(from, O_RDONLY));
	struct stat st;
	SYS(fstat(fd, &st));
	size = st.st_size;
	image = malloc(size);
	unsigned char *copy = malloc(size);
	CHECK(image && copy);
	CHECK_EQ(read(fd, image, size), size);
	SYS(close(fd));
	seed = strtoul(argv[2], NULL, 0) | 1;
	/* What a recovered process prints is not ours to show. */
	int out = dup(1), null = SYS(open("/dev/null", O_RDWR));
	dup2(null, 1);
	for (int round = 0; round < atoi(argv[3]); round++) {
		memcpy(copy, image, size);
		size_t len = damage(copy);
		t_put("fuzz_ckpt", copy, len);
		pid_t pid = recover("fuzz", 0);
		if (pid < 0) {
			refused++;
			continue;
		}
		ran++;
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	dup2(out, 1);
	printf("ckptfuzz: %d refused of %d\n", refused, refused + ran);
	/* The whole one still comes back. */
	pid_t pid = recover(argv[1], 0);
	CHECK(pid > 0);
	CHECK_EQ(t_wait(pid), 0);
	return 0;
}
