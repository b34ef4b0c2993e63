/*
 * The commit protocol: two workers, three events of one process, one record.
 *
 * Every event may be delivered at any time, again and again, to both workers at once. A worker
 * may die before and after each request; each request and each answer may be lost; a worker may
 * start from a record that it read or saved long ago. All of it without bounds: what spin
 * searches is the whole state space.
 *
 *   event 0  is taken wherever the process stands
 *   event 1  is taken once event 0 was, and ignored before that, which changes nothing
 *   event 2  is taken once event 0 was, and kept in the record until then
 *
 * Each event that is taken decides one command. Its id is the revision that decided it.
 *
 * The model breaks where one of these is defined:
 *   NO_CONDITION     a save does not ask whether the record is still the one that was read
 *   PUBLISH_FIRST    commands leave before the save
 *   TRUST_CACHE      an event is ignored on the word of a record that was not read afresh
 *   TRUST_LOCAL      after an unknown outcome what was computed is published, not what is stored
 *   KEEP_APART       a command of a kept event belongs to that event, not to the one on its way
 *   ACK_FIRST        an event is acknowledged before its commands are out
 *   FORGET_INBOX     a record does not know which events it has seen
 */

#define EVENTS 3
#define BIT(x) (1 << (x))
#define HAS(set, x) (((set) >> (x)) & 1)
#define ID(ids, x) (((ids) >> (2 * (x))) & 3)
#define PUT(ids, x, value) ids = (ids & ~(3 << (2 * (x)))) | ((value) << (2 * (x)))

/* The record in the store: sets of events, and two bits an event for the ids of commands. */
byte revision, inbox, taken, kept, out, ids;

/* What a watcher saw; the workers do not read it. */
byte times[EVENTS];         /* how often an event changed the process */
byte published, sent_ids;   /* commands that left, and under which ids */
byte acknowledged;
byte cascaded;              /* whether event 2 was taken in the commit of event 0 */

/* No event changes the process twice. */
#define ONCE (times[0] <= 1 && times[1] <= 1 && times[2] <= 1)

inline read_record() {
    r_revision = revision; r_inbox = inbox; r_taken = taken; r_kept = kept; r_out = out; r_ids = ids
}

inline forget_record() {
    r_revision = 0; r_inbox = 0; r_taken = 0; r_kept = 0; r_out = 0; r_ids = 0; known = 0; cached = 0
}

inline take_over() {
    r_revision = n_revision; r_inbox = n_inbox; r_taken = n_taken; r_kept = n_kept;
    r_out = n_out; r_ids = n_ids; known = 0; cached = 1
}

inline clear_next() {
    n_revision = 0; n_inbox = 0; n_taken = 0; n_kept = 0; n_out = 0; n_ids = 0; did = 0
}

inline step_event() {
    n_revision = r_revision + 1; n_inbox = r_inbox | BIT(event); n_taken = r_taken;
    n_kept = r_kept; n_out = r_out | known; n_ids = r_ids; did = 0;
    if
    :: event != 0 && !HAS(r_taken, 0) -> n_kept = n_kept | BIT(event)
    :: else ->
        n_taken = n_taken | BIT(event); did = BIT(event);
        PUT(n_ids, event, n_revision);
        if
        :: event == 0 && HAS(r_kept, 2) ->
            n_kept = n_kept & ~BIT(2); n_taken = n_taken | BIT(2); did = did | BIT(2);
            PUT(n_ids, 2, n_revision)
        :: else
        fi
    fi;
#ifdef FORGET_INBOX
    n_inbox = 0
#endif
}

inline save_record() {
    /* Compare and swap, in the store. */
#ifdef NO_CONDITION
    saved = 1;
#else
    saved = (revision == r_revision);
#endif
    if
    :: saved ->
        if :: HAS(did, 0) -> times[0]++ :: else fi;
        if :: HAS(did, 1) -> times[1]++ :: else fi;
        if :: HAS(did, 2) -> times[2]++; cascaded = (event == 0) :: else fi;
        assert(ONCE);
        revision = n_revision; inbox = n_inbox; taken = n_taken; kept = n_kept;
        out = n_out; ids = n_ids
    :: else
    fi
}

/* What is still to be sent, as far as this worker knows. */
#define UNSENT (r_taken & ~(r_out | known))
#ifdef KEEP_APART
#define MINE (again -> (UNSENT & BIT(event)) : UNSENT)
#else
#define MINE UNSENT
#endif

