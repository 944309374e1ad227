/* SPDX-License-Identifier: MIT */
/*
 * Does the kernel hand out what lies on its stacks, in its heap or in its frames? A debug kernel fills all of these with a byte that
 * /proc/reprise/soil sets (mm/page.h). Each call below gives what it returns into the same buffer, in ROUNDS rounds with another byte each.
 * A bit that agrees with that byte's in every round comes from there: a bit that is constant does not, since each bit of the
 * byte takes both values, and one that is chance agrees with a probability of 2^-ROUNDS.
 *
 * Debug kernels only: others have no such file.
 */
#include "leakcalls.h"

#define ROUNDS 20
#define EMPTY 0xa9

static uint8_t agrees[NCALLS][SIZE]; /* bits that have agreed with the byte's in all rounds */

static void soil(unsigned byte)
{
	char text[8];
	int n = snprintf(text, sizeof(text), "%u\n", byte);

	CHECK_EQ(pwrite(soil_fd, text, n, 0), n);
}

static void set_up(void)
{
	struct sigevent ev = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };

	out = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(out != MAP_FAILED);
	t_put("file", "contents of a file", 18);
	SYS(symlink("file", "link"));
	file_fd = SYS(open("file", O_RDWR));
	dir_fd = SYS(open(".", O_RDONLY));
	SYS(pipe(pipe_fd));
	SYS(openpty(&master, &slave, NULL, NULL, NULL));
	SYS(timer_create(CLOCK_MONOTONIC, &ev, &timer));
	memset(agrees, 0xff, sizeof(agrees));
}

/* In memory, not in a register: a signal frame tells registers. */
static volatile uint8_t soiled;

static void round_of_calls(void)
{
	for (unsigned i = 0; i < NCALLS; i++) {
		memset(out, EMPTY, SIZE);
		soil(soiled);
		calls[i].fill();
		for (unsigned k = 0; k < SIZE; k++)
			agrees[i][k] &= ~(out[k] ^ soiled);
	}
}

/* All places, so that a mend can be made in one go. */
static int report(void)
{
	int found = 0;

	for (unsigned i = 0; i < NCALLS; i++) {
		for (unsigned k = 0; k < SIZE; k++) {
			if (agrees[i][k] && found++ < 40)
				printf("%s: byte %u, bits %02x come from the kernel's memory\n",
				       calls[i].name, k, agrees[i][k]);
		}
	}
	return found;
}

static void look(void)
{
	uint32_t seed = 20261;

	set_up();
	for (int i = 0; i < ROUNDS; i++) {
		soiled = t_rand(&seed) >> 8 & 0xff;
		if (!soiled)
			soiled = 0x5c;
		round_of_calls();
	}
	CHECK_EQ(report(), 0);
}

TEST_REPRISE(everything)
{
	soil_fd = SYS(open("/proc/reprise/soil", O_RDWR));
	pid_t pid = t_fork();
	int st;

	if (pid == 0) {
		look();
		_exit(0);
	}
	st = t_wait(pid);
	soil(0);
	CHECK_EQ(st, 0);
}

TEST_REPRISE(only_root)
{
	int fd = SYS(open("/proc/reprise/soil", O_RDWR));

	CHECK_ERR(pwrite(fd, "256", 3, 0), EINVAL);
	CHECK_ERR(pwrite(fd, "x", 1, 0), EINVAL);
	SYS(setuid(1000));
	CHECK_ERR(pwrite(fd, "1", 1, 0), EPERM);
	CHECK_ERR(open("/proc/reprise/soil", O_RDWR), EACCES);
}

static int t_hook(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "STACK") == 0) {
		dump_stack();
		return 0;
	}
	return -1;
}
