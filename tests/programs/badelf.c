/* SPDX-License-Identifier: MIT */
/*
 * Executables that are wrong in many ways. Each is this program with some bytes changed; execve must refuse it with
 * an errno, or run it, or kill it: never more. Strict rows must be refused as Linux refuses them.
 */
#include "t.h"
#include <elf.h>
#include <sys/resource.h>

static unsigned char *image;
static size_t size;

static int t_hook(int argc, char **argv)
{
	struct stat st;
	int fd;

	if (argc == 2 && strcmp(argv[1], "RUN") == 0)
		return 17;
	fd = open("/proc/self/exe", O_RDONLY);
	if (fd < 0 || fstat(fd, &st) < 0)
		return 1;
	size = st.st_size;
	image = malloc(size);
	if (!image || read(fd, image, size) != (ssize_t)size)
		return 1;
	close(fd);
	return -1;
}

static Elf32_Ehdr *ehdr(void)
{
	return (Elf32_Ehdr *)image;
}

static Elf32_Phdr *phdr(int i)
{
	return (Elf32_Phdr *)(image + ehdr()->e_phoff) + i;
}

/* The n-th LOAD header. */
static Elf32_Phdr *load(int n)
{
	for (int i = 0; i < ehdr()->e_phnum; i++) {
		if (phdr(i)->p_type == PT_LOAD && n-- == 0)
			return phdr(i);
	}
	FAIL("no such LOAD header");
}

/* Writes the image and runs it. >= 0: errno of execve; -n: killed by signal n; -1000 - n: exit n. */
static int attempt(size_t len)
{
	struct rlimit none = { 0, 0 };
	int p[2], e;

	t_put("prog", image, len);
	SYS(chmod("prog", 0755));
	SYS(setrlimit(RLIMIT_CORE, &none));
	SYS(pipe2(p, O_CLOEXEC));
	pid_t pid = t_fork();
	if (pid == 0) {
		alarm(10); /* a program cut short may run for ever */
		execl("./prog", "prog", "RUN", NULL);
		e = errno;
		_exit(write(p[1], &e, sizeof(e)) != sizeof(e));
	}
	SYS(close(p[1]));
	int st = t_wait(pid);
	if (read(p[0], &e, sizeof(e)) != sizeof(e))
		e = WIFSIGNALED(st) ? -WTERMSIG(st) : -1000 - WEXITSTATUS(st);
	SYS(close(p[0]));
	return e;
}

TEST(the_good_one_runs)
{
	CHECK_EQ(attempt(size), -1017);
}

