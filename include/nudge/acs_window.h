/* nudge/acs_window.h - how long the gateway is trusted to recognise a repetition. */
#ifndef NUDGE_ACS_WINDOW_H
#define NUDGE_ACS_WINDOW_H

/* Seconds from first-sent in which a repeatability id is used again. The gateway
 * documents five minutes; a minute is kept for clocks and the way. */
#define ACS_WINDOW_S 240

#endif
