/* SPDX-License-Identifier: MIT */
/*
 * Each saved field is described once, by a line in the table of its kind. A
 * kind is a structure of img_state.h. From the tables follow
 *
 *   img_fields.c            its bytes in the file, least sizes, its default
 *   img_check.c             its range, the order of first use
 *   tools/ckptool_walk.c    its name and value: json, diff
 *   tools/ckptool_format.c  the tables of ckpt(5)
 *
 * Rules between fields are C: a kind's k_check. A new field of a process is a
 * member of struct img_proc, a line in img_proc.c, a line that saves it and one
 * that restores it, and a line in docs/ckpt.5.
 *
 * A table has a section for each note that holds fields of the kind, in the
 * order of the file:
 *
 *   #define ITEM struct img_thing
 *   static const struct img_field fields[] = {
 *           NOTE(THINGS),
 *           F(U32, t_mode, "mode", BITS(07777)),
 *           F(INDEX, t_vnode, "vnode", OF(VNODE), USE, OPT),
 *           END
 *   };
 */
#ifndef CKPT_IMG_FIELD_H
#define CKPT_IMG_FIELD_H

#include "ckpt/image/image.h"
#include "ckpt/image/img_format.h"

struct imgx;
struct imgc;

/* T_LAST: the numbers, which may be arrays. */
enum img_type {
	T_U8,
	T_U16,
	T_U32,
	T_S32,
	T_INDEX, /* u32: of an item of a list of the image, or IMG_NONE */
	T_WORD,	 /* u32: 1, 2... that have names */
	T_U64,
	T_S64,
	T_LAST = T_S64,
	T_BYTES,
	T_TEXT,	  /* char[n]: a terminated string, zeros behind */
	T_STRING, /* const char * */
	T_QUEUE,  /* struct img_bytes */
	T_SUB,	  /* a structure, or an array of them */
	T_LIST,	  /* a pointer to items, counted by another field */
	/* an array of structures of which most are 0; the others stand in the
	   file, each behind its place (from 1); then a 0 */
	T_SPARSE,
	T_CALL, /* a function reads, writes and checks it */
	T_NOTE, /* a section begins */
	T_END
};

enum img_rule {
	R_ANY,
	R_MAX,	  /* at most f_arg */
	R_RANGE,  /* signed: from the low half of f_arg to the high half */
	R_BITS,	  /* no bit but those of f_arg */
	R_SOME,	  /* not 0 */
	R_ID,	  /* a user or a group: not -1 */
	R_PID,	  /* of a process or lwp */
	R_PID0,	  /* or 0 */
	R_PAGES,  /* at most f_arg, and whole pages */
	R_POS,	  /* below 2^63 */
	R_BLOCKS, /* a signal mask without SIGKILL and SIGSTOP */
	R_PATH	  /* begins with a slash */
};

/*
 * The lists of an image whose items have an index: X(name, the field that
 * counts the items, what is wrong if nothing names an item).
 */
#define IMG_LISTS(X)                                       \
	X(PROC, i_nproc, NULL)                             \
	X(VNODE, i_nvnode, "a vnode is of no use")         \
	X(FILE, i_nfile, "an open file has no descriptor") \
	X(PIPE, i_npipe, "a pipe is of no use")            \
	X(TTY, i_ntty, "a terminal is of no use")          \
	X(DATA, i_ndata, "a data object is of no use")
#define LISTID(name, count, unused) LIST_##name,
enum img_listid { IMG_LISTS(LISTID) LIST_COUNT };

struct img_field;

/* How ckptool shows an item. */
enum img_shape {
	SHAPE_OBJECT,
	SHAPE_FLAT,  /* its fields are its owner's */
	SHAPE_TUPLE, /* values without names */
	SHAPE_VALUE  /* its only field, without a name */
};

struct img_kind {
	/* name of an item in messages; NULL: owner and field say enough */
	const char *k_name;
	const struct img_field *k_fields;
	u32 k_size;
	enum img_shape k_shape;
	/* rules between fields */
	int (*k_check)(struct imgc *c, const void *item, u32 index);
};

typedef bool (*img_when)(const struct img_image *img, const void *item);

/*
 * One line of a table. The bits:
 *
 *   f_own_index   the rule's default is the item's own index
 *   f_opt         IMG_NONE is legal
 *   f_use         the uses name the items of the list in order: 0, 1, ...
 *   f_once        with f_use: and each item once
 *   f_any         where the field is absent, it may have any value
 *   f_gone        where the field is absent, it takes no room in the file
 *   f_rest        the array goes on to the end of the note
 *   f_again       the bytes of the field before, by another name
 *
 * and how ckptool shows the field:
 *
 *   f_hidden      not; of items: another section shows them
 *   f_nonzero     only if it is not zero
 *   f_shown       also where it is absent
 *   f_place       it tells a place in the file, not the state: diff skips it
 *   f_as_pid      an index, shown as the id of that process
 *   f_as_offset   a stored page, shown as its offset in the file
 *   f_label       it tells the item from the other items of its list
 *   f_in_hex      as a hexadecimal number
 */
