/* top.c - the house while one watches it: what happens in a second, and what waits. */
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "nudge/clock.h"
#include "nudgectl/screen.h"

#define CLEAR "\033[?1049h\033[H\033[2J" /* a screen of its own, empty */
#define RESTORE "\033[?1049l"

static volatile sig_atomic_t stopped;

static void
on_signal(int sig)
{
	(void)sig;
	stopped = 1;
}

struct top {
	bool terminal, keys;     /* keys: of the keyboard one is taken at once */
	struct termios before;
	double every_s;
	json_t *last;            /* owned: what was before */
	double last_at_s;
};

static double
seconds_now(void)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the screen ---- */

static void
screen_begin(struct top *t)
{
	struct sigaction on = { .sa_handler = on_signal };
	struct termios raw;

	(void)sigaction(SIGINT, &on, NULL);
	(void)sigaction(SIGTERM, &on, NULL);
	if (!t->terminal)
		return;
	if (isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &t->before) == 0) {
		raw = t->before;
		raw.c_lflag &= (tcflag_t)~(ICANON | ECHO);
		t->keys = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
	(void)fputs(CLEAR, stdout);
}

static void
screen_end(struct top *t)
{
	if (t->keys)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &t->before);
	if (t->terminal)
		(void)fputs(RESTORE, stdout);
	(void)fflush(stdout);
}

static void
screen_size(const struct top *t, size_t *rows, size_t *columns)
{
	struct winsize w;

	*rows = SCREEN_ROWS;
	*columns = 80;
	if (t->terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row > 4 && w.ws_col > 20) {
		*rows = w.ws_row;
		*columns = w.ws_col;
	}
}

/* No row is wider than the screen, none is more than it has; what is beyond ASCII may be narrower than it looks. */
static void
show(const struct top *t, struct buf *text)
{
	size_t rows, columns, column = 0, row = 0;
	const char *p = buf_text(text);

	if (!t->terminal) {
		(void)fputs(p, stdout);
		(void)putchar('\n');
		(void)fflush(stdout);
		return;
	}
	screen_size(t, &rows, &columns);
	(void)fputs("\033[H", stdout);
	for (; *p && row + 1 < rows; p++) {
		if (*p == '\n') {
			(void)fputs("\033[K\n", stdout);
			row++;
			column = 0;
		} else if (column++ < columns - 1) {
			(void)putchar(*p);
		}
	}
	(void)fputs("\033[J", stdout);
	(void)fflush(stdout);
}

