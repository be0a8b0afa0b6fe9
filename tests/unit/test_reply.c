/* test_reply.c - what patients write, and what it must be taken for. */
// SPDX-License-Identifier: Apache-2.0
#include "unit.h"

#include "nudge/reply.h"

static const struct {
	const char *text;
	enum reply what;
} rows[] = {
	/* the words that carriers and the FCC name, in any case, with signs and courtesies around them */
	{ "STOP", REPLY_STOP }, { "stop", REPLY_STOP }, { "Stop", REPLY_STOP }, { "sToP", REPLY_STOP }, { " STOP ", REPLY_STOP },
	{ "STOP.", REPLY_STOP }, { "STOP!!!", REPLY_STOP }, { "\"STOP\"", REPLY_STOP }, { "'stop'", REPLY_STOP }, { "Stop\n", REPLY_STOP },
	{ "Stop. Thank you", REPLY_STOP }, { "STOP please", REPLY_STOP }, { "Please stop", REPLY_STOP }, { "pls STOP", REPLY_STOP },
	{ "STOPALL", REPLY_STOP }, { "stop all", REPLY_STOP }, { "UNSUBSCRIBE", REPLY_STOP }, { "Unsubscribe me", REPLY_STOP },
	{ "CANCEL", REPLY_STOP }, { "Cancel please", REPLY_STOP }, { "END", REPLY_STOP }, { "end.", REPLY_STOP }, { "QUIT", REPLY_STOP },
	{ "quit!", REPLY_STOP }, { "REVOKE", REPLY_STOP }, { "I revoke my consent", REPLY_STOP }, { "OPTOUT", REPLY_STOP },
	{ "OPT OUT", REPLY_STOP }, { "opt-out", REPLY_STOP }, { "Opt out please", REPLY_STOP }, { "I want to opt out", REPLY_STOP },
	/* any reasonable means */
	{ "STOOOOP", REPLY_STOP }, { "S T O P", REPLY_STOP }, { "St0p", REPLY_STOP }, { "sotp", REPLY_STOP }, { "Stopp", REPLY_STOP },
	{ "\xef\xbc\xb3\xef\xbc\xb4\xef\xbc\xaf\xef\xbc\xb0", REPLY_STOP }, { "STOP \xf0\x9f\x98\xa1", REPLY_STOP },
	{ "unsuscribe", REPLY_STOP }, { "stop texting me", REPLY_STOP }, { "Please stop sending me these messages", REPLY_STOP },
	{ "Can you stop these texts?", REPLY_STOP }, { "I said STOP already", REPLY_STOP }, { "how do I make it stop", REPLY_STOP },
	{ "I want this to stop", REPLY_STOP }, { "do not text me again", REPLY_STOP }, { "Don't text this number", REPLY_STOP },
	{ "don\xe2\x80\x99t contact me", REPLY_STOP }, { "remove me from your list", REPLY_STOP }, { "Take me off this list!", REPLY_STOP },
	{ "no more texts", REPLY_STOP }, { "No more", REPLY_STOP }, { "leave me alone", REPLY_STOP }, { "lose my number", REPLY_STOP },
	{ "I no longer wish to receive texts", REPLY_STOP }, { "Reply STOP", REPLY_STOP }, { "Reply STOP to opt out", REPLY_STOP },
	{ "stop it", REPLY_STOP }, { "Cancel my reminders", REPLY_STOP }, { "ok stop", REPLY_STOP }, { "hi, stop", REPLY_STOP },
	{ "stop my appointment reminders", REPLY_STOP }, { "yes stop", REPLY_STOP }, { "Stop. Yes I will come", REPLY_STOP },
	{ "START no STOP", REPLY_STOP }, { "cancel it", REPLY_STOP },
	/* Spanish and French */
	{ "ALTO", REPLY_STOP }, { "alto por favor", REPLY_STOP }, { "PARAR", REPLY_STOP }, { "Pare", REPLY_STOP },
	{ "NO MAS", REPLY_STOP }, { "no m\xc3\xa1s", REPLY_STOP }, { "No m\xc3\xa1s mensajes por favor", REPLY_STOP }, { "BAJA", REPLY_STOP },
	{ "Quiero darme de baja", REPLY_STOP }, { "CANCELAR", REPLY_STOP }, { "no me manden mensajes", REPLY_STOP },
	{ "dejen de escribirme", REPLY_STOP }, { "Basta", REPLY_STOP }, { "para", REPLY_STOP }, { "ya no mas", REPLY_STOP },
	{ "ARRET", REPLY_STOP }, { "arr\xc3\xaat", REPLY_STOP }, { "Arr\xc3\xaatez svp", REPLY_STOP }, { "ANNULER", REPLY_STOP },
	{ "stop merci", REPLY_STOP }, { "D\xc3\xa9sabonnement", REPLY_STOP }, { "me d\xc3\xa9sabonner", REPLY_STOP },
	{ "ne m'envoyez plus de messages", REPLY_STOP }, { "FIN", REPLY_STOP }, { "plus de sms svp", REPLY_STOP },
	/* no opting out: nothing that is about the visit, the bus, or the day */
	{ "don't stop", REPLY_UNKNOWN }, { "Please do not stop the texts", REPLY_UNKNOWN }, { "never stop", REPLY_UNKNOWN },
	{ "I'll stop by at 3", REPLY_UNKNOWN }, { "Stop by on Thursday?", REPLY_UNKNOWN }, { "which bus stop", REPLY_UNKNOWN },
	{ "should I stop taking metformin before?", REPLY_UNKNOWN }, { "can't stop coughing", REPLY_UNKNOWN },
	{ "at the end of the day?", REPLY_UNKNOWN }, { "End of month is better", REPLY_UNKNOWN },
	{ "I quit my job, is my insurance ok", REPLY_UNKNOWN }, { "nonstop pain", REPLY_UNKNOWN },
	{ "is there a cancel fee", REPLY_UNKNOWN }, { "did you cancel my appointment?", REPLY_UNKNOWN },
	{ "Don't cancel my appointment", REPLY_UNKNOWN }, { "no cancelen mi cita", REPLY_UNKNOWN },
	{ "llego no mas tarde de las 9", REPLY_UNKNOWN }, { "es para mi hijo", REPLY_UNKNOWN }, { "Estoy en alto riesgo", REPLY_UNKNOWN },
	/* what a phone sends by itself when somebody likes a text of ours, or sends it back */
	{ "Liked \xe2\x80\x9cLamna Healthcare: reminder of your visit. Reply STOP to opt out.\xe2\x80\x9d", REPLY_NOTHING },
	{ "\xf0\x9f\x91\x8d to \xe2\x80\x9cLamna: reminder of your visit. Reply STOP to opt out\xe2\x80\x9d", REPLY_NOTHING },
	{ "A aim\xc3\xa9 \xc2\xab\xc2\xa0Lamna : rappel de votre rendez-vous. R\xc3\xa9pondez STOP\xc2\xa0\xc2\xbb", REPLY_NOTHING },
	{ "Lamna Healthcare: reminder of your visit on Monday at 9:00 AM. Questions? Call 608-271-9000. Reply STOP to opt out.",
		REPLY_NOTHING },
	{ "Please stop: \xe2\x80\x9cLamna Healthcare: reminder of your visit\xe2\x80\x9d", REPLY_STOP },
	{ "", REPLY_NOTHING }, { "   ", REPLY_NOTHING }, { "...", REPLY_NOTHING }, { "\xff\xfe", REPLY_NOTHING },
	{ "Gef\xc3\xa4llt \xe2\x80\x9eLamna: reminder of your visit. Reply STOP\xe2\x80\x9c", REPLY_NOTHING },
	{ "Liked \xe2\x80\x9cLamna\nreminder of\nyour visit\nReply STOP to opt out\xe2\x80\x9d", REPLY_NOTHING },
	{ "Liked \xe2\x80\x9cLamna Healthcare: reminder of your visit. Reply STOP", REPLY_NOTHING }, /* cut off by the phone */
	{ "\xf0\x9f\x91\x8d \xe2\x80\x9cLamna: reminder of your visit\xe2\x80\x9d", REPLY_NOTHING },
	{ "Lamna reminder of your visit on Monday at nine. Reply STOP to opt out of these texts from our clinic at any time", REPLY_NOTHING },
	/* spelled as keyboards of other languages have it */
	{ "\xef\xbd\xa6 stop", REPLY_STOP }, { "\xc2\xaa stop", REPLY_STOP }, { "\xc5\xa1 stop", REPLY_STOP },
	{ "don\xe2\x80\x98t contact me", REPLY_STOP }, { "don\xca\xbct contact me", REPLY_STOP }, { "don\xc2\xb4t contact me", REPLY_STOP },
	{ "don`t contact me", REPLY_STOP }, { "arre\xcc\x82t", REPLY_STOP }, { "ST\xe2\x80\x8dOP", REPLY_STOP },
	{ "S T O P please", REPLY_STOP }, { "I WILL STOP AT THE DESK", REPLY_UNKNOWN }, { "mon c\xc5\x93ur", REPLY_UNKNOWN },
	{ "\xc5\x92UVRE", REPLY_UNKNOWN },
	{ "a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p q r s t u v w x y z", REPLY_UNKNOWN },
	/* texts again */
	{ "START", REPLY_START }, { "start.", REPLY_START }, { "Start please", REPLY_START }, { "UNSTOP", REPLY_START },
	{ "opt in", REPLY_START }, { "start texting me again", REPLY_START }, { "SUBSCRIBE", REPLY_START }, { "INICIAR", REPLY_START },
	{ "comenzar", REPLY_START }, { "alta", REPLY_START }, { "d\xc3\xa9marrer", REPLY_START }, { "REPRENDRE", REPLY_START },
	{ "don't start", REPLY_UNKNOWN }, { "When does it start", REPLY_UNKNOWN }, { "start over please from monday", REPLY_UNKNOWN },
	/* help */
	{ "HELP", REPLY_HELP }, { "help!", REPLY_HELP }, { "Info", REPLY_HELP }, { "help please", REPLY_HELP }, { "AYUDA", REPLY_HELP },
	{ "Aide", REPLY_HELP }, { "i need help getting there", REPLY_UNKNOWN },
	/* the visit */
	{ "C", REPLY_CONFIRM }, { "c", REPLY_CONFIRM }, { "c.", REPLY_CONFIRM }, { "1", REPLY_CONFIRM }, { "1.", REPLY_CONFIRM },
	{ "(1)", REPLY_CONFIRM }, { "Confirm", REPLY_CONFIRM }, { "CONFIRMED", REPLY_CONFIRM }, { "I confirm", REPLY_CONFIRM },
	{ "Yes", REPLY_CONFIRM }, { "yes, thank you!", REPLY_CONFIRM }, { "Yes I will be there", REPLY_CONFIRM }, { "Y", REPLY_CONFIRM },
	{ "OK", REPLY_CONFIRM }, { "ok thanks", REPLY_CONFIRM }, { "I'll be there", REPLY_CONFIRM }, { "see you then", REPLY_CONFIRM },
	{ "Yes, see you on Monday", REPLY_CONFIRM }, { "confirming my appointment", REPLY_CONFIRM }, { "\xf0\x9f\x91\x8d", REPLY_CONFIRM },
	{ "S\xc3\xad", REPLY_CONFIRM }, { "si gracias", REPLY_CONFIRM }, { "Confirmo mi cita", REPLY_CONFIRM }, { "confirmado", REPLY_CONFIRM },
	{ "Ah\xc3\xad estar\xc3\xa9", REPLY_CONFIRM }, { "Oui", REPLY_CONFIRM }, { "oui merci", REPLY_CONFIRM }, { "d'accord", REPLY_CONFIRM },
	{ "Je confirme mon rendez-vous", REPLY_CONFIRM }, { "Y E S", REPLY_CONFIRM },
	{ "N", REPLY_DECLINE }, { "n.", REPLY_DECLINE }, { "9", REPLY_DECLINE }, { "No", REPLY_DECLINE }, { "no, sorry", REPLY_DECLINE },
	{ "I can't make it", REPLY_DECLINE }, { "Sorry, can\xe2\x80\x99t come", REPLY_DECLINE }, { "I won't be able to come", REPLY_DECLINE },
	{ "cancel my appointment", REPLY_DECLINE }, { "Please cancel my appt on Monday", REPLY_DECLINE },
	{ "I need to cancel", REPLY_DECLINE }, { "i need to reschedule", REPLY_DECLINE }, { "No puedo ir", REPLY_DECLINE },
	{ "Cancelar mi cita", REPLY_DECLINE }, { "necesito cancelar", REPLY_DECLINE }, { "no podr\xc3\xa9 asistir", REPLY_DECLINE },
	{ "Non", REPLY_DECLINE }, { "je ne peux pas venir", REPLY_DECLINE }, { "annuler mon rendez-vous", REPLY_DECLINE },
	{ "I won't be late", REPLY_UNKNOWN }, { "Yes but can I come at 4?", REPLY_UNKNOWN }, { "yes no", REPLY_UNKNOWN },
	{ "C N", REPLY_UNKNOWN }, { "not sure", REPLY_UNKNOWN }, { "12", REPLY_UNKNOWN }, { "1 2", REPLY_UNKNOWN }, { "911", REPLY_UNKNOWN },
	{ "where do I park?", REPLY_UNKNOWN }, { "thank you", REPLY_UNKNOWN }, { "I have chest pain", REPLY_UNKNOWN },
	{ "unable to find the clinic", REPLY_UNKNOWN }, { "no problem", REPLY_UNKNOWN },
	/* the wrong phone */
	{ "Wrong number", REPLY_WRONG_NUMBER }, { "wrong number stop", REPLY_WRONG_NUMBER }, { "You have the wrong number!", REPLY_WRONG_NUMBER },
	{ "no, wrong person", REPLY_WRONG_NUMBER }, { "This is not me", REPLY_WRONG_NUMBER }, { "N\xc3\xbamero equivocado", REPLY_WRONG_NUMBER },
	{ "se equivoc\xc3\xb3 de n\xc3\xbamero", REPLY_WRONG_NUMBER }, { "numero incorrecto", REPLY_WRONG_NUMBER }, { "no conozco a esa persona", REPLY_WRONG_NUMBER },
	{ "mauvais num\xc3\xa9ro", REPLY_WRONG_NUMBER }, { "Vous vous trompez de num\xc3\xa9ro", REPLY_WRONG_NUMBER },
	{ "I'm not the patient", REPLY_WRONG_NUMBER }, { "that\xe2\x80\x99s not me", REPLY_WRONG_NUMBER },
	{ "Sorry, there is no one named John here", REPLY_WRONG_NUMBER }, { "no one by this name", REPLY_WRONG_NUMBER },
	{ "She doesn't have this number anymore", REPLY_WRONG_NUMBER }, { "this number no longer belongs to her", REPLY_WRONG_NUMBER },
	{ "aqu\xc3\xad no hay nadie con ese nombre", REPLY_WRONG_NUMBER }, { "Ya no tiene este n\xc3\xbamero", REPLY_WRONG_NUMBER },
	{ "il n'a plus ce num\xc3\xa9ro", REPLY_WRONG_NUMBER }, { "Je ne suis pas le patient", REPLY_WRONG_NUMBER },
	{ "who is this", REPLY_UNKNOWN }, { "the doctor told my wife, not me", REPLY_UNKNOWN },
	{ "erreur de num\xc3\xa9ro", REPLY_WRONG_NUMBER }, { "what is the right number to call", REPLY_UNKNOWN },
};

