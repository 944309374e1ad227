/* SPDX-License-Identifier: MIT */
/*
 * A save in progress: the members (the processes that are saved), what has been
 * gathered of them, and the objects that they share.
 *
 * A save runs in an lwp of the first member, while all other lwps of all
 * members stand at the boundary (proc_hold_await): so it needs no lock for what
 * it reads.
 */
#ifndef CKPT_SAVE_H
#define CKPT_SAVE_H

#include "ckpt/ckpt.h"
#include "ckpt/objects.h"

/* One of the processes that are saved. */
struct ckpt_member {
	struct proc *cm_proc; /* a reference */
	u32 cm_next;	      /* next member in the hash chain, or IMG_NONE */
	u32 cm_parent;	      /* the parent's place; IMG_NONE: not a member */
	bool cm_held;
	bool cm_zombie;
	/*
	 * CKPTCTL_CAN: the caller may not save the process, so it is told
	 * nothing about it
	 */
	bool cm_barred;
	struct img_proc *cm_img; /* its place in cs_img */
	struct fdtab *cm_fdtab;	 /* its descriptor table; NULL: a zombie */
	/*
	 * The address space to store: the process's own, or a copy-on-write
	 * copy.
	 */
	struct as *cm_as;
	bool cm_copied;	   /* cm_as is a copy; release it */
	u32 cm_cow_before; /* forked: cow count when copied */
};

/* The contents of a file or of shared memory, or the bytes in a pipe. */
struct ckpt_data {
	/* The file has no name: no process outside of the image may have it */
	bool cd_nameless;
	/*
	 * The pages are the file's own: other processes may write them
	 * meanwhile.
	 */
	bool cd_open;
	struct page **cd_page; /* stored pages, in order; references */
	u32 cd_npage;
};

/*
 * A file that this save has met under a path (known.c), and its place in
 * i_vnode.
 */
struct ckpt_known {
	struct vnode *ck_vp; /* a reference */
	char *ck_path;	     /* NULL: it was met without one */
	u32 ck_index, ck_next;
};

#define CKPT_BUCKETS 256u

struct ckpt_how;

struct ckpt_save {
	struct ckpt_request *cs_req;
	/* The lwp that called ckpt(); gets 1 when restored. NULL: none. */
	struct lwp *cs_caller;
	/* The member itself asks for its checkpoint, not another process. */
	bool cs_itself;
	/* Forked checkpoint: pages are copied before members write them. */
	bool cs_copy;
	/*
	 * An image is written and kept, and relies on files: see
	 * ckpt_write_later().
	 */
	bool cs_kept;
	struct img_image cs_img;
	struct ckpt_member *cs_member; /* [0]: the process asked for */
	u32 cs_nmember;
	u32 cs_bucket[CKPT_BUCKETS]; /* heads of the chains of members.c */
	struct ckpt_known *cs_known;
	u32 cs_nknown, cs_knownat[CKPT_BUCKETS];
	u64 cs_deadline;	       /* monotonic ns: the end of waiting */
	const struct ckpt_how *cs_how; /* tree.c: how members are found */
	struct ckpt_objects cs_objects[CO_NCLASS];
	struct ckpt_data *cs_data; /* for each object of CO_DATA */
	u32 cs_ndata;
	/*
	 * Owners of frames, while pages are listed; NULL: there is one process.
	 */
	struct ckpt_owners *cs_owners;
	bool cs_jailed; /* a member has changed its root */
	/*
	 * The file that the last seg mapped by name, and its vnode in the
	 * image; NULL: none.
	 */
	struct vnode *cs_mapped;
	u32 cs_mappedindex;
	/* Files that members have written; references. */
	struct vnode **cs_flush;
	u32 cs_nflush;
};

/* CKPT_SELF: the contents of files are in the image too. */
static inline bool cs_self(const struct ckpt_save *cs)
{
	return (cs->cs_req->rq_flags & CKPT_SELF) != 0;
}

/*
 * The image is for these very processes, in place: objects that they share with
 * other processes still exist, and need not be in the image.
 */
static inline bool cs_in_place(const struct ckpt_save *cs)
{
	return (cs->cs_req->rq_flags & CKPT_INPLACE) != 0;
}

/*
 * refuse.c. Refuses a state because the image would lack an object that lies
 * outside of it.
 * Returns: as ckpt_refuse(), with -EOPNOTSUPP; 0 in place: the object still
 * exists.
 */
int ckpt_lacks(const struct ckpt_save *cs, const char *name, const char *fmt, ...) __printf(3, 4);

/*
 * Time left until a deadline, at the one instant that the image shows. So all
 * clocks and timers in the image agree.
 */
static inline u64 cs_left(const struct ckpt_save *cs, u64 deadline)
{
	return deadline > cs->cs_img.i_ident.id_mono_ns ? deadline - cs->cs_img.i_ident.id_mono_ns : 0;
}

/*
 * Does cm come first of the members that share its memory, or its descriptor
 * table? These are saved once, with that member.
 */
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
 * Room for one more element behind the n elements of list, which may move. For
 * lists that begin empty and only grow.
 * Returns: NULL: no memory.
 */