struct img_field {
	u16 f_off, f_n;	   /* in the structure; elements or bytes */
	u16 f_count;	   /* place of the number of used elements; 0: all */
	u8 f_type, f_rule; /* enum img_type, enum img_rule */
	u8 f_note;	   /* T_NOTE: N_*; 0: the next fields are in no note */
	u8 f_own_index : 1, f_opt : 1, f_use : 1, f_once : 1;
	u8 f_any : 1, f_gone : 1, f_rest : 1, f_again : 1;
	u8 f_hidden : 1, f_nonzero : 1, f_shown : 1, f_place : 1;
	u8 f_as_pid : 1, f_as_offset : 1, f_label : 1, f_in_hex : 1;
	/* only with this feature, which an image needs if the field is not 0 */
	u16 f_feature;
	/* of the rule; T_LIST, T_QUEUE: most elements; T_INDEX: which list */
	u32 f_arg;
	u32 f_default;
	const char *f_name; /* as ckptool and ckpt(5) have it */
	union {
		const struct img_kind *kind;
		const char *const *words;
		void (*call)(struct imgx *x, void *item);
	} f_u;
	/* NULL: always. Where it is absent, it is 0 or IMG_NONE */
	img_when f_when;
};

#define SIZE_T_U8 1
#define SIZE_T_U16 2
#define SIZE_T_U32 4
#define SIZE_T_S32 4
#define SIZE_T_INDEX 4
#define SIZE_T_WORD 4
#define SIZE_T_U64 8
#define SIZE_T_S64 8

extern const u8 img_number_size[];

/* Offset of a member of so many bytes. */
#define AT(member, size) \
	(offsetof(ITEM, member) + 0 * sizeof(char[sizeof(((ITEM *)0)->member) == (size) ? 1 : -1]))
#define COUNT_OF(array) ARRAY_SIZE(((ITEM *)0)->array)

#define NOTE(note)                                   \
	{                                            \
		.f_type = T_NOTE, .f_note = N_##note \
	}
#define END                     \
	{                       \
		.f_type = T_END \
	}
/* A number. An array of numbers. */
#define F(type, member, name, ...)                                                                              \
	{                                                                                                       \
		.f_type = T_##type, .f_off = AT(member, SIZE_T_##type), .f_n = 1, .f_name = name, ##__VA_ARGS__ \
	}
#define ARRAY(type, member, name, ...)                                                     \
	{                                                                                  \
		.f_type = T_##type, .f_off = AT(member, SIZE_T_##type * COUNT_OF(member)), \
		.f_n = COUNT_OF(member), .f_name = name, ##__VA_ARGS__                     \
	}
