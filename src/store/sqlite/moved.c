/* moved.c - messages that are kept so long since they came: when the clock was wrong then, they are moved along with it. */
// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite/sql.h"

#define ROWS 512        /* looked at in a portion */
#define BYTES (1 << 20) /* and sealed anew */
#define NOISE_S 120     /* clocks that differ by no more are one */
#define AHEAD_S 86400   /* what came later than this from now was dated by a clock that was wrong */

static const struct { enum statement list, move; const char *table; } kinds[] = {
	{ S_QUARANTINE_CAME, S_QUARANTINE_MOVE, "quarantine" }, { S_SAMPLE_CAME, S_SAMPLE_MOVE, "sample" } };

struct came { int64_t id, received_s, boot, offset_s; };

void
store_clock(struct store *s, int64_t boot, int64_t offset_s)
{
	int64_t step = offset_s - s->clock.offset_s;

	s->clock.boot = boot;
	s->clock.offset_s = offset_s;
	if (step < -NOISE_S || step > NOISE_S)
		s->next_erasure = 0; /* it was another clock's hint */
}

/* When it came, by the clock that counts now; false: as it is written. */
static bool
came_otherwise(const struct store_moving *m, struct came *c)
{
	bool ours = c->boot == m->boot, sound = m->sound_s > 0, other = ours && sound;
	int64_t step = m->offset_s - c->offset_s;

	if (ours && (step < -NOISE_S || step > NOISE_S)) {
		c->received_s += step;
		c->offset_s = m->offset_s;
		other = true;
	}
	if (sound && c->received_s > m->sound_s + AHEAD_S) {
		c->received_s = m->sound_s;
		other = true;
	}
	if (other && sound)
		c->boot = 0; /* whatever the clock does from now on */
	return other;
}

/* Its day is another, which has another key. */
static bool
move(struct store *s, size_t kind, const struct came *c, int64_t day, struct span sealed, struct fault *f)
{
	struct seal_where at = { kinds[kind].table, "raw", c->id };
	struct buf plain;
	sqlite3_stmt *q;
	bool ok, opened;

	ok = keys_open(s, at, sealed, &opened, f);
	if (!ok || !opened) /* damaged: it goes when its day is over */
		return ok;
	plain = s->scratch;
	buf_init(&s->scratch, plain.max);
	ok = keys_seal(s, day, at, buf_span(&plain), f);
	buf_wipe(&plain);
	if (!ok || !(q = sql_use(s, kinds[kind].move, f)))
		return false;
	(void)sqlite3_bind_int64(q, 1, c->id);
	(void)sqlite3_bind_int64(q, 2, c->received_s);
	(void)sqlite3_bind_int64(q, 3, c->boot);
	(void)sqlite3_bind_int64(q, 4, c->offset_s);
	(void)sqlite3_bind_int64(q, 5, day);
	sql_bind_blob(q, 6, s->scratch.p, s->scratch.n);
	return sql_do(s, q, "clock", f);
}

/* Some rows of one kind. */
static bool
portion(struct store *s, struct store_moving *m, bool *end, struct fault *f)
{
	sqlite3_stmt *list = sql_use(s, kinds[m->place].list, f);
	enum store_found found = STORE_FAILED;
	int64_t bytes = 0;
	bool ok = list != NULL;
	int rows = 0;

	if (!list)
		return false;
	(void)sqlite3_bind_int64(list, 1, m->after);
	(void)sqlite3_bind_int64(list, 2, ROWS);
	while (ok && bytes < BYTES && (found = sql_row(s->db, list, "clock", f)) == STORE_FOUND) {
		struct came c = { sqlite3_column_int64(list, 0), sqlite3_column_int64(list, 1), sqlite3_column_int64(list, 2),
			sqlite3_column_int64(list, 3) };
		struct span sealed;

		rows++;
		m->after = c.id;
		if (!came_otherwise(m, &c))
			continue;
		sealed = sql_blob(list, 4);
		bytes += (int64_t)sealed.n;
		ok = store_begin(s, f) && move(s, (size_t)m->place, &c, (c.received_s + m->keep_s[m->place]) / 86400, sealed, f);
	}
	(void)sqlite3_reset(list);
	*end = found == STORE_NONE && rows < ROWS;
	return ok && found != STORE_FAILED;
}

bool
store_move_kept(struct store *s, struct store_moving *m, bool *done, struct fault *f)
{
	bool end = true;

	*done = false;
	while (end && m->place < (int)(sizeof kinds / sizeof kinds[0])) {
		if (!portion(s, m, &end, f))
			return false;
		if (end) {
			m->after = 0;
			m->place++;
		}
	}
	*done = end;
	return true;
}
