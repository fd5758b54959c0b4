package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"modernc.org/sqlite"

	"trama/journal"
)

// Options of a journal.  The zero value of everything but Path means its default.
type Options struct {
	Path string // of the database; its directory is made
	VFS  string // of SQLite's file access; for tests
	// OpenMark opens the mark beside the database and makes it when there is none; nil: an ordinary file, or none
	// with a VFS.  For tests.
	OpenMark func(path string) (MarkFile, error)

	FramesFor    time.Duration // how long frames are kept; 0: for ever
	FramesUpTo   int64         // bytes of the database that may be filled before the oldest frames go; 0: no bound, or FramesPart
	FramesPart   int           // likewise, in percent of the disk; 0: FramesUpTo
	EventsFor    time.Duration // how long events are kept; 0: for ever
	CommandsUpTo int64         // commands that are kept, or fewer, see bound; those without an end stay; 0: no bound
	EventsUpTo   int64         // events that are kept, or fewer, see bound; 0: no bound
	DiskLimit    int           // percent of the disk in use at which nothing more is taken (default 95)
	// WindowsUpTo is how many bytes of windows are kept (default 64 MiB).
	WindowsUpTo int64
	SweepEvery  time.Duration // how often the states of masters are written (default 30 s)

	// Kinds of rows beside the engine's own, which are events, the states of masters and their windows.
	Kinds []Kind

	// Warn is told of what an operator should know and the engine lives with; nil: nobody is.
	Warn func(what string, args ...any)
	// Committed is told how long each commit took, its sync included; nil: nobody is.  All frames wait for it.
	Committed func(took time.Duration)
	// Disk tells how much room there is; nil asks the system.  For tests.
	Disk func() (Disk, error)
	// Now is the clock that commits are stamped by; nil: that of the system.  For tests.
	Now func() time.Time
	// Elapsed is how long the process runs, by a clock that nobody sets; nil: that of the system.  For tests.
	Elapsed func() time.Duration
}

const (
	defaultDiskLimit  = 95
	defaultSweepEvery = 30 * time.Second
	readers           = 4

	defaultWindowsUpTo = 64 << 20
	schemaVersion      = 2
)

// oldestSQLite is the first release without the WAL-reset corruption of 3.7.0 to 3.51.2.
const oldestSQLite = "3.51.3"

// Journal is an open database.  Its methods may be called from any goroutine.
type Journal struct {
	options Options
	db      *sql.DB   // of the writer
	conn    *sql.Conn // the only one that writes
	read    *sql.DB
	move    *sql.DB // moves the log
	mark    *mark
	lock    *os.File // nil with a VFS
	boot    int64
	version string
	kinds   map[string]Kind // of rows, by name; immutable once the journal is open

	mu      sync.Mutex    // guards the queue, tasks, pacing, closed and failure
	wake    *sync.Cond    // the writer waits here
	queue   journal.Queue // what waits for the next commit
	tasks   []*task
	pacing  bool // the writer lets more come before the next commit,
	enough  int  // until so many entries wait
	closed  bool
	failure error
	retry   bool // what is held back
	// lostEvents counts those that nobody waited for while others were held back.
	lostEvents int

	refusals refusals
	failed   chan struct{} // closed with the first failure
	stop     chan struct{} // closed by Close
	helpers  sync.WaitGroup
	finished chan struct{} // closed when the writer has ended

	committed atomic.Uint64         // last sequence number on disk
	swept     atomic.Uint64         // the states of masters cover everything up to here
	oldest    atomic.Uint64         // first position that retention has left, or the next one to come
	full      atomic.Bool           // the disk has no room for more,
	held      atomic.Bool           // not even for the entries in hand,
	stuck     atomic.Bool           // or for those in the log
	doomed    atomic.Pointer[error] // why the engine is about to fail
	ending    atomic.Bool           // Close waits: retention is to leave the rest to the next process
	troubles  troubles
	ballast   ballast
	place     place                    // the writer's own
	found     atomic.Pointer[[]Damage] // when it was opened
	lost      bool                     // the end of the database was gone
	looked    spanKey                  // the last span that retention has looked at
	age       age
	epochs    journal.Epochs // immutable once the journal is open
	counted   bool           // the frames of earlier processes are in counters.held
	sweepDue  chan struct{}  // the sweeper is not to wait any longer
	patience  time.Duration  // of a sweep
	counters  counters
	news      news

	w writer // the writer goroutine's own
}