#define REFUSED(change)                                                     \
	do {                                                                \
		unsigned char *good = malloc(size);                         \
		memcpy(good, image, size);                                  \
		change;                                                     \
		int r = attempt(size);                                      \
		if (r != ENOEXEC)                                           \
			FAIL("%s: expected ENOEXEC, found %d", #change, r); \
		memcpy(image, good, size);                                  \
		free(good);                                                 \
	} while (0)

TEST(header_fields)
{
	REFUSED(ehdr()->e_ident[0] = 0x7e);
	REFUSED(ehdr()->e_ident[3] = 'f');
	REFUSED(ehdr()->e_type = ET_REL);
	REFUSED(ehdr()->e_type = ET_CORE);
	REFUSED(ehdr()->e_type = 0xffff);
	REFUSED(ehdr()->e_machine = EM_ARM);
	REFUSED(ehdr()->e_machine = 0);
	REFUSED(ehdr()->e_phentsize = 31);
	REFUSED(ehdr()->e_phentsize = 0);
	REFUSED(ehdr()->e_phnum = 0);
	REFUSED(ehdr()->e_phnum = 0xffff);
	REFUSED(ehdr()->e_phnum = 3000);
}

TEST(truncated_files)
{
	static const int keep[] = { 1, 4, 16, 51, 52, 60, 84, 100 };

	for (unsigned i = 0; i < sizeof(keep) / sizeof(*keep); i++) {
		int r = attempt(keep[i]);
		CHECK(r == ENOEXEC || r == EIO);
	}
	/* Cut inside its segments it starts, and dies where the file ends. */
	int r = attempt(load(0)->p_filesz + load(1)->p_filesz / 2);
	CHECK(r < 0 || r == ENOEXEC);
	for (size_t n = 200; n < size; n += size / 23)
		attempt(n);
}

/* These may go either way, but the machine and this process live on. */
#define SURVIVED(change)                            \
	do {                                        \
		unsigned char *good = malloc(size); \
		memcpy(good, image, size);          \
		change;                             \
		int r = attempt(size);              \
		CHECK(r != -1017 || 1);             \
		tried++;                            \
		memcpy(image, good, size);          \
		free(good);                         \
	} while (0)

TEST(segments_in_wrong_places)
{
	int tried = 0;

	SURVIVED(load(0)->p_vaddr = 0);
	SURVIVED(load(0)->p_vaddr = 0xc0000000);
	SURVIVED(load(0)->p_vaddr = 0xfffff000);
	SURVIVED(load(1)->p_vaddr = 0xbffff000);
	SURVIVED(load(0)->p_vaddr += 1);
	SURVIVED(load(0)->p_memsz = 0xffffffff);
	SURVIVED(load(1)->p_memsz = 0x7fffffff);
	SURVIVED(load(1)->p_filesz = 0xffffffff);
	SURVIVED(load(1)->p_filesz = load(1)->p_memsz + 0x1000);
	SURVIVED(load(2)->p_offset = 0xfffff000);
	SURVIVED(load(2)->p_offset += 1);
	SURVIVED(load(1)->p_vaddr = load(0)->p_vaddr);
	SURVIVED(load(1)->p_align = 3);
	SURVIVED(load(0)->p_align = 0);
	SURVIVED(load(1)->p_flags = 0);
	SURVIVED(load(1)->p_flags = 0xffffffff);
	SURVIVED(load(0)->p_type = PT_NULL);
	SURVIVED(load(0)->p_type = PT_INTERP);
	SURVIVED(load(1)->p_type = PT_DYNAMIC);
	SURVIVED(ehdr()->e_entry = 0);
	SURVIVED(ehdr()->e_entry = 0xc0100000);
	SURVIVED(ehdr()->e_entry = 0xffffffff);
	SURVIVED(ehdr()->e_phoff = 0);
	SURVIVED(ehdr()->e_phoff = 0xffffffe0);
	SURVIVED(ehdr()->e_phoff = size - 10);
	SURVIVED(ehdr()->e_phoff = 0x80000000);
	SURVIVED(ehdr()->e_phoff += 1);
	SURVIVED(ehdr()->e_type = ET_DYN);
	SURVIVED(for (int i = 0; i < ehdr()->e_phnum; i++) phdr(i)->p_type = PT_NULL);
	SURVIVED(for (int i = 0; i < ehdr()->e_phnum; i++) phdr(i)->p_memsz = 0xfffffff0);
	SURVIVED(for (int i = 0; i < ehdr()->e_phnum; i++) phdr(i)->p_vaddr = 0x08048000);
	SURVIVED(for (int i = 0; i < ehdr()->e_phnum; i++) phdr(i)->p_filesz = 0);
	CHECK_EQ(tried, 32);
}

TEST(random_damage_to_the_headers)
{
	unsigned char *good = malloc(size);
	size_t headers = ehdr()->e_phoff + ehdr()->e_phnum * sizeof(Elf32_Phdr);
	uint32_t seed = 2024;

	memcpy(good, image, size);
	for (int i = 0; i < 150; i++) {
		int n = t_rand(&seed) % 4 + 1;
		while (n--) {
			size_t at = t_rand(&seed) % headers;
			image[at] = t_rand(&seed) & 1 ? t_rand(&seed) : (t_rand(&seed) & 1 ? 0xff : 0);
		}
		attempt(size);
		memcpy(image, good, size);
	}
	CHECK_EQ(attempt(size), -1017);
}

TEST(interpreter_that_is_not_there)
{
	/* Dynamically linked: the interpreter named in the file is looked for. */
	Elf32_Phdr *p = NULL;

	for (int i = 0; i < ehdr()->e_phnum; i++) {
		if (phdr(i)->p_type != PT_LOAD)
			p = phdr(i);
	}
	CHECK(p != NULL);
	static const char name[] = "/nothing/ld.so";
	memcpy(image + size - 64, name, sizeof(name));
	p->p_type = PT_INTERP;
	p->p_offset = size - 64;
	p->p_filesz = p->p_memsz = sizeof(name);
	int r = attempt(size);
	CHECK(r == ENOENT || r == ENOEXEC);
	image[size - 64 + sizeof(name) - 1] = 'x'; /* no terminating zero */
	CHECK_EQ(attempt(size), ENOEXEC);
}
