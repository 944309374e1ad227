/* SPDX-License-Identifier: MIT */
/* Actions and pending signals: fields and rules. */
#include "ckpt/image/img_check.h"

/* ABI value: linux-libc-dev's asm-generic/siginfo.h. */
#define SI_TIMER ((u32)-2)

#define ITEM struct img_sigaction
static const struct img_field action_fields[] = {
	F(U32, sa_handler, "handler"),
	F(U32, sa_flags, "flags"),
	F(U32, sa_restorer, "restorer"),
	F(U64, sa_mask, "mask", RULE(BLOCKS)),
	END,
};

static int check_action(struct imgc *c, const void *item, u32 index)
{
	if (SIG_BIT(index + 1) & SIG_UNBLOCKABLE)
		REQUIRE(img_zero(item, sizeof(ITEM)), "SIGKILL or SIGSTOP has an action", index + 1);
	return 0;
}

const struct img_kind img_action_kind = KIND(action_fields, "signal", CHECK(check_action));
#undef ITEM

#define ITEM struct img_siginfo
static const struct img_field siginfo_fields[] = {
	BYTES(si_word, "siginfo"),
	END,
};
static const struct img_kind siginfo_kind = KIND(siginfo_fields, NULL, SHAPE(VALUE));
#undef ITEM

#define ITEM struct img_sigqueue
static const struct img_field queue_fields[] = {
	F(U64, q_set, "pending"),
	F(U32, q_count, "queued", HIDDEN),
	LIST(q_info, q_count, "queue", siginfo_kind, IMG_MAX_PENDING),
	END,
};

/* At most one entry of each standard signal, beside those of timers. */
static int check_queue(struct imgc *c, const void *item, u32 index)
{
	const struct img_sigqueue *q = item;
	u64 seen = 0;

	for (u32 i = 0; i < q->q_count; i++) {
		u32 sig = q->q_info[i].si_word[0];
		bool timer = q->q_info[i].si_word[2] == SI_TIMER;

		REQUIRE(sig >= 1 && sig <= IMG_NSIG, "a queued signal is out of range", sig);
		REQUIRE(q->q_set & SIG_BIT(sig), "a queued signal is not pending", sig);
		REQUIRE(sig >= SIG_RTMIN || timer || !(seen & SIG_BIT(sig)), "a signal is queued twice", sig);
		seen |= timer ? 0 : SIG_BIT(sig);
	}
	return 0;
}

const struct img_kind img_queue_kind = KIND(queue_fields, NULL, SHAPE(FLAT), CHECK(check_queue));
#undef ITEM
