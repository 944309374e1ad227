/* SPDX-License-Identifier: MIT */
/*
 * The beginning: the linker puts __wrap_main() in the place of the program's
 * main() (-Wl,--wrap=main). It reads the options, takes a first look at memory
 * and descriptors, and then either brings an older run back or calls main().
 */
#include "lc.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define STATUS_FAILED 1
#define STATUS_USAGE 2
#define EXECUTED "LIBCKPT_EXECUTED" /* in the environment: do not do it again */

struct lc_state lc;

int __wrap_main(int argc, char **argv, char **envp);
int __real_main(int argc, char **argv, char **envp);

int lc_say(const char *fmt, ...)
{
	char text[700];
	int n = snprintf(text, sizeof(text), "libckpt: ");
	va_list ap;

	va_start(ap, fmt);
	n += vsnprintf(text + n, sizeof(text) - (size_t)n - 1, fmt, ap);
	va_end(ap);
	if (n > (int)sizeof(text) - 2)
		n = sizeof(text) - 2;
	text[n++] = '\n';
	lc_call3(SYS_write, 2, (long)text, n);
	return -1;
}

uint32_t lc_auxv(uint32_t type)
{
	return getauxval(type);
}

long long lc_now_ns(void)
{
	struct {
		long s, ns;
	} t;

	lc_call3(SYS_clock_gettime32, CLOCK_MONOTONIC, (long)&t, 0);
	return t.s * 1000000000ll + t.ns;
}

/* The program's segments, as its header says. */
static const Elf32_Phdr *program_header(uint32_t wanted)
{
	const Elf32_Phdr *p = (const Elf32_Phdr *)lc_auxv(AT_PHDR);

	for (uint32_t i = 0; i < lc_auxv(AT_PHNUM); i++, p++) {
		if (p->p_type == PT_LOAD && (p->p_flags & (PF_W | PF_X)) == wanted)
			return p;
	}
	return NULL;
}

uint32_t lc_program_sum(void)
{
	const Elf32_Phdr *code = program_header(PF_X);

	return lc_sum(0, (const void *)code->p_vaddr, code->p_filesz & ~3u);
}

static void find_memory(void)
{
	const Elf32_Phdr *data = program_header(PF_W);
	struct lc_seg seg = { .s_prot = PROT_READ | PROT_WRITE, .s_kind = LC_DATA };

	seg.s_start = LC_DOWN(data->p_vaddr);
	seg.s_end = LC_UP(data->p_vaddr + data->p_memsz);
	lc_seg_add(seg);
	lc.heap_start = seg.s_end;
	lc.heap_end = (uint32_t)lc_call3(SYS_brk, 0, 0, 0);
	seg.s_start = lc.heap_start;
	seg.s_end = LC_UP(lc.heap_end);
	seg.s_kind = LC_HEAP;
	if (seg.s_end > seg.s_start)
		lc_seg_add(seg);
}

static void find_thread(void)
{
	uint32_t gs;
	int tid;

	__asm__("mov %%gs, %0" : "=r"(gs));
	lc.tls_entry = gs >> 3;
	__asm__("mov %%gs:0, %0" : "=r"(lc.tls_base));
	/* Where musl keeps it; another C library has something else there. */
	__asm__("mov %%gs:24, %0" : "=r"(tid));
	if (tid == lc_call3(SYS_gettid, 0, 0, 0))
		lc.tid_offset = 24;
}

/* Does this kernel put stacks and heaps at random addresses? */
static bool is_random(void)
{
	char c = '0';
	int fd = open("/proc/sys/kernel/randomize_va_space", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (read(fd, &c, 1) != 1)
		c = '0';
	close(fd);
	return c != '0' && !(personality(0xffffffff) & ADDR_NO_RANDOMIZE);
}

/*
 * Memory must be where it was in another run: the program starts itself once
 * more, at fixed addresses.
 */
static void fix_addresses(char **argv)
{
	char path[512];
	ssize_t n;

	if (!is_random() || getenv(EXECUTED))
		return;
	n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (n < 0 || personality(personality(0xffffffff) | ADDR_NO_RANDOMIZE) < 0)
		return;
	path[n] = '\0';
	setenv(EXECUTED, "1", 1);
	execv(path, argv);
}

static void on_alarm(int sig)
{
	struct itimerval soon = { .it_value = { .tv_usec = 10000 },
				  .it_interval = { .tv_sec = lc.opt.o_maxtime } };
	int saved = errno;

	/* Not in the middle of a change of the lists. */
	if (lc.g_inside)
		setitimer(ITIMER_REAL, &soon, NULL);
	else
		checkpoint_here();
	errno = saved;
}

void lc_set_alarm(void)
{
	struct itimerval every = { { lc.opt.o_maxtime, 0 }, { lc.opt.o_maxtime, 0 } };
	struct sigaction act = { .sa_handler = on_alarm, .sa_flags = SA_RESTART };

	if (!lc.opt.o_maxtime)
		return;
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
}

/*
 * `=recover`, with the name of the images after it if that is not the
 * program's.
 */
static int recover(const char *name)
{
	static struct lc_image images[LC_CHAIN + 1];
	int n;

	if (name && libckpt_set_image(name) != 0)
		return STATUS_USAGE;
	n = lc_load(images);
	if (n > 0)
		lc_restore(images, n);
	return STATUS_FAILED;
}

int __wrap_main(int argc, char **argv, char **envp)
{
	fix_addresses(argv);
	unsetenv(EXECUTED);
	find_memory();
	find_thread();
	lc_files_begin();
	lc.ready = true;
	lc.pid = getpid();
	if (lc_read_options(argc ? argv[0] : "program") != 0)
		return STATUS_USAGE;
	lc_gate_open();
	if (argc > 1 && strcmp(argv[1], "=recover") == 0)
		return argc > 3 ? lc_say("=recover: expected one name, found %s as well", argv[3]),
		       STATUS_USAGE : recover(argv[2]);
	lc_set_alarm();
	return __real_main(argc, argv, envp);
}
