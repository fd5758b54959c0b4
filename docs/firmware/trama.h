/* Protected frames for a master: the device's side of docs/firmware-security.md, for small controllers.
 *
 * C99, no allocation, no global state.  The firmware gives a block cipher, a place in non-volatile memory and, for the
 * challenge, a source of random bytes; everything else is here.  Frames are worked on in place. */
#ifndef TRAMA_H
#define TRAMA_H

#include <stddef.h>
#include <stdint.h>

/* A profile, named by the bytes of its frames with an empty body. */
enum { TRAMA_EXTENDED = 27, TRAMA_COMPACT = 15 };

/* A suite, the byte TE. */
enum { TRAMA_NONE = 0x00, TRAMA_AUTH24 = 0x10, TRAMA_ENC24 = 0x11, TRAMA_CCM8 = 0x20, TRAMA_CCM16 = 0x21 };

/* Bytes that a frame grows by at most: SC and IC, tag, reference. */
#define TRAMA_GROWTH 29

#define TRAMA_EVERY 256u          /* K: counters between two writes to memory */
#define TRAMA_FLIGHT 8u           /* F: frames that may leave while a write has not succeeded */
#define TRAMA_FRAMES 0x100000ul   /* frames of one epoch, in either direction, before it moves */
#define TRAMA_BOUND 0x800000ul    /* counters that no frame has */
#define TRAMA_CONNECTIONS 8       /* N: connections without an acknowledgement before the epoch moves */
#define TRAMA_AHEAD 8             /* epochs beyond the one in which the server last answered, at most */
#define TRAMA_DAY 86400ul         /* seconds between two moves for that reason */

/* Results below zero; the frame is then lost and nothing has changed. */
enum {
  TRAMA_ROOM = -1,      /* the buffer is too small, or the frame too long */
  TRAMA_FRAME = -2,     /* no frame: its length, its checksum, its serial */
  TRAMA_SUITE = -3,     /* not the suite of this device */
  TRAMA_TAG = -4,       /* forged, or under another key or epoch */
  TRAMA_REPLAY = -5,    /* seen before, or too old */
  TRAMA_REFERENCE = -6, /* an acknowledgement of nothing that waits */
  TRAMA_STALE = -7,     /* a command that nothing proves to be new */
  TRAMA_SPENT = -8,     /* too many forgeries, or no epoch left: an answer, a new epoch or a new key helps */
  TRAMA_MEMORY = -9,    /* the write to non-volatile memory failed */
  TRAMA_RANDOM = -10    /* no random bytes */
};

/* What a key is used up to.  Written to non-volatile memory as it stands. */
struct trama_slot {
  uint8_t key[16];
  uint8_t epoch;
  uint8_t answered; /* the newest epoch in which the server answered */
  uint32_t counter; /* counters below counter + K + F may be used */
  uint32_t heard;   /* one more than the highest counter of a command acted on in this epoch */
};

/* The state that survives a loss of power: two keys, because a new key is on probation until the server has used it. */
struct trama_saved {
  struct trama_slot slot[2];
  uint8_t active;  /* which slot is in use */
  uint8_t next;    /* the other slot holds a key that no frame has used yet */
  uint8_t trial;   /* both slots hold keys; the one under which the server answers stays */
  uint32_t moved;  /* when the epoch last moved for want of answers */
};

/* What the hardware does. */
struct trama_port {
  void *user;
  void (*encrypt)(void *user, const uint8_t key[16], uint8_t block[16]);
  void (*decrypt)(void *user, const uint8_t key[16], uint8_t block[16]); /* for trama_new_key alone; may be NULL */
  int (*store)(void *user, const struct trama_saved *saved);             /* 0 when it is written; NULL: no memory, so that
                                                                            only the challenge gives counters */
  int (*random)(void *user, uint8_t *bytes, size_t count);               /* 0 when they are random; may be NULL */
};