/* pain: a word that means stop and is not understood */
TEST(what_patients_write)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct reply_said s;

		reply_read(span_of(rows[i].text), &s);
		same_text(rows[i].text, reply_name(s.what), reply_name(rows[i].what));
	}
}

TEST(which_visit)
{
	static const struct {
		const char *text;
		enum reply what;
		int code;
	} codes[] = {
		{ "C", REPLY_CONFIRM, 0 }, { "C1", REPLY_CONFIRM, 1 }, { "c 2", REPLY_CONFIRM, 2 }, { "C-3", REPLY_CONFIRM, 3 }, { "C#2", REPLY_CONFIRM, 2 },
		{ "c2 please", REPLY_CONFIRM, 2 }, { "Confirm 2", REPLY_CONFIRM, 2 }, { "yes 2", REPLY_CONFIRM, 2 }, { "N1", REPLY_DECLINE, 1 },
		{ "n 12", REPLY_DECLINE, 12 }, { "no 2", REPLY_DECLINE, 2 }, { "2 C", REPLY_CONFIRM, 2 }, { "C0", REPLY_UNKNOWN, 0 },
		{ "C 1 2", REPLY_UNKNOWN, 0 }, { "C123", REPLY_UNKNOWN, 0 }, { "1", REPLY_CONFIRM, 0 }, { "9", REPLY_DECLINE, 0 },
	};

	for (size_t i = 0; i < COUNT(codes); i++) {
		struct reply_said s;

		reply_read(span_of(codes[i].text), &s);
		same_text(codes[i].text, reply_name(s.what), reply_name(codes[i].what));
		same_int(codes[i].text, s.code, codes[i].code);
	}
}

