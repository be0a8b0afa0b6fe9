/* reply_words.c - THE TABLE of what patients write, in English, Spanish and French. */
// SPDX-License-Identifier: Apache-2.0
#include "policy/reply_words.h"

#include <stddef.h>

const struct phrase wrong_number[] = {
	{ "wrong number", "en" }, { "wrong person", "en" }, { "wrong phone", "en" }, { "wrong cell", "en" },
	{ "wrong patient", "en" }, { "wrong guy", "en" }, { "wrong family", "en" }, { "wrong no", "en" }, { "incorrect number", "en" },
	{ "not the right number", "en" }, { "not the right person", "en" }, { "not my appointment", "en" },
	{ "not my number", "en" }, { "not her number", "en" }, { "not his number", "en" }, { "not their number", "en" },
	{ "no longer at this number", "en" }, { "no longer has this number", "en" }, { "no longer my number", "en" },
	{ "number changed", "en" }, { "have the wrong", "en" }, { "got the wrong", "en" }, { "this is not me", "en" },
	{ "this isnt me", "en" }, { "not the person", "en" }, { "dont know this person", "en" }, { "dont know that person", "en" },
	{ "dont know who that is", "en" }, { "no one here by", "en" }, { "nobody here by", "en" }, { "no one by that name", "en" },
	{ "nobody by that name", "en" }, { "new phone who", "en" }, { "i am not your patient", "en" }, { "im not your patient", "en" },
	{ "not a patient", "en" }, { "never been a patient", "en" }, { "thats not me", "en" }, { "that is not me", "en" },
	{ "i am not the patient", "en" }, { "im not the patient", "en" }, { "no one by this name", "en" }, { "nobody by this name", "en" },
	{ "no one named", "en" }, { "nobody named", "en" }, { "doesnt have this number", "en" }, { "does not have this number", "en" },
	{ "number no longer belongs", "en" }, { "number does not belong", "en" }, { "number doesnt belong", "en" },
	{ "not her phone", "en" }, { "not his phone", "en" }, { "not their phone", "en" },
	{ "numero equivocado", "es" }, { "numero incorrecto", "es" }, { "numero erroneo", "es" }, { "telefono equivocado", "es" },
	{ "persona equivocada", "es" }, { "persona incorrecta", "es" }, { "equivoco de numero", "es" },
	{ "equivocaron de numero", "es" }, { "equivocado de numero", "es" }, { "equivocada de numero", "es" },
	{ "equivoca de numero", "es" }, { "equivocan de numero", "es" }, { "equivocado de persona", "es" }, { "no es mi numero", "es" },
	{ "no es mi cita", "es" }, { "no es su numero", "es" }, { "no soy esa persona", "es" }, { "no soy la persona", "es" },
	{ "no soy el paciente", "es" }, { "no soy la paciente", "es" }, { "no soy yo", "es" }, { "no conozco a", "es" },
	{ "no la conozco", "es" }, { "no lo conozco", "es" }, { "no es el numero", "es" }, { "ya no es su numero", "es" },
	{ "ya no tiene este numero", "es" }, { "ya no usa este numero", "es" }, { "nadie con ese nombre", "es" },
	{ "nadie con este nombre", "es" }, { "nadie se llama", "es" },
	{ "mauvais numero", "fr" }, { "faux numero", "fr" }, { "mauvaise personne", "fr" }, { "erreur de numero", "fr" },
	{ "trompez de numero", "fr" }, { "trompe de numero", "fr" }, { "erreur de destinataire", "fr" },
	{ "erreur de personne", "fr" }, { "pas le bon numero", "fr" }, { "pas la bonne personne", "fr" },
	{ "pas mon rendez vous", "fr" }, { "pas mon numero", "fr" }, { "ce nest pas moi", "fr" }, { "cest pas moi", "fr" },
	{ "connais pas cette personne", "fr" }, { "plus son numero", "fr" },
	{ "na plus ce numero", "fr" }, { "je ne suis pas le patient", "fr" }, { "je ne suis pas la patiente", "fr" },
	{ "je ne suis pas cette personne", "fr" }, { "personne de ce nom", "fr" },
	{ NULL, "" },
};

