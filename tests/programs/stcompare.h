/* SPDX-License-Identifier: MIT */
/* Compares two checkpoint images but for the contents of the notes IDENT and TIME (ckpt(5)). */
#ifndef TESTS_STCOMPARE_H
#define TESTS_STCOMPARE_H

#include "t.h"
#include <elf.h>
#include <sys/mman.h>

#define NOTE_IDENT 0x4b430002u
#define NOTE_TIME 0x4b430003u

struct image {
	unsigned char *i_data; /* a private mapping */
	size_t i_size;
};

static int image_open(struct image *im, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	if (fd < 0)
		return -1;
	SYS(fstat(fd, &st));
	im->i_size = st.st_size;
	im->i_data = mmap(NULL, im->i_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	close(fd);
	return im->i_data == MAP_FAILED ? -1 : 0;
}

/* The note that holds the byte at `off`, in words; "pages" or "headers" if none. With `forget`, clears what may differ. */
static void image_notes(struct image *im, size_t off, char *what, size_t size, int forget)
{
	const Elf32_Ehdr *eh = (void *)im->i_data;
	const Elf32_Phdr *ph = (void *)(im->i_data + eh->e_phoff);
	size_t at = ph->p_offset, end = at + ph->p_filesz;

	snprintf(what, size, off < at ? "headers" : "pages");
	while (ph->p_type == PT_NOTE && at + sizeof(Elf32_Nhdr) <= end && end <= im->i_size) {
		const Elf32_Nhdr *nh = (void *)(im->i_data + at);
		const char *owner = (const char *)(nh + 1);
		size_t data = at + sizeof(*nh) + ((nh->n_namesz + 3) & ~3u),
		       next = data + ((nh->n_descsz + 3) & ~3u);

		if (off >= at && off < next)
			snprintf(what, size, "note %.8s %x, byte %d", owner, nh->n_type, (int)(off - data));
		if (forget && strcmp(owner, "KCKPT") == 0 && (nh->n_type == NOTE_IDENT || nh->n_type == NOTE_TIME))
			memset(im->i_data + data, 0, nh->n_descsz);
		at = next;
	}
}

/* 0: the same; -1: `why` says where they differ. */
static int image_compare(const char *a, const char *b, char *why, size_t size)
{
	struct image ia, ib;
	char what[100];
	size_t i = 0;

	if (image_open(&ia, a) < 0 || image_open(&ib, b) < 0) {
		snprintf(why, size, "%s", strerror(errno));
		return -1;
	}
	image_notes(&ia, 0, what, sizeof(what), 1);
	image_notes(&ib, 0, what, sizeof(what), 1);
	while (i < ia.i_size && i < ib.i_size && ia.i_data[i] == ib.i_data[i])
		i++;
	if (i < ia.i_size || i < ib.i_size) {
		image_notes(&ia, i, what, sizeof(what), 0);
		snprintf(why, size, "sizes %u and %u, the first difference is at %u (%s): %02x and %02x",
			 (unsigned)ia.i_size, (unsigned)ib.i_size, (unsigned)i, what,
			 i < ia.i_size ? ia.i_data[i] : 0, i < ib.i_size ? ib.i_data[i] : 0);
	} else {
		i = (size_t)-1;
	}
	munmap(ia.i_data, ia.i_size);
	munmap(ib.i_data, ib.i_size);
	return i == (size_t)-1 ? 0 : -1;
}

#endif
