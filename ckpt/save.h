/* SPDX-License-Identifier: MIT */
/*
 * A save in progress: the members (the processes that are saved), what has been
 * gathered of them, and the objects that they share.
 *
 * A save runs in an lwp of the first member, while all other lwps of all members
 * stand at the boundary (proc_hold_await): so it needs no lock for what it reads.
 */
#ifndef CKPT_SAVE_H
#define CKPT_SAVE_H

#include "ckpt/ckpt.h"
#include "ckpt/objects.h"

/* One of the processes that are saved. */
struct ckpt_member {
	struct proc *cm_proc; /* a reference */
	u32 cm_next;	      /* in the chain of cs_bucket; IMG_NONE: the last */
	u32 cm_parent;	      /* the parent's place; IMG_NONE: the parent is no member */
	bool cm_held;
	bool cm_zombie;
	bool cm_barred; /* CKPTCTL_CAN: the caller may not save it, so nothing of it is told */
	struct img_proc *cm_img; /* its place in cs_img */
	struct fdtab *cm_fdtab;	 /* its descriptor table; NULL: a zombie */
	struct as *cm_as;  /* whose pages are stored: the process's own, or a copy-on-write copy */
	bool cm_copied;	   /* cm_as is a copy, to be released */
	u32 cm_cow_before; /* forked: pages copied on write before */
};

/* The contents of a file or of shared memory, or the bytes in a pipe. */
struct ckpt_data {
	bool cd_nameless; /* it has no name: no process outside of the image may have it */
	bool cd_open;	  /* its pages are the file's, which other processes may write meanwhile */
	struct page **cd_page; /* the stored pages, in order; a reference each */
	u32 cd_npage;
};

/* A file that was met by a path (known.c), and its place in i_vnode. */
struct ckpt_known {
	const struct vnode *ck_vp;
	char *ck_path; /* NULL: by none */
	u32 ck_index, ck_next;
};

#define CKPT_BUCKETS 256u

struct ckpt_save {
	struct ckpt_request *cs_req;
	struct lwp *cs_caller; /* the lwp that called ckpt(): sees 1 when restored; NULL: none */
	bool cs_copy;	       /* forked: what the members go on to change is copied */
	struct img_image cs_img;
	struct ckpt_member *cs_member; /* [0] is the process that was asked for */
	u32 cs_nmember;
	u32 cs_bucket[CKPT_BUCKETS]; /* the first members of the chains of members.c */
	struct ckpt_known *cs_known;
	u32 cs_nknown, cs_knownat[CKPT_BUCKETS];
	u64 cs_deadline; /* monotonic ns: until then the members are waited for */
	struct ckpt_objects cs_objects[CO_NCLASS];
	struct ckpt_data *cs_data; /* of each object of class CO_DATA */
	u32 cs_ndata;
	/* Of frames, while pages are listed; NULL: there is one process. */
	struct ckpt_owners *cs_owners;
	bool cs_jailed;		 /* a member has changed its root */
	/* The file that a seg mapped last by name, and its vnode in the image; NULL: none. */
	struct vnode *cs_mapped;
	u32 cs_mappedindex;
	struct vnode **cs_flush; /* files that the members have written; references */
	u32 cs_nflush;
};

/* CKPT_SELF: the contents of files are in the image too. */
static inline bool cs_self(const struct ckpt_save *cs)
{
	return (cs->cs_req->rq_flags & CKPT_SELF) != 0;
}

/*
 * The image is for these very processes, in place: what they share with other
 * processes is still there, and need not be in the image.
 */
static inline bool cs_in_place(const struct ckpt_save *cs)
{
	return (cs->cs_req->rq_flags & CKPT_INPLACE) != 0;
}

/* There will be no image: what could be refused is looked at, while the processes go on. */
static inline bool cs_look(const struct ckpt_save *cs)
{
	return (cs->cs_req->rq_flags & CKPT_LOOK) != 0;
}

/* The image holds the contents of what the members share, and is written. */
static inline bool cs_stores(const struct ckpt_save *cs)
{
	return !cs_in_place(cs) && !cs_look(cs);
}

/* What was left until a deadline at the one instant that the image shows: all clocks and timers in it agree. */
static inline u64 cs_left(const struct ckpt_save *cs, u64 deadline)
{
	return deadline > cs->cs_img.i_ident.id_mono_ns ? deadline - cs->cs_img.i_ident.id_mono_ns : 0;
}

/* Memory and descriptors that several members share are saved with the first of them. */
static inline bool cm_has_memory(const struct ckpt_save *cs, const struct ckpt_member *cm)
{
	return img_mem_of(&cs->cs_img, cm->cm_img) == cm->cm_img;
}
static inline bool cm_has_fds(const struct ckpt_save *cs, const struct ckpt_member *cm)
{
	return img_fds_of(&cs->cs_img, cm->cm_img) == cm->cm_img;
}

/* The open file at a place in i_file. */
static inline struct file *cs_file(const struct ckpt_save *cs, u32 place)
{
	return (struct file *)ckpt_object_at(cs, CO_FILE, place)->ob_ptr;
}