// Open opens or makes the database, checks what it finds and starts the engine.  Errors name the file and what to do.
func Open(ctx context.Context, o Options) (*Journal, error) {
	if o.DiskLimit == 0 {
		o.DiskLimit = defaultDiskLimit
	}
	if o.SweepEvery == 0 {
		o.SweepEvery = defaultSweepEvery
	}
	if o.WindowsUpTo == 0 {
		o.WindowsUpTo = defaultWindowsUpTo
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Elapsed == nil {
		begun := time.Now()
		o.Elapsed = func() time.Duration { return time.Since(begun) }
	}
	if o.Warn == nil {
		o.Warn = func(string, ...any) {}
	}
	j := &Journal{options: o, patience: sweepPatience, sweepDue: make(chan struct{}, 1),
		failed: make(chan struct{}), stop: make(chan struct{}), finished: make(chan struct{})}
	j.wake = sync.NewCond(&j.mu)
	j.refusals.init()
	if o.Disk == nil {
		j.options.Disk = func() (Disk, error) { return DiskOf(j.options.Path) }
	}
	err := j.open(ctx)
	if noRoom(err) && j.makeRoom() {
		_ = j.release() // err is what matters
		err = j.open(ctx)
	}
	if err != nil {
		_ = j.release()
		if noRoom(err) {
			err = fmt.Errorf("%w: not even a start has room", journal.ErrFull)
		}
		return nil, fmt.Errorf("journal %s: %w", o.Path, err)
	}
	j.w.pacer = time.AfterFunc(time.Hour, func() {
		j.mu.Lock()
		j.pacing = false
		j.wake.Signal()
		j.mu.Unlock()
	})
	j.bound()
	_ = j.look(true) // a disk that is full is known before the first frame; an error is told by the keeper
	j.helpers.Add(4)
	go j.run()
	go j.refuse()
	go j.keep()
	go j.sweeper()
	go j.checkpointer()
	j.tellAway()
	return j, nil
}

func (j *Journal) open(ctx context.Context) (err error) {
	// a commit needs the bytes on disk, not the times of the file
	if _, err := sqlite.Fdatasync(true); err != nil && !errors.Is(err, sqlite.ErrFdatasyncUnavailable) {
		return err
	}
	if j.options.VFS == "" {
		if j.options.Path, j.lock, err = claim(j.options.Path); err != nil {
			return err
		}
		n, err := links(j.lock)
		if err != nil {
			return err
		}
		if n > 1 {
			j.options.Warn("the database has further names (hard links): who opens it by one of them does not see its log, and loses what is in it", "path", j.options.Path, "links", n)
		}
	}
	if j.options.VFS == "" {
		j.ballast.path = j.options.Path + ballastSuffix
		j.ballast.find()
	}
	if j.mark, err = openMark(j.options); err != nil {
		return err
	}
	_, noLog := os.Stat(j.options.Path + "-wal")
	if j.db, err = sql.Open("sqlite", j.options.dsn("rwc")); err != nil {
		return err
	}
	j.db.SetMaxOpenConns(1)
	if j.conn, err = j.db.Conn(ctx); err != nil {
		return unreadable(err)
	}
	if err := j.conn.QueryRowContext(ctx, "SELECT sqlite_version()").Scan(&j.version); err != nil {
		return unreadable(err)
	}
	if older(j.version, oldestSQLite) {
		return fmt.Errorf("SQLite is %s: %s or newer is needed, older ones can corrupt a database when its log is reset", j.version, oldestSQLite)
	}
	if err := j.register(); err != nil {
		return err
	}
	if j.options.VFS == "" && errors.Is(noLog, fs.ErrNotExist) {
		if err := j.logGone(ctx); err != nil {
			return err
		}
	}
	if err := j.schema(ctx); err != nil {
		return unreadable(err)
	}
	if err := j.identify(ctx); err != nil {
		return unreadable(err)
	}
	if disk, err := j.options.Disk(); err == nil { // else the file stays as large as it was once
		if _, err := j.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA journal_size_limit = %d", logUpTo(disk.Size))); err != nil {
			return err
		}
	}
	if err := j.resume(ctx); err != nil {
		return unreadable(err)
	}
	if j.options.VFS == "" { // the log has its name now
		if err := syncDirectory(filepath.Dir(j.options.Path)); err != nil {
			return err
		}
	}
	if err := j.w.prepare(ctx, j.conn); err != nil {
		return err
	}
	if j.read, err = sql.Open("sqlite", j.options.dsn("ro")); err != nil {
		return err
	}
	j.read.SetMaxOpenConns(readers)
	j.read.SetMaxIdleConns(readers)
	if err := openAll(ctx, j.read, readers); err != nil {
		return err
	}
	if j.move, err = sql.Open("sqlite", j.options.dsn("rw")); err != nil {
		return err
	}
	j.move.SetMaxOpenConns(1)
	if err := openAll(ctx, j.move, 1); err != nil {
		return err
	}
	if j.options.VFS == "" {
		return j.place.settle(j.options.Path)
	}
	return nil
}