void *ckpt_room(void *list, u32 n, u32 size);
#define CKPT_GROW(list, n)                                      \
	({                                                      \
		void *_l = ckpt_room(list, n, sizeof(*(list))); \
		_l ? ((list) = _l, &(list)[(n)++]) : NULL;      \
	})

/*
 * can.c. The image will depend on this file, which it has not met before. Lists
 * it for CKPTCTL_VOLATILE if it lies in memory.
 */
void ckpt_sink_file(const struct ckpt_save *cs, const struct vnode *vp, const char *path);
/*
 * can.c. CKPTCTL_CAN; volatiles: CKPTCTL_VOLATILE.
 * Returns: the number of obstacles, or of files that a reboot removes.
 */
long ckpt_can(struct proc *p, uaddr_t buf, bool volatiles);

/*
 * tree.c. Fills cs_member and holds the members, all or none: the current
 * process; with CKPT_TREE its descendants, zombies too; with CKPT_JOB its
 * group; with CKPT_SESSION its session.
 * Errors: -EPERM...: the asker may not save a member; -EBUSY; -E2BIG; -ENOMEM;
 * -EINTR, -ECANCELED, -ETIMEDOUT: the wait was given up (logged).
 */
int ckpt_hold(struct ckpt_save *cs);
void ckpt_release(struct ckpt_save *cs);
/*
 * The same from p on, for CKPTCTL_CAN: the processes are only found, and go on
 * running. Does not wait.
 */
int ckpt_look(struct ckpt_save *cs, struct proc *p);

/* members.c */
void ckpt_members_init(struct ckpt_save *cs);
/* Takes over the reference on p, also on failure. Errors: -ENOMEM, -E2BIG. */
int ckpt_member_add(struct ckpt_save *cs, struct proc *p, u32 parent);
/* Drops the reference on member i. The last member moves to its place. */
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
#define CS_ITSELF 1u /* cs_itself */
#define CS_KEPT 2u   /* cs_kept */
struct ckpt_save *ckpt_save_make(struct ckpt_request *rq, struct lwp *caller, u32 flags);
void ckpt_save_free(struct ckpt_save *cs);
/*
 * Gathers the state of the held members, but for contents and pages. The table
 * of objects keeps its references: see ckpt_objects_drop().
 */
int ckpt_gather(struct ckpt_save *cs);
/* Gathers the bytes of shared objects: pipes, shared memory, unlinked files. */
int ckpt_contents(struct ckpt_save *cs);
/* Lists the pages to store. No cm_as changes meanwhile. */
int ckpt_pages(struct ckpt_save *cs);
/*
 * Records in cm_img which earlier member shares cm's memory (cm_as) and
 * descriptor table (cm_fdtab).
 * Errors: -EOPNOTSUPP (logged): a process that is no member shares one of them,
 * or a child of cm would be missing; -ENOMEM.
 */
int ckpt_check_sharing(struct ckpt_save *cs, struct ckpt_member *cm);

/*
 * known.c. ckpt_known(): has vp been met under this path? *index: its vnode.
 * ckpt_know() remembers that (-ENOMEM). ckpt_forget(): at the end of the save.
 */
bool ckpt_known(struct ckpt_save *cs, const struct vnode *vp, const char *path, u32 *index);
int ckpt_know(struct ckpt_save *cs, struct vnode *vp, const char *path, u32 index);
void ckpt_forget(struct ckpt_save *cs);

/*
 * flush.c. Has the file flushed before the image gets its name.
 * Errors: -ENOMEM.
 */
int ckpt_flush_later(struct ckpt_save *cs, struct vnode *vp);
/*
 * The same for a file that the members may write. From here on all changes of
 * its bytes are counted, so that a recovery notices them. Call it before the
 * file's attributes are read.
 * Errors: -ENOMEM; of vn_mark().
 */
int ckpt_write_later(struct ckpt_save *cs, struct vnode *vp);

/*
 * commit.c. Lays the image out, and writes it with the asker's rights under the
 * request's name in rq_dvp.
 */
int ckpt_commit(struct ckpt_save *cs, struct ckpt_stats *st);
void ckpt_commit_init(void);

/*
 * pages.c. Writing the image's file. ckpt_out_begin() locks v_lock,
 * ckpt_out_end() unlocks it (fs/frames.h). In between, writes are only started,
 * each offset once, and the pages must not change. ckpt_out_end() waits for all
 * of them.
 * error: something else has failed already.
 * Returns: ckpt_out_end(): the first error of all.
 */
struct ckpt_out;
int ckpt_out_begin(struct vnode *vp, struct ckpt_out **outp);
/* Writes the frame itself, without a copy. */
int ckpt_out_page(struct ckpt_out *out, u64 off, struct page *pg);
/* io_write of struct img_io: writes a copy. */
int ckpt_out_write(void *ctx, u64 off, const void *buf, u32 len);
int ckpt_out_end(struct ckpt_out *out, int error);

/*
 * fckpt.c. Makes a copy-on-write child that will go on with cs. The child owns
 * cs from its start (lwp_start) on. The members are held.
 */
int fckpt(struct ckpt_save *cs, struct proc **childp);

#endif