const struct phrase stop_anywhere[] = {
	{ "unsubscribe", "en" }, { "unsuscribe", "en" }, { "unsubcribe", "en" }, { "unsubscibe", "en" }, { "unsubscribed", "en" },
	{ "opt out", "en" }, { "optout", "en" }, { "opting out", "en" }, { "opted out", "en" }, { "opt me out", "en" },
	{ "stopall", "en" }, { "stop all", "en" }, { "stop texting", "en" }, { "stop sending", "en" }, { "stop messaging", "en" },
	{ "stop contacting", "en" }, { "stop calling", "en" }, { "stop bothering", "en" }, { "stop harassing", "en" },
	{ "stop spamming", "en" }, { "stop these", "en" }, { "stop this", "en" }, { "stop it", "en" }, { "stop with", "en" },
	{ "stop messages", "en" }, { "stop text", "en" }, { "stop texts", "en" }, { "stop the texts", "en" }, { "stop the messages", "en" },
	{ "stop the reminders", "en" }, { "stop reminders", "en" }, { "stop notifications", "en" }, { "stop sms", "en" },
	{ "stop please", "en" }, { "stop now", "en" }, { "texts to stop", "en" }, { "messages to stop", "en" }, { "make it stop", "en" },
	{ "make this stop", "en" }, { "quit texting", "en" }, { "quit sending", "en" }, { "quit messaging", "en" },
	{ "quit contacting", "en" }, { "quit calling", "en" },
	{ "do not text", "en" }, { "do not message", "en" }, { "do not contact", "en" }, { "do not send me", "en" }, { "do not send any", "en" },
	{ "do not send more", "en" }, { "do not call", "en" }, { "dont text", "en" }, { "dont message", "en" }, { "dont contact", "en" },
	{ "dont send me", "en" }, { "dont send any", "en" }, { "dont call", "en" }, { "never text", "en" }, { "never contact", "en" },
	{ "no more text", "en" }, { "no more texts", "en" }, { "no more messages", "en" }, { "no more sms", "en" },
	{ "no more reminders", "en" }, { "no more notifications", "en" }, { "remove me", "en" }, { "take me off", "en" },
	{ "remove my number", "en" }, { "delete my number", "en" }, { "lose my number", "en" }, { "lose this number", "en" },
	{ "remove this number", "en" }, { "delete this number", "en" }, { "take my number off", "en" }, { "leave me alone", "en" },
	{ "revoke", "en" }, { "withdraw my consent", "en" }, { "withdraw consent", "en" }, { "dont want texts", "en" },
	{ "dont want these", "en" }, { "dont want messages", "en" }, { "dont want any more", "en" }, { "dont want to receive", "en" },
	{ "dont want to get", "en" }, { "not want texts", "en" }, { "not want these", "en" }, { "not want to receive", "en" },
	{ "not want to be texted", "en" }, { "no longer wish to receive", "en" }, { "no longer want", "en" },
	{ "alto a los mensajes", "es" }, { "no mas mensajes", "es" }, { "no mas textos", "es" }, { "no mas sms", "es" },
	{ "no mas recordatorios", "es" }, { "no mas avisos", "es" }, { "no me envien", "es" }, { "no me envie", "es" }, { "no me envies", "es" },
	{ "no me manden", "es" }, { "no me mande", "es" }, { "no me mandes", "es" }, { "no me escriban", "es" }, { "no me escriba", "es" },
	{ "no me contacten", "es" }, { "no me contacte", "es" }, { "no me molesten", "es" }, { "no me llamen", "es" },
	{ "no envien", "es" }, { "no envie mas", "es" }, { "no enviar mas", "es" }, { "no manden", "es" }, { "no quiero mensajes", "es" },
	{ "no quiero mas", "es" }, { "no quiero recibir", "es" }, { "no deseo recibir", "es" }, { "dejen de", "es" }, { "deje de", "es" },
	{ "deja de", "es" }, { "paren de", "es" }, { "pare de", "es" }, { "darme de baja", "es" }, { "darse de baja", "es" },
	{ "dar de baja", "es" }, { "deme de baja", "es" }, { "denme de baja", "es" }, { "dame de baja", "es" }, { "basta de", "es" },
	{ "desuscribir", "es" }, { "desuscribirme", "es" }, { "quiteme", "es" }, { "quitenme", "es" }, { "quitame", "es" },
	{ "borren mi numero", "es" }, { "borre mi numero", "es" }, { "eliminen mi numero", "es" }, { "elimine mi numero", "es" },
	{ "dejeme en paz", "es" }, { "dejenme en paz", "es" },
	{ "ne menvoyez plus", "fr" }, { "nenvoyez plus", "fr" }, { "ne plus envoyer", "fr" }, { "ne plus recevoir", "fr" },
	{ "ne plus menvoyer", "fr" }, { "ne mecrivez plus", "fr" }, { "ne me contactez plus", "fr" }, { "ne mappelez plus", "fr" },
	{ "plus de message", "fr" }, { "plus de messages", "fr" }, { "plus de sms", "fr" }, { "plus de textos", "fr" },
	{ "plus de rappels", "fr" }, { "arretez de", "fr" }, { "arrete de", "fr" }, { "arretez les", "fr" }, { "arreter les", "fr" },
	{ "arretez ces", "fr" }, { "desabonner", "fr" }, { "desabonnez", "fr" }, { "desabonnement", "fr" }, { "desinscrire", "fr" },
	{ "desinscrivez", "fr" }, { "desinscription", "fr" }, { "me retirer", "fr" }, { "retirez moi", "fr" },
	{ "supprimez mon numero", "fr" }, { "retirez mon numero", "fr" }, { "effacez mon numero", "fr" },
	{ "laissez moi tranquille", "fr" }, { "cessez", "fr" }, { "ne veux plus recevoir", "fr" }, { "ne veux plus de", "fr" },
	{ "ne souhaite plus recevoir", "fr" },
	{ NULL, "" },
};

