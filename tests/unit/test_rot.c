/* test_rot.c - bits that flipped on the disk: a page of the database, a frame of the log. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "rig.h"

#define PAGE 4096
#define FRAME (24 + PAGE)
#define LOG_HEAD 32

struct bytes {
	char *p;
	size_t n;
};

static struct bytes
read_whole(const char *folder, const char *name)
{
	char path[160];
	struct stat st;
	struct bytes b;
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	b = (struct bytes){ malloc((size_t)st.st_size + 1), (size_t)st.st_size };
	assert_non_null(b.p);
	assert_int_equal(fread(b.p, 1, b.n, f), b.n);
	(void)fclose(f);
	return b;
}

static void
write_whole(const char *folder, const char *name, struct bytes b)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
	(void)fclose(f);
	assert_int_equal(chmod(path, 0600), 0);
}

/* A house with some visits; what lay on its disk when it was killed. */
static void
lived(struct rig *r, struct bytes *db, struct bytes *log)
{
	char id[8];

	rig_open(r, 6000, 0, "");
	for (int i = 0; i < 8; i++) {
		(void)snprintf(id, sizeof id, "A%d", i);
		(void)tell(r, (struct say){ .id = id, .phone = "+16085550123", .in_s = 200000 + i * 3600 });
	}
	*db = read_whole(r->folder, "nudge.db");
	*log = read_whole(r->folder, "nudge.db-wal");
}

static const uint8_t key[SEAL_KEY_BYTES] = { 7 };

/* The disk holds this; does the store open on it? */
static bool
opens(struct rig *r, struct bytes db, struct bytes log, struct fault *f)
{
	struct store_setup s = { .directory = r->folder, .key = key, .conf = r->rules->conf, .now_s = now_s(&r->now) };
	char shm[160];
	bool ok;

	(void)snprintf(shm, sizeof shm, "%s/nudge.db-shm", r->folder);
	(void)unlink(shm);
	write_whole(r->folder, "nudge.db", db);
	write_whole(r->folder, "nudge.db-wal", log);
	memset(f, 0, sizeof *f);
	ok = store_open(&s, &r->store, f);
	if (!ok)
		r->store = NULL;
	return ok;
}

static void
shut(struct rig *r)
{
	engine_free(r->engine);
	store_close(r->store);
	r->engine = NULL;
	r->store = NULL;
}

TEST(a_flipped_bit_in_any_page_is_noticed)
{
	struct rig r;
	struct bytes db, log;
	struct backup_seen seen;
	struct fault f = { 0 };
	char path[160];

	lived(&r, &db, &log);
	shut(&r); /* all of it goes into the database */
	free(db.p);
	db = read_whole(r.folder, "nudge.db");
	same_int("pages", db.n % PAGE, 0);
	(void)snprintf(path, sizeof path, "%s/nudge.db", r.folder);
	if (!store_backup_check(path, key, 0, &seen, &f))
		fail_msg("whole: %s", f.text);
	for (size_t page = 0; page < db.n / PAGE; page++) {
		size_t at = page * PAGE + (page * 613 + 41) % PAGE;

		db.p[at] = (char)(db.p[at] ^ 0x10);
		write_whole(r.folder, "nudge.db", db);
		if (store_backup_check(path, key, 0, &seen, &f))
			fail_msg("a bit of page %zu flipped, and nobody noticed", page + 1);
		db.p[at] = (char)(db.p[at] ^ 0x10);
	}
	free(db.p);
	free(log.p);
	rig_close(&r);
}

TEST(a_damaged_log_is_not_taken_for_a_cut_one)
{
	struct rig r;
	struct bytes db, log;
	struct fault f;
	size_t frames;

	lived(&r, &db, &log);
	frames = (log.n - LOG_HEAD) / FRAME;
	shut(&r);
	holds("many commits", frames > 20);
	holds("whole", opens(&r, db, log, &f));
	store_close(r.store);
	for (size_t i = 0; i < frames / 2; i += 3) { /* each with whole commits behind it */
		size_t at = LOG_HEAD + i * FRAME + 24 + 100;

		log.p[at] = (char)(log.p[at] ^ 4);
		holds("damage is not opened", !opens(&r, db, log, &f));
		same_int("a person must act", f.kind, FAULT_OPERATOR);
		log.p[at] = (char)(log.p[at] ^ 4);
	}
	log.p[20] = (char)(log.p[20] ^ 4);
	holds("nor a head", !opens(&r, db, log, &f));
	log.p[20] = (char)(log.p[20] ^ 4);
	/* As a cut leaves it: the last commit torn, or the rest not there. */
	log.p[LOG_HEAD + (frames - 1) * FRAME + 30] = (char)(log.p[LOG_HEAD + (frames - 1) * FRAME + 30] ^ 4);
	holds("a torn end is no damage", opens(&r, db, log, &f));
	store_close(r.store);
	log.n -= FRAME * 3 + 700;
	holds("nor is a short one", opens(&r, db, log, &f));
	store_close(r.store);
	log.n = 0;
	holds("nor none", opens(&r, db, log, &f));
	free(db.p);
	free(log.p);
	rig_close(&r);
}

static bool
is_commit(struct bytes log, size_t i)
{
	static const char none[4];

	return memcmp(log.p + LOG_HEAD + i * FRAME + 4, none, 4) != 0;
}

/* Of a torn write the first half of a head may be what was written there before another cut, and say that it commits. */
TEST(a_head_torn_in_its_middle_is_no_damage)
{
	struct rig r;
	struct bytes db, log;
	struct fault f;
	size_t tried = 0, whole;

	lived(&r, &db, &log);
	shut(&r);
	whole = log.n;
	for (size_t i = 1; i + 2 < (whole - LOG_HEAD) / FRAME; i++) {
		size_t at = LOG_HEAD + i * FRAME, end = i + 1;

		if (is_commit(log, i) || is_commit(log, i + 1))
			continue;
		while (end < (whole - LOG_HEAD) / FRAME && !is_commit(log, end))
			end++;
		log.n = LOG_HEAD + end * FRAME; /* the commit that it belongs to never came to its end */
		log.p[at + 7] = 1;
		if (at / 512 != (at + 23) / 512) {
			tried++;
			holds("torn", opens(&r, db, log, &f));
			store_close(r.store);
		} else if (i % 7 == 0) {
			holds("rotted: what is in one sector is of one moment", !opens(&r, db, log, &f));
		}
		log.p[at + 7] = 0;
	}
	holds("some heads lie in two sectors", tried > 0);
	free(db.p);
	free(log.p);
	rig_close(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(a_flipped_bit_in_any_page_is_noticed), RUN(a_damaged_log_is_not_taken_for_a_cut_one),
		RUN(a_head_torn_in_its_middle_is_no_damage) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
