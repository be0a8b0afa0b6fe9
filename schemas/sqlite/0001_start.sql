-- What nudged remembers. Times are seconds since 1970 (UTC) unless said.
-- Sealed columns: see nudge/seal.h. Marks: keyed hashes, 16 bytes.

CREATE TABLE environment (            -- the stamp: whose store this is
	title        TEXT PRIMARY KEY,
	production   INTEGER NOT NULL,
	organization TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE setting (
	name  TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE keyring (                -- keys that live as long as the store, wrapped by the store key
	name    TEXT PRIMARY KEY,
	wrapped BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE day_key (                -- one key for all that is erased on one day; destroyed with it
	day     INTEGER NOT NULL,         -- days since 1970
	turn    INTEGER NOT NULL,         -- counts store keys: what an earlier one wrapped is replaced by new keys
	wrapped BLOB NOT NULL,
	PRIMARY KEY (day, turn)
) STRICT, WITHOUT ROWID;

CREATE TABLE sender (
	id          INTEGER PRIMARY KEY,
	environment TEXT NOT NULL,
	application TEXT NOT NULL,        -- MSH-3.1
	facility    TEXT NOT NULL,        -- MSH-4.1
	UNIQUE (environment, application, facility)
) STRICT;

CREATE TABLE site (
	id    INTEGER PRIMARY KEY,
	title TEXT NOT NULL UNIQUE,
	held  INTEGER NOT NULL DEFAULT 0,  -- when a person held it; 0: not held
	who   TEXT NOT NULL DEFAULT ''     -- and who
) STRICT;

CREATE TABLE seen (                   -- what was answered, so that a resend gets the same
	id         INTEGER PRIMARY KEY,   -- rises with time
	sender     INTEGER NOT NULL,
	control_id TEXT NOT NULL,         -- MSH-10
	content    BLOB NOT NULL,         -- mark
	answered   INTEGER NOT NULL,
	condition  INTEGER NOT NULL,      -- table 0357; 0: accepted
	at         INTEGER NOT NULL,
	UNIQUE (sender, control_id, content)
) STRICT;

CREATE TABLE appointment (
	id             INTEGER PRIMARY KEY,
	sender         INTEGER NOT NULL,
	appointment_id TEXT NOT NULL,     -- SCH-2.1, or what identified it
	patient_number INTEGER NOT NULL,  -- 0, or within the group visit
	has_filler_id  INTEGER NOT NULL,
	site           INTEGER NOT NULL,
	patient        BLOB,              -- mark of PID-3
	generation     INTEGER NOT NULL,
	status         INTEGER NOT NULL,
	start          INTEGER,
	wall           TEXT,              -- of the clinic
	zone           TEXT NOT NULL,
	duration       INTEGER NOT NULL,
	language       TEXT NOT NULL,
	flags          INTEGER NOT NULL,  -- 1 deceased, 2 confidential, 4 left the site, 8 patient changed, 16 rebooked and told so,
	                                  -- what ADT changed: 32 death, 64 number, 128 merge
	consent        INTEGER NOT NULL,
	phone          BLOB,              -- sealed
	link           BLOB,              -- sealed
	sent_at        INTEGER,           -- MSH-7
	arrived        INTEGER NOT NULL,
	quarantine     INTEGER NOT NULL,
	erase_at       INTEGER NOT NULL,
	erased         INTEGER NOT NULL,
	phone_mark     BLOB,              -- finds a phone's appointments; goes with the number
	visit          BLOB,              -- mark of the visit type
	said           BLOB,              -- sealed: departments and visit types, as the site's patterns are tried on them
	place          BLOB,              -- sealed: time zones that the patient may be in
	number_no      INTEGER NOT NULL,  -- counts changes of the number
	modality       INTEGER NOT NULL,  -- 0 not known, 1 at the clinic, 2 by video, 3 by phone
	adult          BLOB,              -- sealed: the day on which a minor comes of age
	continues      INTEGER NOT NULL,  -- the canceled appointment that this one was booked in place of; or 0
	continued_by   INTEGER NOT NULL,  -- the same, seen from there
	person_at      INTEGER NOT NULL,  -- when the last message was sent that told of death or number; or 0
	phone_at       INTEGER NOT NULL,  -- when another number took the place of a known one; or 0
	prior          BLOB,              -- mark of PID-3 before two records were merged
	merged_at      INTEGER NOT NULL,  -- when that message was sent; or 0
	news_at        INTEGER NOT NULL,  -- when the last ADT came that changed something; or 0
	who            INTEGER NOT NULL,  -- 1 and the first of the mark's 16 bytes, kept when it is erased: tells many others apart, and
	                                  -- names nobody; 0 when the patient changed
	UNIQUE (sender, appointment_id, patient_number)
) STRICT;
-- What is erased and only reported: the oldest goes first, when its time is over.
CREATE INDEX appointment_over ON appointment (erase_at / 86400, id) WHERE erased = 1;


-- By what appointments and texts are found whose places here would be scattered over many pages: those of
-- appointments after setting 'filed' are in memory, see found.c.
CREATE TABLE found_patient (
	mark        BLOB NOT NULL,        -- appointment.patient
	appointment INTEGER NOT NULL,
	PRIMARY KEY (mark, appointment)
) STRICT, WITHOUT ROWID;

CREATE TABLE found_phone (
	mark        BLOB NOT NULL,        -- appointment.phone_mark
	appointment INTEGER NOT NULL,
	PRIMARY KEY (mark, appointment)
) STRICT, WITHOUT ROWID;

CREATE TABLE found_erase (            -- what is not erased yet
	day         INTEGER NOT NULL,     -- of at, since 1970
	appointment INTEGER NOT NULL,
	at          INTEGER NOT NULL,     -- appointment.erase_at
	PRIMARY KEY (day, appointment)
) STRICT, WITHOUT ROWID;

CREATE TABLE found_due (              -- pending texts
	span INTEGER NOT NULL,            -- of due, see STORE_DUE_SPAN_S
	text INTEGER NOT NULL,
	due  INTEGER NOT NULL,
	PRIMARY KEY (span, text)
) STRICT, WITHOUT ROWID;

CREATE TABLE alias (
	sender      INTEGER NOT NULL,
	alias       TEXT NOT NULL,
	appointment INTEGER NOT NULL,
	PRIMARY KEY (sender, alias)
) STRICT, WITHOUT ROWID;
CREATE INDEX alias_of ON alias (appointment);

CREATE TABLE text (
	id          INTEGER PRIMARY KEY,  -- appointment * 1024 + ordinal
	site        INTEGER NOT NULL,
	generation  INTEGER NOT NULL,
	kind        INTEGER NOT NULL,
	rule        TEXT NOT NULL,
	state       INTEGER NOT NULL,
	reason      INTEGER NOT NULL,
	planned     INTEGER NOT NULL,
	due         INTEGER NOT NULL,
	expires     INTEGER NOT NULL,
	start       INTEGER NOT NULL,
	fingerprint BLOB NOT NULL,
	repeat_id   TEXT,
	first_sent  INTEGER,
	boot_id     TEXT,
	attempts    INTEGER NOT NULL,
	unsure      INTEGER NOT NULL,
	number      TEXT,
	sender      TEXT,                 -- the number or name it went from
	gateway     TEXT,
	segments    INTEGER,
	sent        INTEGER,
	http_status INTEGER,
	code        TEXT,
	message_id  TEXT,
	config      INTEGER NOT NULL,     -- configuration under which it got its state: first 48 bits of its digest
	within      INTEGER,              -- armed: 1 within the organization's monthly_limit, 0 over it
	carrier     INTEGER,              -- the text that says what this one would have said
	report_code INTEGER,              -- the gateway's number in its delivery report
	words       INTEGER,              -- armed: the site's templates that it was written with, 48 bits of their digest
	number_no   INTEGER,              -- armed: appointment.number_no of that moment
	hours       INTEGER               -- 1: by the clinic's hours alone, the patient's had none in time
) STRICT;
-- Each index of this table costs each new text, also where it does not hold it: held, sending and unknown share one.
CREATE INDEX text_apart ON text (state, reason, site) WHERE state = 2 OR state = 3 OR state = 7;
CREATE INDEX text_held_over ON text (expires) WHERE state = 2;
CREATE INDEX text_carried ON text (carrier) WHERE carrier IS NOT NULL;
CREATE INDEX text_sent ON text (first_sent) WHERE first_sent IS NOT NULL;

CREATE TABLE body (                   -- what goes to the gateway, while it may have to go again
	text   INTEGER PRIMARY KEY,
	day    INTEGER NOT NULL,          -- whose key sealed it
	sealed BLOB NOT NULL
) STRICT;

CREATE TABLE report (                 -- texts whose delivery report is to be asked for
	text  INTEGER PRIMARY KEY,
	due   INTEGER NOT NULL,
	asked INTEGER NOT NULL            -- how often it was
) STRICT;
CREATE INDEX report_due ON report (due);

CREATE TABLE tally (                  -- how many texts are in which state
	site  INTEGER NOT NULL,
	state INTEGER NOT NULL,           -- 0: how many were ever planned
	n     INTEGER NOT NULL,
	PRIMARY KEY (site, state)
) STRICT, WITHOUT ROWID;

CREATE TABLE optout (                 -- outlives everything else about a patient
	organization TEXT NOT NULL,
	phone        BLOB NOT NULL,       -- mark under a key of its own
	source       TEXT NOT NULL,
	at           INTEGER NOT NULL,
	PRIMARY KEY (organization, phone)
) STRICT, WITHOUT ROWID;

CREATE TABLE lifted (                 -- opt-outs that ended here, until the gateway says that they ended there
	organization TEXT NOT NULL,
	phone        BLOB NOT NULL,       -- mark, as in optout
	sender       TEXT NOT NULL,       -- each of our numbers has a list of its own
	at           INTEGER NOT NULL,
	PRIMARY KEY (organization, phone, sender)
) STRICT, WITHOUT ROWID;

CREATE TABLE refused (                -- numbers that a gateway or a carrier called wrong; outlives the visit, for a while
	organization TEXT NOT NULL,
	phone        BLOB NOT NULL,       -- mark, as in optout
	cause        TEXT NOT NULL,       -- our word for what they said
	code         INTEGER NOT NULL,    -- the gateway's number in its report; 0: none
	at           INTEGER NOT NULL,
	PRIMARY KEY (organization, phone)
) STRICT, WITHOUT ROWID;

CREATE TABLE reconsent (              -- opt-outs that an administrator lifted, and on whose word
	id           INTEGER PRIMARY KEY,
	organization TEXT NOT NULL,
	phone        BLOB NOT NULL,       -- mark, as in optout
	at           INTEGER NOT NULL,
	admin        TEXT NOT NULL,       -- who typed it
	who          TEXT NOT NULL,       -- who heard the patient's consent
	said         TEXT NOT NULL,       -- when the patient gave it
	how          TEXT NOT NULL
) STRICT;

CREATE TABLE inbound (                -- texts from phones that were dealt with: a copy changes nothing
	message BLOB PRIMARY KEY,         -- mark
	at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX inbound_at ON inbound (at);

CREATE TABLE reply (                  -- what patients said; their words are not kept
	id          INTEGER PRIMARY KEY,  -- rises with time
	at          INTEGER NOT NULL,
	what        INTEGER NOT NULL,
	site        INTEGER NOT NULL,
	appointment INTEGER NOT NULL,     -- 0: of none that is known
	generation  INTEGER NOT NULL,     -- of the appointment's patient
	start       INTEGER NOT NULL      -- the visit's, as it was then
) STRICT;
CREATE INDEX reply_at ON reply (at);
CREATE INDEX reply_of ON reply (appointment) WHERE appointment <> 0;

CREATE TABLE response (               -- a text back to a phone that wrote; its row in text has id * 1024
	id           INTEGER PRIMARY KEY, -- from 2^50 on, apart from those of appointments
	at           INTEGER NOT NULL,
	organization TEXT NOT NULL,
	site         INTEGER NOT NULL,
	kind         INTEGER NOT NULL,
	appointment  INTEGER NOT NULL,    -- 0: about none
	start        INTEGER NOT NULL,
	language     TEXT NOT NULL,
	phone        BLOB,                -- sealed; gone when the text has ended
	phone_mark   BLOB,                -- counts a day's responses; gone a day later
	day          INTEGER NOT NULL     -- whose key sealed it
) STRICT;
CREATE INDEX response_phone ON response (phone_mark, id) WHERE phone_mark IS NOT NULL;
CREATE INDEX response_of ON response (appointment) WHERE appointment <> 0;
CREATE INDEX response_over ON response (at) WHERE phone IS NULL;

CREATE TABLE choice (                 -- the visits that a response offered by code
	response    INTEGER NOT NULL,
	code        INTEGER NOT NULL,     -- from 1
	appointment INTEGER NOT NULL,
	start       INTEGER NOT NULL,
	PRIMARY KEY (response, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE cap (                    -- texts to a number on one day of the clinic
	phone BLOB NOT NULL,              -- mark
	day   INTEGER NOT NULL,
	n     INTEGER NOT NULL,
	PRIMARY KEY (phone, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE usage (                  -- what an organization has used of its monthly_limit
	organization TEXT NOT NULL,
	month        INTEGER NOT NULL,    -- year * 12 + month - 1, UTC
	texts        INTEGER NOT NULL,
	segments     INTEGER NOT NULL,
	alarmed      INTEGER NOT NULL,    -- percent of the last alarm
	PRIMARY KEY (organization, month)
) STRICT, WITHOUT ROWID;

CREATE TABLE restored (               -- sends that the journal knows, of appointments that a restored store does not
	seq         INTEGER PRIMARY KEY,  -- the journal's
	visit       BLOB NOT NULL,        -- mark of the appointment and its patient
	kind        INTEGER NOT NULL,
	rule        TEXT NOT NULL,
	start       INTEGER NOT NULL,
	fingerprint BLOB NOT NULL,
	repeat_id   TEXT NOT NULL,
	at          INTEGER NOT NULL,
	segments    INTEGER NOT NULL,
	UNIQUE (visit, repeat_id, kind, rule, start)
) STRICT;

CREATE TABLE approval (
	site  INTEGER PRIMARY KEY,
	hash  BLOB NOT NULL,              -- of the terms
	who   TEXT NOT NULL,
	at    INTEGER NOT NULL,
	terms BLOB NOT NULL               -- what was approved, spelled out: it stays in force when the file says something else
) STRICT;

CREATE TABLE heard (                  -- the last message of each site, and of each environment those for no site
	environment TEXT NOT NULL,
	site        TEXT NOT NULL,        -- title, or ''
	at          INTEGER NOT NULL,     -- milliseconds
	msh         TEXT NOT NULL,        -- MSH-1 to MSH-18 without MSH-8, printable ASCII
	fate        INTEGER NOT NULL,     -- enum heard_fate
	reason      TEXT NOT NULL,
	facts       INTEGER NOT NULL,     -- enum heard_fact, a bit each
	PRIMARY KEY (environment, site)
) STRICT, WITHOUT ROWID;

CREATE TABLE feed (                   -- when a sender usually speaks, and when it did last
	environment TEXT NOT NULL,
	application TEXT NOT NULL,        -- as a site's sending_application has it, or 'other'
	rhythm      BLOB NOT NULL,        -- see nudge/rhythm.h: counts by hour of the week
	PRIMARY KEY (environment, application)
) STRICT, WITHOUT ROWID;

CREATE TABLE quarantine (
	id       INTEGER PRIMARY KEY,
	sender   INTEGER NOT NULL,
	site     TEXT NOT NULL,
	received INTEGER NOT NULL,
	boot     INTEGER NOT NULL,        -- the machine's start in which it came, while nobody vouched for the clock; 0: it was synchronised
	clock    INTEGER NOT NULL,        -- what received is ahead of that start's own clock, seconds
	reason   TEXT NOT NULL,
	segment  TEXT NOT NULL,
	field    INTEGER NOT NULL,
	place    INTEGER NOT NULL,        -- bytes from the message's start; -1: not known
	about    TEXT NOT NULL,           -- the appointment whose texts wait for it; or ''
	day      INTEGER NOT NULL,        -- whose key sealed it; erased when it is over
	raw      BLOB NOT NULL            -- sealed
) STRICT;
CREATE INDEX quarantine_day ON quarantine (day);

CREATE TABLE sample (                 -- the last messages of sites that are being learned
	id       INTEGER PRIMARY KEY,
	site     INTEGER NOT NULL,
	received INTEGER NOT NULL,
	boot     INTEGER NOT NULL,        -- these two as of quarantine
	clock    INTEGER NOT NULL,
	day      INTEGER NOT NULL,        -- whose key sealed it; erased when it is over
	raw      BLOB NOT NULL            -- sealed
) STRICT;
CREATE INDEX sample_site ON sample (site, id);
