/* SPDX-License-Identifier: MIT */
/*
 * Images that were made long ago (tests/golden/README.md) are read, and encoded again to the same bytes. Together they have every feature and
 * every note of the format.
 *
 * UNIT-NEEDS: python3
 * UNIT-SOURCES: ckpt/image/?*.c
 */
#include "tests/unit/image_io.h"

#include "ckpt/image/img_format.h"

#include <dirent.h>
#include <unistd.h>

#define UNPACK \
	"PYTHONPATH=tests python3 -B -c 'import sys; from harness import golden; golden.unpack_all(sys.argv[1])' %s"
#define NOTES (N_COUNT - 1u) /* KCKPT's, from NK(1) */

static char dir[] = "/tmp/golden-XXXXXX";
static u32 images, features;
static bool seen[NOTES + 1];

static void load(const char *path, struct memfile *f)
{
	FILE *in = fopen(path, "r");
	long size;

	*f = (struct memfile){ 0 };
	NEED(in && fseek(in, 0, SEEK_END) == 0 && (size = ftell(in)) > 0);
	f->size = (u64)size;
	f->data = malloc(f->size);
	rewind(in);
	NEED(f->data && fread(f->data, 1, f->size, in) == f->size);
	fclose(in);
}

/* Page n of the stored ones, as the file had it. */
static int write_page(struct img_writer *w, const struct memfile *from, u32 data_off, struct memfile *to, u64 n)
{
	u64 off = data_off + n * IMG_PAGE;

	if (off + IMG_PAGE > from->size || off + IMG_PAGE > to->size)
		return -EINVAL;
	memcpy(to->data + off, from->data + off, IMG_PAGE);
	return img_write_page(w, from->data + off);
}

/* Encodes what was read from f. */
static int encode(struct img_image *img, const struct memfile *f, struct memfile *to, struct img_err *err)
{
	u32 data_off = img->i_lo.lo_data_off, npages = img->i_lo.lo_npages;
	struct img_io io = memfile_io(to);
	struct img_writer w;
	int error = img_layout(img, err);

	if (error)
		return error;
	to->size = img->i_lo.lo_size;
	to->data = calloc(1, to->size);
	to->written = calloc(1, to->size / IMG_PAGE);
	error = img_write_begin(&w, img, &io);
	for (u32 i = 0; i < npages && !error; i++)
		error = write_page(&w, f, data_off, to, i);
	return error ? error : img_write_end(&w);
}

static u32 word(const struct memfile *f, u64 off)
{
	u32 value;

	NEED(off + sizeof(value) <= f->size);
	memcpy(&value, f->data + off, sizeof(value));
	return value;
}

/* Which notes and features it has, by the bytes alone. */
static void look(const struct memfile *f)
{
	u32 off = word(f, ELF_EHSIZE + 4), end = off + word(f, ELF_EHSIZE + 16);

	features |= word(f, off + NOTE_HEADER + 12);
	for (u32 size; off < end; off += NOTE_HEADER + (size + 3) / 4 * 4) {
		u32 type = word(f, off + 8) - NK(0);

		size = word(f, off + 4);
		if (type <= NOTES)
			seen[type] = true;
	}
}

static const char *wrong_with(const struct memfile *f, struct img_image *img)
{
	struct memfile again = { 0 };
	struct img_err err = { 0 };
	const char *what = NULL;

	if (encode(img, f, &again, &err) != 0)
		what = err.e_what ? err.e_what : "is not encoded";
	else if (again.size != f->size)
		what = "is encoded to another size";
	else if (memcmp(again.data, f->data, f->size) != 0)
		what = "is encoded to other bytes";
	memfile_free(&again);
	return what;
}

static void test_image(const char *path)
{
	struct img_image img;
	struct img_err err = { 0 };
	struct memfile f;
	const char *what;

	load(path, &f);
	if (read_file(&f, &img, &err) != 0)
		what = err.e_what;
	else
		what = verify_file(&f) == 0 ? wrong_with(&f, &img) : "has a page with another sum";
	img_free(&img);
	check(!what, path + sizeof(dir));
	if (what)
		printf("  %s, value %#x at %llu\n", what, err.e_val, (unsigned long long)err.e_off);
	look(&f);
	memfile_free(&f);
	images++;
}

static void test_batch(const char *batch)
{
	struct dirent **entry;
	char path[600];
	int n = scandir(batch, &entry, NULL, alphasort);

	NEED(n > 0);
	for (int i = 0; i < n; i++) {
		size_t len = strlen(entry[i]->d_name);

		snprintf(path, sizeof(path), "%s/%s", batch, entry[i]->d_name);
		if (len > 5 && strcmp(entry[i]->d_name + len - 5, "_ckpt") == 0)
			test_image(path);
		free(entry[i]);
	}
	free(entry);
}

static void test_batches(void)
{
	struct dirent **entry;
	char path[300];
	int n = scandir(dir, &entry, NULL, alphasort);

	NEED(n > 0);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry[i]->d_name);
		if (entry[i]->d_name[0] != '.')
			test_batch(path);
		free(entry[i]);
	}
	free(entry);
}

int main(void)
{
	char command[300];
	bool all = true;

	setvbuf(stdout, NULL, _IOLBF, 0);
	NEED(mkdtemp(dir));
	snprintf(command, sizeof(command), UNPACK, dir);
	NEED(system(command) == 0);
	test_batches();
	check(images > 0, "there are images");
	check(features == IMG_FEATURES, "every feature of the format is in one of them");
	for (u32 i = 1; i <= NOTES; i++) {
		all &= seen[i];
		if (!seen[i])
			printf("  note %u is in none\n", i);
	}
	check(all, "every note of the format is in one of them");
	check(mem_live == 0, "nothing leaks");
	snprintf(command, sizeof(command), "rm -r %s", dir);
	check(system(command) == 0, "nothing is left");
	return failed;
}
