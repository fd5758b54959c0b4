package sqlite

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"trama/journal"
)

// place is where the files of the journal stand.  An engine whose file is moved, deleted, cut off or replaced would
// write where nobody will look: it ends before it acknowledges anything more.
type place struct {
	database, log, index os.FileInfo // as they were opened; nil: they are not looked at
	head                 *os.File    // of the log, to be read

	bytes    int64 // of the database, when it was looked at last
	logBytes int64
	salt     [logSaltBytes]byte // of the log: another one when the log has begun anew
}

// The beginnings of the files; see https://sqlite.org/fileformat2.html.
const (
	databaseMagic = "SQLite format 3\x00"
	databaseID    = 68 // where PRAGMA application_id stands
	headBytes     = 100
	logSalt       = 16 // where it stands
	logSaltBytes  = 8
)

// settle remembers the files that are open.
func (p *place) settle(path string) (err error) {
	if p.database, err = os.Stat(path); err != nil {
		return err
	}
	if p.log, err = os.Stat(path + "-wal"); err != nil {
		return err
	}
	if p.index, err = os.Stat(path + "-shm"); err != nil {
		return err
	}
	p.head, err = os.Open(path + "-wal")
	return err
}

func (p *place) close() error {
	if p.head == nil {
		return nil
	}
	return p.head.Close()
}

// errLogGone is that the log has lost its name.  Its content can still be moved into the database.
var errLogGone = errors.New("the log of the database")

// inPlace is nil while the files are where and what the engine has made them.  Called by the writer, before a commit,
// behind it and before anybody is told of it, and now and then.  How long the log is counts behind a commit only: a write for which
// there was no room may leave the log longer, and the next commit shortens it.
func (j *Journal) inPlace(committed bool) error {
	p := &j.place
	if p.database == nil {
		return nil
	}
	path := j.options.Path
	now, err := same(path, p.database)
	if err != nil {
		return fmt.Errorf("the database: %w", err)
	}
	if now.Size() < p.bytes {
		return fmt.Errorf("the database: %s was cut off under the daemon: it has %d bytes and had %d", path, now.Size(), p.bytes)
	}
	p.bytes = now.Size()
	if now, err = same(path+"-wal", p.log); err != nil {
		return fmt.Errorf("%w: %w", errLogGone, err)
	}
	var salt [logSaltBytes]byte
	if _, err := p.head.ReadAt(salt[:], logSalt); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("the log of the database: %w", err)
	}
	if now.Size() < p.logBytes && salt == p.salt || salt == [logSaltBytes]byte{} {
		return fmt.Errorf("the log of the database: %s-wal was cut off under the daemon: it has %d bytes and had %d", path, now.Size(), p.logBytes)
	}
	if committed {
		p.logBytes, p.salt = now.Size(), salt
	}
	j.counters.logBytes.Store(now.Size())
	if _, err = same(path+"-shm", p.index); err != nil { // another process would take the log for nobody's
		return fmt.Errorf("the index of the log: %w", err)
	}
	return nil
}

// same is nil while a path leads to the file that it led to.
func same(path string, opened os.FileInfo) (os.FileInfo, error) {
	now, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s was moved or deleted under the daemon", path)
	case err != nil:
		return nil, err
	case !os.SameFile(now, opened):
		return nil, fmt.Errorf("%s was replaced under the daemon", path)
	}
	return now, nil
}

// ErrOrphaned is that there is a log or a mark without the database that they belong to.
var ErrOrphaned = errors.New("a part of it is not there")

// orphaned refuses a place where a log or a mark stands whose database is gone, empty or another one: SQLite would make
// a new log over what may hold the only copy of acknowledged frames.  head is the beginning of the database.
func orphaned(path string, head []byte) error {
	known, err := peekMark(Options{Path: path})
	if err != nil && !errors.Is(err, journal.ErrDamaged) {
		return err
	}
	log := sizeOf(path + "-wal")
	var what string
	switch whole := bytes.HasPrefix(head, []byte(databaseMagic)); {
	case whole && (log == 0 || known.belongsTo(head)):
		return nil
	case whole:
		what = "is another database than the one that its log belongs to"
	case log == 0 && known.last == 0 && known.changes == 0:
		return nil
	case len(head) == 0:
		what = "is not there, or empty"
	default:
		what = "is no database"
	}
	left := path + markSuffix
	if log > 0 {
		left = path + "-wal"
	}
	return fmt.Errorf("%w: %s %s, and %s tells of frames that were acknowledged.  Nothing was changed.  Put the database back in its place; "+
		"or restore a backup with `trama journal restore FILE`; or begin anew with `trama journal new`, which keeps what is there under another name",
		ErrOrphaned, path, what, left)
}

// logGone refuses a database that a log was beside and is not: what is missing may be in it, and a new log would take its
// place.
func (j *Journal) logGone(ctx context.Context) error {
	has, err := j.reaches(ctx)
	missing := j.mark.missing(has)
	if err != nil || len(missing) == 0 {
		return err
	}
	path := j.options.Path
	return fmt.Errorf("%w: %s-wal is not there, and %s were in it.  Nothing was changed.  Put the log back in its place; "+
		"or restore a backup with `trama journal restore FILE`; or, when it is gone for good, move %s%s away and start again: trama goes on with what the database has",
		ErrOrphaned, path, missing[0].Where, path, markSuffix)
}

// reaches is how far the commits have come that a database holds; everything for a copy that was put in place.
func (j *Journal) reaches(ctx context.Context) (r reached, err error) {
	var tables int
	if err := j.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name IN ('meta', 'batch')").Scan(&tables); err != nil || tables < 2 {
		return r, err // they were in the log too
	}
	if r.last, _, _, err = newest(ctx, j.conn); err != nil {
		return r, err
	}
	oldest, _, err := readMeta(ctx, j.conn, "oldest")
	changes, _, second := readMeta(ctx, j.conn, "changes")
	copied, _, third := readMeta(ctx, j.conn, metaCopy)
	epochs, _, fourth := readEpochs(ctx, j.conn)
	if copied != 0 {
		return j.mark.reached, errors.Join(err, second, third)
	}
	r.last, r.changes = max(r.last, uint64(max(oldest, 1))-1), uint64(changes)
	r.last = epochs.Frames().Skip(r.last+1) - 1
	return r, errors.Join(err, second, third, fourth)
}

// emptied refuses a database without a byte beside a log that has some: SQLite would delete the log.
func emptied(path string) error {
	if sizeOf(path) > 0 || sizeOf(path+"-wal") == 0 {
		return nil
	}
	return fmt.Errorf("%w: %s is empty, and %s-wal may hold what was in it", ErrOrphaned, path, path)
}

// headOf is the beginning of a file.
func headOf(f *os.File) ([]byte, error) {
	head := make([]byte, headBytes)
	n, err := f.ReadAt(head, 0)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return head[:n], err
}

// resolve is a path without symbolic links, also when the file that they lead to is not there.
func resolve(path string) (string, error) {
	for range 40 {
		to, err := os.Readlink(path)
		if err != nil {
			break // it is no link
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(dir, filepath.Base(path)), err
}