const struct phrase stop_first[] = {
	{ "stop", "" }, { "stopp", "" }, { "sotp", "" }, { "stpo", "" }, { "tsop", "" }, { "stoop", "" }, { "sttop", "" },
	{ "satop", "" }, { "dtop", "" }, { "stip", "" }, { "stp0", "" }, { "stops", "" }, { "stopit", "en" }, { "stoptext", "en" },
	{ "stopsms", "" },
	{ "alto", "es" }, { "parar", "es" }, { "pare", "es" }, { "paren", "es" }, { "parelo", "es" }, { "detener", "es" },
	{ "detenga", "es" }, { "detengan", "es" }, { "arret", "fr" }, { "arreter", "fr" }, { "arretez", "fr" }, { "arrete", "fr" },
	{ "arretes", "fr" },
	{ NULL, "" },
};

const struct phrase stop_alone[] = {
	{ "end", "en" }, { "quit", "en" }, { "remove", "en" }, { "no more", "en" }, { "enough", "en" }, { "exit", "en" },
	{ "delete", "en" }, { "unsub", "en" }, { "reply stop", "en" }, { "text stop", "en" }, { "send stop", "en" },
	{ "opt", "en" }, { "do not disturb", "en" }, { "go away", "en" }, { "end texts", "en" }, { "end messages", "en" },
	{ "no mas", "es" }, { "ya no mas", "es" }, { "basta", "es" }, { "baja", "es" }, { "salir", "es" }, { "terminar", "es" },
	{ "para", "es" }, { "para ya", "es" }, { "responda stop", "es" }, { "eliminar", "es" }, { "borrar", "es" },
	{ "fin", "fr" }, { "cesser", "fr" }, { "resilier", "fr" }, { "supprimer", "fr" }, { "repondez stop", "fr" },
	{ "ca suffit", "fr" }, { "assez", "fr" },
	{ NULL, "" },
};

const struct phrase cancel_words[] = {
	{ "cancel", "en" }, { "cancle", "en" }, { "cancell", "en" }, { "cansel", "en" }, { "cancelar", "es" }, { "cancela", "es" },
	{ "cancele", "es" }, { "cancelen", "es" }, { "anular", "es" }, { "annuler", "fr" }, { "annule", "fr" }, { "annulez", "fr" },
	{ NULL, "" },
};

const struct phrase visit_words[] = {
	{ "appointment", "en" }, { "appointments", "en" }, { "appt", "en" }, { "apt", "en" }, { "apointment", "en" },
	{ "appoitment", "en" }, { "visit", "en" }, { "checkup", "en" }, { "cita", "es" }, { "citas", "es" }, { "visita", "es" },
	{ "consulta", "es" }, { "turno", "es" }, { "rendez", "fr" }, { "rdv", "fr" }, { "consultation", "fr" },
	{ NULL, "" },
};

