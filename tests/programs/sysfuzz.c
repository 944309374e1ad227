/* SPDX-License-Identifier: MIT */
/*
 * `sysfuzz SEED CALLS PROCESSES`: random system calls with random arguments and pointers, from several processes at
 * once. The kernel must bear it: no panic, no hang, and when all have ended nothing is left. What the calls
 * return is of no interest. The same seed makes the same calls; their interleaving is the machine's.
 *
 * Not for a Linux host, where root's calls would do harm. It leaves alone: the ends of the machine (reboot),
 * signals to everybody and to process 1, and calls that only wait for ever.
 */
#include "t.h"
#include <dirent.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define NR_MAX 460

static uint32_t seed;

static uint32_t rnd(uint32_t n)
{
	return t_rand(&seed) % n;
}

/* How arguments of one call are chosen: a letter each. */
struct shape {
	int nr;
	const char *args;
};

/*
 * p pointer, s path, f descriptor, n small number, l length, x anything, o offset or huge number, g signal,
 * i pid, m protection or flags, t timespec, - zero
 */
static const struct shape shapes[] = {
	{ 3, "fpl" },	  { 4, "fpl" },	     { 5, "smn" },	{ 6, "f" },	  { 8, "sm" },
	{ 9, "ss" },	  { 10, "s" },	     { 11, "spp" },	{ 12, "s" },	  { 14, "smx" },
	{ 15, "sm" },	  { 16, "snn" },     { 19, "fon" },	{ 33, "sn" },	  { 38, "ss" },
	{ 39, "sm" },	  { 40, "s" },	     { 41, "f" },	{ 42, "p" },	  { 45, "x" },
	{ 54, "fxp" },	  { 55, "fnx" },     { 57, "ii" },	{ 63, "ff" },	  { 83, "ss" },
	{ 85, "spl" },	  { 90, "p" },	     { 91, "pl" },	{ 92, "so" },	  { 93, "fo" },
	{ 94, "fm" },	  { 95, "fnn" },     { 99, "sp" },	{ 100, "fp" },	  { 102, "np" },
	{ 104, "npp" },	  { 114, "ipnp" },   { 116, "p" },	{ 118, "f" },	  { 122, "p" },
	{ 125, "plm" },	  { 133, "f" },	     { 140, "fnopn" },	{ 141, "fpl" },	  { 142, "npppt" },
	{ 143, "fn" },	  { 144, "pln" },    { 145, "fpn" },	{ 146, "fpn" },	  { 150, "pl" },
	{ 162, "tp" },	  { 163, "pllmp" },  { 168, "pnn" },	{ 172, "nxxxx" }, { 174, "gppn" },
	{ 175, "nppn" },  { 180, "fplo" },   { 181, "fplo" },	{ 183, "pl" },	  { 186, "pp" },
	{ 187, "ffpn" },  { 192, "plmmfo" }, { 193, "so-" },	{ 194, "fo-" },	  { 195, "sp" },
	{ 196, "sp" },	  { 197, "fp" },     { 212, "snn" },	{ 219, "pln" },	  { 220, "fpl" },
	{ 221, "fnx" },	  { 239, "ffpn" },   { 240, "pnntpn" }, { 243, "p" },	  { 258, "p" },
	{ 265, "np" },	  { 268, "snp" },    { 295, "fsmm" },	{ 296, "fsm" },	  { 297, "fsmx" },
	{ 300, "fspn" },  { 301, "fsn" },    { 302, "fsfs" },	{ 303, "fsfsn" }, { 304, "sfs" },
	{ 305, "fspl" },  { 306, "fsm" },    { 308, "npppt" },	{ 309, "pntpn" }, { 320, "fspn" },
	{ 324, "fnoo" },  { 330, "ffn" },    { 331, "pn" },	{ 333, "fpnoo" }, { 334, "fpnoo" },
	{ 340, "inpp" },  { 353, "fsfsn" },  { 355, "pln" },	{ 356, "sn" },	  { 377, "fpfpln" },
	{ 383, "fsnnp" }, { 403, "np" },     { 412, "fspn" },	{ 436, "nnn" },	  { 439, "fsnn" },
	{ 600, "sn" },	  { 601, "sn" },     { 603, "nip" },
};