inline publish_one(command, from) {
    /* What leaves was committed, under this id and no other. */
    assert(HAS(taken, command) && ID(ids, command) == ID(from, command));
    assert(!HAS(published, command) || ID(sent_ids, command) == ID(from, command));
    published = published | BIT(command);
    PUT(sent_ids, command, ID(from, command))
}

inline publish_all(these, from) {
    if :: HAS(these, 0) -> publish_one(0, from) :: else fi;
    if :: HAS(these, 1) -> publish_one(1, from) :: else fi;
    if :: HAS(these, 2) -> publish_one(2, from) :: else fi
}

proctype Worker() {
    byte event, known, waiting;
    bit cached, fresh, saved, again, was_open;
    byte r_revision, r_inbox, r_taken, r_kept, r_out, r_ids;
    byte n_revision, n_inbox, n_taken, n_kept, n_out, n_ids, did;

deliver:
    atomic {
        fresh = 0; saved = 0; again = 0; event = 0; waiting = 0;
        /* The cache may be dropped at any time. */
        if :: true :: cached -> forget_record() fi;
        if :: event = 0 :: event = 1 :: event = 2 fi;
        was_open = HAS(taken, 0);
        if :: cached -> goto judge :: else -> goto load fi
    };

load:
    atomic {
        if
        :: read_record(); known = 0; cached = 1; fresh = 1; goto judge
        :: forget_record(); goto deliver            /* it failed, or we died */
        fi
    };

judge:
    atomic {
        if
        :: HAS(r_inbox, event) -> again = 1; goto publish   /* answer what is stored */
        :: !HAS(r_inbox, event) && event == 1 && !HAS(r_taken, 0) ->
#ifndef TRUST_CACHE
            if :: !fresh -> goto load :: else fi;
#endif
            /* It may be ignored if it could not be taken at some moment since it came. */
            assert(!was_open);
            goto acknowledge
        :: else
        fi;
        step_event();
#ifdef PUBLISH_FIRST
        waiting = n_taken & ~n_out;
        publish_all(waiting, n_ids); waiting = 0
#endif
    };

    /* The save: done and answered, or refused; done and unanswered; never done; or we die. */
    atomic {
        if
        :: save_record();
           if
           :: saved -> take_over(); clear_next(); goto publish
           :: else
           fi
        :: save_record(); saved = 0
        :: saved = 0
        :: save_record(); clear_next(); forget_record(); goto deliver
        :: clear_next(); forget_record(); goto deliver
        fi;
#ifdef TRUST_LOCAL
        take_over(); clear_next(); goto publish
#else
        clear_next(); forget_record();
        goto load                  /* the outcome is unknown: only the store tells */
#endif
    };

publish:
    atomic {
#ifdef ACK_FIRST
        acknowledged = acknowledged | BIT(event);
#endif
        waiting = MINE;
        if
        :: true -> publish_all(waiting, r_ids); known = known | waiting; waiting = 0
        :: true -> publish_all(waiting, r_ids); goto deliver      /* sent, unanswered: not acknowledged */
        :: HAS(waiting, 0) -> publish_one(0, r_ids); goto deliver      /* sent in part */
        :: goto deliver                                   /* not sent */
        :: forget_record(); goto deliver
        fi
    };

acknowledge:
    atomic {
        if
        :: HAS(r_inbox, event) -> acknowledged = acknowledged | BIT(event)
        :: true                                     /* ignored, or the answer was lost */
        :: forget_record()
        fi;
        goto deliver
    }
}

/* What an event changed stays changed. */
#define KEPT_STATE (times[0] == HAS(taken, 0) && times[1] == HAS(taken, 1) && times[2] == HAS(taken, 2))

/* Whoever was told that an event is done with finds it in the record, and what it decided is out. */
#define DONE(e) (!HAS(acknowledged, e) || HAS(inbox, e))
#define OUT(e, c) (!(HAS(acknowledged, e) && HAS(taken, c)) || HAS(published, c))
#define KEPT_PROMISE (DONE(0) && DONE(1) && DONE(2) && OUT(0, 0) && OUT(1, 1) && \
    (cascaded -> OUT(0, 2) : OUT(2, 2)))

/* A command that the record says is out did leave. */
#define HONEST ((out & ~published) == 0)

active proctype Watcher() {
end:
    do
    :: atomic { !(KEPT_STATE && KEPT_PROMISE && HONEST) ->
        assert(KEPT_STATE);
        assert(KEPT_PROMISE);
        assert(HONEST) }
    od
}

init {
    atomic { run Worker(); run Worker() }
}