/* false: it is time to end. */
static bool
rest(const struct top *t, double seconds)
{
	struct pollfd p = { STDIN_FILENO, POLLIN, 0 };
	double end_s = seconds_now() + seconds, left_s;
	char key;

	while (!stopped && (left_s = end_s - seconds_now()) > 0) {
		int n = poll(&p, t->keys ? 1 : 0, (int)(left_s * 1000) + 1);

		if (n < 0 && errno != EINTR)
			return false;
		if (n <= 0)
			continue;
		if (read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q')
			return false;
		if (key == ' ' || key == '\n')
			break;
	}
	return !stopped;
}

/* ---- what happened since the last look ---- */

static long long
count(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static long long
arrived(const json_t *status)
{
	const json_t *m = json_object_get(status, "messages");

	return count(m, "accepted") + count(m, "duplicate") + count(m, "ignored") + count(m, "quarantined") + count(m, "refused");
}

/* Handed to the gateway, whatever became of them. */
static long long
left(const json_t *status)
{
	const json_t *t = json_object_get(status, "texts");

	return count(t, "sent") + count(t, "delivered") + count(t, "failed") + count(t, "unknown");
}

/* As "12.5/s"; "-" before there is something to compare with, and after nudged began anew. */
static const char *
rate(long long now, long long before, double seconds, char out[24])
{
	if (seconds < 0.05 || now < before)
		(void)snprintf(out, 24, "-");
	else
		(void)snprintf(out, 24, "%.1f/s", (double)(now - before) / seconds);
	return out;
}

static const json_t *
sender_before(const struct top *t, const json_t *now)
{
	json_t *x;
	size_t i;

	json_array_foreach(json_object_get(t->last, "senders"), i, x)
		if (strcmp(call_text(x, "environment"), call_text(now, "environment")) == 0 &&
		    strcmp(call_text(x, "application"), call_text(now, "application")) == 0)
			return x;
	return NULL;
}

static void
milliseconds(const json_t *s, const char *key, char out[24])
{
	const json_t *v = json_object_get(s, key);

	if (json_is_number(v))
		(void)snprintf(out, 24, "%.1f", json_number_value(v) * 1000);
	else
		(void)snprintf(out, 24, "-");
}

static void
add_senders(const struct top *t, struct buf *out, const json_t *status, double passed_s, size_t room)
{
	json_t *all = screen_senders(status), *s;
	size_t i, n = json_array_size(all);

	(void)buf_addf(out, "\n%-30s %10s %12s %7s %7s %7s\n", "SENDER", "ANSWERS", "LAST SEEN", "p50 ms", "p99 ms", "p99.9");
	json_array_foreach(all, i, s) {
		char name[160], per_s[24], ago[32], p50[24], p99[24], p999[24];
		const json_t *before = sender_before(t, s);

		if (i + 1 >= room && i + 1 < n) {
			(void)buf_addf(out, "and %zu more\n", n - i);
			break;
		}
		(void)snprintf(name, sizeof name, "%s/%s", call_text(s, "environment"), call_text(s, "application"));
		screen_ago(call_text(s, "last_seen"), clock_now().wall_ms / 1000, ago);
		milliseconds(s, "p50", p50);
		milliseconds(s, "p99", p99);
		milliseconds(s, "p999", p999);
		(void)buf_addf(out, "%-30.30s %10s %12s %7s %7s %7s\n", name,
		    rate(count(s, "answers"), before ? count(before, "answers") : 0, t->last ? passed_s : 0, per_s), ago, p50, p99, p999);
	}
	json_decref(all);
}

static void
compose(const struct top *t, struct buf *out, const json_t *status)
{
	double passed_s = t->last ? seconds_now() - t->last_at_s : 0;
	char in[24], gone[24], at[32];
	time_t now = (time_t)(clock_now().wall_ms / 1000);
	size_t rows, columns;
	struct tm local;

	screen_size(t, &rows, &columns);
	(void)strftime(at, sizeof at, "%Y-%m-%d %H:%M:%S", localtime_r(&now, &local));
	(void)buf_addf(out, "%s   messages %s   texts %s%s\n\n", at, rate(arrived(status), arrived(t->last), passed_s, in),
	    rate(left(status), left(t->last), passed_s, gone), t->keys ? "   q ends" : "");
	screen_traffic(out, status);
	add_senders(t, out, status, passed_s, rows > 20 ? rows / 3 - 2 : 4);
	(void)buf_add_char(out, '\n');
	screen_state(out, status, rows - 1, (int64_t)now);
}

static int
look(struct top *t, const struct call *c, bool shown)
{
	json_t *status = NULL;
	struct buf text;
	int rc = call_ask(c, json_pack("{s:s}", "command", "status"), &status);

	if (rc != 0)
		return rc;
	buf_init(&text, 1u << 20);
	if (shown) {
		compose(t, &text, status);
		show(t, &text);
	}
	buf_clear(&text);
	json_decref(t->last);
	t->last = status;
	t->last_at_s = seconds_now();
	return 0;
}

/* The number of an option; false: it is none that is right. */
static bool
number_of(struct call *c, const char *name, double standard, double least, double most, double *out)
{
	const char *text = call_option(c, name);
	char *end = NULL;

	*out = standard;
	if (!text || text[0] == '\0')
		return text != NULL;
	*out = strtod(text, &end);
	return *end == '\0' && *out >= least && *out <= most;
}

int
command_top(struct call *c)
{
	struct top t = { .terminal = isatty(STDOUT_FILENO) };
	double times;
	int rc;

	if (!number_of(c, "-n", t.terminal ? 0 : 1, 1, 1e9, &times) || !number_of(c, "-d", 2, 0.1, 3600, &t.every_s) || c->argc != 0 || c->json)
		return call_usage("top [-n COUNT] [-d SECONDS]    (0.1 to 3600)");
	rc = look(&t, c, false); /* what the first row of numbers is compared with */
	if (rc != 0)
		return rc;
	screen_begin(&t);
	if (t.terminal)
		rc = look(&t, c, true);
	for (double i = 0; rc == 0 && (times == 0 || i < times) && rest(&t, t.every_s); i++)
		rc = look(&t, c, true);
	screen_end(&t);
	if (rc != 0 && t.terminal) /* what was said of it went with the screen */
		(void)fputs("nudgectl: nudged does not answer any more; nudgectl status says why\n", stderr);
	json_decref(t.last);
	return rc;
}