/* What an answer to a frame carries. */
struct trama_ref {
  uint8_t size; /* 0: nothing, the frame was not protected */
  uint8_t bytes[8];
};

/* The frames of the server that were seen in one epoch, or on one connection. */
struct trama_window {
  uint8_t control; /* security byte of its frames; 0: no such epoch */
  uint32_t next;   /* one more than the highest counter */
  uint64_t seen;   /* bit n: the counter n below the highest */
};

struct trama {
  const struct trama_port *port;
  struct trama_saved saved;
  uint8_t serial[4];
  uint8_t profile, suite;
  const char *replay_safe;       /* letters of commands that may be done twice; suite 10 without a challenge takes no others */
  uint32_t next;                 /* counter of the next frame */
  uint32_t limit;                /* the first counter that needs a write */
  struct trama_window window[2]; /* this epoch and the one before */
  uint8_t challenged;            /* this connection has a key of its own */
  uint8_t halves[16];
  uint32_t sent;
  struct trama_window connection;
  uint32_t forged;
  uint8_t silent; /* connections without an acknowledgement */
};

/* trama_start begins after power on with what was stored, or with what the factory wrote: the key in slot 0, the rest zero. */
int trama_start(struct trama *t, const struct trama_port *port, const struct trama_saved *saved, uint8_t profile,
                uint8_t suite, const uint8_t serial[4], const char *replay_safe);

/* trama_connected is called when a connection stands, before its first frame.  now is in seconds, from any start that a loss of
 * power does not set back.  It moves the epoch, or goes back to the old key, when nothing was acknowledged for long. */
int trama_connected(struct trama *t, uint32_t now);

/* trama_seal protects the plain frame of len bytes in a buffer of room bytes and returns its new length.  answers is the
 * reference of the command it answers, or NULL; own becomes what its acknowledgement carries.  A frame that must be sent again
 * is sent again as it is, never sealed twice. */
int trama_seal(struct trama *t, uint8_t *frame, size_t len, size_t room, const struct trama_ref *answers,
               struct trama_ref *own);

/* trama_open makes a frame of the server plain and returns its new length.  An acknowledgement (lower case) must be that of
 * waiting[i] for some i < count, which goes to which; a command (upper case) sets which to count and own to what its answer
 * carries. */
int trama_open(struct trama *t, uint8_t *frame, size_t len, const struct trama_ref *waiting, size_t count, size_t *which,
               struct trama_ref *own);

/* trama_hello makes the first frame of a connection for a device without memory, so that the server challenges it: a keep-alive
 * that is always the same, byte for byte, and so may always have the same counter. */
int trama_hello(const struct trama *t, uint8_t *frame, size_t room);

/* trama_challenge answers the server's command X, which comes plain: the frame becomes the answer, to be sent as it is.  From
 * then on this connection has its own key, with counters from 0: what waits for its acknowledgement is sealed anew and sent
 * again. */
int trama_challenge(struct trama *t, uint8_t *frame, size_t len);

/* trama_new_key takes the key out of the command K that trama_open gave.  The answer still goes under the old key, the next
 * frame that answers nothing under the new one. */
int trama_new_key(struct trama *t, const uint8_t *frame, size_t len);

/* A way from one end to the other: all that the bytes of a frame follow from, beside its counter.  For tests and tools. */
struct trama_way {
  const struct trama_port *port;
  const uint8_t *key;
  const uint8_t *halves; /* 16 bytes of a challenge; NULL: none */
  uint8_t profile, suite, control;
};

int trama_protect(const struct trama_way *w, uint32_t counter, uint8_t *frame, size_t len, size_t room,
                  const struct trama_ref *answers, struct trama_ref *own);

/* trama_unprotect leaves the reference at the end of the plain frame.  counter goes in as the highest seen (suite 11) or that of
 * the connection (suite 10) and comes out as that of the frame. */
int trama_unprotect(const struct trama_way *w, uint32_t *counter, uint8_t *frame, size_t len, struct trama_ref *own);

#endif