#define STAMP(member, name, ...) \
	F(S64, member.ts_sec, name, ##__VA_ARGS__), F(U32, member.ts_ns, name "_ns", NANOSECONDS, ##__VA_ARGS__)
#define BYTES(member, name, ...)                                                  \
	{                                                                         \
		.f_type = T_BYTES, .f_off = offsetof(ITEM, member),               \
		.f_n = sizeof(((ITEM *)0)->member), .f_name = name, ##__VA_ARGS__ \
	}
#define TEXT(member, name, ...)                                                   \
	{                                                                         \
		.f_type = T_TEXT, .f_off = offsetof(ITEM, member),                \
		.f_n = sizeof(((ITEM *)0)->member), .f_name = name, ##__VA_ARGS__ \
	}
#define STRING(member, name, ...)                                                                                \
	{                                                                                                        \
		.f_type = T_STRING, .f_off = AT(member, sizeof(char *)), .f_n = 1, .f_name = name, ##__VA_ARGS__ \
	}
#define QUEUE(member, name, max)                                                            \
	{                                                                                   \
		.f_type = T_QUEUE, .f_off = AT(member, sizeof(struct img_bytes)), .f_n = 1, \
		.f_arg = max, .f_name = name                                                \
	}
#define SUB(member, name, kind_, ...)                                                       \
	{                                                                                   \
		.f_type = T_SUB, .f_off = offsetof(ITEM, member), .f_n = 1, .f_name = name, \
		.f_u.kind = &kind_, ##__VA_ARGS__                                           \
	}
#define SUBS(type, member, name, kind_, ...)                                                  \
	{                                                                                     \
		.f_type = T_##type, .f_off = offsetof(ITEM, member), .f_n = COUNT_OF(member), \
		.f_name = name, .f_u.kind = &kind_, ##__VA_ARGS__                             \
	}
#define LIST(member, count, name, kind_, max, ...)                                              \
	{                                                                                       \
		.f_type = T_LIST, .f_off = AT(member, sizeof(void *)), .f_count = AT(count, 4), \
		.f_arg = max, .f_name = name, .f_u.kind = &kind_, ##__VA_ARGS__                 \
	}
/* n bytes of the file that a function knows. */
#define CALL(fn, n, name)                                                                 \
	{                                                                                 \
		.f_type = T_CALL, .f_n = n, .f_name = name, .f_u.call = fn, .f_hidden = 1 \
	}

#define MAX_OF(n) .f_rule = R_MAX, .f_arg = n
#define RANGE(low, high) .f_rule = R_RANGE, .f_arg = (u16)(s16)(low) | (u32)(high) << 16
#define BITS(mask) .f_rule = R_BITS, .f_arg = mask
#define NANOSECONDS MAX_OF(999999999u)
#define FLAG MAX_OF(1)
#define RULE(name) .f_rule = R_##name
#define PAGES_TO(max) .f_rule = R_PAGES, .f_arg = max
#define WORDS(names) .f_u.words = names, .f_arg = ARRAY_SIZE(names) - 1
#define OF(list) .f_arg = LIST_##list
#define USED(count) .f_count = AT(count, 4)
#define DEFAULT(n) .f_default = n
#define WHEN(fn) .f_when = fn
#define WITH(feature) .f_feature = IMG_FEATURE_##feature
#define OWN_INDEX .f_own_index = 1
#define OPT .f_opt = 1
#define USE .f_use = 1
#define ONCE .f_once = 1
#define ANY .f_any = 1
#define GONE .f_gone = 1
#define REST .f_rest = 1
#define HIDDEN .f_hidden = 1
#define NONZERO .f_nonzero = 1
#define SHOWN .f_shown = 1
#define PLACE .f_place = 1
#define AS_PID .f_as_pid = 1
#define AS_OFFSET .f_as_offset = 1
#define LABEL .f_label = 1
#define IN_HEX .f_in_hex = 1
#define AGAIN .f_again = 1

/* For WHEN: the item, which is `it`, has the field. */
#define PRESENT(name, condition)                                        \
	static bool name(const struct img_image *img, const void *item) \
	{                                                               \
		const ITEM __attribute__((unused)) *it = item;          \
                                                                        \
		return condition;                                       \
	}

/* The kind of ITEM. A name is that of one item, in messages. */
#define KIND(fields, name, ...)                                                           \
	{                                                                                 \
		.k_fields = fields, .k_size = sizeof(ITEM), .k_name = name, ##__VA_ARGS__ \
	}
#define CHECK(fn) .k_check = fn
#define SHAPE(shape) .k_shape = SHAPE_##shape

/* The tables. */
extern const struct img_kind img_image_kind, img_proc_kind, img_lwp_kind, img_seg_kind,
	img_vnode_kind, img_file_kind, img_pipe_kind, img_data_kind, img_tty_kind, img_pty_kind,
	img_lock_kind, img_fd_kind, img_ptimer_kind, img_regs_kind, img_queue_kind, img_action_kind,
	img_mm_kind, img_run_kind, img_cow_kind;

/*
 * The first field of kind k in the note; they go on to T_NOTE or T_END. NULL:
 * no field of k is in the note. A table without sections is in each note that
 * its owner's table puts it in.
 */
const struct img_field *img_section(const struct img_kind *k, u32 note);
static inline bool img_section_ends(const struct img_field *f)
{
	return f->f_type >= T_NOTE;
}

/* The items of a T_LIST, T_SUB or T_SPARSE. */
static inline void *img_items(const struct img_field *f, const void *item)
{
	void *p = (u8 *)item + f->f_off;

	if (f->f_type == T_LIST)
		__builtin_memcpy(&p, p, sizeof(p));
	return p;
}

/* How many items there are, or elements of an array that are used. */
static inline u32 img_count(const struct img_field *f, const void *item)
{
	return f->f_count ? *(const u32 *)((const u8 *)item + f->f_count) : f->f_n;
}

/* Element i of a number; the sign is extended. */
static inline u64 img_value(const struct img_field *f, const void *item, u32 i)
{
	const u8 *p = (const u8 *)item + f->f_off + i * img_number_size[f->f_type];

	switch (f->f_type) {
	case T_U8: return *p;
	case T_U16: return *(const u16 *)p;
	case T_S32: return (u64)(s64) * (const s32 *)p;
	case T_U64:
	case T_S64: return *(const u64 *)p;
	default: return *(const u32 *)p;
	}
}

static inline bool img_present(const struct img_image *img, const struct img_field *f, const void *item)
{
	return !f->f_when || f->f_when(img, item);
}

bool img_zero(const void *p, u32 n);
u32 img_list_count(const struct img_image *img, enum img_listid list);

/*
 * Features whose notes hold something: those of notes that are there only then.
 */
u32 img_noted_features(const struct img_image *img);

/* The least bytes that an item takes in that note / in all of them. */
u32 img_least(const struct img_kind *k, u32 note);
u32 img_least_all(const struct img_kind *k);
/*
 * Gives n zeroed items their defaults. Is what a note holds of an item the
 * default?
 */
void img_set_defaults(const struct img_kind *k, void *items, u32 n);
bool img_is_default(const struct img_kind *k, u32 note, const void *item, u32 index);

/* Of items whose fields are numbers, bytes and strings. */
bool img_equal(const struct img_kind *k, const void *a, const void *b);

/* Writes, reads or measures what a note holds of an item. */
void imgx_fields(struct imgx *x, const struct img_kind *k, u32 note, void *item);

#endif
