/* rig_journal.h - a rig with a send journal, whose store can be put back from a copy. */
#ifndef RIG_JOURNAL_H
#define RIG_JOURNAL_H

#include <dirent.h>

#include "rig.h"

static char journal_folder[80];
static int settled;
static bool without; /* the same with a store that has no journal */

/* ---- the house with its journal ---- */

static void
begin_journal(struct rig *r)
{
	struct journal_setup s = { .directory = journal_folder, .retention_s = 35 * 86400, .now_s = now_s(&r->now) };
	struct fault f = { 0 };

	if (without) {
		sender(r, true);
		return;
	}
	engine_free(r->engine);
	if (!store_begin(r->store, &f) || !store_house(r->store, &s.house, &f) || !store_setting_get(r->store, "journal", &s.seq, &f) ||
	    !store_commit(r->store, &f) || !journal_open(&s, &r->journal, &r->journal_state, &f))
		fail_msg("%s", f.text);
	open_engine(r);
	sender(r, true);
}

static void
stop(struct rig *r)
{
	engine_free(r->engine);
	store_close(r->store);
	journal_close(r->journal);
	r->engine = NULL;
	r->store = NULL;
	r->journal = NULL;
}

static void
start(struct rig *r)
{
	open_store(r);
	open_engine(r); /* begin_journal() makes it again, with the journal */
	begin_journal(r);
}

static void
journalled_rig(struct rig *r, const char *more)
{
	settled = 0;
	rig_open(r, 6000, 0, more);
	(void)snprintf(journal_folder, sizeof journal_folder, "%s/journal", r->folder);
	begin_journal(r);
}

static void
empty_journal(void)
{
	DIR *d = opendir(journal_folder);

	for (struct dirent *x; d && (x = readdir(d));)
		(void)unlinkat(dirfd(d), x->d_name, 0);
	if (d)
		(void)closedir(d);
}

static void
end(struct rig *r)
{
	char path[160];

	empty_journal();
	(void)rmdir(journal_folder);
	(void)snprintf(path, sizeof path, "%s/backup", r->folder);
	(void)unlink(path);
	journal_close(r->journal);
	rig_close(r);
}

static void
copy(const char *from, const char *to)
{
	static char bytes[1 << 24];
	int a = open(from, O_RDONLY), b = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ssize_t n = a < 0 ? 0 : read(a, bytes, sizeof bytes);

	assert_true(a >= 0 && b >= 0 && n > 0 && n < (ssize_t)sizeof bytes && write(b, bytes, (size_t)n) == n);
	(void)close(a);
	(void)close(b);
}

static void
backup(struct rig *r)
{
	char from[160], to[160];

	(void)snprintf(from, sizeof from, "%s/nudge.db", r->folder);
	(void)snprintf(to, sizeof to, "%s/backup", r->folder);
	stop(r); /* the last to close moves the log into the database */
	copy(from, to);
	start(r);
}

static void
restore(struct rig *r)
{
	char from[160], to[160];

	(void)snprintf(from, sizeof from, "%s/backup", r->folder);
	(void)snprintf(to, sizeof to, "%s/nudge.db", r->folder);
	stop(r);
	copy(from, to);
	start(r);
}

static void
note_ok(void *ctx, const struct command *c)
{
	*(bool *)ctx = c->ok;
}

/* As nudgectl backup makes it, while the house goes on. */
static void
backup_online(struct rig *r)
{
	struct command *c = calloc(1, sizeof *c);
	bool ok = false;

	assert_non_null(c);
	c->kind = COMMAND_BACKUP;
	(void)snprintf(c->path, sizeof c->path, "%s/backup", r->folder);
	r->on_reply = note_ok;
	r->on_reply_ctx = &ok;
	(void)turn(r, NULL, NULL, &c->link);
	pass(r, 10);
	r->on_reply = NULL;
	holds("the copy is made", ok);
}

/* ---- what the gateway takes ---- */

/* Every job is taken by the gateway. */
static void
settle_all(struct rig *r)
{
	for (; settled < r->jobs_n; settled++)
		outcome(r, &r->jobs[settled % 256], OUTCOME_ACCEPTED, 202);
}

static void
live(struct rig *r, int64_t seconds)
{
	while (seconds > 0) {
		int64_t step = seconds < 600 ? seconds : 600;

		r->now.wall_ms += step * 1000;
		r->now.boot_ms += step * 1000;
		seconds -= step;
		(void)turn(r, NULL, NULL, NULL);
		settle_all(r);
	}
}

#endif