static inline const char *cs_name(const struct ckpt_save *cs)
{
	return cs->cs_member[0].cm_proc->p_comm;
}

/*
 * Room for one more behind the n elements of list, which may move. For lists that
 * begin empty and only grow.
 * Returns: NULL: no memory.
 */
void *ckpt_room(void *list, u32 n, u32 size);
#define CKPT_GROW(list, n)                                      \
	({                                                      \
		void *_l = ckpt_room(list, n, sizeof(*(list))); \
		_l ? ((list) = _l, &(list)[(n)++]) : NULL;      \
	})

/*
 * can.c. The image will depend on a file that it did not depend on before: for
 * CKPTCTL_VOLATILE.
 */
void ckpt_sink_file(const struct ckpt_save *cs, const struct vnode *vp, const char *path);
/* can.c. CKPTCTL_CAN: the number of obstacles; volatiles: CKPTCTL_VOLATILE, of files that a restart of the machine takes away. */
long ckpt_can(struct proc *p, uaddr_t buf, bool volatiles);

/*
 * tree.c. Fills cs_member with the current process, and with CKPT_TREE all its
 * descendants, zombies too, with CKPT_JOB its group, with CKPT_SESSION its
 * session, and holds them: all or none.
 * Errors: of may_save (-EPERM...); -EBUSY; -E2BIG; -ENOMEM; -EINTR, -ECANCELED,
 * -ETIMEDOUT: the wait was given up (logged).
 */
int ckpt_hold(struct ckpt_save *cs);
void ckpt_release(struct ckpt_save *cs);
/* The same for p; with CKPT_LOOK the processes are only found, and go on. */
int ckpt_find(struct ckpt_save *cs, struct proc *p);

/* members.c */
void ckpt_members_init(struct ckpt_save *cs);
/* Takes over the reference on p, also on failure. Errors: -ENOMEM, -E2BIG. */
int ckpt_member_add(struct ckpt_save *cs, struct proc *p, u32 parent);
/* Gives the reference up, and puts the last member in the place. */
void ckpt_member_drop(struct ckpt_save *cs, u32 i);
/* The place of p among the members; IMG_NONE: p is no member. */
u32 ckpt_place(const struct ckpt_save *cs, const struct proc *p);
static inline bool ckpt_is_member(const struct ckpt_save *cs, const struct proc *p)
{
	return ckpt_place(cs, p) != IMG_NONE;
}
/* Puts the members in the order of the image. Errors: -ENOMEM. */
int ckpt_members_order(struct ckpt_save *cs);

/* save.c */
struct ckpt_save *ckpt_save_make(struct ckpt_request *rq, struct lwp *caller);
void ckpt_save_free(struct ckpt_save *cs);
/* The state of the held members, all but which of their pages are stored. */
int ckpt_gather(struct ckpt_save *cs);
/* Which pages are stored. Each cm_as stands still. */
int ckpt_pages(struct ckpt_save *cs);
/*
 * Records in cm_img which earlier member shares cm's memory (cm_as) and descriptor
 * table (cm_fdtab). Refused: a process that is no member shares them, or a child of
 * cm would be missing.
 */
int ckpt_check_sharing(struct ckpt_save *cs, struct ckpt_member *cm);

/*
 * known.c. known: vp was met by this path before, and is vnode *index. know:
 * remembers it (-ENOMEM). forget: at the end of the save.
 */
bool ckpt_known(struct ckpt_save *cs, const struct vnode *vp, const char *path, u32 *index);
int ckpt_know(struct ckpt_save *cs, const struct vnode *vp, const char *path, u32 index);
void ckpt_forget(struct ckpt_save *cs);

/* flush.c. The file is flushed before the image gets its name. Errors: -ENOMEM. */
int ckpt_flush_later(struct ckpt_save *cs, struct vnode *vp);
/*
 * The same for a file that the members may write. All changes of its bytes from now
 * on are counted, so that a recovery sees them; call it before the file's attributes
 * are read.
 */
int ckpt_write_later(struct ckpt_save *cs, struct vnode *vp);

/* commit.c. Lays the image out and writes it under the request's name in rq_dvp, with its rights. */
int ckpt_commit(struct ckpt_save *cs, struct ckpt_stats *st);
void ckpt_commit_init(void);

/*
 * pages.c. The image's file being written: v_lock is held from begin to end
 * (fs/frames.h). Pages are only started, each offset once; their contents must not
 * change until the end, which waits for all, and returns the first error of any.
 * error: something else has failed already.
 */
struct ckpt_out;
int ckpt_out_begin(struct vnode *vp, struct ckpt_out **outp);
int ckpt_out_page(struct ckpt_out *out, u64 off, struct page *pg); /* the frame itself */
int ckpt_out_write(void *ctx, u64 off, const void *buf, u32 len); /* io_write of struct img_io: a copy */
int ckpt_out_end(struct ckpt_out *out, int error);

/*
 * fckpt.c. Makes a copy-on-write child that will go on with cs, and owns cs from its
 * start (lwp_start) on. The members are held.
 */
int fckpt(struct ckpt_save *cs, struct proc **childp);

#endif