TEST(what_else_a_reply_says)
{
	static const struct {
		const char *text, *keyword, *language;
		bool names_visit;
	} said[] = {
		{ "STOP", "STOP", "", false }, { " stop. ", "STOP", "", false }, { "Stop. Thank you", "", "", false },
		{ "CANCEL", "CANCEL", "en", true }, { "end", "END", "en", false }, { "ALTO", "", "es", false }, { "Arr\xc3\xaat", "", "fr", false },
		{ "cancelar", "", "es", true }, { "Unstop", "UNSTOP", "en", false }, { "help", "HELP", "en", false },
		{ "cancel my appointment", "", "en", true }, { "stop my appointment", "", "", true }, { "ayuda", "", "es", false },
		{ "S\xc3\xad", "", "es", false }, { "je confirme", "", "fr", false },
	};

	for (size_t i = 0; i < COUNT(said); i++) {
		struct reply_said s;

		reply_read(span_of(said[i].text), &s);
		same_text(said[i].text, s.keyword, said[i].keyword);
		same_text(said[i].text, s.language, said[i].language);
		same_int(said[i].text, s.names_visit, said[i].names_visit);
	}
}

/* Whatever is written around it, and however long: nothing runs over, and STOP at the beginning stays STOP. */
TEST(long_and_odd_texts)
{
	char text[4096] = "stop ";
	struct reply_said s;

	for (size_t i = 5; i < sizeof text - 1; i++)
		text[i] = "ab \xc3"[i % 4];
	reply_read(span_from(text, sizeof text - 1), &s);
	same_int("STOP and a page of noise", s.what, REPLY_STOP);
	memset(text, 'x', sizeof text - 1);
	reply_read(span_from(text, sizeof text - 1), &s);
	same_int("one word of 4000 letters", s.what, REPLY_UNKNOWN);
	reply_read(span_from("stop", 3), &s);
	same_int("the length is the span's", s.what, REPLY_UNKNOWN);
}

TEST(every_meaning_has_a_name_and_a_sentence)
{
	for (int r = 0; r < REPLIES; r++)
		holds("said", reply_name((enum reply)r)[0] && reply_sentence((enum reply)r)[0]);
	same_text("what a later version stored", reply_name(REPLIES), "");
	same_text("nor a sentence", reply_sentence(REPLIES), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = { RUN(what_patients_write), RUN(which_visit), RUN(what_else_a_reply_says),
		RUN(long_and_odd_texts), RUN(every_meaning_has_a_name_and_a_sentence) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