/* Left alone. */
static int forbidden(int nr)
{
	static const short no[] = { 1,	 2,   29,  36,	37,  72,  88,  111, 120, 119,
				    173, 179, 190, 252, 238, 270, 178, 335, 435, 177,
				    421, 407, 267, 0,	158, 25,  79,  124, 264, 404 /* the clock */ };

	for (unsigned i = 0; i < sizeof(no) / sizeof(*no); i++) {
		if (no[i] == nr)
			return 1;
	}
	return 0;
}

static char *area; /* 64 KiB of which some pages are read-only, some missing */

static uint32_t pointer(void)
{
	switch (rnd(10)) {
	case 0: return 0;
	case 1: return 0xc0000000u + rnd(0x40000000u);
	case 2: return t_rand(&seed);
	case 3: return 0xbffff000u + rnd(4096) * 2;
	default: return (uint32_t)area + rnd(65536);
	}
}

static uint32_t path(void)
{
	static const char *const paths[] = { "a",
					     "b",
					     "d",
					     "d/x",
					     "d/..",
					     "l",
					     "",
					     ".",
					     "..",
					     "/",
					     "/proc/self/maps",
					     "/proc/self/fd",
					     "/proc/self/mem",
					     "d/f",
					     "p",
					     "/tmp/sysfuzz",
					     "c",
					     "d/l",
					     "/dev/null",
					     "/dev/zero" };
	static char made[300];
	/* The superuser could remove the devices, and other tests want them. */
	uint32_t n = sizeof(paths) / sizeof(*paths) - (geteuid() == 0 ? 2 : 0);

	switch (rnd(12)) {
	case 0: return pointer();
	case 1:
		memset(made, 'x', 299);
		made[rnd(300)] = 0;
		return (uint32_t)made;
	default: return (uint32_t)paths[rnd(n)];
	}
}

static uint32_t argument(char kind)
{
	static struct timespec brief = { 0, 1000 };

	if (rnd(40) == 0)
		return t_rand(&seed);
	switch (kind) {
	case 'p': return pointer();
	case 's': return path();
	case 'f': return rnd(8) ? rnd(24) : (uint32_t)AT_FDCWD;
	case 'l': return rnd(4) ? rnd(20000) : t_rand(&seed) & ~4095u;
	case 'o': return rnd(3) ? rnd(200000) : t_rand(&seed);
	case 'g': return rnd(70);
	case 'i': return rnd(3) ? 0 : 5000 + rnd(30000);
	case 'm': return 1u << rnd(20) | rnd(512);
	case 't': brief.tv_nsec = rnd(100000); return (uint32_t)&brief;
	case 'n': return rnd(20) - 2;
	case '-': return 0;
	default: return t_rand(&seed);
	}
}

static long call(int nr, const uint32_t *a)
{
	long r;

	__asm__ volatile("pushl %%ebx; pushl %%ebp; movl 4(%%esi), %%ecx; movl 8(%%esi), %%edx; movl 16(%%esi), %%edi;"
			 "movl 20(%%esi), %%ebp; movl 0(%%esi), %%ebx; movl 12(%%esi), %%esi; int $0x80;"
			 "popl %%ebp; popl %%ebx"
			 : "=a"(r), "+S"(a)
			 : "0"(nr)
			 : "ecx", "edx", "edi", "memory", "cc");
	return r;
}

static void one_call(void)
{
	uint32_t a[6] = { 0 };
	int nr;

	if (rnd(4)) {
		const struct shape *s = &shapes[rnd(sizeof(shapes) / sizeof(*shapes))];
		nr = s->nr;
		for (int i = 0; i < 6 && s->args[i]; i++)
			a[i] = argument(s->args[i]);
		if (nr == 102 || (nr == 54 && rnd(2)))
			a[1] = 0x5400 + rnd(0x60);
		if (nr == 168 || nr == 142 || nr == 309 || nr == 308)
			a[2] = a[2] % 3; /* milliseconds */
		if (nr == 240)
			a[1] = rnd(2) ? 1 : 3; /* wake or requeue: a wait would only wait */
	} else {
		do
			nr = rnd(NR_MAX);
		while (forbidden(nr));
		for (int i = 0; i < 6; i++)
			a[i] = argument("psflnx"[rnd(6)]);
		if (nr == 21 || nr == 22 || nr == 52 || nr == 61 || nr == 217)
			nr = 20; /* mount and its like change the ground on which the others stand */
	}
	if (nr == 3 && a[0] < 3)
		a[0] = 5;
	call(nr, a);
}