const struct phrase start_alone[] = {
	{ "start", "en" }, { "unstop", "en" }, { "opt in", "en" }, { "optin", "en" }, { "resume", "en" }, { "restart", "en" },
	{ "subscribe", "en" }, { "resubscribe", "en" }, { "reply start", "en" }, { "iniciar", "es" }, { "comenzar", "es" },
	{ "empezar", "es" }, { "reanudar", "es" }, { "suscribir", "es" }, { "suscribirme", "es" }, { "activar", "es" },
	{ "reactivar", "es" }, { "alta", "es" }, { "darme de alta", "es" }, { "commencer", "fr" }, { "demarrer", "fr" }, { "debut", "fr" },
	{ "reprendre", "fr" }, { "activer", "fr" }, { "reactiver", "fr" }, { "abonner", "fr" },
	{ NULL, "" },
};

const struct phrase help_alone[] = {
	{ "help", "en" }, { "helpme", "en" }, { "info", "" }, { "information", "" }, { "hlp", "en" }, { "ayuda", "es" },
	{ "informacion", "es" }, { "aide", "fr" }, { "aidez moi", "fr" },
	{ NULL, "" },
};

const struct phrase confirm_alone[] = {
	{ "c", "" }, { "1", "" }, { "confirm", "en" }, { "confirmed", "en" }, { "confirming", "en" }, { "i confirm", "en" },
	{ "confirmo", "es" }, { "confirmado", "es" }, { "confirmada", "es" }, { "confirmar", "es" }, { "confirmamos", "es" },
	{ "confirme", "fr" }, { "confirmer", "fr" }, { "je confirme", "fr" }, { "confirmons", "fr" },
	{ NULL, "" },
};

const struct phrase yes_alone[] = {
	{ "yes", "en" }, { "y", "" }, { "yep", "en" }, { "yeah", "en" }, { "yup", "en" }, { "yess", "en" }, { "ya", "en" }, { "sure", "en" },
	{ "ok", "" }, { "okay", "en" }, { "k", "en" }, { "correct", "en" }, { "of course", "en" }, { "will do", "en" },
	{ "i will be there", "en" }, { "ill be there", "en" }, { "we will be there", "en" }, { "well be there", "en" },
	{ "be there", "en" }, { "see you then", "en" }, { "see you there", "en" }, { "im coming", "en" }, { "i am coming", "en" },
	{ "coming", "en" }, { "i can make it", "en" }, { "si", "es" }, { "sip", "es" }, { "claro", "es" }, { "vale", "es" },
	{ "okey", "es" }, { "ahi estare", "es" }, { "alli estare", "es" }, { "ahi estaremos", "es" }, { "ahi nos vemos", "es" },
	{ "nos vemos", "es" }, { "de acuerdo", "es" }, { "oui", "fr" }, { "ouais", "fr" }, { "daccord", "fr" }, { "entendu", "fr" },
	{ "je serai la", "fr" }, { "nous serons la", "fr" }, { "jy serai", "fr" }, { "on sera la", "fr" }, { "jarrive", "fr" },
	{ NULL, "" },
};

const struct phrase decline_alone[] = {
	{ "n", "" }, { "9", "" }, { "no", "" }, { "nope", "en" }, { "nah", "en" }, { "cant", "en" }, { "i cant", "en" }, { "cannot", "en" },
	{ "decline", "en" }, { "not coming", "en" }, { "no puedo", "es" }, { "no podre", "es" }, { "no voy", "es" }, { "no ire", "es" },
	{ "non", "fr" }, { "je ne peux pas", "fr" }, { "je peux pas", "fr" }, { "impossible", "fr" }, { "je ne viens pas", "fr" },
	{ NULL, "" },
};