// openAll makes n connections and has each open its files, so that none has to when descriptors are short.
func openAll(ctx context.Context, db *sql.DB, n int) error {
	for range n {
		c, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer c.Close()
		var rows int
		if err := c.QueryRowContext(ctx, "SELECT count(*) FROM meta").Scan(&rows); err != nil {
			return err
		}
	}
	return nil
}

// identify gives the database a number of its own, by which its mark knows it.
func (j *Journal) identify(ctx context.Context) error {
	var id uint32
	if err := j.conn.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return err
	}
	if id == 0 {
		id = newID()
		if _, err := j.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", id)); err != nil {
			return err
		}
	}
	if err := j.mark.name(id); err != nil && !noRoom(err) {
		return err
	}
	return nil
}

// unreadable adds what a person can do about a database that does not open.
func unreadable(err error) error {
	if strings.Contains(err.Error(), "malformed") || strings.Contains(err.Error(), "not a database") {
		return fmt.Errorf("%w: %w; keep the file, look at it with `trama journal verify`, restore a backup or move it away to begin anew", journal.ErrDamaged, err)
	}
	return err
}

// dsn names the database with what every connection must be told.  Checkpoints are ours: they run beside the writer.
func (o *Options) dsn(mode string) string {
	q := url.Values{"mode": {mode}, "_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "fullfsync(ON)", "wal_autocheckpoint(0)", "cache_size(-8000)",
		"temp_store(MEMORY)",
	}}
	if mode == "ro" {
		q = url.Values{"mode": {mode}, "_pragma": {"busy_timeout(10000)", "cache_size(-4000)", "query_only(1)", "temp_store(MEMORY)"}}
	}
	if o.VFS != "" {
		q.Set("vfs", o.VFS)
	}
	return "file:" + (&url.URL{Path: o.Path}).EscapedPath() + "?" + q.Encode()
}

// older compares versions such as 3.51.3.
func older(version, than string) bool {
	a, b := strings.Split(version, "."), strings.Split(than, ".")
	for i := range b {
		if i >= len(a) {
			return true
		}
		x, _ := strconv.Atoi(a[i])
		y, _ := strconv.Atoi(b[i])
		if x != y {
			return x < y
		}
	}
	return false
}