static void prepare(int who)
{
	struct rlimit none = { 0, 0 }, fsize = { 4 << 20, 4 << 20 }, mem = { 64 << 20, 64 << 20 };
	char name[16];

	snprintf(name, sizeof(name), "w%d", who);
	mkdir(name, 0777);
	SYS(chdir(name));
	mkdir("d", 0777);
	mkfifo("p", 0666);
	symlink("d", "l");
	/* An earlier stretch may have made anything of these names. */
	int fd = open("a", O_WRONLY | O_CREAT | O_NONBLOCK, 0666);
	(void)!write(fd, "some contents", 13);
	close(fd);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_FSIZE, &fsize);
	setrlimit(RLIMIT_AS, &mem);
	for (int sig = 1; sig < 32; sig++)
		signal(sig, sig == SIGSEGV || sig == SIGBUS || sig == SIGALRM ? SIG_DFL : SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	area = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(area != MAP_FAILED);
	mprotect(area + 16384, 8192, PROT_READ);
	munmap(area + 32768, 8192);
}

/* Waits for pid. One that stopped itself, or waits for something that will not happen, is killed. */
static void await(pid_t pid, const sigset_t *chld)
{
	struct timespec limit = { 5, 0 };
	pid_t got;
	int st;

	while ((got = waitpid(pid, &st, WNOHANG | WUNTRACED)) != pid || WIFSTOPPED(st)) {
		if (got == pid || (sigtimedwait(chld, NULL, &limit) < 0 && errno == EAGAIN))
			kill(pid, SIGKILL);
	}
}

/* A worker does a stretch of calls and starts again from a clean state: its memory may be gone by then. */
static void stretch(int who, uint32_t s, int calls)
{
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);

	pid_t pid = t_fork();

	if (pid == 0) {
		sigprocmask(SIG_UNBLOCK, &chld, NULL);
		seed = s;
		prepare(who);
		/* Half of the stretches run as an ordinary user. */
		if (s & 1)
			(void)!setuid(1000 + who);
		for (int i = 0; i < calls; i++)
			one_call();
		_exit(0);
	}
	await(pid, &chld);
}

/* What came back by recover() lives on without the one that called: kills those of our session, and waits until they are gone. */
static void kill_recovered(void)
{
	pid_t pid, parent, session, found;
	struct dirent *de;
	char path[300];

	do {
		DIR *d = opendir("/proc");

		CHECK(d != NULL);
		found = 0;
		while ((de = readdir(d)) != NULL) {
			snprintf(path, sizeof(path), "/proc/%s/stat", de->d_name);
			FILE *f = atoi(de->d_name) > 1 ? fopen(path, "r") : NULL;

			if (f && fscanf(f, "%d %*[^)]) %*c %d %*d %d", &pid, &parent, &session) == 3 &&
			    pid != getpid() && parent == 1 && session == getsid(0))
				kill(found = pid, SIGKILL);
			if (f)
				fclose(f);
		}
		closedir(d);
		sched_yield();
	} while (found);
}

static int t_hook(int argc, char **argv)
{
	uint32_t base = argc > 1 ? strtoul(argv[1], NULL, 0) : 1;
	int calls = argc > 2 ? atoi(argv[2]) : 2000, procs = argc > 3 ? atoi(argv[3]) : 3;

	if (access("/proc/reprise", F_OK) < 0) {
		printf("sysfuzz: not on this system\n");
		return 2;
	}
	for (int w = 0; w < procs; w++) {
		if (t_fork() == 0) {
			uint32_t s = base * 7919 + w * 104729 + 1;
			for (int done = 0; done < calls; done += 200) {
				stretch(w, s | 2, 200);
				t_rand(&s);
			}
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	kill_recovered();
	if (unlink("/tmp/sysfuzz") < 0)
		rmdir("/tmp/sysfuzz"); /* or it was never made */
	printf("sysfuzz: %d processes made %d calls each\n", procs, calls);
	return 0;
}