const struct phrase decline_anywhere[] = {
	{ "cant come", "en" }, { "cant make", "en" }, { "cant attend", "en" }, { "cant keep", "en" }, { "cannot come", "en" },
	{ "cannot make", "en" }, { "cannot attend", "en" }, { "cannot keep", "en" }, { "can not come", "en" }, { "can not make", "en" },
	{ "can not attend", "en" }, { "wont make it", "en" }, { "wont be there", "en" }, { "wont be able", "en" },
	{ "wont be coming", "en" }, { "will not make it", "en" }, { "will not be there", "en" }, { "will not be able", "en" },
	{ "will not be coming", "en" }, { "not coming", "en" }, { "not going to make", "en" }, { "not gonna make", "en" },
	{ "unable to come", "en" }, { "unable to make", "en" }, { "unable to attend", "en" }, { "unable to keep", "en" },
	{ "not able to come", "en" }, { "not able to make", "en" }, { "not able to attend", "en" }, { "reschedule", "en" },
	{ "rescheduled", "en" }, { "another day", "en" }, { "another time", "en" },
	{ "no puedo ir", "es" }, { "no puedo asistir", "es" }, { "no puedo venir", "es" }, { "no puedo llegar", "es" },
	{ "no podre ir", "es" }, { "no podre asistir", "es" }, { "no podre venir", "es" }, { "no podemos ir", "es" },
	{ "no podemos asistir", "es" }, { "no voy a poder", "es" }, { "no voy a ir", "es" }, { "no asistire", "es" },
	{ "no iremos", "es" }, { "no vamos a poder", "es" }, { "no vamos a ir", "es" }, { "reprogramar", "es" },
	{ "cambiar la cita", "es" }, { "cambiar mi cita", "es" }, { "otro dia", "es" }, { "otra fecha", "es" },
	{ "ne peux pas venir", "fr" }, { "peux pas venir", "fr" }, { "ne pourrai pas", "fr" }, { "ne pourrons pas", "fr" },
	{ "ne viendrai pas", "fr" }, { "ne viendrons pas", "fr" }, { "ne serai pas la", "fr" }, { "ne serons pas la", "fr" },
	{ "deplacer mon rendez", "fr" }, { "deplacer le rendez", "fr" }, { "reporter mon rendez", "fr" }, { "reporter le rendez", "fr" },
	{ "changer mon rendez", "fr" }, { "un autre jour", "fr" }, { "une autre date", "fr" },
	{ NULL, "" },
};

const char *const courtesies[] = { "please", "pls", "plz", "plse", "pleas", "kindly", "thanks", "thank", "you", "thx", "ty", "thankyou", "hi",
	"hello", "hey", "dear", "sir", "madam", "ok", "okay", "just", "now", "immediately", "asap", "sorry", "cheers", "por", "favor", "porfavor", "porfa",
	"gracias", "muchas", "muy", "hola", "buenos", "buenas", "dias", "tardes", "ahora", "svp", "stp", "sil", "vous", "te", "plait", "merci", "beaucoup",
	"bonjour", "bonsoir", "maintenant", NULL };

const char *const start_courtesies[] = { "again", "me", "my", "the", "text", "texts", "texting", "message", "messages", "messaging",
	"reminders", "sending", "receiving", "sms", "yes", "mensajes", "los", "de", "nuevo", "les", "messages", "rappels", NULL };

const char *const confirm_courtesies[] = { "i", "we", "ill", "well", "im", "will", "be", "am", "is", "there", "it", "its", "that", "thats", "my", "our", "the",
	"this", "appointment", "appt", "visit", "coming", "see", "then", "for", "me", "us", "fine", "good", "great", "perfect", "sounds", "works",
	"on", "at", "time", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "tomorrow", "today",
	"mi", "nuestra", "la", "cita", "ahi", "alli", "estare", "estaremos", "voy", "manana", "hoy", "bien", "perfecto", "esta", "lunes", "martes",
	"miercoles", "jueves", "viernes", "sabado", "domingo", "je", "nous", "mon", "notre", "le", "rendez", "rdv", "serai", "serons", "presence", "ma", "bon",
	"parfait", "demain", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche", NULL };

const char *const negations[] = { "dont", "not", "never", "cant", "cannot", "wont", "didnt", "doesnt", "no", "nunca", "ne", "pas", "jamais",
	"sin", "sans", "without", "nor", "couldnt", "wouldnt", "shouldnt", NULL };

const char *const questions[] = { "did", "why", "who", "when", "was", "is", "has", "were", "does", "canceled", "cancelled", "porque", "quien", "cuando",
	"pourquoi", "qui", "quand", "how", "como", "comment", "fee", "policy", NULL };

const char *const other_stops[] = { "by", "in", "at", "over", "off", "light", "sign", "taking", "eating", "drinking", "smoking", NULL };

const char *const bus_stops[] = { "bus", "train", "metro", "pit", "truck", "rest", NULL };