// resume finds out where the last process ended.
func (j *Journal) resume(ctx context.Context) error {
	last, at, damage, err := newest(ctx, j.conn)
	if err != nil {
		return err
	}
	meta := func(key string) int64 {
		value, what := int64(0), ""
		if err == nil {
			value, what, err = readMeta(ctx, j.conn, key)
		}
		if what != "" {
			damage = append(damage, Damage{Where: "meta " + key, What: what})
		}
		return value
	}
	oldest, oldestEvent, changes := uint64(max(meta("oldest"), 1)), meta("oldest event"), meta("changes")
	copied := meta(metaCopy)
	ageBefore, ahead := meta(metaAge), meta(metaAhead)
	swept := meta("swept") // when it is damaged everything is read again: slower, not wrong
	if err != nil {
		return err
	}
	if j.mark.damage != nil {
		damage = append(damage, Damage{Where: j.options.Path + markSuffix, What: j.mark.damage.Error()})
	}
	var torn []Damage
	if j.epochs, torn, err = readEpochs(ctx, j.conn); err != nil {
		return err
	}
	damage = append(damage, torn...)
	last = max(last, oldest-1) // when retention has left nothing
	held := last
	last = j.epochs.Frames().Skip(last+1) - 1 // when no frame of the newest epoch has come
	missing := j.mark.missing(reached{last: last, changes: uint64(changes)})
	j.lost = len(missing) > 0 || j.mark.damage != nil
	damage = append(damage, missing...)
	last, changes = max(last, j.mark.last), max(changes, int64(j.mark.changes)) // their numbers are not given again
	var first int64
	if err := j.conn.QueryRowContext(ctx, "SELECT ifnull(min(first), ?) FROM batch",
		int64(last+1)).Scan(&first); err != nil {
		return err
	}
	if due := j.epochs.Frames().Skip(oldest); first > int64(due) && first <= int64(last) {
		damage = append(damage, Damage{Where: fmt.Sprintf("frames %d to %d", due, first-1), What: "missing"})
	}
	j.oldest.Store(oldest)
	j.w.changes = changes
	j.found.Store(&damage)
	for _, d := range damage {
		j.options.Warn("journal is damaged", "where", d.Where, "what", d.What)
	}
	if err := j.conn.QueryRowContext(ctx, "SELECT max(ifnull((SELECT max(id) FROM event), 0) + 1, ?)",
		oldestEvent).Scan(&j.w.nextEvent); err != nil {
		return err
	}
	if err := j.beginEpoch(ctx, copied, held, last, uint64(j.w.nextEvent-1)); err != nil {
		return err
	}
	last = j.epochs.Frames().Skip(last+1) - 1
	j.w.nextEvent = int64(j.epochs.Events().Skip(uint64(j.w.nextEvent)))
	j.w.next, j.w.high = last+1, at
	j.committed.Store(last)
	j.swept.Store(uint64(swept))
	if err := j.conn.QueryRowContext(ctx, "SELECT ifnull(max(id), 0) FROM seen").Scan(&j.w.tape); err != nil {
		return err
	}
	now := time.Now().UnixNano()
	if err := j.conn.QueryRowContext(ctx, "SELECT ifnull(max(id), 0) + 1 FROM boot").Scan(&j.boot); err != nil {
		return err
	}
	if _, err = j.conn.ExecContext(ctx, "INSERT INTO boot(id, at, crc) VALUES (?, ?, ?)", j.boot, now, sum(j.boot,
		now)); err != nil {
		return err
	}
	return j.beginAge(ctx, ageBefore, ahead)
}

func newID() uint32 { return rand.Uint32()>>1 | 1 }

// Version is that of the SQLite library.
func (j *Journal) Version() string { return j.version }

// Boot is the number of this process in the life of the database; connection numbers are unique within it.
func (j *Journal) Boot() int64 { return j.boot }

// FoundDamaged is what was wrong with the newest rows when the database was opened.
func (j *Journal) FoundDamaged() []Damage { return *j.found.Load() }

// Close commits what waits and ends the engine.  After a failure it touches no file.
func (j *Journal) Close() error {
	j.ending.Store(true)
	j.counters.retaining.Lock()
	_ = j.noteAge(context.Background()) // it may have failed, or be closed
	j.counters.retaining.Unlock()
	j.mu.Lock()
	if j.closed {
		j.mu.Unlock()
		<-j.finished
		return nil
	}
	j.closed = true
	j.wake.Signal()
	j.mu.Unlock()
	close(j.stop)
	<-j.finished
	j.refusals.close()
	j.helpers.Wait()
	j.w.pacer.Stop()
	if j.Err() != nil {
		return j.Err() // closing the database would write and sync
	}
	return j.release()
}

func (j *Journal) release() error {
	var errs []error
	if j.read != nil {
		errs = append(errs, j.read.Close())
	}
	if j.move != nil {
		errs = append(errs, j.move.Close()) // the writer's connection is still open, so this moves nothing
	}
	j.w.close()
	if j.conn != nil {
		errs = append(errs, j.conn.Close())
	}
	if j.db != nil {
		errs = append(errs, j.db.Close())
	}
	if j.mark != nil {
		errs = append(errs, j.mark.close())
	}
	errs = append(errs, j.place.close())
	if j.lock != nil {
		errs = append(errs, j.lock.Close())
	}
	return errors.Join(errs...)
}

// Failed is closed when the engine has failed; Err then says why.
func (j *Journal) Failed() <-chan struct{} { return j.failed }

// Err is why the engine has failed; nil while it works.
func (j *Journal) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.failure
}

// Accepting is nil while frames are taken, and ErrFull while the disk is nearly full.
func (j *Journal) Accepting() error {
	if j.full.Load() || j.held.Load() {
		return journal.ErrFull
	}
	return nil
}
